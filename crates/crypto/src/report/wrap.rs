//! Wraps: a content key, HPKE-sealed to one grant's key.

use thiserror::Error;

use super::{AccessState, GrantState, GrantStatus, Recipient, RevisionPlace, team_grant};
use crate::{
    account::{KeyDirectory, KeyError},
    defence::Defence,
    encoding::{DecodeError, Reader, VERSION, Writer, split_version},
    ids::{GrantId, Hash32, ReportId},
    kem::{HpkeError, RecipientKey, Suite},
};

/// A wrap: what it was sealed for, all of it bound into HPKE's `info`, and the sealed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrap {
    /// Which revision's content key.
    pub place: RevisionPlace,
    /// For which grant.
    pub grant: GrantId,
    /// The suite.
    pub suite: Suite,
    /// SHA-256 of the public key.
    pub key_hash: Hash32,
    /// Epoch of an account's or a team's key; 0 for a grant's own key.
    pub epoch: u32,
    /// Head of the access chain at the time.
    pub access_head: Hash32,
    /// `enc ‖ ciphertext ‖ tag`.
    pub sealed: Vec<u8>,
}

/// Why a wrap doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrapError {
    /// Not a wrap.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Of another report, version or revision.
    #[error("the wrap is for another report, version or revision")]
    WrongPlace,
    /// Of another grant.
    #[error("the wrap is for another grant")]
    WrongGrant,
    /// Sealed at a head that the access chain never had.
    #[error("the wrap names an access head that is not in the chain")]
    UnknownHead,
    /// The grant no longer counts, or doesn't cover the version.
    #[error("the grant does not give access to this version")]
    NotGranted,
    /// Sealed to a key of an epoch the account doesn't have.
    #[error("the wrap names epoch {0}, which the account does not have")]
    WrongEpoch(u32),
    /// Sealed to another key.
    #[error("the wrap is sealed to another key")]
    WrongKey,
    /// The key to seal to is weaker than what its account offers.
    #[error("a weaker key was named than the recipient offers")]
    DowngradedSuite,
    /// The rosters of the team that the grant is for are missing.
    #[error("the grant's team is not known")]
    TeamUnknown,
    /// The recipient's records are missing or wrong.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// HPKE failed.
    #[error(transparent)]
    Hpke(#[from] HpkeError),
}

impl Wrap {
    fn fields(&self, w: &mut Writer) {
        self.place.write(w);
        w.bytes(self.grant.as_ref())
            .u16(self.suite.id())
            .bytes(self.key_hash.as_ref())
            .u32(self.epoch)
            .bytes(self.access_head.as_ref());
    }

    /// HPKE's `info`.
    pub fn info(&self) -> Vec<u8> {
        let mut w = Writer::with_context("wrap");
        if Defence::WrapBinding.holds() {
            self.fields(&mut w);
        }
        w.finish()
    }

    /// Stored form: `version ‖ fields ‖ field(sealed)`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::body();
        self.fields(&mut w);
        w.bytes(&self.sealed);
        let body = w.finish();
        let mut out = Vec::with_capacity(1 + body.len());
        out.push(VERSION);
        out.extend_from_slice(&body);
        out
    }

    /// Reads a stored wrap.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(split_version(bytes)?);
        let place = RevisionPlace {
            report: ReportId(r.array("report")?),
            version: r.u32("version")?,
            revision: r.u32("revision")?,
        };
        let grant = GrantId(r.array("grant")?);
        let suite = Suite::from_id(r.u16("suite")?)?;
        let key_hash = Hash32(r.array("key hash")?);
        let epoch = r.u32("epoch")?;
        let access_head = Hash32(r.array("access head")?);
        let expected = suite.enc_len() + 32 + 16;
        let sealed = r.bytes("sealed", expected)?.to_vec();
        if sealed.len() != expected {
            return Err(DecodeError::WrongLength { field: "sealed", expected, found: sealed.len() });
        }
        r.finish()?;
        Ok(Self { place, grant, suite, key_hash, epoch, access_head, sealed })
    }

    /// Checks that a wrap belongs to a revision and a live grant of a verified access chain: what a server checks
    /// before storing it, and a reader before opening it.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn check(&self, place: &RevisionPlace, grant: &GrantId, state: &AccessState) -> Result<(), WrapError> {
        if self.place != *place || state.report() != place.report {
            return Err(WrapError::WrongPlace);
        }
        if self.grant != *grant {
            return Err(WrapError::WrongGrant);
        }
        if state.seq_of_head(&self.access_head).is_none() {
            return Err(WrapError::UnknownHead);
        }
        let found = state.grant(grant).ok_or(WrapError::WrongGrant)?;
        let live = state.status(found) == GrantStatus::Live;
        if live && found.grant.versions.contains(place.version) { Ok(()) } else { Err(WrapError::NotGranted) }
    }

    /// Checks that a wrap goes to the key that its grant's wraps go to now: what a server checks before storing it.
    ///
    /// # Errors
    /// [`WrapError::WrongKey`], besides those of [`recipient_key`].
    pub fn check_recipient(&self, grant: &GrantState, keys: &impl KeyDirectory) -> Result<(), WrapError> {
        let (key, epoch) = recipient_key(grant, keys)?;
        let same = self.suite == key.suite() && self.key_hash == key.hash() && self.epoch == epoch;
        if same { Ok(()) } else { Err(WrapError::WrongKey) }
    }
}

