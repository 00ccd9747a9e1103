//! What one person may have under way at once: each of these holds memory and a connection for as long as the other
//! side likes. A second bound by session leaves room for another device where one runs wild.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api_types::{AccountId, SessionId};

use crate::{ServiceError, ServiceResult, policy::Actor};

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// A segment that is being sent. A page sends at most four at a time.
    Segment,
    /// A stream of live events. Each open page has one.
    Live,
    /// A stored segment that is read whole for a piece of it: the last chunk of a file, or the rest of what broke off.
    Comparing,
    /// A large piece of one, compared, that waits in memory for its reader. Whoever has as many as they may is served all the
    /// same: the piece is read a second time.
    Holding,
}

/// Most segments that one session sends at once, and as many that are read for pieces of them.
pub const SESSION_SEGMENTS: usize = 16;
/// The same, of all sessions of one account.
pub const ACCOUNT_SEGMENTS: usize = 24;
/// Most large pieces of stored segments that wait in memory for one account, in one session or several.
pub const HELD_PIECES: usize = 2;
/// The same for everybody together: each is at most a segment, 8 MiB.
pub const HELD_IN_ALL: usize = 16;
/// Most streams of live events in one session.
pub const SESSION_LIVE: usize = 24;
/// Most streams of live events in all sessions of one account.
pub const ACCOUNT_LIVE: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Session(SessionId),
    Account(AccountId),
    Everybody,
}

type Key = (What, Holder);

/// How many of each are under way.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<HashMap<Key, usize>>);

/// One of them; it ends when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Slot {
    all: Arc<InFlight>,
    keys: [Key; 2],
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one, or refuses where there are as many as there may be.
    pub fn enter(self: &Arc<Self>, what: What, actor: &Actor) -> ServiceResult<Slot> {
        let wider = if what == What::Holding { Holder::Everybody } else { Holder::Session(actor.session) };
        let keys = [(what, wider), (what, Holder::Account(actor.account))];
        let mut counts = self.lock();
        for key in keys {
            let most = most(key);
            if counts.get(&key).is_some_and(|n| *n >= most) {
                return Err(ServiceError::TooManyAtOnce { most });
            }
        }
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
        Ok(Slot { all: Arc::clone(self), keys })
    }
}

fn most((what, holder): Key) -> usize {
    match (what, holder) {
        (What::Segment | What::Comparing, Holder::Account(_)) => ACCOUNT_SEGMENTS,
        (What::Segment | What::Comparing, _) => SESSION_SEGMENTS,
        (What::Holding, Holder::Everybody) => HELD_IN_ALL,
        (What::Holding, _) => HELD_PIECES,
        (What::Live, Holder::Account(_)) => ACCOUNT_LIVE,
        (What::Live, _) => SESSION_LIVE,
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.all.lock();
        for key in self.keys {
            if let Some(n) = counts.get_mut(&key) {
                *n -= 1;
                if *n == 0 {
                    counts.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use api_types::{
        accounts::{AccountStatus, Role},
        sessions::Carrier,
    };

    use super::*;

    fn actor(account: u8) -> Actor {
        Actor {
            account: AccountId([account; 32]),
            role: Role::Doctor,
            status: AccountStatus::Active,
            second_factor_due: false,
            session: SessionId([2; 16]),
            carrier: Carrier::Bearer,
            token: None,
            device_of: None,
            reading_key: None,
        }
    }

    #[test]
    fn what_everybody_holds_is_bounded() {
        let all = Arc::new(InFlight::default());
        let held: Vec<_> = (0..255).flat_map(|who| [0; 3].map(|_| all.enter(What::Holding, &actor(who)))).collect();
        assert!(held[0].is_ok() && held[1].is_ok() && held[2].is_err(), "two for an account");
        assert_eq!(held.iter().filter(|slot| slot.is_ok()).count(), HELD_IN_ALL);
        drop(held);
        assert!(all.lock().is_empty());
    }

    #[test]
    fn what_ended_is_forgotten() {
        let actor = actor(1);
        let all = Arc::new(InFlight::default());
        let slots: Vec<_> = (0..SESSION_LIVE).map(|_| all.enter(What::Live, &actor).unwrap()).collect();
        assert!(all.enter(What::Live, &actor).is_err());
        let other = all.enter(What::Segment, &actor).unwrap();
        drop(slots);
        drop(other);
        assert!(all.lock().is_empty());
    }
}
