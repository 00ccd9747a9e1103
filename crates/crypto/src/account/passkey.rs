//! What a passkey gives beside its signature: a secret that opens a way in.

use sha2::{Digest, Sha256};

use crate::{encoding::Writer, ids::InstanceId, secret::Secret};

/// The output of a passkey's pseudo-random function (WebAuthn Level 3, extension `prf`) for this instance's input. The
/// authenticator makes it, the server never sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeySecret(Secret<32>);

impl PasskeySecret {
    /// Takes over what the authenticator gave; `None` where that isn't 32 bytes.
    pub fn from_slice(output: &[u8]) -> Option<Self> {
        Secret::from_slice(output).map(Self)
    }

    /// What every passkey of an instance is asked with: SHA-256 of `context("passkey-prf") ‖ field(instance)`. One input for
    /// all accounts, as nobody knows whose passkey answers; the secret differs with each passkey.
    pub fn input(instance: &InstanceId) -> [u8; 32] {
        let mut w = Writer::with_context("passkey-prf");
        w.bytes(instance.as_ref());
        Sha256::digest(w.finish()).into()
    }

    pub(super) fn secret(&self) -> &Secret<32> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_instance_has_its_input_and_a_short_output_is_none() {
        assert_ne!(PasskeySecret::input(&InstanceId([1; 16])), PasskeySecret::input(&InstanceId([2; 16])));
        assert_eq!(PasskeySecret::from_slice(&[7; 31]), None);
        assert!(PasskeySecret::from_slice(&[7; 32]).is_some());
    }
}
