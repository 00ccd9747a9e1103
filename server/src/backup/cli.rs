//! `healthsecure backup` and `healthsecure restore`, and the options of a server that makes backups by itself.

use std::{
    future::Future,
    path::{Path, PathBuf},
};

use api_types::ReportId;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::{
    BackupError, Done, Identities, Keep, Order, Place, PutBack, Recipient, Repository, Restore, SnapshotId,
    drill::{Canary, DrillEvery, DrillPlan},
    heal::{self, Mend},
    schedule::{Every, Schedule},
    settings::{self, Settings},
};
use crate::{
    cli::BlobArgs,
    clock::Clock,
    database_args::DatabaseArgs,
    storage::{
        blobs::{Addressing, BlobOptions, Credentials},
        settling::Settled,
    },
};

/// How a bucket with backups is reached.
#[derive(Debug, Args)]
struct StoreArgs {
    /// Where the bucket with backups is [default: AWS].
    #[arg(long, env = "HEALTHSECURE_BACKUP_ENDPOINT", value_name = "URL")]
    backup_endpoint: Option<String>,
    /// Its region [default: AWS_REGION; with an endpoint us-east-1].
    #[arg(long, env = "HEALTHSECURE_BACKUP_REGION", value_name = "REGION")]
    backup_region: Option<String>,
    /// How requests name it [default: path with an endpoint, virtual-host on AWS].
    #[arg(long, env = "HEALTHSECURE_BACKUP_ADDRESSING", value_name = "HOW")]
    backup_addressing: Option<Addressing>,
    /// File with its access key, as AWS's programs write it [default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY].
    #[arg(long, env = "HEALTHSECURE_BACKUP_CREDENTIALS_FILE", value_name = "FILE")]
    backup_credentials_file: Option<PathBuf>,
    /// The only authority whose certificates its store may have (PEM) [default: those that the system trusts].
    #[arg(long, env = "HEALTHSECURE_BACKUP_CA", value_name = "FILE")]
    backup_ca: Option<PathBuf>,
    /// Lets backups leave this machine without TLS: whoever is on the way can change and delete them.
    #[arg(long, env = "HEALTHSECURE_BACKUP_ALLOW_PLAIN_TEXT")]
    backup_allow_plain_text: bool,
}

impl StoreArgs {
    /// A bucket, `s3://BUCKET/PREFIX`, or a folder.
    fn place(self, url: String) -> Result<Place, String> {
        if !url.starts_with("s3:") {
            return Ok(Place::Folder(url.into()));
        }
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let region = self.backup_region.or_else(|| variable("AWS_REGION"));
        let options = BlobOptions {
            blobs: Some(url),
            endpoint: self.backup_endpoint,
            region: region.or_else(|| variable("AWS_DEFAULT_REGION")),
            addressing: self.backup_addressing,
            credentials_file: self.backup_credentials_file,
            environment: Credentials::from_environment(variable),
            ca: self.backup_ca,
            allow_plain_text: self.backup_allow_plain_text,
        };
        // The options of blobs have the same names but for their beginning.
        let named = |error: String| {
            error
                .replace("blobs would travel", "backups would travel")
                .replace("--blobs-", "--backup-")
                .replace("--blobs", "the bucket")
        };
        options.config().map(Place::Bucket).map_err(|error| named(error.to_string()))
    }
}

