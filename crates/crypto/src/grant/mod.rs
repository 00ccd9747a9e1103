//! Grants that need more than an account's key: access codes and invitations.

#[cfg(feature = "open")]
mod bearer;
#[cfg(feature = "open")]
mod code;
mod proof;

#[cfg(feature = "open")]
pub use bearer::{BearerKeys, InvitationError, InvitationSecret};
#[cfg(feature = "open")]
pub use code::{
    AccessCode, CodeError, CodeGrant, CodeKeys, CodeLength, make_code_grant, open_code_seed, open_grant_seed,
    reseal_grant_seed,
};
pub use proof::{CodeProof, ProofError};
