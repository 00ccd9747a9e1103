//! Parts: ranges over segments, entity tags, and an event for every read.

use api_types::{
    ErrorCode,
    accounts::AccountStatus,
    audit::{Action, AuditEventList},
    tokens::Scope,
};
use axum::{
    body::{Body, BodyDataStream},
    http::{Method, Request, StatusCode, header},
};
use crypto::report::Right;
use futures::StreamExt;
use server::storage::accounts;

use crate::{
    sealing::{Made, grant, own},
    tokens,
    world::{Answer, Person, World},
};

/// Two full segments and a rest.
pub async fn stored(world: &World) -> (Made, Vec<u8>, Person) {
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let file: Vec<u8> = (0..17 * 1024 * 1024u32).map(|i| (i % 241) as u8).collect();
    let mut made = Made::found(world.now(), &doctor, &patient);
    let sealed = world.upload_version(&doctor, &made, 1, 0, &[file]).await;
    world.post(&doctor, "/reports", &made.creation(sealed.body.clone())).await.ok();
    let part = sealed.parts[1].clone();
    made.keep(sealed);
    (made, part, patient)
}

pub async fn get(world: &World, who: &Person, made: &Made, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/reports/{}/versions/1/revisions/0/parts/1", made.id);
    world.send(Some(who), Method::GET, &path, headers, Body::empty()).await
}

#[tokio::test]
async fn a_part_is_read_whole_and_by_range() {
    whole_and_by_range(&World::new().await).await;
}

pub async fn whole_and_by_range(world: &World) {
    let (made, part, patient) = stored(world).await;
    let whole = get(world, &patient, &made, &[]).await;
    assert_eq!(whole.status, StatusCode::OK);
    assert_eq!(whole.headers[header::CONTENT_LENGTH], part.len().to_string());
    assert!(whole.body == part, "the bytes are those uploaded");

    let border = 56 + 512 * 16_400;
    for (from, to) in [(0, 55), (border - 1, border), (10, 2 * border), (part.len() - 3, part.len() - 1)] {
        let range = format!("bytes={from}-{to}");
        let answer = get(world, &patient, &made, &[("range", &range)]).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert!(answer.body == part[from..=to], "{range}");
        let expected = format!("bytes {from}-{to}/{}", part.len());
        assert_eq!(answer.headers[header::CONTENT_RANGE], expected);
    }
    let suffix = get(world, &patient, &made, &[("range", "bytes=-16")]).await;
    assert!(suffix.body == part[part.len() - 16..]);
    let outside = get(world, &patient, &made, &[("range", "bytes=99999999999-")]).await;
    assert_eq!(outside.code(), ErrorCode::RangeNotSatisfiable);
    assert_eq!(outside.headers[header::CONTENT_RANGE], format!("bytes */{}", part.len()));
}

#[tokio::test]
async fn entity_tags_are_strong() {
    let world = World::new().await;
    let (made, part, patient) = stored(&world).await;
    let first = get(&world, &patient, &made, &[("range", "bytes=0-0")]).await;
    let etag = first.headers[header::ETAG].to_str().unwrap().to_owned();
    assert!(etag.starts_with('"'));
    let same = get(&world, &patient, &made, &[("if-none-match", &etag)]).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let resumed = get(&world, &patient, &made, &[("range", "bytes=5-9"), ("if-range", &etag)]).await;
    assert_eq!(resumed.status, StatusCode::PARTIAL_CONTENT);
    let changed = get(&world, &patient, &made, &[("range", "bytes=5-9"), ("if-range", "\"other\"")]).await;
    assert_eq!((changed.status, changed.body.len()), (StatusCode::OK, part.len()));
}

#[tokio::test]
async fn every_read_is_an_event_with_its_range() {
    let world = World::new().await;
    let (made, _, patient) = stored(&world).await;
    get(&world, &patient, &made, &[("range", "bytes=0-55")]).await;
    let stranger = world.doctor().await;
    assert_eq!(get(&world, &stranger, &made, &[]).await.code(), ErrorCode::NotFound);
    let events: AuditEventList = world.get(&patient, &format!("/reports/{}/events", made.id)).await.json();
    let open: Vec<_> = events.items.iter().filter(|event| event.action == Action::Open).collect();
    assert_eq!(open.len(), 2, "one read, one denial");
    assert_eq!((open[0].actor, open[1].actor), (Some(stranger.id), Some(patient.id)));
    assert_eq!(open[1].subject, "version=1 part=1 revision=0 from=0 to=56");
}

