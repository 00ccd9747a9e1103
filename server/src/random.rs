//! Random bytes from the operating system.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{ServiceError, ServiceResult};

/// `N` random bytes.
pub fn bytes<const N: usize>() -> ServiceResult<[u8; N]> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|e| ServiceError::Internal(format!("no randomness: {e}")))?;
    Ok(out)
}

/// A 256-bit token as text, and the SHA-256 under which it is stored. The token itself is never stored.
pub fn token() -> ServiceResult<(String, [u8; 32])> {
    let text = URL_SAFE_NO_PAD.encode(bytes::<32>()?);
    let hash = token_hash(&text);
    Ok((text, hash))
}

/// The stored form of a token: SHA-256 of its text.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