/// The key that a grant's wraps go to, and its epoch: the account's or team's current key, or the grant's own.
///
/// A current key must follow, along the signed records or rosters, from the one that the grant names.
///
/// # Errors
/// [`WrapError::Keys`], [`WrapError::WrongEpoch`], [`WrapError::WrongKey`], [`WrapError::DowngradedSuite`],
/// [`WrapError::TeamUnknown`].
pub fn recipient_key(grant: &GrantState, keys: &impl KeyDirectory) -> Result<(RecipientKey, u32), WrapError> {
    let named = match (&grant.grant.recipient, &grant.claimed) {
        (Recipient::Account(named), _) | (Recipient::Bearer { .. }, Some(named)) => named,
        (Recipient::Code { key, .. } | Recipient::Bearer { key, .. }, _) => return Ok((key.clone(), 0)),
        (Recipient::Team(named), _) => return team_grant::current_key(named, keys),
    };
    let chain = keys.chain(&named.account).ok_or(KeyError::AccountUnknown)?;
    let record = chain.record(named.epoch).ok_or(WrapError::WrongEpoch(named.epoch))?;
    let then = record.claimed().recipient();
    if named.suite < then.suite() {
        return Err(WrapError::DowngradedSuite);
    }
    if then.suite() != named.suite || then.hash() != named.key_hash {
        return Err(WrapError::WrongKey);
    }
    Ok((chain.recipient().clone(), chain.epoch()))
}

#[cfg(feature = "open")]
mod private {
    use rand_core::CryptoRng;

    use super::*;
    use crate::{
        account::Keyring,
        kem::{PrivateKey, hpke_open, hpke_seal},
        report::ContentKey,
        secret::{Secret, SecretBytes},
    };

    /// Seals a content key for a live grant of the state given.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn seal_wrap(
        content_key: &ContentKey,
        place: RevisionPlace,
        grant: &GrantState,
        state: &AccessState,
        keys: &impl KeyDirectory,
        rng: &mut impl CryptoRng,
    ) -> Result<Wrap, WrapError> {
        let (to, epoch) = recipient_key(grant, keys)?;
        let mut wrap = Wrap {
            place,
            grant: grant.grant.id,
            suite: to.suite(),
            key_hash: to.hash(),
            epoch,
            access_head: state.head(),
            sealed: Vec::new(),
        };
        wrap.check(&place, &grant.grant.id, state)?;
        wrap.sealed = hpke_seal(&to, None, &wrap.info(), content_key.expose(), rng)?;
        Ok(wrap)
    }

    /// What opens a wrap.
    #[derive(Debug, Clone, Copy)]
    pub enum WrapKey<'a> {
        /// The keyring, for a wrap to an account's key.
        Keyring(&'a Keyring),
        /// A grant's own key, from a redeemed code or an invitation's secret; or a team's of the wrap's epoch.
        Grant(&'a PrivateKey),
    }

    /// Opens a wrap after [`Wrap::check`].
    ///
    /// # Errors
    /// [`WrapError::WrongEpoch`], [`WrapError::WrongKey`], [`WrapError::Hpke`].
    pub fn open_wrap(wrap: &Wrap, key: WrapKey<'_>) -> Result<ContentKey, WrapError> {
        let private = match key {
            WrapKey::Keyring(keyring) => {
                let epoch = keyring.epoch(wrap.epoch).map_err(|_| WrapError::WrongEpoch(wrap.epoch))?;
                match wrap.suite {
                    Suite::XWing => &epoch.xwing,
                    Suite::X25519 => &epoch.x25519,
                }
            }
            WrapKey::Grant(private) => private,
        };
        if private.suite() != wrap.suite || private.public().hash() != wrap.key_hash {
            return Err(WrapError::WrongKey);
        }
        let opened: SecretBytes = hpke_open(private, None, &wrap.info(), &wrap.sealed)?;
        Secret::from_slice(opened.expose()).ok_or(WrapError::Hpke(HpkeError::NotAuthentic))
    }
}
#[cfg(feature = "open")]
pub use private::{WrapKey, open_wrap, seal_wrap};