/// Neither answer holds a byte of the part; both say something of it, and to whom.
#[tokio::test]
async fn answers_without_a_byte_are_events_too() {
    let world = World::new().await;
    let (made, _, patient) = stored(&world).await;
    let first = get(&world, &patient, &made, &[("range", "bytes=0-0")]).await;
    let etag = first.headers[header::ETAG].to_str().unwrap();
    assert_eq!(get(&world, &patient, &made, &[("if-none-match", etag)]).await.status, StatusCode::NOT_MODIFIED);
    get(&world, &patient, &made, &[("range", "bytes=99999999999-")]).await;
    let events: AuditEventList = world.get(&patient, &format!("/reports/{}/events", made.id)).await.json();
    let told: Vec<_> =
        events.items.iter().filter(|event| event.action == Action::Open).map(|e| &e.subject[..]).collect();
    let place = "version=1 part=1 revision=0";
    assert_eq!(
        told,
        [format!("{place} what=outside"), format!("{place} what=not_modified"), format!("{place} from=0 to=1"),]
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new().await;
    let (made, _, patient) = stored(&world).await;
    for place in ["2/revisions/0/parts/1", "1/revisions/1/parts/1", "1/revisions/0/parts/2", "1/revisions/0/parts/0"] {
        let path = format!("/reports/{}/versions/{place}", made.id);
        assert_eq!(world.get(&patient, &path).await.code(), ErrorCode::NotFound, "{place}");
    }
}

/// A download under way: its first bytes are there, its first segment is not at its end.
struct Download {
    body: BodyDataStream,
    read: usize,
}

impl Download {
    async fn begin(world: &World, token: &str, made: &Made) -> Self {
        let request = Request::get(format!("/api/v1/reports/{}/versions/1/revisions/0/parts/1", made.id))
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let response = world.begin(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body().into_data_stream();
        let read = body.next().await.unwrap().unwrap().len();
        Self { body, read }
    }

    /// Bytes until it ends, and whether it ended in order.
    async fn finish(mut self) -> (usize, bool) {
        while let Some(piece) = self.body.next().await {
            match piece {
                Ok(bytes) => self.read += bytes.len(),
                Err(_) => return (self.read, false),
            }
        }
        (self.read, true)
    }
}

/// What the audit says of the cut.
async fn cuts(world: &World, owner: &Person, made: &Made) -> Vec<String> {
    let events: AuditEventList = world.get(owner, &format!("/reports/{}/events", made.id)).await.json();
    events.items.into_iter().map(|event| event.subject).filter(|subject| subject.contains("what=cut")).collect()
}

/// The first segment with its header: where a download that was judged anew is cut.
const FIRST: usize = 56 + 512 * 16_400;

#[tokio::test]
async fn a_download_ends_with_its_session() {
    let world = World::new().await;
    let (made, part, patient) = stored(&world).await;
    let (session, token) = world.session(&patient).await;
    let undisturbed = Download::begin(&world, &token, &made).await;
    assert_eq!(undisturbed.finish().await, (part.len(), true));
    let download = Download::begin(&world, &token, &made).await;
    world.delete(&patient, &format!("/sessions/{session}")).await.ok();
    assert_eq!(download.finish().await, (FIRST, false));
    assert_eq!(cuts(&world, &patient, &made).await, ["version=1 part=1 revision=0 what=cut code=signed_out"]);
}

#[tokio::test]
async fn a_download_ends_when_its_session_is_over_by_itself() {
    let world = World::new().await;
    let (made, _, patient) = stored(&world).await;
    let (_, token) = world.session(&patient).await;
    let download = Download::begin(&world, &token, &made).await;
    world.state.clock.advance(31 * server::clock::DAY);
    assert_eq!(download.finish().await, (FIRST, false));
}

#[tokio::test]
async fn a_download_ends_with_its_api_token() {
    let world = World::new().await;
    let (made, part, patient) = stored(&world).await;
    let token = tokens::make(&world, &patient, &[Scope::ReportsRead]).await;
    let undisturbed = Download::begin(&world, &token.secret, &made).await;
    assert_eq!(undisturbed.finish().await, (part.len(), true));
    let download = Download::begin(&world, &token.secret, &made).await;
    world.delete(&patient, &format!("/account/tokens/{}", token.token.id)).await.ok();
    assert_eq!(download.finish().await, (FIRST, false));
    let short = tokens::make(&world, &patient, &[Scope::ReportsRead]).await;
    let download = Download::begin(&world, &short.secret, &made).await;
    world.state.clock.advance(31 * server::clock::DAY);
    assert_eq!(download.finish().await, (FIRST, false));
}

#[tokio::test]
async fn a_download_ends_with_its_account() {
    let world = World::new().await;
    let (made, _, patient) = stored(&world).await;
    let download = Download::begin(&world, &patient.token, &made).await;
    let tx = world.state.db.begin_write().await.unwrap();
    accounts::set_status(tx.conn(), patient.id, AccountStatus::Disabled, None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(download.finish().await, (FIRST, false));
}

#[tokio::test]
async fn a_download_ends_with_its_grant() {
    let world = World::new().await;
    let (mut made, _, patient) = stored(&world).await;
    let colleague = world.doctor().await;
    made.knows(&colleague);
    let new = grant(own(&colleague), Right::View);
    let id = new.id;
    let path = format!("/reports/{}/grants", made.id);
    let body = made.share(world.now(), &patient, new, None);
    world.post(&patient, &path, &body).await.ok();
    let download = Download::begin(&world, &colleague.token, &made).await;
    let body = made.revocation(world.now(), &patient, id);
    world.post(&patient, &format!("{path}/{id}/revoke"), &body).await.ok();
    assert_eq!(download.finish().await, (FIRST, false));
    assert_eq!(cuts(&world, &patient, &made).await, ["version=1 part=1 revision=0 what=cut code=not_found"]);
}
