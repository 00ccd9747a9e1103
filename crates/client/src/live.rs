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
}
