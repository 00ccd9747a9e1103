//! Live events: heard by the one they are for, and over with the session.

use std::time::{Duration, Instant};

use api_types::{
    AccountId, SessionId,
    accounts::Role,
    live::{LiveEvent, LiveKind},
    sessions::Carrier,
    sign_in::SignedIn,
};
use client::{NoSecondFactor, Recover, sse::SseParser};
use futures::{Stream, StreamExt, stream};
use reqwest::Method;
use server::{AppState, clock::MINUTE, live, storage::live_events, upkeep};

use crate::{
    harness::Server,
    honest_client::{client, clinic, device, join},
    person::{Applicant, Person, founder, sign_in},
};

/// What an account is told from a moment on, as it stands in the table.
pub struct Told(AccountId, i64);

impl Told {
    pub async fn from_now(state: &AppState, account: AccountId) -> Self {
        Self(account, live_events::newest(state.db.read()).await.unwrap().map_or(0, |newest| newest.id))
    }

    pub async fn kinds(&self, state: &AppState) -> Vec<LiveKind> {
        let rows = live_events::after(state.db.read(), self.0, self.1, 1000).await.unwrap();
        rows.into_iter().map(|row| row.event.kind).collect()
    }
}

/// Tells an account something, as a change would.
pub async fn tell(server: &Server, account: AccountId, kind: LiveKind) {
    let mut tx = server.state.db.begin_write().await.unwrap();
    tx.tell(account, live::event(kind));
    tx.commit().await.unwrap();
}

/// An event as it came: with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub id: Option<String>,
    pub event: LiveEvent,
}

/// A stream that goes on behind an id.
pub async fn listen_from(
    http: &reqwest::Client,
    origin: &str,
    token: &str,
    last: Option<&str>,
) -> impl Stream<Item = Heard> + Unpin + use<> {
    try_listen_from(http, origin, token, last).await.unwrap()
}

/// As [`listen_from`], at a server that may be away.
pub async fn try_listen_from(
    http: &reqwest::Client,
    origin: &str,
    token: &str,
    last: Option<&str>,
) -> reqwest::Result<impl Stream<Item = Heard> + Unpin + use<>> {
    let mut request = http.request(Method::GET, format!("{origin}/api/v1/live")).bearer_auth(token);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await?.error_for_status()?;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut parser = SseParser::default();
    let heard = response.bytes_stream().flat_map(move |chunk| {
        // A server that is killed breaks the line.
        let messages = chunk.map(|bytes| parser.push(&bytes)).unwrap_or_default();
        stream::iter(messages.into_iter().map(|message| Heard { id: message.id, event: message.event }))
    });
    Ok(Box::pin(heard))
}

/// The next one, if it comes soon; `None` at the end of the stream.
pub async fn next_heard(events: &mut (impl Stream<Item = Heard> + Unpin)) -> Option<Heard> {
    tokio::time::timeout(Duration::from_secs(10), events.next()).await.expect("nothing came")
}

async fn patient(server: &Server) -> Person {
    founder(server).await;
    Applicant::new("Pat Patient", Role::Patient).sign_up(server, None).await
}

/// The events of a stream, parsed.
pub async fn listen(server: &Server, token: &str) -> impl Stream<Item = LiveEvent> + Unpin + use<> {
    let heard = listen_from(&reqwest::Client::new(), &server.origin, token, None).await;
    Box::pin(heard.map(|heard| heard.event))
}

pub async fn next(events: &mut (impl Stream<Item = LiveEvent> + Unpin)) -> Option<LiveKind> {
    let event = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("nothing came");
    event.map(|event| event.kind)
}

/// A page that is open on a session, and has heard nothing yet.
pub async fn open_page(server: &Server, token: &str) -> impl Stream<Item = LiveEvent> + Unpin + use<> {
    let mut page = listen(server, token).await;
    assert_eq!(next(&mut page).await, Some(LiveKind::Resync));
    page
}

