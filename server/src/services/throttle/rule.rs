//! What one address or account may try: so much at once, then after delays that double.

use api_types::UnixMillis;

use crate::{
    clock::{AHEAD, MINUTE},
    storage::throttle::Tries,
};

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// Signing in to one e-mail from one address.
    SignInPair,
    /// Signing in to anything from one address.
    SignInFrom,
    /// Proving a second factor of one account from one address, after the password or kit was right.
    SecondFactor,
    /// Typing codes, from one address: of apps and phones, and those that reports are shared with.
    CodeFrom,
    /// Asking for a passkey's challenge, from one address.
    PasskeyFrom,
    /// Going to an identity provider or coming back, from one address.
    IdentityFrom,
    /// Failing with an API token, from one address.
    ApiTokenFrom,
    /// Signing in with phones, from one address.
    PhoneFrom,
    /// Having codes sent to one number, of one purpose, from one address.
    PhonePair,
    /// Having codes sent to one number, of one purpose, from anywhere.
    PhoneNumber,
    /// Having codes sent, by one account.
    PhoneAccount,
    /// Creating accounts from one address.
    SignUpFrom,
    /// Asking for codes that prove addresses at sign-up, and typing them, from one address.
    SignUpCodeFrom,
    /// Having such codes mailed to one e-mail, from one address.
    SignUpCode,
    /// Recovering one e-mail from one address.
    RecoveryPair,
    /// Recovering from one address.
    RecoveryFrom,
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
    /// Mailing codes at sign-up to one e-mail.
    CodeNotice,
    /// Mailing to one e-mail that something was shared.
    ShareNotice,
    /// Having invitations mailed, by one account.
    InvitationMail,
}

/// How much is free, and how long one waits after that.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
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
    /// With so many times as much free: an address that many people share.
    pub fn rule(self, factor: u32) -> Rule {
        let (free, forgiven, first_delay, longest_delay) = match self {
            Self::SignInPair => (5, 5 * MINUTE, 1_000, 15 * MINUTE),
            Self::SignInFrom => (300, 3_000, 1_000, MINUTE),
            Self::SecondFactor => (5, 5 * MINUTE, 1_000, 5 * MINUTE),
            Self::CodeFrom => (60, 10_000, 1_000, 5 * MINUTE),
            Self::PasskeyFrom => (60, 2_000, 1_000, MINUTE),
            Self::IdentityFrom => (60, 2_000, 1_000, MINUTE),
            Self::ApiTokenFrom => (60, 2_000, 1_000, MINUTE),
            Self::PhoneFrom => (30, MINUTE, 1_000, 10 * MINUTE),
            Self::PhonePair => (3, 10 * MINUTE, 30_000, 60 * MINUTE),
            Self::PhoneNumber => (6, 10 * MINUTE, 30_000, 60 * MINUTE),
            Self::PhoneAccount => (5, 10 * MINUTE, 30_000, 60 * MINUTE),
            Self::SignUpFrom => (40, MINUTE, 1_000, 10 * MINUTE),
            Self::SignUpCodeFrom => (60, MINUTE, 1_000, 10 * MINUTE),
            Self::SignUpCode => (3, 10 * MINUTE, MINUTE, 60 * MINUTE),
            Self::RecoveryPair => (5, 15 * MINUTE, 2_000, 15 * MINUTE),
            Self::RecoveryFrom => (30, MINUTE, 1_000, 5 * MINUTE),
            Self::LookUp => (120, 2_000, 500, MINUTE),
            Self::InvitationFrom => (60, 10_000, 1_000, 5 * MINUTE),
            Self::EmailVerification => (3, 10 * MINUTE, MINUTE, 60 * MINUTE),
            Self::EmailVerificationFrom => (60, 10_000, 1_000, 5 * MINUTE),
            Self::EmailChange => (3, 30 * MINUTE, 10 * MINUTE, 24 * 60 * MINUTE),
            Self::Notice => (6, 10 * MINUTE, 5 * MINUTE, 60 * MINUTE),
            // Never reached by what `Shared::SignUpCode` grants, so that what is asked for is mailed.
            Self::CodeNotice => (12, MINUTE, 5 * MINUTE, 60 * MINUTE),
            Self::ShareNotice => (1, 10 * MINUTE, 10 * MINUTE, 10 * MINUTE),
            Self::InvitationMail => (100, MINUTE, MINUTE, 60 * MINUTE),
        };
        Rule { free: free * i64::from(factor), forgiven, first_delay, longest_delay }
    }
}

