//! Care teams as people use them, through the honest client against a real server: who sees what before joining, after
//! accepting, and from the moment of being left out.

use api_types::{
    AccountId, ReportId, TeamId,
    accounts::{AccountStatus, Role},
    audit::Action,
    closing::ClosedBy,
    grants::Right,
    teams::TeamMemberState,
};
use client::{AccessWho, ClientError, NoSecondFactor, PatientChoice, TeamShare, Verification, bulk::Control};
use entities::{report_access, wraps};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person, approve, client, clinic, device, join, read, write},
};

pub struct Ward {
    pub server: Server,
    pub administrator: Person,
    pub dora: Person,
    pub otto: Person,
    pub ann: Person,
}

impl Ward {
    /// A clinic with two doctors and a patient.
    pub async fn new() -> Self {
        let server = Server::start().await;
        let [administrator, dora, ann] = clinic(&server).await;
        let (otto, _) = join(&server, "Otto Other", "otto@clinic.example", Role::Doctor, None).await;
        approve(&administrator, &otto).await;
        Self { server, administrator, dora, otto, ann }
    }

    pub async fn doctor(&self, name: &str) -> Person {
        let email = format!("{}@clinic.example", name.to_lowercase().replace(' ', "."));
        let (doctor, _) = join(&self.server, name, &email, Role::Doctor, None).await;
        approve(&self.administrator, &doctor).await;
        doctor
    }

    /// Dora's team with Otto in it, who has accepted.
    pub async fn team(&self) -> TeamId {
        let team = self.dora.create_team("Cardiology East").await.unwrap();
        self.dora.add_to_team(&team, &self.otto.account_id()).await.unwrap();
        self.otto.accept_team(&team).await.unwrap();
        team
    }

    /// Ann's own report, shared with a team for good.
    pub async fn shared(&self, team: TeamId) -> ReportId {
        let id = write(&self.ann, PatientChoice::Account(self.ann.account_id())).await;
        let share = TeamShare { expires_in: 0, ..TeamShare::reading(team) };
        self.ann.share_with_team(&id, &share).await.unwrap();
        id
    }
}

async fn rows(who: &Person) -> Vec<ReportId> {
    let list = who.list_all().await.unwrap();
    assert!(list.refused.is_empty(), "{:?}", list.refused);
    list.rows.iter().map(|row| row.id).collect()
}

