//! The command line. No argument ever carries a secret: passwords and codes are asked for or read from a file descriptor.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Check a server's public log from outside, or evidence about one.
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

#[derive(Debug, Args)]
pub struct NewPassword {
    /// Read the new password from this file descriptor (first line) instead of asking twice.
    #[arg(long, value_name = "FD")]
    pub new_password_fd: Option<i32>,
}

/// The e-mail address.
#[derive(Debug, Subcommand)]
pub enum Email {
    /// The address, and the change that waits for links to be confirmed.
    Status,
    /// Ask for another address: a link goes to it and one to the address now. It changes once both were confirmed in a browser.
    Change {
        /// The new address.
        address: String,
    },
    /// Cancel the change that waits.
    Cancel,
}

/// The end of the account.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Delete it at once, and every report that is yours with it, for everybody. Nobody can undo that.
    Delete {
        /// The account's e-mail address, so that nothing is deleted by mistake.
        #[arg(long)]
        email: String,
    },
    /// Pause it: every session ends, nothing can be shared with it, and an administrator enables it again.
    Pause {
        /// The account's e-mail address, so that nothing is paused by mistake.
        #[arg(long)]
        email: String,
    },
}

/// Second factors.
#[derive(Debug, Subcommand)]
pub enum Factor {
    /// List them.
    List,
    /// Add an authenticator app: its secret is printed, its first code asked for.
    Add {
        /// What to call it.
        #[arg(long, default_value = "Authenticator app")]
        label: String,
        /// Read the first code from this file descriptor instead of asking.
        #[arg(long, value_name = "FD")]
        code_fd: Option<i32>,
    },
    /// Remove one.
    Remove {
        /// Its id, as `hs factor list` prints it.
        id: String,
    },
    /// New recovery codes; the old ones count no more.
    Codes,
}

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

/// Emergency contacts.
#[derive(Debug, Subcommand)]
pub enum Emergency {
    /// List them, and whether one asks.
    List,
    /// Trust somebody: after they asked and the delay ran, they can open this account and everything in it.
    Trust {
        /// Exact e-mail, a doctor's name, or an account id.
        person: String,
        /// Between asking and opening, in days: so long you can refuse.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u8).range(1..=30))]
        days: u8,
    },
    /// Refuse what one asked for.
    Refuse {
        /// Its id, as `hs emergency list` prints it, or its first characters.
        id: String,
    },
    /// Remove one. The account gets new keys, and every other session ends.
    Remove {
        /// Its id, as `hs emergency list` prints it, or its first characters.
        id: String,
    },
}

/// Being somebody's emergency contact.
#[derive(Debug, Subcommand)]
pub enum Trusted {
    /// List who trusts this account, and where each stands.
    List,
    /// Accept being an emergency contact.
    Accept {
        /// Its id, as `hs trusted list` prints it, or its first characters.
        id: String,
    },
    /// Be none, or none any more; what was asked for ends.
    Withdraw {
        /// Its id, as `hs trusted list` prints it, or its first characters.
        id: String,
    },
    /// Ask to open the account: its owner is told, and the delay begins.
    Ask {
        /// Its id, as `hs trusted list` prints it, or its first characters.
        id: String,
    },
    /// Print the words that open the account, once the delay has run. `hs recover` takes them, with its owner's e-mail.
    Words {
        /// Its id, as `hs trusted list` prints it, or its first characters.
        id: String,
    },
}

/// Recovery shares.
#[derive(Debug, Subcommand)]
pub enum Shares {
    /// Who holds shares of this account's recovery, how many open it, and whose were opened.
    List,
    /// Split the recovery among people: so many of them open the account together, fewer know nothing.
    Split {
        /// Exact e-mail, a doctor's name, or an account id; 2 to 8 people.
        #[arg(required = true, num_args = 2..=8)]
        people: Vec<String>,
        /// How many of them open the account together.
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(2..=8))]
        threshold: u8,
    },
    /// Remove the split. The account gets new keys, and every other session ends.
    Remove,
    /// Shares that others gave to this account.
    Held,
    /// Print the own share of somebody's recovery, to be read out to them. They are told.
    Show {
        /// Its id, as `hs shares held` prints it, or its first characters.
        id: String,
    },
}

