//! The public log.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The public log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Read a server's whole public log, events and keys, check all of it, and keep what was seen for the next time. Needs no
    /// account.
    Verify(AuditVerify),
    /// Check a file of evidence, without a server.
    Evidence(AuditEvidence),
    /// Which witnesses this profile asks for at every command; without options, show them.
    Witnesses(AuditWitnesses),
}

#[derive(Debug, Args)]
pub struct AuditVerify {
    /// Address of the server; the profile's where absent.
    pub url: Option<String>,
    /// The key of the log of events (`name+id+base64`), from a source you trust; else the one seen before, else the server's
    /// word.
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// The key of the log of keys, likewise.
    #[arg(long, value_name = "VKEY")]
    pub keys_key: Option<String>,
    /// A witness's key; several times for several witnesses.
    #[arg(long = "witness", value_name = "VKEY")]
    pub witnesses: Vec<String>,
    /// How many of the witnesses must have cosigned both logs, less than a day ago; all of them where absent.
    #[arg(long, value_name = "K")]
    pub require: Option<usize>,
    /// Where evidence goes if something is wrong.
    #[arg(long, value_name = "FILE", default_value = "healthsecure-log-evidence.json")]
    pub evidence: PathBuf,
}

#[derive(Debug, Args)]
pub struct AuditEvidence {
    /// The file.
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct AuditWitnesses {
    /// A witness's key; several times for several witnesses.
    #[arg(long = "witness", value_name = "VKEY")]
    pub witnesses: Vec<String>,
    /// How many of them must have cosigned; all of them where absent.
    #[arg(long, value_name = "K")]
    pub require: Option<usize>,
    /// Ask for none.
    #[arg(long, conflicts_with_all = ["witnesses", "require"])]
    pub none: bool,
}

#[derive(Debug, Args)]
pub struct Alarms {
    /// Say that you have read them: other commands don't warn of them any more.
    #[arg(long)]
    pub acknowledge: bool,
}
