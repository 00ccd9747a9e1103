//! Several servers on one PostgreSQL database. Each has a row there under a lease, and is refused at its start where it can't
//! be one of them: where its ciphertext lies in a folder of its own, where it is told other things than the others, or has
//! other secrets. On SQLite there is one server, by a lock on the file ([`crate::data_folder`]).
//!
//! What they do together needs none of this: whatever must be done by one of them at a time has a lease or a lock of its own.

mod place;
mod settings;

use std::{
    io,
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use api_types::UnixMillis;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use tokio::time::sleep;

use crate::{
    AppState, ServiceError,
    config::Config,
    secrets::{SecretsDir, SecretsError},
    storage::{
        DbResult,
        blobs::BlobsConfig,
        connect::begin,
        db::{self, Db, WriteTx},
        servers::{self, ServerRow},
    },
};

pub use settings::Settings;

/// So long a server that says nothing counts as living.
const LEASE: UnixMillis = 30_000;
/// How often each says that it lives.
const RENEW: Duration = Duration::from_secs(10);
/// By so much a clock may differ from the database's unsaid.
const RIGHT: UnixMillis = 5_000;

/// Why a server can't be one of those that serve this database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MembershipError {
    /// This one's ciphertext lies in a folder.
    #[error(
        "another healthsecure serves this database, and this one keeps ciphertext in its data folder, where the other doesn't \
         find it: name one bucket for all of them (--blobs), or stop the other. One that was killed counts for {} seconds",
        LEASE / 1000
    )]
    FolderHere,
    /// Another's does.
    #[error(
        "another healthsecure serves this database and keeps ciphertext in its data folder, where this one doesn't find it: \
         name one bucket for all of them (--blobs), or stop the other. One that was killed counts for {} seconds",
        LEASE / 1000
    )]
    FolderThere,
    /// They are told different things.
    #[error(
        "another healthsecure that serves this database was told something else by {0}: servers that share a database must \
         be told the same. To change it, stop all of them first"
    )]
    Setting(String),
    /// Somebody has its place.
    #[error("another healthsecure took this one's place: it was started from the same data folder. This one has ended")]
    Replaced,
    /// The data folder.
    #[error("{0}: {1}")]
    Folder(String, io::Error),
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The database.
    #[error("the database can't be used: {0}")]
    Database(#[from] DbErr),
    /// A service failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// This server among those of its database; on SQLite it is the only one.
#[derive(Debug)]
pub struct Membership(Option<Member>);

#[derive(Debug)]
struct Member {
    id: [u8; 16],
    alone: bool,
    settings: Settings,
    fence: AtomicI64,
    /// Whether others lived when this one came.
    others: bool,
    /// By how much its clock was ahead of the database's when it said last that it lives.
    ahead: AtomicI64,
}

impl Membership {
    /// None: of a copy that is only tried.
    pub fn none() -> Self {
        Self(None)
    }

    /// Takes a place among the servers of this database. Whoever had this server's own place before is gone, as the data
    /// folder is locked.
    ///
    /// # Errors
    /// [`MembershipError`] says what the operator must do; nothing was changed.
    pub async fn enter(db: &Db, config: &Config) -> Result<Self, MembershipError> {
        if config.database_url.is_sqlite() {
            return Ok(Self(None));
        }
        let failed = |error| MembershipError::Folder(config.data.display().to_string(), error);
        let mut member = Member {
            id: place::id(&config.data).map_err(failed)?,
            alone: matches!(config.blobs, BlobsConfig::Folder),
            settings: Settings::of(config),
            fence: AtomicI64::new(0),
            others: false,
            ahead: AtomicI64::new(0),
        };
        member.others = member.enter(db, true).await?;
        let entered = Self(Some(member));
        entered.warn_of_clock();
        Ok(entered)
    }

    /// By how much this server's clock is ahead of the database's, or behind it where that is less than 0. None is on SQLite.
    pub fn clock_ahead(&self) -> UnixMillis {
        self.0.as_ref().map_or(0, |member| member.ahead.load(Ordering::Relaxed))
    }

    /// Says in the log that this server's clock isn't the database's. Who holds what goes by that; all else by its own.
    pub fn warn_of_clock(&self) {
        let ahead = self.clock_ahead();
        if ahead.abs() > RIGHT {
            let ahead_s = ahead / 1000;
            tracing::warn!(
                ahead_s,
                "this server's clock is not the database's: sessions, codes and delays end too early here, or too late. \
                 Set both right"
            );
        }
    }

    /// The secrets as the servers of this database have them: none is made here that another has.
    ///
    /// # Errors
    /// The database's.
    pub async fn secrets(&self, db: &Db, secrets: SecretsDir) -> Result<SecretsDir, MembershipError> {
        match &self.0 {
            None => Ok(secrets),
            Some(member) => Ok(secrets.shared(servers::secrets(db.read()).await?, member.others)),
        }
    }

    /// Makes sure that the secrets which were read are the others', or the first; before any of them is used.
    ///
    /// # Errors
    /// [`SecretsError::NotShared`] names the file.
    pub async fn agree(&self, db: &Db, secrets: &SecretsDir) -> Result<(), MembershipError> {
        let Some(member) = &self.0 else { return Ok(()) };
        let tx = db.begin_write().await?;
        // One may have come since, and made its own: of two that start at once on an empty database the first counts.
        let others = servers::all(tx.conn()).await?.iter().any(|server| server.id != member.id);
        for new in secrets.disagreeing(&servers::secrets(tx.conn()).await?, others)? {
            servers::put_secret(tx.conn(), &new.name, new.fingerprint).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Says that this server lives.
    ///
    /// # Errors
    /// [`MembershipError::Replaced`] and what [`Membership::enter`] refuses: this server must end.
    pub async fn renew(&self, db: &Db) -> Result<(), MembershipError> {
        match &self.0 {
            Some(member) => member.renew(db).await,
            None => Ok(()),
        }
    }

    /// Gives the place up.
    ///
    /// # Errors
    /// The database's.
    pub async fn leave(&self, db: &Db) -> Result<(), MembershipError> {
        let Some(member) = &self.0 else { return Ok(()) };
        let tx = db.begin_write().await?;
        servers::leave(tx.conn(), &member.id, member.fence()).await?;
        Ok(tx.commit().await?)
    }
}

impl Member {
    fn fence(&self) -> i64 {
        self.fence.load(Ordering::Relaxed)
    }

    /// Says whether others live.
    async fn enter(&self, db: &Db, starts: bool) -> Result<bool, MembershipError> {
        let tx = db.begin_write().await?;
        let (place, now) = self.ask(db, &tx).await?;
        servers::forget_gone(tx.conn(), &place, now).await?;
        let (own, others): (Vec<_>, Vec<_>) =
            servers::all(tx.conn()).await?.into_iter().partition(|server| server.id == self.id);
        let before = own.first().map_or(0, |own| own.fence);
        if !starts && before > 0 {
            return Err(MembershipError::Replaced);
        }
        self.fits(&others)?;
        let row = ServerRow {
            id: self.id,
            place,
            fence: now.max(before + 1),
            alone: self.alone,
            settings: self.settings.to_string(),
            started_at: now,
        };
        servers::put(tx.conn(), &row, now + LEASE).await?;
        tx.commit().await?;
        self.fence.store(row.fence, Ordering::Relaxed);
        Ok(!others.is_empty())
    }

    /// Which database this is, and what time it is there; what this server's own clock says meanwhile is compared.
    async fn ask(&self, db: &Db, tx: &WriteTx) -> DbResult<(String, UnixMillis)> {
        let before = db.clock().system();
        let (place, now) = servers::place_and_time(tx.conn()).await?;
        self.ahead.store(ahead(now, before, db.clock().system()), Ordering::Relaxed);
        Ok((place, now))
    }

    fn fits(&self, others: &[ServerRow]) -> Result<(), MembershipError> {
        for other in others {
            if self.alone {
                return Err(MembershipError::FolderHere);
            }
            if other.alone {
                return Err(MembershipError::FolderThere);
            }
            if let Some(name) = self.settings.differs_in(&Settings::parse(&other.settings)) {
                return Err(MembershipError::Setting(name.to_owned()));
            }
        }
        Ok(())
    }

    async fn renew(&self, db: &Db) -> Result<(), MembershipError> {
        let tx = db.begin_write().await?;
        let (_, now) = self.ask(db, &tx).await?;
        if servers::renew(tx.conn(), &self.id, self.fence(), now + LEASE).await? {
            return Ok(tx.commit().await?);
        }
        // It lapsed: this server, or the database, stood still for long. Perhaps there is no place for it any more.
        drop(tx);
        self.enter(db, false).await.map(drop)
    }
}

/// By how much a clock is ahead of another that said `now` at some time between `before` and `after`: at least.
fn ahead(now: UnixMillis, before: UnixMillis, after: UnixMillis) -> UnixMillis {
    (before - now).max(0) + (after - now).min(0)
}

/// Whether a server that serves this database lives. SQLite's is told by the lock on its file.
///
/// # Errors
/// The database's.
pub async fn anyone(conn: &impl ConnectionTrait) -> DbResult<bool> {
    match conn.get_database_backend() {
        DbBackend::Postgres => Ok(!servers::living(conn).await?.is_empty()),
        _ => Ok(false),
    }
}

/// The secrets of a data folder, for work beside its server or instead of it (`healthsecure backup`): none is made that another
/// server has.
///
/// # Errors
/// The folder's or the database's.
pub async fn secrets_beside(conn: &DatabaseConnection, data: &Path) -> Result<SecretsDir, MembershipError> {
    let secrets = SecretsDir::open(data, false)?;
    match conn.get_database_backend() {
        DbBackend::Postgres => {
            let others = other_than(conn, data).await?;
            Ok(secrets.shared(servers::secrets(conn).await?, others))
        }
        _ => Ok(secrets),
    }
}

/// Makes sure that what was read of them is the servers' own, or the first.
///
/// # Errors
/// [`SecretsError::NotShared`] names the file.
pub async fn agree_beside(
    writer: &DatabaseConnection,
    data: &Path,
    secrets: &SecretsDir,
) -> Result<(), MembershipError> {
    if writer.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let tx = begin(writer).await?;
    // A server that starts in the same moment, with secrets of its own, is first or sees these.
    db::take_turn(&tx).await?;
    let others = other_than(&tx, data).await?;
    for new in secrets.disagreeing(&servers::secrets(&tx).await?, others)? {
        servers::put_secret(&tx, &new.name, new.fingerprint).await?;
    }
    Ok(tx.commit().await?)
}

/// Whether a server with another data folder lives.
async fn other_than(conn: &impl ConnectionTrait, data: &Path) -> Result<bool, MembershipError> {
    let failed = |error| MembershipError::Folder(data.display().to_string(), error);
    let own = place::known(data).map_err(failed)?;
    Ok(servers::living(conn).await?.iter().any(|server| Some(server.id) != own))
}

/// Keeps the place; comes back only where it is lost, and this server must end.
pub async fn keep(state: &AppState) -> MembershipError {
    loop {
        sleep(RENEW).await;
        match state.membership.renew(&state.db).await {
            Ok(()) => {}
            Err(error @ (MembershipError::Database(_) | MembershipError::Service(_))) => {
                tracing::warn!(%error, "this server could not say that it lives; it tries again");
            }
            Err(lost) => return lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_ahead_or_behind_and_a_slow_answer_makes_it_neither() {
        assert_eq!(ahead(1_000, 990, 1_010), 0);
        assert_eq!(ahead(1_000, 0, 60_000), 0, "it may have been asked at any time between");
        assert_eq!(ahead(1_000, 121_000, 121_010), 120_000);
        assert_eq!(ahead(121_000, 990, 1_000), -120_000);
    }
}
