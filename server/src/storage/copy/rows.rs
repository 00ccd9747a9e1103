//! Pages of a table, in the order of its primary key, on either database.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::table::{Kind, Row, Table};
use crate::storage::DbResult;

/// Bytes that a page is meant to hold.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Rows of a page at most: a statement on PostgreSQL takes 65,535 values.
const PAGE_ROWS: usize = 1000;
/// Rows of the first page, whose weight nobody knows yet.
const FIRST_ROWS: usize = 16;

/// How many rows the next page asks for: of small ones many, of large ones few.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageSize(usize);

impl Default for PageSize {
    fn default() -> Self {
        Self(FIRST_ROWS)
    }
}

impl PageSize {
    pub(super) fn rows(self) -> usize {
        self.0
    }

    /// After a page of so many rows and bytes. It grows slowly, and shrinks at once.
    pub(super) fn after(self, rows: usize, bytes: usize) -> Self {
        let fitting = PAGE_BYTES / (bytes / rows.max(1)).max(1);
        Self(fitting.clamp(1, (self.0 * 2).min(PAGE_ROWS)))
    }
}

/// Which rows of a table: those behind a key, up to another.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Range<'a> {
    pub(super) after: Option<&'a [Value]>,
    pub(super) through: Option<&'a [Value]>,
    pub(super) limit: Option<usize>,
}

impl Table {
    /// The rows of a range.
    pub(super) async fn page(&self, conn: &impl ConnectionTrait, range: Range<'_>) -> DbResult<Vec<Row>> {
        let backend = conn.get_database_backend();
        let order = self.order(backend);
        let (condition, values) = self.within(backend, range);
        let limit = range.limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
        let (columns, name) = (self.names(), self.name);
        let sql = format!("SELECT {columns} FROM \"{name}\"{condition} ORDER BY {order}{limit}");
        let rows = conn.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        rows.iter().map(|row| self.read(row)).collect()
    }

    /// Removes the rows of a range, whatever its limit; says how many.
    pub(super) async fn remove(&self, conn: &impl ConnectionTrait, range: Range<'_>) -> DbResult<u64> {
        let backend = conn.get_database_backend();
        let (condition, values) = self.within(backend, range);
        let sql = format!("DELETE FROM \"{}\"{condition}", self.name);
        let done = conn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(done.rows_affected())
    }

    /// Removes one row.
    pub(super) async fn remove_one(&self, conn: &impl ConnectionTrait, key: Row) -> DbResult<()> {
        let parts = self.key.iter().enumerate();
        let parts: Vec<String> =
            parts.map(|(n, place)| format!("\"{}\" = ${}", self.columns[*place].name, n + 1)).collect();
        let sql = format!("DELETE FROM \"{}\" WHERE {}", self.name, parts.join(" AND "));
        conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, key)).await?;
        Ok(())
    }

    /// Adds rows, at most a page.
    pub(super) async fn insert(&self, conn: &impl ConnectionTrait, rows: Vec<Row>) -> DbResult<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let width = self.columns.len();
        let tuples = (0..rows.len()).map(|row| tuple(row * width, width)).collect::<Vec<_>>().join(", ");
        let sql = format!("INSERT INTO \"{}\" ({}) VALUES {tuples}", self.name, self.names());
        let values: Vec<Value> = rows.into_iter().flatten().collect();
        conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
        Ok(())
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
    }

    /// The primary key's columns, to be sorted by their bytes: PostgreSQL would sort text as its language does, SQLite sorts
    /// it by bytes.
    fn order(&self, backend: DbBackend) -> String {
        let bytes = |kind| if kind == Kind::Text && backend == DbBackend::Postgres { " COLLATE \"C\"" } else { "" };
        let columns = self.key.iter().map(|place| &self.columns[*place]);
        columns.map(|column| format!("\"{}\"{}", column.name, bytes(column.kind))).collect::<Vec<_>>().join(", ")
    }

    fn within(&self, backend: DbBackend, range: Range<'_>) -> (String, Vec<Value>) {
        let (key, width) = (self.order(backend), self.key.len());
        let mut values = Vec::new();
        let mut parts = Vec::new();
        for (sign, bound) in [(">", range.after), ("<=", range.through)] {
            if let Some(bound) = bound {
                parts.push(format!("({key}) {sign} {}", tuple(values.len(), width)));
                values.extend_from_slice(bound);
            }
        }
        let condition = if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) };
        (condition, values)
    }
}

/// `($1, $2)`, behind so many values.
fn tuple(before: usize, width: usize) -> String {
    let places: Vec<String> = (1..=width).map(|n| format!("${}", before + n)).collect();
    format!("({})", places.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_as_many_rows_as_fit() {
        let first = PageSize::default();
        assert_eq!((first.rows(), first.after(16, 160).rows()), (16, 32));
        assert_eq!(first.after(16, 16 * PAGE_BYTES).rows(), 1);
        let mut many = first;
        for _ in 0..20 {
            many = many.after(100, 100 * 50);
        }
        assert_eq!(many.rows(), PAGE_ROWS);
    }
}