/// Care teams.
#[derive(Debug, Subcommand)]
pub enum Team {
    /// List the teams that you belong to, or those of a name.
    List {
        /// The beginning of a word of the name; without it, your own.
        name: Option<String>,
    },
    /// Make a team. You are its manager.
    Create {
        /// Its name: everybody here can find it.
        name: String,
    },
    /// Show who belongs to a team, verified.
    Show {
        /// The team: its id, the first characters of it, or its name.
        team: String,
    },
    /// Give a team another name: its managers.
    Rename {
        /// The team: its id, the first characters of it, or its name.
        team: String,
        /// The new name: everybody here can find it.
        name: String,
    },
    /// Dissolve a team for everybody, for good: its managers. What was shared with it opens to nobody by it any more.
    Dissolve {
        /// The team: its id, the first characters of it, or its name.
        team: String,
    },
    /// Invite a doctor.
    Add {
        /// The team: its id, the first characters of it, or its name.
        team: String,
        /// Whom: exact e-mail, a doctor's name, or an account id.
        person: String,
        /// Make them a manager besides, who invites and removes.
        #[arg(long)]
        manager: bool,
    },
    /// Remove a member: they are shut out at once, and the team gets a new key.
    Remove {
        /// The team: its id, the first characters of it, or its name.
        team: String,
        /// Whom: exact e-mail, a doctor's name, or an account id.
        person: String,
    },
    /// Accept the invitation into a team.
    Accept {
        /// The team: its id, the first characters of it, or its name.
        team: String,
    },
    /// Leave a team, or decline the invitation into it.
    Leave {
        /// The team: its id, the first characters of it, or its name.
        team: String,
    },
    /// Finish what is due in the teams that you manage: remove whoever left, bring reports under the newest key.
    Tend,
}

/// Escrow.
#[derive(Debug, Subcommand)]
pub enum Escrow {
    /// Whether it is offered and on, and whether an administrator asks.
    Status,
    /// Turn it on: whoever keeps the organisation's escrow words can open this account then. Two words of the escrow key's
    /// fingerprint are asked for, as the organisation itself gave them out.
    On {
        /// Read the fingerprint's twelve words, as the organisation gave them out, from this file descriptor (first line).
        #[arg(long, value_name = "FD")]
        fingerprint_fd: Option<i32>,
    },
    /// Turn it off. The account gets new keys, and every other session ends.
    Off,
    /// Refuse what an administrator asked for.
    Refuse,
}

/// The organisation's escrow.
#[derive(Debug, Subcommand)]
pub enum AdminEscrow {
    /// The key's fingerprint, and who is in escrow.
    List,
    /// Make an escrow key and print its 24 words, once; without one nobody is offered escrow.
    Make,
    /// End it: what was put in escrow under it is deleted.
    End,
    /// Ask for an account by e-mail: its holder is told, and three days begin in which they can refuse.
    Ask {
        /// E-mail.
        email: String,
    },
    /// Print the words that open an account, once the three days are over. The escrow words are asked for.
    Open {
        /// E-mail.
        email: String,
        /// Read the escrow words from this file descriptor (first line) instead of asking.
        #[arg(long, value_name = "FD")]
        words_fd: Option<i32>,
    },
}

/// The public log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Read a server's whole public log and check all of it. Needs no account.
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
    /// The log's key (`name+id+base64`), from a source you trust; else the one seen before, else the server's word.
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// A witness's key; several times for several witnesses.
    #[arg(long = "witness", value_name = "VKEY")]
    pub witnesses: Vec<String>,
    /// How many of the witnesses must have cosigned; all of them where absent.
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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleArg {
    Administrator,
    Doctor,
    Patient,
}

#[derive(Debug, Args)]
pub struct Signup {
    /// Full name.
    #[arg(long)]
    pub name: String,
    /// E-mail to sign in with.
    #[arg(long)]
    pub email: String,
    /// Role asked for; an invitation's role wins.
    #[arg(long, value_enum, default_value = "patient")]
    pub role: RoleArg,
    /// Read a set-up or invitation link from this file descriptor (it carries a secret).
    #[arg(long, value_name = "FD")]
    pub link_fd: Option<i32>,
    /// Where the server mails a code to the address first: read it from this file descriptor instead of asking.
    #[arg(long, value_name = "FD")]
    pub code_fd: Option<i32>,
}

#[derive(Debug, Args)]
pub struct Login {
    /// E-mail to sign in with.
    #[arg(long)]
    pub email: String,
}

#[derive(Debug, Args)]
pub struct Recover {
    /// E-mail to sign in with.
    #[arg(long)]
    pub email: String,
    /// Read the 24 words from this file descriptor instead of asking.
    #[arg(long, value_name = "FD")]
    pub kit_fd: Option<i32>,
    /// Ask for recovery shares of contacts instead of the 24 words.
    #[arg(long, conflicts_with = "kit_fd")]
    pub shares: bool,
    /// Read the shares from this file descriptor instead of asking: one line, separated by commas.
    #[arg(long, value_name = "FD", conflicts_with = "kit_fd")]
    pub shares_fd: Option<i32>,
}

