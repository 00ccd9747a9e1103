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
    /// Write a file that proves one event of a report to somebody else, who needs neither account nor server to check it. It
    /// tells them all that the event says.
    Proof(AuditProof),
    /// Check a proof of an event, without a server.
    CheckProof(AuditCheckProof),
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
pub struct AuditProof {
    /// Report (id, or its first characters where they are unique).
    pub report: String,
    /// The event's number among those of the report, from 1: `hs access` shows it.
    pub event: u64,
    /// Where the proof goes; `event-PLACE.tlog-proof`, by the event's place in the log, where absent. A file that is there is
    /// replaced.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct AuditCheckProof {
    /// The file.
    pub file: PathBuf,
    /// The key of the log of events (`name+id+base64`), from a source you trust; else the one that this profile keeps of its
    /// server, with its witnesses.
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// A witness's key; several times for several witnesses.
    #[arg(long = "witness", value_name = "VKEY")]
    pub witnesses: Vec<String>,
    /// How many of them must have cosigned; all of them where absent.
    #[arg(long, value_name = "K")]
    pub require: Option<usize>,
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
