//! A team's private key of an epoch, sealed to a member. Not signed: what opens must be the key of the signed roster.

use thiserror::Error;

use crate::{
    encoding::{DecodeError, Reader, VERSION, Writer, split_version},
    ids::{AccountId, Hash32, TeamId},
    kem::{HpkeError, Suite},
};

/// The seed of a team's key, sealed to a member; everything but the sealed bytes is bound into HPKE's `info`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamKeyWrap {
    /// The team.
    pub team: TeamId,
    /// Epoch of the team's key.
    pub key_epoch: u32,
    /// SHA-256 of the team's public key.
    pub team_key: Hash32,
    /// The member.
    pub account: AccountId,
    /// Epoch of the member's key.
    pub epoch: u32,
    /// That key's suite.
    pub suite: Suite,
    /// Its SHA-256.
    pub key_hash: Hash32,
    /// `enc ‖ ciphertext ‖ tag`.
    pub sealed: Vec<u8>,
}

/// Why a team's key doesn't open.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TeamKeyError {
    /// Not a wrap.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Of another team, or for another account.
    #[error("the wrap is of another team, or for another account")]
    WrongPlace,
    /// The team has no key of that epoch, or another.
    #[error("the wrap is of another key than the team's of epoch {0}")]
    WrongKey(u32),
    /// Sealed to a key that the member doesn't have.
    #[error("the wrap is sealed to another key than the member's")]
    WrongRecipientKey,
    /// HPKE failed.
    #[error(transparent)]
    Hpke(#[from] HpkeError),
}

impl TeamKeyWrap {
    fn fields(&self, w: &mut Writer) {
        w.bytes(self.team.as_ref())
            .u32(self.key_epoch)
            .bytes(self.team_key.as_ref())
            .bytes(self.account.as_ref())
            .u32(self.epoch)
            .u16(self.suite.id())
            .bytes(self.key_hash.as_ref());
    }

    /// HPKE's `info`.
    pub fn info(&self) -> Vec<u8> {
        let mut w = Writer::with_context("team-key-wrap");
        self.fields(&mut w);
        w.finish()
    }

    /// Stored form: `version ‖ fields ‖ field(sealed)`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::body();
        self.fields(&mut w);
        w.bytes(&self.sealed);
        let mut out = vec![VERSION];
        out.extend_from_slice(&w.finish());
        out
    }

    /// Reads a stored wrap.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(split_version(bytes)?);
        let mut wrap = Self {
            team: TeamId(r.array("team")?),
            key_epoch: r.u32("key epoch")?,
            team_key: Hash32(r.array("team key hash")?),
            account: AccountId(r.array("account")?),
            epoch: r.u32("epoch")?,
            suite: Suite::from_id(r.u16("suite")?)?,
            key_hash: Hash32(r.array("key hash")?),
            sealed: Vec::new(),
        };
        let expected = wrap.suite.enc_len() + 32 + 16;
        let sealed = r.bytes("sealed", expected)?;
        if sealed.len() != expected {
            return Err(DecodeError::WrongLength { field: "sealed", expected, found: sealed.len() });
        }
        wrap.sealed = sealed.to_vec();
        r.finish()?;
        Ok(wrap)
    }
}

#[cfg(feature = "open")]
mod private {
    use rand_core::CryptoRng;

    use super::*;
    use crate::{
        account::{KeyChain, Keyring},
        kem::{PrivateKey, hpke_open, hpke_seal},
        secret::Secret,
        team::TeamChain,
    };

    /// Seals a team's private key of an epoch to a member's newest key.
    ///
    /// # Errors
    /// [`TeamKeyError::Hpke`].
    pub fn seal_team_key(
        team: TeamId,
        key_epoch: u32,
        key: &PrivateKey,
        member: &KeyChain,
        rng: &mut impl CryptoRng,
    ) -> Result<TeamKeyWrap, TeamKeyError> {
        let to = member.recipient();
        let mut wrap = TeamKeyWrap {
            team,
            key_epoch,
            team_key: key.public().hash(),
            account: member.account(),
            epoch: member.epoch(),
            suite: to.suite(),
            key_hash: to.hash(),
            sealed: Vec::new(),
        };
        wrap.sealed = hpke_seal(to, None, &wrap.info(), key.seed().expose(), rng)?;
        Ok(wrap)
    }

    /// Opens a wrap with the member's key of the epoch that it names: the private half of the key that the team's signed
    /// rosters have for the wrap's epoch.
    ///
    /// # Errors
    /// [`TeamKeyError`].
    pub fn open_team_key(
        wrap: &TeamKeyWrap,
        team: &TeamChain,
        account: &AccountId,
        keyring: &Keyring,
    ) -> Result<PrivateKey, TeamKeyError> {
        if wrap.team != team.team() || wrap.account != *account {
            return Err(TeamKeyError::WrongPlace);
        }
        let wrong = TeamKeyError::WrongKey(wrap.key_epoch);
        let public = team.key(wrap.key_epoch).ok_or_else(|| wrong.clone())?;
        if public.hash() != wrap.team_key {
            return Err(wrong);
        }
        let keys = keyring.epoch(wrap.epoch).map_err(|_| TeamKeyError::WrongRecipientKey)?;
        let private = match wrap.suite {
            Suite::XWing => &keys.xwing,
            Suite::X25519 => &keys.x25519,
        };
        if private.public().hash() != wrap.key_hash {
            return Err(TeamKeyError::WrongRecipientKey);
        }
        let opened = hpke_open(private, None, &wrap.info(), &wrap.sealed)?;
        let seed = Secret::from_slice(opened.expose()).ok_or(TeamKeyError::Hpke(HpkeError::NotAuthentic))?;
        let key = PrivateKey::from_seed(Suite::XWing, seed);
        // Whoever sealed it may have sealed another: only the signed roster says which it is.
        if key.public() == *public { Ok(key) } else { Err(wrong) }
    }
}
#[cfg(feature = "open")]
pub use private::{open_team_key, seal_team_key};
