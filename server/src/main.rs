//! `healthsecure`, the HealthSecure server. Everything happens in the library, but that the site is in the program.

use std::process::ExitCode;

#[cfg(feature = "page")]
mod embedded;

fn main() -> ExitCode {
    #[cfg(feature = "page")]
    server::page::embed::<embedded::Site>();
    server::cli::run()
}
