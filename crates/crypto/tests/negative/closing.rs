//! The end of an account, by its own word and by the organisation's.

use crypto::{
    account::{
        AccountClosing, AccountRemoval, ClosingError, EPOCH_OVERLAP, KeyError, OrganisationKey, REMOVAL_DELAY_DAYS,
    },
    encoding::DecodeError,
    ids::InstanceId,
    sign::{Signed, VerifyError},
};

use crate::common::{Person, T0, rng};

const HERE: InstanceId = InstanceId([3; 16]);
const DELAY: i64 = REMOVAL_DELAY_DAYS * 24 * 60 * 60 * 1000;

fn closing(person: &Person, time: i64) -> Signed<AccountClosing> {
    let keys = person.keyring.current();
    let said = AccountClosing { instance: HERE, account: person.id(), epoch: keys.epoch, time };
    Signed::sign(said, &keys.signing)
}

#[test]
fn fail_flipped_bit_anywhere_in_an_account_closing() {
    let person = Person::new(1);
    let said = closing(&person, T0);
    assert!(said.verify_closing(&HERE, &person.chain).is_ok());
    let whole = said.as_bytes();
    for byte in 0..whole.len() {
        let mut blob = whole.to_vec();
        blob[byte] ^= 1;
        if let Ok(parsed) = Signed::<AccountClosing>::parse(&blob) {
            assert!(parsed.verify_closing(&HERE, &person.chain).is_err(), "{byte}");
        }
    }
    for len in 0..whole.len() {
        assert!(Signed::<AccountClosing>::parse(&whole[..len]).is_err(), "{len}");
    }
    let longer = [whole, &[0]].concat();
    assert_eq!(Signed::<AccountClosing>::parse(&longer).unwrap_err(), DecodeError::Trailing);
}

#[test]
fn fail_account_closing_of_another_account_or_instance() {
    let (person, other) = (Person::new(1), Person::new(2));
    let said = closing(&person, T0);
    assert_eq!(said.verify_closing(&HERE, &other.chain), Err(ClosingError::WrongSubject));
    assert_eq!(said.verify_closing(&InstanceId([4; 16]), &person.chain), Err(ClosingError::WrongSubject));
}

#[test]
fn fail_account_closing_signed_by_somebody_else() {
    let (person, thief) = (Person::new(1), Person::new(2));
    let said = AccountClosing { instance: HERE, account: person.id(), epoch: 0, time: T0 };
    let forged = Signed::sign(said, &thief.keyring.current().signing);
    assert!(matches!(forged.verify_closing(&HERE, &person.chain), Err(ClosingError::Verify(_))));
}

/// Also dated back: stolen keys that were replaced close nothing.
#[test]
fn fail_account_closing_by_keys_that_were_replaced() {
    let mut person = Person::new(1);
    let before = closing(&person, T0 + 4);
    person.rotate(T0 + 5, 8);
    assert_eq!(before.verify_closing(&HERE, &person.chain), Err(ClosingError::OldKeys));
    let now = closing(&person, T0 + 6);
    assert!(now.verify_closing(&HERE, &person.chain).is_ok());
    let ahead = AccountClosing { epoch: 2, ..now.claimed().clone() };
    let ahead = Signed::sign(ahead, &person.keyring.current().signing);
    assert_eq!(ahead.verify_closing(&HERE, &person.chain), Err(ClosingError::OldKeys));
    assert_eq!(person.chain.signer(0, T0 + 6 + EPOCH_OVERLAP), Err(KeyError::EpochEnded(0)));
}

#[test]
fn fail_account_removal_not_by_the_organisation_or_too_early() {
    let person = Person::new(1);
    let (organisation, other) = (OrganisationKey::generate(&mut rng(5)), OrganisationKey::generate(&mut rng(6)));
    let said = organisation.sign_removal(AccountRemoval::new(HERE, person.id(), T0));
    let removed = |now| said.verify_removed(&organisation.public(), &HERE, &person.id(), now).map(drop);
    assert_eq!(removed(T0 + DELAY - 1), Err(ClosingError::NotYet));
    assert_eq!(removed(T0 + DELAY), Ok(()));
    let by_other = said.verify_removal(&other.public(), &HERE, &person.id());
    assert_eq!(by_other, Err(ClosingError::Verify(VerifyError::BadSignature)));
    let of_other = said.verify_removal(&organisation.public(), &HERE, &Person::new(2).id());
    assert_eq!(of_other, Err(ClosingError::WrongSubject));
    let elsewhere = said.verify_removal(&organisation.public(), &InstanceId([4; 16]), &person.id());
    assert_eq!(elsewhere, Err(ClosingError::WrongSubject));
}

#[test]
fn fail_account_removal_without_its_delay() {
    let hasty = AccountRemoval { effective_at: T0 + DELAY - 1, ..AccountRemoval::new(HERE, Person::new(1).id(), T0) };
    let hasty = OrganisationKey::generate(&mut rng(5)).sign_removal(hasty);
    let refused = Signed::<AccountRemoval>::parse(hasty.as_bytes()).unwrap_err();
    assert_eq!(refused, DecodeError::Invalid { field: "effective at" });
}
