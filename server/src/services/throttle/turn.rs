//! What strangers together may try, in turns.
//!
//! A delay that all strangers share would be whoever's who asks again first: guessers who ask often enough would leave nothing
//! to a person at a new address. So whoever comes when all is used up gets a turn: a time from which, for a while, their next
//! try is let through, whatever others do meanwhile. The turns of a subject are given out one after the other, and a network
//! holds one at a time: with so many networks asking, a turn is at most so many steps away. Where there are more than fit
//! into the longest wait, either the wait ends there all the same, and so many more tries are let through, or there is no turn.

use std::collections::HashMap;

use api_types::UnixMillis;

use crate::{
    clock::{AHEAD, DAY, HOUR, MINUTE},
    storage::throttle::Tries,
};

/// So long a turn is kept for its holder once it has come: longer than any wait for another turn beside it.
const KEPT: UnixMillis = 30 * MINUTE;

/// What strangers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// Signing in to one e-mail.
    SignIn,
    /// Signing in to anything.
    SignInAnywhere,
    /// Recovering one e-mail. Nobody guesses 24 words: this bounds the work alone.
    Recovery,
    /// Recovering anything.
    RecoveryAnywhere,
    /// Proving a second factor of one account.
    SecondFactor,
    /// Having codes mailed to one e-mail at sign-up.
    SignUpCode,
}

/// How much at once, how much later, and how long a turn may be away.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Tries at once.
    burst: i64,
    /// Then one after each of these.
    every: UnixMillis,
    /// The longest that a turn is away.
    longest: UnixMillis,
    /// Whether nobody gets a turn once they are as far away as that; else everybody gets one there.
    strict: bool,
}

impl Shared {
    /// What strangers may do.
    pub fn rule(self) -> Share {
        let (burst, every, longest, strict) = match self {
            Self::SignIn => (30, 4_000, 2 * HOUR, false),
            Self::SignInAnywhere | Self::RecoveryAnywhere => (300, 1_000, 15 * MINUTE, false),
            Self::Recovery => (30, 4_000, 5 * MINUTE, false),
            // Six digits stand few guesses, and there is the recovery code besides, which waits for nobody.
            Self::SecondFactor => (5, 5 * MINUTE, DAY, true),
            // Nobody's mailbox gets more than that, from however many networks.
            Self::SignUpCode => (6, 10 * MINUTE, DAY, true),
        };
        Share { burst, every, longest, strict }
    }
}

/// A share, and the keys under which it and its holder's turn are kept.
#[derive(Debug)]
pub struct Turns {
    pub rule: Share,
    /// When the share would be used up to the last, if one took no more than one `every`.
    pub bucket: [u8; 32],
    /// When the holder's turn comes.
    pub turn: [u8; 32],
}

/// What becomes of a try, and what is to be written with that.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is let through.
    Now(([u8; 32], Tries)),
    /// It waits until then for a turn that it held before.
    Held(UnixMillis),
    /// It got a turn, or is to ask again then.
    Given(UnixMillis, Vec<([u8; 32], Tries)>),
}

