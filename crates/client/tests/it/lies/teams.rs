//! Lies about teams: who belongs to one, what its key is, who left.

use std::sync::Arc;

use api_types::{AccountId, B64, TeamId, accounts::Role, grants::Right, teams::TeamMemberState};
use client::{ClientError, NoSecondFactor, Refusal, TeamShare, Vault, bulk::Control};
use crypto::{
    ids,
    kem::{PrivateKey, Suite},
    sign::Signed,
    team::{TeamLeave, TeamMember, TeamRole, TeamRoster, seal_team_key},
};
use malicious_server::scene::{Ward, straight, ward};

use super::refusal;
use crate::fake::{Fake, PASSWORD, World, device, email, rng};

/// The second doctor in a session that was told of nothing yet.
async fn second_again(w: &Ward) -> Vault<World> {
    w.server.client().sign_in(&email("Sam Second"), PASSWORD, device(), &NoSecondFactor).await.unwrap()
}

fn reading(w: &Ward) -> TeamShare {
    TeamShare::reading(w.team)
}

/// A roster in somebody's name, which they sign.
fn push(w: &Ward, by: &Vault<World>, change: impl FnOnce(&mut TeamRoster)) {
    w.push(by.account_id(), &w.server.keyring(by), change);
}

fn forged(found: Refusal, team: &TeamId) -> String {
    match found {
        Refusal::TeamRosterForged { team: named, why } if named == team.to_string() => why,
        other => panic!("refused otherwise: {other:?}"),
    }
}

#[tokio::test]
async fn a_team_is_made_shared_with_left_and_read_on() {
    let w = ward().await;
    let shared = w.ann.share_with_team(&w.report, &reading(&w)).await.unwrap();
    assert_eq!((shared.with.name.as_str(), shared.with.members.len()), ("Cardiology", 2));
    assert_eq!(w.server.db().reports[&w.report].wraps.iter().filter(|wrap| wrap.grant_id == shared.grant).count(), 1);
    for member in [&w.head, &w.second] {
        let open = member.report(&w.report).await.unwrap();
        assert_eq!(open.right, Right::View);
        assert!(member.version(&open, 1).await.is_ok());
        assert_eq!(member.list_all().await.unwrap().rows.len(), 1);
    }
    assert_eq!(w.ann.rekey(&w.report, &Control::none()).await.unwrap(), 0, "nothing is due");
    w.second.leave_team(&w.team).await.unwrap();
    let tended = w.head.tend_teams().await.unwrap();
    let (_, tended) = &tended[0];
    assert_eq!(tended.as_ref().unwrap().done, [w.report]);
    assert!(w.head.tend_team(&w.team).await.unwrap().done.is_empty(), "once");
    let team = w.head.team(&w.team).await.unwrap();
    assert_eq!((team.members.len(), team.key_epoch), (1, 1));
    let open = w.head.report(&w.report).await.unwrap();
    assert!(w.head.version(&open, 1).await.is_ok());
    assert!(w.second.report(&w.report).await.is_err());
    assert_eq!(w.ann.rekey(&w.report, &Control::none()).await.unwrap(), 1);
    let open = w.head.report(&w.report).await.unwrap();
    assert!(w.head.version(&open, 1).await.is_ok() && !open.versions[0].rekey_pending);
}

/// The owner's open page and the manager's both see to a team that somebody left: the slower one says it again of what the
/// report has become.
#[tokio::test]
async fn a_report_that_gets_new_keys_meanwhile_is_brought_on_and_shared_all_the_same() {
    let Ward { server, ann, head, second, report, team } = ward().await;
    let ann = Arc::new(ann);
    ann.share_with_team(&report, &TeamShare::reading(team)).await.unwrap();
    second.leave_team(&team).await.unwrap();
    let rekeyed = |owner: &Arc<Vault<World>>| {
        let owner = Arc::clone(owner);
        Box::pin(async move { assert_eq!(owner.rekey(&report, &Control::none()).await.unwrap(), 1) })
    };
    *server.meanwhile.lock().unwrap() = Some(("/team-key", rekeyed(&ann)));
    let tended = head.tend_team(&team).await.unwrap();
    assert!(server.meanwhile.lock().unwrap().is_none() && tended.failed.is_empty(), "{tended:?}");
    let open = head.report(&report).await.unwrap();
    assert!(head.version(&open, 1).await.is_ok() && !open.versions[0].rekey_pending);

    // A share that was made for the old keys: a second session of hers is the slower one.
    let other = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    server.db().reports.get_mut(&report).unwrap().due.insert(1);
    let given = ann.share(&report, &straight(&second)).await.unwrap();
    ann.revoke(&report, &given.grant).await.unwrap();
    *server.meanwhile.lock().unwrap() = Some(("/grants", rekeyed(&ann)));
    other.share(&report, &straight(&second)).await.unwrap();
    assert!(server.meanwhile.lock().unwrap().is_none());
    assert!(second.version(&second.report(&report).await.unwrap(), 1).await.is_ok());
}

