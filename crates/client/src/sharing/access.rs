//! Who can open a report, from the verified chain; what only the server knows (tries, redeemed) beside it.

use std::collections::BTreeMap;

use api_types::{
    AccountId, GrantId, ReportId, TeamId,
    grants::{GrantInfo, GrantState as ServerState, Right},
};
use crypto::{
    account::KeyDirectory,
    report::{GrantState, GrantStatus, Recipient},
    team::TeamChain,
};

use crate::{
    error::Result,
    ids::{ToApi, right_to_api},
    people::{Directory, Person},
    platform::Platform,
    reports::Access,
    vault::Vault,
};

use super::entries::{api_holder, short_name};

/// Where a grant stands, by the signed chain first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessStatus {
    /// Waits for its code or its patient.
    Pending,
    /// Opens.
    Live,
    /// Past its time.
    Expired,
    /// Too many wrong codes, as the server says.
    Locked,
    /// Withdrawn, or fallen with the grant it was issued under.
    Revoked,
}

/// Whom a grant is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessWho {
    /// Somebody with a verified key record.
    Person(Box<Person>),
    /// An account whose records this session hasn't seen.
    Account(AccountId),
    /// A patient who hasn't arrived yet; with a short name of the placeholder.
    Invitation(String),
    /// A care team.
    Team(Box<AccessTeam>),
}

/// A team that has access, with whoever belongs to it now, by its verified rosters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessTeam {
    /// The team.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// Its members, each with whether they manage it; managers first, then by name. Without a name where the server gives
    /// none.
    pub members: Vec<(AccountId, Option<String>, bool)>,
}

/// One line of "who has access".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// The grant.
    pub grant: GrantId,
    /// For whom.
    pub who: AccessWho,
    /// What it allows.
    pub right: Right,
    /// Where it stands.
    pub status: AccessStatus,
    /// Why.
    pub purpose: String,
    /// Who made it.
    pub granted_by: AccountId,
    /// That person's name, as the server says.
    pub granted_by_name: Option<String>,
    /// When, by the signed entry.
    pub granted_at: i64,
    /// End; 0 for none.
    pub expires_at: i64,
    /// Codes: tries left, as the server says.
    pub tries_left: Option<u32>,
    /// Whether it is one's own.
    pub own: bool,
    /// Whether one may revoke it.
    pub may_revoke: bool,
}

impl<P: Platform> Vault<P> {
    /// Everyone who has or had access to a report, newest first, from its verified chain, also where no version opens.
    ///
    /// # Errors
    /// A refusal by name; [`crate::ClientError::NoAccess`]; no connection.
    pub async fn access(&self, report: &ReportId) -> Result<Vec<AccessRow>> {
        let access = self.report_access(report).await?;
        self.save_state_soon().await;
        self.access_rows(report, &access).await
    }

    /// The same of a chain that is verified already. Of an erased report all of it has ended.
    pub(crate) async fn access_rows(&self, report: &ReportId, access: &Access) -> Result<Vec<AccessRow>> {
        let asked = self.asking();
        let people = self.report_people(report).await?.items;
        self.prove_logged(&people).await?;
        let people: BTreeMap<_, _> =
            people.iter().map(|account| Ok((account.id, self.learn(account, asked)?))).collect::<Result<_>>()?;
        let infos = match access.state.erased() {
            Some(_) => Vec::new(),
            None => self.fetch_grants(report).await?.items,
        };
        let infos: BTreeMap<_, _> = infos.into_iter().map(|g| (g.id, g)).collect();
        // Some of them may have closed their accounts since the chain was verified.
        let mut state = access.state.clone();
        self.closed_accounts().iter().for_each(|account| state.note_closed(*account));
        self.people().dissolved_teams().for_each(|team| state.note_dissolved(team));
        let state = &state;
        let mut grants: Vec<_> = state.grants().collect();
        grants.sort_by_key(|g| std::cmp::Reverse(g.seq));
        let row = |g: &GrantState| {
            let id = g.grant.id.api();
            let info = infos.get(&id);
            let live = state.status(g);
            let own = g.is_held_by(self.id(), self.now());
            let by_team = g.team.is_some();
            let issued_under_own = g
                .grant
                .parent
                .and_then(|p| state.grant(&p))
                .is_some_and(|p| p.holder() == Some(self.id()) && state.status(p) == GrantStatus::Live);
            let leaves = own && !by_team;
            let owners = g.grant.right == crypto::report::Right::Own && g.holder() == Some(state.owner());
            AccessRow {
                grant: id,
                who: who(g, &people, &access.keys),
                right: right_to_api(state.effective_right(g)),
                status: status(g, live, info),
                purpose: g.grant.purpose.as_str().to_owned(),
                granted_by: g.issued_by.api(),
                granted_by_name: people
                    .get(&g.issued_by.api())
                    .map(|person| person.name.clone())
                    .or_else(|| self.sent_by(&g.issued_by.api()).map(|by| by.name)),
                granted_at: g.issued_at,
                expires_at: g.grant.expires_at,
                tries_left: info.and_then(|i| i.tries_left),
                own,
                may_revoke: g.revoked.is_none()
                    && state.erased().is_none()
                    && !owners
                    && (state.owner() == self.id() || leaves || issued_under_own),
            }
        };
        Ok(grants.into_iter().map(row).collect())
    }
}

fn team(chain: &TeamChain, people: &BTreeMap<AccountId, Person>) -> AccessTeam {
    let current = chain.current();
    let mut members: Vec<_> = current
        .members
        .iter()
        .map(|member| {
            let id = member.account.api();
            (id, people.get(&id).map(|person| person.name.clone()), current.is_manager(&member.account))
        })
        .collect();
    members.sort_by_cached_key(|(_, name, manager)| (!manager, name.as_deref().map(str::to_lowercase)));
    AccessTeam { id: chain.team().api(), name: current.name.clone(), members }
}

fn who(grant: &GrantState, people: &BTreeMap<AccountId, Person>, keys: &Directory) -> AccessWho {
    if let Recipient::Team(named) = &grant.grant.recipient
        && let Some(chain) = keys.team(&named.team)
    {
        return AccessWho::Team(Box::new(team(chain, people)));
    }
    match (api_holder(grant), &grant.grant.recipient) {
        (Some(id), _) => people.get(&id).map_or(AccessWho::Account(id), |p| AccessWho::Person(Box::new(p.clone()))),
        (None, Recipient::Bearer { placeholder, .. }) => AccessWho::Invitation(short_name(placeholder)),
        (None, _) => AccessWho::Invitation(String::new()),
    }
}

/// The chain decides what ended; whether a code was redeemed only the server knows.
fn status(grant: &GrantState, signed: GrantStatus, info: Option<&GrantInfo>) -> AccessStatus {
    match signed {
        GrantStatus::Revoked { .. } | GrantStatus::ParentEnded | GrantStatus::HolderClosed => {
            return AccessStatus::Revoked;
        }
        GrantStatus::Expired => return AccessStatus::Expired,
        GrantStatus::Live => {}
    }
    match (&grant.grant.recipient, info.map(|i| i.state)) {
        (Recipient::Account(_) | Recipient::Team(_), _) => AccessStatus::Live,
        (Recipient::Bearer { .. }, _) if grant.claimed.is_some() => AccessStatus::Live,
        (_, Some(ServerState::Live)) => AccessStatus::Live,
        (_, Some(ServerState::Locked)) => AccessStatus::Locked,
        _ => AccessStatus::Pending,
    }
}
