//! What time it is for who holds what, and for how long: by the database's clock, which all its servers share. Else one whose own
//! clock is ahead would end what another holds and renews.
//!
//! It is asked for whenever something is taken, renewed or looked at, by work beside requests. A difference that was measured
//! before would be wrong as soon as somebody sets a clock. SQLite has one server, whose clock is the database's as well.

use api_types::UnixMillis;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::DbResult;
use crate::clock::{Clock, now_ms};

/// PostgreSQL's time in milliseconds: of the moment, however long its transaction waited before.
pub const SQL: &str = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint";

/// By the database's clock, moved forward as this server's was.
pub async fn now(conn: &impl ConnectionTrait, clock: &Clock) -> DbResult<UnixMillis> {
    Ok(shared(conn).await?.map_or_else(|| clock.now(), |time| time + clock.moved()))
}

/// By the database's clock as it is.
pub async fn unmoved(conn: &impl ConnectionTrait) -> DbResult<UnixMillis> {
    Ok(shared(conn).await?.unwrap_or_else(now_ms))
}

async fn shared(conn: &impl ConnectionTrait) -> DbResult<Option<UnixMillis>> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let asked = Statement::from_string(DbBackend::Postgres, format!("SELECT {SQL}"));
    let found = conn.query_one_raw(asked).await?;
    let found = found.ok_or_else(|| DbErr::RecordNotFound("the time".to_owned()))?;
    Ok(Some(found.try_get_by_index(0)?))
}

/// What time it is for messages: each of two clocks for what goes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// By this server's own, for what is due: else what a server whose clock is ahead queues would wait for the others'.
    pub own: UnixMillis,
    /// By the database's, for who has what in hand.
    pub leases: UnixMillis,
}

impl Times {
    /// Both, now.
    pub async fn now(conn: &impl ConnectionTrait, clock: &Clock) -> DbResult<Self> {
        Ok(Self { leases: now(conn, clock).await?, own: clock.now() })
    }
}
