//! Identifiers: fixed-size byte strings, lower-case hex in URLs and JSON.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A text that is not the identifier it was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {len} lower-case hexadecimal characters")]
pub struct ParseIdError {
    what: &'static str,
    len: usize,
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $bytes:literal, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = "hex"))]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// The identifier's bytes.
            pub fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// From bytes of the right length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let error = ParseIdError { what: $what, len: $bytes * 2 };
                if text.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(error);
                }
                let mut bytes = [0; $bytes];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| error)?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

id!(
    /// SHA-256 of the account's epoch-0 key record.
    AccountId, 32, "an account id"
);
id!(
    /// SHA-256 of the report's signed genesis statement.
    ReportId, 32, "a report id"
);
id!(
    /// SHA-256 of the team's first signed roster.
    TeamId, 32, "a team id"
);
id!(
    /// SHA-256 of an audit event.
    EventHash, 32, "an event hash"
);
id!(
    /// Chosen at random by the client that makes the grant.
    GrantId, 16, "a grant id"
);
id!(
    /// Chosen at random by the server.
    UploadId, 16, "an upload id"
);
id!(
    /// Names a session; not the token that opens it.
    SessionId, 16, "a session id"
);
id!(
    /// Names an invitation; not the token that redeems it.
    InvitationId, 16, "an invitation id"
);
id!(
    /// Stands for a patient who has no account yet; chosen at random by the inviter's client.
    PlaceholderId, 16, "a placeholder id"
);
id!(
    /// Names a second factor of an account; chosen at random by the server.
    SecondFactorId, 16, "a second factor's id"
);
id!(
    /// Names a way in of an account; chosen at random by the client.
    WayInId, 16, "a way-in id"
);
id!(
    /// Names an API token; not what opens it. Stands for the session in signed requests and in events.
    ApiTokenId, 16, "an API token's id"
);
id!(
    /// Names an identity that signs in to an account; chosen at random by the server.
    IdentityId, 16, "an identity's id"
);
