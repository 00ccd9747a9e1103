//! `audit_events` grows old: rows go, their leaves in the events tree stay (docs/log.md, “Retention”).
//!
//! Events are examined in their order, each once. One that concerns no report goes; one of a report takes those before it in
//! that report's chain with it, so that the newest that was examined stays. How far this has come stands in the event that
//! the removal is itself, which the tree commits to.

use std::collections::BTreeMap;

use api_types::{UnixMillis, audit::Action};
use entities::audit_events::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::DbResult;
use crate::audit::{EventDraft, enum_name};

/// How the subject of a removal's event begins.
const SUBJECT: &str = "what=retention ";

/// What was removed so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Events, all together.
    pub total: u64,
    /// Every event before this position was examined.
    pub through: u64,
}

impl Removed {
    /// What the newest removal says; nothing before the first.
    pub async fn load(conn: &impl ConnectionTrait) -> DbResult<Self> {
        let newest = Entity::find()
            .select_only()
            .column(Column::Subject)
            .filter(Column::Action.eq(enum_name(&Action::System)))
            .filter(Column::Subject.starts_with(SUBJECT))
            .order_by_desc(Column::Seq)
            .limit(1);
        match newest.into_tuple::<String>().one(conn).await? {
            None => Ok(Self::default()),
            Some(subject) => Self::parse(&subject).ok_or_else(|| super::corrupt("audit_events", "subject")),
        }
    }

    fn parse(subject: &str) -> Option<Self> {
        let value = |key| {
            subject.split(' ').find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == key))?.1.parse().ok()
        };
        Some(Self { total: value("total")?, through: value("through")? })
    }
}

/// An event that is too old.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Old {
    seq: u64,
    /// The report and the event's number there.
    report: Option<(Vec<u8>, i64)>,
}

/// Events that follow one another and are all too old.
#[derive(Debug)]
pub struct Batch {
    before: Removed,
    limit: UnixMillis,
    events: Vec<Old>,
    full: bool,
}

impl Batch {
    /// The next `most` events that were not examined, up to the first that is not before `limit` or that the tree, of
    /// `leaves`, doesn't hold.
    pub async fn next(conn: &impl ConnectionTrait, leaves: u64, limit: UnixMillis, most: u64) -> DbResult<Self> {
        let before = Removed::load(conn).await?;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let rows = Entity::find()
            .select_only()
            .columns([Column::Seq, Column::Time, Column::ReportId, Column::ReportSeq])
            .filter(Column::Seq.gte(number(before.through)))
            .filter(Column::Seq.lt(number(leaves)))
            .order_by_asc(Column::Seq)
            .limit(most)
            .into_tuple::<(i64, UnixMillis, Option<Vec<u8>>, Option<i64>)>()
            .all(conn)
            .await?;
        let old = rows.into_iter().take_while(|(_, time, ..)| *time < limit);
        let events: Vec<Old> =
            old.map(|(seq, _, id, place)| Old { seq: seq.unsigned_abs(), report: id.zip(place) }).collect();
        let full = events.len() as u64 == most;
        Ok(Self { before, limit, events, full })
    }

    /// Whether there may be more behind it.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Whether it is worth an event: something goes, or so much was looked at for nothing that it must not be again.
    pub fn is_due(&self) -> bool {
        let goes = |old: &Old| old.report.as_ref().is_none_or(|(_, place)| *place > 1);
        self.full || self.events.iter().any(goes)
    }

    /// Removes what goes, and from what stays its value of the whole log's chain, against which a removed event could be
    /// guessed. Gives the event that says so: for the same transaction, which must be the only one that writes.
    pub async fn remove(self, conn: &impl ConnectionTrait) -> DbResult<EventDraft> {
        let (Some(first), Some(last)) = (self.events.first(), self.events.last()) else {
            return Ok(self.event(0, self.before.through));
        };
        let examined = (first.seq as i64)..=(last.seq as i64);
        let here = || Column::Seq.between(*examined.start(), *examined.end());
        let of_none = Entity::delete_many().filter(here()).filter(Column::ReportId.is_null());
        let mut removed = of_none.exec(conn).await?.rows_affected;
        for (report, newest) in newest_of_each(&self.events) {
            let older = Entity::delete_many().filter(Column::ReportId.eq(report)).filter(Column::ReportSeq.lt(newest));
            removed += older.exec(conn).await?.rows_affected;
        }
        let stay = Entity::update_many().col_expr(Column::Chain, Expr::value(Vec::<u8>::new())).filter(here());
        stay.exec(conn).await?;
        Ok(self.event(removed, last.seq + 1))
    }

    fn event(&self, removed: u64, through: u64) -> EventDraft {
        EventDraft::anonymous(Action::System)
            .with("what", "retention")
            .with("removed", removed)
            .with("total", self.before.total + removed)
            .with("through", through)
            .with("before", self.limit)
    }
}

/// By report, the highest number.
fn newest_of_each(events: &[Old]) -> BTreeMap<&[u8], i64> {
    let mut newest = BTreeMap::new();
    for (report, place) in events.iter().filter_map(|old| old.report.as_ref()) {
        let highest = newest.entry(&report[..]).or_insert(*place);
        *highest = (*highest).max(*place);
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_goes_on_where_the_one_before_ended() {
        let batch = Batch { before: Removed { total: 7, through: 40 }, limit: 864, events: Vec::new(), full: false };
        let event = batch.event(3, 50);
        assert_eq!(event.subject, "what=retention removed=3 total=10 through=50 before=864");
        assert_eq!(Removed::parse(&event.subject), Some(Removed { total: 10, through: 50 }));
        assert_eq!(Removed::parse("what=retention through=x total=1"), None);
    }

    #[test]
    fn a_first_event_alone_is_not_due() {
        let one = |place| Old { seq: 0, report: Some((vec![1], place)) };
        let due = |events, full| Batch { before: Removed::default(), limit: 0, events, full }.is_due();
        assert!(!due(vec![], false) && !due(vec![one(1)], false));
        assert!(due(vec![one(2)], false) && due(vec![Old { seq: 0, report: None }], false));
        assert!(due(vec![one(1)], true), "never looked at twice");
    }
}