fn code<T>(result: client::Result<T>) -> String {
    result.err().map_or_else(|| "done".to_owned(), |error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_made_reads_and_loses_a_member_who_reads_no_more() {
    let w = Ward::new().await;
    let team = w.dora.create_team("  Cardiology   East ").await.unwrap();
    w.dora.add_to_team(&team, &w.otto.account_id()).await.unwrap();
    let waiting = w.otto.teams().await.unwrap();
    assert_eq!((waiting[0].id, waiting[0].state, waiting[0].members), (team, Some(TeamMemberState::Invited), 2));
    assert!(w.otto.api().get_team(&team).await.unwrap().keys.is_empty(), "no key before they accept");

    let found = w.ann.find_teams("east").await.unwrap();
    assert_eq!((found.len(), found[0].name.as_str(), found[0].state), (1, "Cardiology East", None));
    let verified = w.ann.team(&team).await.unwrap();
    assert!(verified.members[0].manager && verified.members[0].person.id == w.dora.account_id());
    assert_eq!(verified.members[1].person.verification, Verification::New);
    let id = w.shared(team).await;
    assert!(w.ann.teams().await.unwrap().is_empty(), "Ann is in none");

    assert!(read(&w.dora, &id).await.is_ok());
    assert_eq!(rows(&w.dora).await, [id]);
    assert_eq!(code(read(&w.otto, &id).await), "not_found", "not before they accept");
    assert!(rows(&w.otto).await.is_empty());
    w.otto.accept_team(&team).await.unwrap();
    assert!(read(&w.otto, &id).await.is_ok());
    assert_eq!(rows(&w.otto).await, [id]);
    assert_eq!(w.otto.report(&id).await.unwrap().right, Right::View);
    assert_eq!(code(w.administrator.report(&id).await), "not_found");

    let access = w.ann.access(&id).await.unwrap();
    let of_team = access.iter().find_map(|row| match &row.who {
        AccessWho::Team(team) => Some(team),
        _ => None,
    });
    let of_team = of_team.unwrap();
    assert_eq!((of_team.name.as_str(), of_team.members.len()), ("Cardiology East", 2));

    let open = w.otto.report(&id).await.unwrap();
    let version = w.otto.version(&open, 1).await.unwrap();
    let tended = w.dora.remove_from_team(&team, &w.otto.account_id()).await.unwrap();
    assert_eq!(tended.done, [id]);
    assert!(tended.failed.is_empty());
    let denied =
        w.otto.download(&version, 1, client::bulk::native::FileSink::Bytes(Vec::new()), &Control::none()).await;
    assert_eq!(code(denied.map(drop)), "not_found", "ciphertext too, at once");
    assert_eq!(code(w.otto.report(&id).await), "not_found");
    assert!(rows(&w.otto).await.is_empty() && w.otto.teams().await.unwrap().is_empty());
    assert!(read(&w.dora, &id).await.is_ok(), "whoever stays reads on");

    assert_eq!(w.ann.pending_rekeys().await.unwrap(), [id]);
    assert_eq!(w.ann.rekey(&id, &Control::none()).await.unwrap(), 1);
    assert!(w.ann.pending_rekeys().await.unwrap().is_empty());
    assert!(read(&w.dora, &id).await.is_ok() && read(&w.ann, &id).await.is_ok());
    let events = w.ann.report_events(&id, 1_000).await.unwrap();
    let actions: Vec<_> = events.items.iter().map(|item| (item.event.actor, item.event.action)).collect();
    for (who, action) in [(&w.ann, Action::Share), (&w.dora, Action::TeamKey), (&w.otto, Action::Open)] {
        assert!(actions.contains(&(Some(who.account_id()), action)), "{action:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_later_reads_what_was_shared_before() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = w.shared(team).await;
    let nora = w.doctor("Nora Newcomer").await;
    w.dora.add_to_team(&team, &nora.account_id()).await.unwrap();
    nora.accept_team(&team).await.unwrap();
    assert!(read(&nora, &id).await.is_ok(), "under the same key");
    w.dora.remove_from_team(&team, &nora.account_id()).await.unwrap();
    w.dora.add_to_team(&team, &nora.account_id()).await.unwrap();
    assert_eq!(code(read(&nora, &id).await), "not_found", "invited anew");
    nora.accept_team(&team).await.unwrap();
    assert!(read(&nora, &id).await.is_ok(), "under the next key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_has_one_wrap_for_a_team_of_three() {
    let w = Ward::new().await;
    let team = w.team().await;
    let nora = w.doctor("Nora Newcomer").await;
    w.dora.add_to_team(&team, &nora.account_id()).await.unwrap();
    nora.accept_team(&team).await.unwrap();
    let id = write(&w.ann, PatientChoice::Account(w.ann.account_id())).await;
    let shared = w.ann.share_with_team(&id, &TeamShare::reading(team)).await.unwrap();
    assert_eq!(shared.with.members.len(), 3);
    for who in [&w.dora, &w.otto, &nora] {
        assert!(read(who, &id).await.is_ok());
    }
    let of_report = wraps::Entity::find().filter(wraps::Column::ReportId.eq(id.0.to_vec()));
    let stored = of_report.all(w.server.state.db.read()).await.unwrap();
    let of_team: Vec<_> = stored.iter().filter(|row| row.grant_id == shared.grant.0).collect();
    assert_eq!(of_team.iter().map(|row| (row.version, row.revision)).collect::<Vec<_>>(), [(1, 0)]);
    assert_eq!(stored.len(), 2, "the other is Ann's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_grant_ends_for_all_members_and_an_expired_one_too() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = w.shared(team).await;
    let infos = w.ann.access(&id).await.unwrap();
    let grant = infos.iter().find(|row| matches!(row.who, AccessWho::Team(_))).unwrap().grant;
    let listed = w.dora.report(&id).await.unwrap();
    assert_eq!((listed.grants[0].id, listed.grants[0].team), (grant, Some(team)));
    w.ann.revoke(&id, &grant).await.unwrap();
    for who in [&w.dora, &w.otto] {
        assert_eq!(code(read(who, &id).await), "not_found");
        assert!(rows(who).await.is_empty());
    }
    assert_eq!(w.ann.rekey(&id, &Control::none()).await.unwrap(), 1);
    let hour = TeamShare { expires_in: server::clock::HOUR, ..TeamShare::reading(team) };
    w.ann.share_with_team(&id, &hour).await.unwrap();
    assert!(read(&w.otto, &id).await.is_ok());
    w.server.state.clock.advance(2 * server::clock::HOUR);
    assert!(rows(&w.otto).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_and_declining() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = w.shared(team).await;
    assert_eq!(code(w.dora.leave_team(&team).await), "team_manager_needed");
    w.otto.leave_team(&team).await.unwrap();
    assert_eq!(code(w.otto.report(&id).await), "not_found", "at once, before any manager's client came");
    assert!(w.otto.api().get_team(&team).await.unwrap().keys.is_empty());
    assert_eq!(state(&w.dora, &team, &w.otto.account_id()).await, Some(TeamMemberState::Left));
    let tended = w.dora.tend_teams().await.unwrap();
    assert_eq!(tended[0].1.as_ref().unwrap().done, [id]);
    assert_eq!(state(&w.dora, &team, &w.otto.account_id()).await, None);
    assert_eq!(w.dora.team(&team).await.unwrap().key_epoch, 1);

    w.dora.add_to_team(&team, &w.otto.account_id()).await.unwrap();
    w.otto.leave_team(&team).await.unwrap();
    assert_eq!(code(w.otto.accept_team(&team).await), "conflict", "declined");
    w.dora.tend_teams().await.unwrap();
    assert_eq!(state(&w.dora, &team, &w.otto.account_id()).await, None);
    assert_eq!(code(w.otto.accept_team(&team).await), "not_allowed");
}

async fn state(who: &Person, team: &TeamId, account: &AccountId) -> Option<TeamMemberState> {
    who.team(team).await.unwrap().member(account).map(|member| member.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_manager_goes_on_where_the_first_leaves() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = w.shared(team).await;
    w.dora.set_team_manager(&team, &w.otto.account_id(), true).await.unwrap();
    w.dora.leave_team(&team).await.unwrap();
    assert_eq!(code(w.dora.report(&id).await), "not_found");
    assert_eq!(w.otto.tend_team(&team).await.unwrap().done, [id]);
    assert!(read(&w.otto, &id).await.is_ok());
    assert_eq!(code(w.otto.leave_team(&team).await), "team_manager_needed");
    assert_eq!(code(w.otto.set_team_manager(&team, &w.otto.account_id(), false).await), "team_manager");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_of_a_member_keep_the_team_readable() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = w.shared(team).await;
    w.otto.rotate_keys().await.unwrap();
    assert!(read(&w.otto, &id).await.is_ok());
    let nora = w.doctor("Nora Newcomer").await;
    w.dora.add_to_team(&team, &nora.account_id()).await.unwrap();
    w.dora.remove_from_team(&team, &nora.account_id()).await.unwrap();
    assert!(read(&w.otto, &id).await.is_ok(), "the next key goes to the newest keys");
}

/// A session that was told of nothing yet.
async fn afresh(w: &Ward, email: &str) -> Person {
    client(&w.server).sign_in(email, PASSWORD, device(), &NoSecondFactor).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_report_is_gone_for_a_team_by_its_owners_word() {
    let w = Ward::new().await;
    let id = w.shared(w.team().await).await;
    assert!(read(&w.otto, &id).await.is_ok());
    w.ann.erase_report(&id).await.unwrap();
    let fresh = afresh(&w, "otto@clinic.example").await;
    for member in [&w.dora, &w.otto, &fresh] {
        let gone = member.report(&id).await;
        assert!(matches!(gone, Err(ClientError::Erased { by: ClosedBy::Holder })), "{:?}", gone.err());
        assert!(rows(member).await.is_empty());
    }
    assert_eq!(code(w.administrator.report(&id).await), "not_found", "who never had it learns nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_goes_on_where_a_members_account_is_deleted() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = w.shared(team).await;
    let gone = w.otto.account_id();
    w.otto.delete_account("otto@clinic.example").await.unwrap();
    let ann = afresh(&w, "ann@clinic.example").await;
    assert!(read(&w.dora, &id).await.is_ok() && read(&ann, &id).await.is_ok());
    let seen = ann.team(&team).await.unwrap();
    assert_eq!(seen.members[1].person.status, AccountStatus::Deleted);
    let second = w.shared(team).await;
    assert!(read(&w.dora, &second).await.is_ok());
    for report in [&id, &second] {
        let listed = report_access::Entity::find().filter(report_access::Column::ReportId.eq(report.0.to_vec()));
        let listed = listed.all(w.server.state.db.read()).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|row| &row.account_id[..]).collect();
        assert!(listed.contains(&&w.dora.account_id().0[..]), "the search finds who has it");
        assert!(!listed.contains(&&gone.0[..]), "nothing of a deleted account comes back");
    }

    let tended = w.dora.remove_from_team(&team, &gone).await.unwrap();
    assert!(tended.failed.is_empty(), "{:?}", tended.failed);
    assert_eq!(state(&ann, &team, &gone).await, None);
    let third = w.doctor("Tess Third").await;
    w.dora.add_to_team(&team, &third.account_id()).await.unwrap();
    third.accept_team(&team).await.unwrap();
    assert!(read(&third, &id).await.is_ok() && read(&third, &second).await.is_ok());
}
