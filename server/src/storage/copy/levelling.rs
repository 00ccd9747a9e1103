//! Bringing a table level with another, and comparing all of it.

use std::{collections::BTreeMap, fmt};

use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait, Value};
use sha2::{Digest as _, Sha256};

use super::{
    rows::{PageSize, Range},
    table::{Row, Table, encode},
};
use crate::storage::DbResult;

/// What bringing a table level took.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Levelled {
    /// Rows of the source.
    pub rows: u64,
    /// Rows of the copy that were added, replaced or removed.
    pub changed: u64,
}

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// How many rows.
    pub rows: u64,
    /// Over the table's name and its rows in the order of their primary key, each as `encode` gives it behind its length.
    pub sha256: [u8; 32],
}

/// A table that isn't the same in both places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Different {
    /// Its name.
    pub table: &'static str,
    /// There.
    pub source: Digest,
    /// In the copy.
    pub copy: Digest,
}

impl fmt::Display for Different {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, source, copy } = self;
        write!(f, "{table} has {} rows with the SHA-256 {}", source.rows, hex::encode(source.sha256))?;
        write!(f, ", its copy {} with {}", copy.rows, hex::encode(copy.sha256))
    }
}

/// What a page needs so that the copy becomes the source.
#[derive(Debug, Default)]
struct Change {
    /// Keys of rows that are too much, and of those that are replaced.
    removed: Vec<Row>,
    /// Rows that are missing, and those that replace.
    written: Vec<Row>,
    /// How many rows this changes.
    rows: u64,
}

/// Makes a table of the copy what the source's is. Each page is durable by itself.
///
/// # Errors
/// Either database's; what was written stays, and is found again.
pub async fn level(table: &Table, source: &DatabaseConnection, copy: &DatabaseConnection) -> DbResult<Levelled> {
    let (mut done, mut size, mut after) = (Levelled::default(), PageSize::default(), None::<Row>);
    loop {
        let limit = Some(size.rows());
        let rows = table.page(source, Range { after: after.as_deref(), limit, ..Range::default() }).await?;
        let Some(last) = rows.last().map(|row| table.key(row)) else { break };
        let through = Some(last.as_slice());
        let there = table.page(copy, Range { after: after.as_deref(), through, limit: None }).await?;
        let bytes: usize = rows.iter().map(|row| encode(row).len()).sum();
        size = size.after(rows.len(), bytes);
        done.rows += rows.len() as u64;
        let change = change(table, rows, there);
        done.changed += change.rows;
        apply(table, copy, change).await?;
        after = Some(last);
    }
    done.changed += table.remove(copy, Range { after: after.as_deref(), ..Range::default() }).await?;
    Ok(done)
}

fn change(table: &Table, rows: Vec<Row>, there: Vec<Row>) -> Change {
    let by_key = |row: Row| (encode(&table.key(&row)), row);
    let mut there: BTreeMap<Vec<u8>, Row> = there.into_iter().map(by_key).collect();
    let mut change = Change::default();
    for row in rows {
        let key = table.key(&row);
        match there.remove(&encode(&key)) {
            Some(same) if same == row => {}
            Some(_) => {
                change.removed.push(key);
                change.written.push(row);
            }
            None => change.written.push(row),
        }
    }
    change.rows = (change.written.len() + there.len()) as u64;
    change.removed.extend(there.into_values().map(|row| table.key(&row)));
    change
}

async fn apply(table: &Table, copy: &DatabaseConnection, change: Change) -> DbResult<()> {
    if change.rows == 0 {
        return Ok(());
    }
    let tx = copy.begin().await?;
    for key in change.removed {
        table.remove_one(&tx, key).await?;
    }
    table.insert(&tx, change.written).await?;
    tx.commit().await
}

/// Counts and hashes a table.
pub async fn digest(table: &Table, conn: &impl ConnectionTrait) -> DbResult<Digest> {
    let mut hasher = Sha256::new_with_prefix(encode(&[Value::from(table.name)]));
    let (mut count, mut size, mut after) = (0, PageSize::default(), None::<Row>);
    loop {
        let limit = Some(size.rows());
        let rows = table.page(conn, Range { after: after.as_deref(), limit, ..Range::default() }).await?;
        let Some(last) = rows.last().map(|row| table.key(row)) else { break };
        let mut bytes = 0;
        for row in &rows {
            let encoded = encode(row);
            hasher.update((encoded.len() as u64).to_be_bytes());
            hasher.update(&encoded);
            bytes += encoded.len();
        }
        count += rows.len() as u64;
        size = size.after(rows.len(), bytes);
        after = Some(last);
    }
    Ok(Digest { rows: count, sha256: hasher.finalize().into() })
}

/// Reads a table in both places; what differs, or nothing.
pub async fn compare(
    table: &Table,
    source: &DatabaseConnection,
    copy: &DatabaseConnection,
) -> DbResult<Result<Digest, Different>> {
    let (there, here) = tokio::try_join!(digest(table, source), digest(table, copy))?;
    if there == here {
        return Ok(Ok(there));
    }
    Ok(Err(Different { table: table.name, source: there, copy: here }))
}