#[derive(Debug, Args)]
pub struct Sessions {
    /// End this session.
    #[arg(long, value_name = "SESSION")]
    pub end: Option<String>,
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
    /// Report ID as your practice writes it (sealed).
    #[arg(long)]
    pub report_id: Option<String>,
    /// Patient name (sealed).
    #[arg(long)]
    pub patient_name: Option<String>,
    /// Patient ID as your practice writes it (sealed).
    #[arg(long)]
    pub patient_id: Option<String>,
    /// E-mail of the patient's account: the report is theirs from the first moment.
    #[arg(long)]
    pub patient: Option<String>,
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
pub struct Alarms {
    /// Say that you have read them: other commands don't warn of them any more.
    #[arg(long)]
    pub acknowledge: bool,
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
    /// Report ID as your practice writes it (sealed).
    #[arg(long)]
    pub report_id: Option<String>,
    /// Patient name (sealed).
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
    /// Treatment plan (sealed).
    #[arg(long)]
    pub treatment_plan: Option<String>,
    /// Prescription (sealed).
    #[arg(long)]
    pub prescription: Option<String>,
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
pub struct Erase {
    /// Report (id, or its first characters where they are unique).
    pub report: String,
}

#[derive(Debug, Args)]
pub struct Access {
    /// Report.
    pub report: String,
    /// Write all of the report's events to standard output instead, for other programs.
    #[arg(long, value_name = "FORMAT")]
    pub export: Option<Export>,
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

#[derive(Debug, Args)]
pub struct ExportAll {
    /// The archive; it must not exist yet.
    #[arg(default_value = "healthsecure-data.zip")]
    pub file: PathBuf,
    /// With reports of others that are shared with this account.
    #[arg(long)]
    pub shared: bool,
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

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// List people.
    People,
    /// Approve a doctor or administrator by e-mail.
    Approve {
        /// E-mail.
        email: String,
    },
    /// Refuse a doctor or administrator by e-mail.
    Refuse {
        /// E-mail.
        email: String,
    },
    /// Switch an account off by e-mail; its sessions end at once.
    Disable {
        /// E-mail.
        email: String,
    },
    /// Switch it on again. Takes back a removal that was asked for.
    Enable {
        /// E-mail.
        email: String,
    },
    /// Have a switched-off account deleted in 30 days, with every report that it owns; signed with the organisation's key.
    Remove {
        /// E-mail.
        email: String,
    },
    /// The escrow key, and accounts in escrow: list, make, end, ask, open.
    #[command(subcommand)]
    Escrow(AdminEscrow),
    /// Say whether mail leaves, what waits, and since when the mail server fails.
    Mail,
    /// How much an account may store, or all of them: shows it, or sets it. Nothing stored is deleted.
    Quota(AdminQuota),
    /// How long people keep reports of each kind; signed with the organisation's key. Their programs suggest what is due;
    /// nothing is erased by it.
    Retention(AdminRetention),
}

#[derive(Debug, Args)]
pub struct AdminQuota {
    /// E-mail of the account; without it, every account that has no limit of its own.
    pub email: Option<String>,
    /// The most that may be stored, for instance 500MB or 20GB.
    #[arg(long, value_name = "SIZE", conflicts_with_all = ["unlimited", "inherit"])]
    pub limit: Option<String>,
    /// No limit.
    #[arg(long, conflicts_with = "inherit")]
    pub unlimited: bool,
    /// The limit of all accounts; for these, the one of the server's configuration.
    #[arg(long)]
    pub inherit: bool,
}

#[derive(Debug, Args)]
pub struct AdminRetention {
    /// A kind and years, for instance Laboratory=10; *=10 is for every kind that no other rule names. Several times for several
    /// rules. They replace those before.
    #[arg(long = "rule", value_name = "KIND=YEARS", required_unless_present = "none")]
    pub rules: Vec<String>,
    /// No rules any more.
    #[arg(long, conflicts_with = "rules")]
    pub none: bool,
}

#[derive(Debug, Args)]
pub struct Invite {
    /// Role of the new account.
    #[arg(long, value_enum)]
    pub role: RoleArg,
    /// Only this e-mail may use it.
    #[arg(long)]
    pub email: Option<String>,
}

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
