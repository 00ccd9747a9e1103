//! What was seen of a report's record, in this session and by this account in any, and where a record doesn't hold against it.

use api_types::{ReportId, UnixMillis, audit::AuditEvent};

use super::{
    beginning::{OLD, check_times, is_nearly_old},
    events::{check_report, check_seen, own_hash},
};
use crate::{
    error::{ClientError, Result},
    ids::ToCrypto,
    log::{BrokenRecord, CheckedEvent, Mark, SeenEvent, leaf_shown},
    platform::Platform,
    refusal::Refusal,
    state::EventSeen,
    vault::Vault,
};

/// Checks a record, newest first, against itself and against what was seen. Says whether it goes down to the first event.
pub(super) fn check_record<'a>(
    id: &ReportId,
    items: &'a [AuditEvent],
    seen: &[SeenEvent],
    now: UnixMillis,
) -> Result<bool, Box<BrokenRecord<'a>>> {
    let complete = check_report(id, items).map_err(|refusal| broken_in_itself(id, items, refusal))?;
    check_times(items, now).map_err(|refusal| {
        let number = place(&refusal);
        Box::new(BrokenRecord { report: *id, refusal, number, by: None, there: at(items, number), seen: None })
    })?;
    for seen in seen {
        check_seen(Some((seen.seq, seen.hash)), items).map_err(|refusal| {
            let (by, there) = (seen.leaf.clone(), at(items, seen.seq));
            Box::new(BrokenRecord { report: *id, refusal, number: seen.seq, by, there, seen: Some(seen.hash) })
        })?;
    }
    Ok(complete)
}

/// The number that a refusal is about.
fn place(refusal: &Refusal) -> u64 {
    match refusal {
        Refusal::EventsBroken { seq } => *seq,
        _ => 0,
    }
}

fn at(items: &[AuditEvent], number: u64) -> Option<&AuditEvent> {
    items.iter().find(|event| event.report_seq == Some(number))
}

/// A gap, or something in the place of what the event above it names.
fn broken_in_itself<'a>(id: &ReportId, items: &'a [AuditEvent], refusal: Refusal) -> Box<BrokenRecord<'a>> {
    let (above, there) = gap(id, items);
    let below = above.and_then(|above| above.report_seq?.checked_sub(1));
    let number = below.unwrap_or_else(|| place(&refusal));
    Box::new(BrokenRecord { report: *id, refusal, number, by: above.and_then(leaf_shown), there, seen: None })
}

/// Of a record that doesn't hold in itself the event above the place where it breaks, and the one that is shown below that.
fn gap<'a>(id: &ReportId, items: &'a [AuditEvent]) -> (Option<&'a AuditEvent>, Option<&'a AuditEvent>) {
    let breaks = |at: &usize| items.get(at.saturating_sub(1)..=*at).is_some_and(|pair| check_report(id, pair).is_err());
    let Some(at) = (0..items.len()).find(breaks) else { return (None, None) };
    match items.get(at) {
        Some(first) if begins_elsewhere(id, first) => (Some(first), None),
        there => (at.checked_sub(1).and_then(|above| items.get(above)), there),
    }
}

/// Whether an event says that it is a report's first one, and doesn't begin with the report's id.
fn begins_elsewhere(id: &ReportId, event: &AuditEvent) -> bool {
    let previous = event.report_prev.as_ref().map(|previous| &previous.0[..]);
    event.report_seq == Some(1) && own_hash(event).is_some() && previous != Some(&id.0[..])
}

/// What is missing below the oldest event that is shown.
fn broken_beginning(
    id: &ReportId,
    oldest: &AuditEvent,
    lost: Option<&SeenEvent>,
    refusal: Refusal,
) -> BrokenRecord<'static> {
    let seq = oldest.report_seq.unwrap_or(0);
    match lost.filter(|seen| seen.seq < seq) {
        Some(SeenEvent { seq, hash, leaf, .. }) => {
            BrokenRecord { report: *id, refusal, number: *seq, by: leaf.clone(), there: None, seen: Some(*hash) }
        }
        None => {
            let (number, by) = (seq.saturating_sub(1), leaf_shown(oldest));
            BrokenRecord { report: *id, refusal, number, by, there: None, seen: None }
        }
    }
}

impl SeenEvent {
    /// As it is seen now.
    fn of(event: &AuditEvent) -> Option<Self> {
        let (seq, hash) = (event.report_seq?, own_hash(event)?);
        Some(Self { seq, hash, leaf: leaf_shown(event), may_be_gone: false })
    }
}

impl<P: Platform> Vault<P> {
    /// What was seen of a report's record, by this session and by this account. Ask before the record is fetched: what comes
    /// meanwhile may be newer than the answer.
    pub(super) fn seen_of(&self, id: &ReportId) -> Vec<SeenEvent> {
        let (session, now) = (self.seen_events().get(id).cloned(), self.now());
        let account = self.state().events.get(&id.crypto()).copied();
        let account = account.map(|seen| {
            // Since then it may have been removed for its age; what this session saw may not.
            let may_be_gone = seen.age(now) >= OLD;
            SeenEvent { seq: seen.seq, hash: seen.hash, leaf: None, may_be_gone }
        });
        session.into_iter().chain(account).collect()
    }

