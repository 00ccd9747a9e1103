//! Another name for a care team, and its end for everybody.

use api_types::{B64, ErrorCode, ReportId, audit::Action, grants::CreateGrant};
use client::{AccessStatus, AccessWho, TeamShare, bulk::Control};

use crate::{
    honest_client::{Person, read},
    lists,
    teams::Ward,
};

fn code<T>(result: client::Result<T>) -> String {
    result.err().map_or_else(|| "done".to_owned(), |error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_gives_a_team_another_name() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = w.shared(team).await;
    w.dora.rename_team(&team, "  Oncology   West ").await.unwrap();
    for who in [&w.dora, &w.otto, &w.ann] {
        let seen = who.team(&team).await.unwrap();
        assert_eq!((seen.name.as_str(), seen.key_epoch, seen.members.len()), ("Oncology West", 0, 2));
    }
    assert_eq!(w.ann.find_teams("west").await.unwrap()[0].id, team);
    assert!(w.ann.find_teams("cardiology").await.unwrap().is_empty());
    assert_eq!(w.otto.teams().await.unwrap()[0].name, "Oncology West");
    assert!(read(&w.otto, &id).await.is_ok(), "nothing else has changed");
    assert!(w.ann.pending_rekeys().await.unwrap().is_empty());
    let rosters = w.dora.api().get_team(&team).await.unwrap().rosters.rosters.len();
    w.dora.rename_team(&team, "Oncology West").await.unwrap();
    assert_eq!(
        w.dora.api().get_team(&team).await.unwrap().rosters.rosters.len(),
        rosters,
        "the same name is no change"
    );
    assert_eq!(code(w.otto.rename_team(&team, "Mine").await), "team_manager");
    assert_eq!(code(w.ann.rename_team(&team, "Mine").await), "team_manager");
    assert_eq!(code(w.dora.rename_team(&team, "  ").await), "field");
}

/// The entry by which a report was shared with a team, as it was sent.
async fn shared_by(w: &Ward, id: &ReportId) -> CreateGrant {
    let entries = server::storage::reports::entries(w.server.state.db.read(), *id).await.unwrap();
    CreateGrant { entry: B64(entries.last().unwrap().clone()), wraps: Vec::new(), sealed_seed: None }
}

async fn status(owner: &Person, id: &ReportId) -> AccessStatus {
    let rows = owner.access(id).await.unwrap();
    rows.iter().find(|row| matches!(row.who, AccessWho::Team(_))).unwrap().status
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shared_with_a_dissolved_team_opens_to_nobody_by_it() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = w.shared(team).await;
    let share = shared_by(&w, &id).await;
    assert_eq!(code(w.ann.api().create_grant(&id, &share).await), "done", "sent twice");
    assert!(read(&w.dora, &id).await.is_ok() && read(&w.otto, &id).await.is_ok());
    assert_eq!(status(&w.ann, &id).await, AccessStatus::Live);
    assert_eq!(code(w.otto.dissolve_team(&team).await), "team_manager");
    assert_eq!(code(w.ann.dissolve_team(&team).await), "team_manager");

    w.dora.dissolve_team(&team).await.unwrap();
    w.dora.dissolve_team(&team).await.unwrap();
    for who in [&w.dora, &w.otto] {
        assert_eq!(code(read(who, &id).await), "not_found", "at once");
        assert!(who.list_all().await.unwrap().rows.is_empty() && who.teams().await.unwrap().is_empty());
        assert!(who.api().get_team(&team).await.unwrap().keys.is_empty());
    }
    lists::agree(w.server.state.db.read()).await;
    assert!(w.ann.find_teams("cardiology").await.unwrap().is_empty(), "nobody finds it");
    let seen = w.ann.team(&team).await.unwrap();
    assert!(seen.is_dissolved() && seen.members.is_empty() && seen.name == "Cardiology East");
    assert_eq!(code(w.ann.share_with_team(&id, &TeamShare::reading(team)).await), "team_dissolved");
    let refused = w.ann.api().create_grant(&id, &share).await.unwrap_err();
    assert_eq!(refused.problem(), Some(ErrorCode::TeamDissolved), "by the server too");
    for who in [&w.dora, &w.otto] {
        assert_eq!(code(who.rename_team(&team, "Cardiology West").await), "team_manager");
        assert_eq!(code(who.add_to_team(&team, &w.otto.account_id()).await), "team_manager");
        assert_eq!(code(who.accept_team(&team).await), "not_allowed");
        assert_eq!(code(who.leave_team(&team).await), "not_found");
    }

    // The owner's client takes the grant back and makes new keys: whoever was in the team may still have the old ones.
    assert_eq!(status(&w.ann, &id).await, AccessStatus::Revoked);
    assert_eq!(w.ann.pending_rekeys().await.unwrap(), [id]);
    assert_eq!(w.ann.rekey(&id, &Control::none()).await.unwrap(), 1);
    assert!(w.ann.pending_rekeys().await.unwrap().is_empty());
    assert_eq!(w.ann.rekey(&id, &Control::none()).await.unwrap(), 0, "once");
    assert!(read(&w.ann, &id).await.is_ok());
    let events = w.ann.report_events(&id, 1_000).await.unwrap();
    let by = |who: &Person, action| {
        events
            .items
            .iter()
            .filter(|item| item.event.actor == Some(who.account_id()) && item.event.action == action)
            .count()
    };
    assert_eq!((by(&w.ann, Action::Revoke), by(&w.ann, Action::Rekey)), (1, 1));
}

/// The owner's session that knows the team from before finds out by itself, and shares with another.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_on_without_a_team_that_was_dissolved() {
    let w = Ward::new().await;
    let team = w.dora.create_team("Night shift").await.unwrap();
    let id = w.shared(team).await;
    w.dora.dissolve_team(&team).await.unwrap();
    assert!(w.ann.list_all().await.unwrap().rows[0].rekey_pending, "she is told at once");
    assert_eq!(w.ann.rekey(&id, &Control::none()).await.unwrap(), 1);
    let other = w.otto.create_team("Day shift").await.unwrap();
    w.ann.share_with_team(&id, &TeamShare::reading(other)).await.unwrap();
    assert!(read(&w.otto, &id).await.is_ok());
    assert_eq!(code(read(&w.dora, &id).await), "not_found");
}
