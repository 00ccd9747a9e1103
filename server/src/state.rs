//! What every handler shares.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
};

use api_types::UnixMillis;
use tlog::note::SigningKey;

use crate::{
    audit::Audit,
    backup,
    clock::Clock,
    config::Config,
    group::Group,
    live::{self, Live},
    log::{self, Labels, Log, LogError, LogReads},
    mail::{MailKey, Mailer},
    membership::{Membership, MembershipError},
    middleware::denials::AnonymousDenials,
    oidc::Providers,
    secrets::{SecretsDir, SecretsError},
    services::{
        in_flight::InFlight, opaque::Opaque, pending::Waiting, sessions::SessionCache, throttle::Counting,
        totp::TotpKey, webauthn::RelyingParty,
    },
    sms::{self, SmsGateway, SmsKey},
    storage::{
        self, accounts,
        blobs::{Blobs, BlobsError},
        db::Db,
        instance::{self, InstanceRow},
        log::Tree,
        migrate::DatabaseError,
    },
};

/// The server's state; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What is shared.
pub struct Shared {
    /// Configuration.
    pub config: Config,
    /// This installation: its fixed id.
    pub instance: InstanceRow,
    /// Database.
    pub db: Db,
    /// This server among those of its database.
    pub membership: Arc<Membership>,
    /// Audit recorder, for reads; changes use `WriteTx::record`.
    pub audit: Audit,
    /// Live events.
    pub live: Live,
    /// Ciphertext.
    pub blobs: Blobs,
    /// The clock.
    pub clock: Clock,
    /// When this server started.
    pub started_at: UnixMillis,
    /// When administrators were told last that a backup is overdue.
    pub overdue_told: Mutex<Option<UnixMillis>>,
    /// The server's half of OPAQUE.
    pub opaque: Opaque,
    /// Keys the throttles' hashes.
    pub throttle_key: Vec<u8>,
    /// Counts tries.
    pub throttle: Group<Counting>,
    /// Keeps what waits between two requests.
    pub waiting: Group<Waiting>,
    /// Gives, with a stored salt, the secrets of authenticator apps.
    pub totp_key: TotpKey,
    /// For passkeys.
    pub relying_party: RelyingParty,
    /// Identity providers.
    pub identity_providers: Providers,
    /// Gives the tokens of mailed links.
    pub mail_key: MailKey,
    /// The way out for mail, where it is configured.
    pub mailer: Option<Mailer>,
    /// Gives the codes that are sent to phones.
    pub sms_key: SmsKey,
    /// The way out for text messages, where it is configured.
    pub sms: Option<Box<dyn SmsGateway>>,
    /// Sessions seen lately.
    pub sessions: Arc<SessionCache>,
    /// Uploads and live streams under way.
    pub in_flight: Arc<InFlight>,
    /// The events tree of the verifiable log.
    pub log: Log,
    /// Its keys tree.
    pub key_log: Log,
    /// The labels of e-mail addresses in that.
    pub labels: Labels,
    /// How much of the log each address reads.
    pub log_reads: LogReads,
    /// Anonymous denials not yet in the audit.
    pub denials: AnonymousDenials,
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Why the server can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A folder or socket.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// The database.
    #[error("the database can't be used: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// The database, before anything was done with it.
    #[error(transparent)]
    Open(#[from] DatabaseError),
    /// The other servers of its database.
    #[error(transparent)]
    Membership(#[from] MembershipError),
    /// The blob store.
    #[error(transparent)]
    Blobs(#[from] BlobsError),
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The verifiable log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The mail server's settings.
    #[error("mail can't be sent as configured: {0}")]
    Mail(#[from] lettre::transport::smtp::Error),
    /// What asks identity providers.
    #[error("identity providers or the gateway for text messages can't be asked: {0}")]
    Http(#[from] reqwest::Error),
    /// Another server has this data folder.
    #[error("another healthsecure uses {0}")]
    InUse(String),
    /// A service failed.
    #[error(transparent)]
    Service(#[from] crate::ServiceError),
}

/// Whether what happens is put into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Grows,
    Still,
}

impl AppState {
    /// Opens everything that the configuration names.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        Self::with(config, Growth::Grows).await
    }

    /// As [`AppState::open`], of a restored copy that is only tried: its log signs nothing, and it is none of the servers of
    /// any database.
    pub async fn open_copy(config: Config) -> Result<Self, StartError> {
        Self::with(config, Growth::Still).await
    }

    async fn with(config: Config, growth: Growth) -> Result<Self, StartError> {
        let db = Db::open(&config.database_url).await?;
        let instance = instance::load_or_create(&db, &config.name).await?;
        let membership = Arc::new(match growth {
            Growth::Grows => Membership::enter(&db, &config).await?,
            Growth::Still => Membership::none(),
        });
        let opened = Shared::open((config, growth), &db, instance, Arc::clone(&membership)).await;
        if opened.is_err()
            && let Err(error) = membership.leave(&db).await
        {
            tracing::warn!(%error, "other servers wait a moment for this one, which doesn't start");
        }
        Ok(Self(Arc::new(opened?)))
    }
}

impl Shared {
    async fn open(
        (config, growth): (Config, Growth),
        db: &Db,
        instance: InstanceRow,
        membership: Arc<Membership>,
    ) -> Result<Self, StartError> {
        let empty = !accounts::any(db.read()).await?;
        let secrets = membership.secrets(db, SecretsDir::open(&config.data, empty)?).await?;
        let opaque = Opaque::load(&secrets, &instance.instance_id)?;
        let throttle_key = secrets.key("throttle-key")?;
        let used = storage::second_factors::any(db.read()).await?;
        let totp_key = TotpKey::load(&if used { secrets.clone() } else { secrets.creating() })?;
        let mail_key = MailKey::load(&secrets)?;
        let mailer = config.mail.as_ref().map(|mail| Mailer::new(mail, &config.origin)).transpose()?;
        let sms_key = SmsKey::load(&secrets)?;
        let sms = config.sms.as_ref().map(|sms| sms::gateway(&sms.gateway)).transpose()?;
        let events_key = log_key(db, &secrets, Tree::Events, &config).await?;
        let labels = Labels::load(&secrets, db.read()).await?;
        let keys_key = log_key(db, &secrets, Tree::Keys, &config).await?;
        if config.backup.is_some() {
            backup::load_key(&secrets)?;
        }
        // Nothing was done with any of them yet.
        membership.agree(db, &secrets).await?;
        let blobs = open_blobs(db, &config, &instance.instance_id).await?;
        let log = open_log(db, events_key, Tree::Events, &config, growth).await?;
        log::backfill(db, &labels).await?;
        let key_log = open_log(db, keys_key, Tree::Keys, &config, growth).await?;
        if growth == Growth::Grows {
            live::begin(db).await?;
        }
        let sessions = Arc::new(SessionCache::new(config.database_url.is_sqlite()));
        let remembered = Arc::clone(&sessions);
        db.when_cut_off(move || remembered.forget_all());
        Ok(Self {
            audit: Audit::start(db.clone()),
            throttle: Group::start(db.clone()),
            waiting: Group::start(db.clone()),
            live: Live::start(db.clone(), &config.database_url),
            sessions,
            in_flight: Arc::default(),
            log,
            key_log,
            labels,
            log_reads: LogReads::default(),
            denials: AnonymousDenials::default(),
            opaque,
            identity_providers: Providers::new(&config.identity_providers, &config.origin)?,
            relying_party: RelyingParty::new(&config.origin, &instance.name),
            config,
            instance,
            started_at: db.clock().now(),
            overdue_told: Mutex::default(),
            clock: db.clock().clone(),
            db: db.clone(),
            membership,
            blobs,
            throttle_key,
            totp_key,
            mail_key,
            mailer,
            sms_key,
            sms,
        })
    }
}

/// Makes sure that the database's blobs lie there before anything is read or written.
async fn open_blobs(db: &Db, config: &Config, instance: &[u8; 16]) -> Result<Blobs, StartError> {
    let blobs = Blobs::new(&config.data, &config.blobs)?;
    let named = match storage::versions::any_blob(db.read()).await? {
        Some(key) => Some(key),
        None => storage::uploads::any_blob(db.read()).await?,
    };
    blobs.claim(instance, named.as_deref()).await?;
    Ok(blobs)
}

/// The key that signs a tree.
async fn log_key(db: &Db, secrets: &SecretsDir, tree: Tree, config: &Config) -> Result<SigningKey, StartError> {
    let head = storage::log::head(db.read(), tree).await?;
    Ok(log::load_key(secrets, tree, &config.origin, head.as_ref())?)
}

/// Checks a tree before anything goes on with it.
async fn open_log(db: &Db, key: SigningKey, tree: Tree, config: &Config, growth: Growth) -> Result<Log, StartError> {
    log::check(db.read(), tree, &key.verifier()).await?;
    match growth {
        Growth::Grows => Ok(Log::start(db.clone(), tree, key, config.witnesses.clone()).await?),
        Growth::Still => Ok(Log::still(&key)),
    }
}
