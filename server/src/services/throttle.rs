//! Throttling of what can be guessed: a few free tries, then a delay that doubles; tries are forgiven with time.
//!
//! Counted in the database, so that a restart forgives nothing; by account or e-mail and by address, so that neither
//! one account from many places nor many accounts from one place can be tried quickly. Keys are keyed hashes.

use api_types::UnixMillis;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    AppState, ServiceError, ServiceResult,
    clock::MINUTE,
    storage::{
        db::WriteTx,
        throttle::{self, Tries},
    },
};

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// Signing in to one e-mail.
    SignIn,
    /// Signing in from one address.
    SignInFrom,
    /// Creating accounts from one address.
    SignUpFrom,
    /// Recovering one e-mail.
    Recovery,
    /// Recovering from one address.
    RecoveryFrom,
    /// Looking people up, by one account.
    LookUp,
    /// Looking invitations up, from one address.
    InvitationFrom,
    /// Asking for code challenges, by one account.
    CodeChallenge,
}

/// How much is free, and how long one waits after that.
struct Rule {
    /// Tries without delay.
    free: i64,
    /// One try is forgiven after each of these.
    forgiven: UnixMillis,
    /// The first delay; each further try doubles it.
    first_delay: UnixMillis,
    /// The longest.
    longest_delay: UnixMillis,
}

impl Tried {
    fn rule(self, address_factor: u32) -> Rule {
        let (free, forgiven, first_delay, longest_delay) = match self {
            Self::SignIn => (5, 5 * MINUTE, 1_000, 5 * MINUTE),
            Self::SignInFrom => (300, 3_000, 1_000, MINUTE),
            Self::SignUpFrom => (40, MINUTE, 1_000, 10 * MINUTE),
            Self::Recovery => (5, 15 * MINUTE, 2_000, 15 * MINUTE),
            Self::RecoveryFrom => (30, MINUTE, 1_000, 5 * MINUTE),
            Self::LookUp => (120, 2_000, 500, MINUTE),
            Self::InvitationFrom => (60, 10_000, 1_000, 5 * MINUTE),
            Self::CodeChallenge => (30, 30_000, 1_000, MINUTE),
        };
        let factor = if self.is_by_address() { i64::from(address_factor) } else { 1 };
        Rule { free: free * factor, forgiven, first_delay, longest_delay }
    }

    fn is_by_address(self) -> bool {
        matches!(self, Self::SignInFrom | Self::SignUpFrom | Self::RecoveryFrom | Self::InvitationFrom)
    }
}

/// Counts a try, or refuses it with the time at which the next is taken. Refused tries don't count: hammering doesn't
/// lock anyone out for longer.
pub async fn count(state: &AppState, tried: Tried, subject: &[u8]) -> ServiceResult<()> {
    let key = key(state, tried, subject);
    let now = state.clock.now();
    let rule = tried.rule(state.config.address_factor);
    // The first look is without the writer: those who are refused don't take its time.
    next(&rule, throttle::get(state.db.read(), &key).await?, now)?;
    let tx = state.db.begin_write().await?;
    let tries = next(&rule, throttle::get(tx.conn(), &key).await?, now)?;
    throttle::put(tx.conn(), &key, tries).await?;
    tx.commit().await
}

/// Forgets the tries, with the success that ends them.
pub async fn clear_in(state: &AppState, tx: &WriteTx, tried: Tried, subject: &[u8]) -> ServiceResult<()> {
    Ok(throttle::delete(tx.conn(), &key(state, tried, subject)).await?)
}

fn next(rule: &Rule, before: Option<Tries>, now: UnixMillis) -> Result<Tries, ServiceError> {
    let Some(before) = before else { return Ok(Tries { last: now, count: 1 }) };
    let retry_at = before.last + delay(rule, before.count);
    if now < retry_at {
        return Err(ServiceError::Throttled { retry_at });
    }
    let forgiven = (now - before.last) / rule.forgiven;
    Ok(Tries { last: now, count: (before.count - forgiven).max(0) + 1 })
}

fn delay(rule: &Rule, count: i64) -> UnixMillis {
    let Ok(over) = u32::try_from(count - rule.free) else { return 0 };
    rule.first_delay.saturating_mul(1i64.checked_shl(over.min(32)).unwrap_or(i64::MAX)).min(rule.longest_delay)
}

fn key(state: &AppState, tried: Tried, subject: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let mut mac = match <Hmac<Sha256> as KeyInit>::new_from_slice(&state.throttle_key) {
        Ok(mac) => mac,
        Err(_) => return [0; 32],
    };
    mac.update(format!("{tried:?}\0").as_bytes());
    mac.update(subject);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_is_forgiven() {
        let rule = Tried::SignIn.rule(9);
        let mut tries = None;
        for _ in 0..5 {
            tries = Some(next(&rule, tries, 1_000_000).unwrap());
        }
        let retry_at = |tries, now| match next(&rule, tries, now) {
            Err(ServiceError::Throttled { retry_at }) => Some(retry_at),
            _ => None,
        };
        assert_eq!(retry_at(tries, 1_000_000), Some(1_001_000), "an address factor doesn't help an account's guesser");
        tries = Some(next(&rule, tries, 1_001_000).unwrap());
        assert_eq!(retry_at(tries, 1_001_000), Some(1_003_000));
        let many = Some(Tries { last: 0, count: 100 });
        assert_eq!(retry_at(many, 1), Some(5 * MINUTE), "never longer");
        assert_eq!(next(&rule, many, 5 * MINUTE).map(|t| t.count).ok(), Some(100), "as many again as were forgiven");
        assert_eq!(next(&rule, many, 500 * MINUTE).map(|t| t.count).ok(), Some(1));
    }

    #[test]
    fn an_address_shared_by_many_can_have_more() {
        assert_eq!(Tried::SignInFrom.rule(10).free, 3_000);
        assert_eq!(Tried::LookUp.rule(10).free, 120);
    }
}
