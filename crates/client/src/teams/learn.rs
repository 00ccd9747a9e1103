//! Rosters are believed once they verify, stand in the log of keys, and go on from those seen before. A team's key is the one
//! that the roster names, whoever sealed it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use api_types::{
    B64, TeamId,
    teams::{Team, TeamMember, TeamMemberState, TeamRosters},
};
use crypto::{
    defence::Defence,
    ids,
    report::Wrap,
    sign::Signed,
    team::{TeamChain, TeamKeyWrap, TeamRoster, open_team_key},
};

use super::{CareTeam, CareTeamMember};
use crate::{
    error::Result,
    ids::{ToApi, ToCrypto},
    people::Person,
    platform::Platform,
    refusal::Refusal,
    reports::Turn,
    vault::Vault,
};

/// The rosters as they came, if nothing is wrong with them.
fn verify(team: &TeamRosters, keys: &impl crypto::account::KeyDirectory) -> Result<TeamChain, Refusal> {
    let forged = |why: String| Refusal::TeamRosterForged { team: team.id.to_string(), why };
    TeamChain::parse(&team.id.crypto(), &team.rosters, keys).map_err(|e| forged(e.to_string()))
}

fn same(known: &TeamChain, team: &TeamRosters) -> bool {
    let rosters: &[Signed<TeamRoster>] = known.rosters();
    rosters.len() == team.rosters.len() && rosters.iter().zip(&team.rosters).all(|(a, b)| a.as_bytes() == b.0)
}

impl<P: Platform> Vault<P> {
    /// A team with its members, verified. Pins its newest roster: from now on one that doesn't go on from it is refused.
    ///
    /// # Errors
    /// [`Refusal::TeamRosterForged`], [`Refusal::TeamRosterOlder`], [`Refusal::TeamNotLogged`], [`Refusal::TeamKeyForged`];
    /// refusals of the members' keys; `not_found`; no connection.
    pub async fn team(&self, id: &TeamId) -> Result<CareTeam> {
        let mut turn = Turn::of(self);
        loop {
            match self.ask_for_team(id).await {
                Err(e) => turn.again(self, e)?,
                team => return team,
            }
        }
    }

    async fn ask_for_team(&self, id: &TeamId) -> Result<CareTeam> {
        let asked = self.asking();
        let sent = self.api().get_team(id).await?;
        if sent.rosters.id != *id {
            return Err(Refusal::OtherThing.into());
        }
        self.prove_logged(&sent.people).await?;
        let people: BTreeMap<_, _> =
            sent.people.iter().map(|account| Ok((account.id, self.learn(account, asked)?))).collect::<Result<_>>()?;
        self.prove_teams(std::slice::from_ref(&sent.rosters)).await?;
        let chain = self.learn_team(&sent.rosters)?;
        self.open_team_keys(&chain, &sent.keys)?;
        care_team(&sent, &people, chain)
    }

    /// Verifies a team's rosters, whose places in the log of keys were looked up ([`Vault::prove_teams`]) and whose signers'
    /// keys are known. Remembers and pins them.
    pub(crate) fn learn_team(&self, team: &TeamRosters) -> Result<Arc<TeamChain>> {
        self.expect_team_logged(team)?;
        let id: ids::TeamId = team.id.crypto();
        let known = self.people().1.get(&id).cloned();
        if let Some(known) = known.as_ref().filter(|known| same(known, team)) {
            self.state().check_team(known)?;
            return Ok(Arc::clone(known));
        }
        let chain = verify(team, &*self.people())?;
        self.state().check_team(&chain)?;
        if let Some(known) = known.filter(|_| Defence::RosterSeen.holds()) {
            chain
                .continues(known.current().seq, &known.newest().hash())
                .map_err(|_| Refusal::TeamRosterOlder { team: id.to_string() })?;
        }
        let chain = Arc::new(chain);
        self.people().1.insert(id, Arc::clone(&chain));
        if self.state().pin_team(&chain) {
            self.touch();
        }
        Ok(chain)
    }

    /// Whether the rosters of one of these teams are unknown, or end before what is named of it or the log of keys has.
    pub(crate) fn lacks_rosters(&self, named: &BTreeMap<ids::TeamId, u32>) -> bool {
        let people = self.people();
        let state = self.state();
        let noted = |team| state.teams.get(team).and_then(|pin| pin.newer).map(|newer| newer.epoch);
        named.iter().any(|(team, key_epoch)| {
            people.1.get(team).is_none_or(|chain| {
                let current = chain.current();
                current.key_epoch < *key_epoch || noted(team).is_some_and(|seq| current.seq < seq)
            })
        })
    }

    /// Opens the team's keys that were sealed to oneself. Each must be the one that the signed rosters have.
    fn open_team_keys(&self, chain: &TeamChain, sealed: &[B64]) -> Result<()> {
        let forged = || Refusal::TeamKeyForged { team: chain.team().to_string() };
        let keyring = self.keyring();
        for blob in sealed {
            let wrap = TeamKeyWrap::parse(&blob.0).map_err(|_| forged())?;
            if wrap.team == chain.team() && self.team_key(wrap.team, wrap.key_epoch).is_some() {
                continue;
            }
            let key = open_team_key(&wrap, chain, &self.id(), &keyring).map_err(|_| forged())?;
            self.team_keys().insert((wrap.team, wrap.key_epoch), key);
        }
        Ok(())
    }

    /// Fetches the keys of teams that these wraps go to and that this session hasn't opened yet. One that isn't given shows
    /// when the wrap is opened.
    pub(crate) async fn ensure_team_keys(&self, wraps: &[(TeamId, &B64)]) -> Result<()> {
        let mut missing = BTreeSet::new();
        for (team, wrap) in wraps {
            let Ok(wrap) = Wrap::parse(&wrap.0) else { continue };
            if self.team_key(team.crypto(), wrap.epoch).is_none() {
                missing.insert(*team);
            }
        }
        for team in missing {
            self.team(&team).await?;
        }
        Ok(())
    }
}

/// What was signed, with the server's word on where each member stands.
fn care_team(sent: &Team, people: &BTreeMap<api_types::AccountId, Person>, chain: Arc<TeamChain>) -> Result<CareTeam> {
    let current = chain.current();
    let mut members = Vec::with_capacity(current.members.len());
    for member in &current.members {
        let id = member.account.api();
        let person = people.get(&id).cloned().ok_or(Refusal::OtherThing)?;
        let said: Option<&TeamMember> = sent.members.iter().find(|said| said.account == id);
        let leave = said.and_then(|said| said.leave.as_ref()).and_then(|blob| Signed::parse(&blob.0).ok());
        let state = said.map_or(TeamMemberState::Invited, |said| said.state);
        members.push(CareTeamMember { person, manager: current.is_manager(&member.account), state, leave });
    }
    members.sort_by_cached_key(|member| (!member.manager, member.person.name.to_lowercase()));
    Ok(CareTeam {
        id: sent.rosters.id,
        name: current.name.clone(),
        key_epoch: current.key_epoch,
        created_at: sent.created_at,
        behind: sent.behind.clone(),
        members,
        chain,
    })
}