/// A network of IPv6 is counted like so many addresses.
const NETWORK: i64 = 16;

impl Rule {
    /// What a whole network may do that holds many addresses.
    pub fn for_network(self) -> Self {
        Self { free: self.free * NETWORK, forgiven: (self.forgiven / NETWORK).max(1), ..self }
    }
}

/// A rule, and the key that it counts under.
#[derive(Debug)]
pub struct Count {
    pub rule: Rule,
    pub key: [u8; 32],
}

/// The count that a try makes, or the time from which one is taken.
pub fn next(rule: &Rule, before: Option<Tries>, now: UnixMillis) -> Result<Tries, UnixMillis> {
    let Some(before) = before else { return Ok(Tries { last: now, count: 1 }) };
    let wait = delay(rule, before.count);
    let retry_at = before.last + wait;
    // Who has free tries waits for no other server's clock, and nobody as long as a clock that was wrong says.
    if wait > 0 && now < retry_at && retry_at <= now + 2 * rule.longest_delay + AHEAD {
        return Err(retry_at);
    }
    let forgiven = (now - before.last).max(0) / rule.forgiven;
    Ok(Tries { last: now, count: (before.count - forgiven).max(0) + 1 })
}

fn delay(rule: &Rule, count: i64) -> UnixMillis {
    let Ok(over) = u32::try_from(count - rule.free) else { return 0 };
    rule.first_delay.saturating_mul(1i64.checked_shl(over.min(32)).unwrap_or(i64::MAX)).min(rule.longest_delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_is_forgiven() {
        let rule = Tried::SignInPair.rule(1);
        let mut tries = None;
        for _ in 0..5 {
            tries = Some(next(&rule, tries, 1_000_000).unwrap());
        }
        let retry_at = |tries, now| next(&rule, tries, now).err();
        assert_eq!(retry_at(tries, 1_000_000), Some(1_001_000));
        tries = Some(next(&rule, tries, 1_001_000).unwrap());
        assert_eq!(retry_at(tries, 1_001_000), Some(1_003_000));
        let many = Some(Tries { last: 0, count: 100 });
        assert_eq!(retry_at(many, 1), Some(15 * MINUTE), "never longer");
        assert_eq!(next(&rule, many, 15 * MINUTE).map(|t| t.count), Ok(98), "three are forgiven, one is new");
        assert_eq!(next(&rule, many, 500 * MINUTE).map(|t| t.count), Ok(1));
    }

    #[test]
    fn a_clock_that_is_ahead_takes_no_free_try_and_one_that_was_wrong_keeps_nobody_out() {
        let rule = Tried::SignInPair.rule(1);
        let at = |last, count| next(&rule, Some(Tries { last, count }), 0);
        assert_eq!(at(50, 4), Ok(Tries { last: 0, count: 5 }), "another server's, by some milliseconds");
        assert_eq!(at(50, 5), Err(1_050));
        let longest = 15 * MINUTE;
        assert_eq!(at(longest, 100), Err(2 * longest), "as messages are booked");
        assert_eq!(at(365 * 24 * 60 * MINUTE, 100), Ok(Tries { last: 0, count: 101 }));
        assert_eq!(next(&rule, at(365 * 24 * 60 * MINUTE, 100).ok(), 1), Err(longest), "but it waits as before then");
    }

    #[test]
    fn an_address_shared_by_many_can_have_more_and_a_network_is_so_many_addresses() {
        let shared = Tried::SignInFrom.rule(10);
        assert_eq!(shared.free, 3_000);
        assert_eq!(shared.for_network().free, 48_000);
        let last = Some(Tries { last: 0, count: 48_100 });
        assert_eq!(next(&shared.for_network(), last, MINUTE - 1).err(), Some(MINUTE), "and waits no longer");
        let forgiven = next(&shared.for_network(), last, MINUTE).map(|tries| 48_101 - tries.count);
        assert_eq!(forgiven, Ok(MINUTE / (3_000 / 16)));
    }
}
