//! What is remembered of reports' records: the newest event seen of each.

use std::collections::BTreeMap;

use crypto::{
    encoding::DecodeError,
    ids::{Hash32, ReportId},
};

use super::{ClientState, DAY, codec::Packed};

/// Most reports of which an event is remembered; beyond that those go whose event is the oldest.
const EVENTS_MAX: usize = 500;

/// The newest event seen of a report's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventSeen {
    /// Its number in the record.
    pub seq: u64,
    pub hash: Hash32,
    /// Day of its time, since 1970.
    pub day: u16,
}

impl EventSeen {
    /// An event of this time.
    pub fn new(seq: u64, hash: Hash32, time: i64) -> Self {
        Self { seq, hash, day: u16::try_from(time / DAY).unwrap_or(u16::MAX) }
    }

    /// Milliseconds since it was recorded, at most.
    pub fn age(&self, now: i64) -> i64 {
        now.saturating_sub(i64::from(self.day).saturating_mul(DAY))
    }
}

impl ClientState {
    /// Notes the newest event of a report; an older one than the newest seen is left. True if that changed anything.
    pub fn saw_event(&mut self, report: ReportId, event: EventSeen) -> bool {
        if self.events.get(&report).is_some_and(|before| before.seq >= event.seq) {
            return false;
        }
        self.events.insert(report, event);
        while self.events.len() > EVENTS_MAX {
            let Some(oldest) = self.events.iter().min_by_key(|(_, seen)| seen.day).map(|(id, _)| *id) else { break };
            self.events.remove(&oldest);
        }
        true
    }

    /// Takes what another device saw: of each report the newer. Of two with the same number this one's stays, so whoever was
    /// shown the other is refused at the next look.
    pub(super) fn merge_events(&mut self, theirs: BTreeMap<ReportId, EventSeen>) {
        for (report, event) in theirs {
            self.saw_event(report, event);
        }
    }
}

/// Report, number, hash, day.
pub(super) fn write(report: &ReportId, seen: &EventSeen, out: &mut Vec<u8>) {
    out.extend_from_slice(report.as_ref());
    out.extend_from_slice(&seen.seq.to_be_bytes());
    out.extend_from_slice(&seen.hash.0);
    out.extend_from_slice(&seen.day.to_be_bytes());
}

pub(super) fn read(p: &mut Packed<'_>) -> Result<(ReportId, EventSeen), DecodeError> {
    let report = ReportId(p.take()?);
    let (seq, hash) = (u64::from_be_bytes(p.take()?), Hash32(p.take()?));
    Ok((report, EventSeen { seq, hash, day: u16::from_be_bytes(p.take()?) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn event(seq: u64, hash: u8, time: i64) -> EventSeen {
        EventSeen::new(seq, Hash32([hash; 32]), time)
    }

    #[test]
    fn what_was_seen_never_goes_back() {
        let (report, mut state) = (ReportId([1; 32]), ClientState::default());
        assert!(state.saw_event(report, event(4, 1, NOW)));
        assert!(!state.saw_event(report, event(3, 2, NOW)) && !state.saw_event(report, event(4, 2, NOW)));
        assert_eq!(state.events[&report], event(4, 1, NOW));
        let mut other = ClientState::default();
        other.saw_event(report, event(5, 3, NOW));
        for (mut ours, theirs) in [(state.clone(), other.clone()), (other, state)] {
            ours.merge(theirs).expect("no contradiction");
            assert_eq!(ours.events[&report], event(5, 3, NOW));
        }
    }

    #[test]
    fn the_oldest_go_beyond_the_bound() {
        let mut state = ClientState::default();
        for n in 0u16..2_000 {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&n.to_be_bytes());
            state.saw_event(ReportId(id), event(u64::MAX, 1, i64::from(n) * DAY));
        }
        assert_eq!(state.events.len(), EVENTS_MAX);
        assert!(state.events.values().all(|seen| seen.day >= 1_500));
        assert!(state.to_bytes().expose().len() < 40 * 1024);
    }

    #[test]
    fn an_age_is_never_understated() {
        assert_eq!(event(1, 1, DAY + 5).age(3 * DAY), 2 * DAY);
        assert!(event(1, 1, i64::MAX).age(NOW) < 0, "nobody removes what is yet to come");
    }
}
