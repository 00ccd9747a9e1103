//! What the server takes of rosters and keys of teams, and what it refuses by name.

use api_types::{
    AccountId, B64, ReportId, TeamId,
    accounts::Role,
    grants::FollowTeam,
    teams::{LeaveTeam, NewTeamRoster, TeamKeyWrap},
};
use client::{NoSecondFactor, PatientChoice, TeamShare};
use crypto::{
    account::{KeyChain, Keyring},
    ids,
    kem::{PrivateKey, Suite},
    sign::Signed,
    team::{TeamLeave, TeamMember, TeamRole, TeamRoster, seal_team_key},
};
use server::clock::MINUTE;

use crate::{
    honest_client::{PASSWORD, Person, join, read, write},
    person::rng,
    teams::Ward,
};

fn code<T>(result: client::Result<T>) -> String {
    result.err().map_or_else(|| "done".to_owned(), |error| error.code())
}

/// Somebody's private keys, as a client of their own making has them.
pub struct Hand {
    pub id: ids::AccountId,
    pub keyring: Keyring,
    pub chain: KeyChain,
}

impl Hand {
    pub async fn of(person: &Person) -> Self {
        let account = person.api().get_account().await.unwrap();
        let id = ids::AccountId(account.public.id.0);
        let chain = KeyChain::parse(&id, &account.public.key_records).unwrap();
        let keyring = Keyring::open(&person.account_key(), &chain, &account.keyring.0).unwrap();
        Self { id, keyring, chain }
    }

    pub fn member(&self, role: TeamRole) -> TeamMember {
        TeamMember { account: self.id, role }
    }

    pub fn sign(&self, roster: TeamRoster) -> B64 {
        B64::from(Signed::sign(roster, &self.keyring.current().signing).as_bytes())
    }
}

pub fn key() -> PrivateKey {
    PrivateKey::generate(Suite::XWing, &mut rng())
}

pub fn wrap(team: ids::TeamId, epoch: u32, key: &PrivateKey, to: &Hand) -> TeamKeyWrap {
    let wrap = seal_team_key(team, epoch, key, &to.chain, &mut rng()).unwrap();
    TeamKeyWrap { account: AccountId(to.id.0), wrap: B64(wrap.to_bytes()) }
}

async fn newest(of: &Person, team: &TeamId) -> Signed<TeamRoster> {
    let rosters = of.api().get_team(team).await.unwrap().rosters.rosters;
    Signed::parse(&rosters.last().unwrap().0).unwrap()
}

/// The roster after the newest, by somebody.
pub fn after(last: &Signed<TeamRoster>, team: &TeamId, by: &Hand) -> TeamRoster {
    TeamRoster {
        team: Some(ids::TeamId(team.0)),
        seq: last.claimed().seq + 1,
        previous: Some(last.hash()),
        author: by.id,
        epoch: 0,
        time: server::clock::now_ms(),
        ..last.claimed().clone()
    }
}

