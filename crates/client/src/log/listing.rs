//! Nothing is left out of a list of all events.
//!
//! Leaf n is event n, so a list without a filter has every number. A server that removes old events (docs/log.md,
//! Retention) says so in an event: how many, and below which number it looked. Below that some may be missing; above it
//! none may.

use std::ops::Range;

use api_types::{
    UnixMillis,
    audit::{Action, AuditEvent, Outcome},
};

use super::{CheckedEvent, Mark};
use crate::{
    api::EventFilter,
    error::{ClientError, Result},
    platform::Platform,
    refusal::Refusal,
    reports::{LEEWAY, OLD, check_log},
    transport::TransportError,
    vault::Vault,
};

/// How the subject of a removal begins.
const SUBJECT: &str = "what=retention ";

/// What the server says that it has removed for its age.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Removed {
    /// Every event below this number was looked at, none above.
    through: u64,
    /// Events removed, all together.
    total: u64,
    /// What was removed is from before this time.
    before: UnixMillis,
}

impl Removed {
    /// What an event says of it. `None` for any other event, and for a removal of what was not six years old: the rule
    /// allows none, so it explains nothing.
    fn said_by(event: &AuditEvent, now: UnixMillis) -> Option<Self> {
        let by_server = event.actor.is_none() && event.report_id.is_none();
        let done = event.action == Action::System && event.outcome == Outcome::Success;
        let pairs = event.subject.strip_prefix(SUBJECT).filter(|_| by_server && done)?;
        let value = |key| pairs.split(' ').find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == key));
        let removed = Self {
            through: value("through")?.1.parse().ok()?,
            total: value("total")?.1.parse().ok()?,
            before: value("before")?.1.parse().ok()?,
        };
        let old = removed.before.saturating_add(OLD);
        let allowed = old <= event.time && old <= now.saturating_add(LEEWAY) && removed.through <= event.seq;
        allowed.then_some(removed)
    }

    /// Whether all that is missing may be among it.
    fn covers(&self, missing: &[Range<u64>]) -> bool {
        missing.iter().all(|gap| gap.end <= self.through) && count(missing) <= self.total
    }
}

/// The newest of what these say.
fn newest<'e>(items: impl Iterator<Item = &'e CheckedEvent>, now: UnixMillis) -> Option<Removed> {
    items.filter_map(|item| Removed::said_by(&item.event, now)).max_by_key(|removed| removed.through)
}

fn count(missing: &[Range<u64>]) -> u64 {
    missing.iter().fold(0, |sum, gap| sum.saturating_add(gap.end.saturating_sub(gap.start)))
}

/// Whether nothing narrows a list. Days do: numbers rise with times only where no clock was ever set back.
fn is_whole(filter: &EventFilter) -> bool {
    EventFilter { before: None, ..*filter } == EventFilter::default()
}

/// The next page begins directly below this one.
fn check_next(items: &[CheckedEvent], top: u64, next: Option<u64>) -> Result<(), Refusal> {
    let oldest = items.last().map(|item| item.event.seq);
    if next.is_none() || next == oldest {
        return Ok(());
    }
    Err(Refusal::EventsBroken { seq: oldest.unwrap_or(top).saturating_sub(1) })
}

/// What a page lacks, newest first: from `top` down to its oldest event, or to the very first where the list `ends`.
fn lacking(items: &[CheckedEvent], top: u64, ends: bool) -> Vec<Range<u64>> {
    let mut missing = Vec::new();
    let mut above = top;
    for seq in items.iter().map(|item| item.event.seq) {
        let next = seq.saturating_add(1);
        if next < above {
            missing.push(next..above);
        }
        above = seq;
    }
    if ends && above > 0 {
        missing.push(0..above);
    }
    missing
}

