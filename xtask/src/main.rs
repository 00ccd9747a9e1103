//! `cargo xtask <task>`: checks of the workspace that a shell script would do badly.
//!
//! Reads what cargo says about the workspace and what the build left in `target/`. Changes nothing, needs no network.

mod asvs;
mod boundaries;
mod licences;
mod size;
mod spdx;

use std::process::{Command, ExitCode};

/// What every task answers: a summary for people, or what is wrong.
type Outcome = Result<String, String>;

const USAGE: &str = "usage: cargo xtask licences | boundaries | asvs | size";

fn main() -> ExitCode {
    let tasks: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match tasks.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["licences"] => licences::check(),
        ["boundaries"] => boundaries::check(),
        ["asvs"] => asvs::check(),
        ["size"] => size::check(),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// What cargo prints for these arguments.
fn cargo(args: &[&str]) -> Result<String, String> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(program).args(args).output().map_err(|e| format!("cargo doesn't start: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim()));
    }
    String::from_utf8(output.stdout).map_err(|_| "cargo printed something that isn't UTF-8".to_owned())
}
