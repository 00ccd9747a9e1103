//! One roster: who belongs to a team, and the team's key of that time.

use crate::{
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, Hash32, TeamId},
    kem::{RecipientKey, Suite},
    sign::{Signed, SignedObject},
};

/// Most members of a team.
pub const MAX_TEAM_MEMBERS: usize = 200;
/// Longest name of a team, bytes.
pub const MAX_TEAM_NAME: usize = 100;
/// Longest list of members, bytes: two fields of 32 and 1 bytes each.
const MAX_MEMBERS: usize = MAX_TEAM_MEMBERS * (4 + 32 + 4 + 1);

/// What a member may do in their team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TeamRole {
    /// Reads what is shared with the team.
    Member = 1,
    /// Signs rosters besides.
    Manager = 2,
}

impl TeamRole {
    fn from_tag(tag: u8) -> Result<Self, DecodeError> {
        match tag {
            1 => Ok(Self::Member),
            2 => Ok(Self::Manager),
            other => Err(DecodeError::UnknownTag { field: "team role", tag: other.into() }),
        }
    }
}

/// Somebody who belongs to a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamMember {
    /// Who.
    pub account: AccountId,
    /// As what.
    pub role: TeamRole,
}

/// Who belongs to a team from now on, and its key; signed by a manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRoster {
    /// The team; none in the first roster, whose hash becomes the team's id.
    pub team: Option<TeamId>,
    /// 0, 1, 2 …
    pub seq: u32,
    /// Hash of the roster before; none in the first.
    pub previous: Option<Hash32>,
    /// What the team is called: 1 to 100 bytes.
    pub name: String,
    /// Epoch of the team's key, from 0.
    pub key_epoch: u32,
    /// The team's X-Wing public key.
    pub key: RecipientKey,
    /// By account, without doubles; 1 to 200, at least one of them a manager. None at all in the roster that dissolves the
    /// team, which can't be the first.
    pub members: Vec<TeamMember>,
    /// The manager who signs.
    pub author: AccountId,
    /// Epoch of their signing key.
    pub epoch: u32,
    /// When; not before the roster before.
    pub time: UnixMillis,
}

impl TeamRoster {
    /// What somebody is in the team, if they belong to it.
    pub fn role_of(&self, account: &AccountId) -> Option<TeamRole> {
        let at = self.members.binary_search_by_key(account, |member| member.account).ok()?;
        self.members.get(at).map(|member| member.role)
    }

    /// Whether somebody is one of its managers.
    pub fn is_manager(&self, account: &AccountId) -> bool {
        self.role_of(account) == Some(TeamRole::Manager)
    }

    /// Whether this roster ends the team: nobody belongs to it any more, and none comes after it.
    pub fn dissolves(&self) -> bool {
        self.members.is_empty()
    }

    fn check(&self) -> Result<(), DecodeError> {
        let invalid = |field| Err(DecodeError::Invalid { field });
        let first = self.seq == 0;
        if self.team.is_none() != first || self.previous.is_none() != first || (first && self.key_epoch != 0) {
            return invalid("seq");
        }
        if self.name.trim().is_empty() || self.name.chars().any(char::is_control) {
            return invalid("name");
        }
        let sorted = self.members.windows(2).all(|pair| pair[0].account < pair[1].account);
        let managed = self.members.iter().any(|member| member.role == TeamRole::Manager);
        if !sorted || !(managed || (self.dissolves() && !first)) || self.members.len() > MAX_TEAM_MEMBERS {
            return invalid("members");
        }
        Ok(())
    }
}

impl SignedObject for TeamRoster {
    const NAME: &'static str = "team-roster";
    const LIMIT: usize = 16 * 1024;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.team.as_ref().map_or(&[][..], |team| team.as_ref()))
            .u32(self.seq)
            .bytes(self.previous.as_ref().map_or(&[][..], |hash| hash.as_ref()))
            .text(&self.name)
            .u32(self.key_epoch)
            .bytes(self.key.as_bytes())
            .nested(|w| {
                for member in &self.members {
                    w.bytes(member.account.as_ref()).u8(member.role as u8);
                }
            })
            .bytes(self.author.as_ref())
            .u32(self.epoch)
            .time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let roster = Self {
            team: r.optional("team")?.map(TeamId),
            seq: r.u32("seq")?,
            previous: r.optional("previous")?.map(Hash32),
            name: r.text("name", MAX_TEAM_NAME)?,
            key_epoch: r.u32("key epoch")?,
            key: RecipientKey::new(Suite::XWing, r.bytes("team key", Suite::XWing.public_len())?)?,
            members: read_members(r.nested("members", MAX_MEMBERS)?)?,
            author: AccountId(r.array("author")?),
            epoch: r.u32("epoch")?,
            time: r.time("time")?,
        };
        roster.check()?;
        Ok(roster)
    }
}

fn read_members(mut r: Reader<'_>) -> Result<Vec<TeamMember>, DecodeError> {
    let mut members = Vec::new();
    while !r.is_empty() {
        let account = AccountId(r.array("member")?);
        members.push(TeamMember { account, role: TeamRole::from_tag(r.u8("team role")?)? });
    }
    Ok(members)
}

impl TeamId {
    /// The team that a first roster makes: SHA-256 of its stored bytes.
    pub fn of(first: &Signed<TeamRoster>) -> Self {
        Self(first.hash().0)
    }
}
