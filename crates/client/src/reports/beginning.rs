//! Where a report's record may begin: at its first event, or, on a server that removes old events, six years ago.
//!
//! What is missing was recorded before the oldest event that is shown: that one names its hash. So its age bounds theirs, if its
//! own time is true. It is in the public log as it is shown; a time that is false by years is refused where it contradicts
//! what somebody else signed, or what was recorded before it. docs/threat-model.md says what is left.

use api_types::{ReportId, UnixMillis, audit::AuditEvent, limits::KEEP_EVENTS_MIN_DAYS};
use crypto::{defence::Defence, ids::Hash32};

use crate::{
    error::Result,
    log::{CheckedEvent, Mark},
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

const DAY: UnixMillis = 86_400_000;
/// What is younger is never removed.
pub(crate) const OLD: UnixMillis = KEEP_EVENTS_MIN_DAYS as UnixMillis * DAY;
/// By how much clocks differ, and were set right before events were kept from going back in time.
pub(crate) const LEEWAY: UnixMillis = DAY;

fn broken(event: &AuditEvent) -> Refusal {
    Refusal::EventsBroken { seq: event.report_seq.unwrap_or(event.seq) }
}

fn is_old(event: &AuditEvent, now: UnixMillis) -> bool {
    now.saturating_sub(event.time) >= OLD
}

/// Whether an event is so nearly old that two clocks may differ about it.
pub(super) fn is_nearly_old(event: &AuditEvent, now: UnixMillis) -> bool {
    !is_old(event, now) && is_old(event, now.saturating_add(LEEWAY))
}

/// No event, newest first, is dated back behind an older one to a time at which the record might begin.
pub(crate) fn check_times(items: &[AuditEvent], now: UnixMillis) -> std::result::Result<(), Refusal> {
    let dated_back = items.windows(2).find_map(|pair| match pair {
        [newer, older] if newer.time.saturating_add(LEEWAY) < older.time && is_old(newer, now) => Some(newer),
        _ => None,
    });
    match dated_back.filter(|_| Defence::EventAge.holds()) {
        Some(event) => Err(broken(event)),
        None => Ok(()),
    }
}

/// Checks the oldest event that the server has, where it isn't the report's first.
fn check_oldest(
    oldest: &AuditEvent,
    seen: Option<(u64, Hash32)>,
    now: UnixMillis,
) -> std::result::Result<UnixMillis, Refusal> {
    let seq = oldest.report_seq.unwrap_or(0);
    // What this session saw was not six years old then, nor what the account saw less than six years ago.
    let lost = seen.filter(|(seen, _)| *seen < seq);
    if Defence::EventAge.holds() && (lost.is_some() || !is_old(oldest, now)) {
        return Err(Refusal::EventsBroken { seq: lost.map_or(seq.saturating_sub(1), |(seen, _)| seen) });
    }
    Ok(oldest.time)
}

impl<P: Platform> Vault<P> {
    /// Where a chain that ends above the report's first event may begin so: gives the time of the oldest event.
    ///
    /// # Errors
    /// [`Refusal::EventsBroken`]; whatever [`Vault::report`] refuses about access; no connection.
    pub(super) async fn begins_old(
        &self,
        id: &ReportId,
        oldest: &CheckedEvent,
        seen: Option<(u64, Hash32)>,
    ) -> Result<UnixMillis> {
        let time = check_oldest(&oldest.event, seen, self.now())?;
        if Defence::EventAge.holds() {
            // The author signed when the report began. And what no log holds was never removed by the rule.
            let began = self.record_access(id).await?.genesis.claimed().time;
            if time.saturating_add(LEEWAY) < began || oldest.mark == Mark::Unlogged {
                return Err(broken(&oldest.event).into());
            }
        }
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::fixture;
    use api_types::B64;

    const NOW: UnixMillis = 2_000_000_000_000;

    fn at(seq: u64, time: UnixMillis) -> AuditEvent {
        AuditEvent { seq, time, report_seq: Some(seq), report_prev: Some(B64(vec![1; 32])), ..fixture::event() }
    }

    #[test]
    fn a_record_may_begin_six_years_ago_and_not_later() {
        assert_eq!(check_oldest(&at(5, NOW - OLD), None, NOW), Ok(NOW - OLD));
        assert_eq!(check_oldest(&at(5, NOW - OLD + 1), None, NOW), Err(Refusal::EventsBroken { seq: 4 }));
        assert!(is_nearly_old(&at(5, NOW - OLD + 1), NOW) && is_nearly_old(&at(5, NOW - OLD + LEEWAY), NOW));
        assert!(!is_nearly_old(&at(5, NOW - OLD), NOW) && !is_nearly_old(&at(5, NOW - OLD + LEEWAY + 1), NOW));
    }

    #[test]
    fn what_this_session_saw_is_not_old() {
        let seen = |seq| Some((seq, Hash32([1; 32])));
        assert_eq!(check_oldest(&at(5, 0), seen(4), NOW), Err(Refusal::EventsBroken { seq: 4 }));
        assert_eq!(check_oldest(&at(5, 0), seen(5), NOW), Ok(0));
    }

    #[test]
    fn an_event_dated_back_to_where_a_record_may_begin_is_refused() {
        let items = |times: [UnixMillis; 3]| times.map(|time| at(3, time));
        let old = NOW - OLD;
        assert_eq!(check_times(&items([NOW, NOW, NOW - 1]), NOW), Ok(()));
        assert_eq!(check_times(&items([NOW, old, NOW - 1]), NOW), Err(Refusal::EventsBroken { seq: 3 }));
        assert_eq!(check_times(&items([NOW, old, old + LEEWAY]), NOW), Ok(()), "a clock was set right");
        assert_eq!(check_times(&items([NOW, old + 1, NOW]), NOW), Ok(()), "it is no beginning");
    }
}
