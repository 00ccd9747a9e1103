//! Who did what with a report: every event's hash recomputed, every link of the report's chain checked.

use api_types::{
    ReportId, UnixMillis,
    audit::{AuditEvent, Outcome},
};
use crypto::{
    audit::{AuditEvent as Hashed, Outcome as HashedOutcome, ReportLink, chain_next},
    defence::Defence,
    ids::{EventId, Hash32},
};

use super::seen::check_record;
use crate::{
    error::Result,
    ids::ToCrypto,
    log::CheckedEvent,
    platform::{AT_ONCE, Environment, Platform},
    refusal::Refusal,
    vault::Vault,
};

/// A report's events, verified in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportEvents {
    /// Newest first, each looked for in the public log.
    pub items: Vec<CheckedEvent>,
    /// Whether the chain was followed down to the report's first event.
    pub complete: bool,
    /// The server removed older events than the oldest shown, which is of this time, for their age. More than six years.
    pub removed_before: Option<UnixMillis>,
}

/// The snake_case name that JSON gives an action or outcome.
pub(crate) fn json_name(of: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(of).ok()?.as_str().map(str::to_owned)
}

/// An event as `crypto::audit` encodes it: its id is `seq` as 16 bytes, its kind the action's name, its detail the subject,
/// its count 1, without subjects. `None` for an event that can't be encoded.
pub(crate) fn canonical(event: &AuditEvent) -> Option<Hashed> {
    // A time before 1970 is written as 1970: it would be another event with the same hash.
    if event.time < 0 {
        return None;
    }
    let report = match (event.report_id, event.report_seq, &event.report_prev) {
        (Some(report), Some(seq), Some(previous)) => {
            Some(ReportLink { report: report.crypto(), seq, previous: Hash32((&previous.0[..]).try_into().ok()?) })
        }
        (None, None, None) => None,
        _ => return None,
    };
    let outcome = match event.outcome {
        Outcome::Success => HashedOutcome::Allowed,
        Outcome::Denied => HashedOutcome::Denied,
    };
    Some(Hashed {
        id: EventId(u128::from(event.seq).to_be_bytes()),
        time: event.time,
        actor: event.actor.map(|a| a.crypto()),
        session: event.session.map(|s| s.crypto()),
        kind: json_name(&event.action)?,
        outcome,
        report,
        subjects: Vec::new(),
        count: 1,
        detail: event.subject.clone(),
        request: event.request.as_ref().map(|request| request.0.clone()),
    })
}

/// The event's hash, as `crypto::audit` computes it. `None` for an event that can't be hashed.
pub fn event_hash(event: &AuditEvent) -> Option<Hash32> {
    Some(canonical(event)?.hash())
}

/// Whether the hash beside an event is its own.
pub(super) fn own_hash(event: &AuditEvent) -> Option<Hash32> {
    event_hash(event).filter(|hash| hash.0[..] == event.hash.0[..])
}

/// Checks events of one report, newest first: each must hash to what it says, and name the one below it.
pub(super) fn check_report(id: &ReportId, items: &[AuditEvent]) -> Result<bool, Refusal> {
    if !Defence::EventChain.holds() {
        return Ok(true);
    }
    let mut above: Option<(u64, Hash32)> = None;
    for event in items {
        let seq = event.report_seq.unwrap_or(0);
        let broken = Refusal::EventsBroken { seq };
        let hash = own_hash(event).filter(|_| event.report_id == Some(*id)).ok_or(broken.clone())?;
        if above.is_some_and(|(next, previous)| seq.checked_add(1) != Some(next) || hash != previous) {
            return Err(broken);
        }
        let previous = event.report_prev.as_ref().and_then(|p| (&p.0[..]).try_into().ok()).ok_or(broken)?;
        above = Some((seq, Hash32(previous)));
    }
    match above {
        Some((1, first)) if first != Hash32(id.0) => Err(Refusal::EventsBroken { seq: 1 }),
        Some((seq, _)) => Ok(seq == 1),
        // A report has at least the event of its creation.
        None => Err(Refusal::EventsBroken { seq: 1 }),
    }
}

/// The newest event that was seen before must still be there, in its place.
pub(super) fn check_seen(seen: Option<(u64, Hash32)>, items: &[AuditEvent]) -> Result<(), Refusal> {
    let Some((seq, hash)) = seen.filter(|_| Defence::EventChain.holds()) else { return Ok(()) };
    let oldest = items.last().and_then(|event| event.report_seq).unwrap_or(0);
    match items.iter().find(|event| event.report_seq == Some(seq)) {
        Some(event) if own_hash(event) == Some(hash) => Ok(()),
        // More came since than were asked for.
        None if oldest > seq => Ok(()),
        _ => Err(Refusal::EventsBroken { seq }),
    }
}

/// Checks a page of the whole log below `before`, newest first: hashes, order, and the chain's values where neighbours are
/// present. Whether any are left out is a question of its own (`log/listing.rs`).
pub(crate) fn check_log(items: &[AuditEvent], before: Option<u64>) -> Result<(), Refusal> {
    let mut above = before;
    for event in items {
        let in_order = above.is_none_or(|above| event.seq < above);
        own_hash(event).filter(|_| in_order).ok_or(Refusal::EventsBroken { seq: event.seq })?;
        above = Some(event.seq);
    }
    for pair in items.windows(2) {
        let [newer, older] = pair else { continue };
        let (Some(after), Some(before)) = (&newer.chain, &older.chain) else { continue };
        if older.seq.checked_add(1) != Some(newer.seq) {
            continue;
        }
        let broken = || Refusal::EventsBroken { seq: newer.seq };
        let before = Hash32((&before.0[..]).try_into().map_err(|_| broken())?);
        let hash = own_hash(newer).ok_or_else(broken)?;
        if chain_next(&before, &hash).0[..] != after.0[..] {
            return Err(broken());
        }
    }
    Ok(())
}

