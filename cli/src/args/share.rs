//! Sharing a report, and who received what.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct Share {
    /// Report (id, or its first characters where they are unique).
    pub report: String,
    /// The recipient: exact e-mail, a doctor's name, or an account id.
    #[arg(long = "with", required_unless_present = "team")]
    pub recipient: Option<String>,
    /// A care team in a person's place: its name, or its id. Without an access code.
    #[arg(long, conflicts_with_all = ["recipient", "no_code"])]
    pub team: Option<String>,
    /// What they may do.
    #[arg(long, value_enum, default_value = "view")]
    pub right: RightArg,
    /// Why (shown to the patient), for instance "second opinion".
    #[arg(long, default_value = "treatment")]
    pub purpose: String,
    /// How long: 1h to 30d.
    #[arg(long, default_value = "24h")]
    pub expires: String,
    /// Grant without an access code.
    #[arg(long)]
    pub no_code: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RightArg {
    View,
    Contribute,
    Reshare,
}

#[derive(Debug, Args)]
pub struct Redeem {
    /// The share, as `hs list` shows it.
    pub grant: String,
    /// Read the code from this file descriptor instead of asking.
    #[arg(long, value_name = "FD")]
    pub code_fd: Option<i32>,
}

#[derive(Debug, Args)]
pub struct Revoke {
    /// Report.
    pub report: String,
    /// The grant, as `hs access` shows it.
    pub grant: String,
}

#[derive(Debug, Args)]
pub struct Access {
    /// Report.
    pub report: String,
    /// Write all of the report's events to standard output instead, for other programs.
    #[arg(long, value_name = "FORMAT")]
    pub export: Option<Export>,
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Export {
    /// A table, RFC 4180.
    Csv,
    /// As the API has them.
    Json,
    /// A FHIR R4 Bundle of AuditEvents, in IHE BALP's shapes.
    Fhir,
}

#[derive(Debug, Args)]
pub struct Disclosures {
    /// The first day, UTC, as 2026-11-26; six years back where absent, and not before that.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// The last day, UTC; today where absent.
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// A line for each disclosure, where repeated ones would be summed up.
    #[arg(long)]
    pub each: bool,
}
