//! The server as it is, for benchmarks: with `HEALTHSECURE_AUDIT_READS=off` it doesn't record reads. Needs feature `unaudited`,
//! which no program that people run has (`cargo xtask boundaries`).

fn main() -> std::process::ExitCode {
    server::cli::run()
}
