//! The command line of `healthsecure`. Every option can also come from the environment.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::{
    backup::{BackupCommand, BackupServeArgs, RestoreArgs},
    clock::HOUR,
    config::{Config, Origin, SessionLimits, Tls},
    database_args::{DatabaseArgs, MigrateToArgs},
    database_url::DatabaseUrl,
    keep::KeepRule,
    keep_events::KeepEvents,
    log::{self, Verified},
    mail::MailOptions,
    oidc,
    scrub::{ScrubEvery, ScrubPlan},
    serve,
    size::Size,
    sms,
    storage::blobs::{Addressing, BlobOptions, Credentials},
    witness::cli::WitnessArgs,
    witnesses::Witness,
};

/// HealthSecure: share health reports that the server can't read.
#[derive(Debug, Parser)]
#[command(name = "healthsecure", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the page and the API.
    Serve(Box<ServeArgs>),
    /// Look after the log of events and keys.
    #[command(subcommand)]
    Log(LogCommand),
    /// Cosign the checkpoints of logs that someone else runs, with a key and a folder of its own.
    Witness(WitnessArgs),
    /// Move this installation from SQLite to PostgreSQL. The server may be running: it has to be stopped at the end only, when
    /// this says so. Killed at any point, it is run again and goes on.
    MigrateTo(MigrateToArgs),
    /// Make a backup, list those that there are, verify them. The server may be running.
    Backup(Box<BackupCommand>),
    /// Restore a backup into an empty place.
    Restore(Box<RestoreArgs>),
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    /// Compare every stored event and key with its leaf, every tile with those above it, and the roots with the signed
    /// checkpoints.
    /// Changes nothing; the server may be running.
    Verify(LogArgs),
}

#[derive(Debug, Args)]
struct LogArgs {
    /// Folder for database, ciphertext and secrets.
    #[arg(long, env = "HEALTHSECURE_DATA", default_value = "./data")]
    data: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Folder for database, ciphertext and secrets.
    #[arg(long, env = "HEALTHSECURE_DATA", default_value = "./data")]
    data: PathBuf,
    /// Address to listen on [default: 127.0.0.1:3000, with TLS 127.0.0.1:8443].
    #[arg(long, env = "HEALTHSECURE_LISTEN")]
    listen: Option<SocketAddr>,
    /// Origin under which browsers reach it [default: localhost with the port it listens on].
    #[arg(long, env = "HEALTHSECURE_ORIGIN")]
    origin: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Whether people may create accounts without an invitation.
    #[arg(long, env = "HEALTHSECURE_OPEN_SIGN_UP", default_value_t = true, action = ArgAction::Set)]
    open_sign_up: bool,
    /// The organisation's name, taken when the database is empty.
    #[arg(long, env = "HEALTHSECURE_NAME", default_value = "HealthSecure")]
    name: String,
    /// Certificate chain for TLS (PEM).
    #[arg(long, env = "HEALTHSECURE_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key for TLS (PEM).
    #[arg(long, env = "HEALTHSECURE_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Address of a proxy whose X-Forwarded-For is believed; may be repeated.
    #[arg(long = "trusted-proxy", env = "HEALTHSECURE_TRUSTED_PROXIES", value_delimiter = ',')]
    trusted_proxies: Vec<IpAddr>,
    /// Multiplies the sign-ins, sign-ups and recoveries that one network address may try without delay: raise it for a
    /// clinic whose staff share one address.
    #[arg(long, env = "HEALTHSECURE_ADDRESS_FACTOR", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    address_factor: u32,
    /// Hours without use after which a browser session ends.
    #[arg(long, env = "HEALTHSECURE_SESSION_IDLE_HOURS", default_value_t = 12, value_parser = clap::value_parser!(i64).range(1..=168))]
    session_idle_hours: i64,
    /// A witness that cosigns the log's checkpoints: its verifier key, a space and its address; may be repeated.
    #[arg(long = "witness", env = "HEALTHSECURE_WITNESSES", value_delimiter = ',', value_name = "KEY URL")]
    witnesses: Vec<Witness>,
    /// Removes audit events that are older, for instance 7y or 2557d; at least six years [default: kept for ever].
    #[arg(long, env = "HEALTHSECURE_KEEP_EVENTS", value_name = "TIME")]
    keep_events: Option<KeepEvents>,
    /// How long something else is kept: uploads, drafts, failed-mail, ended-tokens or ended-invitations, with a time, for
    /// instance drafts=1y; may be repeated.
    #[arg(long = "keep", env = "HEALTHSECURE_KEEP", value_delimiter = ',', value_name = "KIND=TIME")]
    keep: Vec<KeepRule>,
    /// The most that an account may store, for instance 20GB, where Administration says nothing else [default: no limit].
    #[arg(long, env = "HEALTHSECURE_QUOTA", value_name = "SIZE")]
    quota: Option<Size>,
    /// File with the identity providers (OpenID Connect) by which people can sign in, TOML [default: none].
    #[arg(long, env = "HEALTHSECURE_IDENTITY_PROVIDERS", value_name = "FILE")]
    identity_providers: Option<PathBuf>,
    /// File with the gateway for text messages, TOML: with it a phone can be a second factor and sign in [default: none].
    #[arg(long, env = "HEALTHSECURE_SMS_GATEWAY", value_name = "FILE")]
    sms_gateway: Option<PathBuf>,
    #[command(flatten)]
    blobs: BlobArgs,
    #[command(flatten)]
    mail: MailArgs,
    #[command(flatten)]
    backup: BackupServeArgs,
    /// How often every stored blob is read again and compared with what its author signed, from 1h to 365d, or never.
    #[arg(long, env = "HEALTHSECURE_SCRUB_EVERY", default_value = "30d", value_name = "TIME")]
    scrub_every: ScrubEvery,
    /// MiB that this reads in a second at most.
    #[arg(long, env = "HEALTHSECURE_SCRUB_RATE", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "MIB")]
    scrub_rate: u32,
}

