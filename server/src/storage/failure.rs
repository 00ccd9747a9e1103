//! What kind of failure a database's error is: whether it passes, and what an operator has to look at.

use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No room is left.
    Full,
    /// It can be read and not written.
    ReadOnly,
    /// It isn't there, or its disk fails.
    Away,
    /// It has no time: a lock, a statement that took too long, no connection for one more.
    Busy,
    /// What lies there isn't what was written.
    Damaged,
    /// Another: a constraint, a mistake of the program.
    Other,
}

impl Failure {
    /// Of an error.
    pub fn of(error: &DbErr) -> Self {
        let (DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error))) = error
        else {
            return if matches!(error, DbErr::ConnectionAcquire(_)) { Self::Away } else { Self::Other };
        };
        match &**error {
            // Who refuses connections is asked again until there is no time left.
            SqlxError::Io(_) | SqlxError::WorkerCrashed | SqlxError::PoolTimedOut => Self::Away,
            other => {
                other.as_database_error().and_then(|error| error.code()).map_or(Self::Other, |code| of_code(&code))
            }
        }
    }
}

/// PostgreSQL says so of what should not be, as of a value whose pieces don't fit.
const INTERNAL: &str = "XX000";

/// Whether it is what lies there that can't be read: a page, or a value that no column of that kind holds.
pub fn is_of_the_row(error: &DbErr) -> bool {
    match error {
        DbErr::Type(_) | DbErr::Custom(_) => true,
        DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            matches!(&**inner, SqlxError::ColumnDecode { .. } | SqlxError::Decode(_))
                || Failure::of(error) == Failure::Damaged
                || inner.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == INTERNAL)
        }
        _ => false,
    }
}

/// PostgreSQL's codes have five characters (its manual, appendix A); SQLite's are numbers of at most four digits, the kind in the
/// lower eight bits (sqlite.org/rescode.html).
fn of_code(code: &str) -> Failure {
    match (code.len(), code.parse::<u32>()) {
        (1..=4, Ok(number)) => of_sqlite(number),
        _ => of_postgres(code),
    }
}

/// SQLITE_READONLY_DBMOVED: the file was moved away.
const MOVED: u32 = 1032;

fn of_sqlite(code: u32) -> Failure {
    match (code, code & 0xff) {
        (MOVED, _) | (_, 10 | 14) => Failure::Away,
        (_, 5 | 6) => Failure::Busy,
        (_, 8) => Failure::ReadOnly,
        (_, 11 | 26) => Failure::Damaged,
        (_, 13) => Failure::Full,
        _ => Failure::Other,
    }
}

fn of_postgres(code: &str) -> Failure {
    match code {
        "53100" => Failure::Full,
        "25006" => Failure::ReadOnly,
        // It stops, starts, or its disk fails; it lets nobody in, there is no such database any more, or the password is another; it
        // has ended a connection that was idle.
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "58000" | "58030" | "55000" | "3D000" | "28000" | "28P01" => {
            Failure::Away
        }
        // A lock, a time that is over, or no room in its memory.
        "55P03" | "57014" | "25P03" | "25P04" | "53000" | "53200" | "53300" | "53400" | "40001" | "40P01" => {
            Failure::Busy
        }
        // The last: a file of it is gone.
        "XX001" | "XX002" | "58P01" => Failure::Damaged,
        other if other.starts_with("08") => Failure::Away,
        _ => Failure::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_codes_are_told_apart() {
        for (code, failure) in [
            ("13", Failure::Full),
            // A write that failed otherwise than for want of room: by a quota or `ulimit -f` too, which SQLite doesn't tell apart.
            ("778", Failure::Away),
            ("8", Failure::ReadOnly),
            ("1032", Failure::Away),
            ("8458", Failure::Away),
            ("14", Failure::Away),
            ("5", Failure::Busy),
            ("267", Failure::Damaged),
            ("26", Failure::Damaged),
            ("2067", Failure::Other),
            ("53100", Failure::Full),
            ("25006", Failure::ReadOnly),
            ("57P01", Failure::Away),
            ("08006", Failure::Away),
            ("55000", Failure::Away),
            ("28P01", Failure::Away),
            ("57P05", Failure::Away),
            ("25P04", Failure::Busy),
            ("53200", Failure::Busy),
            ("40001", Failure::Busy),
            ("XX001", Failure::Damaged),
            ("23505", Failure::Other),
        ] {
            assert_eq!(of_code(code), failure, "{code}");
        }
    }

    #[test]
    fn what_is_no_databases_word_is_told_by_its_kind() {
        let io = SqlxError::Io(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert_eq!(Failure::of(&DbErr::Query(RuntimeErr::SqlxError(io.into()))), Failure::Away);
        let late = SqlxError::PoolTimedOut;
        assert_eq!(Failure::of(&DbErr::Conn(RuntimeErr::SqlxError(late.into()))), Failure::Away);
        assert_eq!(Failure::of(&DbErr::Custom("database or disk is full".into())), Failure::Other);
    }

    #[test]
    fn what_passes_is_no_word_on_a_row() {
        let query = |error: SqlxError| DbErr::Query(RuntimeErr::SqlxError(error.into()));
        assert!(is_of_the_row(&query(SqlxError::Decode("no UTF-8".into()))));
        assert!(is_of_the_row(&DbErr::Custom(
            "audit_events.outcome holds a value that this version doesn't know".into()
        )));
        assert!(!is_of_the_row(&query(SqlxError::PoolTimedOut)) && !is_of_the_row(&query(SqlxError::RowNotFound)));
    }
}