/// Backups that the server makes by itself.
#[derive(Debug, Args)]
pub struct BackupServeArgs {
    /// Where the server makes backups by itself: a folder, or s3://BUCKET/PREFIX [default: it makes none].
    #[arg(long, env = "HEALTHSECURE_BACKUP_TO", value_name = "PLACE")]
    backup_to: Option<String>,
    /// Whose key opens them: an age public key, age1…. Its private key belongs elsewhere.
    #[arg(long, env = "HEALTHSECURE_BACKUP_RECIPIENT", value_name = "KEY")]
    backup_recipient: Option<String>,
    /// How often, from 10m to 7d.
    #[arg(long, env = "HEALTHSECURE_BACKUP_EVERY", default_value = "1h", value_name = "TIME")]
    backup_every: Every,
    /// Which are kept: the newest of so many hours, days and weeks.
    #[arg(long, env = "HEALTHSECURE_BACKUP_KEEP", default_value = "24h,7d,5w", value_name = "COUNTS")]
    backup_keep: Keep,
    #[command(flatten)]
    drill: DrillArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// How the server tries whether backups restore.
#[derive(Debug, Args)]
struct DrillArgs {
    /// How often the newest snapshot is tried, from 1h to 90d.
    #[arg(long, env = "HEALTHSECURE_DRILL_EVERY", default_value = "7d", value_name = "TIME")]
    drill_every: DrillEvery,
    /// File with the private key of the backups, as age-keygen writes it: with it a drill restores; without it, it only compares
    /// what is stored with its hashes. Whoever takes this machine over has that key then.
    #[arg(long, env = "HEALTHSECURE_DRILL_IDENTITY", value_name = "FILE")]
    drill_identity: Option<PathBuf>,
    /// Folder that a drill restores into, and leaves as it was: as large as the database [default: the data folder].
    #[arg(long, env = "HEALTHSECURE_DRILL_SCRATCH", value_name = "FOLDER")]
    drill_scratch: Option<PathBuf>,
    /// File that `hs canary make` wrote: the drill opens that report from the restored snapshot.
    #[arg(long, env = "HEALTHSECURE_DRILL_CANARY", requires = "drill_identity", value_name = "FILE")]
    drill_canary: Option<PathBuf>,
    /// The program `hs`, which opens it [default: beside this program].
    #[arg(long, env = "HEALTHSECURE_DRILL_HS", requires = "drill_canary", value_name = "FILE")]
    drill_hs: Option<PathBuf>,
}

impl DrillArgs {
    fn plan(self, data: &Path) -> Result<DrillPlan, String> {
        let canary = match self.drill_canary {
            Some(file) => Some(Canary { file, hs: self.drill_hs.map_or_else(beside, Ok)? }),
            None => None,
        };
        Ok(DrillPlan {
            every: self.drill_every,
            identity: self.drill_identity,
            scratch: self.drill_scratch.unwrap_or_else(|| data.to_owned()),
            canary,
        })
    }
}

/// `hs` beside this program.
fn beside() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("where this program is: {error}; say --drill-hs"))?;
    Ok(own.with_file_name("hs"))
}

impl BackupServeArgs {
    /// What was decided, for a server with that data folder.
    pub fn schedule(self, data: &Path) -> Result<Option<Schedule>, String> {
        let (to, recipient) = match (self.backup_to, self.backup_recipient) {
            (None, None) if self.drill.drill_identity.is_some() => {
                return Err("--drill-identity is of no use without --backup-to".to_owned());
            }
            (None, None) => return Ok(None),
            (Some(to), Some(recipient)) => (to, recipient),
            _ => return Err("--backup-to and --backup-recipient belong together".to_owned()),
        };
        let recipient = recipient.parse::<Recipient>().map_err(|e| e.to_string())?;
        let to = self.store.place(to)?;
        let drill = Some(self.drill.plan(data)?);
        Ok(Some(Schedule { to, recipient, every: self.backup_every, keep: Some(self.backup_keep), drill }))
    }
}

/// `healthsecure backup`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupCommand {
    #[command(subcommand)]
    command: Option<RepositoryCommand>,
    /// Where to: a folder, or s3://BUCKET/PREFIX.
    #[arg(long, env = "HEALTHSECURE_BACKUP_TO", value_name = "PLACE")]
    to: Option<String>,
    /// Whose key opens it: an age public key, age1…. Its private key belongs elsewhere.
    #[arg(long, env = "HEALTHSECURE_BACKUP_RECIPIENT", value_name = "KEY")]
    recipient: Option<String>,
    /// Which snapshots are kept, as 24h,7d,5w: the newest of so many hours, days and weeks [default: all].
    #[arg(long, value_name = "COUNTS")]
    keep: Option<Keep>,
    /// Folder for database, ciphertext and secrets.
    #[arg(long, env = "HEALTHSECURE_DATA", default_value = "./data")]
    data: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    blobs: BlobArgs,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Subcommand)]
