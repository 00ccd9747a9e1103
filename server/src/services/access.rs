//! Lists of reports kept in step with grants: after every change of a report, who has it in their list is worked out
//! anew, and whoever is concerned is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api_types::{
    AccountId, ReportId, TeamId, UnixMillis,
    grants::{GrantKind, GrantState, Right},
    live::LiveKind,
    teams::TeamMemberState,
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceResult, live,
    services::{standing::covers, uploads_access},
    storage::{
        self,
        db::WriteTx,
        grants::Grant,
        reports_access::{self, Copies, Place},
    },
};

/// Whom a change concerns; to be told with it.
#[derive(Debug, Default)]
pub struct Changed {
    /// The report.
    pub report: Option<ReportId>,
    /// Those who have it in their list.
    pub live: Vec<AccountId>,
    /// Those who had it until now.
    pub ended: Vec<AccountId>,
}

impl Changed {
    /// Tells them, in the transaction of the change.
    pub fn tell(&self, tx: &mut WriteTx) {
        let Some(report) = self.report else { return };
        for account in &self.live {
            tx.tell(*account, live::report_event(LiveKind::ReportChanged, report, None));
        }
        for account in &self.ended {
            tx.tell(*account, live::report_event(LiveKind::AccessEnded, report, None));
        }
    }
}

/// Whether a time has passed; 0 never does.
pub fn ended(ends_at: UnixMillis, now: UnixMillis) -> bool {
    ends_at != 0 && ends_at <= now
}

/// Where a grant stands now. Computed on reading, so that nothing has to happen at the moment of expiry.
pub fn grant_state(grant: &Grant, now: UnixMillis) -> ServiceResult<GrantState> {
    let kind: GrantKind = storage::name("grants", "kind", &grant.kind)?;
    let redeemed = matches!(kind, GrantKind::Account | GrantKind::Team) || grant.redeemed_at.is_some();
    Ok(if grant.revoked_at.is_some() {
        GrantState::Revoked
    } else if ended(grant.ends_at, now) {
        GrantState::Expired
    } else if redeemed {
        GrantState::Live
    } else if kind == GrantKind::Code && grant.tries_left == Some(0) {
        GrantState::Locked
    } else {
        GrantState::Pending
    })
}

/// A way in which an account sees a report.
#[derive(Debug, Clone)]
struct Sight {
    grant_id: Vec<u8>,
    version: i32,
    revision: i32,
    ends_at: UnixMillis,
    /// Higher is better: the right, then the later end, then the older grant.
    rank: (Right, UnixMillis, i32),
}

/// Members of teams, each with the epoch of the team's key when they joined last.
type Members = HashMap<Vec<u8>, Vec<(AccountId, i32)>>;

/// Whoever is a member of a team that one of these grants is for. A deleted account stays in the roster until a manager leaves
/// it out, and has no list.
async fn members_of(conn: &impl ConnectionTrait, grants: &[Grant]) -> ServiceResult<Members> {
    let mut members = Members::new();
    let standing = grants.iter().filter(|grant| grant.revoked_at.is_none());
    let teams: BTreeSet<&Vec<u8>> = standing.filter_map(|grant| grant.team_id.as_ref()).collect();
    for id in teams {
        let team = TeamId(storage::id("grants", "team_id", id)?);
        let of_team = storage::team_members::of_team(conn, team).await?.into_iter();
        let read: Vec<_> = of_team.filter(|member| member.state == TeamMemberState::Member).collect();
        let closed = storage::closing::closed(conn, &read.iter().map(|member| member.account).collect()).await?;
        let here = read.into_iter().filter(|member| !closed.contains(&member.account));
        members.insert(id.clone(), here.map(|member| (member.account, member.since_epoch)).collect());
    }
    Ok(members)
}

/// Whoever holds a grant. Of a team those who have the key that it is under.
fn holders(grant: &Grant, members: &Members) -> ServiceResult<Vec<AccountId>> {
    if let Some(recipient) = &grant.recipient {
        return Ok(vec![AccountId(storage::id("grants", "recipient", recipient)?)]);
    }
    let (Some(team), Some(epoch)) = (&grant.team_id, grant.team_epoch) else { return Ok(Vec::new()) };
    let of_team = members.get(team).into_iter().flatten();
    Ok(of_team.filter(|(_, since)| *since <= epoch).map(|(account, _)| *account).collect())
}

/// Works out who has a report in their list, and moves it to the top of each of those lists.
pub async fn refresh(conn: &impl ConnectionTrait, report: ReportId, now: UnixMillis) -> ServiceResult<Changed> {
    refresh_of(conn, report, now, None).await
}

/// As [`refresh`], for the lists of these accounts alone.
pub async fn refresh_of(
    conn: &impl ConnectionTrait,
    report: ReportId,
    now: UnixMillis,
    only: Option<&[AccountId]>,
) -> ServiceResult<Changed> {
    let grants = storage::grants::of_report(conn, report).await?;
    let revisions = storage::versions::revisions(conn, report).await?;
    let mut seen = sights(&grants, &revisions, &members_of(conn, &grants).await?, now)?;
    let concerned = |account: &AccountId| only.is_none_or(|only| only.contains(account));
    seen.retain(|account, _| concerned(account));
    let mut changed = Changed { report: Some(report), ..Changed::default() };
    let mut places = Vec::new();
    for account in reports_access::seen_by(conn, report).await? {
        if concerned(&account) && !seen.contains_key(&account) {
            let cursor = reports_access::next_cursor(conn, account).await?;
            places.push(Place { account, cursor, sight: None });
            changed.ended.push(account);
        }
    }
    for (account, Sight { grant_id, version, revision, ends_at, .. }) in seen {
        let cursor = reports_access::next_cursor(conn, account).await?;
        let sight = Some(reports_access::Sight { grant_id, version, revision, ends_at });
        places.push(Place { account, cursor, sight });
        changed.live.push(account);
    }
    let copies = if only.is_none() { Copies::All } else { Copies::Stored };
    reports_access::put(conn, report, places, copies).await?;
    Ok(changed)
}