/// Where ciphertext lies.
#[derive(Debug, Args)]
pub struct BlobArgs {
    /// Bucket for ciphertext, with a prefix or without: s3://BUCKET/PREFIX [default: blobs/ in the data folder]. The access
    /// key comes from --blobs-credentials-file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    #[arg(long, env = "HEALTHSECURE_BLOBS", value_name = "URL")]
    blobs: Option<String>,
    /// Where the bucket's store is [default: AWS].
    #[arg(long, env = "HEALTHSECURE_BLOBS_ENDPOINT", requires = "blobs", value_name = "URL")]
    blobs_endpoint: Option<String>,
    /// Region of the bucket [default: AWS_REGION; with an endpoint us-east-1].
    #[arg(long, env = "HEALTHSECURE_BLOBS_REGION", requires = "blobs", value_name = "REGION")]
    blobs_region: Option<String>,
    /// How requests name the bucket [default: path with an endpoint, virtual-host on AWS].
    #[arg(long, env = "HEALTHSECURE_BLOBS_ADDRESSING", requires = "blobs", value_name = "HOW")]
    blobs_addressing: Option<Addressing>,
    /// File with the access key, as AWS's programs write it.
    #[arg(long, env = "HEALTHSECURE_BLOBS_CREDENTIALS_FILE", requires = "blobs", value_name = "FILE")]
    blobs_credentials_file: Option<PathBuf>,
    /// The only authority whose certificates the store may have (PEM) [default: those that the system trusts].
    #[arg(long, env = "HEALTHSECURE_BLOBS_CA", requires = "blobs", value_name = "FILE")]
    blobs_ca: Option<PathBuf>,
    /// Lets blobs leave this machine without TLS: whoever is on the way can change and delete them.
    #[arg(long, env = "HEALTHSECURE_BLOBS_ALLOW_PLAIN_TEXT")]
    blobs_allow_plain_text: bool,
}

impl BlobArgs {
    /// As they are checked.
    pub fn options(self) -> BlobOptions {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let region = self.blobs_region.or_else(|| variable("AWS_REGION"));
        BlobOptions {
            blobs: self.blobs,
            endpoint: self.blobs_endpoint,
            region: region.or_else(|| variable("AWS_DEFAULT_REGION")),
            addressing: self.blobs_addressing,
            credentials_file: self.blobs_credentials_file,
            environment: Credentials::from_environment(variable),
            ca: self.blobs_ca,
            allow_plain_text: self.blobs_allow_plain_text,
        }
    }
}

/// Where the SMTP password may lie, beside a file: an argument could be read by every process.
const SMTP_PASSWORD: &str = "HEALTHSECURE_SMTP_PASSWORD";

