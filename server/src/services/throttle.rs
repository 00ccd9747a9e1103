//! Throttling of what can be guessed: a few free tries, then a delay that doubles; tries are forgiven with time.
//!
//! Counted in the database, so that a restart forgives nothing. Who guesses at an e-mail from one address soon waits
//! long; what they do must not keep its owner out. So the tries at one e-mail from all addresses together are bounded
//! by a delay of seconds only, the tries at all e-mails by a shorter one, and neither concerns an address from which
//! that account was signed in to lately. Keys are keyed hashes.

use api_types::UnixMillis;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::ConnectionTrait;
use sha2::Sha256;

use crate::{
    AppState, ServiceError, ServiceResult,
    clock::{DAY, MINUTE},
    middleware::Address,
    storage::{
        db::WriteTx,
        throttle::{self, Tries},
    },
};

/// So long an address is known to an account after a success there.
const KNOWN_FOR: UnixMillis = 30 * DAY;
/// What is remembered then.
const KNOWN: &str = "Known";

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// Signing in to one e-mail from one address.
    SignInPair,
    /// Signing in to one e-mail from anywhere.
    SignIn,
    /// Signing in to anything from one address.
    SignInFrom,
    /// Signing in to anything from anywhere.
    SignInAnywhere,
    /// Proving a second factor of one account, after the password or kit was right.
    SecondFactor,
    /// Asking for a passkey's challenge, from one address.
    PasskeyFrom,
    /// Going to an identity provider or coming back, from one address.
    IdentityFrom,
    /// Failing with an API token, from one address.
    ApiTokenFrom,
    /// Signing in with phones, from one address.
    PhoneFrom,
    /// Having codes sent to one number, of one purpose.
    PhoneNumber,
    /// Having codes sent, by one account.
    PhoneAccount,
    /// Creating accounts from one address.
    SignUpFrom,
    /// Asking for codes that prove addresses at sign-up, and typing them, from one address.
    SignUpCodeFrom,
    /// Having such codes mailed to one e-mail.
    SignUpCode,
    /// Recovering one e-mail from one address.
    RecoveryPair,
    /// Recovering one e-mail from anywhere.
    Recovery,
    /// Recovering from one address.
    RecoveryFrom,
    /// Recovering anything from anywhere.
    RecoveryAnywhere,
    /// Looking people up, by one account.
    LookUp,
    /// Looking invitations up, from one address.
    InvitationFrom,
    /// Having a link mailed that verifies an address, by one account.
    EmailVerification,
    /// Using such links, from one address.
    EmailVerificationFrom,
    /// Asking for another e-mail address, by one account.
    EmailChange,
    /// Mailing a kind of message to one e-mail.
    Notice,
    /// Mailing to one e-mail that something was shared.
    ShareNotice,
    /// Having invitations mailed, by one account.
    InvitationMail,
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
            Self::SignInPair => (5, 5 * MINUTE, 1_000, 15 * MINUTE),
            Self::SignIn => (30, 10_000, 1_000, 4_000),
            Self::SignInFrom => (300, 3_000, 1_000, MINUTE),
            Self::SignInAnywhere => (300, 500, 250, 1_000),
            Self::SecondFactor => (5, 5 * MINUTE, 1_000, 5 * MINUTE),
            Self::PasskeyFrom => (60, 2_000, 1_000, MINUTE),
            Self::IdentityFrom => (60, 2_000, 1_000, MINUTE),
            Self::ApiTokenFrom => (60, 2_000, 1_000, MINUTE),
            Self::PhoneFrom => (30, MINUTE, 1_000, 10 * MINUTE),
            Self::PhoneNumber => (3, 10 * MINUTE, 30_000, 60 * MINUTE),
            Self::PhoneAccount => (5, 10 * MINUTE, 30_000, 60 * MINUTE),
            Self::SignUpFrom => (40, MINUTE, 1_000, 10 * MINUTE),
            Self::SignUpCodeFrom => (60, MINUTE, 1_000, 10 * MINUTE),
            // Stricter than `Notice`, so that what is asked for is mailed.
            Self::SignUpCode => (3, 10 * MINUTE, MINUTE, 60 * MINUTE),
            Self::RecoveryPair => (5, 15 * MINUTE, 2_000, 15 * MINUTE),
            Self::Recovery => (30, 10_000, 1_000, 4_000),
            Self::RecoveryFrom => (30, MINUTE, 1_000, 5 * MINUTE),
            Self::RecoveryAnywhere => (300, 500, 250, 1_000),
            Self::LookUp => (120, 2_000, 500, MINUTE),
            Self::InvitationFrom => (60, 10_000, 1_000, 5 * MINUTE),
            Self::EmailVerification => (3, 10 * MINUTE, MINUTE, 60 * MINUTE),
            Self::EmailVerificationFrom => (60, 10_000, 1_000, 5 * MINUTE),
            Self::EmailChange => (3, 30 * MINUTE, 10 * MINUTE, 24 * 60 * MINUTE),
            Self::Notice => (6, 10 * MINUTE, 5 * MINUTE, 60 * MINUTE),
            Self::ShareNotice => (1, 10 * MINUTE, 10 * MINUTE, 10 * MINUTE),
            Self::InvitationMail => (100, MINUTE, MINUTE, 60 * MINUTE),
        };
        let factor = if self.is_by_address() { i64::from(address_factor) } else { 1 };
        Rule { free: free * factor, forgiven, first_delay, longest_delay }
    }

    fn is_by_address(self) -> bool {
        matches!(
            self,
            Self::SignInFrom
                | Self::PasskeyFrom
                | Self::IdentityFrom
                | Self::ApiTokenFrom
                | Self::PhoneFrom
                | Self::SignUpFrom
                | Self::SignUpCodeFrom
                | Self::RecoveryFrom
                | Self::InvitationFrom
                | Self::EmailVerificationFrom
        )
    }
}

