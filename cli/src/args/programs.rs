//! Programs that act for an account: API tokens, devices that send.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// API tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make one; its text is printed this once.
    Create(TokenCreate),
    /// List them.
    List,
    /// Remove one: it ends at once.
    Remove {
        /// Its id, as `hs token list` prints it.
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct TokenCreate {
    /// What to call it.
    #[arg(long)]
    pub name: String,
    /// What it may reach; several times for several: account:read, people:read, reports:read, reports:write, shares:write,
    /// audit:read. A program that opens or seals needs account:read besides.
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    pub scopes: Vec<String>,
    /// When it ends, in days: 1 to 365.
    #[arg(long, value_name = "DAYS")]
    pub days: u32,
    /// Keep it in this system's keyring, with the account key, in the place of this profile's session: `hs` goes on here
    /// without a password until the token ends. Its text is not printed.
    #[arg(long, conflicts_with = "unattended")]
    pub for_this_machine: bool,
    /// Print it together with the account key, for --unattended-fd on a machine without a keyring. Who has that line reads what
    /// the token reaches, and the account key opens everything of this account that is got hold of otherwise.
    #[arg(long)]
    pub unattended: bool,
}

/// Devices that send.
#[derive(Debug, Subcommand)]
pub enum Device {
    /// Add one; its file is given this once. It sends in your name, sealed to the patient and to you, and reads nothing.
    Add(DeviceAdd),
    /// List them.
    List,
    /// Remove one: it sends nothing any more. What it sent stays.
    Remove {
        /// Its id, as `hs device list` prints it, or its first characters.
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct DeviceAdd {
    /// What to call it: readers of its reports see that.
    pub name: String,
    /// When it ends, in days: 1 to 365.
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    pub days: u32,
    /// Write its file here, readable by you alone, instead of printing it.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SendReport {
    /// The device's file, as `hs device add` gave it. What the device learns of the server is kept beside it.
    #[arg(long, value_name = "FILE")]
    pub device: PathBuf,
    /// E-mail of the patient's account; the device's owner where absent.
    #[arg(long = "for", value_name = "EMAIL")]
    pub patient: Option<String>,
    /// Files to seal, of any type, up to 16 GiB each.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Title; the first file's name where absent.
    #[arg(long)]
    pub title: Option<String>,
    /// Report ID as your practice writes it (sealed).
    #[arg(long)]
    pub report_id: Option<String>,
    /// Patient name (sealed); that of the patient's account where absent.
    #[arg(long)]
    pub patient_name: Option<String>,
    /// Patient ID as your practice writes it (sealed).
    #[arg(long)]
    pub patient_id: Option<String>,
    /// Kind, for instance "Laboratory" (sealed).
    #[arg(long)]
    pub kind: Option<String>,
    /// Diagnosis (sealed).
    #[arg(long)]
    pub diagnosis: Option<String>,
}
