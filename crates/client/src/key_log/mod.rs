//! The tree of keys (docs/log.md) as a client uses it: no key is sealed to that isn't where its holder would see it, and
//! whatever stands there in one's own name raises an alarm.
//!
//! | File | What it does |
//! |---|---|
//! | `prove.rs` | looks key records up in the tree before they are learnt |
//! | `address.rs` | what an e-mail address is bound to |
//! | `scan.rs` | reads what is new in the tree, in pieces |
//! | `ask.rs` | asks for newer keys that it has of somebody pinned |
//! | `reading.rs` | how far that came, or that it didn't |
//! | `judge.rs` | which of it is to be alarmed about |
//! | `seen.rs` | what the account remembers of it, alarms among that |

mod address;
mod ask;
mod judge;
mod prove;
mod reading;
mod scan;
mod seen;

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use crypto::defence::Defence;
use tlog::{Hash, leaf::Label, vrf::LabelPublicKey};

pub use reading::KeysRead;
pub use scan::Scanned;
pub use seen::{Alarm, AlarmKind};

pub use address::email_key;
pub(crate) use seen::{AskedAt, KeysSeen, Newer};

use crate::log::{Guard, Tree};

/// The tree of key records and e-mail addresses.
pub const KEYS: Tree = Tree { name: "keys", path: "/log/keys", named: Defence::KeyLogNamed };

/// The tree of keys in a session.
pub(crate) struct KeyLog {
    guard: Guard,
    labels: Option<LabelPublicKey>,
    /// Leaves that this session has found at their places.
    proved: Mutex<BTreeSet<(u64, [u8; 32])>>,
    /// Whether this session has looked at the tree.
    looked: AtomicBool,
    /// Of the own address, which may be another one later.
    own_label: Mutex<Option<(String, Label)>>,
    /// One scan at a time.
    scanning: futures::lock::Mutex<()>,
    /// How the newest one ended.
    read: Mutex<KeysRead>,
}

impl KeyLog {
    /// A tree whose keys the server says are these.
    pub fn new(signer: Option<String>, labels: Option<LabelPublicKey>) -> Self {
        Self {
            guard: Guard::new(KEYS, signer),
            labels,
            proved: Mutex::default(),
            looked: AtomicBool::new(false),
            own_label: Mutex::default(),
            scanning: futures::lock::Mutex::new(()),
            read: Mutex::default(),
        }
    }

    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    fn proved(&self) -> MutexGuard<'_, BTreeSet<(u64, [u8; 32])>> {
        self.proved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_proved(&self, index: u64, leaf: &Hash) -> bool {
        self.proved().contains(&(index, leaf.0))
    }

    fn own_label(&self) -> MutexGuard<'_, Option<(String, Label)>> {
        self.own_label.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
