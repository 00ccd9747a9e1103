//! Care teams. Who belongs to one and what its key is, is what its managers signed, found in the public log of keys and
//! compared with what was seen before; the server only says who accepted, who left, and what waits.
//!
//! | File | What it does |
//! |---|---|
//! | `learn.rs` | verifies rosters, opens the team's keys |
//! | `manage.rs` | makes teams and their next rosters, renames and dissolves them |
//! | `member.rs` | a member's own word: accepting, leaving; and which teams can't go on without them |
//! | `follow.rs` | brings grants under a team's newest key, and finishes what was left undone |

mod follow;
mod learn;
mod manage;
mod member;

use std::sync::Arc;

use api_types::{
    AccountId, TeamId, UnixMillis,
    teams::{TeamGrantBehind, TeamItem, TeamMemberState},
};
use crypto::{sign::Signed, team::TeamChain, team::TeamLeave};

pub use follow::Tended;
pub use member::SoleManaged;

use crate::{
    error::Result,
    people::{Person, Verification},
    platform::Platform,
    vault::Vault,
};

/// Somebody whom a team's newest roster names.
#[derive(Debug, Clone)]
pub struct CareTeamMember {
    /// Who, with the state of their key.
    pub person: Person,
    /// Whether they sign rosters, by the newest one.
    pub manager: bool,
    /// Where they stand, as the server says.
    pub state: TeamMemberState,
    pub(crate) leave: Option<Signed<TeamLeave>>,
}

/// A team whose rosters verified.
#[derive(Debug, Clone)]
pub struct CareTeam {
    /// Its id.
    pub id: TeamId,
    /// Its name, as signed.
    pub name: String,
    /// Its members, as signed; managers first, then by name.
    pub members: Vec<CareTeamMember>,
    /// Epoch of its key.
    pub key_epoch: u32,
    /// When it was made, as the server says.
    pub created_at: UnixMillis,
    pub(crate) chain: Arc<TeamChain>,
    pub(crate) behind: Vec<TeamGrantBehind>,
}

impl CareTeam {
    /// A member.
    pub fn member(&self, account: &AccountId) -> Option<&CareTeamMember> {
        self.members.iter().find(|member| member.person.id == *account)
    }

    /// Of how many members but this account nobody compared the key in person, and how many they are.
    pub fn not_compared(&self, own: Option<AccountId>) -> (usize, usize) {
        let others = self.members.iter().filter(|member| Some(member.person.id) != own);
        let (compared, open): (Vec<_>, Vec<_>) =
            others.partition(|member| member.person.verification == Verification::Verified);
        (open.len(), open.len() + compared.len())
    }

    /// Whether its managers dissolved it: nobody belongs to it any more.
    pub fn is_dissolved(&self) -> bool {
        self.chain.is_dissolved()
    }

    /// Whether somebody signs the next roster.
    pub fn is_manager(&self, account: &AccountId) -> bool {
        self.member(account).is_some_and(|member| member.manager && member.state == TeamMemberState::Member)
    }
}

impl<P: Platform> Vault<P> {
    /// The teams that one belongs to, as the server says; [`Vault::team`] verifies one.
    ///
    /// # Errors
    /// No connection.
    pub async fn teams(&self) -> Result<Vec<TeamItem>> {
        Ok(self.api().list_teams().await?.items)
    }

    /// Teams by the beginning of a word of their name, as the server says; [`Vault::team`] verifies one. Empty for fewer
    /// than two characters.
    ///
    /// # Errors
    /// No connection.
    pub async fn find_teams(&self, name: &str) -> Result<Vec<TeamItem>> {
        let name = name.trim();
        if name.chars().count() < api_types::limits::SEARCH_MIN_CHARS {
            return Ok(Vec::new());
        }
        Ok(self.api().find_teams(name).await?.items)
    }
}