/// An e-mail and the address from which it is tried.
#[derive(Debug, Clone)]
pub struct Pair {
    email_key: String,
    from: Address,
}

impl Pair {
    /// Of a normalised e-mail.
    pub fn new(email_key: &str, from: Address) -> Self {
        Self { email_key: email_key.to_owned(), from }
    }

    /// The normalised e-mail.
    pub fn email_key(&self) -> &str {
        &self.email_key
    }

    /// The address.
    pub fn from(&self) -> Address {
        self.from
    }

    /// No e-mail holds a zero byte.
    fn bytes(&self) -> Vec<u8> {
        [self.email_key.as_bytes(), &[0], &self.from.bytes()].concat()
    }
}

/// Counts a try at signing in.
pub async fn count_sign_in(state: &AppState, pair: &Pair) -> ServiceResult<()> {
    let here = [Tried::SignInFrom, Tried::SignInPair];
    count_pair(state, pair, here, [Tried::SignIn, Tried::SignInAnywhere]).await
}

/// Counts a try at recovering.
pub async fn count_recovery(state: &AppState, pair: &Pair) -> ServiceResult<()> {
    let here = [Tried::RecoveryFrom, Tried::RecoveryPair];
    count_pair(state, pair, here, [Tried::Recovery, Tried::RecoveryAnywhere]).await
}

async fn count_pair(state: &AppState, pair: &Pair, here: [Tried; 2], anywhere: [Tried; 2]) -> ServiceResult<()> {
    let (bytes, address) = (pair.bytes(), pair.from.bytes());
    // What others try is no concern of a known address. It counts for itself instead: the same work in the same time, or who
    // shares the address could tell from that to whom it is known.
    let [of_email, of_all] = match is_known(state, pair).await? {
        true => [&bytes[..], &bytes[..]],
        false => [pair.email_key.as_bytes(), &[][..]],
    };
    let tries = [(here[0], &address[..]), (here[1], &bytes[..]), (anywhere[0], of_email), (anywhere[1], of_all)];
    count_all(state, &tries).await
}

/// Counts a try, or refuses it with the time at which the next is taken. Refused tries don't count: hammering doesn't
/// lock anyone out for longer.
pub async fn count(state: &AppState, tried: Tried, subject: &[u8]) -> ServiceResult<()> {
    count_all(state, &[(tried, subject)]).await
}

