//! The same request to two servers on one PostgreSQL at the same moment, as when the answer of one came too late: both say that it
//! is done, and it was done once. Versions, reports and grants are in `replicas_at_once.rs`.

use api_types::{
    B64, WayInId,
    accounts::{OwnAccount, Role, RotateKeys, Rotation, WayInKind},
    audit::Action,
    sign_up::NewWayIn,
    teams::NewTeamRoster,
};
use crypto::{
    account::{AccountKey, KeyChain, WayInSetup, rewrap_way_in, seal_state},
    ids,
    report::Right,
    sign::Signed,
    team::{TeamRole, TeamRoster},
};
use server::clock::now_ms;

use crate::{
    backup::events,
    grants::in_custody,
    honest_client::{self, clinic},
    repeats::of,
    replica_harness::Place,
    replicas_at_once::{Two, at_once, done},
    sealing::{code_grant, grant, own},
    taking::{accept, claiming, prove},
    teams_refusals::{Hand, after, first, key, wrap},
    world::{Answer, Person, rng},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_revocation_is_there_once() {
    let Some(two) = Two::new().await else { return };
    let (_, patient, mut made) = two.report().await;
    let report = format!("/reports/{}", made.id);
    for _ in 0..3 {
        let colleague = two.person(Role::Doctor).await;
        made.knows(&colleague);
        let new = grant(own(&colleague), Right::View);
        let id = new.id;
        let body = made.share(two.a.now(), &patient, new, None);
        two.a.post(&patient, &format!("{report}/grants"), &body).await.ok();
        let body = made.revocation(two.a.now(), &patient, id);
        two.both_take(&patient, &format!("{report}/grants/{id}/revoke"), &body).await;
        for world in [&two.a, &two.b] {
            assert!(!world.get(&colleague, &report).await.status.is_success());
        }
    }
    assert_eq!(two.done(&patient, &made, Action::Revoke).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_claim_is_there_once() {
    let Some(two) = Two::new().await else { return };
    let doctor = two.person(Role::Doctor).await;
    for _ in 0..3 {
        let patient = two.person(Role::Patient).await;
        let (mut made, secret, placeholder, id) = in_custody(&two.a, &doctor).await;
        accept(&two.a, &doctor, &patient, placeholder).await;
        let keys = secret.keys(&ids::ReportId(made.id.0));
        let body = claiming(two.a.now(), &patient, &mut made, id, &keys);
        two.both_take(&patient, &format!("/reports/{}/grants/{id}/claim", made.id), &body).await;
        for world in [&two.a, &two.b] {
            world.get(&patient, &format!("/reports/{}", made.id)).await.ok();
        }
        assert_eq!(two.done(&patient, &made, Action::Claim).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_is_stored_once() {
    let Some(two) = Two::new().await else { return };
    let (_, patient, mut made) = two.report().await;
    for shares in 1..4 {
        let colleague = two.person(Role::Doctor).await;
        made.knows(&colleague);
        let (new, sealed, keys) = code_grant(two.a.now(), &made, &colleague);
        let (id, to) = (new.id, new.recipient.clone());
        let body = made.share(two.a.now(), &patient, new, Some(sealed));
        two.a.post(&patient, &format!("/reports/{}/grants", made.id), &body).await.ok();
        let body = prove(&two.b, &colleague, &made, id, &to, &keys).await;
        let path = format!("/grants/{id}/seed");
        let put = at_once(&two.a.state, two.a.put(&colleague, &path, &body), two.b.put(&colleague, &path, &body));
        put.await.iter().for_each(Answer::ok);
        for world in [&two.a, &two.b] {
            world.get(&colleague, &format!("/reports/{}", made.id)).await.ok();
        }
        // A challenge, a code and a seed each.
        assert_eq!(two.done(&patient, &made, Action::Redeem).await, 3 * shares);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_roster_is_there_once() {
    let Some(two) = Two::new().await else { return };
    let administrator = two.person(Role::Administrator).await;
    for teams in 1..3 {
        let doctor = two.person(Role::Doctor).await;
        let (by, team_key) = (hand(&doctor), key());
        let roster = by.sign(first(&by, &team_key, vec![by.member(TeamRole::Manager)]));
        let begun = Signed::<TeamRoster>::parse(&roster.0).unwrap();
        let id = ids::TeamId::of(&begun);
        let body = NewTeamRoster { roster, keys: vec![wrap(id, 0, &team_key, &by)] };
        two.both_take(&doctor, "/teams", &body).await;
        let team = api_types::TeamId(id.0);
        let next = TeamRoster { name: "Day Shift".to_owned(), ..after(&begun, &team, &by) };
        let body = NewTeamRoster { roster: by.sign(next), keys: Vec::new() };
        two.both_take(&doctor, &format!("/teams/{team}/rosters"), &body).await;
        for action in [Action::TeamCreate, Action::TeamRoster] {
            let events = of(two.b.get(&administrator, "/admin/events").await.json(), action);
            assert_eq!(done(&events), teams, "{action:?}");
        }
    }
}

fn hand(person: &Person) -> Hand {
    Hand { id: person.chain.account(), keyring: person.keyring.clone(), chain: person.chain.clone() }
}

/// New keys with all that goes with them, as an honest client makes them.
async fn new_keys(who: &honest_client::Person) -> RotateKeys {
    let account = who.api().get_account().await.unwrap();
    let Hand { id, mut keyring, chain } = Hand::of(who).await;
    let record = keyring.rotate(&chain, now_ms(), &mut rng()).unwrap();
    let key_record = B64::from(record.as_bytes());
    let chain = KeyChain::verify(chain.records().iter().cloned().chain([record]).collect()).unwrap();
    let key = AccountKey::generate(&mut rng());
    let rewrapped = |kind: WayInKind| {
        let way = account.ways_in.iter().find(|way| way.kind == kind).unwrap();
        let way: Signed<crypto::account::WayIn> = Signed::parse(&way.record.0).unwrap();
        let generation = way.claimed().generation + 1;
        let setup = WayInSetup { account: id, keys: keyring.current(), account_key: &key, generation, time: now_ms() };
        let way = rewrap_way_in(&way, &chain, setup, &mut rng()).unwrap();
        NewWayIn {
            id: WayInId(way.claimed().id.0),
            record: B64::from(way.as_bytes()),
            proof_key: way.claimed().proof_key.map(|key| B64(key.0.to_vec())),
        }
    };
    let counter = account.client_state_counter + 1;
    let rotation = Rotation {
        passkeys: Vec::new(),
        emergency_contacts: Vec::new(),
        recovery_shares: Vec::new(),
        escrow: Vec::new(),
        password: rewrapped(WayInKind::Password),
        recovery_kit: rewrapped(WayInKind::RecoveryKit),
        keyring: B64(keyring.seal(&key, &id, &mut rng())),
        client_state: B64(seal_state(&key, &id, counter, b"{}", &mut rng())),
        client_state_counter: counter,
    };
    RotateKeys { key_record, rotation }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_record_is_there_once() {
    let Some(place) = Place::new().await else { return };
    let a = place.first(|_| ()).await;
    let [_, _, ann] = clinic(&a).await;
    let b = place.more(&a, |_| ()).await;
    let body = new_keys(&ann).await;
    let token = ann.token();
    let sent = at_once(&a.state, a.post("/account/keys", token, &body), b.post("/account/keys", token, &body)).await;
    for answer in &sent {
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
    }
    for server in [&a, &b] {
        let account: OwnAccount = server.get("/account", token).await.body();
        assert_eq!(account.public.key_records.len(), 2);
        assert_eq!(account.keyring, body.rotation.keyring);
    }
    assert_eq!(events(&a, "what=keys epoch=1 sessions_ended=%").await, 1);
    assert_eq!(events(&a, "what=keys epoch=1 repeated=true").await, 1);
    // Of another rotation the record alone is no repetition.
    let mut other = body.clone();
    other.rotation.keyring.0.push(0);
    assert_eq!(b.post("/account/keys", token, &other).await.code(), "invalid_signature");
}
