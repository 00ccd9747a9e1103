//! Connections: a pool that reads and one writer.
//!
//! SQLite: WAL, synchronous=FULL, one connection that writes under `BEGIN IMMEDIATE`, several that read. PostgreSQL:
//! the writer takes an advisory lock, so that replicas share one audit chain. Whoever holds the writer holds the head
//! of the audit chain; a transaction that doesn't commit leaves the head where it was.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use api_types::{AccountId, UnixMillis, live::LiveEvent};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend};
use tokio::{
    runtime::Handle,
    sync::{Mutex, Notify, OwnedMutexGuard},
    task::JoinHandle,
};

use crate::{
    ServiceError, ServiceResult,
    audit::EventDraft,
    clock::Clock,
    database_url::DatabaseUrl,
    live,
    storage::{
        DbResult,
        audit::{self, Heads, Staged},
        connect::{self, Purpose, begin, connect, reach},
        copy::marks,
        failure::Failure,
        integrity, live_events,
        log::Tree,
        migrate::{self, DatabaseError},
        open_file::OpenFile,
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
    file: Arc<Option<OpenFile>>,
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
    live: Notify,
    cut_off: CutOff,
}

impl Commits {
    fn make_up(&self) {
        if let Some(make_up) = self.cut_off.0.get() {
            make_up();
        }
    }
}

/// What makes up for what follows a commit, where the request that was to do it is gone, or was told that it failed.
#[derive(Default)]
struct CutOff(OnceLock<Box<dyn Fn() + Send + Sync>>);

impl fmt::Debug for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CutOff").field(&self.0.get().is_some()).finish()
    }
}

/// A commit under way. Dropped before it has ended, it goes on, and what its request would have done after it is made up for.
#[derive(Debug)]
struct UnderWay {
    task: Option<JoinHandle<ServiceResult<()>>>,
    commits: Arc<Commits>,
}

impl UnderWay {
    async fn ended(mut self) -> ServiceResult<()> {
        let Some(task) = self.task.as_mut() else { return Ok(()) };
        let ended = task.await;
        self.task = None;
        let ended = ended.map_err(|error| ServiceError::Internal(format!("the commit failed: {error}")));
        // One that failed may have been written all the same.
        ended.and_then(|ended| ended).inspect_err(|_| self.commits.make_up())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let (Some(task), Ok(runtime)) = (self.task.take(), Handle::try_current()) else { return };
        let commits = Arc::clone(&self.commits);
        runtime.spawn(async move {
            // Whether it was written isn't always known then: it is made up for in any case.
            let _ = task.await;
            commits.make_up();
        });
    }
}

#[derive(Debug)]
struct Writer {
    url: DatabaseUrl,
    conn: DatabaseConnection,
    heads: Heads,
    /// Whether the table has to be asked for the heads: the last commit failed, or nobody knows how it ended.
    unsure: bool,
    commits: Arc<Commits>,
    clock: Clock,
    written: Arc<AtomicU64>,
}

impl Writer {
    /// Begins a transaction. Where SQLite refuses to, for whatever its disk did, what this connection holds open of the file
    /// may be of no use any more: it is tried on a new one.
    async fn begin(&mut self) -> DbResult<DatabaseTransaction> {
        match begin(&self.conn).await {
            Err(error) if self.url.is_sqlite() && Failure::of(&error) != Failure::Busy => {
                tracing::warn!(%error, "the connection that writes is made anew");
                let mut conn = connect(&self.url, Purpose::Write).await?;
                count(&mut conn, &self.written);
                let left = std::mem::replace(&mut self.conn, conn);
                self.unsure = true;
                left.close().await?;
                begin(&self.conn).await
            }
            other => other,
        }
    }
}

impl Db {
    /// Connects, migrates, and reads the head of the audit chain.
    ///
    /// # Errors
    /// [`DatabaseError`] says what the operator must do; nothing was changed.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, DatabaseError> {
        let conn = reach(url, Purpose::Migrate).await?;
        if let Err(error) = integrity::check(&conn, url).await {
            conn.close().await?;
            return Err(integrity::named(error, url));
        }
        let migrated = migrate::migrate(&conn).await;
        conn.close().await?;
        migrated.map_err(|error| integrity::named(error, url))?;
        Self::over(url).await.map_err(|error| integrity::named(error.into(), url))
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

