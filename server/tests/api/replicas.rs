//! Three servers on one PostgreSQL and one bucket are one to whoever asks them: sessions, permissions, ceremonies, limits, the
//! log, mail, uploads.

use api_types::{
    accounts::Role,
    audit::Action,
    passkeys::PasskeyChallenge,
    sessions::{Carrier, SessionList},
    sign_in::SignedIn,
};
use client::{ClientError, NoSecondFactor, PatientChoice, Recover, Share};
use reqwest::StatusCode;
use serde_json::json;
use server::{
    audit::EventDraft,
    log,
    services::webauthn::CHALLENGES,
    storage::{log::Tree, log_events},
};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person, client, clinic, device, read, write},
    mail_server::{Post, Smtp},
    person::{Applicant, founder, sign_in_over},
    replica_harness::Place,
    throttling::guess,
    tree::Published,
    versions::two_save,
};

/// Three servers; who founded the clinic did it when the first was alone.
struct Three {
    place: Place,
    servers: [Server; 3],
    people: [Person; 3],
}

impl Three {
    async fn new() -> Option<Self> {
        let place = Place::new().await?;
        let first = place.first(|_| ()).await;
        let people = clinic(&first).await;
        let (second, third) = (place.more(&first, |_| ()).await, place.more(&first, |_| ()).await);
        Some(Self { place, servers: [first, second, third], people })
    }
}

