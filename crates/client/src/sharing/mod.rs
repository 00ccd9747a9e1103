//! Who may open a report: grants, codes, revocation, re-keying, claims.

mod access;
mod claim;
mod entries;
mod erase;
mod redeem;
mod rekey;
mod revoke;
mod share;

pub use access::{AccessRow, AccessStatus, AccessWho};
pub use claim::Claimed;
pub(crate) use entries::{founding, refuse_wrap};
pub use redeem::PendingShare;
pub use share::{Share, Shared};
