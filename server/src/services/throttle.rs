//! Throttling of what can be guessed: a few free tries, then a delay that doubles.
//!
//! Counted in the database, so that a restart forgives nothing; by account or e-mail and by address, so that neither
//! one account from many places nor many accounts from one place can be tried quickly. Keys are keyed hashes.

use api_types::UnixMillis;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    AppState, ServiceError, ServiceResult,
    clock::{HOUR, MINUTE},
    storage::{db::WriteTx, throttle::{self, Tries}},
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

/// How often is free, and how long one waits after that.
struct Rule {
    free: i64,
    first_delay: UnixMillis,
    longest_delay: UnixMillis,
    forgiven_after: UnixMillis,
}

impl Tried {
    fn rule(self) -> Rule {
        let (free, first_delay, longest_delay, forgiven_after) = match self {
            Self::SignIn => (5, 1_000, 5 * MINUTE, HOUR),
            Self::SignInFrom => (30, 1_000, MINUTE, 15 * MINUTE),
            Self::SignUpFrom => (20, 2_000, 10 * MINUTE, HOUR),
            Self::Recovery => (5, 2_000, 15 * MINUTE, 2 * HOUR),
            Self::RecoveryFrom => (15, 1_000, 5 * MINUTE, HOUR),
            Self::LookUp => (120, 500, MINUTE, 10 * MINUTE),
            Self::InvitationFrom => (30, 1_000, 5 * MINUTE, 30 * MINUTE),
            Self::CodeChallenge => (30, 1_000, MINUTE, 15 * MINUTE),
        };
        Rule { free, first_delay, longest_delay, forgiven_after }
    }
}

/// Counts a try, or refuses it with the time at which the next is taken. Refused tries don't count: hammering doesn't
/// lock anyone out for longer.
pub async fn count(state: &AppState, tried: Tried, subject: &[u8]) -> ServiceResult<()> {
    let key = key(state, tried, subject);
    let now = state.clock.now();
    let rule = tried.rule();
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
    let count = match before {
        Some(tries) if now - tries.last < rule.forgiven_after => {
            let retry_at = tries.last + delay(rule, tries.count);
            if now < retry_at {
                return Err(ServiceError::Throttled { retry_at });
            }
            tries.count
        }
        _ => 0,
    };
    Ok(Tries { last: now, count: count + 1 })
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
        let rule = Tried::SignIn.rule();
        let mut tries = None;
        for _ in 0..5 {
            tries = Some(next(&rule, tries, 1_000_000).unwrap());
        }
        let retry_at = |tries, now| match next(&rule, tries, now) {
            Err(ServiceError::Throttled { retry_at }) => Some(retry_at),
            _ => None,
        };
        assert_eq!(retry_at(tries, 1_000_000), Some(1_001_000));
        tries = Some(next(&rule, tries, 1_001_000).unwrap());
        assert_eq!(retry_at(tries, 1_001_000), Some(1_003_000));
        let many = Some(Tries { last: 0, count: 100 });
        assert_eq!(retry_at(many, 1), Some(5 * MINUTE));
        assert_eq!(next(&rule, many, HOUR).map(|t| t.count).ok(), Some(1));
    }
}
