//! `/api/v1/teams`: care teams. What counts is in their signed rosters; the rest is where to look and what waits.

use crate::{AccountId, B64, GrantId, ReportId, TeamId, UnixMillis, accounts::PublicAccount, body};

body! {
    /// Where a member of a team stands, as the server says.
    pub enum TeamMemberState {
        /// Named in the roster, and hasn't accepted yet: isn't given the team's key.
        Invited,
        /// Reads what the team is given.
        Member,
        /// Has left, or declined: shut out, and named until a manager's client makes the next roster.
        Left,
    }
}

body! {
    /// A team's signed rosters, with what proves that they are in the public log of keys.
    pub struct TeamRosters {
        /// SHA-256 of the first roster.
        pub id: TeamId,
        /// Signed objects `team-roster`, the first one first.
        pub rosters: Vec<B64>,
        /// The leaf of each of them in the keys tree of the log: where to look, which proves nothing.
        pub leaves: Vec<u64>,
    }
}

body! {
    /// Somebody whom a team's newest roster names.
    pub struct TeamMember {
        /// Who.
        pub account: AccountId,
        /// Where they stand.
        pub state: TeamMemberState,
        /// The signed statement by which they left.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub leave: Option<B64>,
    }
}

body! {
    /// A team's key of an epoch, sealed to a member.
    pub struct TeamKeyWrap {
        /// The member.
        pub account: AccountId,
        /// The wrap, in the versioned form of `crypto`.
        pub wrap: B64,
    }
}

body! {
    /// A team's live grant whose wraps go to an earlier key than the team's newest, as the server says.
    pub struct TeamGrantBehind {
        /// The report.
        pub report_id: ReportId,
        /// The grant.
        pub grant_id: GrantId,
    }
}

body! {
    /// `GET /teams/{id}`.
    pub struct Team {
        /// What was signed.
        pub rosters: TeamRosters,
        /// Whoever signed a roster, or is named by one.
        pub people: Vec<PublicAccount>,
        /// The members of the newest roster.
        pub members: Vec<TeamMember>,
        /// Members: the team's keys, sealed to the caller.
        pub keys: Vec<B64>,
        /// Members: grants to be brought under the team's newest key, which a manager's client does; at most 500.
        pub behind: Vec<TeamGrantBehind>,
        /// When the team was made.
        pub created_at: UnixMillis,
    }
}

body! {
    /// A team, as a list shows it: as the server says.
    pub struct TeamItem {
        /// Its id.
        pub id: TeamId,
        /// Its name.
        pub name: String,
        /// Members.
        pub members: u32,
        /// Where the caller stands in it; absent for somebody who isn't in it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub state: Option<TeamMemberState>,
    }
}

body! {
    /// `GET /teams` (the caller's) and `GET /teams?name=` (by the beginning of a word of the name).
    pub struct TeamList {
        /// By name.
        pub items: Vec<TeamItem>,
    }
}

body! {
    /// `POST /teams` and `POST /teams/{id}/rosters`. The session must be confirmed where somebody else is given something.
    pub struct NewTeamRoster {
        /// Signed object `team-roster`.
        pub roster: B64,
        /// The team's key, sealed to each member who doesn't have it: all of them in a new epoch, else those who are new.
        pub keys: Vec<TeamKeyWrap>,
    }
}

body! {
    /// `POST /teams/{id}/leave`: leaving, and declining an invitation.
    pub struct LeaveTeam {
        /// Signed object `team-leave`.
        pub statement: B64,
    }
}
