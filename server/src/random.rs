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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_token_is_256_random_bits_and_is_kept_as_its_hash() {
        let tokens: Vec<_> = (0..1000).map(|_| token().unwrap()).collect();
        assert_eq!(tokens.iter().map(|(text, _)| text).collect::<BTreeSet<_>>().len(), 1000);
        let mut ones = [0_u32; 256];
        for (text, hash) in &tokens {
            assert_eq!(token_hash(text), *hash);
            let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            assert_eq!(bytes.len(), 32);
            for (place, count) in ones.iter_mut().enumerate() {
                *count += u32::from(bytes[place / 8] >> (place % 8) & 1);
            }
        }
        // Half of them, and no bit stands still: further off than eight standard deviations comes by chance never.
        assert!(ones.iter().all(|count| (370..=630).contains(count)), "{ones:?}");
    }
}
