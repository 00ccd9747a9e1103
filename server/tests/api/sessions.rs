//! Sessions: carried, listed, ended, and over by themselves.

use api_types::{
    accounts::Role,
    sessions::{Carrier, CurrentSession, Place, Session, SessionList},
    sign_in::SignedIn,
};
use client::NoSecondFactor;
use reqwest::Method;
use server::clock::{DAY, HOUR, MINUTE};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, client, clinic, device},
    person::{Applicant, Person, founder, sign_in, sign_in_by},
};

async fn patient(server: &Server) -> Person {
    founder(server).await;
    Applicant::new("Pat Patient", Role::Patient).sign_up(server, None).await
}

/// Signs in once more; gives the bearer token.
async fn another(server: &Server, person: &Person) -> String {
    let (answer, _) = sign_in(server, &person.applicant.email, &person.applicant.password, Carrier::Bearer).await;
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// Signs in as the page does; gives the cookie.
async fn cookie(server: &Server, person: &Person) -> String {
    let (answer, _) = sign_in(server, &person.applicant.email, &person.applicant.password, Carrier::Cookie).await;
    let header = answer.headers["set-cookie"].to_str().unwrap();
    header.split(';').next().unwrap().to_owned()
}

async fn signed_in(server: &Server, request: reqwest::RequestBuilder) -> bool {
    let session: CurrentSession = server.send(request).await.body();
    session.signed_in.is_some()
}

/// Whoever ends other sessions and is cut off at that moment has ended them: what was remembered of them counts no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_cut_off_leaves_no_ended_session_behind() {
    let server = Server::start().await;
    let person = patient(&server).await;
    let other = another(&server, &person).await;
    let answers = async || server.get("/account", Some(&other)).await.status.as_u16();
    assert_eq!(answers().await, 200, "recognised, and remembered");
    let tx = server.state.db.begin_write().await.unwrap();
    server::storage::sessions::delete_others(tx.conn(), person.id, None).await.unwrap();
    let mut commit = Box::pin(tx.commit());
    assert!(futures::poll!(&mut commit).is_pending(), "it is under way");
    drop(commit);
    // The next transaction waits for it.
    drop(server.state.db.begin_write().await.unwrap());
    for _ in 0..100 {
        if answers().await == 401 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the ended session is still let in");
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_out_is_no_error() {
    let server = Server::start().await;
    assert_eq!(server.get("/session", None).await.json(), serde_json::json!({}));
    assert_eq!(server.get("/session", Some("nonsense")).await.json(), serde_json::json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_works_only_the_way_it_was_given() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let cookie = cookie(&server, &pat).await;
    let value = cookie.strip_prefix("__Host-session=").unwrap();
    let get = || server.request(Method::GET, "/api/v1/session");
    assert!(signed_in(&server, get().header("cookie", &cookie)).await);
    assert!(!signed_in(&server, get().bearer_auth(value)).await);
    assert!(!signed_in(&server, get().header("cookie", format!("__Host-session={}", pat.token))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_a_session_is_effective_at_once() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let other = another(&server, &pat).await;
    let list: SessionList = server.get("/sessions", Some(&pat.token)).await.body();
    assert_eq!(list.items.len(), 2);
    let current: Vec<_> = list.items.iter().filter(|s| s.current).collect();
    assert_eq!((current.len(), current[0].id), (1, pat.signed_in.session.id));
    let theirs = list.items.iter().find(|s| !s.current).unwrap().id;

    assert_eq!(server.get("/account", Some(&other)).await.status, 200);
    assert_eq!(server.delete(&format!("/sessions/{theirs}"), Some(&pat.token)).await.status, 204);
    assert_eq!(server.get("/account", Some(&other)).await.code(), "signed_out");
    assert_eq!(server.delete(&format!("/sessions/{theirs}"), Some(&pat.token)).await.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_where_a_session_began() {
    let trusted = |config: &mut server::config::Config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    for (server, believed) in [(Server::start().await, false), (Server::start_with(trusted).await, true)] {
        let pat = patient(&server).await;
        let places = async |from: Option<&str>| {
            let mut request = server.request(Method::GET, "/api/v1/sessions").bearer_auth(&pat.token);
            if let Some(from) = from {
                request = request.header("x-forwarded-for", from);
            }
            let list: SessionList = server.send(request).await.body();
            list.items.iter().map(|session| (session.place, session.same_network)).collect::<Vec<_>>()
        };
        assert_eq!(places(None).await, [(Some(Place::ThisMachine), true)]);
        // Nobody says themselves where they are: only a proxy that the operator named is believed.
        assert_eq!(places(Some("203.0.113.7")).await, [(Some(Place::ThisMachine), !believed)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_what_began_where_and_when_it_was_last_used() {
    let trusted = |config: &mut server::config::Config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let server = Server::start_with(trusted).await;
    let pat = patient(&server).await;
    let comes = async |device: &str, from: &str| {
        server.state.clock.advance(HOUR);
        let who = (&pat.applicant.email[..], &pat.applicant.password[..]);
        let (answer, _) = sign_in_by([&server, &server], who, Carrier::Bearer, (device, Some(from))).await;
        answer.body::<SignedIn>()
    };
    let ward = comes("hs on ward-3", "10.1.2.3").await;
    let home = comes("Firefox on Linux", "203.0.113.7").await;
    server.state.clock.advance(2 * HOUR);
    assert_eq!(server.get("/account", ward.token.as_deref()).await.status, 200);
    let now = server.state.clock.now();

    let request = server.request(Method::GET, "/api/v1/sessions").bearer_auth(&pat.token);
    let list: SessionList = server.send(request.header("x-forwarded-for", "203.0.113.99")).await.body();
    let shown = |s: &Session| (s.id, s.device.clone(), s.place, s.same_network, s.current);
    assert_eq!(
        list.items.iter().map(shown).collect::<Vec<_>>(),
        [
            (home.session.id, "Firefox on Linux".to_owned(), Some(Place::Internet), true, false),
            (ward.session.id, "hs on ward-3".to_owned(), Some(Place::LocalNetwork), false, false),
            (pat.signed_in.session.id, "test".to_owned(), Some(Place::ThisMachine), false, true),
        ],
        "newest first"
    );
    // The clock is the server's own, so a moment goes by between the steps.
    let ago = |time: i64, hours: i64| (0..MINUTE).contains(&(now - hours * HOUR - time));
    let [home, ward, own] = &list.items[..] else { panic!("three of them") };
    assert!(ago(home.created_at, 2) && home.last_seen_at == home.created_at, "{home:?}, now {now}");
    assert!(ago(ward.created_at, 3) && ago(ward.last_seen_at, 0), "{ward:?}, now {now}");
    assert!(ago(own.created_at, 4) && (now - MINUTE..now + MINUTE).contains(&own.last_seen_at), "{own:?}, now {now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_anothers_session() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let quinn = Applicant::new("Quinn Patient", Role::Patient).sign_up(&server, None).await;
    let path = format!("/sessions/{}", pat.signed_in.session.id);
    assert_eq!(server.delete(&path, Some(&quinn.token)).await.code(), "not_found");
    assert_eq!(server.get("/account", Some(&pat.token)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_others_end_and_this_one_stays() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let (second, third) = (another(&server, &pat).await, another(&server, &pat).await);
    assert_eq!(server.delete("/sessions", Some(&second)).await.status, 204);
    for ended in [&pat.token, &third] {
        assert_eq!(server.get("/account", Some(ended)).await.code(), "signed_out");
    }
    assert_eq!(server.get("/account", Some(&second)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_other_sessions_asks_for_a_confirmed_one_and_signing_out_for_nothing() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let again =
        async || client(&server).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let (other, third) = (again().await, again().await);
    let theirs = other.sessions().await.unwrap().iter().find(|session| session.current).unwrap().id;
    server.state.clock.advance(11 * MINUTE);
    for refused in [ann.end_session(&theirs).await, ann.end_other_sessions().await] {
        assert_eq!(refused.unwrap_err().code(), "confirmation_required");
    }
    let own = third.sessions().await.unwrap().iter().find(|session| session.current).unwrap().id;
    third.end_session(&own).await.unwrap();
    assert_eq!(third.sessions().await.unwrap_err().code(), "signed_out");
    assert_eq!(ann.sessions().await.unwrap().len(), 2);
    ann.confirm(PASSWORD, &NoSecondFactor).await.unwrap();
    ann.end_session(&theirs).await.unwrap();
    assert_eq!(other.sessions().await.unwrap_err().code(), "signed_out");
    again().await;
    ann.end_other_sessions().await.unwrap();
    assert_eq!(ann.sessions().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_clears_the_cookie() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let cookie = cookie(&server, &pat).await;
    let request = || server.request(Method::DELETE, "/api/v1/session").header("cookie", &cookie);
    assert_eq!(server.send(request()).await.code(), "origin_refused");
    let answer = server.send(request().header("origin", &server.origin)).await;
    assert_eq!(answer.status, 204);
    assert!(answer.headers["set-cookie"].to_str().unwrap().starts_with("__Host-session=; Max-Age=0;"));
    assert!(!signed_in(&server, server.request(Method::GET, "/api/v1/session").header("cookie", &cookie)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_unused_and_at_their_absolute_limit() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let get = |cookie: &str| server.request(Method::GET, "/api/v1/session").header("cookie", cookie.to_owned());

    let unused = cookie(&server, &pat).await;
    server.state.clock.advance(12 * HOUR - 60_000);
    let used = cookie(&server, &pat).await;
    assert!(signed_in(&server, get(&used)).await);
    server.state.clock.advance(60_000);
    assert!(!signed_in(&server, get(&unused)).await, "12 hours unused");
    // Used every 11 hours it lives for seven days, and no longer.
    let mut hours = 0;
    while hours + 11 < 7 * 24 {
        server.state.clock.advance(11 * HOUR);
        hours += 11;
        assert!(signed_in(&server, get(&used)).await, "after {hours} hours");
    }
    server.state.clock.advance(11 * HOUR);
    assert!(!signed_in(&server, get(&used)).await, "after seven days");
    // Programs keep theirs for 30 days unused.
    assert_eq!(server.get("/account", Some(&pat.token)).await.status, 200);
    server.state.clock.advance(30 * DAY);
    assert_eq!(server.get("/account", Some(&pat.token)).await.code(), "signed_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_stored_as_hashes_only() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let token = pat.token.clone();
    let raw = api_types::B64::decode(&token).unwrap().0;
    let set_up = server.set_up_token.clone();
    let folder = server.stop().await;
    let mut files = 0;
    for entry in walk(folder.path()) {
        let bytes = std::fs::read(&entry).unwrap();
        files += 1;
        for secret in [token.as_bytes(), &raw, set_up.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{}", entry.display());
        }
    }
    assert!(files > 2, "the search found the files");
}

pub fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_outlive_a_restart() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let folder = server.stop().await;
    let server = Server::start_in(folder, |_| ()).await;
    assert!(server.set_up_token.is_empty());
    assert_eq!(server.get("/account", Some(&pat.token)).await.status, 200);
    let (answer, _) = sign_in(&server, &pat.applicant.email, &pat.applicant.password, Carrier::Bearer).await;
    assert_eq!(answer.status, 200, "the OPAQUE keys are the same");
}