/// The page is told that this session began, at most a second after whoever began it was answered.
pub async fn hears_of(page: &mut (impl Stream<Item = LiveEvent> + Unpin), began: SessionId) {
    let heard = async { [page.next().await, page.next().await].map(|event| event.expect("the stream has ended")) };
    let [changed, event] = tokio::time::timeout(Duration::from_secs(1), heard).await.expect("nothing came");
    assert_eq!(changed.kind, LiveKind::SessionsChanged);
    assert_eq!((event.kind, event.session_id), (LiveKind::SessionBegan, Some(began)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_with_resync_and_tells_its_own_person() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let quinn = Applicant::new("Quinn Patient", Role::Patient).sign_up(&server, None).await;
    let mut events = listen(&server, &pat.token).await;
    assert_eq!(next(&mut events).await, Some(LiveKind::Resync));
    tell(&server, quinn.id, LiveKind::ShareArrived).await;
    tell(&server, pat.id, LiveKind::ReportChanged).await;
    assert_eq!(next(&mut events).await, Some(LiveKind::ReportChanged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_sign_in_is_told_to_the_pages_that_are_open() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let mut events = listen(&server, &pat.token).await;
    assert_eq!(next(&mut events).await, Some(LiveKind::Resync));
    // Heard beside the sign-in, which it may come before.
    let heard = tokio::spawn(async move {
        let first = events.next().await?;
        let second = events.next().await?;
        Some((first.kind, second, Instant::now()))
    });
    let (answer, _) = sign_in(&server, &pat.applicant.email, &pat.applicant.password, Carrier::Bearer).await;
    let answered = Instant::now();
    let began: SignedIn = answer.body();
    let heard = tokio::time::timeout(Duration::from_secs(5), heard).await.expect("nothing came");
    let (first, event, at) = heard.unwrap().expect("the stream has ended");
    assert_eq!(first, LiveKind::SessionsChanged);
    assert_eq!((event.kind, event.session_id), (LiveKind::SessionBegan, Some(began.session.id)));
    let late = at.saturating_duration_since(answered);
    assert!(late < Duration::from_secs(1), "told {late:?} after the answer");
}

/// A recovery ends every other session: their pages hear no more than that, and of the recovery where they are signed in again.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_ends_the_pages_that_are_open_and_is_told_to_whoever_comes_back() {
    let server = Server::start().await;
    clinic(&server).await;
    let (bea, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    tell(&server, bea.account_id(), LiveKind::ReportChanged).await;
    let (http, token) = (reqwest::Client::new(), bea.token().unwrap().to_owned());
    let mut page = listen_from(&http, &server.origin, &token, None).await;
    let here = next_heard(&mut page).await.unwrap();
    assert_eq!(here.event.kind, LiveKind::Resync);
    let words = words.join(" ");
    let recover =
        Recover { email: "bea@clinic.example", words: &words, password: "another password entirely", device: device() };
    let recovered = client(&server).recover(recover, &NoSecondFactor).await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(1), page.next()).await.expect("it goes on");
    assert_eq!(end, None, "and tells nothing more");
    assert_eq!(server.get("/live", Some(&token)).await.code(), "signed_out");

    let mut page = listen_from(&http, &server.origin, recovered.token().unwrap(), here.id.as_deref()).await;
    assert_eq!(next_heard(&mut page).await.unwrap().event.kind, LiveKind::SessionsChanged);
    let event = next_heard(&mut page).await.unwrap().event;
    assert_eq!((event.kind, event.session_id), (LiveKind::SessionBegan, Some(recovered.who().session.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_session() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let mut events = listen(&server, &pat.token).await;
    assert_eq!(next(&mut events).await, Some(LiveKind::Resync));
    assert_eq!(server.delete("/session", Some(&pat.token)).await.status, 204);
    assert_eq!(next(&mut events).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_streams() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let mut events = listen(&server, &pat.token).await;
    assert_eq!(next(&mut events).await, Some(LiveKind::Resync));
    let stopped = tokio::time::timeout(Duration::from_secs(5), server.stop());
    let (end, stopped) = tokio::join!(next(&mut events), stopped);
    assert_eq!(end, None);
    assert!(stopped.is_ok(), "it waited for the stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_streams_are_refused() {
    let server = Server::start().await;
    assert_eq!(server.get("/live", None).await.code(), "signed_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_it_broke_and_says_each_thing_once() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let http = reqwest::Client::new();
    let stream = async |last: Option<&str>| listen_from(&http, &server.origin, &pat.token, last).await;
    let mut events = stream(None).await;
    let begun = next_heard(&mut events).await.unwrap();
    assert_eq!(begun.event.kind, LiveKind::Resync);
    tell(&server, pat.id, LiveKind::ReportChanged).await;
    let first = next_heard(&mut events).await.unwrap();
    drop(events);
    tell(&server, pat.id, LiveKind::ShareArrived).await;
    tell(&server, pat.id, LiveKind::CodeRequested).await;
    let mut events = stream(first.id.as_deref()).await;
    let kinds = [next_heard(&mut events).await.unwrap(), next_heard(&mut events).await.unwrap()];
    assert_eq!(kinds.clone().map(|heard| heard.event.kind), [LiveKind::ShareArrived, LiveKind::CodeRequested]);
    tell(&server, pat.id, LiveKind::TeamChanged).await;
    assert_eq!(next_heard(&mut events).await.unwrap().event.kind, LiveKind::TeamChanged);
    // From the place that the first stream began at, everything comes again, in its order.
    let mut events = stream(begun.id.as_deref()).await;
    for expected in [&first, &kinds[0], &kinds[1]] {
        assert_eq!(&next_heard(&mut events).await.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_gone_or_was_never_there_begins_anew() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let http = reqwest::Client::new();
    let first = async |last: &str| {
        let mut events = listen_from(&http, &server.origin, &pat.token, Some(last)).await;
        next_heard(&mut events).await.unwrap()
    };
    tell(&server, pat.id, LiveKind::ReportChanged).await;
    let mut events = listen_from(&http, &server.origin, &pat.token, None).await;
    let here = next_heard(&mut events).await.unwrap().id.unwrap();
    tell(&server, pat.id, LiveKind::ShareArrived).await;
    assert_eq!(first(&here).await.event.kind, LiveKind::ShareArrived);
    let (id, nonce) = here.split_once('.').unwrap();
    let other = if nonce.starts_with('0') { "1" } else { "0" };
    let forged = format!("{id}.{}", other.repeat(16));
    for last in ["", "x", "-1", "99999999.0000000000000000", forged.as_str()] {
        assert_eq!(first(last).await.event.kind, LiveKind::Resync, "{last}");
    }
    server.state.clock.advance(live::KEPT_FOR + 1);
    upkeep::once(&server.state).await.unwrap();
    let anew = first(&here).await;
    assert_eq!(anew.event.kind, LiveKind::Resync, "it is too old");
    let newest = live_events::newest(server.state.db.read()).await.unwrap().unwrap();
    assert_eq!(anew.id, Some(newest.to_string()), "the newest stays: ids go on from it");
    tell(&server, pat.id, LiveKind::CodeRequested).await;
    assert_eq!(first(&newest.to_string()).await.event.kind, LiveKind::CodeRequested);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clock_that_is_behind_wrote_does_not_go_before_the_place_below_it() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let http = reqwest::Client::new();
    tell(&server, pat.id, LiveKind::ReportChanged).await;
    let here = live_events::newest(server.state.db.read()).await.unwrap().unwrap().to_string();
    // Another server's clock is ten minutes behind.
    server.state.clock.advance(-10 * MINUTE);
    tell(&server, pat.id, LiveKind::ShareArrived).await;
    server.state.clock.advance(10 * MINUTE + live::KEPT_FOR - 5 * MINUTE);
    tell(&server, pat.id, LiveKind::CodeRequested).await;
    upkeep::once(&server.state).await.unwrap();
    let mut events = listen_from(&http, &server.origin, &pat.token, Some(&here)).await;
    let first = next_heard(&mut events).await.unwrap().event.kind;
    assert_eq!(first, LiveKind::Resync, "the share is gone, and with it every place below it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_committed_is_told_to_nobody() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let told = Told::from_now(&server.state, pat.id).await;
    let mut tx = server.state.db.begin_write().await.unwrap();
    tx.tell(pat.id, live::event(LiveKind::ShareArrived));
    drop(tx);
    let mut tx = server.state.db.begin_write().await.unwrap();
    for _ in 0..2 {
        tx.tell(pat.id, live::event(LiveKind::ReportChanged));
    }
    tx.commit().await.unwrap();
    assert_eq!(told.kinds(&server.state).await, [LiveKind::ReportChanged], "the same of one change once");
}
