//! Parts: ranges over segments, entity tags, an event for every read, and what isn't what its author signed.

use std::{ops::Range, os::unix::fs::FileExt};

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
use entities::part_segments;
use futures::StreamExt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use server::{
    scrub::{self, ScrubPlan},
    services::in_flight::HELD_PIECES,
    storage::{
        accounts,
        blobs::Crc64,
        damaged_blobs,
        versions::{self, RevisionKey},
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::left_out,
    s3,
    sealing::{Made, grant, own, segment},
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

    /// All that comes, which ends in order.
    async fn all(mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = self.body.next().await {
            all.extend_from_slice(&piece.unwrap());
        }
        all
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

/// Bytes of a range that come, and whether they end in order.
async fn came(world: &World, who: &Person, made: &Made, range: Range<usize>) -> (usize, bool) {
    let request = Request::get(format!("/api/v1/reports/{}/versions/1/revisions/0/parts/1", made.id))
        .header(header::AUTHORIZATION, format!("Bearer {}", who.token))
        .header(header::RANGE, format!("bytes={}-{}", range.start, range.end - 1));
    let response = world.begin(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    Download { body: response.into_body().into_data_stream(), read: 0 }.finish().await
}

/// Changes the first byte of a blob. Gives what it held.
async fn change(world: &World, key: &str) -> Vec<u8> {
    let whole = world.state.blobs.whole(key).await.unwrap();
    let mut changed = whole.clone();
    changed[0] ^= 1;
    world.state.blobs.store(key, &changed).await.unwrap();
    whole
}

/// A checksum as rows have it.
pub fn checksum(bytes: &[u8]) -> Option<i64> {
    let mut sum = Crc64::default();
    sum.update(bytes);
    Some(sum.value().cast_signed())
}

/// Those of a revision's segments, in order.
pub async fn checksums(world: &World, made: &Made, version: i32, revision: i32) -> Vec<Option<i64>> {
    let of = RevisionKey { report: made.id.0.to_vec(), version, revision };
    let rows = versions::all_segments(world.state.db.read(), &of).await.unwrap();
    rows.into_iter().map(|row| row.crc64).collect()
}

/// Writes one into all rows of a report, right or not.
async fn set_checksums(world: &World, made: &Made, crc64: Option<i64>) {
    let tx = world.state.db.begin_write().await.unwrap();
    part_segments::Entity::update_many()
        .col_expr(part_segments::Column::Crc64, Expr::value(crc64))
        .filter(part_segments::Column::ReportId.eq(made.id.0.to_vec()))
        .exec(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// What is known to be changed.
async fn changed(world: &World) -> Vec<String> {
    let damaged = damaged_blobs::list(world.state.db.read(), 100).await.unwrap();
    damaged.into_iter().filter(|row| row.health == "changed").map(|row| row.key).collect()
}

#[tokio::test]
async fn a_changed_segment_breaks_its_answer_off_and_is_given_out_no_more() {
    changed_segments(&World::new().await).await;
}

/// Nobody scrubs: the first who reads one makes it known.
pub async fn changed_segments(world: &World) {
    let (made, part, patient) = stored(world).await;
    let row = versions::part(world.state.db.read(), made.id, 1, 0, 1).await.unwrap().unwrap();
    let rows = versions::segments(world.state.db.read(), &row, 0, 2).await.unwrap();
    let lens = [0, 1, 2].map(|n| segment(&part, n).len());
    // By them alone it is found.
    assert_eq!(checksums(world, &made, 1, 0).await, [0, 1, 2].map(|n| checksum(segment(&part, n))));
    let piece = |from: usize| format!("bytes={from}-{}", from + 8);
    let mut before = Vec::new();
    for n in [2_usize, 1, 0] {
        let (start, key) = (lens[..n].iter().sum::<usize>(), &rows[n].blob_key);
        let end = start + lens[n];
        before.push((key, change(world, key).await));
        let (read, in_order) = came(world, &patient, &made, 0..end).await;
        assert!(!in_order && (start..end).contains(&read), "{read} bytes of segments 0 to {n}");
        assert!(changed(world).await.contains(key), "segment {n}");
        for range in [format!("bytes={start}-{}", end - 1), piece(start + 1)] {
            let refused = get(world, &patient, &made, &[("range", &range)]).await;
            assert_eq!(refused.code(), ErrorCode::BlobDamaged, "{range}");
        }
    }
    let restored = async |before: Vec<(&String, Vec<u8>)>| {
        for (key, whole) in before {
            world.state.blobs.store(key, &whole).await.unwrap();
        }
        scrub::once(&world.state, &CancellationToken::new()).await.unwrap();
        assert!(get(world, &patient, &made, &[]).await.body == part, "it is whole again");
    };
    restored(before).await;

    // Who asks for a piece alone, with the byte or without, gets none of it either.
    let mut before = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let start = lens[..n].iter().sum::<usize>();
        let whole = get(world, &patient, &made, &[("range", &piece(start + 1))]).await;
        assert!(whole.status == StatusCode::PARTIAL_CONTENT && whole.body == part[start + 1..start + 10]);
        before.push((&row.blob_key, change(world, &row.blob_key).await));
        let asked = piece(if n == 1 { start + 1 } else { start });
        let refused = get(world, &patient, &made, &[("range", &asked)]).await;
        assert_eq!(refused.code(), ErrorCode::BlobDamaged, "{asked} of segment {n}");
        assert!(changed(world).await.contains(&row.blob_key), "segment {n}");
    }
    restored(before).await;
}

/// What is asked for from the middle of the first segment, more than is always held.
const MIDDLE: Range<usize> = 1_000_000..6_000_000;

async fn middle(world: &World, who: &Person, made: &Made) -> Download {
    let request = Request::get(format!("/api/v1/reports/{}/versions/1/revisions/0/parts/1", made.id))
        .header(header::AUTHORIZATION, format!("Bearer {}", who.token))
        .header(header::RANGE, format!("bytes={}-{}", MIDDLE.start, MIDDLE.end - 1));
    let response = world.begin(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    Download { body: response.into_body().into_data_stream(), read: 0 }
}

/// What was compared is what goes out, whatever becomes of its file meanwhile; of more than may be held it is read once more.
#[tokio::test]
async fn a_large_piece_goes_out_as_it_was_compared() {
    if left_out(s3::everywhere(), "a blob is changed in its file") {
        return;
    }
    let world = World::new().await;
    let (made, part, patient) = stored(&world).await;
    let row = versions::part(world.state.db.read(), made.id, 1, 0, 1).await.unwrap().unwrap();
    let key = versions::segments(world.state.db.read(), &row, 0, 0).await.unwrap().remove(0).blob_key;
    let file = world.state.config.data.join("blobs").join(&key);
    let before = std::fs::read(&file).unwrap();
    // The same file, not another in its place: whoever has it open reads what is written here.
    let open = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    for _ in 0..2 {
        let mut begun = Vec::new();
        for _ in 0..=HELD_PIECES {
            begun.push(middle(&world, &patient, &made).await);
        }
        open.write_all_at(&vec![0; before.len()], 0).unwrap();
        let mut as_compared = 0;
        for download in begun {
            let bytes = download.all().await;
            assert_eq!(bytes.len(), MIDDLE.len());
            as_compared += usize::from(bytes[..] == part[MIDDLE]);
        }
        assert_eq!(as_compared, HELD_PIECES, "each waits in memory until it has gone out");
        open.write_all_at(&before, 0).unwrap();
    }
}

/// As rows of a version before there were checksums have none.
#[tokio::test]
async fn a_segment_without_a_checksum_is_hashed_and_has_one_after_a_scrub() {
    let world = World::with(|config| config.scrub = Some(ScrubPlan { every: 0, rate: u64::MAX })).await;
    let (made, part, patient) = stored(&world).await;
    let sums = checksums(&world, &made, 1, 0).await;
    set_checksums(&world, &made, None).await;
    assert!(get(&world, &patient, &made, &[]).await.body == part);
    assert_eq!(checksums(&world, &made, 1, 0).await, [None::<i64>; 3], "a reading writes none");

    let row = versions::part(world.state.db.read(), made.id, 1, 0, 1).await.unwrap().unwrap();
    let key = versions::segments(world.state.db.read(), &row, 1, 1).await.unwrap().remove(0).blob_key;
    let whole = change(&world, &key).await;
    let (_, in_order) = came(&world, &patient, &made, 0..part.len()).await;
    assert!(!in_order);
    assert_eq!(changed(&world).await, [&*key]);
    scrub::once(&world.state, &CancellationToken::new()).await.unwrap();
    assert_eq!(checksums(&world, &made, 1, 0).await, [sums[0], None, sums[2]], "none of what is damaged");

    world.state.blobs.store(&key, &whole).await.unwrap();
    for crc64 in [None, Some(7)] {
        set_checksums(&world, &made, crc64).await;
        scrub::once(&world.state, &CancellationToken::new()).await.unwrap();
        assert_eq!(checksums(&world, &made, 1, 0).await, sums, "after {crc64:?}");
    }
    assert!(get(&world, &patient, &made, &[]).await.body == part);
}

#[tokio::test]
async fn a_wrong_checksum_of_a_sound_segment_is_put_right_by_its_first_reader() {
    let world = World::new().await;
    let (made, part, patient) = stored(&world).await;
    let sums = checksums(&world, &made, 1, 0).await;
    set_checksums(&world, &made, Some(7)).await;
    for n in 0..3 {
        let (_, in_order) = came(&world, &patient, &made, 0..part.len()).await;
        assert!(!in_order, "segment {n}");
        let now = checksums(&world, &made, 1, 0).await;
        assert!(now[..=n] == sums[..=n] && now[n + 1..].iter().all(|sum| *sum == Some(7)), "segment {n}: {now:?}");
    }
    assert!(get(&world, &patient, &made, &[]).await.body == part);

    let small = world.report(&world.doctor().await, &patient, &[vec![7; 5_000]]).await;
    set_checksums(&world, &small, Some(7)).await;
    assert_eq!(get(&world, &patient, &small, &[]).await.code(), ErrorCode::BlobDamaged);
    let body = get(&world, &patient, &small, &[]).await.body;
    assert_eq!(checksums(&world, &small, 1, 0).await, [checksum(&body)]);
    assert!(changed(&world).await.is_empty(), "nothing is damaged");
}

#[tokio::test]
async fn of_a_small_file_that_was_changed_no_byte_goes_out() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let ways: [&[(&str, &str)]; 2] = [&[], &[("range", "bytes=70-80")]];
    for headers in ways {
        let made = world.report(&doctor, &patient, &[vec![7; 5_000]]).await;
        let whole = get(&world, &patient, &made, &[]).await.body;
        let asked = if headers.is_empty() { &whole[..] } else { &whole[70..=80] };
        assert!(get(&world, &patient, &made, headers).await.body == asked);
        let key = versions::blob_keys(world.state.db.read(), made.id).await.unwrap().remove(0);
        change(&world, &key).await;
        assert_eq!(get(&world, &patient, &made, headers).await.code(), ErrorCode::BlobDamaged);
        assert!(changed(&world).await.contains(&key));
    }
}
