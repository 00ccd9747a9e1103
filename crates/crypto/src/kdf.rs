//! HKDF (RFC 5869) as this protocol uses it.

use hkdf::Hkdf;
use sha2::Sha256;

use crate::{encoding::Writer, secret::Secret};

/// A 32-byte subkey: HKDF-SHA-256, no salt, info `context("subkey") ‖ field(label) ‖ field(bindings)…`.
///
/// Labels are listed in docs/protocol.md; one use, one label.
pub fn subkey(secret: &[u8], label: &str, bindings: &[&[u8]]) -> Secret<32> {
    let mut info = Writer::with_context("subkey");
    info.text(label);
    for binding in bindings {
        info.bytes(binding);
    }
    let mut out = Secret::new([0u8; 32]);
    Hkdf::<Sha256>::new(None, secret)
        .expand(&info.finish(), out.expose_mut())
        .expect("32 bytes are within HKDF-SHA-256's limit of 8160");
    out
}
