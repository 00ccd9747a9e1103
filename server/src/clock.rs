//! The server's clock: Unix milliseconds, UTC.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use api_types::UnixMillis;

/// One minute.
pub const MINUTE: UnixMillis = 60_000;
/// One hour.
pub const HOUR: UnixMillis = 60 * MINUTE;
/// One day.
pub const DAY: UnixMillis = 24 * HOUR;

/// By so much clocks may differ: what is of a later time than now and that was made while one was ahead.
pub const AHEAD: UnixMillis = 10 * MINUTE;

/// Now. A clock before 1970 reads as 0.
pub fn now_ms() -> UnixMillis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| UnixMillis::try_from(d.as_millis()).unwrap_or(UnixMillis::MAX))
}

/// The server's clock as services read it: the system's, moved forward in tests of what ends by time. Clones are one clock.
///
/// Who holds what, and for how long, goes by the database's instead ([`crate::storage::lease_time`]).
#[derive(Debug, Clone)]
pub struct Clock {
    ahead: Arc<AtomicI64>,
    wrong: Arc<AtomicI64>,
    tick: Arc<AtomicI64>,
    since: (UnixMillis, Instant),
}

impl Default for Clock {
    fn default() -> Self {
        Self { ahead: Arc::default(), wrong: Arc::default(), tick: Arc::default(), since: (now_ms(), Instant::now()) }
    }
}

impl Clock {
    /// Now.
    pub fn now(&self) -> UnixMillis {
        let ticked = self.tick.load(Ordering::Relaxed);
        self.system() + self.ahead.fetch_add(ticked, Ordering::Relaxed)
    }

    /// The system's clock, right or wrong.
    pub fn system(&self) -> UnixMillis {
        now_ms() + self.wrong.load(Ordering::Relaxed)
    }

    /// Moves the clock forward: so much time passes, for this server and for what it holds.
    pub fn advance(&self, by: UnixMillis) {
        self.ahead.fetch_add(by, Ordering::Relaxed);
    }

    /// From now on so much time passes with each reading, as it may: whoever reads twice must not take it for one moment.
    pub fn set_tick(&self, by: UnixMillis) {
        self.tick.store(by, Ordering::Relaxed);
    }

    /// By how much it was moved forward.
    pub fn moved(&self) -> UnixMillis {
        self.ahead.load(Ordering::Relaxed)
    }

    /// As if the system's clock were ahead by so much of everybody else's: no time passes.
    pub fn set_wrong(&self, by: UnixMillis) {
        self.wrong.store(by, Ordering::Relaxed);
    }

    /// How long it runs, whatever was done to the system's clock meanwhile.
    pub fn runs_for(&self) -> UnixMillis {
        UnixMillis::try_from(self.since.1.elapsed().as_millis()).unwrap_or(UnixMillis::MAX)
    }

    /// By how much more the system's clock has moved since the start than time has passed. It was set, or the machine slept.
    pub fn ran_ahead(&self) -> UnixMillis {
        (self.system() - self.since.0).saturating_sub(self.runs_for())
    }
}
