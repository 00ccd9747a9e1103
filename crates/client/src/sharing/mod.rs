//! Who may open a report: grants, codes, revocation, re-keying, claims.

mod access;
mod claim;
mod entries;
mod erase;
mod redeem;
mod rekey;
mod revoke;
mod share;
mod share_team;
mod tries;

pub use access::{AccessRow, AccessStatus, AccessTeam, AccessWho};
pub use claim::Claimed;
pub(crate) use entries::{append, founding, purpose, refuse_wrap};
pub use redeem::PendingShare;
pub(crate) use share::wraps_to;
pub use share::{Share, Shared};
pub use share_team::{SharedWithTeam, TeamShare};
pub(crate) use tries::Tries;
