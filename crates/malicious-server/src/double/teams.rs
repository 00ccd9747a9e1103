//! Teams: rosters as they come, keys for whom they were sealed.

use std::collections::BTreeMap;

use api_types::{
    AccountId, B64, ErrorCode, GrantId, ReportId, TeamId,
    grants::FollowTeam,
    teams::{
        LeaveTeam, NewTeamRoster, Team as TeamBody, TeamGrantBehind, TeamItem, TeamKeyWrap, TeamList, TeamMember,
        TeamMemberState, TeamRosters,
    },
};
use client::transport::{Method, Request};
use crypto::{
    account::{Device, KeyChain, KeyDirectory},
    ids,
    sign::Signed,
    team::{TeamChain, TeamRoster},
};

use super::{Answer, Db, Fake, accounts::public, json, no, read};

/// A team.
#[derive(Default)]
pub struct Team {
    /// As received.
    pub rosters: Vec<B64>,
    /// The team's keys, sealed to members.
    pub keys: Vec<TeamKeyWrap>,
    /// What each said; whoever isn't here is invited.
    pub said: BTreeMap<AccountId, (TeamMemberState, Option<B64>)>,
}

impl Team {
    /// The newest roster, as it claims.
    pub fn newest(&self) -> Signed<TeamRoster> {
        Signed::parse(&self.rosters.last().unwrap().0).unwrap()
    }

    fn state(&self, account: &AccountId) -> TeamMemberState {
        self.said.get(account).map_or(TeamMemberState::Invited, |said| said.0)
    }

    fn names(&self, account: &AccountId) -> bool {
        self.newest().claimed().role_of(&ids::AccountId(account.0)).is_some()
    }
}

/// People's keys, teams' rosters, and devices.
pub struct Directory {
    people: BTreeMap<ids::AccountId, KeyChain>,
    teams: BTreeMap<ids::TeamId, TeamChain>,
    devices: BTreeMap<ids::AccountId, Device>,
}

impl KeyDirectory for Directory {
    fn chain(&self, account: &ids::AccountId) -> Option<&KeyChain> {
        self.people.get(account)
    }

    fn team(&self, team: &ids::TeamId) -> Option<&TeamChain> {
        self.teams.get(team)
    }

    fn device(&self, id: &ids::AccountId) -> Option<&Device> {
        self.devices.get(id)
    }
}

impl Fake {
    /// Everybody's keys, and the rosters that verify.
    pub fn directory(db: &Db) -> Directory {
        let people = Self::keys(db);
        let teams = db.teams.iter().filter_map(|(id, team)| {
            let id = ids::TeamId(id.0);
            Some((id, TeamChain::parse(&id, &team.rosters, &people).ok()?))
        });
        let teams = teams.collect();
        let devices = Self::known_devices(db, &people);
        Directory { people, teams, devices }
    }

    /// A team's rosters as they are sent; the log of keys fills in their places.
    pub(super) fn rosters(db: &Db, id: &TeamId) -> TeamRosters {
        TeamRosters { id: *id, rosters: db.teams[id].rosters.clone(), leaves: Vec::new() }
    }

    fn behind(&self, db: &Db, id: &TeamId) -> Vec<TeamGrantBehind> {
        let mut behind = Vec::new();
        for report in db.reports.keys() {
            let state = self.replay(db, report);
            let of_team = state
                .behind_their_teams()
                .filter(|g| g.team.as_ref().is_some_and(|team| team.recipient.team.0 == id.0))
                .map(|g| TeamGrantBehind { report_id: *report, grant_id: GrantId(g.grant.id.0) });
            behind.extend(of_team);
        }
        behind
    }

