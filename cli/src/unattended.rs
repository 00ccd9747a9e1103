//! What lets `hs` go on without a person: the account key, which opens, and a token, which gets in. In the system's keyring as bytes,
//! for `--unattended-fd` as a line of text: the token, a point, the account key in base64url.

use api_types::B64;
use client::AccountKey;
use crypto::secret::Secret;
use zeroize::Zeroizing;

/// An account key with a session's token or an API token.
pub struct Unattended {
    /// Opens.
    pub account_key: AccountKey,
    /// Gets in.
    pub token: Zeroizing<String>,
}

impl Unattended {
    /// The account key's 32 bytes, then the token.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(self.account_key.secret().expose().to_vec());
        bytes.extend_from_slice(self.token.as_bytes());
        bytes
    }

    /// As [`Unattended::to_bytes`] wrote it.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (key, token) = bytes.split_at_checked(32)?;
        Self::of(key, std::str::from_utf8(token).ok()?)
    }

    /// As a line.
    pub fn line(&self) -> String {
        format!("{}.{}", *self.token, B64(self.account_key.secret().expose().to_vec()).encode())
    }

    /// As [`Unattended::line`] wrote it.
    pub fn parse_line(line: &str) -> Option<Self> {
        let (token, key) = line.trim().split_once('.')?;
        Self::of(&Zeroizing::new(B64::decode(key)?.0), token)
    }

    fn of(key: &[u8], token: &str) -> Option<Self> {
        let account_key = AccountKey::from_secret(Secret::from_slice(key)?);
        Some(Self { account_key, token: Zeroizing::new(token.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back() {
        let kept = Unattended::of(&[7; 32], "hst_ABC").expect("32 bytes");
        for again in [Unattended::parse(&kept.to_bytes()), Unattended::parse_line(&kept.line())] {
            let again = again.expect("what was written");
            assert_eq!((again.token.as_str(), again.account_key.secret().expose()), ("hst_ABC", &[7; 32]));
        }
        for damaged in ["", "hst_ABC", "hst_ABC.", "hst_ABC.AQ", "hst_ABC.not base64"] {
            assert!(Unattended::parse_line(damaged).is_none(), "{damaged}");
        }
        assert!(Unattended::parse(&[1; 31]).is_none());
    }
}