impl<P: Platform> Vault<P> {
    /// A report's events, all of them or the newest `limit`, verified link by link, and each looked for in the public log.
    ///
    /// # Errors
    /// [`Refusal::EventsBroken`] at the first gap or change, or where events are missing that this session or another of this
    /// account has seen, or that are younger than six years: it ends the session; [`Refusal::ReadingForged`] at a reading that its
    /// reader did not sign; the other refusals of [`Refusal::stops_session`]; `not_found`; no connection.
    pub async fn report_events(&self, id: &ReportId, limit: usize) -> Result<ReportEvents> {
        let seen = self.seen_of(id);
        let (items, ended) = self.fetch_record(id, limit).await?;
        let complete = match check_record(id, &items, &seen, self.now()) {
            Ok(complete) => complete,
            Err(broken) => return self.refuse_record(*broken).await,
        };
        // Each was hashed, and its reader's signature comes next.
        if items.len() >= AT_ONCE {
            self.platform().environment().turn().await;
        }
        let readers = self.check_readers(id, &items).await?;
        self.note_seen(id, &items);
        let marked = self.mark(items).await?.into_iter().zip(readers);
        let items: Vec<_> = marked.map(|(event, reader)| CheckedEvent { reader, ..event }).collect();
        let removed_before = match items.last() {
            Some(oldest) if ended && !complete => Some(self.beginning_of(id, oldest, &seen).await?),
            _ => None,
        };
        self.remember_events(id, &items);
        Ok(ReportEvents { items, complete, removed_before })
    }

    /// The newest events of a report, as the server gives them, and whether there are no older ones than these.
    async fn fetch_record(&self, id: &ReportId, limit: usize) -> Result<(Vec<AuditEvent>, bool)> {
        let mut items: Vec<AuditEvent> = Vec::new();
        let mut before = None;
        let ended = loop {
            let page = self.fetch_events(id, before).await?;
            let nothing = page.items.is_empty();
            items.extend(page.items);
            match page.next {
                // Each page must go further down, or a server could keep us here for ever.
                Some(next) if items.len() < limit && !nothing && before.is_none_or(|b| next < b) => before = Some(next),
                next => break next.is_none() || items.len() < limit,
            }
        };
        Ok((items, ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::fixture;
    use api_types::B64;

    fn events(n: u64) -> (ReportId, Vec<AuditEvent>) {
        let id = ReportId([7; 32]);
        let mut previous = B64(id.0.to_vec());
        let mut out = Vec::new();
        for seq in 1..=n {
            let mut event = AuditEvent {
                seq: seq * 10,
                time: 1000 + seq as i64,
                report_id: Some(id),
                report_seq: Some(seq),
                report_prev: Some(previous),
                subject: format!("version=1 part={seq}"),
                ..fixture::event()
            };
            event.hash = B64(event_hash(&event).expect("a whole event").0.to_vec());
            previous = event.hash.clone();
            out.push(event);
        }
        out.reverse();
        (id, out)
    }

    #[test]
    fn an_honest_chain_counts() {
        let (id, items) = events(5);
        assert_eq!(check_report(&id, &items), Ok(true));
        assert_eq!(check_report(&id, &[]), Err(Refusal::EventsBroken { seq: 1 }), "nothing at all");
        assert_eq!(check_report(&id, &items[..3]), Ok(false), "older ones were not asked for");
    }

    #[test]
    fn what_was_seen_must_stay() {
        let (_, items) = events(5);
        let newest = Some((5, event_hash(&items[0]).expect("a whole event")));
        assert_eq!(check_seen(newest, &items), Ok(()));
        assert_eq!(check_seen(newest, &items[1..]), Err(Refusal::EventsBroken { seq: 5 }), "cut at the new end");
        let mut other = items.clone();
        other[0].subject.push('0');
        assert_eq!(check_seen(newest, &other), Err(Refusal::EventsBroken { seq: 5 }));
        let older = Some((2, Hash32([9; 32])));
        assert_eq!(check_seen(older, &items[..3]), Ok(()), "below what was asked for");
    }

    #[test]
    fn a_time_before_1970_is_no_event() {
        let (id, mut items) = events(1);
        items[0].time = 0;
        items[0].hash = B64(event_hash(&items[0]).expect("a whole event").0.to_vec());
        assert_eq!(check_report(&id, &items), Ok(true));
        items[0].time = -5;
        assert_eq!(check_report(&id, &items), Err(Refusal::EventsBroken { seq: 1 }));
    }

    #[test]
    fn a_gap_a_change_and_a_swap_are_refused() {
        let (id, items) = events(5);
        let mut gap = items.clone();
        gap.remove(2);
        assert_eq!(check_report(&id, &gap), Err(Refusal::EventsBroken { seq: 2 }));
        let mut changed = items.clone();
        changed[1].subject.push('0');
        assert_eq!(check_report(&id, &changed), Err(Refusal::EventsBroken { seq: 4 }));
        let mut swapped = items.clone();
        swapped.swap(0, 1);
        assert!(check_report(&id, &swapped).is_err());
        assert!(check_report(&ReportId([8; 32]), &items).is_err());
    }
}
