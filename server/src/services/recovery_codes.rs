//! Recovery codes: each stands in for the second factor once. 120 random bits, kept as SHA-256.

use sha2::{Digest, Sha256};

use crate::{ServiceResult, random};

/// How many a set has.
pub const COUNT: usize = 10;

/// Crockford's base32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A fresh set: as shown, and as stored.
pub fn make() -> ServiceResult<(Vec<String>, Vec<[u8; 32]>)> {
    let codes = (0..COUNT).map(|_| Ok(shown(&random::bytes()?))).collect::<ServiceResult<Vec<_>>>()?;
    let hashes = codes.iter().map(|code| hash(code)).collect();
    Ok((codes, hashes))
}

/// 24 characters in groups of six.
fn shown(bytes: &[u8; 15]) -> String {
    let mut text = String::with_capacity(27);
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            text.push(char::from(ALPHABET[(bits >> (5 * place)) as usize & 31]));
        }
    }
    let groups: Vec<&str> = [0, 6, 12, 18].iter().map(|at| &text[*at..at + 6]).collect();
    groups.join("-")
}

/// What is stored of a code, however it is typed.
pub fn hash(typed: &str) -> [u8; 32] {
    let normal = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    let mut hash = Sha256::new_with_prefix(b"healthsecure recovery code\0");
    hash.update(normal.collect::<String>());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = shown(&[0, 68, 50, 20, 199, 66, 84, 182, 53, 207, 132, 101, 58, 86, 215]);
        assert_eq!(code, "012345-6789AB-CDEFGH-JKMNPQ");
        for typed in ["0123456789abcdefghjkmnpq", " ol2345 6789AB CDEFGH JKMNPQ ", "O1-23456789ABCDEFGHJKMNPQ"] {
            assert_eq!(hash(typed), hash(&code), "{typed}");
        }
        assert_ne!(hash("012345-6789AB-CDEFGH-JKMNPR"), hash(&code));
    }

    #[test]
    fn a_code_is_120_random_bits_and_is_kept_as_its_hash() {
        let (mut ones, mut sets) = ([0_u32; 120], Vec::new());
        for _ in 0..100 {
            let (codes, hashes) = make().unwrap();
            assert_eq!(codes.len(), COUNT);
            assert_eq!(hashes, codes.iter().map(|code| hash(code)).collect::<Vec<_>>());
            sets.extend(codes);
        }
        for code in &sets {
            let letters: Vec<u8> = code.bytes().filter(|letter| *letter != b'-').collect();
            assert_eq!((code.len(), letters.len()), (27, 24), "{code}");
            for (place, letter) in letters.iter().enumerate() {
                let bits = ALPHABET.iter().position(|known| known == letter).unwrap();
                for bit in 0..5 {
                    ones[place * 5 + bit] += u32::from(bits >> bit & 1 == 1);
                }
            }
        }
        // Half of a thousand, and no bit stands still: further off than eight standard deviations comes by chance never.
        assert!(ones.iter().all(|count| (370..=630).contains(count)), "{ones:?}");
        assert_eq!(sets.iter().collect::<std::collections::BTreeSet<_>>().len(), 1000, "no two are the same");
    }
}