/// Counts a try in several ways at once, or refuses it in all of them.
pub async fn count_all(state: &AppState, tries: &[(Tried, &[u8])]) -> ServiceResult<()> {
    let now = state.clock.now();
    let factor = state.config.address_factor;
    let counted: Vec<_> = tries.iter().map(|(tried, of)| (tried.rule(factor), key(state, tried, of))).collect();
    // The first look is without the writer: those who are refused don't take its time.
    look(state.db.read(), &counted, now).await?;
    let tx = state.db.begin_write().await?;
    let next = look(tx.conn(), &counted, now).await?;
    for ((_, key), tries) in counted.iter().zip(next) {
        throttle::put(tx.conn(), key, tries).await?;
    }
    tx.commit().await
}

/// What each count will be, if all of them let the try through.
async fn look(conn: &impl ConnectionTrait, counted: &[(Rule, [u8; 32])], now: UnixMillis) -> ServiceResult<Vec<Tries>> {
    let mut tries = Vec::with_capacity(counted.len());
    let mut latest = None;
    for (rule, key) in counted {
        match next(rule, throttle::get(conn, key).await?, now) {
            Ok(next) => tries.push(next),
            Err(retry_at) => latest = latest.max(Some(retry_at)),
        }
    }
    latest.map_or(Ok(tries), |retry_at| Err(ServiceError::Throttled { retry_at }))
}

/// With a success: forgets the tries from that address, which is known to the account from now on.
pub async fn succeeded(state: &AppState, tx: &WriteTx, pair: &Pair) -> ServiceResult<()> {
    let sign_in = [Tried::SignInPair, Tried::SignIn, Tried::SignInAnywhere];
    let recovery = [Tried::RecoveryPair, Tried::Recovery, Tried::RecoveryAnywhere];
    for tried in sign_in.into_iter().chain(recovery) {
        throttle::delete(tx.conn(), &key(state, &tried, &pair.bytes())).await?;
    }
    remember(state, tx, KNOWN, &pair.bytes(), state.clock.now() + KNOWN_FOR).await
}

/// With a success: forgets the tries.
pub async fn forget(state: &AppState, tx: &WriteTx, tried: Tried, subject: &[u8]) -> ServiceResult<()> {
    Ok(throttle::delete(tx.conn(), &key(state, &tried, subject)).await?)
}

/// When the next try is free: now, or later. Counts nothing.
pub async fn free_at(state: &AppState, tx: &WriteTx, tried: Tried, subject: &[u8]) -> ServiceResult<UnixMillis> {
    let now = state.clock.now();
    let before = throttle::get(tx.conn(), &key(state, &tried, subject)).await?;
    Ok(next(&tried.rule(1), before, now).err().unwrap_or(now))
}

/// Counts a try that happens then.
pub async fn book(state: &AppState, tx: &WriteTx, tried: Tried, subject: &[u8], at: UnixMillis) -> ServiceResult<()> {
    let key = key(state, &tried, subject);
    let before = throttle::get(tx.conn(), &key).await?;
    let tries = next(&tried.rule(1), before, at).unwrap_or(Tries { last: at, count: 1 });
    Ok(throttle::put(tx.conn(), &key, tries).await?)
}

/// Whether something is remembered still.
pub async fn remembers(
    state: &AppState,
    conn: &impl ConnectionTrait,
    what: &str,
    subject: &[u8],
) -> ServiceResult<bool> {
    let until = throttle::get(conn, &keyed(state, what, subject)).await?;
    Ok(until.is_some_and(|until| state.clock.now() < until.last))
}

/// Remembers something until then.
pub async fn remember(
    state: &AppState,
    tx: &WriteTx,
    what: &str,
    subject: &[u8],
    until: UnixMillis,
) -> ServiceResult<()> {
    Ok(throttle::put(tx.conn(), &keyed(state, what, subject), Tries { last: until, count: 1 }).await?)
}

