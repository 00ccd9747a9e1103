//! `healthsecure migrate-to`: moves an installation from SQLite to PostgreSQL.
//!
//! While the server runs, everything is copied. Then the server is stopped, which this waits for: it takes the data folder and the database, copies
//! what changed since, compares every table in both places, and only then marks the old database as moved and the new one as
//! complete, in this order. At no time may a server use both; killed at any point, it is run again and goes on. What lies
//! in files stays where it is: ciphertext and secrets.

use std::{fs::File, path::PathBuf, time::Duration};

use api_types::audit::Action;
use sea_orm::{DatabaseConnection, DbErr};
use tokio::time::sleep;

use crate::{
    ServiceError,
    audit::EventDraft,
    clock::now_ms,
    data_folder,
    database_url::DatabaseUrl,
    state::StartError,
    storage::{
        connect::{Purpose, begin, connect, reach},
        copy::{
            Different, Levelled, Table, compare, level, marks, tables,
            target::{Target, TargetError},
        },
        db::Db,
        instance,
        migrate::{self, DatabaseError},
    },
};

/// How often it looks whether the server has ended.
const LOOK: Duration = Duration::from_millis(200);

/// What is moved, and where to.
#[derive(Debug, Clone)]
pub struct Move {
    /// The data folder, which belongs to whoever serves it.
    pub data: PathBuf,
    /// SQLite.
    pub from: DatabaseUrl,
    /// PostgreSQL.
    pub to: DatabaseUrl,
}

/// What was moved.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Tables.
    pub tables: usize,
    /// Rows, counted and hashed in both places.
    pub rows: u64,
}

/// Why an installation wasn't moved. It can go on where it was, unless it was marked as moved already.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// The source is another kind of database.
    #[error("only SQLite is moved: name it with --from sqlite:PATH")]
    NotSqlite,
    /// The target is another kind of database.
    #[error("an installation is moved to PostgreSQL: postgres://USER@HOST/DATABASE")]
    NotPostgres,
    /// No server ever ran here.
    #[error("there is no installation in {0} yet: nothing to move")]
    Nothing(String),
    /// The source.
    #[error("{0}: {1}")]
    Source(String, DatabaseError),
    /// The target.
    #[error("{0}: {1}")]
    Target(String, TargetError),
    /// A table was copied wrongly, or somebody wrote to one of the two meanwhile.
    #[error("the copy is not the same: {0}. Nothing was switched; run this again, which copies what differs")]
    Different(Different),
    /// Copying failed.
    #[error("copying stopped: {0}. Run this again, which goes on from there")]
    Copy(#[from] DbErr),
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] StartError),
    /// The move couldn't be recorded.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Moves it; tells `say` what it does and what it waits for.
///
/// # Errors
/// [`MoveError`].
pub async fn run(order: &Move, say: impl Fn(&str)) -> Result<Moved, MoveError> {
    if !order.from.is_sqlite() {
        return Err(MoveError::NotSqlite);
    }
    if order.to.is_sqlite() {
        return Err(MoveError::NotPostgres);
    }
    let source = open_source(order).await?;
    let target = open_target(order, &source).await?;
    let tables = tables()?;
    let lock = match try_folder(order)? {
        Some(lock) => lock,
        None => {
            say("The server is running: copying what there is.");
            let done = level_all(&tables, &source, &target).await?;
            say(&format!("Copied {}. Stop the server now; what changes until then is copied after that.", told(done)));
            wait_for_folder(order).await?
        }
    };
    record(order).await?;
    let done = level_all(&tables, &source, &target).await?;
    say(&format!("The server is stopped. Copied {}; comparing every row.", told(done)));
    let moved = compare_all(&tables, &source, target.conn()).await?;
    switch(order, source, target).await?;
    drop(lock);
    Ok(moved)
}

/// Compares all tables in both places.
///
/// # Errors
/// [`MoveError::Different`] names the first that isn't the same.
pub async fn compare_all(
    tables: &[Table],
    source: &DatabaseConnection,
    copy: &DatabaseConnection,
) -> Result<Moved, MoveError> {
    let mut moved = Moved::default();
    for table in tables {
        let same = compare(table, source, copy).await?.map_err(MoveError::Different)?;
        moved.tables += 1;
        moved.rows += same.rows;
    }
    Ok(moved)
}

/// The source, read only. Also one that is marked as moved: completing the copy may be all that is left to do.
async fn open_source(order: &Move) -> Result<DatabaseConnection, MoveError> {
    let failed = |error: DatabaseError| MoveError::Source(order.from.to_string(), error);
    let source = reach(&order.from, Purpose::Read).await.map_err(failed)?;
    migrate::require_current(&source).await.map_err(failed)?;
    Ok(source)
}

async fn open_target(order: &Move, source: &DatabaseConnection) -> Result<Target, MoveError> {
    let failed = |error: TargetError| MoveError::Target(order.to.to_string(), error);
    let instance = instance::load(source).await?.ok_or_else(|| MoveError::Nothing(order.from.to_string()))?;
    let target = Target::open(&order.to).await.map_err(failed)?;
    if let Some(to) = marks::moved_to(source).await?
        && !target.is_begun().await?
    {
        return Err(MoveError::Source(order.from.to_string(), DatabaseError::Moved(to)));
    }
    target.prepare(&instance.instance_id).await.map_err(failed)?;
    Ok(target)
}

/// The folder, and the database's file, which may lie elsewhere: while they are held no server has either.
type Held = (File, Option<File>);

fn try_folder(order: &Move) -> Result<Option<Held>, MoveError> {
    let folder = data_folder::lock(&order.data);
    match folder.and_then(|folder| Ok((folder, data_folder::lock_database(&order.from)?))) {
        Ok(lock) => Ok(Some(lock)),
        Err(StartError::InUse(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn wait_for_folder(order: &Move) -> Result<Held, MoveError> {
    loop {
        if let Some(lock) = try_folder(order)? {
            return Ok(lock);
        }
        sleep(LOOK).await;
    }
}

/// The move is an event like any, the last one of the old database.
async fn record(order: &Move) -> Result<(), MoveError> {
    let db = match Db::open(&order.from).await {
        Ok(db) => db,
        // It was recorded before it was marked.
        Err(DatabaseError::Moved(_)) => return Ok(()),
        Err(error) => return Err(MoveError::Source(order.from.to_string(), error)),
    };
    let mut tx = db.begin_write().await?;
    tx.record(EventDraft::anonymous(Action::System).with("what", "move").with("to", "postgres")).await?;
    tx.commit().await?;
    Ok(db.close().await?)
}

async fn level_all(tables: &[Table], source: &DatabaseConnection, target: &Target) -> Result<Levelled, MoveError> {
    let mut all = Levelled::default();
    for table in tables {
        let done = level(table, source, target.conn()).await?;
        all.rows += done.rows;
        all.changed += done.changed;
    }
    Ok(all)
}

fn told(done: Levelled) -> String {
    format!("{} rows, of which {} were new or different", done.rows, done.changed)
}

/// First the old database ends, then the new one begins. Between the two nothing can be started, and this can be run again.
async fn switch(order: &Move, source: DatabaseConnection, target: Target) -> Result<(), MoveError> {
    if marks::moved_to(&source).await?.is_none() {
        let writer = connect(&order.from, Purpose::Write).await?;
        let tx = begin(&writer).await?;
        marks::mark_moved(&tx, &order.to.to_string(), now_ms()).await?;
        tx.commit().await?;
        writer.close().await?;
    }
    source.close().await?;
    Ok(target.complete().await?)
}
