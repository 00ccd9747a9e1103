//! Attacks on who belongs to a team.

use std::sync::Arc;

use api_types::{B64, GrantId, ReportId, TeamId, accounts::Role};
use client::{NoSecondFactor, PatientChoice, TeamShare, Vault};
use crypto::{
    ids,
    kem::{PrivateKey, Suite},
    report::{Wrap, WrapKey, open_wrap},
    sign::Signed,
    team::{TeamChain, TeamKeyWrap, TeamMember, TeamRole, TeamRoster, open_team_key},
};
use malicious_server::{
    attack::{INJECTED_TEAM_MEMBER, ROSTER_ROLLBACK},
    double::{Fake, PASSWORD, World, device, email, rng},
    scene::{made_up, report, stranger},
};
use tlog::leaf::KeyTreeLeaf;

use super::{Attempt, Won, run};

/// A patient with a report, and a team of two doctors, on a server with a log of keys.
struct Ward {
    server: Arc<Fake>,
    ann: Vault<World>,
    head: Vault<World>,
    second: Vault<World>,
    report: ReportId,
    team: TeamId,
}

async fn ward() -> Ward {
    let server = Fake::new();
    server.keep_keys();
    let ann = server.person("Ann Example", Role::Patient).await;
    let head = server.person("Hedda Head", Role::Doctor).await;
    let second = server.person("Sam Second", Role::Doctor).await;
    let team = head.create_team("Cardiology").await.unwrap();
    head.add_to_team(&team, &second.account_id()).await.unwrap();
    second.accept_team(&team).await.unwrap();
    let report = report(&ann, PatientChoice::Account(ann.account_id())).await;
    Ward { server, ann, head, second, report, team }
}

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
        let Ward { server, ann, report, team, .. } = ward().await;
        let (own, chain) = stranger();
        let mallory = chain.account();
        let record = B64::from(chain.current().as_bytes());
        server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&mallory.0, 0, &record.0)));
        server.db().accounts.insert(api_types::AccountId(mallory.0), made_up("Mallory", "m@x", vec![record]));
        let last = server.db().teams[&team].newest();
        let key = PrivateKey::generate(Suite::XWing, &mut rng());
        let mut next = TeamRoster {
            team: Some(ids::TeamId(team.0)),
            seq: last.claimed().seq + 1,
            previous: Some(last.hash()),
            key_epoch: last.claimed().key_epoch + 1,
            key: key.public(),
            author: mallory,
            epoch: 0,
            ..last.claimed().clone()
        };
        next.members.push(TeamMember { account: mallory, role: TeamRole::Manager });
        next.members.sort_by_key(|member| member.account);
        let seq = next.seq;
        let forged = B64::from(Signed::sign(next, &own.current().signing).as_bytes());
        server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&team.0, seq, &forged.0)));
        server.db().teams.get_mut(&team).unwrap().rosters.push(forged);
        let shared = ann.share_with_team(&report, &TeamShare::reading(team)).await?;
        Ok(Won::if_so(opens(&server, &report, &shared.grant, &key)))
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
