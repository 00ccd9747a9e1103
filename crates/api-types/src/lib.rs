//! The bodies, identifiers, limits and error codes of the HealthSecure REST API (`/api/v1`).
//!
//! Shapes only: no I/O, no logic beyond parsing an identifier, no cryptography. Everything sealed or signed
//! travels as [`B64`] and is interpreted by the `crypto` crate alone. Times are Unix milliseconds, UTC.
//! With feature `openapi` every body also describes itself for the OpenAPI document.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod bytes;
mod error;
mod id;

pub mod accounts;
pub mod audit;
pub mod backups;
pub mod closing;
pub mod devices;
pub mod drafts;
pub mod email_change;
pub mod emergency;
pub mod escrow;
pub mod grants;
pub mod identities;
pub mod instance;
pub mod invitations;
pub mod limits;
pub mod live;
pub mod mail;
pub mod passkeys;
pub mod phones;
pub mod policies;
pub mod quotas;
pub mod recovery;
pub mod recovery_shares;
pub mod reports;
pub mod retention;
pub mod second_factors;
pub mod sessions;
pub mod sign_in;
pub mod sign_up;
pub mod storage;
pub mod teams;
pub mod tokens;
pub mod uploads;

pub use bytes::B64;
pub use error::{ErrorCode, Problem};
pub use id::{
    AccountId, ApiTokenId, EventHash, GrantId, IdentityId, InvitationId, ParseIdError, PlaceholderId, ReportId,
    SecondFactorId, SessionId, TeamId, UploadId, WayInId,
};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type UnixMillis = i64;

/// Derives what every body has: serde both ways, `Debug`, `Clone`, equality, and the schema under `openapi`.
macro_rules! body {
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name { $($body)* }
    };
    ($(#[$meta:meta])* pub enum $name:ident { $($body:tt)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($body)* }
    };
}
pub(crate) use body;