/// What stayed where old events were removed is old itself: nobody picks single ones out of a time that has not passed.
fn check_stayed(items: &[CheckedEvent], removed: &Removed) -> Result<(), Refusal> {
    let since = removed.before.saturating_add(LEEWAY);
    let young = |event: &&AuditEvent| event.seq < removed.through && event.time >= since;
    match items.iter().map(|item| &item.event).find(young) {
        Some(event) => Err(Refusal::EventsBroken { seq: event.seq }),
        None => Ok(()),
    }
}

impl<P: Platform> Vault<P> {
    /// Below which number a list has everything. `None` under a filter. Ask before the list is asked for: what the log
    /// holds now was recorded before.
    ///
    /// # Errors
    /// The refusals of [`Refusal::stops_session`]. No connection is none: then as far as this session knows.
    pub(crate) async fn listed_below(&self, filter: &EventFilter) -> Result<Option<u64>> {
        if !is_whole(filter) {
            return Ok(None);
        }
        if filter.before.is_some() {
            return Ok(filter.before);
        }
        let guard = self.events_log();
        match self.look(guard, None).await.map(drop) {
            Err(ClientError::Refused(refusal)) => Err(refusal.into()),
            _ => Ok(Some(guard.size().await)),
        }
    }

    /// Keeps what these events say was removed. One that the log doesn't hold yet doesn't count.
    pub(crate) fn note_removals(&self, items: &[CheckedEvent]) {
        let Some(said) = newest(items.iter().filter(|item| item.mark != Mark::Pending), self.now()) else { return };
        let mut removed = self.events_log().removed();
        if removed.through < said.through {
            *removed = said;
        }
    }

    /// Checks that a page of a list without a filter lacks nothing below `top` but what the server removed for its age;
    /// says how much that is.
    ///
    /// # Errors
    /// [`Refusal::EventsBroken`] at the newest event that is left out; no connection.
    pub(crate) async fn check_complete(&self, items: &[CheckedEvent], top: u64, next: Option<u64>) -> Result<u64> {
        check_next(items, top, next)?;
        let missing = lacking(items, top, next.is_none());
        let mut removed = *self.events_log().removed();
        if !removed.covers(&missing) {
            removed = self.ask_what_was_removed(&missing).await?;
        }
        check_stayed(items, &removed)?;
        Ok(count(&missing))
    }