    /// Notes the newest event for this session.
    pub(super) fn note_seen(&self, id: &ReportId, items: &[AuditEvent]) {
        let Some(newest) = items.first().and_then(SeenEvent::of) else { return };
        let mut events = self.seen_events();
        if events.get(id).is_none_or(|before| before.seq < newest.seq) {
            events.insert(*id, newest);
        }
    }

    /// Remembers the newest event that the public log holds, for other sessions. What the log doesn't hold is none to hold a
    /// server to.
    pub(super) fn remember_events(&self, id: &ReportId, items: &[CheckedEvent]) {
        let newest = items.iter().find(|item| item.mark == Mark::Verified).map(|item| &item.event);
        let seen = newest.and_then(|event| Some(EventSeen::new(event.report_seq?, own_hash(event)?, event.time)));
        if seen.is_some_and(|seen| self.state().saw_event(id.crypto(), seen)) {
            self.touch_later();
        }
    }

    /// The time of the oldest event, where a record may begin with it.
    pub(super) async fn beginning_of(
        &self,
        id: &ReportId,
        oldest: &CheckedEvent,
        seen: &[SeenEvent],
    ) -> Result<UnixMillis> {
        let lost = seen.iter().filter(|seen| !seen.may_be_gone).min_by_key(|seen| seen.seq);
        match self.begins_old(id, oldest, lost.map(|seen| (seen.seq, seen.hash))).await {
            // Unless it is for clocks to say.
            Err(ClientError::Refused(refusal @ Refusal::EventsBroken { .. }))
                if !is_nearly_old(&oldest.event, self.now()) =>
            {
                self.refuse_record(broken_beginning(id, &oldest.event, lost, refusal)).await
            }
            begun => begun,
        }
    }
}

#[cfg(test)]
mod tests {
    use api_types::B64;
    use crypto::ids::Hash32;

    use super::*;
    use crate::reports::{event_hash, fixture};

    const NOW: UnixMillis = 2_000_000_000_000;
    const ID: ReportId = ReportId([7; 32]);

    /// A record, newest first.
    fn record(n: u64) -> Vec<AuditEvent> {
        let (mut previous, mut items) = (B64(ID.0.to_vec()), Vec::new());
        for seq in 1..=n {
            let (report_id, report_seq, report_prev) = (Some(ID), Some(seq), Some(previous));
            let mut event = AuditEvent { seq, time: NOW, report_id, report_seq, report_prev, ..fixture::event() };
            event.hash = B64(event_hash(&event).expect("a whole event").0.to_vec());
            previous = event.hash.clone();
            items.push(event);
        }
        items.reverse();
        items
    }

    /// Number, whether something is shown there, and whether something was seen there.
    fn broken(items: &[AuditEvent], seen: &[SeenEvent]) -> (u64, Option<u64>, bool) {
        let broken = check_record(&ID, items, seen, NOW).expect_err("it doesn't hold");
        (broken.number, broken.there.and_then(|there| there.report_seq), broken.seen.is_some())
    }

    #[test]
    fn where_a_record_breaks_is_found() {
        let whole = record(5);
        assert_eq!(check_record(&ID, &whole, &[], NOW).ok(), Some(true));
        let mut gap = whole.clone();
        gap.remove(2);
        assert_eq!(broken(&gap, &[]), (3, Some(2), false));
        let mut changed = whole.clone();
        changed[1].subject.push('0');
        assert_eq!(broken(&changed, &[]), (4, Some(4), false));
        changed = whole.clone();
        changed[0].subject.push('0');
        assert_eq!(broken(&changed, &[]), (5, Some(5), false), "nothing stands above it");
        assert_eq!(broken(&[], &[]), (1, None, false));
        let mut begins = record(1);
        begins[0].report_prev = Some(B64(vec![9; 32]));
        begins[0].hash = B64(event_hash(&begins[0]).expect("a whole event").0.to_vec());
        assert_eq!(broken(&begins, &[]), (0, None, false));
    }

    #[test]
    fn what_was_seen_is_held_against_it() {
        let whole = record(5);
        let seen = |seq, hash| SeenEvent { seq, hash, leaf: None, may_be_gone: false };
        let newest = seen(5, event_hash(&whole[0]).expect("a whole event"));
        let newest = std::slice::from_ref(&newest);
        assert_eq!(check_record(&ID, &whole, newest, NOW).ok(), Some(true));
        assert_eq!(broken(&whole[1..], newest), (5, None, true), "cut off");
        assert_eq!(broken(&whole, &[seen(3, Hash32([9; 32]))]), (3, Some(3), true), "another one");
    }

    #[test]
    fn what_is_missing_below_is_what_was_seen_or_the_next() {
        let whole = record(5);
        let refusal = Refusal::EventsBroken { seq: 2 };
        let below = broken_beginning(&ID, &whole[2], None, refusal.clone());
        assert_eq!((below.number, below.seen), (2, None));
        let lost = SeenEvent { seq: 1, hash: Hash32([1; 32]), leaf: None, may_be_gone: false };
        let below = broken_beginning(&ID, &whole[2], Some(&lost), refusal.clone());
        assert_eq!((below.number, below.seen), (1, Some(lost.hash)));
        let there = SeenEvent { seq: 3, ..lost };
        assert_eq!(broken_beginning(&ID, &whole[2], Some(&there), refusal).number, 2);
    }
}
