//! What is remembered of the organisation's escrow keys: the newest one seen, and whether it has ended.

use crypto::{account::EscrowKey, defence::Defence, encoding::DecodeError, ids::Hash32};

use super::{ClientState, codec::Packed, newer};
use crate::refusal::Refusal;

/// The newest escrow key seen. Each is signed later than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EscrowPin {
    /// When it was signed.
    pub time: i64,
    /// SHA-256 of its public half.
    pub key: Hash32,
    /// Whether the organisation ended it.
    pub ended: bool,
}

impl EscrowPin {
    fn of(key: &EscrowKey, ended: bool) -> Self {
        Self { time: key.time, key: key.public.hash(), ended }
    }
}

impl ClientState {
    /// Refuses an escrow key that is older than the newest one seen, or that has ended.
    pub fn check_escrow_key(&self, key: &EscrowKey) -> Result<(), Refusal> {
        let seen = self.escrow.filter(|_| Defence::EscrowKeySeen.holds());
        match seen.is_none_or(|seen| key.time > seen.time || seen == EscrowPin::of(key, false)) {
            true => Ok(()),
            false => Err(Refusal::EscrowKeyOlder),
        }
    }

    /// Notes an escrow key, and whether it has ended; an older one than the newest seen is left. True if that changed
    /// anything.
    pub fn note_escrow_key(&mut self, key: &EscrowKey, ended: bool) -> bool {
        let before = self.escrow;
        self.escrow = newest(before, Some(EscrowPin::of(key, ended)));
        self.escrow != before
    }
}

/// Of two, the one that was signed later. One that was seen to end has ended.
pub(super) fn newest(ours: Option<EscrowPin>, theirs: Option<EscrowPin>) -> Option<EscrowPin> {
    match (ours, theirs) {
        (Some(a), Some(b)) if (a.time, a.key) == (b.time, b.key) => Some(EscrowPin { ended: a.ended || b.ended, ..a }),
        (ours, theirs) => newer(ours, theirs, |pin| pin.time),
    }
}

/// Time, hash, whether it has ended.
pub(super) fn write(pin: &EscrowPin, out: &mut Vec<u8>) {
    out.extend_from_slice(&pin.time.to_be_bytes());
    out.extend_from_slice(&pin.key.0);
    out.push(pin.ended.into());
}

pub(super) fn read(p: &mut Packed<'_>) -> Result<EscrowPin, DecodeError> {
    let (time, key, [ended]) = (i64::from_be_bytes(p.take()?), Hash32(p.take()?), p.take::<1>()?);
    match ended {
        0 | 1 => Ok(EscrowPin { time, key, ended: ended == 1 }),
        _ => Err(DecodeError::Invalid { field: "escrow key seen" }),
    }
}

#[cfg(test)]
mod tests {
    use crypto::{account::EscrowWords, ids::InstanceId};

    use super::*;

    fn key(time: i64) -> EscrowKey {
        EscrowKey::of(&EscrowWords::generate(&mut crate::platform::rng()), InstanceId([7; 16]), time)
    }

    #[test]
    fn only_the_newest_key_that_has_not_ended_counts() {
        let (first, second, twin) = (key(1), key(2), key(2));
        let mut state = ClientState::default();
        assert!(state.check_escrow_key(&first).is_ok(), "nothing was seen yet");
        assert!(state.note_escrow_key(&first, false) && !state.note_escrow_key(&first, false));
        assert!(state.check_escrow_key(&first).is_ok() && state.check_escrow_key(&second).is_ok());
        assert!(state.note_escrow_key(&second, false));
        for older in [&first, &twin] {
            assert_eq!(state.check_escrow_key(older), Err(Refusal::EscrowKeyOlder));
        }
        for other in [&first, &twin] {
            assert!(!state.note_escrow_key(other, true), "that another one ended says nothing of this one");
        }
        assert!(state.check_escrow_key(&second).is_ok());
        assert!(state.note_escrow_key(&second, true));
        assert_eq!(state.check_escrow_key(&second), Err(Refusal::EscrowKeyOlder));
        assert!(!state.note_escrow_key(&second, false), "an end stays");
        assert!(state.check_escrow_key(&key(3)).is_ok());
    }

    #[test]
    fn a_merge_takes_the_newest_and_its_end() {
        let (first, second) = (key(1), key(2));
        let seen =
            |key: &EscrowKey, ended| ClientState { escrow: Some(EscrowPin::of(key, ended)), ..Default::default() };
        for (ours, theirs, expected) in [
            (seen(&first, true), seen(&second, false), seen(&second, false)),
            (seen(&second, false), seen(&first, true), seen(&second, false)),
            (seen(&second, false), seen(&second, true), seen(&second, true)),
            (seen(&second, true), ClientState::default(), seen(&second, true)),
            (ClientState::default(), seen(&first, false), seen(&first, false)),
        ] {
            let mut merged = ours;
            merged.merge(theirs).expect("no contradiction");
            assert_eq!(merged.escrow, expected.escrow);
        }
    }
}
