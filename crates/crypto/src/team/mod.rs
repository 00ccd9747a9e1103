//! Care teams: the signed chain of rosters, the team's key of each epoch sealed to its members, and leaving.
//!
//! A team's id is the hash of its first roster. Content keys are wrapped to the team's key, one wrap however many members
//! there are; whoever is removed never gets the key of the next epoch.

mod chain;
mod key_wrap;
mod leave;
mod roster;

pub use chain::{TeamChain, TeamError, TeamStay};
pub use key_wrap::{TeamKeyError, TeamKeyWrap};
#[cfg(feature = "open")]
pub use key_wrap::{open_team_key, seal_team_key};
pub use leave::{TeamLeave, TeamLeaveError};
pub use roster::{MAX_TEAM_MEMBERS, MAX_TEAM_NAME, TeamMember, TeamRole, TeamRoster};
