//! Uploads: the ciphertext of one part, in segments that are hashed while they stream to the store.
//!
//! A segment is durable before it is acknowledged. Its blob's key stands in `blob_garbage` until a row names it, so an
//! upload that breaks off, expires or is abandoned leaves nothing behind.

use std::time::Duration;

use api_types::{
    ErrorCode, ReportId, UnixMillis, UploadId,
    audit::Action,
    limits::{FILE_MAX, FILES_MAX},
    uploads::{CreateUpload, Upload},
};
use bytes::Bytes;
use crypto::format::Geometry;
use futures::{Stream, StreamExt};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::HOUR,
    policy::Actor,
    random,
    services::{in_flight::What, quotas, uploads_access, versions_check::int},
    storage::{
        self, DbResult, blob_garbage,
        blobs::{BlobWriter, Written},
        damaged_blobs,
        uploads::{self as store, Segment},
    },
};

/// Most uploads that one account has open.
pub const UPLOADS_MAX: u64 = 2 * FILES_MAX as u64;
/// Without a byte for so long a segment counts as broken off. However slow a line is, it may take its time otherwise.
const SILENCE: Duration = Duration::from_secs(120);
/// A blob that no row names so long after its writing began never will be.
const INTENT: UnixMillis = HOUR;

/// A segment's number, what its bytes hash to as the client says, and its length if known.
#[derive(Debug, Clone, Copy)]
pub struct Announced {
    /// Number, from 0.
    pub n: u32,
    /// SHA-256 in `Content-Digest`.
    pub sha256: [u8; 32],
    /// `Content-Length`.
    pub len: Option<u64>,
}

/// Begins an upload.
pub async fn create(state: &AppState, actor: &Actor, body: CreateUpload) -> ServiceResult<Upload> {
    let geometry = geometry_of(&body)?;
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let payer = uploads_access::may_begin(tx.conn(), actor, &body, now).await?;
    if let Some(payer) = payer {
        quotas::admit(state, tx.conn(), actor, payer, body.ciphertext_len).await?;
    }
    if body.revision > 0 {
        replace(tx.conn(), &body, now).await?;
    }
    if store::count(tx.conn(), actor.account).await? >= UPLOADS_MAX {
        let detail = format!("{UPLOADS_MAX} uploads are open; commit or abandon some first");
        return Err(ServiceError::because(ErrorCode::Conflict, detail));
    }
    let id = UploadId(random::bytes()?);
    let row = store::Upload {
        id: id.0.to_vec(),
        account_id: actor.device_of.unwrap_or(actor.account).0.to_vec(),
        report_id: body.report_id.0.to_vec(),
        version: int(body.version)?,
        revision: int(body.revision)?,
        part: int(body.part)?,
        ciphertext_len: body.ciphertext_len as i64,
        segments: geometry.segments() as i32,
        created_at: now,
        expires_at: now + state.config.keep.uploads(),
        device_id: actor.device_of.map(|_| actor.account.0.to_vec()),
    };
    let upload = describe(&row, Vec::new())?;
    store::insert(tx.conn(), row).await?;
    if let Some(payer) = payer {
        quotas::tell(state, &mut tx, payer).await?;
    }
    tx.record(event(actor, &upload, "begun")).await?;
    tx.commit().await?;
    Ok(upload)
}

/// Limits, before anything is looked up.
fn geometry_of(body: &CreateUpload) -> ServiceResult<Geometry> {
    if body.part == 0 || body.part as usize > FILES_MAX {
        return Err(ServiceError::field("/part", format!("must be 1 to {FILES_MAX}")));
    }
    if body.version == 0 {
        return Err(ServiceError::field("/version", "versions count from 1"));
    }
    let geometry = Geometry::of_ciphertext(body.ciphertext_len)
        .map_err(|_| ServiceError::field("/ciphertext_len", "no part has this length"))?;
    if geometry.plaintext_len() > FILE_MAX {
        return Err(ServiceError::because(ErrorCode::TooLarge, format!("a file has at most {FILE_MAX} bytes")));
    }
    Ok(geometry)
}

/// One upload is open for each part of a revision: an earlier one, of a try that was given up, goes.
async fn replace(conn: &impl ConnectionTrait, body: &CreateUpload, now: UnixMillis) -> ServiceResult<()> {
    let place = (int(body.version)?, int(body.revision)?, int(body.part)?);
    for upload in store::by_anyone(conn, body.report_id).await? {
        if (upload.version, upload.revision, upload.part) == place {
            discard(conn, &upload, now).await?;
        }
    }
    Ok(())
}

/// The state of an upload.
pub async fn get(state: &AppState, actor: &Actor, id: UploadId) -> ServiceResult<Upload> {
    let row = own(state.db.read(), actor, id, state.clock.now()).await?;
    let received = whole(state.db.read(), store::segments(state.db.read(), id).await?).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("upload", id)).await?;
    describe(&row, received.iter().map(|segment| segment.n.unsigned_abs()).collect())
}