/// Her page and `hs` on her machine both see to the new keys that a revocation makes due: the slower one has nothing left to do.
#[tokio::test]
async fn new_keys_that_another_device_made_meanwhile_are_no_failure() {
    let Ward { server, ann, second, report, .. } = ward().await;
    let other = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let given = ann.share(&report, &straight(&second)).await.unwrap();
    ann.revoke(&report, &given.grant).await.unwrap();
    server.db().reports.get_mut(&report).unwrap().due.insert(1);
    *server.meanwhile.lock().unwrap() = Some((
        "/revisions",
        Box::pin(async move { assert_eq!(other.rekey(&report, &Control::none()).await.unwrap(), 1) }),
    ));
    assert_eq!(ann.rekey(&report, &Control::none()).await.unwrap(), 0);
    assert!(server.meanwhile.lock().unwrap().is_none());
    assert!(!ann.report(&report).await.unwrap().versions[0].rekey_pending);
}

#[tokio::test]
async fn the_owner_brings_a_grant_under_the_next_key_where_no_manager_did() {
    let w = ward().await;
    w.ann.share_with_team(&w.report, &reading(&w)).await.unwrap();
    push(&w, &w.head, |next| {
        next.members.retain(|member| member.account.0 == w.head.account_id().0);
        next.key_epoch += 1;
        next.key = PrivateKey::generate(Suite::XWing, &mut rng()).public();
    });
    assert_eq!(w.ann.rekey(&w.report, &Control::none()).await.unwrap(), 1);
    let entries = w.server.db().reports[&w.report].entries.len();
    assert_eq!(w.ann.rekey(&w.report, &Control::none()).await.unwrap(), 0);
    assert_eq!(w.server.db().reports[&w.report].entries.len(), entries);
}

#[tokio::test]
async fn a_team_is_dissolved_and_its_grant_taken_back() {
    let w = ward().await;
    let shared = w.ann.share_with_team(&w.report, &reading(&w)).await.unwrap();
    w.head.dissolve_team(&w.team).await.unwrap();
    let rosters = w.server.db().teams[&w.team].rosters.len();
    w.head.dissolve_team(&w.team).await.unwrap();
    assert_eq!(w.server.db().teams[&w.team].rosters.len(), rosters, "once");
    for member in [&w.head, &w.second] {
        assert!(member.report(&w.report).await.is_err());
    }
    let again = w.ann.share_with_team(&w.report, &reading(&w)).await;
    assert_eq!(again.err().unwrap().code(), "team_dissolved");
    assert_eq!(w.ann.rekey(&w.report, &Control::none()).await.unwrap(), 1);
    let keys = w.server.db().reports[&w.report].wraps.iter().filter(|wrap| wrap.grant_id == shared.grant).count();
    assert_eq!(keys, 0, "nothing is sealed to it");
    let entries = w.server.db().reports[&w.report].entries.len();
    assert_eq!(w.ann.rekey(&w.report, &Control::none()).await.unwrap(), 0);
    assert_eq!(w.server.db().reports[&w.report].entries.len(), entries);
}

/// A roster that ends a team, by whomever.
fn ends(next: &mut TeamRoster) {
    next.members.clear();
    next.key_epoch += 1;
    next.key = PrivateKey::generate(Suite::XWing, &mut rng()).public();
}

#[tokio::test]
async fn a_team_that_nobody_dissolved() {
    let w = ward().await;
    push(&w, &w.second, ends);
    let why = forged(refusal(w.ann.team(&w.team).await), &w.team);
    assert!(why.contains("not by a manager"), "{why}");
    assert!(matches!(refusal(w.ann.share_with_team(&w.report, &reading(&w)).await), Refusal::TeamRosterForged { .. }));
    w.server.db().teams.get_mut(&w.team).unwrap().rosters.pop();
    assert!(!w.ann.team(&w.team).await.unwrap().is_dissolved(), "honest again");
}