enum RepositoryCommand {
    /// Show the snapshots that there are.
    List(ListArgs),
    /// Read everything and compare; with an identity, open it as well. Changes nothing.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Where they are: a folder, or s3://BUCKET/PREFIX.
    #[arg(long, env = "HEALTHSECURE_BACKUP_TO", value_name = "PLACE")]
    from: String,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// Where they are: a folder, or s3://BUCKET/PREFIX.
    #[arg(long, env = "HEALTHSECURE_BACKUP_TO", value_name = "PLACE")]
    from: String,
    /// File with the private key, as age-keygen writes it.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Only this snapshot.
    #[arg(long, value_name = "ID")]
    snapshot: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

/// `healthsecure restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Where snapshots are: a folder, or s3://BUCKET/PREFIX.
    #[arg(long, env = "HEALTHSECURE_BACKUP_TO", value_name = "PLACE")]
    from: String,
    /// File with the private key, as age-keygen writes it.
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// Which snapshot.
    #[arg(long, default_value = "latest", value_name = "ID")]
    snapshot: String,
    /// The new data folder, empty or not there yet; with --report the one of the installation.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Only this report, into the installation that has lost something of it: what is missing or damaged is put back, and
    /// nothing else is changed. Its server must be stopped.
    #[arg(long, value_name = "ID")]
    report: Option<String>,
    /// Only the blobs that the installation's scrub has found damaged. Its server may be running: it gives them out again within a
    /// minute.
    #[arg(long, conflicts_with = "report")]
    damaged: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    blobs: BlobArgs,
    #[command(flatten)]
    store: StoreArgs,
}

fn block_on<T>(work: impl Future<Output = Result<T, BackupError>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(work).map_err(|e| e.to_string())
}

/// What the server was started with, as it wrote it down. Where none did, what this command was told: a backup without the others is
/// one all the same.
fn started_with(data: &Path, told: [(&str, String); 2]) -> Settings {
    let read = settings::read(data);
    let why = match &read {
        Ok(Some(_)) => None,
        Ok(None) => Some("no server of this version has been started with this data folder yet".to_owned()),
        Err(error) => Some(format!("what it wrote down can't be read: {error}")),
    };
    if let Some(why) = why {
        eprintln!("What the server was started with is not in this backup: {why}.");
    }
    let mut settings = read.ok().flatten().unwrap_or_default();
    for (name, value) in told {
        settings.entry(name.to_owned()).or_insert(value);
    }
    settings
}

impl BackupCommand {
    /// Does what it says.
    pub fn run(self) -> Result<(), String> {
        match self.command {
            Some(RepositoryCommand::List(args)) => return args.run(),
            Some(RepositoryCommand::Verify(args)) => return args.run(),
            None => {}
        }
        let (Some(to), Some(recipient)) = (self.to, self.recipient) else {
            return Err("say where to and for whom: --to PLACE --recipient age1…".to_owned());
        };
        let database = self.database.url(&self.data)?;
        let blobs = self.blobs.options().config().map_err(|e| e.to_string())?;
        let settings = started_with(&self.data, [("database", database.to_string()), ("blobs", blobs.place())]);
        let order = Order {
            database,
            blobs,
            to: self.store.place(to)?,
            recipient: recipient.parse().map_err(|e: BackupError| e.to_string())?,
            keep: self.keep,
            data: self.data,
            settings,
            clock: Clock::default(),
            since: None,
        };
        let taken = block_on(super::take(&order))?;
        println!(
            "Snapshot {}: {} blobs, {} bytes in the repository, of which {} are new.",
            taken.id, taken.size.blobs, taken.size.bytes, taken.size.new_bytes
        );
        if taken.left_out > 0 {
            println!(
                "{} damaged blobs are not in it: no backup ever held them. The server gives nothing of them out, and tells of them.",
                taken.left_out
            );
        }
        if taken.dropped > 0 {
            println!("{} older snapshots were dropped.", taken.dropped);
        }
        Ok(())
    }
}