/// Of the session that a token is: its status, or the code of the refusal.
async fn ask(server: &Server, token: &str) -> String {
    let answer = server.get("/account", Some(token)).await;
    if answer.status == StatusCode::OK { "open".to_owned() } else { answer.code() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begun_on_two_is_open_on_all_and_ends_on_all_at_once() {
    let Some(Three { servers: [a, b, c], .. }) = Three::new().await else { return };
    let (answer, _) = sign_in_over([&a, &b], "ann@clinic.example", PASSWORD, Carrier::Bearer).await;
    let begun: SignedIn = answer.body();
    let token = begun.token.unwrap();
    for server in [&a, &b, &c] {
        assert_eq!(ask(server, &token).await, "open");
        let list: SessionList = server.get("/sessions", Some(&token)).await.body();
        assert!(list.items.iter().any(|session| session.id == begun.session.id && session.current));
    }
    let (answer, _) = sign_in_over([&c, &a], "ann@clinic.example", PASSWORD, Carrier::Bearer).await;
    let other = answer.body::<SignedIn>().token.unwrap();
    assert_eq!(b.delete(&format!("/sessions/{}", begun.session.id), Some(&other)).await.status, StatusCode::NO_CONTENT);
    for server in [&a, &b, &c] {
        assert_eq!((ask(server, &token).await, ask(server, &other).await), ("signed_out".into(), "open".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ceremony_goes_on_at_another_server_and_serves_once() {
    let Some(Three { place, servers: [a, b, c], people: [_, _, ann] }) = Three::new().await else { return };
    let wrong = "not the right password";
    let (answer, _) = sign_in_over([&a, &b], "ann@clinic.example", wrong, Carrier::Bearer).await;
    assert_eq!(answer.code(), "sign_in_failed");
    let challenge: PasskeyChallenge = a.post("/passkeys/challenge", None, &json!({})).await.body();
    assert!(CHALLENGES.take(&b.state, &challenge.ceremony_id.0).await.unwrap().is_some());
    assert!(CHALLENGES.take(&c.state, &challenge.ceremony_id.0).await.unwrap().is_none(), "it was taken");

    // Each request of these reaches another server: confirming, new keys, recovery.
    let passed = place.balancer.passed();
    let by_all = place.client().sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    by_all.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    let kit = place.client().new_kit();
    let words = kit.words().join(" ");
    by_all.change_recovery_kit(&kit).await.unwrap();
    let recover =
        Recover { email: "ann@clinic.example", words: &words, password: "another password here", device: device() };
    let again = place.client().recover(recover, &NoSecondFactor).await.unwrap();
    assert!(place.balancer.passed() > passed + 9, "they went through the balancer");
    assert!(again.sessions().await.is_ok());
    for old in [ann, by_all] {
        assert!(old.sessions().await.is_err(), "a recovery ends every other session, on every server");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_and_taken_back_on_one_counts_on_the_others_at_once() {
    let Some(Three { place, servers: [a, b, c], people: [ada, dora, ann] }) = Three::new().await else { return };
    let otto = place.join("Otto Other", "otto@clinic.example", Role::Doctor, None).await;
    crate::honest_client::approve(&ada, &otto).await;
    let found = dora.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&dora, PatientChoice::Account(found.id)).await;
    let at = async |server: &Server| {
        client(server).sign_in("otto@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap()
    };
    let everywhere = [at(&a).await, at(&b).await, at(&c).await];
    for otto in &everywhere {
        assert!(read(otto, &id).await.is_err(), "not yet");
    }
    let to = ann.find_doctors("Otto").await.unwrap().remove(0);
    let shared = ann.share(&id, &Share::with_code(to.id)).await.unwrap();
    everywhere[1].redeem(&shared.grant, &shared.code.unwrap()).await.unwrap();
    let whole = read(&ann, &id).await.unwrap();
    for otto in &everywhere {
        assert_eq!(read(otto, &id).await.unwrap(), whole);
    }
    ann.revoke(&id, &shared.grant).await.unwrap();
    for otto in &everywhere {
        assert!(read(otto, &id).await.is_err(), "revoked on one, denied on all");
    }
    // Nor does a disabled account act anywhere.
    ada.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    let path = format!("/admin/accounts/{}/disable", otto.account_id());
    assert_eq!(b.post(&path, ada.token(), &json!({})).await.status, StatusCode::NO_CONTENT);
    for (server, otto) in [&a, &b, &c].into_iter().zip(&everywhere) {
        assert_eq!(ask(server, otto.token().unwrap()).await, "signed_out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_segments_go_to_different_servers_is_whole() {
    let Some(Three { place, servers, people: [_, _, ann] }) = Three::new().await else { return };
    let by_all = place.client().sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let passed = place.balancer.passed();
    let id = write(&by_all, PatientChoice::Account(ann.account_id())).await;
    assert!(place.balancer.passed() > passed + 5);
    let whole = read(&by_all, &id).await.unwrap();
    for server in &servers {
        let there = client(server).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
        assert_eq!(read(&there, &id).await.unwrap(), whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_save_at_different_servers_one_is_told_and_both_are_kept() {
    let Some(Three { servers, people: [_, dora, ann], .. }) = Three::new().await else { return };
    dora.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let there = client(&servers[1]).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    for _ in 0..3 {
        let id = write(&dora, PatientChoice::Account(ann.account_id())).await;
        two_save(&dora, &there, id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_together() {
    let Some(Three { servers: [a, b, c], .. }) = Three::new().await else { return };
    let email = "ann@clinic.example";
    for server in [&a, &b, &c, &a, &b] {
        assert_eq!(guess(server, email).await.status, StatusCode::OK);
    }
    // Each delay is twice the one before, wherever the try is made; the last is long enough for a busy machine.
    for (n, server) in [&c, &a, &b].into_iter().enumerate() {
        for clock in [&a, &b, &c].map(|server| &server.state.clock) {
            clock.advance(1_000 << n);
        }
        assert_eq!(guess(server, email).await.status, StatusCode::OK);
    }
    for server in [&a, &b, &c] {
        assert_eq!(guess(server, email).await.code(), "throttled", "five are free, wherever they are made");
        let (right, _) = sign_in_over([server, server], email, PASSWORD, Carrier::Bearer).await;
        assert_eq!(right.code(), "throttled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_write_one_log_and_one_of_them_moves_it() {
    let Some(Three { servers, .. }) = Three::new().await else { return };
    let published = Published::of(&servers[0].origin).await;
    let mut seen = Vec::new();
    for round in 0..12_u64 {
        let recorded = servers.iter().map(|server| {
            let drafts = (0..round * 7 + 1).map(|n| EventDraft::anonymous(Action::System).with("n", n)).collect();
            server.state.audit.record_all(drafts)
        });
        for recorded in futures::future::join_all(recorded).await {
            recorded.unwrap();
        }
        let other = Published::of(&servers[(round % 3) as usize].origin).await;
        assert_eq!(other.key(), published.key());
        seen.push(other.reaching(1).await.0);
    }
    let events = log_events::count(servers[0].state.db.read()).await.unwrap();
    for server in &servers {
        let of = Published::of(&server.origin).await;
        let (newest, took) = of.reaching(events).await;
        assert!(took.as_secs() < 10, "one of them goes on: {took:?}");
        for old in &seen {
            of.assert_consistent(old, &newest).await;
        }
    }
    let key = servers[0].state.log.vkey().parse().unwrap();
    for server in &servers {
        let (db, size) = (server.state.db.read(), events);
        assert!(log::check(db, Tree::Events, &key).await.unwrap() >= size);
        assert!(log::check_entries(db, Tree::Events).await.unwrap().leaves >= size);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_sent_once_by_whichever_server() {
    let Some(post) = Post::new() else { return };
    let Some(place) = Place::new().await else { return };
    let mut mail = post.serve(Smtp::StartTls, 0, &[]);
    let config = post.config(Smtp::StartTls, mail.port);
    let told = |it: &mut server::config::Config| it.mail = Some(config.clone());
    let first = place.first(told).await;
    let mut expected = vec![founder(&first).await.applicant.email];
    let servers = [place.more(&first, told).await, place.more(&first, told).await, first];
    for n in 0..9 {
        let applicant = Applicant::new(&format!("Pat Number{n}"), Role::Patient);
        expected.push(applicant.sign_up(&servers[n % 3], None).await.applicant.email);
        // All of them look at once.
        servers.iter().for_each(|server| server.state.db.mail().notify_one());
    }
    let mut to = Vec::new();
    for _ in 0..expected.len() {
        to.extend(mail.next().await.to);
    }
    to.sort();
    expected.sort();
    assert_eq!(to, expected);
    mail.nothing().await;
}

/// Nothing that one of them still holds in memory lets somebody in whom another has shut out.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_what_was_begun_with_the_old_one_elsewhere() {
    let Some(Three { servers: [a, b, _], people: [_, _, ann], .. }) = Three::new().await else { return };
    let second = client(&b).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ann.change_password("another password here").await.unwrap();
    assert!(second.sessions().await.is_err());
    let old = client(&b).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await;
    assert!(matches!(old, Err(ClientError::WrongPassword)));
    let (new, _) = sign_in_over([&b, &a], "ann@clinic.example", "another password here", Carrier::Bearer).await;
    assert_eq!(new.status, StatusCode::OK);
}