#[tokio::test]
async fn a_team_that_goes_on_after_its_end() {
    let w = ward().await;
    w.head.dissolve_team(&w.team).await.unwrap();
    assert!(w.ann.team(&w.team).await.unwrap().is_dissolved());
    // By whoever managed it, as if nothing had happened.
    let head = ids::AccountId(w.head.account_id().0);
    push(&w, &w.head, |next| {
        next.members.push(TeamMember { account: head, role: TeamRole::Manager });
        next.key_epoch += 1;
        next.key = PrivateKey::generate(Suite::XWing, &mut rng()).public();
    });
    let why = forged(refusal(w.ann.team(&w.team).await), &w.team);
    assert!(why.contains("dissolved the team"), "{why}");
    // Nor does the end go unsaid.
    let mut rosters = w.server.db().teams[&w.team].rosters.clone();
    rosters.truncate(rosters.len() - 2);
    w.server.db().teams.get_mut(&w.team).unwrap().rosters = rosters;
    assert!(matches!(refusal(w.ann.team(&w.team).await), Refusal::TeamRosterOlder { .. }));
    assert!(matches!(refusal(w.ann.share_with_team(&w.report, &reading(&w)).await), Refusal::TeamRosterOlder { .. }));
}

#[tokio::test]
async fn more_than_a_team_may_have_is_not_sent() {
    let w = ward().await;
    for right in [Right::Reshare, Right::Own] {
        let share = TeamShare { right, ..reading(&w) };
        assert!(matches!(w.ann.share_with_team(&w.report, &share).await, Err(ClientError::TeamRight)));
    }
}

#[tokio::test]
async fn a_forged_member() {
    let w = ward().await;
    let stranger = w.server.person("Stella Stranger", Role::Doctor).await;
    push(&w, &stranger, |next| {
        let account = ids::AccountId(stranger.account_id().0);
        next.members.push(TeamMember { account, role: TeamRole::Manager });
        next.members.sort_by_key(|member| member.account);
    });
    let why = forged(refusal(w.ann.share_with_team(&w.report, &reading(&w)).await), &w.team);
    assert!(why.contains("not by a manager"), "{why}");
    w.server.db().teams.get_mut(&w.team).unwrap().rosters.pop();
    assert!(w.ann.share_with_team(&w.report, &reading(&w)).await.is_ok(), "honest again");
}

#[tokio::test]
async fn a_swapped_key_and_a_key_that_was_kept() {
    let w = ward().await;
    push(&w, &w.head, |next| next.key = PrivateKey::generate(Suite::XWing, &mut rng()).public());
    let why = forged(refusal(w.ann.team(&w.team).await), &w.team);
    assert!(why.contains("another key"), "{why}");
    w.server.db().teams.get_mut(&w.team).unwrap().rosters.pop();
    push(&w, &w.head, |next| next.members.retain(|member| member.role == TeamRole::Manager));
    let why = forged(refusal(w.ann.team(&w.team).await), &w.team);
    assert!(why.contains("keeps a key"), "{why}");
}

#[tokio::test]
async fn older_rosters_and_another_history() {
    let w = ward().await;
    w.ann.team(&w.team).await.unwrap();
    let kept = w.server.db().teams.get_mut(&w.team).unwrap().rosters.pop().unwrap();
    assert!(matches!(refusal(w.ann.team(&w.team).await), Refusal::TeamRosterOlder { .. }));
    push(&w, &w.head, |next| next.name = "Oncology".to_owned());
    assert!(matches!(refusal(w.ann.team(&w.team).await), Refusal::TeamRosterOlder { .. }), "a fork");
    let replace = |rosters: &mut Vec<_>| {
        rosters.pop();
        rosters.push(kept);
    };
    replace(&mut w.server.db().teams.get_mut(&w.team).unwrap().rosters);
    assert!(w.ann.team(&w.team).await.is_ok(), "honest again");
}

#[tokio::test]
async fn a_roster_that_the_log_has_and_nobody_is_shown() {
    let w = ward().await;
    w.ann.team(&w.team).await.unwrap();
    push(&w, &w.head, |next| next.name = "Oncology".to_owned());
    w.ann.scan_keys(u64::MAX).await.unwrap();
    let hidden = w.server.db().teams.get_mut(&w.team).unwrap().rosters.pop().unwrap();
    assert!(matches!(refusal(w.ann.team(&w.team).await), Refusal::TeamRosterOlder { .. }));
    w.server.db().teams.get_mut(&w.team).unwrap().rosters.push(hidden);
    assert_eq!(w.ann.team(&w.team).await.unwrap().name, "Oncology");
}

