//! Labels of e-mail addresses (c2sp.org/vrf-r255, RFC 9381): the holder of the key makes them, anyone with its public half
//! can check one, and nobody else can tell which address a label stands for, nor try addresses.

use std::fmt;

use subtle::CtOption;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::leaf::Label;

/// Length of a proof, bytes.
pub const PROOF_LEN: usize = 80;

/// Why a label isn't shown to be an address's, or a key is none.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VrfError {
    /// Bytes that are no canonical key other than zero.
    #[error("the key is not valid")]
    Key,
    /// Bytes that are no canonical proof.
    #[error("the proof has a wrong form")]
    Form,
    /// A proof for another address, or by another key.
    #[error("the proof does not match")]
    Mismatch,
}

/// The key that makes labels.
pub struct LabelKey(vrf_r255::SecretKey);

impl LabelKey {
    /// Reads 32 bytes, a canonical scalar other than 0. Of random bytes about one in sixteen is one; whoever makes a key
    /// tries until it is.
    ///
    /// # Errors
    /// [`VrfError::Key`].
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, VrfError> {
        option(vrf_r255::SecretKey::from_bytes(bytes)).map(Self).ok_or(VrfError::Key)
    }

    /// The bytes to keep secret.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> LabelPublicKey {
        LabelPublicKey(vrf_r255::PublicKey::from(self.0))
    }

    /// Proves which label an address has; [`LabelPublicKey::verify`] gives the label out.
    pub fn prove(&self, address: &[u8]) -> [u8; PROOF_LEN] {
        self.0.prove(address).to_bytes()
    }
}

impl fmt::Debug for LabelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LabelKey")
    }
}

/// The public half of the key that makes labels.
#[derive(Clone, Copy)]
pub struct LabelPublicKey(vrf_r255::PublicKey);

impl LabelPublicKey {
    /// Reads 32 bytes.
    ///
    /// # Errors
    /// [`VrfError::Key`].
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, VrfError> {
        vrf_r255::PublicKey::from_bytes(bytes).map(Self).ok_or(VrfError::Key)
    }

    /// The bytes to publish.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The one label of 64 bytes that this key gives an address, if the proof shows it.
    ///
    /// # Errors
    /// [`VrfError::Form`] or [`VrfError::Mismatch`].
    pub fn verify(&self, address: &[u8], proof: &[u8; PROOF_LEN]) -> Result<Label, VrfError> {
        let proof = vrf_r255::Proof::from_bytes(*proof).ok_or(VrfError::Form)?;
        let output = option(self.0.verify(address, &proof)).ok_or(VrfError::Mismatch)?;
        Label::new(output.to_vec()).map_err(|_| VrfError::Form)
    }
}

impl fmt::Debug for LabelPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabelPublicKey({})", crate::text::to_base64(&self.to_bytes()))
    }
}

fn option<T>(value: CtOption<T>) -> Option<T> {
    value.into()
}
