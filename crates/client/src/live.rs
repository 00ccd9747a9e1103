//! Live events: ids only; whatever they name is fetched and verified like anything else.
//!
//! They are hints. A server that leaves one out, says one twice or makes one up changes what a client looks at next, never
//! what it believes.

use api_types::live::{LiveEvent, LiveKind};
use futures::Stream;

use crate::{
    error::Result,
    platform::Platform,
    sse::{self, LiveMessage},
    vault::Vault,
};

/// The shortest pause between two tries to open the stream, milliseconds.
const FIRST: u32 = 1_000;
/// The longest.
const LONGEST: u32 = 64_000;
/// A stream that was open for so long, milliseconds, worked: what ended it is no reason to wait.
const WORKED: i64 = 30_000;

/// How far somebody has heard. Kept over streams, so that each thing is said once, whichever server the next one reaches.
#[derive(Debug, Clone, Default)]
pub struct LiveCursor {
    last: Option<(u64, String)>,
}

impl LiveCursor {
    /// What the next stream is to go on behind.
    pub fn last(&self) -> Option<&str> {
        self.last.as_ref().map(|(_, id)| id.as_str())
    }

    /// Notes an event; gives it, unless it was heard before. After `resync` the count begins anew.
    pub fn hear(&mut self, message: LiveMessage) -> Option<LiveEvent> {
        let LiveMessage { id, event } = message;
        let anew = event.kind == LiveKind::Resync;
        match id.and_then(|id| Some((number(&id)?, id))) {
            Some((number, _)) if !anew && self.last.as_ref().is_some_and(|(last, _)| number <= *last) => return None,
            Some(place) => self.last = Some(place),
            // A server that doesn't say where it is can't go on from anywhere.
            None if anew => self.last = None,
            None => {}
        }
        Some(event)
    }
}

/// Ids rise by their number; what stands behind it is the server's.
fn number(id: &str) -> Option<u64> {
    id.split('.').next()?.parse().ok()
}

impl<P: Platform> Vault<P> {
    /// Opens the stream of events, behind the last that was heard if there is one. It ends with an error or the connection: open
    /// it again, behind what was heard since. It begins with `resync` where it can't go on from there.
    ///
    /// # Errors
    /// Signed out, or no connection.
    pub async fn live(&self, after: Option<&str>) -> Result<impl Stream<Item = Result<LiveMessage>> + use<P>> {
        Ok(sse::events(self.api().live(after).await?))
    }
}

/// How long to wait before the stream of live events is opened again: twice as long after each try that came to nothing, so that
/// pages don't keep a server down that is in trouble; and never for exactly as long as all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivePauses {
    next: u32,
}

impl Default for LivePauses {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl LivePauses {
    /// The pause now, in milliseconds, after a stream that was open for so many; `chance` is between 0 and 1.
    pub fn after(&mut self, open: i64, chance: f64) -> u32 {
        if open >= WORKED {
            *self = Self::default();
        }
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(LONGEST);
        let half = whole / 2;
        half + (f64::from(half) * chance.clamp(0.0, 1.0)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: Option<&str>, kind: LiveKind) -> LiveMessage {
        let event = LiveEvent { kind, report_id: None, grant_id: None, session_id: None };
        LiveMessage { id: id.map(str::to_owned), event }
    }

    #[test]
    fn what_was_heard_before_is_not_heard_again() {
        let mut cursor = LiveCursor::default();
        let mut hear = |id, kind| cursor.hear(message(id, kind)).is_some();
        assert!(hear(Some("4.aa"), LiveKind::Resync));
        assert!(hear(Some("5.bb"), LiveKind::ShareArrived));
        assert!(!hear(Some("5.bb"), LiveKind::ShareArrived) && !hear(Some("4.aa"), LiveKind::ReportChanged));
        assert!(hear(Some("6.cc"), LiveKind::ShareArrived));
        assert!(hear(Some("nonsense"), LiveKind::ReportChanged) && hear(None, LiveKind::ReportChanged));
        assert_eq!(cursor.last(), Some("6.cc"));
    }

    #[test]
    fn a_server_that_begins_anew_is_followed() {
        let mut cursor = LiveCursor::default();
        cursor.hear(message(Some("900.aa"), LiveKind::ReportChanged));
        assert!(cursor.hear(message(Some("2.bb"), LiveKind::Resync)).is_some());
        assert!(cursor.hear(message(Some("3.cc"), LiveKind::ReportChanged)).is_some());
        assert!(cursor.hear(message(None, LiveKind::Resync)).is_some());
        assert_eq!(cursor.last(), None);
    }

    #[test]
    fn pauses_double_up_to_a_minute() {
        let mut pauses = LivePauses::default();
        let whole: Vec<u32> = (0..9).map(|_| pauses.after(0, 1.0)).collect();
        assert_eq!(whole, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000, 64_000]);
    }

    #[test]
    fn a_stream_that_worked_begins_them_anew() {
        let mut pauses = LivePauses::default();
        for _ in 0..5 {
            pauses.after(0, 1.0);
        }
        assert_eq!(pauses.after(WORKED - 1, 1.0), 32_000, "opened and closed at once is no success");
        assert_eq!(pauses.after(WORKED, 1.0), 1_000);
        assert_eq!(pauses.after(0, 1.0), 2_000);
    }

    #[test]
    fn chance_spreads_them_over_half_of_the_time() {
        let at = |chance| LivePauses::default().after(0, chance);
        assert_eq!([at(0.0), at(0.5), at(1.0)], [500, 750, 1_000]);
        assert_eq!([at(-1.0), at(f64::NAN), at(7.0)], [500, 500, 1_000], "whatever a platform calls chance");
    }
}
