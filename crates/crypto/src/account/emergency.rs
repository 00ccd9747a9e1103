//! Emergency contacts: whom the account trusts to open it after a delay, signed; and the words, sealed to them.
//!
//! The words are 256 random bits, written as a recovery kit's are, and open a way in of their own. Their sealed form lies
//! with the server, which holds it back until the delay has run.

use thiserror::Error;

use super::{KeyChain, KeyError};
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, Hash32, WayInId},
    kem::Suite,
    sign::{Signed, SignedObject, VerifyError},
};

/// Fewest and most days between asking and opening.
pub const EMERGENCY_DELAY_DAYS: std::ops::RangeInclusive<u8> = 1..=30;

/// Whom an account trusts, with which key, and how long they wait; signed by the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyContact {
    /// The account that trusts.
    pub account: AccountId,
    /// The way in that the words open.
    pub way_in: WayInId,
    /// Whom it trusts.
    pub contact: AccountId,
    /// Epoch of the contact's key.
    pub contact_epoch: u32,
    /// That key's suite.
    pub suite: Suite,
    /// Its SHA-256.
    pub key_hash: Hash32,
    /// Days between asking and opening.
    pub delay_days: u8,
    /// SHA-256 of the sealed words.
    pub sealed_hash: Hash32,
    /// Epoch of the account's signing key.
    pub epoch: u32,
    /// When it was signed.
    pub time: UnixMillis,
}

impl EmergencyContact {
    /// HPKE info of the sealed words.
    pub fn info(&self) -> Vec<u8> {
        let mut w = Writer::with_context("emergency-secret");
        w.bytes(self.account.as_ref())
            .bytes(self.way_in.as_ref())
            .bytes(self.contact.as_ref())
            .u32(self.contact_epoch)
            .u16(self.suite.id())
            .bytes(self.key_hash.as_ref());
        w.finish()
    }

    /// Whether the key that it names is one of the contact's.
    pub fn names_key_of(&self, contact: &KeyChain) -> bool {
        contact.account() == self.contact && contact.has_key(self.contact_epoch, self.suite, &self.key_hash)
    }
}

impl SignedObject for EmergencyContact {
    const NAME: &'static str = "emergency-contact";
    const LIMIT: usize = 512;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.account.as_ref())
            .bytes(self.way_in.as_ref())
            .bytes(self.contact.as_ref())
            .u32(self.contact_epoch)
            .u16(self.suite.id())
            .bytes(self.key_hash.as_ref())
            .u8(self.delay_days)
            .bytes(self.sealed_hash.as_ref())
            .u32(self.epoch)
            .time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let contact = Self {
            account: AccountId(r.array("account")?),
            way_in: WayInId(r.array("way-in id")?),
            contact: AccountId(r.array("contact")?),
            contact_epoch: r.u32("contact epoch")?,
            suite: Suite::from_id(r.u16("suite")?)?,
            key_hash: Hash32(r.array("key hash")?),
            delay_days: r.u8("delay")?,
            sealed_hash: Hash32(r.array("sealed words' hash")?),
            epoch: r.u32("epoch")?,
            time: r.time("time")?,
        };
        if !EMERGENCY_DELAY_DAYS.contains(&contact.delay_days) {
            return Err(DecodeError::Invalid { field: "delay" });
        }
        if contact.contact == contact.account {
            return Err(DecodeError::Invalid { field: "contact" });
        }
        Ok(contact)
    }
}

/// Why a statement, or the words that it is about, don't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmergencyError {
    /// The account's key records don't vouch for it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the account.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It is another account's.
    #[error("the statement is of another account")]
    WrongAccount,
    /// It names a key that isn't the contact's.
    #[error("the statement names another key than the contact's")]
    WrongKey,
    /// These are not the words that were signed.
    #[error("the sealed words are not those of the statement")]
    WrongWords,
}

impl Signed<EmergencyContact> {
    /// Verifies that the account of this chain made it.
    ///
    /// # Errors
    /// [`EmergencyError::WrongAccount`], [`EmergencyError::Keys`], [`EmergencyError::Verify`].
    pub fn verify_emergency(&self, chain: &KeyChain) -> Result<&EmergencyContact, EmergencyError> {
        let claimed = self.claimed();
        if claimed.account != chain.account() {
            return Err(EmergencyError::WrongAccount);
        }
        Ok(self.verify_under(Defence::EmergencySigned, chain.signer(claimed.epoch, claimed.time)?)?)
    }
}

#[cfg(feature = "open")]
mod open {
    use rand_core::CryptoRng;

    use super::*;
    use crate::{
        account::{EpochKeys, Keyring, RecoveryKit},
        encoding::sha256,
        kem::{HpkeError, hpke_open, hpke_seal},
    };

    /// Seals the words of a way in to a contact's newest key, and signs whom they are for.
    ///
    /// # Errors
    /// [`HpkeError::BadRecipientKey`].
    pub fn seal_emergency(
        (account, keys): (AccountId, &EpochKeys),
        way_in: WayInId,
        words: &RecoveryKit,
        (contact, delay_days): (&KeyChain, u8),
        time: UnixMillis,
        rng: &mut impl CryptoRng,
    ) -> Result<(Signed<EmergencyContact>, Vec<u8>), HpkeError> {
        let to = contact.recipient();
        let mut statement = EmergencyContact {
            account,
            way_in,
            contact: contact.account(),
            contact_epoch: contact.epoch(),
            suite: to.suite(),
            key_hash: to.hash(),
            delay_days,
            sealed_hash: Hash32([0; 32]),
            epoch: keys.epoch,
            time,
        };
        let sealed = hpke_seal(to, None, &statement.info(), words.entropy().expose(), rng)?;
        statement.sealed_hash = sha256(&sealed);
        Ok((Signed::sign(statement, &keys.signing), sealed))
    }

