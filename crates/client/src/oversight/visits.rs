//! Events as people count them: a page asks several times for what its reader looks at once.

use std::collections::BTreeSet;

use api_types::audit::{Action, AuditEvent, Outcome};

use crate::{
    log::{CheckedEvent, Mark},
    reports::{ActorName, ExplainedEvent, ReaderMark, said},
};

/// Looks of one person that are no further apart are one visit, in milliseconds.
const APART: i64 = 15 * 60 * 1000;

/// Events that are one to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The newest of them; an opened file says more than a look.
    pub event: AuditEvent,
    /// What its actor is called, and whose word that is.
    pub who: Option<ActorName>,
    /// Under which purposes, as signed in the access chain.
    pub purposes: Vec<String>,
    /// Versions that were opened, or that came with a list.
    pub versions: BTreeSet<u32>,
    /// Time of the oldest.
    pub since: i64,
    /// How many events.
    pub count: usize,
    /// What the public log says of all of them.
    pub mark: Mark,
    /// Of readings: whose word they are.
    pub reader: Option<ReaderMark>,
}

/// Of the marks of several events that are shown as one, the one that says least.
pub(super) fn weakest(one: Mark, other: Mark) -> Mark {
    let rank = |mark: &Mark| match mark {
        Mark::Verified => 3,
        Mark::Pending => 2,
        Mark::Unchecked => 1,
        Mark::Unlogged => 0,
    };
    if rank(&one) <= rank(&other) { one } else { other }
}

/// The same of whose word readings are.
fn least_signed(one: Option<ReaderMark>, other: Option<ReaderMark>) -> Option<ReaderMark> {
    let rank = |mark: &ReaderMark| match mark {
        ReaderMark::Signed => 3,
        ReaderMark::OtherTime => 2,
        ReaderMark::Unsigned => 1,
        ReaderMark::Stranger => 0,
    };
    one.into_iter().chain(other).min_by_key(rank)
}

/// How much a look says, more with each; none for what isn't a look.
fn look(event: &AuditEvent) -> Option<u8> {
    match (event.action, event.outcome) {
        (_, Outcome::Denied) => None,
        (Action::AuditRead, _) => Some(0),
        (Action::Read, _) => Some(1),
        (Action::List, _) => Some(2),
        (Action::Open, _) => Some(3),
        _ => None,
    }
}

impl Visit {
    fn takes(&self, older: &AuditEvent, purposes: &[String]) -> bool {
        let same = self.event.report_id == older.report_id
            && self.event.actor == older.actor
            && said(&self.event, "via") == said(older, "via");
        let close = self.since.saturating_sub(older.time) <= APART;
        // Nothing that came with a list was opened by that.
        let listed = (self.event.action == Action::List) == (older.action == Action::List);
        same && close && listed && self.purposes == purposes && look(&self.event).is_some() && look(older).is_some()
    }

    /// Whether it is nothing but that the report, or this record, was looked at.
    pub fn is_look(&self) -> bool {
        look(&self.event).is_some()
    }
}

/// The version that an event opened, or that came with a list.
fn version(event: &AuditEvent) -> Option<u32> {
    let delivered = matches!(event.action, Action::Open | Action::List);
    said(event, "version").filter(|_| delivered)?.parse().ok()
}

/// Groups events, newest first as they are.
pub fn visits<'e>(events: impl IntoIterator<Item = &'e ExplainedEvent>) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for ExplainedEvent { checked: CheckedEvent { event, mark, reader }, who, purposes } in events {
        match visits.iter_mut().rev().find(|visit| visit.takes(event, purposes)) {
            Some(visit) => {
                visit.since = event.time;
                visit.count += 1;
                visit.versions.extend(version(event));
                visit.mark = weakest(visit.mark, *mark);
                visit.reader = least_signed(visit.reader, *reader);
                if look(event) > look(&visit.event) {
                    visit.event.action = event.action;
                }
            }
            None => visits.push(Visit {
                event: event.clone(),
                who: who.clone(),
                purposes: purposes.clone(),
                versions: version(event).into_iter().collect(),
                since: event.time,
                count: 1,
                mark: *mark,
                reader: *reader,
            }),
        }
    }
    visits
}

