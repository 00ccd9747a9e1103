//! Making, opening and rewrapping ways in.

use rand_core::CryptoRng;

use super::{AccountKey, EpochKeys, KeyChain, PasskeySecret, RecoveryKit, WayIn, WayInError, WayInKind, verify_way_in};
use crate::{
    encoding::UnixMillis,
    format::{Label, open_small, seal_small},
    ids::{AccountId, WayInId},
    kem::{PrivateKey, Suite, hpke_open, hpke_seal},
    opaque::ExportKey,
    secret::Secret,
    sign::Signed,
};

/// A secret that opens a way in.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum WayInSecret<'a> {
    /// OPAQUE's export key.
    Password(&'a ExportKey),
    /// The recovery kit.
    RecoveryKit(&'a RecoveryKit),
    /// What a passkey's pseudo-random function gave.
    Passkey(&'a PasskeySecret),
    /// The emergency words, sealed to a contact.
    EmergencyContact(&'a RecoveryKit),
    /// What recovery shares gave together.
    RecoveryShares(&'a RecoveryKit),
    /// What is in escrow with the organisation.
    Escrow(&'a RecoveryKit),
}

impl WayInSecret<'_> {
    /// Its kind.
    pub fn kind(&self) -> WayInKind {
        match self {
            Self::Password(_) => WayInKind::Password,
            Self::RecoveryKit(_) => WayInKind::RecoveryKit,
            Self::Passkey(_) => WayInKind::Passkey,
            Self::EmergencyContact(_) => WayInKind::EmergencyContact,
            Self::RecoveryShares(_) => WayInKind::RecoveryShares,
            Self::Escrow(_) => WayInKind::Escrow,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Password(key) => key.secret().expose(),
            Self::RecoveryKit(words)
            | Self::EmergencyContact(words)
            | Self::RecoveryShares(words)
            | Self::Escrow(words) => words.entropy().expose(),
            Self::Passkey(secret) => secret.secret().expose(),
        }
    }

    fn label(&self) -> Label {
        match self {
            Self::Password(_) => Label::WayInPassword,
            Self::RecoveryKit(_) => Label::WayInRecoveryKit,
            Self::Passkey(_) => Label::WayInPasskey,
            Self::EmergencyContact(_) => Label::WayInEmergencyContact,
            Self::RecoveryShares(_) => Label::WayInRecoveryShares,
            Self::Escrow(_) => Label::WayInEscrow,
        }
    }
}

/// What a way in is made for.
#[derive(Debug, Clone, Copy)]
pub struct WayInSetup<'a> {
    /// The account.
    pub account: AccountId,
    /// Its current keys, which sign.
    pub keys: &'a EpochKeys,
    /// The account key to wrap.
    pub account_key: &'a AccountKey,
    /// Its generation.
    pub generation: u32,
    /// Now.
    pub time: UnixMillis,
}

/// Makes a way in for a secret: fresh key pair, sealed seed, wrapped account key, signature.
///
/// # Errors
/// [`WayInError::Wrap`].
pub fn make_way_in(
    setup: WayInSetup<'_>,
    secret: WayInSecret<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Signed<WayIn>, WayInError> {
    let id = WayInId::random(rng);
    let pair = PrivateKey::generate(Suite::XWing, rng);
    let bindings: [&[u8]; 2] = [setup.account.as_ref(), id.as_ref()];
    let sealed_seed = seal_small(secret.bytes(), secret.label(), &bindings, pair.seed().expose(), rng);
    let proof_key = match secret {
        WayInSecret::RecoveryKit(words)
        | WayInSecret::EmergencyContact(words)
        | WayInSecret::RecoveryShares(words)
        | WayInSecret::Escrow(words) => Some(words.proof_key()),
        WayInSecret::Password(_) | WayInSecret::Passkey(_) => None,
    };
    let way = WayIn {
        account: setup.account,
        id,
        kind: secret.kind(),
        public: pair.public(),
        sealed_seed,
        wrap: Vec::new(),
        generation: setup.generation,
        proof_key,
        epoch: setup.keys.epoch,
        time: setup.time,
    };
    wrap_and_sign(way, setup, rng)
}

/// Wraps another account key to an existing way in: for rotation, with nobody's secret at hand. The way must be verified.
///
/// # Errors
/// [`WayInError`].
pub fn rewrap_way_in(
    way: &Signed<WayIn>,
    chain: &KeyChain,
    setup: WayInSetup<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Signed<WayIn>, WayInError> {
    let old = verify_way_in(way, chain)?.clone();
    if old.account != setup.account {
        return Err(WayInError::WrongAccount);
    }
    wrap_and_sign(old, setup, rng)
}

fn wrap_and_sign(mut way: WayIn, setup: WayInSetup<'_>, rng: &mut impl CryptoRng) -> Result<Signed<WayIn>, WayInError> {
    way.generation = setup.generation;
    way.epoch = setup.keys.epoch;
    way.time = setup.time;
    let info = WayIn::wrap_info(&way.account, &way.id, way.kind, &way.public, way.generation);
    way.wrap = hpke_seal(&way.public, None, &info, setup.account_key.secret().expose(), rng)?;
    Ok(Signed::sign(way, &setup.keys.signing))
}

/// Opens the account key by a way in, after verifying it under the account's key records.
///
/// # Errors
/// [`WayInError`]; [`WayInError::WrongSecret`] for a wrong password, kit or passkey.
pub fn unlock(way: &Signed<WayIn>, chain: &KeyChain, secret: WayInSecret<'_>) -> Result<AccountKey, WayInError> {
    let way = verify_way_in(way, chain)?;
    if way.kind != secret.kind() {
        return Err(WayInError::WrongKind);
    }
    let bindings: [&[u8]; 2] = [way.account.as_ref(), way.id.as_ref()];
    let seed =
        open_small(secret.bytes(), secret.label(), &bindings, &way.sealed_seed).map_err(|_| WayInError::WrongSecret)?;
    let seed = Secret::from_slice(seed.expose()).ok_or(WayInError::WrongSeed)?;
    let pair = PrivateKey::from_seed(Suite::XWing, seed);
    if pair.public() != way.public {
        return Err(WayInError::WrongSeed);
    }
    let info = WayIn::wrap_info(&way.account, &way.id, way.kind, &way.public, way.generation);
    let key = hpke_open(&pair, None, &info, &way.wrap)?;
    Secret::from_slice(key.expose()).map(AccountKey::from_secret).ok_or(WayInError::WrongSeed)
}
