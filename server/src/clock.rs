//! The server's clock: Unix milliseconds, UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use api_types::UnixMillis;

/// One minute.
pub const MINUTE: UnixMillis = 60_000;
/// One hour.
pub const HOUR: UnixMillis = 60 * MINUTE;
/// One day.
pub const DAY: UnixMillis = 24 * HOUR;

/// Now. A clock before 1970 reads as 0.
pub fn now_ms() -> UnixMillis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| UnixMillis::try_from(d.as_millis()).unwrap_or(UnixMillis::MAX))
}

/// The server's clock as services read it: the system's, moved forward in tests of what ends by time.
#[derive(Debug, Default)]
pub struct Clock {
    ahead: std::sync::atomic::AtomicI64,
}

impl Clock {
    /// Now.
    pub fn now(&self) -> UnixMillis {
        now_ms() + self.ahead.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: UnixMillis) {
        self.ahead.fetch_add(by, std::sync::atomic::Ordering::Relaxed);
    }
}
