//! The PostgreSQL database that a copy is made in, from empty to complete.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TransactionTrait};
use tokio::time::sleep;

use super::marks::{self, COPY};
use crate::{
    database_url::DatabaseUrl,
    storage::{
        DbResult,
        connect::{Purpose, begin, connect, reach},
        migrate::{self, DatabaseError},
    },
};

/// Advisory lock of who copies, "HScopyto" in hexadecimal.
const COPY_LOCK: i64 = 0x4853_636f_7079_746f;

/// How long one that was killed may need until PostgreSQL has noticed.
const WAIT: Duration = Duration::from_secs(3);
/// How often that is looked for.
const LOOK: Duration = Duration::from_millis(100);

/// What takes each secondary index and foreign key away, and what brings it back: indexes first, as keys may need them.
const LATER: &str = "
SELECT 1, format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 2, format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
ORDER BY 1, 3";

/// Why a database can't take a copy. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It holds something.
    #[error("the database to move to holds tables already, and they are not an unfinished copy: name an empty one")]
    NotEmpty,
    /// The copy was begun from elsewhere.
    #[error("the database to move to holds an unfinished copy of another installation: name an empty one")]
    Other,
    /// Another process copies.
    #[error("another healthsecure copies into this database: let it end")]
    Busy,
    /// The copy was begun by another version.
    #[error(
        "the copy was begun by an earlier version of healthsecure: drop that database, and begin with an empty one"
    )]
    Earlier,
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sea_orm::DbErr> for TargetError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

/// A database that a copy is made in, held by this process alone.
#[derive(Debug)]
pub struct Target {
    conn: DatabaseConnection,
    holder: DatabaseConnection,
    held: DatabaseTransaction,
}

impl Target {
    /// Connects, and holds the database against others who would copy into it.
    ///
    /// # Errors
    /// [`TargetError::Busy`], or what is wrong with the database.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, TargetError> {
        let conn = reach(url, Purpose::Migrate).await?;
        migrate::usable(&conn).await?;
        let holder = connect(url, Purpose::Migrate).await?;
        let held = holder.begin().await?;
        held.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        let begun = Instant::now();
        while !migrate::try_lock(&held, COPY_LOCK).await? {
            if begun.elapsed() > WAIT {
                return Err(TargetError::Busy);
            }
            sleep(LOOK).await;
        }
        Ok(Self { conn, holder, held })
    }

    /// The connection to copy by.
    pub fn conn(&self) -> &DatabaseConnection {
        &self.conn
    }

    /// Whether it holds an unfinished copy.
    pub async fn is_begun(&self) -> DbResult<bool> {
        migrate::has_table(&self.conn, COPY).await
    }

    /// Makes an empty database ready for a copy of that installation, or goes on with one that was begun.
    ///
    /// # Errors
    /// [`TargetError`].
    pub async fn prepare(&self, instance: &[u8; 16]) -> Result<(), TargetError> {
        let tx = begin(&self.conn).await?;
        migrate::lease(&tx).await?;
        // Half a restore is nobody's copy.
        if marks::is_restoring(&tx).await? {
            return Err(TargetError::NotEmpty);
        }
        if migrate::has_table(&tx, COPY).await? {
            return go_on(&tx, instance).await;
        }
        if any_table(&tx).await? {
            return Err(TargetError::NotEmpty);
        }
        migrate::up(&tx).await?;
        put_off(&tx, instance).await?;
        Ok(tx.commit().await?)
    }

    /// Ends the copy: indexes and foreign keys come back, which checks every row, and the mark goes, all at once.
    ///
    /// # Errors
    /// The database's; the copy stays unfinished.
    pub async fn complete(self) -> DbResult<()> {
        let tx = begin(&self.conn).await?;
        let sql = format!("SELECT sql FROM {COPY} ORDER BY place");
        for row in tx.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await? {
            tx.execute_unprepared(&row.try_get_by_index::<String>(0)?).await?;
        }
        tx.execute_unprepared(&format!("DROP TABLE {COPY}")).await?;
        // Fails where the hold was lost meanwhile, and with it the certainty of being alone.
        self.held.commit().await?;
        tx.commit().await?;
        // So that the first queries are planned for what is there.
        self.conn.execute_unprepared("ANALYZE").await?;
        self.holder.close().await?;
        self.conn.close().await
    }
}

async fn go_on(tx: &DatabaseTransaction, instance: &[u8; 16]) -> Result<(), TargetError> {
    let sql = format!("SELECT COUNT(*) FROM {COPY} WHERE instance_id <> $1");
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [instance.to_vec().into()]);
    let foreign = tx.query_one_raw(statement).await?.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    if foreign != Some(0) {
        return Err(TargetError::Other);
    }
    match migrate::missing(tx).await? {
        0 => Ok(()),
        _ => Err(TargetError::Earlier),
    }
}

/// Takes secondary indexes and foreign keys away, and keeps what brings them back.
async fn put_off(tx: &DatabaseTransaction, instance: &[u8; 16]) -> DbResult<()> {
    let table =
        format!("CREATE TABLE {COPY} (place INTEGER PRIMARY KEY, instance_id BYTEA NOT NULL, sql TEXT NOT NULL)");
    let later = tx.query_all_raw(Statement::from_string(DbBackend::Postgres, LATER)).await?;
    tx.execute_unprepared(&table).await?;
    let insert = format!("INSERT INTO {COPY} (place, instance_id, sql) VALUES ($1, $2, $3)");
    // Keys go first, as what they need can't go before them.
    for (place, row) in later.iter().enumerate().rev() {
        let (away, restore): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let values = [(place as i32).into(), instance.to_vec().into(), restore.into()];
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, insert.clone(), values)).await?;
        tx.execute_unprepared(&away).await?;
    }
    Ok(())
}

async fn any_table(tx: &DatabaseTransaction) -> DbResult<bool> {
    let sql = "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema()";
    let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let count = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    Ok(count != Some(0))
}
