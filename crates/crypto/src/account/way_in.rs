//! Ways in: each has an own X-Wing key pair, whose seed its secret seals and to which the account key is wrapped.

use thiserror::Error;

use super::{KeyChain, KeyError};
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, Hash32, InstanceId, WayInId},
    kem::{HpkeError, RecipientKey, Suite},
    sign::{PublicSigningKey, Signed, SignedObject, VerifyError},
};

/// What opens a way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum WayInKind {
    /// The export key of OPAQUE.
    Password = 1,
    /// The entropy of 24 words.
    RecoveryKit = 2,
    /// The output of a passkey's pseudo-random function.
    Passkey = 3,
    /// 32 random bytes, sealed to a trusted account.
    EmergencyContact = 4,
    /// 32 random bytes, split among contacts.
    RecoveryShares = 5,
    /// 32 random bytes, sealed to the organisation's escrow key.
    Escrow = 6,
}

impl WayInKind {
    /// The kind of a number. Later kinds are unknown to this version, by name.
    ///
    /// # Errors
    /// [`DecodeError::UnknownTag`].
    pub fn from_tag(tag: u8) -> Result<Self, DecodeError> {
        match tag {
            1 => Ok(Self::Password),
            2 => Ok(Self::RecoveryKit),
            3 => Ok(Self::Passkey),
            4 => Ok(Self::EmergencyContact),
            5 => Ok(Self::RecoveryShares),
            6 => Ok(Self::Escrow),
            other => Err(DecodeError::UnknownTag { field: "way-in kind", tag: other.into() }),
        }
    }
}

/// One way in, signed by the account: public half and wrap can't be exchanged by a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The account.
    pub account: AccountId,
    /// Names this way in.
    pub id: WayInId,
    /// What opens it.
    pub kind: WayInKind,
    /// X-Wing public half.
    pub public: RecipientKey,
    /// The pair's seed, sealed under the way's secret.
    pub sealed_seed: Vec<u8>,
    /// The account key, HPKE-wrapped to the public half.
    pub wrap: Vec<u8>,
    /// Which account key is wrapped: 0 at sign-up, one more with each rotation.
    pub generation: u32,
    /// For a recovery kit, an emergency contact, recovery shares or escrow: the key that authenticates a reset.
    pub proof_key: Option<PublicSigningKey>,
    /// Epoch of the account's signing key.
    pub epoch: u32,
    /// When it was signed.
    pub time: UnixMillis,
}

impl WayIn {
    /// HPKE info of the wrap.
    pub fn wrap_info(
        account: &AccountId,
        id: &WayInId,
        kind: WayInKind,
        public: &RecipientKey,
        generation: u32,
    ) -> Vec<u8> {
        let mut w = Writer::with_context("account-key-wrap");
        w.bytes(account.as_ref()).bytes(id.as_ref()).u8(kind as u8).bytes(public.hash().as_ref()).u32(generation);
        w.finish()
    }
}

impl SignedObject for WayIn {
    const NAME: &'static str = "way-in";
    const LIMIT: usize = 8192;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.account.as_ref())
            .bytes(self.id.as_ref())
            .u8(self.kind as u8)
            .bytes(self.public.as_bytes())
            .bytes(&self.sealed_seed)
            .bytes(&self.wrap)
            .u32(self.generation)
            .bytes(self.proof_key.as_ref().map_or(&[][..], |k| &k.0))
            .u32(self.epoch)
            .time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            account: AccountId(r.array("account")?),
            id: WayInId(r.array("way-in id")?),
            kind: WayInKind::from_tag(r.u8("kind")?)?,
            public: RecipientKey::new(Suite::XWing, r.bytes("public key", Suite::XWing.public_len())?)?,
            sealed_seed: r.bytes("sealed seed", 1024)?.to_vec(),
            wrap: r.bytes("wrap", 2048)?.to_vec(),
            generation: r.u32("generation")?,
            proof_key: r.optional("proof key")?.map(PublicSigningKey),
            epoch: r.u32("epoch")?,
            time: r.time("time")?,
        })
    }
}

/// The answer to a server's challenge by whoever holds the recovery kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryProof {
    /// The instance asked.
    pub instance: InstanceId,
    /// The account to recover, or what the server names it by to who has not proved anything yet.
    pub account: AccountId,
    /// The server's fresh challenge.
    pub challenge: Hash32,
}

impl SignedObject for RecoveryProof {
    const NAME: &'static str = "recovery-proof";
    const LIMIT: usize = 256;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.instance.as_ref()).bytes(self.account.as_ref()).bytes(self.challenge.as_ref());
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            instance: InstanceId(r.array("instance")?),
            account: AccountId(r.array("account")?),
            challenge: Hash32(r.array("challenge")?),
        })
    }
}

impl Signed<RecoveryProof> {
    /// Verifies a proof against a way in of the account by words and the challenge that was given.
    ///
    /// # Errors
    /// [`WayInError::WrongKind`], [`WayInError::WrongAccount`] when it answers something else, [`WayInError::Verify`].
    pub fn verify_recovery(&self, way: &WayIn, instance: &InstanceId, challenge: &Hash32) -> Result<(), WayInError> {
        let key = way.proof_key.ok_or(WayInError::WrongKind)?;
        let expected = RecoveryProof { instance: *instance, account: way.account, challenge: *challenge };
        if *self.claimed() != expected {
            return Err(WayInError::WrongAccount);
        }
        self.verify(&key)?;
        Ok(())
    }
}

/// Why a way in doesn't open.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WayInError {
    /// Not a way in, or a kind that this version doesn't know.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The account's key records don't vouch for it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the account.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It belongs to another account.
    #[error("the way in belongs to another account")]
    WrongAccount,
    /// The secret is of another kind.
    #[error("the way in is of another kind")]
    WrongKind,
    /// The secret doesn't open the seed: a wrong password or kit.
    #[error("the secret does not open this way in")]
    WrongSecret,
    /// The seed isn't that of the signed public half.
    #[error("the sealed seed is not that of the public key")]
    WrongSeed,
    /// The account key's wrap doesn't open.
    #[error(transparent)]
    Wrap(#[from] HpkeError),
}

/// Verifies that a way in is signed by its account: what a server checks before storing it.
///
/// # Errors
/// [`WayInError::Keys`], [`WayInError::Verify`], [`WayInError::WrongAccount`].
pub fn verify_way_in<'a>(way: &'a Signed<WayIn>, chain: &KeyChain) -> Result<&'a WayIn, WayInError> {
    let claimed = way.claimed();
    if claimed.account != chain.account() {
        return Err(WayInError::WrongAccount);
    }
    let key = chain.signer(claimed.epoch, claimed.time)?;
    Ok(way.verify_under(Defence::WayInSignature, key)?)
}
