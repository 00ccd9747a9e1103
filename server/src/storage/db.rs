//! Connections: a pool that reads and one writer.
//!
//! SQLite: WAL, synchronous=FULL, one connection that writes under `BEGIN IMMEDIATE`, several that read. PostgreSQL:
//! the writer takes an advisory lock, so that replicas share one audit chain. Whoever holds the writer holds the head
//! of the audit chain; a transaction that doesn't commit leaves the head where it was.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use api_types::UnixMillis;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use crate::{
    ServiceError, ServiceResult,
    audit::EventDraft,
    clock::Clock,
    database_url::DatabaseUrl,
    storage::{
        DbResult,
        audit::{self, Heads, Staged},
        connect::{self, Purpose, begin, connect, reach},
        copy::marks,
        log::Tree,
        migrate::{self, DatabaseError},
        outbox::{self, OutboxRow},
        phone_codes::{self, CodeRow},
    },
};

/// Advisory lock of the audit chain (PostgreSQL), "HSaudit" in hexadecimal.
const CHAIN_LOCK: i64 = 0x0048_5361_7564_6974;

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    read: DatabaseConnection,
    writer: Arc<Mutex<Writer>>,
    commits: Arc<Commits>,
    clock: Clock,
    silent: UnixMillis,
    statements: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
}

/// Notified when there may be more for a tree.
#[derive(Debug, Default)]
struct Commits {
    events: Notify,
    keys: Notify,
    mail: Notify,
    sms: Notify,
}

#[derive(Debug)]
struct Writer {
    conn: DatabaseConnection,
    heads: Heads,
    commits: Arc<Commits>,
    clock: Clock,
}