impl Turns {
    /// Whether a try is let through now.
    pub fn look(&self, known: &HashMap<[u8; 32], Tries>, now: UnixMillis) -> Turn {
        let Share { burst, every, longest, strict } = self.rule;
        // No turn is further away than that: a clock was wrong, and keeps nobody out.
        let at = |key: &[u8; 32], most: UnixMillis| {
            known.get(key).map(|tries| tries.last).filter(|last| *last <= now + most + AHEAD)
        };
        if let Some(turn) = at(&self.turn, longest).filter(|turn| now < turn + KEPT) {
            // It counts once.
            let over = Tries { last: now - KEPT, count: 0 };
            return if now < turn { Turn::Held(turn) } else { Turn::Now((self.turn, over)) };
        }
        let used = at(&self.bucket, longest + burst * every).map_or(now, |used| used.max(now)) + every;
        let due = used - burst * every;
        let used = (self.bucket, Tries { last: used, count: 1 });
        let turn = |due| (self.turn, Tries { last: due, count: 1 });
        let latest = now + longest;
        match () {
            () if due <= now => Turn::Now(used),
            () if due <= latest => Turn::Given(due, vec![used, turn(due)]),
            () if strict => Turn::Given(latest, Vec::new()),
            () => Turn::Given(latest, vec![turn(latest)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::rule::{Tried, next},
        *,
    };

    const BUCKET: [u8; 32] = [0; 32];

    /// Strangers in networks of their own who try at one subject.
    #[derive(Default)]
    struct Strangers(HashMap<[u8; 32], Tries>);

    impl Strangers {
        /// Whether a try of the `n`th is let through; else when to come again.
        fn tries(&mut self, rule: Share, n: u16, now: UnixMillis) -> Result<(), UnixMillis> {
            let mut turn = [1; 32];
            turn[..2].copy_from_slice(&n.to_be_bytes());
            match (Turns { rule, bucket: BUCKET, turn }).look(&self.0, now) {
                Turn::Now(written) => {
                    self.0.extend([written]);
                    Ok(())
                }
                Turn::Held(due) => Err(due),
                Turn::Given(due, written) => {
                    self.0.extend(written);
                    Err(due)
                }
            }
        }
    }

    #[test]
    fn a_turn_comes_however_many_ask_meanwhile_and_no_more_get_through() {
        let rule = Shared::SignIn.rule();
        let (mut strangers, guessers) = (Strangers::default(), 200);
        let (mut taken, mut due, mut came) = (0, None, None);
        let (honest, arrives, seconds) = (u16::MAX, 600, 3_000);
        for second in 0..seconds {
            let now = second * 1_000;
            // Each of them asks every second, whatever it was told.
            taken += (0..guessers).filter(|n| strangers.tries(rule, *n, now).is_ok()).count();
            if second == arrives {
                due = strangers.tries(rule, honest, now).err();
            }
            if came.is_none() && due.is_some_and(|due| now >= due) {
                came = strangers.tries(rule, honest, now).is_ok().then_some(second);
            }
        }
        let waited = came.expect("the person got through") - arrives;
        assert!(waited <= 4 * (i64::from(guessers) + 1), "{waited} seconds");
        let most = 30 + seconds / 4;
        assert!(i64::try_from(taken).unwrap() <= most, "{taken} tries, at most {most}");
        assert!(taken > 500, "what may be had is had: {taken}");
    }

    #[test]
    fn the_wait_has_an_end_or_there_is_no_turn() {
        let mut strangers = Strangers::default();
        let most = |rule: Share, strangers: &mut Strangers| {
            (0..10_000).map(|n| strangers.tries(rule, n, 0).err().unwrap_or_default()).max().unwrap_or_default()
        };
        let rule = Shared::SignIn.rule();
        assert_eq!(most(rule, &mut strangers), 2 * HOUR, "however many they are");
        assert_eq!(strangers.tries(rule, 9_999, 2 * HOUR), Ok(()), "the last of them too");
        let (mut strangers, rule) = (Strangers::default(), Shared::SecondFactor.rule());
        assert_eq!(most(rule, &mut strangers), DAY);
        let through = (0..10_000).filter(|n| strangers.tries(rule, *n, DAY).is_ok()).count();
        assert!(through <= 288, "no more than the digits stand: {through}");
    }

    #[test]
    fn a_turn_counts_once_and_not_for_ever() {
        let (mut strangers, rule) = (Strangers::default(), Shared::Recovery.rule());
        for n in 0..30 {
            assert_eq!(strangers.tries(rule, n, 0), Ok(()));
        }
        assert_eq!(strangers.tries(rule, 50, 0), Err(4_000));
        assert_eq!(strangers.tries(rule, 50, 3_999), Err(4_000), "asking again changes nothing");
        assert_eq!(strangers.tries(rule, 51, 3_999), Err(8_000));
        assert_eq!(strangers.tries(rule, 50, 4_000), Ok(()));
        assert_eq!(strangers.tries(rule, 50, 4_000), Err(12_000));
        assert_eq!(strangers.tries(rule, 51, 8_000 + KEPT - 1), Ok(()), "it is kept for a while");
        let late = 12_000 + KEPT;
        for n in 100..130 {
            assert_eq!(strangers.tries(rule, n, late), Ok(()));
        }
        assert!(strangers.tries(rule, 50, late).is_err(), "and no longer");
    }

    #[test]
    fn a_clock_that_was_wrong_keeps_nobody_out() {
        for rule in [Shared::SignIn.rule(), Shared::SecondFactor.rule()] {
            let mut strangers = Strangers::default();
            for n in 0..10_000 {
                let _ = strangers.tries(rule, n, 365 * DAY);
            }
            assert_eq!(strangers.tries(rule, 9_999, 0), Ok(()));
            assert_eq!(strangers.tries(rule, 10_000, 0), Ok(()));
        }
    }

    #[test]
    fn what_is_granted_of_codes_is_mailed() {
        let (share, mail) = (Shared::SignUpCode.rule(), Tried::CodeNotice.rule(1));
        for pause in [0, 1_000, MINUTE, 7 * MINUTE, 29 * MINUTE] {
            let (mut strangers, mut mailed, mut now) = (Strangers::default(), None, 0);
            for n in 0..5_000 {
                now += pause;
                if strangers.tries(share, n % 40, now).is_ok() {
                    mailed = Some(next(&mail, mailed, now).expect("there is room in the mailbox"));
                }
            }
        }
    }

    #[test]
    fn a_turn_outlives_the_wait_for_another_beside_it() {
        for beside in [Shared::SignInAnywhere, Shared::RecoveryAnywhere] {
            assert!(beside.rule().longest < KEPT, "{beside:?}");
        }
    }
}
