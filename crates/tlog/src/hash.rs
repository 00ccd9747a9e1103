//! The hash of RFC 6962 section 2.1: SHA-256, with a byte that tells leaves from nodes.

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::text;

/// Length of a hash, bytes.
pub const HASH_LEN: usize = 32;

/// The root of a tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// A text that isn't the base64 of 32 bytes.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("not the base64 of a hash of 32 bytes")]
pub struct NotAHash;

/// A SHA-256 hash of a leaf, a node or a whole tree. Its text is standard base64 with padding, 44 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; HASH_LEN]);

impl Hash {
    /// Reads base64, in its one canonical form.
    ///
    /// # Errors
    /// [`NotAHash`].
    pub fn from_base64(text: &str) -> Result<Self, NotAHash> {
        let bytes = text::from_base64(text).ok_or(NotAHash)?;
        bytes.try_into().map(Self).map_err(|_| NotAHash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::to_base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// `SHA-256(0x00 ‖ data)`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(data).finalize().into())
}

/// `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(EMPTY_ROOT.0, <[u8; 32]>::from(Sha256::digest([])));
    }

    #[test]
    fn base64_is_read_in_one_form_only() {
        let text = EMPTY_ROOT.to_string();
        assert_eq!(Hash::from_base64(&text), Ok(EMPTY_ROOT));
        for wrong in ["", "AAAA", text.trim_end_matches('='), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV="] {
            assert_eq!(Hash::from_base64(wrong), Err(NotAHash), "{wrong}");
        }
    }
}