impl ListArgs {
    fn run(self) -> Result<(), String> {
        let place = self.store.place(self.from)?;
        block_on(async {
            let repository = Repository::open(&place).await?;
            let contents = repository.contents().await?;
            for id in &contents.snapshots {
                let time: DateTime<Utc> = DateTime::from_timestamp_millis(id.time()).unwrap_or_default();
                let size = repository.index(id).await?.map(|index| index.listing);
                let objects = size.as_ref().map_or(0, |listing| listing.objects.len());
                let bytes: u64 = size.iter().flat_map(|listing| &listing.objects).map(|object| object.size).sum();
                println!("{id}  {}  {objects} objects, {bytes} bytes", time.format("%Y-%m-%d %H:%M:%S UTC"));
            }
            println!("{} snapshots in {place}", contents.snapshots.len());
            Ok(())
        })
    }
}

impl VerifyArgs {
    fn run(self) -> Result<(), String> {
        let Self { from, identity, snapshot, store } = self;
        let place = store.place(from)?;
        let verified = block_on(async {
            let repository = Repository::open(&place).await?;
            let identities = identity.as_deref().map(Identities::read).transpose()?;
            let only = snapshot.as_deref().map(str::parse::<SnapshotId>).transpose()?;
            super::verify(&repository, identities.as_ref(), only.as_ref()).await
        })?;
        for fault in &verified.faults {
            println!("{fault}");
        }
        let how = if verified.opened { "opened, and are what was stored" } else { "have the bytes that were stored" };
        println!("{} snapshots; {} objects, {} bytes, {how}.", verified.snapshots, verified.objects, verified.bytes);
        match verified.faults.len() {
            0 => Ok(()),
            count => Err(format!("the backup is damaged in {count} places, named above")),
        }
    }
}

fn said(done: &Done) -> Result<(), String> {
    println!("From the snapshot {}: {} rows and {} blobs were put back.", done.snapshot, done.rows, done.blobs);
    match done.lost {
        0 => Ok(()),
        lost => {
            Err(format!("{lost} blobs of the report are missing or damaged, and not in this snapshot: try another"))
        }
    }
}

fn settled(of: &Settled) -> String {
    format!(
        "Nothing counts as waited out since the snapshot: {} sessions have ended, and {} removals of accounts, {} askings for an \
         escrow and {} of emergency contacts must be asked for anew.",
        of.sessions, of.removals, of.escrows, of.emergencies
    )
}

impl RestoreArgs {
    /// Restores.
    pub fn run(self) -> Result<(), String> {
        let Self { from, identity, snapshot, data, report, damaged, database, blobs, store } = self;
        let snapshot = match snapshot.as_str() {
            "latest" => None,
            id => Some(id.parse().map_err(|e: BackupError| e.to_string())?),
        };
        let database = database.url(&data)?;
        let blobs = blobs.options().config().map_err(|e| e.to_string())?;
        let place = store.place(from)?;
        if let Some(report) = report {
            let report = report
                .parse::<ReportId>()
                .map_err(|_| format!("{report} is no report's id: it has 64 digits, 0-9 and a-f"))?;
            let done = block_on(async {
                let (from, identities) = (Repository::open(&place).await?, Identities::read(&identity)?);
                let order = PutBack { from, identities, snapshot, report, data, database, blobs };
                super::put_back(&order).await
            })?;
            return said(&done);
        }
        if damaged {
            let (whole, wanted) = block_on(async {
                let (from, identities) = (Repository::open(&place).await?, Identities::read(&identity)?);
                heal::run(&Mend { from, identities, data, database, blobs }).await
            })?;
            println!("{whole} of {wanted} damaged blobs are whole again.");
            return if whole == wanted { Ok(()) } else { Err("the others are in no snapshot that is kept".to_owned()) };
        }
        let to = data.clone();
        let restored = block_on(async {
            let from = Repository::open(&place).await?;
            let identities = Identities::read(&identity)?;
            let order = Restore { from, identities, snapshot, data: to, database, blobs };
            super::restore(&order, |said| println!("{said}")).await
        })?;
        for (name, value) in &restored.settings {
            println!("  {name}: {value}");
        }
        println!(
            "Restored the snapshot {} of the installation {}: {} tables with {} rows and {} blobs are what they were, and \
             the log of {} leaves is whole. Above is what the server was started with; start it now with --data {}",
            restored.snapshot,
            restored.instance,
            restored.tables,
            restored.rows,
            restored.blobs,
            restored.log,
            data.display()
        );
        println!("{}", settled(&restored.settled));
        Ok(())
    }
}
