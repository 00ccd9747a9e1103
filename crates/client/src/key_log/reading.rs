//! What a session knows of its reading of the tree of keys. That there is no alarm says something only of what was read.

use std::sync::PoisonError;

use super::{KeyLog, Scanned};
use crate::{error::Result, platform::Platform, transport::TransportError, vault::Vault};

/// How far a session has read the tree of keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeysRead {
    /// No reading has ended yet.
    #[default]
    NotYet,
    /// The newest one ended well.
    UpTo {
        /// Entries that it left for the next.
        left: u64,
    },
    /// The newest one came to no end: no answer, one that isn't of the tree, or a refusal. Entries that should not be there may
    /// stand among those that it didn't come to.
    Failed {
        /// How many in a row.
        times: u32,
    },
}

impl KeysRead {
    /// After one more reading.
    fn then(self, scanned: &Result<Scanned>) -> Self {
        match (scanned, self) {
            (Ok(scanned), _) => Self::UpTo { left: scanned.left },
            (Err(_), Self::Failed { times }) => Self::Failed { times: times.saturating_add(1) },
            (Err(_), Self::NotYet | Self::UpTo { .. }) => Self::Failed { times: 1 },
        }
    }
}

impl KeyLog {
    /// Notes how a reading ended.
    pub(super) fn note_reading(&self, scanned: &Result<Scanned>) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        *read = read.then(scanned);
    }
}

impl<P: Platform> Vault<P> {
    /// How far this session has read the log of keys, which is as far as [`Vault::alarms`] can know.
    pub fn keys_read(&self) -> KeysRead {
        *self.key_log().read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a reading was given up: it counts as one that failed. A server that answers a byte now and then would hide what
    /// stands there for as long as it likes.
    pub fn gave_up_reading_keys(&self) {
        self.key_log().note_reading(&Err(TransportError::TimedOut.into()));
    }
}
