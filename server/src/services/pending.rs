//! What waits between two requests of one ceremony: in memory, for minutes, and never too many.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use api_types::UnixMillis;

use crate::{ServiceResult, clock::now_ms, random};

/// Most that wait; beyond it the one that ends first goes.
const MAX: usize = 10_000;

/// Values by a random id, each until its time.
#[derive(Debug)]
pub struct Pending<T> {
    life: UnixMillis,
    waiting: Mutex<HashMap<[u8; 32], (UnixMillis, T)>>,
}

impl<T> Pending<T> {
    /// Each value waits this long.
    pub fn new(life: UnixMillis) -> Self {
        Self { life, waiting: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (UnixMillis, T)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a value wait; gives its id.
    pub fn put(&self, value: T) -> ServiceResult<[u8; 32]> {
        let id = random::bytes()?;
        let mut waiting = self.lock();
        if waiting.len() >= MAX
            && let Some(first) = waiting.iter().min_by_key(|(_, (end, _))| *end).map(|(id, _)| *id)
        {
            waiting.remove(&first);
        }
        waiting.insert(id, (now_ms() + self.life, value));
        Ok(id)
    }

    /// Takes a value out: each serves once.
    pub fn take(&self, id: &[u8]) -> Option<T> {
        self.take_with_end(id).map(|(_, value)| value)
    }

    /// As [`Pending::take`], with the time at which it ends, for putting it back.
    pub fn take_with_end(&self, id: &[u8]) -> Option<(UnixMillis, T)> {
        let id: &[u8; 32] = id.try_into().ok()?;
        let (end, value) = self.lock().remove(id)?;
        (now_ms() < end).then_some((end, value))
    }

    /// Puts a value back under its id, for the next step, until the end that it had.
    pub fn put_back(&self, id: &[u8], end: UnixMillis, value: T) {
        if let Ok(id) = id.try_into() {
            self.lock().insert(id, (end, value));
        }
    }

    /// Forgets those of which this is true.
    pub fn forget(&self, what: impl Fn(&T) -> bool) {
        self.lock().retain(|_, (_, value)| !what(value));
    }

    /// Forgets what has ended.
    pub fn forget_expired(&self, now: UnixMillis) {
        self.lock().retain(|_, (end, _)| now < *end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_serves_once_and_not_after_its_time() {
        let pending = Pending::new(60_000);
        let id = pending.put(7).unwrap();
        assert_eq!(pending.take(&id), Some(7));
        assert_eq!(pending.take(&id), None);
        let id = pending.put(8).unwrap();
        let (end, value) = pending.take_with_end(&id).unwrap();
        pending.put_back(&id, end, value);
        assert_eq!(pending.take_with_end(&id), Some((end, 8)), "putting back gives no new life");
        let over = Pending::new(-1);
        let id = over.put(7).unwrap();
        assert_eq!(over.take(&id), None);
        assert_eq!(over.take(b"short"), None);
    }

    #[test]
    fn there_are_never_too_many() {
        let pending = Pending::new(60_000);
        for n in 0..MAX + 10 {
            pending.put(n).unwrap();
        }
        assert_eq!(pending.lock().len(), MAX);
    }
}
