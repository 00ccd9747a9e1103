//! The text of an API token: `hst_` and 84 characters of Crockford base32 (upper case) over id (16 bytes), secret (32) and the
//! first four bytes of SHA-256("healthsecure api token" ‖ 0x00 ‖ id ‖ secret). The check tells a mistyped or cut token, and lets
//! whoever searches for leaked ones know one for sure; it proves nothing.

use api_types::{ApiTokenId, tokens::TOKEN_PREFIX};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Id, secret and check.
const BYTES: usize = 16 + 32 + 4;
/// Characters for so many bytes; the last four bits are zero.
const CHARS: usize = 84;

/// A token's text.
pub fn write(id: ApiTokenId, secret: &[u8; 32]) -> String {
    let check = check(&id.0, secret);
    let bytes = Zeroizing::new([&id.0[..], secret, &check].concat());
    let mut text = String::with_capacity(TOKEN_PREFIX.len() + CHARS);
    text.push_str(TOKEN_PREFIX);
    let (mut bits, mut held) = (0u32, 0);
    for byte in bytes.iter() {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        }
    }
    if held > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - held)) as usize & 31]));
    }
    text
}

/// The id in a token's text; `None` where it can't be one. Each token has one text.
pub fn id(text: &str) -> Option<ApiTokenId> {
    let chars = text.strip_prefix(TOKEN_PREFIX)?.as_bytes();
    if chars.len() != CHARS {
        return None;
    }
    let mut bytes = Zeroizing::new([0u8; BYTES]);
    let (mut bits, mut held, mut at) = (0u32, 0, 0);
    for char in chars {
        let value = ALPHABET.iter().position(|known| known == char)?;
        bits = bits << 5 | value as u32;
        held += 5;
        if held >= 8 {
            held -= 8;
            *bytes.get_mut(at)? = (bits >> held) as u8;
            at += 1;
        }
    }
    let (id, rest) = bytes.split_at(16);
    let (secret, found) = rest.split_at(32);
    let whole = at == BYTES && bits & ((1 << held) - 1) == 0;
    if whole && found == check(id, secret) { ApiTokenId::from_slice(id) } else { None }
}

fn check(id: &[u8], secret: &[u8]) -> [u8; 4] {
    let mut hash = Sha256::new_with_prefix(b"healthsecure api token\0");
    hash.update(id);
    hash.update(secret);
    let hash = hash.finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let text = write(ApiTokenId([7; 16]), &[9; 32]);
        assert_eq!(text.len(), TOKEN_PREFIX.len() + CHARS);
        assert_eq!(id(&text), Some(ApiTokenId([7; 16])));
        for wrong in [&text[..text.len() - 1], &text[1..], &text.to_lowercase(), &format!("{text}0"), "", "hst_"] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_mistyped_character_is_noticed() {
        let text = write(ApiTokenId([0xa5; 16]), &[0x3c; 32]);
        for at in TOKEN_PREFIX.len()..text.len() {
            for char in ALPHABET.iter().filter(|char| **char != text.as_bytes()[at]) {
                let mut typed = text.clone().into_bytes();
                typed[at] = *char;
                assert_eq!(id(std::str::from_utf8(&typed).unwrap()), None, "at {at}");
            }
        }
    }
}
