//! The command line. No argument ever carries a secret: passwords and codes are asked for or read from a file descriptor.

mod account;
mod admin;
mod log;
mod made_up;
mod programs;
mod report;
mod share;
mod team;
mod trust;

pub use {
    account::{Account, Email, Factor, Login, NewPassword, Recover, RoleArg, Sessions, Signup},
    admin::{Admin, AdminEscrow, AdminQuota, AdminRetention, Invite},
    log::{Alarms, Audit, AuditCheckProof, AuditEvidence, AuditProof, AuditVerify, AuditWitnesses},
    made_up::{Canary, CanaryMake, Demo},
    programs::{Device, DeviceAdd, SendReport, Token, TokenCreate},
    report::{Edit, Erase, ExportAll, Pull, Push, Restore, Side, Versions},
    share::{Access, Disclosures, Export, Redeem, Revoke, RightArg, Share},
    team::Team,
    trust::{Emergency, Escrow, Shares, Trusted},
};

use clap::{Parser, Subcommand};

/// `hs`: keep and share health reports, sealed on this machine before they leave it.
#[derive(Debug, Parser)]
#[command(name = "hs", version, about, propagate_version = true)]
pub struct Cli {
    /// Server address, for instance https://records.example.org. Remembered by `signup` and `login`.
    #[arg(long, global = true, env = "HEALTHSECURE_SERVER")]
    pub server: Option<String>,

    /// Which of several accounts on this machine.
    #[arg(long, global = true, env = "HEALTHSECURE_PROFILE", default_value = "default")]
    pub profile: String,

    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub json: bool,

    /// Read the password from this file descriptor (first line) instead of asking.
    #[arg(long, global = true, value_name = "FD")]
    pub password_fd: Option<i32>,

    /// Read the second factor's code from this file descriptor (first line) instead of asking.
    #[arg(long, global = true, value_name = "FD")]
    pub factor_fd: Option<i32>,

    /// Read what `hs token create --unattended` printed from this file descriptor (first line), instead of signing in: an API
    /// token and the account key. Whoever has it reads what the token reaches.
    #[arg(long, global = true, value_name = "FD")]
    pub unattended_fd: Option<i32>,

    /// Keep nothing in this system's keyring: ask for the password at every command.
    #[arg(long, global = true, env = "HEALTHSECURE_NO_KEYRING")]
    pub no_keyring: bool,

    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an account and print its recovery kit.
    Signup(Signup),
    /// Sign in and remember the account on this machine.
    Login(Login),
    /// Set a new password with the recovery kit, or with the words of `hs trusted words` or `hs admin escrow open`.
    Recover(Recover),
    /// Sign out and forget the account on this machine.
    Logout,
    /// Who is signed in here.
    Whoami,
    /// List sessions, or end one.
    Sessions(Sessions),
    /// Set a new password. Every other session ends.
    Password(NewPassword),
    /// Make a new recovery kit and print it; the old one opens nothing any more. Every other session ends.
    Kit,
    /// Make new keys for the account, signed by the old ones. What there is stays readable; every other session ends.
    NewKeys,
    /// The account's e-mail address: change it, see how far a change is, cancel one.
    #[command(subcommand)]
    Email(Email),
    /// Delete the account, or pause it.
    #[command(subcommand)]
    Account(Account),
    /// Second factors: list, add, remove, new recovery codes.
    #[command(subcommand)]
    Factor(Factor),
    /// Personal API tokens for programs: make, list, remove.
    #[command(subcommand)]
    Token(Token),
    /// Machines that only send: add, list, remove.
    #[command(subcommand)]
    Device(Device),
    /// Send a report as a device; needs no account on this machine.
    Send(Box<SendReport>),
    /// Who may open this account in an emergency, after a delay: list, trust, refuse, remove.
    #[command(subcommand)]
    Emergency(Emergency),
    /// Accounts that trust this one as their emergency contact: list, answer, ask, show the words.
    #[command(subcommand)]
    Trusted(Trusted),
    /// This account's recovery split among contacts, and the shares that others gave to it: list, split, remove, show.
    #[command(subcommand)]
    Shares(Shares),
    /// Care teams: list, create, show, invite, remove, answer, leave.
    #[command(subcommand)]
    Team(Team),
    /// Whether this account is in escrow with its organisation (not strictly end-to-end): see, turn on, refuse, turn off.
    #[command(subcommand)]
    Escrow(Escrow),
    /// Seal files into a new report and upload it.
    Push(Box<Push>),
    /// List the reports you can open, and the shares that wait for you.
    List,
    /// Download a report's fields and files, verified.
    Pull(Pull),
    /// Change a report: what you save is its next version, and the ones before stay.
    Edit(Box<Edit>),
    /// A report's versions: list them, compare two.
    #[command(subcommand)]
    Versions(Versions),
    /// Bring an earlier version of a report back, as its next one. The versions in between stay.
    Restore(Restore),
    /// Share a report with a person; prints the access code.
    Share(Share),
    /// Redeem an access code; the code is asked for.
    Redeem(Redeem),
    /// Withdraw a grant and re-key what it could open.
    Revoke(Revoke),
    /// Erase a report of yours for everybody: keys, versions and files go at once, and nobody can bring them back.
    Erase(Erase),
    /// Who has access to a report, and who opened it.
    Access(Access),
    /// Who received what of your reports, when and why: an accounting of disclosures (45 CFR 164.528).
    Disclosures(Disclosures),
    /// All of your data as one ZIP archive: original files, FHIR and access history, decrypted on this machine.
    Export(ExportAll),
    /// How much this account stores, and the most that it may.
    Quota,
    /// How long the organisation has its people keep reports of each kind, and which of yours have been kept as long.
    Retention,
    /// What the public log of keys has that it shouldn't, about this account or people it knows.
    Alarms(Alarms),
    /// Check a server's public log from outside, or evidence about one; prove one of its events to somebody else.
    #[command(subcommand)]
    Audit(Audit),
    /// Administration: approve or refuse people.
    #[command(subcommand)]
    Admin(Admin),
    /// Invite a person.
    Invite(Invite),
    /// A report that holds nothing of anybody, by which a server tries whether its backups restore: make, open.
    #[command(subcommand)]
    Canary(Canary),
    /// Fill an empty server with a small made-up clinic.
    #[command(hide = true)]
    Demo(Demo),
}