#[tokio::test]
async fn a_roster_that_is_not_in_the_log() {
    let w = ward().await;
    let team = w.team;
    w.server.lie(move |request, value| {
        if request.path.ends_with(&team.to_string()) && !value.is_null() {
            value["rosters"]["leaves"] = serde_json::json!([0, 1]);
        }
    });
    assert!(matches!(refusal(w.ann.team(&w.team).await), Refusal::TeamNotLogged { .. }));
    w.server.be_honest();
    assert!(w.ann.team(&w.team).await.is_ok());
}

#[tokio::test]
async fn another_team_than_asked_for() {
    let w = ward().await;
    let other = w.head.create_team("Radiology").await.unwrap();
    let answer = serde_json::to_value(w.head.api().get_team(&other).await.unwrap()).unwrap();
    let team = w.team;
    w.server.lie(move |request, value| {
        if request.path.ends_with(&team.to_string()) {
            *value = answer.clone();
        }
    });
    assert_eq!(refusal(w.ann.team(&w.team).await), Refusal::OtherThing);
}

#[tokio::test]
async fn a_key_that_is_not_the_teams() {
    let w = ward().await;
    let other = PrivateKey::generate(Suite::XWing, &mut rng());
    let chain = {
        let db = w.server.db();
        Fake::keys(&db)[&ids::AccountId(w.second.account_id().0)].clone()
    };
    let sealed = seal_team_key(ids::TeamId(w.team.0), 0, &other, &chain, &mut rng()).unwrap();
    let later = second_again(&w).await;
    let me = w.second.account_id();
    for key in &mut w.server.db().teams.get_mut(&w.team).unwrap().keys {
        if key.account == me {
            key.wrap = B64(sealed.to_bytes());
        }
    }
    assert!(matches!(refusal(later.team(&w.team).await), Refusal::TeamKeyForged { .. }));
}

#[tokio::test]
async fn a_key_that_is_withheld() {
    let w = ward().await;
    w.ann.share_with_team(&w.report, &reading(&w)).await.unwrap();
    let later = second_again(&w).await;
    w.server.db().teams.get_mut(&w.team).unwrap().keys.clear();
    let open = later.report(&w.report).await.unwrap();
    assert!(matches!(refusal(later.version(&open, 1).await), Refusal::TeamKeyForged { .. }));
}

#[tokio::test]
async fn somebody_who_did_not_leave() {
    let w = ward().await;
    let me = w.second.account_id();
    let say = |leave: Option<B64>| {
        let mut db = w.server.db();
        db.teams.get_mut(&w.team).unwrap().said.insert(me, (TeamMemberState::Left, leave));
    };
    say(None);
    assert!(matches!(refusal(w.head.tend_team(&w.team).await), Refusal::TeamLeaveForged { .. }));
    let statement = |by: &Vault<World>, account: AccountId, roster: usize| {
        let roster = crypto::encoding::sha256(&w.server.db().teams[&w.team].rosters[roster].0);
        let said = TeamLeave {
            team: ids::TeamId(w.team.0),
            roster,
            account: ids::AccountId(account.0),
            epoch: 0,
            time: w.server.now(),
        };
        B64::from(Signed::sign(said, &w.server.keyring(by).current().signing).as_bytes())
    };
    say(Some(statement(&w.head, me, 1)));
    assert!(matches!(refusal(w.head.tend_team(&w.team).await), Refusal::TeamLeaveForged { .. }), "by somebody else");
    say(Some(statement(&w.second, me, 0)));
    assert!(matches!(refusal(w.head.tend_team(&w.team).await), Refusal::TeamLeaveForged { .. }), "before they joined");
    assert_eq!(w.server.db().teams[&w.team].rosters.len(), 2, "nobody was removed");
    say(Some(statement(&w.second, me, 1)));
    w.head.tend_team(&w.team).await.unwrap();
    assert_eq!(w.server.db().teams[&w.team].rosters.len(), 3);
}

#[tokio::test]
async fn a_team_grant_presented_to_who_was_removed() {
    let w = ward().await;
    w.ann.share_with_team(&w.report, &reading(&w)).await.unwrap();
    let seen = w.server.report_as_seen_by(&w.report, &w.second.account_id());
    w.head.remove_from_team(&w.team, &w.second.account_id()).await.unwrap();
    let grants = seen["grants"].clone();
    let id = w.report.to_string();
    w.server.lie(move |request, value| {
        if request.path.ends_with(&id) && !value.is_null() {
            value["grants"] = grants.clone();
        } else if request.path.ends_with(&id) {
            *value = seen.clone();
        }
    });
    let found = second_again(&w).await.report(&w.report).await;
    assert!(matches!(found, Err(ClientError::Refused(Refusal::GrantUnknown))), "{:?}", found.err());
}