#[derive(Debug, Args)]
struct MailArgs {
    /// Mail server: smtps://USER@HOST:465, or smtp://USER@HOST:587 with STARTTLS [default: no mail is sent]. The password
    /// comes from --smtp-password-file or HEALTHSECURE_SMTP_PASSWORD.
    #[arg(long, env = "HEALTHSECURE_SMTP", value_name = "URL")]
    smtp: Option<String>,
    /// File with the password for the mail server.
    #[arg(long, env = "HEALTHSECURE_SMTP_PASSWORD_FILE", requires = "smtp", value_name = "FILE")]
    smtp_password_file: Option<PathBuf>,
    /// The only authority whose certificates the mail server may have (PEM) [default: those that the system trusts].
    #[arg(long, env = "HEALTHSECURE_SMTP_CA", requires = "smtp", value_name = "FILE")]
    smtp_ca: Option<PathBuf>,
    /// Lets mail leave this machine without TLS (smtp://HOST?tls=none): whoever is on the way can read and use its links.
    #[arg(long, env = "HEALTHSECURE_SMTP_ALLOW_PLAIN_TEXT")]
    smtp_allow_plain_text: bool,
    /// From whom mail comes, for instance 'Clinic <no-reply@example.org>'.
    #[arg(long, env = "HEALTHSECURE_MAIL_FROM", requires = "smtp", value_name = "ADDRESS")]
    mail_from: Option<String>,
}

impl MailArgs {
    fn options(self) -> MailOptions {
        MailOptions {
            smtp: self.smtp,
            from: self.mail_from,
            password_file: self.smtp_password_file,
            password: std::env::var(SMTP_PASSWORD).ok().filter(|password| !password.is_empty()).map(Into::into),
            ca: self.smtp_ca,
            allow_plain_text: self.smtp_allow_plain_text,
        }
    }
}

/// Parses the arguments and does what they say.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => args.config().and_then(|config| serve::run(config).map_err(|e| e.to_string())),
        Command::Log(LogCommand::Verify(args)) => args.verify(),
        Command::Witness(args) => args.run().map_err(|e| e.to_string()),
        Command::MigrateTo(args) => args.run(),
        Command::Backup(args) => args.run(),
        Command::Restore(args) => args.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("healthsecure: {error}");
            ExitCode::FAILURE
        }
    }
}

impl LogArgs {
    fn verify(self) -> Result<(), String> {
        let url = self.database.url(&self.data)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let Verified { events, keys } = runtime.block_on(log::verify(&url, &self.data)).map_err(|e| e.to_string())?;
        println!(
            "The log is whole: {} events, {} keys and addresses, their leaves, all tiles and the signed checkpoints \
             belong together.",
            events.leaves, keys.leaves
        );
        if events.removed > 0 {
            println!(
                "{} of the events were removed for their age and not compared; their leaves stand.",
                events.removed
            );
        }
        Ok(())
    }
}

impl ServeArgs {
    fn config(self) -> Result<Config, String> {
        let tls = self.tls_cert.zip(self.tls_key).map(|(cert, key)| Tls { cert, key });
        let (scheme, port) = if tls.is_some() { ("https", 8443) } else { ("http", 3000) };
        let listen = self.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let origin = self.origin.unwrap_or_else(|| format!("{scheme}://localhost:{}", listen.port()));
        let backup = self.backup.schedule(&self.data)?;
        Ok(Config {
            origin: Origin::parse(&origin).map_err(|e| e.to_string())?,
            database_url: self.database.url(&self.data)?,
            data: self.data,
            blobs: self.blobs.options().config().map_err(|e| e.to_string())?,
            listen,
            open_sign_up: self.open_sign_up,
            name: self.name,
            tls,
            trusted_proxies: self.trusted_proxies,
            address_factor: self.address_factor,
            sessions: SessionLimits { cookie_idle: self.session_idle_hours * HOUR, ..SessionLimits::default() },
            witnesses: self.witnesses,
            keep_events: self.keep_events,
            keep: self.keep.into_iter().collect(),
            quota: self.quota,
            mail: self.mail.options().config().map_err(|e| e.to_string())?,
            identity_providers: match self.identity_providers {
                Some(file) => oidc::read(&file).map_err(|e| e.to_string())?,
                None => Vec::new(),
            },
            sms: self.sms_gateway.as_deref().map(sms::read).transpose().map_err(|e| e.to_string())?,
            backup,
            scrub: self.scrub_every.0.map(|every| ScrubPlan { every, rate: u64::from(self.scrub_rate) * 1024 * 1024 }),
        })
    }
}

