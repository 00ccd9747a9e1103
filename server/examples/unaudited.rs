//! The server as it is, for benchmarks: with `HEALTHSECURE_AUDIT_READS=off` it doesn't record reads. Needs feature `unaudited`,
//! which no program that people run has (`cargo xtask boundaries`).

#[cfg(feature = "page")]
#[path = "../src/embedded.rs"]
mod embedded;

fn main() -> std::process::ExitCode {
    #[cfg(feature = "page")]
    server::page::embed::<embedded::Site>();
    server::cli::run()
}