/// Whether something happened as often as it may within a day: then when it may again.
pub async fn day_full(
    state: &AppState,
    conn: &impl ConnectionTrait,
    (what, most): (&str, u32),
    subject: &[u8],
) -> ServiceResult<Option<UnixMillis>> {
    let now = state.clock.now();
    let counted = throttle::get(conn, &keyed(state, what, subject)).await?.filter(|day| now < day.last + DAY);
    Ok(counted.filter(|day| day.count >= i64::from(most)).map(|day| day.last + DAY))
}

/// Counts what happens, for a day from the first time on.
pub async fn count_day(state: &AppState, tx: &WriteTx, what: &str, subject: &[u8]) -> ServiceResult<()> {
    let (now, key) = (state.clock.now(), keyed(state, what, subject));
    let before = throttle::get(tx.conn(), &key).await?.filter(|day| now < day.last + DAY);
    let day = before.map_or(Tries { last: now, count: 1 }, |day| Tries { count: day.count + 1, ..day });
    Ok(throttle::put(tx.conn(), &key, day).await?)
}

async fn is_known(state: &AppState, pair: &Pair) -> ServiceResult<bool> {
    remembers(state, state.db.read(), KNOWN, &pair.bytes()).await
}

/// The count that a try makes, or the time from which one is taken.
fn next(rule: &Rule, before: Option<Tries>, now: UnixMillis) -> Result<Tries, UnixMillis> {
    let Some(before) = before else { return Ok(Tries { last: now, count: 1 }) };
    let retry_at = before.last + delay(rule, before.count);
    if now < retry_at {
        return Err(retry_at);
    }
    let forgiven = (now - before.last) / rule.forgiven;
    Ok(Tries { last: now, count: (before.count - forgiven).max(0) + 1 })
}

fn delay(rule: &Rule, count: i64) -> UnixMillis {
    let Ok(over) = u32::try_from(count - rule.free) else { return 0 };
    rule.first_delay.saturating_mul(1i64.checked_shl(over.min(32)).unwrap_or(i64::MAX)).min(rule.longest_delay)
}

fn key(state: &AppState, tried: &Tried, subject: &[u8]) -> [u8; 32] {
    keyed(state, &format!("{tried:?}"), subject)
}

/// A keyed hash, for what is to be recognised and not read.
pub fn keyed(state: &AppState, what: &str, subject: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let mut mac = match <Hmac<Sha256> as KeyInit>::new_from_slice(&state.throttle_key) {
        Ok(mac) => mac,
        Err(_) => return [0; 32],
    };
    mac.update(what.as_bytes());
    mac.update(&[0]);
    mac.update(subject);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_is_forgiven() {
        let rule = Tried::SignInPair.rule(9);
        let mut tries = None;
        for _ in 0..5 {
            tries = Some(next(&rule, tries, 1_000_000).unwrap());
        }
        let retry_at = |tries, now| next(&rule, tries, now).err();
        assert_eq!(retry_at(tries, 1_000_000), Some(1_001_000), "an address factor doesn't help an account's guesser");
        tries = Some(next(&rule, tries, 1_001_000).unwrap());
        assert_eq!(retry_at(tries, 1_001_000), Some(1_003_000));
        let many = Some(Tries { last: 0, count: 100 });
        assert_eq!(retry_at(many, 1), Some(15 * MINUTE), "never longer");
        assert_eq!(next(&rule, many, 15 * MINUTE).map(|t| t.count), Ok(98), "three are forgiven, one is new");
        assert_eq!(next(&rule, many, 500 * MINUTE).map(|t| t.count), Ok(1));
    }

    #[test]
    fn what_others_can_cause_is_short() {
        for tried in [Tried::SignIn, Tried::Recovery, Tried::SignInAnywhere, Tried::RecoveryAnywhere] {
            assert!(tried.rule(1).longest_delay <= 4_000, "{tried:?}");
        }
    }

    #[test]
    fn an_address_shared_by_many_can_have_more() {
        assert_eq!(Tried::SignInFrom.rule(10).free, 3_000);
        assert_eq!(Tried::LookUp.rule(10).free, 120);
    }
}
