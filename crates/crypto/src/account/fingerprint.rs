//! What two people compare to verify a key: 132 bits over account and current record, as words or digits.

use crate::{encoding::Writer, ids::Hash32};

use super::KeyChain;

/// SHA-256 of `context("fingerprint") ‖ account id ‖ hash of the current record`; words and digits show a prefix.
pub fn fingerprint_bits(chain: &KeyChain) -> Hash32 {
    let mut w = Writer::with_context("fingerprint");
    w.bytes(chain.account().as_ref()).bytes(chain.current().hash().as_ref());
    w.sha256()
}

/// Eight groups of five digits (each 16 bits of the fingerprint): for reading out, 128 bits.
pub fn fingerprint_groups(chain: &KeyChain) -> [String; 8] {
    let bits = fingerprint_bits(chain).0;
    std::array::from_fn(|i| format!("{:05}", u16::from_be_bytes([bits[2 * i], bits[2 * i + 1]])))
}

/// Twelve words of BIP39's English list (each 11 bits of the fingerprint): 132 bits.
#[cfg(feature = "open")]
pub fn fingerprint_words(chain: &KeyChain) -> [&'static str; 12] {
    words_of(&fingerprint_bits(chain))
}

/// The first 132 bits of a hash as words.
#[cfg(feature = "open")]
pub(super) fn words_of(hash: &Hash32) -> [&'static str; 12] {
    let bits = hash.0;
    let list = bip39::Language::English.word_list();
    std::array::from_fn(|i| {
        let index =
            (i * 11..i * 11 + 11).fold(0usize, |acc, bit| acc << 1 | usize::from(bits[bit / 8] >> (7 - bit % 8) & 1));
        list[index]
    })
}