/// SQLite in the data folder.
pub fn default_database(data: &Path) -> DatabaseUrl {
    DatabaseUrl::sqlite(&data.join("healthsecure.db"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::storage::blobs::BlobsConfig;

    /// What a server is started with by these options.
    pub(crate) fn parse(args: &[&str]) -> Result<Config, String> {
        let line = ["healthsecure", "serve"].iter().chain(args);
        match Cli::try_parse_from(line).map_err(|e| e.to_string())?.command {
            Command::Serve(args) => args.config(),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn defaults_are_local_and_plain() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.origin.as_str(), "http://localhost:3000");
        assert_eq!(config.database_url.to_string(), "sqlite:./data/healthsecure.db");
        assert!(config.open_sign_up);
    }

    #[test]
    fn a_database_is_named_by_its_url_and_the_password_may_lie_in_a_file() {
        let named = parse(&["--database", "postgres://clinic:s3cret@localhost/records"]).unwrap().database_url;
        assert_eq!(named.to_string(), "postgres://clinic@localhost/records");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret\n").unwrap();
        let file = file.path().display().to_string();
        let apart = parse(&["--database", "postgres://clinic@localhost/records", "--database-password-file", &file]);
        assert_eq!(apart.unwrap().database_url, named);
        assert!(parse(&["--database-password-file", &file]).unwrap_err().contains("password file"));
        let refused = parse(&["--database", "mysql://clinic:s3cret@localhost/records"]).unwrap_err();
        assert!(refused.contains("sqlite:PATH or postgres:") && !refused.contains("s3cret"), "{refused}");
    }

    #[test]
    fn no_password_is_shown_with_the_arguments() {
        let url = "postgres://clinic:s3cret@localhost/records";
        for line in [&["healthsecure", "serve", "--database", url][..], &["healthsecure", "migrate-to", url]] {
            let parsed = format!("{:?}", Cli::try_parse_from(line).unwrap());
            assert!(parsed.contains("MigrateTo") || parsed.contains("Serve"), "{parsed}");
            assert!(!parsed.contains("s3cret"), "{parsed}");
        }
    }

    #[test]
    fn witnesses_are_named_one_by_one_or_with_commas() {
        let witness = |name: &str, seed| {
            let name = tlog::note::KeyName::new(name).unwrap();
            format!("{} https://{name}", tlog::cosignature::Cosigner::ed25519(name.clone(), &[seed; 32]).key())
        };
        let (a, b) = (witness("a.example", 1), witness("b.example", 2));
        let apart = parse(&["--witness", &a, "--witness", &b]).unwrap().witnesses;
        let together = parse(&["--witness", &format!("{a},{b}")]).unwrap().witnesses;
        assert_eq!((apart.len(), &apart), (2, &together));
        assert!(parse(&["--witness", "https://a.example"]).is_err());
    }

    #[test]
    fn events_are_kept_for_ever_or_for_six_years_at_least() {
        assert_eq!(parse(&[]).unwrap().keep_events, None);
        let kept = |text| parse(&["--keep-events", text]);
        assert_eq!(kept("7y").unwrap().keep_events.map(KeepEvents::days), Some(2557));
        assert!(kept("5y").unwrap_err().contains("at least six years"));
        assert!(kept("soon").unwrap_err().contains("a number of years or days"));
    }

    #[test]
    fn mail_is_sent_where_that_is_said() {
        assert!(parse(&[]).unwrap().mail.is_none());
        let from = ["--mail-from", "Clinic <no-reply@example.org>"];
        let mail = parse(&[&["--smtp", "smtps://mail.example.org"][..], &from].concat()).unwrap().mail.unwrap();
        assert_eq!((mail.server.port, mail.from.email.to_string()), (465, "no-reply@example.org".to_owned()));
        assert!(parse(&["--smtp", "smtps://mail.example.org"]).unwrap_err().contains("--mail-from"));
        assert!(parse(&from).unwrap_err().contains("--smtp"));
        let in_clear = [&["--smtp", "smtp://mail.example.org?tls=none"][..], &from].concat();
        assert!(parse(&in_clear).unwrap_err().contains("in clear"));
        assert!(parse(&[&in_clear[..], &["--smtp-allow-plain-text"]].concat()).is_ok());
    }

    #[test]
    fn blobs_lie_in_the_folder_unless_a_bucket_is_named() {
        assert!(matches!(parse(&[]).unwrap().blobs, BlobsConfig::Folder));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        std::fs::write(&file, "aws_access_key_id = marked\naws_secret_access_key = marked").unwrap();
        let file = file.display().to_string();
        let bucket = ["--blobs", "s3://clinic/records", "--blobs-credentials-file", &file];
        let config = parse(&[&bucket[..], &["--blobs-endpoint", "https://s3.example.org"]].concat()).unwrap();
        let BlobsConfig::S3(s3) = &config.blobs else { panic!("{:?}", config.blobs) };
        assert_eq!(s3.to_string(), "s3://clinic/records at https://s3.example.org");
        assert!(!format!("{config:?}").contains("marked"));
        let in_clear = [&bucket[..], &["--blobs-endpoint", "http://s3.example.org"]].concat();
        assert!(parse(&in_clear).unwrap_err().contains("in clear"));
        assert!(parse(&[&in_clear[..], &["--blobs-allow-plain-text"]].concat()).is_ok());
        assert!(parse(&["--blobs-endpoint", "https://s3.example.org"]).unwrap_err().contains("--blobs"));
    }

    #[test]
    fn backups_are_made_where_a_place_and_a_recipient_are_named() {
        assert!(parse(&[]).unwrap().backup.is_none());
        let to = ["--backup-to", "/backups"];
        assert!(parse(&to).unwrap_err().contains("--backup-recipient"));
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let whole = [&to[..], &["--backup-recipient", &recipient]].concat();
        let plan = parse(&whole).unwrap().backup.unwrap();
        assert_eq!((plan.to.to_string(), plan.recipient.to_string()), ("/backups".to_owned(), recipient.clone()));
        assert_eq!((plan.every, plan.keep), ("1h".parse().unwrap(), "24h,7d,5w".parse().ok()));
        assert!(parse(&[&whole[..], &["--backup-every", "1s"]].concat()).unwrap_err().contains("from 10m to 7d"));
        assert!(parse(&[&whole[..], &["--backup-keep", "all"]].concat()).unwrap_err().contains("24h,7d,5w"));
        assert!(parse(&[&to[..], &["--backup-recipient", "age1x"]].concat()).unwrap_err().contains("age public key"));
        let bucket = ["--backup-to", "s3://clinic/backups", "--backup-recipient", &recipient];
        let in_clear = [&bucket[..], &["--backup-endpoint", "http://s3.example.org"]].concat();
        let refused = parse(&in_clear).unwrap_err();
        assert!(refused.contains("--backup-allow-plain-text") && !refused.contains("--blobs"), "{refused}");
    }

    #[test]
    fn drills_come_with_backups_and_scrubs_by_themselves() {
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let whole = ["--backup-to", "/backups", "--backup-recipient", &recipient];
        let drill =
            |more: &[&str]| parse(&[&whole[..], more].concat()).map(|config| config.backup.unwrap().drill.unwrap());
        let usual = drill(&[]).unwrap();
        assert_eq!((usual.every, usual.identity), ("7d".parse().unwrap(), None));
        assert_eq!((usual.scratch, usual.canary.is_none()), ("./data".into(), true));
        let canary = ["--drill-identity", "key", "--drill-canary", "canary.json", "--drill-hs", "/usr/bin/hs"];
        let set_up = drill(&canary).unwrap().canary.unwrap();
        assert_eq!((set_up.file, set_up.hs), ("canary.json".into(), "/usr/bin/hs".into()));
        assert!(drill(&canary[2..]).unwrap_err().contains("--drill-identity"));
        assert!(drill(&["--drill-every", "1m"]).unwrap_err().contains("from 1h to 90d"));
        assert!(parse(&canary[..2]).unwrap_err().contains("--backup-to"));

        let scrub = |more: &[&str]| parse(more).map(|config| config.scrub);
        assert_eq!(scrub(&[]), Ok(Some(ScrubPlan { every: 30 * 24 * HOUR, rate: 16 * 1024 * 1024 })));
        assert_eq!(scrub(&["--scrub-every", "never"]), Ok(None));
        assert!(scrub(&["--scrub-every", "1m"]).unwrap_err().contains("or never"));
        assert!(scrub(&["--scrub-rate", "0"]).is_err());
    }

    #[test]
    fn what_is_kept_and_stored_has_limits() {
        let config =
            parse(&["--keep", "drafts=1y,uploads=14d", "--keep", "ended-tokens=5d", "--quota", "20GB"]).unwrap();
        assert_eq!((config.keep.drafts_days(), config.quota.map(Size::bytes)), (Some(365), Some(20_000_000_000)));
        assert_eq!(config.keep.uploads(), 14 * 24 * HOUR);
        let usual = parse(&[]).unwrap();
        assert_eq!((usual.keep, usual.quota), (crate::keep::Keep::default(), None));
        assert!(parse(&["--keep", "events=7y"]).unwrap_err().contains("--keep-events"));
        assert!(parse(&["--quota", "20"]).unwrap_err().contains("20GB"));
    }

    #[test]
    fn tls_moves_to_its_own_port_and_needs_both_files() {
        let config = parse(&["--tls-cert", "c.pem", "--tls-key", "k.pem"]).unwrap();
        assert_eq!(config.origin.as_str(), "https://localhost:8443");
        assert!(parse(&["--tls-cert", "c.pem"]).is_err());
    }

    #[test]
    fn a_plain_origin_elsewhere_is_refused() {
        assert!(parse(&["--origin", "http://health.example.org"]).unwrap_err().contains("https"));
    }
}
