//! Small secrets: Cobblestone-256 under an HKDF subkey with a label each, behind a version byte.

use rand_core::CryptoRng;
use thiserror::Error;

use super::{FormatError, PartKey, open_all, seal_all};
use crate::{
    encoding::{DecodeError, VERSION, Writer, split_version},
    kdf::subkey,
    secret::{Secret, SecretBytes},
};

/// What a small sealed object is for. Each label has its own subkey and context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Label {
    /// The keyring, under the account key.
    Keyring,
    /// The client state, under the account key.
    ClientState,
    /// A draft, under the account key.
    Draft,
    /// The local cache of opened lists, under the account key.
    Cache,
    /// A redeemed grant's seed, under the account key.
    GrantSeed,
    /// The seed of a way in by password, under the OPAQUE export key.
    WayInPassword,
    /// The seed of a way in by recovery kit, under the kit's entropy.
    WayInRecoveryKit,
    /// The seed of a way in by passkey, under its PRF output.
    WayInPasskey,
    /// The seed of a way in by emergency contact, under its words' entropy.
    WayInEmergencyContact,
    /// The seed of a way in by recovery shares, under the bytes that they give together.
    WayInRecoveryShares,
    /// The seed of a way in by escrow, under the bytes that are sealed to the escrow key.
    WayInEscrow,
    /// The author's statement, under the content key.
    AuthorStatement,
    /// An invitation's secret kept by its maker, under the account key.
    Invitation,
}

impl Label {
    /// The label as docs/protocol.md writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::ClientState => "client-state",
            Self::Draft => "draft",
            Self::Cache => "cache",
            Self::GrantSeed => "grant-seed",
            Self::WayInPassword => "way-in/password",
            Self::WayInRecoveryKit => "way-in/recovery-kit",
            Self::WayInPasskey => "way-in/passkey",
            Self::WayInEmergencyContact => "way-in/emergency-contact",
            Self::WayInRecoveryShares => "way-in/recovery-shares",
            Self::WayInEscrow => "way-in/escrow",
            Self::AuthorStatement => "author-statement",
            Self::Invitation => "invitation",
        }
    }
}

/// Why a small sealed object doesn't open.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmallError {
    /// Not such an object, or one of another version.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Sealed under another key or for another place, or changed.
    #[error(transparent)]
    Format(#[from] FormatError),
}

fn place(label: Label, bindings: &[&[u8]]) -> Vec<u8> {
    let mut w = Writer::with_context("sealed");
    w.text(label.as_str());
    for binding in bindings {
        w.bytes(binding);
    }
    w.finish()
}

/// `version ‖ Cobblestone-256(subkey(secret, label), context("sealed") ‖ label ‖ bindings…)`.
///
/// `secret` must have 256 bits of entropy; `bindings` say what the object belongs to (account, report, counter).
pub fn seal_small(
    secret: &[u8],
    label: Label,
    bindings: &[&[u8]],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    let key: Secret<32> = subkey(secret, label.as_str(), &[]);
    let part = PartKey::fresh(&key, &place(label, bindings), rng);
    let sealed = seal_all(part, plaintext).expect("what fits in memory is below 2^38 chunks");
    let mut out = Vec::with_capacity(1 + sealed.len());
    out.push(VERSION);
    out.extend_from_slice(&sealed);
    out
}

/// Opens what [`seal_small`] made.
///
/// # Errors
/// [`SmallError`].
pub fn open_small(secret: &[u8], label: Label, bindings: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, SmallError> {
    let part = split_version(sealed)?;
    let key: Secret<32> = subkey(secret, label.as_str(), &[]);
    Ok(SecretBytes::new(open_all(&key, &place(label, bindings), part)?))
}
