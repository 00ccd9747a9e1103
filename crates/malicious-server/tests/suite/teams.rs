//! Attacks on who belongs to a team.

use api_types::{AccountId, B64, GrantId, ReportId, TeamId, teams::TeamMemberState};
use client::{NoSecondFactor, TeamShare, Vault};
use crypto::{
    account::Keyring,
    ids,
    kem::{PrivateKey, Suite},
    report::{Wrap, WrapKey, open_wrap},
    sign::Signed,
    team::{TeamChain, TeamKeyWrap, TeamLeave, TeamMember, TeamRole, TeamRoster, open_team_key},
};
use malicious_server::{
    attack::{INJECTED_TEAM_MEMBER, PRETENDED_LEAVE, REMOVED_MEMBER, ROSTER_ROLLBACK, UNLOGGED_ROSTER},
    double::{Fake, PASSWORD, World, device, email, rng},
    scene::{Ward, fields, made_up, stranger, ward},
};
use tlog::leaf::KeyTreeLeaf;

use super::{
    Attempt, Won,
    access::{answer_as_before, record},
    run,
};

fn opens(server: &Fake, id: &ReportId, grant: &GrantId, key: &PrivateKey) -> bool {
    let wraps = server.db().reports[id].wraps.clone();
    let sealed = wraps.iter().find(|wrap| wrap.grant_id == *grant).unwrap();
    open_wrap(&Wrap::parse(&sealed.wrap.0).unwrap(), WrapKey::Grant(key)).is_ok()
}

#[tokio::test]
async fn injected_team_member() {
    run(&INJECTED_TEAM_MEMBER, attempt).await;

    /// The server puts an account of its own into a team, with a key of the team that it made, and opens what is shared with
    /// the team from then on. Its log of keys has the roster.
    async fn attempt() -> Attempt {
        let ward = ward().await;
        let Ward { server, ann, report, team, .. } = &ward;
        let (own, mallory) = joined(server);
        let key = PrivateKey::generate(Suite::XWing, &mut rng());
        ward.push(AccountId(mallory.0), &own, |next| with_member(next, mallory, &key));
        let shared = ann.share_with_team(report, &TeamShare::reading(*team)).await?;
        Ok(Won::if_so(opens(server, report, &shared.grant, &key)))
    }
}

/// An account of the server's own; its log of keys has it.
fn joined(server: &Fake) -> (Keyring, ids::AccountId) {
    let (own, chain) = stranger();
    let mallory = chain.account();
    let record = B64::from(chain.current().as_bytes());
    server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&mallory.0, 0, &record.0)));
    server.db().accounts.insert(AccountId(mallory.0), made_up("Mallory", "m@x", vec![record]));
    (own, mallory)
}

/// One more member, and a new key of the team.
fn with_member(next: &mut TeamRoster, account: ids::AccountId, key: &PrivateKey) {
    next.key_epoch += 1;
    next.key = key.public();
    next.members.push(TeamMember { account, role: TeamRole::Manager });
    next.members.sort_by_key(|member| member.account);
}

#[tokio::test]
async fn unlogged_roster() {
    run(&UNLOGGED_ROSTER, attempt).await;

    /// A manager's stolen keys sign a member into the team. One person alone is shown that roster; the team never hears of it.
    async fn attempt() -> Attempt {
        let ward = ward().await;
        let Ward { server, ann, head, report, team, .. } = &ward;
        let (_, mallory) = joined(server);
        let key = PrivateKey::generate(Suite::XWing, &mut rng());
        let stolen = server.keyring(head);
        ward.show(head.account_id(), &stolen, |next| with_member(next, mallory, &key));
        let shared = ann.share_with_team(report, &TeamShare::reading(*team)).await?;
        Ok(Won::if_so(opens(server, report, &shared.grant, &key)))
    }
}

#[tokio::test]
async fn roster_rollback() {
    run(&ROSTER_ROLLBACK, attempt).await;

    /// The server leaves out the roster that removed a doctor, who opens what is shared with the team afterwards.
    async fn attempt() -> Attempt {
        let Ward { server, ann, head, second, report, team } = ward().await;
        let kept = stolen(&server, &second, &team);
        head.remove_from_team(&team, &second.account_id()).await.unwrap();
        assert_eq!(ann.team(&team).await.unwrap().members.len(), 1);
        ann.save_state().await.unwrap();
        server.db().teams.get_mut(&team).unwrap().rosters.pop();
        // In a session that was told of no other.
        let later = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await?;
        let shared = later.share_with_team(&report, &TeamShare::reading(team)).await?;
        Ok(Won::if_so(opens(&server, &report, &shared.grant, &kept)))
    }

    /// The team's key as a member keeps it.
    fn stolen(server: &Fake, of: &Vault<World>, team: &TeamId) -> PrivateKey {
        let keyring = server.keyring(of);
        let db = server.db();
        let found = &db.teams[team];
        let chain = TeamChain::parse(&ids::TeamId(team.0), &found.rosters, &Fake::keys(&db)).unwrap();
        let sealed = found.keys.iter().find(|key| key.account == of.account_id()).unwrap();
        let wrap = TeamKeyWrap::parse(&sealed.wrap.0).unwrap();
        open_team_key(&wrap, &chain, &ids::AccountId(of.account_id().0), &keyring).unwrap()
    }
}

#[tokio::test]
async fn pretended_leave() {
    run(&PRETENDED_LEAVE, attempt).await;

    /// The server says that a doctor left the team, so that the manager's client shuts them out.
    async fn attempt() -> Attempt {
        let Ward { server, head, second, team, .. } = ward().await;
        let member = ids::AccountId(second.account_id().0);
        let (own, _) = stranger();
        {
            let mut db = server.db();
            let found = db.teams.get_mut(&team).unwrap();
            let (roster, time) = (found.newest().hash(), server.now());
            let said = TeamLeave { team: ids::TeamId(team.0), roster, account: member, epoch: 0, time };
            let statement = B64::from(Signed::sign(said, &own.current().signing).as_bytes());
            found.said.insert(second.account_id(), (TeamMemberState::Left, Some(statement)));
        }
        head.tend_team(&team).await?;
        Ok(Won::if_so(server.db().teams[&team].newest().claimed().role_of(&member).is_none()))
    }
}

#[tokio::test]
async fn removed_member() {
    run(&REMOVED_MEMBER, attempt).await;

    /// A doctor was removed from the team, and has seen the roster that says so. The server goes on giving them what is shared
    /// with the team, under the key that they had.
    async fn attempt() -> Attempt {
        let Ward { server, ann, head, second, report, team } = ward().await;
        ann.share_with_team(&report, &TeamShare::reading(team)).await.unwrap();
        let kept = record(&server);
        let open = second.report(&report).await.unwrap();
        second.version(&open, 1).await.unwrap();
        server.be_honest();
        let mut kept = kept.lock().unwrap().clone();
        let of_report = format!("/reports/{report}");
        kept.retain(|path, _| path.contains(&of_report) && !path.ends_with("/people"));
        head.remove_from_team(&team, &second.account_id()).await.unwrap();
        second.team(&team).await.unwrap();
        answer_as_before(&server, &report, kept);
        let open = second.report(&report).await?;
        let version = second.version(&open, 1).await?;
        Ok(Won::if_so(version.content.fields == fields()))
    }
}
