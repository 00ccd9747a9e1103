//! Live events: ids only; whatever they name is fetched and verified like anything else.

use api_types::live::LiveEvent;
use futures::Stream;

use crate::{error::Result, platform::Platform, sse, vault::Vault};

impl<P: Platform> Vault<P> {
    /// Opens the stream of events. It ends with an error or the connection: open it again and treat that as a resync.
    ///
    /// # Errors
    /// Signed out, or no connection.
    pub async fn live(&self) -> Result<impl Stream<Item = Result<LiveEvent>> + use<P>> {
        Ok(sse::events(self.api().live().await?))
    }
}

/// The shortest pause between two tries to open the stream, milliseconds.
const FIRST: u32 = 1_000;
/// The longest.
const LONGEST: u32 = 64_000;
/// A stream that was open for so long, milliseconds, worked: what ended it is no reason to wait.
const WORKED: i64 = 30_000;

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
