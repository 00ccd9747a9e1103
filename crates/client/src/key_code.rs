//! The text of a key's QR code: `healthsecure:key:<account id>:<hash of the newest key record>`, both 64 hex digits.

use std::{fmt, str::FromStr};

use crypto::{
    account::KeyChain,
    ids::{AccountId, Hash32},
};

const PREFIX: &str = "healthsecure:key:";

/// Which account, and which keys it has. No secret: it finds an account, and opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCode {
    /// The account.
    pub(crate) account: AccountId,
    /// Hash of its newest key record when the code was made.
    pub(crate) record: Hash32,
}

/// Why a text is no key code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyCodeError {
    /// Made for something else.
    #[error("That is not the code of a key: it belongs to something else.")]
    Foreign,
    /// Begins like one and then isn't: cut, or changed.
    #[error("That code is incomplete or damaged. Show it anew and scan it again.")]
    Damaged,
}

impl KeyCode {
    /// The code of an account with these keys.
    pub(crate) fn of(chain: &KeyChain) -> Self {
        Self { account: chain.account(), record: chain.current().hash() }
    }
}

impl fmt::Display for KeyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}:{}", self.account, self.record)
    }
}

impl FromStr for KeyCode {
    type Err = KeyCodeError;

    /// White space around is what readers of codes add; everything else is exact.
    fn from_str(text: &str) -> Result<Self, KeyCodeError> {
        let halves = text.trim().strip_prefix(PREFIX).ok_or(KeyCodeError::Foreign)?;
        let (account, record) = halves.split_once(':').ok_or(KeyCodeError::Damaged)?;
        let damaged = |_| KeyCodeError::Damaged;
        Ok(Self { account: account.parse().map_err(damaged)?, record: record.parse().map_err(damaged)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let code = KeyCode { account: AccountId([0xab; 32]), record: Hash32([1; 32]) };
        let text = code.to_string();
        assert_eq!(text.len(), PREFIX.len() + 129);
        assert_eq!(text.parse(), Ok(code));
        assert_eq!(format!(" {text}\n").parse(), Ok(code));
    }

    #[test]
    fn a_foreign_and_a_cut_text_are_told_apart() {
        let text = KeyCode { account: AccountId([0xab; 32]), record: Hash32([1; 32]) }.to_string();
        for foreign in ["", "https://example.org", "healthsecure:invite:abc", "HEALTHSECURE:KEY:", &text[1..]] {
            assert_eq!(foreign.parse::<KeyCode>(), Err(KeyCodeError::Foreign), "{foreign}");
        }
        let more = format!("{text}:00");
        for damaged in [PREFIX, &text[..40], &text[..text.len() - 1], &text.replace("ab", "AB"), &more] {
            assert_eq!(damaged.parse::<KeyCode>(), Err(KeyCodeError::Damaged), "{damaged}");
        }
    }
}
