//! Escrow: the organisation's key, what an account puts in escrow under it, and the words that open it.

use crypto::{
    account::{
        AccountEscrow, EPOCH_OVERLAP, EscrowEnd, EscrowError, EscrowKey, EscrowWords, KeyError, OrganisationKey,
        RecoveryError, RecoveryKit, WayInError, WayInKind, WayInSecret, make_way_in, open_escrow, seal_escrow, unlock,
    },
    encoding::DecodeError,
    ids::{Hash32, InstanceId, WayInId},
    sign::{Signed, VerifyError},
};

use crate::common::{Person, T0, rng};

const HERE: InstanceId = InstanceId([7; 16]);

struct Escrow {
    organisation: OrganisationKey,
    words: EscrowWords,
    key: Signed<EscrowKey>,
    owner: Person,
    secret: RecoveryKit,
    statement: Signed<AccountEscrow>,
    sealed: Vec<u8>,
}

impl Escrow {
    fn at(time: i64) -> Self {
        let organisation = OrganisationKey::generate(&mut rng(1));
        let words = EscrowWords::generate(&mut rng(2));
        let key = organisation.sign_escrow_key(EscrowKey::of(&words, HERE, time));
        let owner = Person::new(3);
        let secret = RecoveryKit::generate(&mut rng(4));
        let by = (owner.id(), owner.keyring.current());
        let (statement, sealed) = seal_escrow(by, WayInId([4; 16]), &secret, key.claimed(), time, &mut rng(5)).unwrap();
        Self { organisation, words, key, owner, secret, statement, sealed }
    }

    fn open(&self, said: &AccountEscrow, sealed: &[u8]) -> Result<RecoveryKit, EscrowError> {
        open_escrow(said, sealed, &self.words)
    }
}

fn flips<T: crypto::sign::SignedObject + std::fmt::Debug>(whole: &[u8], verifies: impl Fn(&Signed<T>) -> bool) {
    assert!(verifies(&Signed::parse(whole).unwrap()));
    for byte in 0..whole.len() {
        let mut blob = whole.to_vec();
        blob[byte] ^= 1;
        if let Ok(parsed) = Signed::<T>::parse(&blob) {
            assert!(!verifies(&parsed), "{byte}");
        }
    }
    for len in 0..whole.len() {
        assert!(Signed::<T>::parse(&whole[..len]).is_err(), "{len}");
    }
    assert_eq!(Signed::<T>::parse(&[whole, &[0]].concat()).unwrap_err(), DecodeError::Trailing);
}

#[test]
fn the_words_on_paper_open_what_was_put_in_escrow_and_that_opens_its_way_in() {
    let escrow = Escrow::at(T0);
    let read = EscrowWords::parse(&escrow.words.words().join("  ").to_uppercase()).unwrap();
    assert_eq!(read, escrow.words);
    assert!(read.check_word(3, escrow.words.words()[2]) && !read.check_word(3, "nothing"));
    let opened = open_escrow(escrow.statement.claimed(), &escrow.sealed, &read).unwrap();
    assert_eq!(opened, escrow.secret);

    let way = make_way_in(escrow.owner.way_in_setup(), WayInSecret::Escrow(&escrow.secret), &mut rng(6)).unwrap();
    assert_eq!((way.claimed().kind, way.claimed().proof_key), (WayInKind::Escrow, Some(opened.proof_key())));
    assert_eq!(unlock(&way, &escrow.owner.chain, WayInSecret::Escrow(&opened)), Ok(escrow.owner.ak.clone()));
    for other in [WayInSecret::RecoveryKit(&opened), WayInSecret::EmergencyContact(&opened)] {
        assert_eq!(unlock(&way, &escrow.owner.chain, other), Err(WayInError::WrongKind));
    }
    let other = unlock(&way, &escrow.owner.chain, WayInSecret::Escrow(&RecoveryKit::generate(&mut rng(8))));
    assert_eq!(other, Err(WayInError::WrongSecret));
}

#[test]
fn fail_flipped_bit_anywhere_in_an_escrow_statement() {
    let escrow = Escrow::at(T0);
    let public = escrow.organisation.public();
    flips::<EscrowKey>(escrow.key.as_bytes(), |key| key.verify_escrow_key(&public, &HERE).is_ok());
    let key_hash = escrow.key.claimed().public.hash();
    let end = escrow.organisation.sign_escrow_end(EscrowEnd { instance: HERE, key_hash, time: T0 });
    flips::<EscrowEnd>(end.as_bytes(), |end| end.verify_escrow_end(&public, &HERE, &key_hash).is_ok());
    flips::<AccountEscrow>(escrow.statement.as_bytes(), |said| said.verify_escrow(&escrow.owner.chain).is_ok());
}

