//! Live events: heard by the one they are for, and over with the session.

use std::time::{Duration, Instant};

use api_types::{
    accounts::Role,
    live::{LiveEvent, LiveKind},
    sessions::Carrier,
    sign_in::SignedIn,
};
use futures::{Stream, StreamExt, stream};
use reqwest::Method;
use server::live;

use crate::{
    harness::Server,
    person::{Applicant, Person, founder, sign_in},
};

async fn patient(server: &Server) -> Person {
    founder(server).await;
    Applicant::new("Pat Patient", Role::Patient).sign_up(server, None).await
}

/// The events of a stream, parsed.
pub async fn listen(server: &Server, token: &str) -> impl Stream<Item = LiveEvent> + Unpin + use<> {
    let response = server.request(Method::GET, "/api/v1/live").bearer_auth(token).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let chunks = response.bytes_stream();
    let events = chunks.flat_map(|chunk| {
        let text = String::from_utf8(chunk.map(|c| c.to_vec()).unwrap_or_default()).unwrap();
        let data: Vec<String> = text.lines().filter_map(|l| l.strip_prefix("data: ").map(str::to_owned)).collect();
        stream::iter(data)
    });
    Box::pin(events.map(|data| serde_json::from_str(&data).unwrap()))
}

pub async fn next(events: &mut (impl Stream<Item = LiveEvent> + Unpin)) -> Option<LiveKind> {
    let event = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("nothing came");
    event.map(|event| event.kind)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_with_resync_and_tells_its_own_person() {
    let server = Server::start().await;
    let pat = patient(&server).await;
    let quinn = Applicant::new("Quinn Patient", Role::Patient).sign_up(&server, None).await;
    let mut events = listen(&server, &pat.token).await;
    assert_eq!(next(&mut events).await, Some(LiveKind::Resync));
    server.state.live.publish(quinn.id, live::event(LiveKind::ShareArrived));
    server.state.live.publish(pat.id, live::event(LiveKind::ReportChanged));
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
