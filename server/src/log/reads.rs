//! How much of the log one address reads. Kept in memory: nothing can be guessed here, only read too often.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use api_types::UnixMillis;

use crate::{ServiceError, ServiceResult, clock::now_ms, middleware::Address};

/// Files at once: a client that comes back after years needs some hundred.
const BURST: i64 = 600;
/// One more is allowed after each of these milliseconds.
const EVERY: UnixMillis = 50;
/// Addresses remembered; beyond it those that have waited long enough are forgotten, or else all.
const ADDRESSES: usize = 20_000;

/// When each address will have nothing left to wait for.
#[derive(Debug, Default)]
pub struct LogReads(Mutex<HashMap<IpAddr, UnixMillis>>);

impl LogReads {
    /// Counts a file, or refuses it with the time at which the next is given.
    pub fn count(&self, from: Address, factor: u32) -> ServiceResult<()> {
        self.count_at(from.0, factor, now_ms())
    }

    fn count_at(&self, from: IpAddr, factor: u32, now: UnixMillis) -> ServiceResult<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ADDRESSES {
            all.retain(|_, free_at| *free_at > now);
        }
        if all.len() >= ADDRESSES {
            all.clear();
        }
        let burst = BURST * EVERY * i64::from(factor);
        let free_at = all.entry(from).or_insert(now);
        let next = (*free_at).max(now) + EVERY;
        if next - now > burst {
            return Err(ServiceError::Throttled { retry_at: next - burst });
        }
        *free_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_waits_and_another_does_not() {
        let (reads, here, there) = (LogReads::default(), IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let counted = (0..700).filter(|_| reads.count_at(here, 1, 1_000).is_ok()).count();
        assert_eq!(counted as i64, BURST);
        let refused = reads.count_at(here, 1, 1_000);
        assert!(
            matches!(refused, Err(ServiceError::Throttled { retry_at }) if retry_at == 1_000 + EVERY),
            "{refused:?}"
        );
        assert!(reads.count_at(there, 1, 1_000).is_ok());
        assert!(reads.count_at(here, 1, 1_000 + EVERY).is_ok());
        assert!(reads.count_at(here, 1, 1_000 + EVERY).is_err());
        assert!(reads.count_at(here, 2, 1_000 + EVERY).is_ok(), "an address that many share has more");
    }
}
