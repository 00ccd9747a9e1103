//! Identifiers: 32-byte ones are hashes of what they name, 16-byte ones are random.
//!
//! In URLs and JSON all are lower-case hex, of 64 or 32 characters.

use std::{fmt, str::FromStr};

use rand_core::CryptoRng;
use thiserror::Error;

/// A text that is not an id of the kind expected.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("not an id: expected {expected} lower-case hexadecimal characters")]
pub struct ParseIdError {
    /// Characters an id of this kind has.
    pub expected: usize,
}

fn hex_digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    }
}

fn parse_hex<const N: usize>(s: &str) -> Result<[u8; N], ParseIdError> {
    let error = ParseIdError { expected: N * 2 };
    let bytes = s.as_bytes();
    if bytes.len() != N * 2 {
        return Err(error);
    }
    let mut out = [0u8; N];
    for (byte, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        let high = hex_digit(pair[0]).ok_or(error)?;
        let low = hex_digit(pair[1]).ok_or(error)?;
        *byte = high << 4 | low;
    }
    Ok(out)
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                parse_hex(s).map(Self)
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }
    };
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        id!($(#[$doc])* $name, 16);

        impl $name {
            /// A fresh random id.
            pub fn random(rng: &mut impl CryptoRng) -> Self {
                let mut bytes = [0u8; 16];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }
        }
    };
}

id!(
    /// A SHA-256.
    Hash32, 32);
id!(
    /// SHA-256 of an account's epoch-0 key record as stored.
    AccountId, 32);
id!(
    /// SHA-256 of a report's genesis as stored. A draft has the id of the report it becomes.
    ReportId, 32);
id!(
    /// SHA-256 of a team's first roster as stored.
    TeamId, 32);
random_id!(
    /// Names a grant in a report's access chain.
    GrantId);
random_id!(
    /// Names an upload session.
    UploadId);
random_id!(
    /// Names a sign-in session; not its token.
    SessionId);
random_id!(
    /// Names an invitation.
    InvitationId);
random_id!(
    /// Stands for a patient who has no account yet.
    PlaceholderId);
random_id!(
    /// Names one way into an account.
    WayInId);
random_id!(
    /// Names an instance of the server, for ever.
    InstanceId);
random_id!(
    /// Names an audit event.
    EventId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_strict() {
        let id = GrantId([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("AB".repeat(16).parse::<GrantId>(), Err(ParseIdError { expected: 32 }));
        assert_eq!("ab".repeat(15).parse::<GrantId>(), Err(ParseIdError { expected: 32 }));
        assert_eq!("zz".repeat(32).parse::<ReportId>(), Err(ParseIdError { expected: 64 }));
    }
}