    /// What was removed since the list began is said above where it began.
    async fn ask_what_was_removed(&self, missing: &[Range<u64>]) -> Result<Removed> {
        let filter = EventFilter { action: Some(Action::System), ..EventFilter::default() };
        let page = self.api().list_events(&filter).await?;
        check_log(&page.items, None)?;
        let items = self.mark(page.items).await?;
        self.note_removals(&items);
        let removed = *self.events_log().removed();
        if removed.covers(missing) {
            return Ok(removed);
        }
        // Said, but not in the log yet: that can't be told from a lie before it is.
        if newest(items.iter(), self.now()).is_some_and(|said| said.covers(missing)) {
            return Err(TransportError::TimedOut.into());
        }
        let seq = missing.first().map_or(0, |gap| gap.end.saturating_sub(1));
        Err(Refusal::EventsBroken { seq }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::fixture;

    const NOW: UnixMillis = 2_000_000_000_000;

    fn listed(seqs: &[u64]) -> Vec<CheckedEvent> {
        let event = |seq| AuditEvent { seq, ..fixture::event() };
        seqs.iter().map(|seq| CheckedEvent { event: event(*seq), mark: Mark::Verified, reader: None }).collect()
    }

    fn gap(gap: Range<u64>) -> Vec<Range<u64>> {
        vec![gap]
    }

    fn none() -> Vec<Range<u64>> {
        Vec::new()
    }

    fn removal(subject: &str) -> AuditEvent {
        let subject = subject.to_owned();
        AuditEvent { seq: 60, time: NOW, action: Action::System, report_id: None, subject, ..fixture::event() }
    }

    fn said(before: UnixMillis) -> AuditEvent {
        removal(&format!("what=retention removed=3 total=10 through=50 before={before}"))
    }

    #[test]
    fn what_a_page_lacks_is_found_at_the_top_in_the_middle_and_at_the_end() {
        assert_eq!(lacking(&listed(&[4, 3, 2]), 5, false), none());
        assert_eq!(lacking(&listed(&[6, 5, 4]), 5, false), none(), "recorded, and not yet in the log");
        assert_eq!(lacking(&listed(&[4, 1]), 7, false), [5..7, 2..4]);
        assert_eq!(lacking(&listed(&[1]), 2, true), gap(0..1));
        assert_eq!(lacking(&listed(&[1, 0]), 2, true), none());
        assert_eq!(lacking(&[], 3, true), gap(0..3));
        assert_eq!(lacking(&[], 0, true), none());
        assert_eq!(count(&[5..7, 2..4]), 4);
    }

    #[test]
    fn the_next_page_begins_below_this_one() {
        let items = listed(&[4, 3]);
        assert_eq!(check_next(&items, 5, Some(3)), Ok(()));
        assert_eq!(check_next(&items, 5, None), Ok(()));
        for next in [Some(2), Some(9)] {
            assert_eq!(check_next(&items, 5, next), Err(Refusal::EventsBroken { seq: 2 }));
        }
        assert_eq!(check_next(&[], 5, Some(5)), Err(Refusal::EventsBroken { seq: 4 }), "it would never end");
    }

    #[test]
    fn only_a_removal_by_the_rule_explains_what_is_missing() {
        let removed = Removed { through: 50, total: 10, before: NOW - OLD };
        assert_eq!(Removed::said_by(&said(NOW - OLD), NOW), Some(removed));
        assert_eq!(Removed::said_by(&said(NOW - OLD + 1), NOW), None, "younger than six years");
        assert_eq!(Removed::said_by(&said(NOW - OLD), NOW - 2 * LEEWAY), None, "dated ahead");
        assert_eq!(Removed::said_by(&AuditEvent { seq: 49, ..said(NOW - OLD) }, NOW), None, "of what came later");
        let somebody = AuditEvent { actor: Some(api_types::AccountId([1; 32])), ..said(NOW - OLD) };
        assert_eq!(Removed::said_by(&somebody, NOW), None);
        for other in ["what=retention_rules number=2 rules=0", "what=retention removed=3", "what=retention through=x"] {
            assert_eq!(Removed::said_by(&removal(other), NOW), None);
        }
    }

    #[test]
    fn a_removal_covers_so_many_and_no_later_ones() {
        let removed = Removed { through: 50, total: 10, before: 0 };
        assert!(removed.covers(&[45..50, 0..5]) && removed.covers(&none()));
        assert!(!removed.covers(&gap(45..51)), "not looked at");
        assert!(!removed.covers(&gap(0..11)), "more than it says");
        assert!(!Removed::default().covers(&gap(0..1)) && Removed::default().covers(&none()));
    }

    #[test]
    fn what_stayed_is_old() {
        let at = |time| {
            let mut items = listed(&[1]);
            items[0].event.time = time;
            items
        };
        let removed = Removed { through: 2, total: 1, before: NOW };
        assert_eq!(check_stayed(&at(NOW - 1), &removed), Ok(()));
        assert_eq!(check_stayed(&at(NOW + LEEWAY), &removed), Err(Refusal::EventsBroken { seq: 1 }));
        assert_eq!(check_stayed(&at(NOW + LEEWAY), &Removed { through: 1, ..removed }), Ok(()), "it was not looked at");
    }

    #[test]
    fn every_filter_leaves_something_out() {
        let all = EventFilter::default();
        assert!(is_whole(&all) && is_whole(&EventFilter { before: Some(7), ..all }));
        assert!(!is_whole(&EventFilter { outcome: Some(Outcome::Denied), ..all }));
        assert!(!is_whole(&EventFilter { action: Some(Action::System), ..all }));
        assert!(!is_whole(&EventFilter { from: Some(0), ..all }) && !is_whole(&EventFilter { until: Some(1), ..all }));
    }
}
