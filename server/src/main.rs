//! `healthsecure`, the HealthSecure server. Everything happens in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::run()
}