pub fn first(by: &Hand, key: &PrivateKey, members: Vec<TeamMember>) -> TeamRoster {
    let mut members = members;
    members.sort_by_key(|member| member.account);
    TeamRoster {
        team: None,
        seq: 0,
        previous: None,
        name: "Night Shift".to_owned(),
        key_epoch: 0,
        key: key.public(),
        members,
        author: by.id,
        epoch: 0,
        time: server::clock::now_ms(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_doctors_make_teams_and_belong_to_them() {
    let w = Ward::new().await;
    assert_eq!(code(w.ann.create_team("Mine").await), "forbidden");
    assert_eq!(code(w.administrator.create_team("Mine").await), "forbidden");
    let team = w.dora.create_team("Cardiology").await.unwrap();
    for who in [&w.ann, &w.administrator] {
        w.dora.find_by_email(&who.who().email).await.unwrap().unwrap();
        assert_eq!(code(w.dora.add_to_team(&team, &who.account_id()).await), "invalid_field");
    }
    assert_eq!(code(w.otto.add_to_team(&team, &w.otto.account_id()).await), "team_manager");
    assert_eq!(code(w.dora.create_team("   ").await), "field");
    assert_eq!(code(w.dora.create_team(&"x".repeat(101)).await), "field");
    assert_eq!(code(w.dora.team(&TeamId([9; 32])).await), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_somebody_a_say_needs_a_fresh_confirmation_and_taking_it_does_not() {
    let w = Ward::new().await;
    let team = w.team().await;
    let nora = w.doctor("Nora Newcomer").await;
    w.server.state.clock.advance(11 * MINUTE);
    let hand = Hand::of(&w.dora).await;
    let last = newest(&w.dora, &team).await;
    let now = server::clock::now_ms() + 11 * MINUTE;
    let (otto, added) = (Hand::of(&w.otto).await, Hand::of(&nora).await);
    let mut roster = TeamRoster { time: now, ..after(&last, &team, &hand) };
    roster.members.push(added.member(TeamRole::Member));
    roster.members.sort_by_key(|member| member.account);
    let body = NewTeamRoster { roster: hand.sign(roster), keys: Vec::new() };
    assert_eq!(code(w.dora.api().change_team(&team, &body).await), "confirmation_required");
    let mut promoted = TeamRoster { time: now, ..after(&last, &team, &hand) };
    promoted.members.iter_mut().for_each(|member| member.role = TeamRole::Manager);
    let body = NewTeamRoster { roster: hand.sign(promoted), keys: Vec::new() };
    assert_eq!(code(w.dora.api().change_team(&team, &body).await), "confirmation_required");
    // Removing goes through.
    let next = key();
    let mut removed = TeamRoster { time: now, key_epoch: 1, key: next.public(), ..after(&last, &team, &hand) };
    removed.members.retain(|member| member.account != otto.id);
    let keys = vec![wrap(ids::TeamId(team.0), 1, &next, &hand)];
    let body = NewTeamRoster { roster: hand.sign(removed), keys };
    assert_eq!(code(w.dora.api().change_team(&team, &body).await), "done");
    assert_eq!(code(w.dora.api().change_team(&team, &body).await), "done", "the answer was lost");
    w.dora.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dissolving_a_team_needs_a_fresh_confirmation_and_a_manager() {
    let w = Ward::new().await;
    let team = w.team().await;
    w.server.state.clock.advance(11 * MINUTE);
    let (dora, otto) = (Hand::of(&w.dora).await, Hand::of(&w.otto).await);
    let last = newest(&w.dora, &team).await;
    let ends = |by: &Hand| TeamRoster {
        time: server::clock::now_ms() + 11 * MINUTE,
        key_epoch: 1,
        key: key().public(),
        members: Vec::new(),
        ..after(&last, &team, by)
    };
    let body = |by: &Hand| NewTeamRoster { roster: by.sign(ends(by)), keys: Vec::new() };
    assert_eq!(code(w.otto.api().change_team(&team, &body(&otto)).await), "forbidden");
    assert_eq!(code(w.dora.api().change_team(&team, &body(&dora)).await), "confirmation_required");
    w.dora.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    let with_key = NewTeamRoster { keys: vec![wrap(ids::TeamId(team.0), 1, &key(), &dora)], ..body(&dora) };
    assert_eq!(code(w.dora.api().change_team(&team, &with_key).await), "invalid_field", "nobody has its key");
    let kept = TeamRoster { key_epoch: 0, key: last.claimed().key.clone(), ..ends(&dora) };
    let kept = NewTeamRoster { roster: dora.sign(kept), keys: Vec::new() };
    assert_eq!(code(w.dora.api().change_team(&team, &kept).await), "invalid_field", "under the key that they have");
    assert_eq!(w.dora.team(&team).await.unwrap().members.len(), 2, "nothing of it was stored");
    assert_eq!(code(w.dora.api().change_team(&team, &body(&dora)).await), "done");
    let gone = newest(&w.dora, &team).await;
    let again = TeamRoster { time: server::clock::now_ms() + 11 * MINUTE, ..after(&gone, &team, &dora) };
    let again = NewTeamRoster { roster: dora.sign(again), keys: Vec::new() };
    assert_eq!(code(w.dora.api().change_team(&team, &again).await), "forbidden", "it has no managers any more");
}

/// Whoever takes their own say away leaves somebody who can act.
#[tokio::test(flavor = "multi_thread")]
async fn a_team_keeps_a_manager_who_can_act() {
    let w = Ward::new().await;
    let team = w.team().await;
    let nora = w.doctor("Nora Newcomer").await;
    w.dora.add_to_team(&team, &nora.account_id()).await.unwrap();
    w.dora.set_team_manager(&team, &nora.account_id(), true).await.unwrap();
    let own = w.dora.account_id();
    assert_eq!(code(w.dora.set_team_manager(&team, &own, false).await), "team_manager_needed", "she is only invited");
    assert_eq!(code(w.dora.leave_team(&team).await), "team_manager_needed");
    nora.accept_team(&team).await.unwrap();
    w.administrator.api().disable_account(&nora.account_id()).await.unwrap();
    assert_eq!(code(w.dora.set_team_manager(&team, &own, false).await), "team_manager_needed", "she can't act");
    assert_eq!(code(w.dora.leave_team(&team).await), "team_manager_needed");
    assert!(w.dora.team(&team).await.unwrap().is_manager(&own), "nothing of it was stored");
    w.administrator.api().enable_account(&nora.account_id()).await.unwrap();
    assert_eq!(code(w.dora.leave_team(&team).await), "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn rosters_that_every_client_would_refuse_are_not_stored() {
    let w = Ward::new().await;
    let team = w.team().await;
    let (dora, otto) = (Hand::of(&w.dora).await, Hand::of(&w.otto).await);
    let last = newest(&w.dora, &team).await;
    let send = async |roster: B64, keys: Vec<TeamKeyWrap>| {
        code(w.dora.api().change_team(&team, &NewTeamRoster { roster, keys }).await)
    };
    let next = || after(&last, &team, &dora);
    assert_eq!(send(B64(vec![1, 2]), Vec::new()).await, "invalid_field");
    assert_eq!(send(dora.sign(TeamRoster { seq: 3, ..next() }), Vec::new()).await, "team_moved");
    let forked = TeamRoster { previous: Some(ids::Hash32([1; 32])), ..next() };
    assert_eq!(send(dora.sign(forked), Vec::new()).await, "team_moved");
    assert_eq!(send(otto.sign(next()), Vec::new()).await, "invalid_signature");
    assert_eq!(send(dora.sign(TeamRoster { author: otto.id, ..next() }), Vec::new()).await, "forbidden");
    assert_eq!(send(dora.sign(TeamRoster { key: key().public(), ..next() }), Vec::new()).await, "invalid_field");
    assert_eq!(
        send(dora.sign(TeamRoster { time: next().time + 11 * MINUTE, ..next() }), Vec::new()).await,
        "invalid_field"
    );
    let old = TeamRoster { time: last.claimed().time.max(next().time - 11 * MINUTE), ..next() };
    assert_eq!(send(dora.sign(old), Vec::new()).await, "done", "it is of this minute");
    let last = newest(&w.dora, &team).await;
    let alone = |new: &TeamRoster| new.members.iter().copied().filter(|m| m.account == dora.id).collect::<Vec<_>>();
    let next = after(&last, &team, &dora);
    let kept = TeamRoster { members: alone(&next), ..next.clone() };
    assert_eq!(send(dora.sign(kept), Vec::new()).await, "invalid_field", "the key stays with whoever is gone");

    let fresh = key();
    let removed = TeamRoster { members: alone(&next), key_epoch: 1, key: fresh.public(), ..next };
    let id = ids::TeamId(team.0);
    for keys in [
        Vec::new(),
        vec![wrap(id, 1, &fresh, &dora), wrap(id, 1, &fresh, &otto)],
        vec![wrap(id, 1, &fresh, &dora), wrap(id, 1, &fresh, &dora)],
        vec![wrap(id, 0, &fresh, &dora)],
        vec![wrap(id, 1, &key(), &dora)],
        vec![wrap(ids::TeamId([1; 32]), 1, &fresh, &dora)],
        vec![TeamKeyWrap { account: AccountId(dora.id.0), ..wrap(id, 1, &fresh, &otto) }],
        vec![TeamKeyWrap { account: AccountId(dora.id.0), wrap: B64(vec![1]) }],
    ] {
        assert_eq!(send(dora.sign(removed.clone()), keys).await, "invalid_field");
    }
    let by_member = TeamRoster { author: otto.id, ..removed.clone() };
    let keys = vec![wrap(id, 1, &fresh, &dora)];
    let body = NewTeamRoster { roster: otto.sign(by_member), keys };
    assert_eq!(code(w.otto.api().change_team(&team, &body).await), "forbidden");
    assert_eq!(w.dora.team(&team).await.unwrap().members.len(), 2, "nothing of it was stored");
    assert_eq!(send(dora.sign(removed), vec![wrap(id, 1, &fresh, &dora)]).await, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_begins_with_its_first_roster() {
    let w = Ward::new().await;
    let (dora, otto) = (Hand::of(&w.dora).await, Hand::of(&w.otto).await);
    let key = key();
    let made = first(&dora, &key, vec![dora.member(TeamRole::Manager), otto.member(TeamRole::Member)]);
    let roster = dora.sign(made.clone());
    let id = ids::TeamId(crypto::encoding::sha256(&roster.0).0);
    let keys = vec![wrap(id, 0, &key, &dora), wrap(id, 0, &key, &otto)];
    let body = NewTeamRoster { roster: roster.clone(), keys };
    let foreign = w.otto.api().create_team(&body).await;
    assert_eq!(code(foreign), "forbidden", "somebody else's roster");
    w.dora.api().create_team(&body).await.unwrap();
    w.dora.api().create_team(&body).await.unwrap();
    assert_eq!(w.dora.teams().await.unwrap().len(), 1, "the same again is the same");
    let team = w.otto.team(&TeamId(id.0)).await.unwrap();
    assert_eq!((team.name.as_str(), team.members.len()), ("Night Shift", 2));
    let later = dora.sign(after(&Signed::parse(&roster.0).unwrap(), &TeamId(id.0), &dora));
    let body = NewTeamRoster { roster: later, keys: Vec::new() };
    assert_eq!(code(w.dora.api().create_team(&body).await), "invalid_field", "not a first one");
}

/// A removal whose second half was lost: another manager's client finds and does it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_connection_left_is_finished_by_another_manager() {
    let w = Ward::new().await;
    let team = w.team().await;
    let nora = w.doctor("Nora Newcomer").await;
    w.dora.add_to_team(&team, &nora.account_id()).await.unwrap();
    nora.accept_team(&team).await.unwrap();
    w.dora.set_team_manager(&team, &w.otto.account_id(), true).await.unwrap();
    let id = w.shared(team).await;
    let (dora, otto, third) = (Hand::of(&w.dora).await, Hand::of(&w.otto).await, Hand::of(&nora).await);
    let last = newest(&w.dora, &team).await;
    let fresh = key();
    let mut removed = TeamRoster { key_epoch: 1, key: fresh.public(), ..after(&last, &team, &dora) };
    removed.members.retain(|member| member.account != third.id);
    let chain = ids::TeamId(team.0);
    let keys = vec![wrap(chain, 1, &fresh, &dora), wrap(chain, 1, &fresh, &otto)];
    let body = NewTeamRoster { roster: dora.sign(removed), keys };
    w.dora.api().change_team(&team, &body).await.unwrap();
    assert_eq!(code(nora.report(&id).await), "not_found");
    assert!(read(&w.otto, &id).await.is_ok(), "by the key from before");
    assert!(w.ann.list_all().await.unwrap().rows[0].rekey_pending, "its owner is told at once");
    let behind = w.otto.api().get_team(&team).await.unwrap().behind;
    assert_eq!(behind.iter().map(|behind| behind.report_id).collect::<Vec<_>>(), [id]);
    let tended = w.otto.tend_teams().await.unwrap();
    assert_eq!(tended[0].1.as_ref().unwrap().done, [id]);
    assert!(w.otto.api().get_team(&team).await.unwrap().behind.is_empty());
    assert!(read(&w.dora, &id).await.is_ok() && read(&w.otto, &id).await.is_ok());
    assert_eq!(w.ann.rekey(&id, &client::bulk::Control::none()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_teams_key_entry_is_refused() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id: ReportId = w.shared(team).await;
    let grant = w.dora.report(&id).await.unwrap().grants[0].id;
    let body = FollowTeam { entry: B64(vec![1]), wraps: Vec::new() };
    assert_eq!(code(w.dora.api().follow_team(&id, &grant, &body).await), "invalid_field");
    assert_eq!(code(w.administrator.api().follow_team(&id, &grant, &body).await), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_leaves_for_somebody_else() {
    let w = Ward::new().await;
    let team = w.team().await;
    let (dora, otto) = (Hand::of(&w.dora).await, Hand::of(&w.otto).await);
    let said = TeamLeave {
        team: ids::TeamId(team.0),
        roster: newest(&w.dora, &team).await.hash(),
        account: otto.id,
        epoch: 0,
        time: server::clock::now_ms(),
    };
    let by = |hand: &Hand, said: &TeamLeave| LeaveTeam {
        statement: B64::from(Signed::sign(said.clone(), &hand.keyring.current().signing).as_bytes()),
    };
    assert_eq!(code(w.dora.api().leave_team(&team, &by(&dora, &said)).await), "invalid_signature");
    assert_eq!(code(w.otto.api().leave_team(&team, &by(&dora, &said)).await), "invalid_signature");
    let other = TeamLeave { team: ids::TeamId([1; 32]), ..said.clone() };
    assert_eq!(code(w.otto.api().leave_team(&team, &by(&otto, &other)).await), "invalid_signature");
    let (stranger, _) = join(&w.server, "Stella Stranger", "stella@clinic.example", Role::Patient, None).await;
    let hers = Hand::of(&stranger).await;
    let statement = TeamLeave { account: hers.id, ..said.clone() };
    assert_eq!(code(stranger.api().leave_team(&team, &by(&hers, &statement)).await), "not_found");
    assert_eq!(code(w.otto.api().leave_team(&team, &by(&otto, &said)).await), "done");
    assert_eq!(code(w.otto.api().leave_team(&team, &by(&otto, &said)).await), "done", "the answer was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wrote_a_report_passes_it_on_to_a_team() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = write(&w.dora, PatientChoice::Account(w.dora_patient().await)).await;
    let shared = w.dora.share_with_team(&id, &TeamShare::reading(team)).await.unwrap();
    assert!(read(&w.otto, &id).await.is_ok(), "its author passes it on, under their own grant");
    assert_eq!(shared.with.id, team);
}

impl Ward {
    /// Ann, as Dora finds her.
    async fn dora_patient(&self) -> AccountId {
        self.dora.find_by_email("ann@clinic.example").await.unwrap().unwrap().id
    }
}
