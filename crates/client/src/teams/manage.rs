//! A manager's work: a team made, renamed, dissolved; somebody added, made a manager, removed.

use api_types::{
    AccountId, B64, TeamId,
    limits::TEAM_NAME_MAX,
    teams::{NewTeamRoster, TeamKeyWrap},
};
use crypto::{
    account::KeyChain,
    ids,
    kem::{PrivateKey, Suite},
    sign::Signed,
    team::{MAX_TEAM_MEMBERS, TeamMember, TeamRole, TeamRoster, seal_team_key},
};

use super::{CareTeam, Tended};
use crate::{
    content::{Field, FieldProblem, wrong},
    error::{ClientError, Result},
    ids::ToCrypto,
    platform::{Platform, rng},
    refusal::Refusal,
    sharing::Tries,
    vault::Vault,
};

/// A team's name as it is signed.
fn name(text: &str) -> Result<String> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(wrong(Field::Name, FieldProblem::Empty).into());
    }
    if name.len() > TEAM_NAME_MAX {
        return Err(wrong(Field::Name, FieldProblem::TooLong(TEAM_NAME_MAX)).into());
    }
    Ok(name)
}

/// What the next roster changes.
enum Next<'a> {
    Add(&'a KeyChain),
    Role(ids::AccountId, TeamRole),
    Remove(&'a [ids::AccountId]),
    Rename(&'a str),
    Dissolve,
}

impl Next<'_> {
    /// The name and the members then; `None` where nothing would change.
    fn after(&self, before: &TeamRoster) -> Option<(String, Vec<TeamMember>)> {
        let (mut name, mut members) = (before.name.clone(), before.members.clone());
        match self {
            Self::Rename(new) => name = (*new).to_owned(),
            Self::Dissolve => members.clear(),
            Self::Add(chain) => members.push(TeamMember { account: chain.account(), role: TeamRole::Member }),
            Self::Role(account, role) => members.iter_mut().for_each(|member| {
                if member.account == *account {
                    member.role = *role;
                }
            }),
            Self::Remove(gone) => members.retain(|member| !gone.contains(&member.account)),
        }
        members.sort_by_key(|member| member.account);
        members.dedup_by_key(|member| member.account);
        (members != before.members || name != before.name).then_some((name, members))
    }
}

impl<P: Platform> Vault<P> {
    /// Makes a team whose only member and manager is oneself.
    ///
    /// # Errors
    /// A name that breaks a limit; `forbidden` for who isn't a doctor; no connection.
    pub async fn create_team(&self, text: &str) -> Result<TeamId> {
        let key = PrivateKey::generate(Suite::XWing, &mut rng());
        let keyring = self.keyring();
        let own = keyring.current();
        let first = TeamRoster {
            team: None,
            seq: 0,
            previous: None,
            name: name(text)?,
            key_epoch: 0,
            key: key.public(),
            members: vec![TeamMember { account: self.id(), role: TeamRole::Manager }],
            author: self.id(),
            epoch: own.epoch,
            time: self.signing_time(),
        };
        let first = Signed::sign(first, &own.signing);
        let team = ids::TeamId::of(&first);
        let keys = vec![sealed(team, 0, &key, &self.chain())?];
        self.api().create_team(&NewTeamRoster { roster: B64::from(first.as_bytes()), keys }).await?;
        Ok(TeamId(team.0))
    }

    /// Invites a doctor into a team. Their key is checked as any recipient's, and pinned. They are given the team's key, and
    /// see what is shared with the team, once they have accepted. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// [`ClientError::TeamManager`] for who isn't a manager; `confirmation_required`; a refusal; no connection.
    pub async fn add_to_team(&self, team: &TeamId, account: &AccountId) -> Result<()> {
        let person = self.person(account).await?;
        self.pin(&person.chain);
        self.change_team(team, &Next::Add(&person.chain)).await?;
        self.save_state_soon().await;
        Ok(())
    }

    /// Makes a member a manager, or a manager a member. The session must be confirmed for the first.
    ///
    /// # Errors
    /// As [`Vault::add_to_team`]; [`ClientError::TeamManager`] for the only manager.
    pub async fn set_team_manager(&self, team: &TeamId, account: &AccountId, manager: bool) -> Result<()> {
        let role = if manager { TeamRole::Manager } else { TeamRole::Member };
        self.change_team(team, &Next::Role(account.crypto(), role)).await
    }

    /// Removes a member: the team gets a new key that they don't have, they are shut out at once, and everything that is
    /// shared with the team is brought under the new key. What isn't done then is done later ([`Vault::tend_teams`]).
    ///
    /// # Errors
    /// [`ClientError::TeamManager`] for who isn't a manager, and for the only manager; a refusal; no connection.
    pub async fn remove_from_team(&self, team: &TeamId, account: &AccountId) -> Result<Tended> {
        self.remove_members(team, &[account.crypto()]).await?;
        self.tend_team(team).await
    }

    /// Gives a team another name, which its members and everybody who looks for it see from then on.
    ///
    /// # Errors
    /// [`ClientError::TeamManager`] for who isn't a manager; a name that breaks a limit; a refusal; no connection.
    pub async fn rename_team(&self, team: &TeamId, text: &str) -> Result<()> {
        self.change_team(team, &Next::Rename(&name(text)?)).await
    }

    /// Dissolves a team, for good: a last roster without members ends it for everybody. What was shared with it opens to
    /// nobody by it any more, nothing new is sealed to it, and the owners' clients revoke its grants and make new keys. The
    /// session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// [`ClientError::TeamManager`] for who isn't a manager; `confirmation_required`; a refusal; no connection.
    pub async fn dissolve_team(&self, team: &TeamId) -> Result<()> {
        self.change_team(team, &Next::Dissolve).await?;
        self.team_keys().retain(|(of, _), _| *of != team.crypto());
        self.save_state_soon().await;
        Ok(())
    }

    pub(super) async fn remove_members(&self, team: &TeamId, gone: &[ids::AccountId]) -> Result<()> {
        self.change_team(team, &Next::Remove(gone)).await
    }

    async fn change_team(&self, id: &TeamId, next: &Next<'_>) -> Result<()> {
        let mut tries = Tries::default();
        loop {
            let team = self.team(id).await?;
            let Some((name, members)) = next.after(team.chain.current()) else { return Ok(()) };
            // Without anybody only where that is meant: the key of the last roster is nobody's, and is forgotten here.
            let managed = members.iter().any(|member| member.role == TeamRole::Manager);
            if !managed && !matches!(next, Next::Dissolve) {
                return Err(ClientError::TeamManager);
            }
            let body = self.next_roster(&team, name, members)?;
            match self.api().change_team(id, &body).await {
                Ok(()) => {
                    // Learnt and pinned with its place in the log, and the new key opened.
                    self.team(id).await?;
                    return Ok(());
                }
                Err(e) => tries.again(e)?,
            }
        }
    }

    /// The roster after the newest one, with a new key where somebody is left out.
    fn next_roster(&self, team: &CareTeam, name: String, members: Vec<TeamMember>) -> Result<NewTeamRoster> {
        let before = team.chain.current();
        if !before.is_manager(&self.id()) {
            return Err(ClientError::TeamManager);
        }
        if members.len() > MAX_TEAM_MEMBERS {
            return Err(wrong(Field::Members, FieldProblem::TooMany(MAX_TEAM_MEMBERS)).into());
        }
        let stays = |member: &TeamMember| members.iter().any(|new| new.account == member.account);
        let new_key = !before.members.iter().all(stays);
        let (key, key_epoch) = if new_key {
            let next = before.key_epoch.checked_add(1).ok_or(ClientError::Internal("too many keys of a team"))?;
            (PrivateKey::generate(Suite::XWing, &mut rng()), next)
        } else {
            let missing = Refusal::TeamKeyForged { team: team.id.to_string() };
            (self.team_key(team.chain.team(), before.key_epoch).ok_or(missing)?, before.key_epoch)
        };
        let given = |member: &&TeamMember| new_key || before.role_of(&member.account).is_none();
        let keys = members.iter().filter(given).map(|member| {
            let chain = self.people().0.get(&member.account).cloned();
            let chain = chain.ok_or(ClientError::Missing { what: "A member's key" })?;
            sealed(team.chain.team(), key_epoch, &key, &chain)
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let keyring = self.keyring();
        let own = keyring.current();
        let roster = TeamRoster {
            team: Some(team.chain.team()),
            seq: before.seq.checked_add(1).ok_or(ClientError::Internal("too many rosters"))?,
            previous: Some(team.chain.newest().hash()),
            name,
            key_epoch,
            key: key.public(),
            members,
            author: self.id(),
            epoch: own.epoch,
            time: self.signing_time().max(before.time),
        };
        Ok(NewTeamRoster { roster: B64::from(Signed::sign(roster, &own.signing).as_bytes()), keys })
    }
}

fn sealed(team: ids::TeamId, key_epoch: u32, key: &PrivateKey, member: &KeyChain) -> Result<TeamKeyWrap> {
    let wrap = seal_team_key(team, key_epoch, key, member, &mut rng())
        .map_err(|_| ClientError::Internal("a team's key could not be sealed"))?;
    Ok(TeamKeyWrap { account: AccountId(member.account().0), wrap: B64(wrap.to_bytes()) })
}
