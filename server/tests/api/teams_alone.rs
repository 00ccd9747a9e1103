//! Nobody deletes or pauses an account who would leave others behind in a team that nobody could change.

use api_types::{
    B64, TeamId,
    closing::{DeleteAccount, PauseAccount},
    teams::TeamMemberState,
};
use crypto::{account::AccountClosing, ids, sign::Signed};
use server::clock::now_ms;

use crate::{phones::code, teams::Ward, teams_refusals::Hand};

const DORA: &str = "dora@clinic.example";
const OTTO: &str = "otto@clinic.example";

fn alone(teams: &[client::SoleManaged]) -> Vec<(TeamId, &str)> {
    teams.iter().map(|team| (team.id, team.name.as_str())).collect()
}

fn names_the_team(error: &client::ClientError) {
    assert_eq!(error.code(), "sole_team_manager");
    assert!(error.to_string().contains("Cardiology East"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_manager_goes_once_another_manages_or_the_team_is_no_more() {
    let w = Ward::new().await;
    let team = w.team().await;
    assert_eq!(alone(&w.dora.managed_alone().await.unwrap()), [(team, "Cardiology East")]);
    for who in [&w.otto, &w.ann, &w.administrator] {
        assert!(who.managed_alone().await.unwrap().is_empty());
    }
    names_the_team(&w.dora.delete_account(DORA).await.unwrap_err());
    names_the_team(&w.dora.pause_account(DORA).await.unwrap_err());

    // A client that doesn't look is answered by the server.
    let hand = Hand::of(&w.dora).await;
    let said = AccountClosing {
        instance: ids::InstanceId(w.server.state.instance.instance_id),
        account: hand.id,
        epoch: 0,
        time: now_ms(),
    };
    let statement = B64::from(Signed::sign(said, &hand.keyring.current().signing).as_bytes());
    let body = DeleteAccount { email: DORA.into(), statement };
    names_the_team(&w.dora.api().delete_account(&body).await.unwrap_err());
    names_the_team(&w.dora.api().pause_account(&PauseAccount { email: DORA.into() }).await.unwrap_err());
    assert!(w.dora.sessions().await.is_ok(), "all of it is there");

    w.dora.set_team_manager(&team, &w.otto.account_id(), true).await.unwrap();
    assert!(w.dora.managed_alone().await.unwrap().is_empty());
    w.dora.pause_account(DORA).await.unwrap();
    // Whoever is paused belongs to the team, and manages nothing.
    assert_eq!(alone(&w.otto.managed_alone().await.unwrap()), [(team, "Cardiology East")]);
    names_the_team(&w.otto.delete_account(OTTO).await.unwrap_err());
    w.otto.dissolve_team(&team).await.unwrap();
    w.otto.delete_account(OTTO).await.unwrap();
    assert_eq!(code(w.otto.sessions().await), "signed_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_alone_in_a_team_goes_and_an_invitation_counts_as_somebody() {
    let w = Ward::new().await;
    let team = w.dora.create_team("Cardiology East").await.unwrap();
    assert!(w.dora.managed_alone().await.unwrap().is_empty());
    w.dora.add_to_team(&team, &w.otto.account_id()).await.unwrap();
    names_the_team(&w.dora.delete_account(DORA).await.unwrap_err());
    w.otto.leave_team(&team).await.unwrap();
    let seen = w.dora.team(&team).await.unwrap();
    assert_eq!(seen.member(&w.otto.account_id()).unwrap().state, TeamMemberState::Left);
    assert!(w.dora.managed_alone().await.unwrap().is_empty(), "he declined");
    assert_eq!(w.ann.find_teams("cardiology").await.unwrap().len(), 1);
    w.dora.delete_account(DORA).await.unwrap();
    assert_eq!(code(w.dora.sessions().await), "signed_out");
    assert!(w.ann.find_teams("cardiology").await.unwrap().is_empty(), "nobody shares with a team of nobody");
}