impl Db {
    /// Connects, migrates, and reads the head of the audit chain.
    ///
    /// # Errors
    /// [`DatabaseError`] says what the operator must do; nothing was changed.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, DatabaseError> {
        let conn = reach(url, Purpose::Migrate).await?;
        migrate::migrate(&conn).await?;
        conn.close().await?;
        Ok(Self::over(url).await?)
    }

    /// As [`Db::open`], but only a database that exists and needs no migration: changes nothing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn open_existing(url: &DatabaseUrl) -> Result<Self, DatabaseError> {
        let conn = reach(url, Purpose::Read).await?;
        migrate::require_current(&conn).await?;
        marks::check(&conn).await?;
        conn.close().await?;
        Ok(Self::over(url).await?)
    }

    async fn over(url: &DatabaseUrl) -> DbResult<Self> {
        let mut conn = connect(url, Purpose::Write).await?;
        let mut read = connect(url, Purpose::Read).await?;
        let (statements, written) = (counted(&mut read), counted(&mut conn));
        let heads = Heads::load(&conn).await?;
        let commits = Arc::<Commits>::default();
        let clock = Clock::default();
        let silent = heads.time().map_or(0, |newest| clock.now() - newest);
        let writer = Writer { conn, heads, commits: Arc::clone(&commits), clock: clock.clone() };
        Ok(Self { read, writer: Arc::new(Mutex::new(writer)), commits, clock, silent, statements, written })
    }

    /// The pool that reads. Writing through it fails on SQLite.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Reads what stood at one moment: for answers that take several questions, of things that change together.
    pub async fn snapshot(&self) -> DbResult<DatabaseTransaction> {
        connect::snapshot(&self.read).await
    }

    /// How many statements the pool that reads has run since it was opened: what a request costs is a promise that is tested.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many statements the one that writes has run since then, without those that begin and end transactions.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The clock that stamps events.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How long before it was opened its newest event was recorded, by the clock.
    pub fn silent_before(&self) -> UnixMillis {
        self.silent
    }

    /// Notified when audit events were committed, and with them perhaps keys, which change in no other way.
    pub fn commits(&self, tree: Tree) -> &Notify {
        match tree {
            Tree::Events => &self.commits.events,
            Tree::Keys => &self.commits.keys,
        }
    }

    /// Notified when mail was committed to the outbox.
    pub fn mail(&self) -> &Notify {
        &self.commits.mail
    }

    /// Notified when a code that is to be sent to a phone was committed.
    pub fn sms(&self) -> &Notify {
        &self.commits.sms
    }

    /// Begins the one write transaction; waits for the one before it.
    pub async fn begin_write(&self) -> ServiceResult<WriteTx> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        let tx = begin(&writer.conn).await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({CHAIN_LOCK})")).await?;
            writer.heads.catch_up(&tx).await?;
        }
        Ok(WriteTx { tx, staged: Staged::default(), mail: false, sms: false, writer })
    }

    /// Lets nothing of what was deleted stay behind in SQLite's write-ahead log. Where somebody reads just then it stays
    /// until the next time; PostgreSQL has vacuum for it.
    pub async fn truncate_wal(&self) -> DbResult<()> {
        let writer = self.writer.lock().await;
        if writer.conn.get_database_backend() == DbBackend::Sqlite {
            writer.conn.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(&self) -> DbResult<()> {
        self.read.close_by_ref().await?;
        self.writer.lock().await.conn.close_by_ref().await
    }
}

/// Counts a connection's statements from now on.
fn counted(conn: &mut DatabaseConnection) -> Arc<AtomicU64> {
    let statements = Arc::<AtomicU64>::default();
    let count = Arc::clone(&statements);
    conn.set_metric_callback(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    statements
}

/// A write transaction. Dropped without `commit`, it leaves nothing behind.
#[derive(Debug)]
pub struct WriteTx {
    // Field order matters: the transaction rolls back before the writer is released.
    tx: DatabaseTransaction,
    staged: Staged,
    mail: bool,
    sms: bool,
    writer: OwnedMutexGuard<Writer>,
}

impl WriteTx {
    /// The connection to write through.
    pub fn conn(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Adds an audit event; it becomes durable with the commit.
    pub async fn record(&mut self, draft: EventDraft) -> ServiceResult<()> {
        let now = self.writer.clock.now();
        Ok(audit::stage(&self.tx, &self.writer.heads, &mut self.staged, draft.complete(), now).await?)
    }

    /// Adds a message to the outbox; it is sent after the commit, and never without it.
    pub async fn queue_mail(&mut self, message: &OutboxRow) -> DbResult<()> {
        self.mail = true;
        outbox::insert(&self.tx, message).await
    }

    /// Adds a code for a phone; it is sent after the commit, and never without it. Who sends is woken for one that isn't sent as
    /// well: nobody learns by the time it takes which it is.
    pub async fn queue_code(&mut self, code: &CodeRow) -> DbResult<()> {
        self.sms = true;
        phone_codes::insert(&self.tx, code).await
    }

    /// Writes the events and commits. Only after this may anything be acknowledged.
    ///
    /// Runs in a task of its own: a request that is dropped meanwhile (a client that left, a timeout) must not part
    /// the chain's head in memory from the one in the table.
    pub async fn commit(self) -> ServiceResult<()> {
        let ended = tokio::spawn(self.finish()).await;
        ended.map_err(|error| ServiceError::Internal(format!("the commit failed: {error}")))?
    }

    async fn finish(self) -> ServiceResult<()> {
        let Self { tx, staged, mail, sms, mut writer } = self;
        audit::insert(&tx, &staged).await?;
        if let Err(error) = tx.commit().await {
            // Whether it was written isn't known: ask the table.
            writer.heads = Heads::load(&writer.conn).await?;
            return Err(error.into());
        }
        if !staged.is_empty() {
            writer.commits.events.notify_one();
            writer.commits.keys.notify_one();
        }
        if mail {
            writer.commits.mail.notify_one();
        }
        if sms {
            writer.commits.sms.notify_one();
        }
        writer.heads.advance(staged);
        Ok(())
    }
}

/// Whether the database can answer; for `/readyz`.
pub async fn ping(db: &Db) -> Result<(), DbErr> {
    db.read().ping().await
}
