//! Tables as bytes that either database takes back: rows as `encode` gives them, each behind its length (u64, big-endian), in
//! the order of their primary key. Behind the table's name, their SHA-256 is what [`super::digest`] gives.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Value};
use sha2::{Digest as _, Sha256};

use super::{
    levelling::Digest,
    rows::{PageSize, Range},
    table::{Row, Table, encode},
};
use crate::storage::{DbResult, connect};

/// Rows of one statement that writes, and bytes of them after which it is sent.
const ROWS: usize = 200;
const BYTES: usize = 2 * 1024 * 1024;

/// As [`connect::snapshot`]; what is read may take its time on the way to where it is kept.
pub async fn snapshot(conn: &DatabaseConnection) -> DbResult<DatabaseTransaction> {
    let tx = connect::snapshot(conn).await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    }
    Ok(tx)
}

/// A table being read.
#[derive(Debug)]
pub struct Dump<'a> {
    table: &'a Table,
    size: PageSize,
    after: Option<Row>,
    ended: bool,
    sum: Sum,
}

impl<'a> Dump<'a> {
    /// From its first row.
    pub fn new(table: &'a Table) -> Self {
        Self { table, size: PageSize::default(), after: None, ended: false, sum: Sum::new(table.name) }
    }

    /// The bytes of some more rows; nothing at the end.
    pub async fn next(&mut self, conn: &impl ConnectionTrait) -> DbResult<Option<Vec<u8>>> {
        if self.ended {
            return Ok(None);
        }
        let limit = Some(self.size.rows());
        let range = Range { after: self.after.as_deref(), limit, ..Range::default() };
        let rows = self.table.page(conn, range).await?;
        let Some(last) = rows.last().map(|row| self.table.key(row)) else {
            self.ended = true;
            return Ok(None);
        };
        let mut bytes = Vec::new();
        for row in &rows {
            let encoded = encode(row);
            bytes.extend((encoded.len() as u64).to_be_bytes());
            bytes.extend(encoded);
        }
        self.size = self.size.after(rows.len(), bytes.len());
        self.sum.rows += rows.len() as u64;
        self.sum.hasher.update(&bytes);
        self.after = Some(last);
        Ok(Some(bytes))
    }

    /// What was read.
    pub fn digest(self) -> Digest {
        self.sum.digest()
    }
}

/// Rows counted and hashed.
#[derive(Debug)]
struct Sum {
    rows: u64,
    hasher: Sha256,
}

impl Sum {
    fn new(table: &str) -> Self {
        Self { rows: 0, hasher: Sha256::new_with_prefix(encode(&[Value::from(table)])) }
    }

    fn digest(self) -> Digest {
        Digest { rows: self.rows, sha256: self.hasher.finalize().into() }
    }
}

/// A dump read back in pieces of any size, counted and hashed.
#[derive(Debug)]
pub struct Frames {
    rest: Vec<u8>,
    sum: Sum,
}

impl Frames {
    /// Of a table.
    pub fn new(table: &str) -> Self {
        Self { rest: Vec::new(), sum: Sum::new(table) }
    }

    /// Takes more bytes; gives the rows that they complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.sum.hasher.update(bytes);
        self.rest.extend_from_slice(bytes);
        let (mut rows, mut at) = (Vec::new(), 0);
        while let Some((row, end)) = frame(&self.rest, at) {
            rows.push(row.to_vec());
            at = end;
        }
        self.rest.drain(..at);
        self.sum.rows += rows.len() as u64;
        rows
    }

    /// What came; nothing where it broke off within a row.
    pub fn finish(self) -> Option<Digest> {
        self.rest.is_empty().then(|| self.sum.digest())
    }
}

/// The row that begins there, and where it ends.
fn frame(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (len, rest) = bytes.get(at..)?.split_first_chunk::<8>()?;
    let len = usize::try_from(u64::from_be_bytes(*len)).ok()?;
    Some((rest.get(..len)?, at + 8 + len))
}

/// A table being filled from a dump.
#[derive(Debug)]
pub struct Load<'a> {
    table: &'a Table,
    frames: Frames,
    rows: Vec<Row>,
    weight: usize,
}

impl<'a> Load<'a> {
    /// Into an empty table.
    pub fn new(table: &'a Table) -> Self {
        Self { table, frames: Frames::new(table.name), rows: Vec::new(), weight: 0 }
    }

    /// Takes more of the dump.
    pub async fn feed(&mut self, conn: &impl ConnectionTrait, bytes: &[u8]) -> DbResult<()> {
        for row in self.frames.feed(bytes) {
            self.weight += row.len();
            self.rows.push(self.table.decode(&row).ok_or_else(|| unreadable(self.table))?);
            if self.rows.len() >= ROWS || self.weight >= BYTES {
                self.flush(conn).await?;
            }
        }
        Ok(())
    }

    /// Writes what is left; says what the dump held.
    pub async fn finish(mut self, conn: &impl ConnectionTrait) -> DbResult<Digest> {
        self.flush(conn).await?;
        self.frames.finish().ok_or_else(|| unreadable(self.table))
    }

    async fn flush(&mut self, conn: &impl ConnectionTrait) -> DbResult<()> {
        self.weight = 0;
        self.table.insert(conn, std::mem::take(&mut self.rows)).await
    }
}

/// Removes every row.
pub async fn clear(table: &Table, conn: &impl ConnectionTrait) -> DbResult<()> {
    table.remove(conn, Range::default()).await.map(drop)
}

fn unreadable(table: &Table) -> DbErr {
    DbErr::Custom(format!("the dump of {} holds something else than its rows", table.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_from_pieces_of_any_size() {
        let rows = [encode(&["a".into(), 7_i64.into()]), encode(&[Value::Bytes(None)]), Vec::new()];
        let bytes: Vec<u8> =
            rows.iter().flat_map(|row| [&(row.len() as u64).to_be_bytes()[..], row].concat()).collect();
        for size in [1, 3, 8, 1000] {
            let mut frames = Frames::new("x");
            let back: Vec<Vec<u8>> = bytes.chunks(size).flat_map(|piece| frames.feed(piece)).collect();
            assert_eq!(back, rows, "{size}");
            assert_eq!(frames.finish().unwrap().rows, 3);
        }
        let mut cut = Frames::new("x");
        cut.feed(&bytes[..bytes.len() - 1]);
        assert!(cut.finish().is_none());
    }
}