/// The best sight of each account that has one.
fn sights(
    grants: &[Grant],
    revisions: &[(i32, i32)],
    members: &Members,
    now: UnixMillis,
) -> ServiceResult<BTreeMap<AccountId, Sight>> {
    let mut best: BTreeMap<AccountId, Sight> = BTreeMap::new();
    for grant in grants {
        if grant_state(grant, now)? != GrantState::Live {
            continue;
        }
        let newest = revisions.iter().rev().find(|(v, _)| covers(grant.versions_from, grant.versions_to, *v));
        let Some(&(version, revision)) = newest else { continue };
        let right: Right = storage::name("grants", "right", &grant.right)?;
        let end = if grant.ends_at == 0 { UnixMillis::MAX } else { grant.ends_at };
        let rank = (right, end, -grant.seq);
        let sight = Sight { grant_id: grant.id.clone(), version, revision, ends_at: grant.ends_at, rank };
        for account in holders(grant, members)? {
            if best.get(&account).is_none_or(|other| other.rank < rank) {
                best.insert(account, sight.clone());
            }
        }
    }
    Ok(best)
}

/// Brings lists up to date in which grants have ended since.
pub async fn end_overdue(state: &AppState, reports: Vec<ReportId>) -> ServiceResult<()> {
    for report in reports {
        let now = state.clock.now();
        let mut tx = state.db.begin_write().await?;
        // Another server may have done it since it was listed.
        if !storage::reports_list::is_overdue(tx.conn(), report, now).await? {
            continue;
        }
        refresh(tx.conn(), report, now).await?.tell(&mut tx);
        uploads_access::end_of_outsiders(state, &mut tx, report).await?;
        tx.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(seq: i32, right: &str) -> Grant {
        Grant {
            id: vec![seq as u8; 16],
            report_id: vec![1; 32],
            seq,
            kind: "account".into(),
            recipient: Some(vec![7; 32]),
            placeholder: None,
            right: right.into(),
            versions_from: 1,
            versions_to: None,
            parent: None,
            granted_by: vec![2; 32],
            created_at: 0,
            expires_at: 0,
            ends_at: 0,
            tries_left: None,
            proved_at: None,
            redeemed_at: None,
            requested_at: None,
            revoked_at: None,
            team_id: None,
            team_epoch: None,
        }
    }

    #[test]
    fn states_follow_time_and_events() {
        let code = Grant { kind: "code".into(), tries_left: Some(5), ends_at: 100, ..grant(1, "view") };
        assert_eq!(grant_state(&code, 99).unwrap(), GrantState::Pending);
        assert_eq!(grant_state(&code, 100).unwrap(), GrantState::Expired);
        let locked = Grant { tries_left: Some(0), ..code.clone() };
        assert_eq!(grant_state(&locked, 0).unwrap(), GrantState::Locked);
        let redeemed = Grant { redeemed_at: Some(5), ..code.clone() };
        assert_eq!(grant_state(&redeemed, 50).unwrap(), GrantState::Live);
        assert_eq!(grant_state(&redeemed, 100).unwrap(), GrantState::Expired);
        let revoked = Grant { revoked_at: Some(6), ..redeemed };
        assert_eq!(grant_state(&revoked, 200).unwrap(), GrantState::Revoked);
    }

    #[test]
    fn the_strongest_live_grant_shows_the_report() {
        let weak = grant(1, "view");
        let strong = Grant { ends_at: 50, ..grant(2, "contribute") };
        let revisions = [(1, 0), (2, 3)];
        let at = |now| sights(&[weak.clone(), strong.clone()], &revisions, &Members::new(), now).unwrap();
        let me = AccountId([7; 32]);
        assert_eq!((at(10)[&me].grant_id[0], at(10)[&me].version, at(10)[&me].revision), (2, 2, 3));
        assert_eq!(at(50)[&me].grant_id[0], 1);
        let first_only = Grant { versions_to: Some(1), ..grant(3, "view") };
        assert_eq!(sights(&[first_only], &revisions, &Members::new(), 0).unwrap()[&me].version, 1);
    }

    #[test]
    fn a_teams_grant_shows_the_report_to_whoever_has_its_key() {
        let to_team = Grant {
            kind: "team".into(),
            recipient: None,
            team_id: Some(vec![5; 32]),
            team_epoch: Some(1),
            ..grant(1, "view")
        };
        let [old, new] = [AccountId([7; 32]), AccountId([8; 32])];
        let members = Members::from([(vec![5; 32], vec![(old, 0), (new, 2)])]);
        let at = |epoch| {
            let grant = Grant { team_epoch: Some(epoch), ..to_team.clone() };
            sights(&[grant], &[(1, 0)], &members, 0).unwrap().into_keys().collect::<Vec<_>>()
        };
        assert_eq!((at(1), at(2)), (vec![old], vec![old, new]));
        let ended = Grant { revoked_at: Some(1), ..to_team };
        assert!(sights(&[ended], &[(1, 0)], &members, 0).unwrap().is_empty());
    }
}
