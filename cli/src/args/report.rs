//! Reports: sealing, opening, changing and erasing them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

// Which report it is, and whom it is about.
#[derive(Debug, Args)]
pub struct About {
    /// Report ID as your practice writes it (sealed).
    #[arg(long)]
    pub report_id: Option<String>,
    /// Patient name (sealed).
    #[arg(long)]
    pub patient_name: Option<String>,
    /// Patient ID as your practice writes it (sealed).
    #[arg(long)]
    pub patient_id: Option<String>,
}

// What it says.
#[derive(Debug, Args)]
pub struct Findings {
    /// Kind, for instance "Laboratory" (sealed).
    #[arg(long)]
    pub kind: Option<String>,
    /// Diagnosis (sealed).
    #[arg(long)]
    pub diagnosis: Option<String>,
    /// Treatment plan (sealed).
    #[arg(long)]
    pub treatment_plan: Option<String>,
    /// Prescription (sealed).
    #[arg(long)]
    pub prescription: Option<String>,
}

#[derive(Debug, Args)]
pub struct Push {
    /// Files to seal, of any type, up to 16 GiB each.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Go on with a draft where it was interrupted, with the same files. One that changed since is sealed anew.
    #[arg(long, value_name = "DRAFT", conflicts_with_all = ["title", "report_id", "patient_name", "patient_id", "patient",
        "kind", "diagnosis", "treatment_plan", "prescription"])]
    pub resume: Option<String>,
    /// Title; the first file's name where absent.
    #[arg(long)]
    pub title: Option<String>,
    #[command(flatten)]
    pub about: About,
    /// E-mail of the patient's account: the report is theirs from the first moment.
    #[arg(long)]
    pub patient: Option<String>,
    #[command(flatten)]
    pub findings: Findings,
}

#[derive(Debug, Args)]
pub struct Pull {
    /// Report (id, or its first characters where they are unique).
    pub report: String,
    /// Folder to write into; created where absent. Existing files are not overwritten; what was interrupted goes on.
    #[arg(long, default_value = ".")]
    pub out: PathBuf,
    /// Only the fields, no files.
    #[arg(long)]
    pub fields_only: bool,
    /// The number of a version; the newest where none is named.
    #[arg(long, value_name = "NUMBER")]
    pub at: Option<u32>,
}

#[derive(Debug, Args)]
pub struct Edit {
    /// Report (id, or its first characters where they are unique).
    pub report: String,
    /// Title.
    #[arg(long)]
    pub title: Option<String>,
    #[command(flatten)]
    pub about: About,
    #[command(flatten)]
    pub findings: Findings,
    /// A file to add; several times for several.
    #[arg(long, value_name = "FILE")]
    pub add: Vec<PathBuf>,
    /// The name of a file to take out; several times for several.
    #[arg(long, value_name = "NAME")]
    pub remove: Vec<String>,
    /// Go on with the changes that you began before and didn't save as a version.
    #[arg(long = "continue", conflicts_with = "discard")]
    pub go_on: bool,
    /// Throw the changes away that you began before, and begin with the newest version.
    #[arg(long)]
    pub discard: bool,
    /// Where somebody saved a version meanwhile: bring it in, and of a field that both changed keep this side.
    #[arg(long, value_name = "SIDE")]
    pub merge: Option<Side>,
}

/// Whose text a field keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The own changes'.
    Mine,
    /// That of the version that was saved meanwhile.
    Theirs,
}

/// A report's versions.
#[derive(Debug, Subcommand)]
pub enum Versions {
    /// List them, with author and time.
    List {
        /// Report (id, or its first characters where they are unique).
        report: String,
    },
    /// What two versions differ in: fields, line by line, and files.
    Compare {
        /// Report (id, or its first characters where they are unique).
        report: String,
        /// The number of one version.
        before: u32,
        /// The number of the other; the newest where none is named.
        after: Option<u32>,
    },
}

#[derive(Debug, Args)]
pub struct Restore {
    /// Report (id, or its first characters where they are unique).
    pub report: String,
    /// The number of the version to bring back, as `hs versions list` shows it.
    pub number: u32,
}

#[derive(Debug, Args)]
pub struct Erase {
    /// Report (id, or its first characters where they are unique).
    pub report: String,
}

#[derive(Debug, Args)]
pub struct ExportAll {
    /// The archive; it must not exist yet.
    #[arg(default_value = "healthsecure-data.zip")]
    pub file: PathBuf,
    /// With reports of others that are shared with this account.
    #[arg(long)]
    pub shared: bool,
}