/// Those that are not damaged in the store: as long as an upload is open, whoever sends it has all of it.
pub async fn whole(conn: &impl ConnectionTrait, mut segments: Vec<Segment>) -> DbResult<Vec<Segment>> {
    let keys: Vec<String> = segments.iter().map(|segment| segment.blob_key.clone()).collect();
    let damaged = damaged_blobs::among(conn, &keys).await?;
    segments.retain(|segment| !damaged.contains(&segment.blob_key));
    Ok(segments)
}

/// Takes a segment. Returns when it is durable; the same segment again is harmless, and mends one that is damaged.
pub async fn put_segment<E>(
    state: &AppState,
    actor: &Actor,
    id: UploadId,
    announced: Announced,
    body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> ServiceResult<()> {
    let _slot = state.in_flight.enter(What::Segment, actor)?;
    let now = state.clock.now();
    let row = own(state.db.read(), actor, id, now).await?;
    uploads_access::may_go_on(state.db.read(), actor, &row, now).await?;
    let expected = segment_len(&row, announced.n)?;
    if let Some(len) = announced.len {
        check_len(len, expected)?;
    }
    let n = int(announced.n)?;
    let stored = store::segment(state.db.read(), id, n).await?.into_iter().collect();
    if whole(state.db.read(), stored).await?.iter().any(|segment| segment.sha256 == announced.sha256) {
        return again(body, expected, announced.sha256).await;
    }
    let key = format!("uploads/{id}/{n}-{}", hex::encode(random::bytes::<8>()?));
    let until = intend(state, &key).await?;
    let mut writer = state.blobs.write(&key);
    let written = match receive(&mut writer, body, expected, announced.sha256).await {
        // A store that failed may have it all the same: the key stays among those to delete.
        Ok(()) => writer.finish().await?,
        Err(error) => {
            if writer.abort().await.is_ok() {
                forget(state, key).await?;
            }
            return Err(error);
        }
    };
    let segment = Segment { upload_id: id.0.to_vec(), n, len: 0, sha256: Vec::new(), blob_key: key, crc64: None };
    keep(state, actor, id, segment, (written, until)).await
}

fn segment_len(row: &store::Upload, n: u32) -> ServiceResult<u64> {
    let geometry = Geometry::of_ciphertext(row.ciphertext_len.unsigned_abs())
        .map_err(|error| ServiceError::Internal(format!("a stored upload's length: {error}")))?;
    let range = geometry.segment_ciphertext(n.into()).ok_or_else(|| {
        ServiceError::because(ErrorCode::InvalidField, format!("the upload has {} segments", row.segments))
    })?;
    Ok(range.end - range.start)
}

fn check_len(len: u64, expected: u64) -> ServiceResult<()> {
    if len > expected {
        return Err(ServiceError::because(ErrorCode::TooLarge, format!("this segment has {expected} bytes")));
    }
    if len < expected {
        let detail = format!("this segment has {expected} bytes, {len} came");
        return Err(ServiceError::because(ErrorCode::Malformed, detail));
    }
    Ok(())
}

async fn receive<E>(
    writer: &mut BlobWriter,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    expected: u64,
    sha256: [u8; 32],
) -> ServiceResult<()> {
    while let Some(piece) = next(&mut body, SILENCE).await? {
        check_so_far(writer.len() + piece.len() as u64, expected)?;
        writer.write(&piece).await?;
    }
    check_len(writer.len(), expected)?;
    check_digest(writer.written().sha256, sha256)
}

fn check_digest(found: [u8; 32], announced: [u8; 32]) -> ServiceResult<()> {
    if found == announced { Ok(()) } else { Err(ErrorCode::DigestMismatch.into()) }
}

/// The next bytes of a body.
async fn next<E>(
    body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    patience: Duration,
) -> ServiceResult<Option<Bytes>> {
    match timeout(patience, body.next()).await {
        Ok(piece) => piece.transpose().map_err(|_| ServiceError::because(ErrorCode::Malformed, "the body broke off")),
        // Whoever sent it may try again, over a line that lives.
        Err(_) => Err(ServiceError::because(ErrorCode::Unavailable, "the body stopped coming")),
    }
}

fn check_so_far(len: u64, expected: u64) -> ServiceResult<()> {
    if len > expected { check_len(len, expected) } else { Ok(()) }
}

/// Reads what is stored already: refused if it isn't what it says, as the first time.
async fn again<E>(
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    expected: u64,
    sha256: [u8; 32],
) -> ServiceResult<()> {
    let (mut len, mut hasher) = (0, Sha256::new());
    while let Some(piece) = next(&mut body, SILENCE).await? {
        len += piece.len() as u64;
        check_so_far(len, expected)?;
        hasher.update(&piece);
    }
    check_len(len, expected)?;
    check_digest(hasher.finalize().into(), sha256)
}

/// Names the blob before it exists. Gives the time until which no server deletes it.
async fn intend(state: &AppState, key: &str) -> ServiceResult<UnixMillis> {
    let until = state.clock.now() + INTENT;
    let tx = state.db.begin_write().await?;
    blob_garbage::add(tx.conn(), vec![key.to_owned()], until).await?;
    tx.commit().await?;
    Ok(until)
}

/// The blob was given up: there is nothing to delete. One that nobody gives up is found by its name later.
async fn forget(state: &AppState, key: String) -> ServiceResult<()> {
    let tx = state.db.begin_write().await?;
    blob_garbage::remove(tx.conn(), vec![key]).await?;
    tx.commit().await
}

/// Names the durable blob as a segment of the upload, if that is still there.
async fn keep(
    state: &AppState,
    actor: &Actor,
    id: UploadId,
    mut segment: Segment,
    (written, until): (Written, UnixMillis),
) -> ServiceResult<()> {
    let now = state.clock.now();
    let tx = state.db.begin_write().await?;
    let row = own(tx.conn(), actor, id, now).await?;
    uploads_access::may_go_on(tx.conn(), actor, &row, now).await?;
    segment.len = written.len as i64;
    segment.sha256 = written.sha256.to_vec();
    segment.crc64 = Some(written.crc64.cast_signed());
    let key = segment.blob_key.clone();
    if let Some(earlier) = store::segment(tx.conn(), id, segment.n).await? {
        blob_garbage::add(tx.conn(), vec![earlier.blob_key], now).await?;
    }
    store::put_segment(tx.conn(), segment).await?;
    // A server that was asleep for an hour, or whose clock is off, finds that its blob was given up. It is sent again.
    if !blob_garbage::take_back(tx.conn(), &key, until).await? {
        drop(tx);
        let tx = state.db.begin_write().await?;
        blob_garbage::add(tx.conn(), vec![key], now).await?;
        tx.commit().await?;
        return Err(ErrorCode::Unavailable.into());
    }
    store::extend(tx.conn(), id, now + state.config.keep.uploads()).await?;
    tx.commit().await
}

/// Gives an upload up.
pub async fn abandon(state: &AppState, actor: &Actor, id: UploadId) -> ServiceResult<()> {
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let row = own(tx.conn(), actor, id, now).await?;
    discard(tx.conn(), &row, now).await?;
    let payer = quotas::payer_of(tx.conn(), &row).await?;
    quotas::tell(state, &mut tx, payer).await?;
    tx.record(event(actor, &describe(&row, Vec::new())?, "abandoned")).await?;
    tx.commit().await
}

/// Deletes an upload's rows and marks its blobs for deletion.
pub async fn discard(conn: &impl ConnectionTrait, row: &store::Upload, now: UnixMillis) -> ServiceResult<()> {
    let id = UploadId(storage::id("uploads", "id", &row.id)?);
    let keys = store::segments(conn, id).await?.into_iter().map(|segment| segment.blob_key).collect();
    blob_garbage::add(conn, keys, now).await?;
    store::delete(conn, id).await?;
    Ok(())
}

async fn own(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    id: UploadId,
    now: UnixMillis,
) -> ServiceResult<store::Upload> {
    let row = store::get(conn, id).await?.ok_or(ErrorCode::NotFound)?;
    actor.may_use_own(store::holder(&row)?)?;
    if row.expires_at <= now { Err(ErrorCode::Gone.into()) } else { Ok(row) }
}

fn describe(row: &store::Upload, received: Vec<u32>) -> ServiceResult<Upload> {
    Ok(Upload {
        id: UploadId(storage::id("uploads", "id", &row.id)?),
        report_id: ReportId(storage::id("uploads", "report_id", &row.report_id)?),
        version: row.version.unsigned_abs(),
        revision: row.revision.unsigned_abs(),
        part: row.part.unsigned_abs(),
        ciphertext_len: row.ciphertext_len.unsigned_abs(),
        segments: row.segments.unsigned_abs(),
        received,
        expires_at: row.expires_at,
    })
}

fn event(actor: &Actor, upload: &Upload, what: &str) -> EventDraft {
    EventDraft::by(actor, Action::Upload)
        .with("what", what)
        .with("upload", upload.id)
        .with("report", upload.report_id)
        .with("version", upload.version)
        .with("part", upload.part)
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_that_stops_coming_is_told_from_one_that_breaks_off_and_one_that_ends() {
        let patience = Duration::from_millis(20);
        let some = || stream::iter([Ok(Bytes::from_static(b"x"))]);
        let refused = |answer: ServiceResult<Option<Bytes>>| answer.map_err(|e| e.to_string()).unwrap_err();
        let mut stops = some().chain(stream::pending::<Result<Bytes, ()>>()).boxed();
        assert_eq!(next(&mut stops, patience).await.unwrap().as_deref(), Some(&b"x"[..]));
        assert!(refused(next(&mut stops, patience).await).contains("stopped coming"));
        let mut breaks = stream::iter([Err::<Bytes, ()>(())]);
        assert!(refused(next(&mut breaks, patience).await).contains("broke off"));
        let mut ends = some();
        assert!(next(&mut ends, patience).await.unwrap().is_some());
        assert!(next(&mut ends, patience).await.unwrap().is_none());
    }
}