    /// Opens the words that a verified statement is about, with the contact's key of the epoch that it names.
    ///
    /// # Errors
    /// [`EmergencyError::WrongKey`], [`EmergencyError::WrongWords`].
    pub fn open_emergency(
        statement: &EmergencyContact,
        sealed: &[u8],
        (contact, keyring): (&KeyChain, &Keyring),
    ) -> Result<RecoveryKit, EmergencyError> {
        if !statement.names_key_of(contact) {
            return Err(EmergencyError::WrongKey);
        }
        if sha256(sealed) != statement.sealed_hash {
            return Err(EmergencyError::WrongWords);
        }
        let keys = keyring.epoch(statement.contact_epoch).map_err(|_| EmergencyError::WrongKey)?;
        let private = match statement.suite {
            Suite::XWing => &keys.xwing,
            Suite::X25519 => &keys.x25519,
        };
        let words = hpke_open(private, None, &statement.info(), sealed).map_err(|_| EmergencyError::WrongWords)?;
        RecoveryKit::from_entropy(words.expose()).ok_or(EmergencyError::WrongWords)
    }
}
#[cfg(feature = "open")]
pub use open::{open_emergency, seal_emergency};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AccountKey, Keyring, RecoveryKit, WayInSecret, WayInSetup, make_way_in, unlock};

    const NOW: UnixMillis = 1_000;

    fn rng() -> impl rand_core::CryptoRng {
        use rand_core::SeedableRng;
        chacha20::ChaCha20Rng::from_seed([7; 32])
    }

    fn somebody(rng: &mut impl rand_core::CryptoRng) -> (Keyring, KeyChain) {
        let (keyring, record) = Keyring::create(NOW, rng);
        (keyring, KeyChain::verify(vec![record]).unwrap())
    }

    #[test]
    fn the_words_reach_their_contact_after_a_new_epoch_and_open_the_account() {
        let rng = &mut rng();
        let [(owner, owners), (mut contact, contacts)] = [somebody(rng), somebody(rng)];
        let words = RecoveryKit::generate(rng);
        let account_key = AccountKey::generate(rng);
        let setup = WayInSetup {
            account: owners.account(),
            keys: owner.current(),
            account_key: &account_key,
            generation: 0,
            time: NOW,
        };
        let way = make_way_in(setup, WayInSecret::EmergencyContact(&words), rng).unwrap();
        assert_eq!(way.claimed().proof_key, Some(words.proof_key()));
        let (statement, sealed) =
            seal_emergency((owners.account(), owner.current()), way.claimed().id, &words, (&contacts, 7), NOW, rng)
                .unwrap();
        let statement = Signed::<EmergencyContact>::parse(statement.as_bytes()).unwrap();
        let said = statement.verify_emergency(&owners).unwrap();
        assert_eq!(statement.verify_emergency(&contacts), Err(EmergencyError::WrongAccount));

        let next = contact.rotate(&contacts, NOW + 1, rng).unwrap();
        let contacts = KeyChain::verify(contacts.records().iter().cloned().chain([next]).collect()).unwrap();
        let opened = open_emergency(said, &sealed, (&contacts, &contact)).unwrap();
        assert!(unlock(&way, &owners, WayInSecret::EmergencyContact(&opened)).is_ok());
        assert!(unlock(&way, &owners, WayInSecret::RecoveryKit(&opened)).is_err(), "another kind");

        let mut other = sealed.clone();
        *other.last_mut().unwrap() ^= 1;
        assert_eq!(open_emergency(said, &other, (&contacts, &contact)), Err(EmergencyError::WrongWords));
        assert_eq!(open_emergency(said, &sealed, (&owners, &owner)), Err(EmergencyError::WrongKey));
        let swapped = EmergencyContact { key_hash: Hash32([1; 32]), ..said.clone() };
        assert_eq!(open_emergency(&swapped, &sealed, (&contacts, &contact)), Err(EmergencyError::WrongKey));
        let forged = Signed::sign(EmergencyContact { delay_days: 1, ..said.clone() }, &contact.current().signing);
        assert!(matches!(forged.verify_emergency(&owners), Err(EmergencyError::Verify(_))));
    }

    #[test]
    fn a_delay_out_of_range_and_oneself_are_no_statement() {
        let rng = &mut rng();
        let [(owner, owners), (_, contacts)] = [somebody(rng), somebody(rng)];
        for (to, delay, fine) in
            [(&contacts, 0, false), (&contacts, 31, false), (&owners, 7, false), (&contacts, 30, true)]
        {
            let (made, _) = seal_emergency(
                (owners.account(), owner.current()),
                WayInId([1; 16]),
                &RecoveryKit::generate(rng),
                (to, delay),
                NOW,
                rng,
            )
            .unwrap();
            assert_eq!(Signed::<EmergencyContact>::parse(made.as_bytes()).is_ok(), fine, "{delay}");
        }
    }
}