    fn team_body(&self, db: &Db, id: &TeamId, me: &AccountId) -> TeamBody {
        let team = &db.teams[id];
        let newest = team.newest();
        let members = newest.claimed().members.iter().map(|member| {
            let account = AccountId(member.account.0);
            let leave = team.said.get(&account).and_then(|said| said.1.clone());
            TeamMember { account, state: team.state(&account), leave }
        });
        let member = team.state(me) == TeamMemberState::Member && team.names(me);
        let keys = team.keys.iter().filter(|key| member && key.account == *me).map(|key| key.wrap.clone());
        TeamBody {
            rosters: Self::rosters(db, id),
            people: db.accounts.iter().map(|(id, account)| public(id, account)).collect(),
            members: members.collect(),
            keys: keys.collect(),
            behind: if member { self.behind(db, id) } else { Vec::new() },
            created_at: 0,
        }
    }

    fn store_roster(db: &mut Db, id: TeamId, body: NewTeamRoster, me: &AccountId) -> Answer {
        let team = db.teams.entry(id).or_default();
        let roster = Signed::<TeamRoster>::parse(&body.roster.0).unwrap();
        if roster.claimed().seq as usize != team.rosters.len() {
            return Err(no(ErrorCode::TeamMoved));
        }
        if team.rosters.is_empty() {
            team.said.insert(*me, (TeamMemberState::Member, None));
        }
        team.rosters.push(body.roster);
        team.keys.extend(body.keys);
        let Team { rosters, keys, said } = team;
        let newest = Signed::<TeamRoster>::parse(&rosters.last().unwrap().0).unwrap();
        let named = |account: &AccountId| newest.claimed().role_of(&ids::AccountId(account.0)).is_some();
        keys.retain(|key| named(&key.account));
        said.retain(|account, _| named(account));
        json(&())
    }

    pub(super) fn teams(&self, request: &Request, parts: &[&str], me: &AccountId) -> Option<Answer> {
        let mut db = self.db();
        let found = |id: &str| -> TeamId { id.parse().unwrap() };
        Some(match (request.method, parts) {
            (Method::Get, ["teams"]) => {
                let own = db.teams.iter().filter(|(_, team)| team.names(me)).map(|(id, team)| TeamItem {
                    id: *id,
                    name: team.newest().claimed().name.clone(),
                    members: team.newest().claimed().members.len() as u32,
                    state: Some(team.state(me)),
                });
                json(&TeamList { items: own.collect() })
            }
            (Method::Get, ["teams", id]) if db.teams.contains_key(&found(id)) => {
                json(&self.team_body(&db, &found(id), me))
            }
            (Method::Get, ["teams", _]) => Err(no(ErrorCode::NotFound)),
            (Method::Post, ["teams"]) => {
                let body: NewTeamRoster = read(request);
                let id = TeamId(ids::TeamId::of(&Signed::parse(&body.roster.0).unwrap()).0);
                Self::store_roster(&mut db, id, body, me)
            }
            (Method::Post, ["teams", id, "rosters"]) => Self::store_roster(&mut db, found(id), read(request), me),
            (Method::Post, ["teams", id, "accept"]) => {
                db.teams.get_mut(&found(id))?.said.insert(*me, (TeamMemberState::Member, None));
                json(&())
            }
            (Method::Post, ["teams", id, "leave"]) => {
                let LeaveTeam { statement } = read(request);
                db.teams.get_mut(&found(id))?.said.insert(*me, (TeamMemberState::Left, Some(statement)));
                json(&())
            }
            (Method::Post, ["reports", id, "grants", grant, "team-key"]) => {
                let (report, grant): (ReportId, GrantId) = (id.parse().unwrap(), grant.parse().unwrap());
                let body: FollowTeam = read(request);
                if let Some(moved) = self.overtaken(&db, &report, &body.entry, &body.wraps) {
                    return Some(Err(no(moved)));
                }
                let report = self.append(&mut db, &report, body.entry)?;
                report.wraps.retain(|wrap| wrap.grant_id != grant);
                report.wraps.extend(body.wraps);
                report.due = report.versions.keys().copied().collect();
                json(&())
            }
            _ => return None,
        })
    }
}
