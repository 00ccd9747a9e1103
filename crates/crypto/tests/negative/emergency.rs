//! Emergency contacts: whom an account trusts, and the words that are sealed to them.

use crypto::{
    account::{EPOCH_OVERLAP, EmergencyContact, EmergencyError, KeyError, RecoveryKit, open_emergency, seal_emergency},
    encoding::DecodeError,
    ids::WayInId,
    kem::Suite,
    sign::Signed,
};

use crate::common::{Person, T0, rng};

struct Trust {
    owner: Person,
    contact: Person,
    words: RecoveryKit,
    statement: Signed<EmergencyContact>,
    sealed: Vec<u8>,
}

impl Trust {
    fn at(time: i64) -> Self {
        let (owner, contact) = (Person::new(1), Person::new(2));
        let words = RecoveryKit::generate(&mut rng(3));
        let by = (owner.id(), owner.keyring.current());
        let to = (&contact.chain, 7);
        let (statement, sealed) = seal_emergency(by, WayInId([4; 16]), &words, to, time, &mut rng(5)).unwrap();
        Self { owner, contact, words, statement, sealed }
    }

    fn open(&self, said: &EmergencyContact, sealed: &[u8]) -> Result<RecoveryKit, EmergencyError> {
        open_emergency(said, sealed, (&self.contact.chain, &self.contact.keyring))
    }
}

#[test]
fn fail_flipped_bit_anywhere_in_an_emergency_contact() {
    let trust = Trust::at(T0);
    assert!(trust.statement.verify_emergency(&trust.owner.chain).is_ok());
    let whole = trust.statement.as_bytes();
    for byte in 0..whole.len() {
        let mut blob = whole.to_vec();
        blob[byte] ^= 1;
        if let Ok(parsed) = Signed::<EmergencyContact>::parse(&blob) {
            assert!(parsed.verify_emergency(&trust.owner.chain).is_err(), "{byte}");
        }
    }
    for len in 0..whole.len() {
        assert!(Signed::<EmergencyContact>::parse(&whole[..len]).is_err(), "{len}");
    }
    let longer = [whole, &[0]].concat();
    assert_eq!(Signed::<EmergencyContact>::parse(&longer).unwrap_err(), DecodeError::Trailing);
}

#[test]
fn fail_emergency_words_cut_or_changed() {
    let trust = Trust::at(T0);
    let said = trust.statement.claimed();
    assert_eq!(trust.open(said, &trust.sealed).as_ref(), Ok(&trust.words));
    for byte in [0, trust.sealed.len() / 2, trust.sealed.len() - 1] {
        let mut other = trust.sealed.clone();
        other[byte] ^= 1;
        assert_eq!(trust.open(said, &other), Err(EmergencyError::WrongWords), "{byte}");
        assert_eq!(trust.open(said, &trust.sealed[..byte]), Err(EmergencyError::WrongWords), "{byte}");
    }
}

/// Where the hash is right, HPKE's info still says whose words they are, of which way in, for whom.
#[test]
fn fail_emergency_words_of_another_way_in_or_account() {
    let trust = Trust::at(T0);
    let said = trust.statement.claimed();
    for other in [
        EmergencyContact { way_in: WayInId([5; 16]), ..said.clone() },
        EmergencyContact { account: Person::new(9).id(), ..said.clone() },
    ] {
        assert_eq!(trust.open(&other, &trust.sealed), Err(EmergencyError::WrongWords));
    }
}

#[test]
fn fail_emergency_contact_by_a_key_that_is_not_theirs() {
    let trust = Trust::at(T0);
    let said = trust.statement.claimed();
    for other in [
        EmergencyContact { contact: trust.owner.id(), ..said.clone() },
        EmergencyContact { contact_epoch: 1, ..said.clone() },
        EmergencyContact { suite: Suite::X25519, ..said.clone() },
    ] {
        assert_eq!(trust.open(&other, &trust.sealed), Err(EmergencyError::WrongKey));
    }
}

#[test]
fn fail_emergency_contact_signed_after_its_epoch_ended() {
    let Trust { mut owner, statement, .. } = Trust::at(T0 + 6 + EPOCH_OVERLAP);
    owner.rotate(T0 + 5, 8);
    assert_eq!(statement.verify_emergency(&owner.chain), Err(EmergencyError::Keys(KeyError::EpochEnded(0))));
    let Trust { mut owner, statement, .. } = Trust::at(T0 + 4);
    owner.rotate(T0 + 5, 8);
    assert!(statement.verify_emergency(&owner.chain).is_ok(), "what was signed before stays");
}