#[test]
fn fail_escrow_key_of_another_organisation_or_instance() {
    let escrow = Escrow::at(T0);
    let other = OrganisationKey::generate(&mut rng(9));
    let bad = Err(EscrowError::Verify(VerifyError::BadSignature));
    assert_eq!(escrow.key.verify_escrow_key(&other.public(), &HERE), bad);
    let elsewhere = InstanceId([8; 16]);
    let public = escrow.organisation.public();
    assert_eq!(escrow.key.verify_escrow_key(&public, &elsewhere), Err(EscrowError::WrongInstance));

    let key_hash = escrow.key.claimed().public.hash();
    let end = escrow.organisation.sign_escrow_end(EscrowEnd { instance: HERE, key_hash, time: T0 });
    assert!(end.verify_escrow_end(&public, &HERE, &key_hash).is_ok());
    let bad = Err(EscrowError::Verify(VerifyError::BadSignature));
    assert_eq!(end.verify_escrow_end(&other.public(), &HERE, &key_hash), bad);
    assert_eq!(end.verify_escrow_end(&public, &elsewhere, &key_hash), Err(EscrowError::WrongInstance));
    assert_eq!(end.verify_escrow_end(&public, &HERE, &Hash32([1; 32])), Err(EscrowError::WrongKey));
}

/// Each key has words of its own, and so has the same key at another instance.
#[test]
fn fail_escrow_fingerprint_of_another_key() {
    let key = EscrowKey::of(&EscrowWords::generate(&mut rng(2)), HERE, T0);
    let again = EscrowKey::of(&EscrowWords::generate(&mut rng(2)), HERE, T0 + 1);
    assert_eq!(key.fingerprint_words(), again.fingerprint_words(), "published anew");
    let other = EscrowKey::of(&EscrowWords::generate(&mut rng(3)), HERE, T0);
    let elsewhere = EscrowKey { instance: InstanceId([8; 16]), ..key.clone() };
    for wrong in [other, elsewhere] {
        assert_ne!(key.fingerprint_words(), wrong.fingerprint_words());
    }
}

#[test]
fn fail_escrow_of_another_account() {
    let escrow = Escrow::at(T0);
    let other = Person::new(9);
    assert_eq!(escrow.statement.verify_escrow(&other.chain), Err(EscrowError::WrongAccount));
    let said = escrow.statement.claimed().clone();
    let forged = Signed::sign(said, &other.keyring.current().signing);
    let bad = Err(EscrowError::Verify(VerifyError::BadSignature));
    assert_eq!(forged.verify_escrow(&escrow.owner.chain), bad);
}

#[test]
fn fail_escrowed_secret_cut_or_changed() {
    let escrow = Escrow::at(T0);
    let said = escrow.statement.claimed();
    for byte in [0, escrow.sealed.len() / 2, escrow.sealed.len() - 1] {
        let mut other = escrow.sealed.clone();
        other[byte] ^= 1;
        assert_eq!(escrow.open(said, &other), Err(EscrowError::WrongSecret), "{byte}");
        assert_eq!(escrow.open(said, &escrow.sealed[..byte]), Err(EscrowError::WrongSecret), "{byte}");
    }
}

/// Where the hash is right, HPKE's info still says whose secret it is, and of which way in.
#[test]
fn fail_escrowed_secret_of_another_way_in_or_account() {
    let escrow = Escrow::at(T0);
    let said = escrow.statement.claimed();
    for other in [
        AccountEscrow { way_in: WayInId([5; 16]), ..said.clone() },
        AccountEscrow { account: Person::new(9).id(), ..said.clone() },
    ] {
        assert_eq!(escrow.open(&other, &escrow.sealed), Err(EscrowError::WrongSecret));
    }
}

#[test]
fn fail_escrow_words_of_another_key() {
    let escrow = Escrow::at(T0);
    let said = escrow.statement.claimed();
    let other = EscrowWords::generate(&mut rng(9));
    assert_eq!(open_escrow(said, &escrow.sealed, &other), Err(EscrowError::WrongKey));
    // Also where a statement names that key.
    let named = AccountEscrow { key_hash: other.public().hash(), ..said.clone() };
    assert_eq!(open_escrow(&named, &escrow.sealed, &other), Err(EscrowError::WrongSecret));
    assert_eq!(EscrowWords::parse("one two three"), Err(RecoveryError::WrongCount(3)));
}

#[test]
fn fail_escrow_signed_after_its_epoch_ended() {
    let Escrow { mut owner, statement, .. } = Escrow::at(T0 + 6 + EPOCH_OVERLAP);
    owner.rotate(T0 + 5, 8);
    assert_eq!(statement.verify_escrow(&owner.chain), Err(EscrowError::Keys(KeyError::EpochEnded(0))));
    let Escrow { mut owner, statement, .. } = Escrow::at(T0 + 4);
    owner.rotate(T0 + 5, 8);
    assert!(statement.verify_escrow(&owner.chain).is_ok(), "what was signed before stays");
}