/// Puts visits of several reports in one order, newest first.
pub fn newest_first(visits: &mut [Visit]) {
    visits.sort_by_key(|visit| std::cmp::Reverse((visit.event.time, visit.event.seq)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::purposes_tests::event;

    const MINUTE: i64 = 60_000;

    fn explained(report: u8, actor: u8, minutes: i64, action: Action, purpose: &str) -> ExplainedEvent {
        let checked = event(report, actor, minutes * MINUTE, action, "");
        ExplainedEvent { checked, who: None, purposes: vec![purpose.to_owned()] }
    }

    #[test]
    fn looks_that_are_close_are_one_visit() {
        let events = [
            explained(1, 1, 40, Action::Read, "treatment"),
            explained(1, 1, 30, Action::Open, "treatment"),
            explained(1, 1, 20, Action::AuditRead, "treatment"),
            explained(1, 1, 4, Action::Read, "treatment"),
        ];
        let visits = visits(&events);
        assert_eq!(visits.len(), 2, "sixteen minutes part them");
        assert_eq!((visits[0].count, visits[0].since, visits[0].event.time), (3, 20 * MINUTE, 40 * MINUTE));
        assert_eq!(visits[0].event.action, Action::Open, "what says most");
    }

    #[test]
    fn what_came_with_a_list_is_told_apart_from_what_was_looked_at() {
        let with = |minutes, action, subject: &str| {
            let checked = event(1, 1, minutes * MINUTE, action, subject);
            ExplainedEvent { checked, who: None, purposes: vec!["treatment".to_owned()] }
        };
        let [later, listed] = [2, 1].map(|version| format!("of=reports version={version} revision=0"));
        let events = [
            with(10, Action::Open, "version=2 part=1 revision=0"),
            with(9, Action::Read, ""),
            with(8, Action::List, &later),
            with(7, Action::List, &listed),
        ];
        let told = visits(&events);
        assert_eq!(told.iter().map(|visit| visit.event.action).collect::<Vec<_>>(), [Action::Open, Action::List]);
        assert_eq!(told.iter().map(|visit| visit.count).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(told[0].versions, BTreeSet::from([2]), "version 1 was not opened");
        assert_eq!(told[1].versions, BTreeSet::from([1, 2]));
    }

    #[test]
    fn people_reports_purposes_and_deeds_stay_apart() {
        let mut denied = explained(1, 1, 9, Action::Open, "treatment");
        denied.checked.event.outcome = Outcome::Denied;
        let events = [
            explained(1, 1, 10, Action::Read, "treatment"),
            denied,
            explained(1, 2, 8, Action::Read, "treatment"),
            explained(2, 1, 7, Action::Read, "treatment"),
            explained(1, 1, 6, Action::Read, "billing"),
            explained(1, 1, 5, Action::Share, "treatment"),
            explained(1, 1, 4, Action::Share, "treatment"),
        ];
        assert_eq!(visits(&events).len(), events.len());
    }

    #[test]
    fn a_visit_is_as_verified_as_its_weakest_event() {
        let mut unchecked = explained(1, 1, 9, Action::Read, "treatment");
        unchecked.checked.mark = Mark::Unchecked;
        let visits = visits(&[explained(1, 1, 10, Action::Open, "treatment"), unchecked]);
        assert_eq!((visits.len(), visits[0].mark), (1, Mark::Unchecked));
    }

    #[test]
    fn a_visit_is_signed_for_if_all_of_it_is() {
        let signed = |minutes, reader| {
            let mut explained = explained(1, 1, minutes, Action::Read, "treatment");
            explained.checked.reader = reader;
            explained
        };
        let marks = [(10, Some(ReaderMark::Signed)), (9, Some(ReaderMark::Unsigned)), (8, None)];
        let events = marks.map(|(minutes, reader)| signed(minutes, reader));
        assert_eq!(visits(&events)[0].reader, Some(ReaderMark::Unsigned));
        assert_eq!(visits(&events[..1])[0].reader, Some(ReaderMark::Signed));
    }

    #[test]
    fn several_reports_come_in_one_order() {
        let mut all = visits(&[explained(1, 1, 10, Action::Share, "a"), explained(1, 1, 1, Action::Share, "a")]);
        all.extend(visits(&[explained(2, 2, 5, Action::Open, "b")]));
        newest_first(&mut all);
        assert_eq!(all.iter().map(|visit| visit.event.time / MINUTE).collect::<Vec<_>>(), [10, 5, 1]);
    }
}
