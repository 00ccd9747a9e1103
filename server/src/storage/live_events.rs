//! `live_events`: what open pages are told, kept for a while so that a page goes on where its line broke, on whichever server.
//!
//! An id is one more than the newest when it is written, by a transaction that nobody else writes beside: on PostgreSQL the
//! advisory lock of the audit chain is held until after the commit can be seen. So ids rise in the order in which their rows
//! appear, and whoever has read up to one finds everything else above it. The newest row always stays: it holds the count.

use std::{fmt, str::FromStr};

use api_types::{
    AccountId, GrantId, ReportId, SessionId, UnixMillis,
    live::{LiveEvent, LiveKind},
};
use entities::live_events::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::DbResult;
use crate::{ServiceResult, audit::enum_name, random};

/// Rows of one `INSERT`.
const INSERT_ROWS: usize = 500;

/// A row's place, as a page gives it back: `<id>.<nonce>`. The nonce tells it from a row that had the id before the database
/// was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Rises with time.
    pub id: i64,
    nonce: [u8; 8],
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, hex::encode(self.nonce))
    }
}

/// Not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a live event")]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (id, nonce) = text.split_once('.').ok_or(NoPosition)?;
        let mut bytes = [0; 8];
        hex::decode_to_slice(nonce, &mut bytes).map_err(|_| NoPosition)?;
        Ok(Self { id: id.parse().map_err(|_| NoPosition)?, nonce: bytes })
    }
}

/// An event at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRow {
    /// Where.
    pub position: Position,
    /// What.
    pub event: LiveEvent,
}

fn position(id: i64, nonce: &[u8]) -> DbResult<Position> {
    Ok(Position { id, nonce: super::id("live_events", "nonce", nonce)? })
}

fn row(model: Model) -> DbResult<LiveRow> {
    let id =
        |column, bytes: Option<Vec<u8>>| bytes.map(|bytes| super::id::<32>("live_events", column, &bytes)).transpose();
    let short =
        |column, bytes: Option<Vec<u8>>| bytes.map(|bytes| super::id::<16>("live_events", column, &bytes)).transpose();
    Ok(LiveRow {
        position: position(model.id, &model.nonce)?,
        event: LiveEvent {
            kind: super::name::<LiveKind>("live_events", "kind", &model.kind)?,
            report_id: id("report_id", model.report_id)?.map(ReportId),
            grant_id: short("grant_id", model.grant_id)?.map(GrantId),
            session_id: short("session_id", model.session_id)?.map(SessionId),
        },
    })
}

/// Writes events behind the newest, in the transaction of what they tell of.
pub async fn insert(
    conn: &impl ConnectionTrait,
    told: &[(AccountId, LiveEvent)],
    now: UnixMillis,
) -> ServiceResult<()> {
    if told.is_empty() {
        return Ok(());
    }
    let before = newest(conn).await?.map_or(0, |newest| newest.id);
    let mut rows = Vec::with_capacity(told.len());
    for (id, (account, event)) in (before + 1..).zip(told) {
        rows.push(ActiveModel {
            id: Set(id),
            nonce: Set(random::bytes::<8>()?.to_vec()),
            account_id: Set(account.0.to_vec()),
            kind: Set(enum_name(&event.kind)),
            report_id: Set(event.report_id.map(|id| id.0.to_vec())),
            grant_id: Set(event.grant_id.map(|id| id.0.to_vec())),
            session_id: Set(event.session_id.map(|id| id.0.to_vec())),
            created_at: Set(now),
        });
    }
    for some in rows.chunks(INSERT_ROWS) {
        Entity::insert_many(some.to_vec()).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// The newest place; `None` before the first event.
pub async fn newest(conn: &impl ConnectionTrait) -> DbResult<Option<Position>> {
    let query = Entity::find().select_only().column(Column::Id).column(Column::Nonce).order_by_desc(Column::Id);
    let found: Option<(i64, Vec<u8>)> = query.limit(1).into_tuple().one(conn).await?;
    found.map(|(id, nonce)| position(id, &nonce)).transpose()
}

/// Whether this place is still there: then nothing above it was removed.
pub async fn holds(conn: &impl ConnectionTrait, place: Position) -> DbResult<bool> {
    let found = Entity::find_by_id(place.id).one(conn).await?;
    Ok(found.is_some_and(|model| model.nonce == place.nonce))
}

/// An account's events above an id, oldest first.
pub async fn after(conn: &impl ConnectionTrait, account: AccountId, id: i64, most: u64) -> DbResult<Vec<LiveRow>> {
    let query = Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).filter(Column::Id.gt(id));
    query.order_by_asc(Column::Id).limit(most).all(conn).await?.into_iter().map(row).collect()
}

/// Whom the events above `after`, up to `through`, are for.
pub async fn accounts(conn: &impl ConnectionTrait, after: i64, through: i64) -> DbResult<Vec<AccountId>> {
    let query = Entity::find().select_only().column(Column::AccountId).distinct();
    let query = query.filter(Column::Id.gt(after)).filter(Column::Id.lte(through));
    let found: Vec<Vec<u8>> = query.into_tuple().all(conn).await?;
    found.iter().map(|id| super::id("live_events", "account_id", id).map(AccountId)).collect()
}

/// Forgets those from before a time and all that lie before one of them, but for the newest: a place above all that is removed goes
/// on to be one. Where the servers' clocks differ a row may be older than the one before it, and goes no earlier than that one:
/// nothing above a place that is still there was removed.
pub async fn forget_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<()> {
    let Some(newest) = newest(conn).await? else { return Ok(()) };
    let old = Entity::find().select_only().column(Column::Id).filter(Column::CreatedAt.lt(time));
    let last: Option<i64> = old.order_by_desc(Column::Id).limit(1).into_tuple().one(conn).await?;
    let Some(last) = last else { return Ok(()) };
    let query = Entity::delete_many().filter(Column::Id.lte(last)).filter(Column::Id.lt(newest.id));
    query.exec(conn).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = Position { id: 71, nonce: [0xab; 8] };
        assert_eq!(place.to_string(), "71.abababababababab");
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in
            ["", "71", "71.", ".abababababababab", "71.abab", "x.abababababababab", "71.abababababababab0", "7 1.ab"]
        {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }
}
