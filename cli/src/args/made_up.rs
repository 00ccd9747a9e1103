//! People and reports that are nobody's: the canary, the demonstration.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The canary.
#[derive(Debug, Subcommand)]
pub enum Canary {
    /// Create a patient's account of its own with one report, and write what opens it to a file.
    Make(CanaryMake),
    /// Sign in as the canary, open its report with its key, and compare.
    Open {
        /// The file that `make` wrote.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct CanaryMake {
    /// E-mail of the canary's account; nothing needs to arrive there.
    #[arg(long)]
    pub email: String,
    /// Where what opens it goes, readable by you alone.
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Read an invitation link from this file descriptor (it carries a secret), where nobody may sign up without.
    #[arg(long, value_name = "FD")]
    pub link_fd: Option<i32>,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Read the set-up link from this file descriptor.
    #[arg(long, value_name = "FD")]
    pub link_fd: i32,
}