    /// As [`Db::open_existing`], but one that a restore has filled and not ended yet.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn open_restored(url: &DatabaseUrl) -> Result<Self, DatabaseError> {
        let conn = reach(url, Purpose::Read).await?;
        migrate::require_current(&conn).await?;
        conn.close().await?;
        Ok(Self::over(url).await?)
    }

    async fn over(url: &DatabaseUrl) -> DbResult<Self> {
        let mut conn = connect(url, Purpose::Write).await?;
        let mut read = connect(url, Purpose::Read).await?;
        let (statements, written) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        count(&mut read, &statements);
        count(&mut conn, &written);
        let heads = Heads::load(&conn).await?;
        let commits = Arc::<Commits>::default();
        let clock = Clock::default();
        let silent = heads.time().map_or(0, |newest| clock.now() - newest);
        let writer = Writer {
            url: url.clone(),
            conn,
            heads,
            unsure: false,
            commits: Arc::clone(&commits),
            clock: clock.clone(),
            written: Arc::clone(&written),
        };
        let file = Arc::new(OpenFile::of(url));
        Ok(Self { read, writer: Arc::new(Mutex::new(writer)), file, commits, clock, silent, statements, written })
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

    /// Says once what is done after a commit whose request is gone, or that failed: what is remembered of the database has to be
    /// read anew.
    pub fn when_cut_off(&self, make_up: impl Fn() + Send + Sync + 'static) {
        let _ = self.commits.cut_off.0.set(Box::new(make_up));
    }

    /// Notified when live events were committed, here or by another server.
    pub fn live(&self) -> &Notify {
        &self.commits.live
    }

    /// Begins the one write transaction; waits for the one before it.
    pub async fn begin_write(&self) -> ServiceResult<WriteTx> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        self.in_place()?;
        let tx = writer.begin().await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            take_turn(&tx).await?;
            if !writer.unsure {
                writer.heads.catch_up(&tx).await?;
            }
        }
        if writer.unsure {
            writer.heads = Heads::load(&tx).await?;
            writer.unsure = false;
        }
        Ok(WriteTx { tx, staged: Staged::default(), told: Vec::new(), mail: false, sms: false, writer })
    }

    /// Whether SQLite's file is where it was opened. What is written to one that was moved or deleted would be lost with the
    /// process, however well it was synced.
    fn in_place(&self) -> ServiceResult<()> {
        match &*self.file {
            Some(file) if !file.is_in_place() => Err(ServiceError::DatabaseMoved(file.to_string())),
            _ => Ok(()),
        }
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

/// Waits for its turn to write on PostgreSQL: of all servers' transactions one has it, until after its commit can be seen.
pub async fn take_turn(tx: &DatabaseTransaction) -> DbResult<()> {
    tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({CHAIN_LOCK})")).await.map(drop)
}

/// Counts a connection's statements from now on.
fn count(conn: &mut DatabaseConnection, statements: &Arc<AtomicU64>) {
    let statements = Arc::clone(statements);
    conn.set_metric_callback(move |_| {
        statements.fetch_add(1, Ordering::Relaxed);
    });
}

/// A write transaction. Dropped without `commit`, it leaves nothing behind.
#[derive(Debug)]
pub struct WriteTx {
    // Field order matters: the transaction rolls back before the writer is released.
    tx: DatabaseTransaction,
    staged: Staged,
    told: Vec<(AccountId, LiveEvent)>,
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

    /// Commits nothing but the event: what was asked is there already. The same request was sent twice, and both were on their
    /// way, here or at two servers.
    pub async fn repeated(mut self, event: EventDraft) -> ServiceResult<()> {
        self.record(event.with("repeated", true)).await?;
        self.commit().await
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

    /// Tells every open page of an account, on whichever server, once this is committed, and never without it. The same
    /// twice is told once.
    pub fn tell(&mut self, account: AccountId, event: LiveEvent) {
        let told = (account, event);
        if !self.told.contains(&told) {
            self.told.push(told);
        }
    }

    /// Writes the events and commits. Only after this may anything be acknowledged.
    ///
    /// Runs in a task of its own: a request that is dropped meanwhile (a client that left, a timeout) must not part
    /// the chain's head in memory from the one in the table.
    pub async fn commit(self) -> ServiceResult<()> {
        let commits = Arc::clone(&self.writer.commits);
        UnderWay { task: Some(tokio::spawn(self.finish())), commits }.ended().await
    }

    /// Its fields stay in their place: on an error they go in their order, as they do where nothing is committed.
    async fn finish(mut self) -> ServiceResult<()> {
        audit::insert(&self.tx, &self.staged).await?;
        live_events::insert(&self.tx, &self.told, self.writer.clock.now()).await?;
        if !self.told.is_empty() && self.tx.get_database_backend() == DbBackend::Postgres {
            // It says that there is something to read, and is sent with the commit.
            self.tx.execute_unprepared(&format!("NOTIFY {}", live::CHANNEL)).await?;
        }
        // Whether it was written isn't known before it is said: else the table is asked, with the next transaction.
        self.writer.unsure = true;
        self.tx.commit().await?;
        self.writer.unsure = false;
        if !self.staged.is_empty() {
            self.writer.commits.events.notify_one();
            self.writer.commits.keys.notify_one();
        }
        if self.mail {
            self.writer.commits.mail.notify_one();
        }
        if self.sms {
            self.writer.commits.sms.notify_one();
        }
        if !self.told.is_empty() {
            self.writer.commits.live.notify_one();
        }
        self.writer.heads.advance(self.staged);
        Ok(())
    }
}

/// Whether the database can answer; for `/readyz`.
pub async fn ping(db: &Db) -> ServiceResult<()> {
    db.in_place()?;
    Ok(db.read().ping().await?)
}
