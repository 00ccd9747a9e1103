//! Ciphertext of a part, streamed by range over its segments; never whole in memory.
//!
//! The read is an event before the first byte goes out. A grant or a session that ends while its holder downloads cuts
//! the stream at the next segment, which is an event too. A segment that isn't what its author signed cuts it before that
//! segment's last bytes.

use std::ops::Range;

use api_types::{
    ErrorCode, ReportId,
    audit::Action,
    limits::{PART_HEADER, SEGMENT_CIPHER},
};
use bytes::Bytes;
use crypto::audit::what;
use futures::{Stream, StreamExt, TryStreamExt, stream};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{
        compared,
        reading::Reading,
        sessions, standing,
        stored_blobs::{self, StoredBlob},
        versions_check::int,
    },
    storage::{self, damaged_blobs, versions::Part},
};

/// Names a part.
#[derive(Debug, Clone, Copy)]
pub struct PartId {
    /// Report.
    pub report: ReportId,
    /// Version.
    pub version: u32,
    /// Revision.
    pub revision: u32,
    /// Part, 1 or more.
    pub part: u32,
}

/// A part that the caller may have.
#[derive(Debug, Clone)]
pub struct Found {
    id: PartId,
    row: Part,
    /// The event of the reading that asked for it.
    event: EventDraft,
}

impl Found {
    /// Ciphertext bytes.
    pub fn len(&self) -> u64 {
        self.row.ciphertext_len.unsigned_abs()
    }

    /// Whether there are none; no part is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Strong entity tag, without quotes: the ciphertext never changes under it.
    pub fn etag(&self) -> String {
        hex::encode(&self.row.etag)
    }
}

/// Finds a part that the caller may have.
pub async fn find(state: &AppState, actor: &Actor, reading: Reading, id: PartId) -> ServiceResult<Found> {
    sees(state, actor, id).await?;
    let (version, revision, part) = (int(id.version)?, int(id.revision)?, int(id.part)?);
    let row = storage::versions::part(state.db.read(), id.report, version, revision, part).await?;
    let row = row.ok_or(ErrorCode::NotFound)?;
    let event = reading.event(state, actor, Action::Open, Some(id.report), &what(id))?;
    Ok(Found { id, row, event })
}

/// Records the read and begins the stream of `range`.
pub async fn open(
    state: &AppState,
    actor: &Actor,
    found: Found,
    range: Range<u64>,
) -> ServiceResult<impl Stream<Item = ServiceResult<Bytes>> + Send + use<>> {
    let pieces = pieces(state, &found.row, range.clone()).await?;
    let keys: Vec<String> = pieces.iter().map(|piece| piece.blob.key.clone()).collect();
    if !damaged_blobs::among(state.db.read(), &keys).await?.is_empty() {
        return Err(ErrorCode::BlobDamaged.into());
    }
    // Opened before the head of the answer is out: a store that is away is a problem then, not a body that breaks off.
    let mut first = match pieces.first() {
        Some(piece) => Some(compared::read(state, actor, &piece.blob, piece.range.clone()).await?),
        None => None,
    };
    state.audit.record(found.event.with("from", range.start).with("to", range.end)).await?;
    let (state, actor, id) = (state.clone(), *actor, found.id);
    let pieces = pieces.into_iter().map(move |piece| (piece, first.take()));
    let whole = stream::iter(pieces).then(move |(piece, opened)| {
        let state = state.clone();
        async move {
            may_go_on(&state, &actor, id).await?;
            match opened {
                Some(stream) => Ok::<_, ServiceError>(stream),
                None => compared::read(&state, &actor, &piece.blob, piece.range).await,
            }
        }
    });
    Ok(whole.try_flatten())
}

/// Asked before each segment, the first too: what ended since the request was judged ends the download.
async fn may_go_on(state: &AppState, actor: &Actor, id: PartId) -> ServiceResult<()> {
    let refusal = match sessions::still(state, actor).await? {
        None => ErrorCode::SignedOut,
        Some(actor) => match sees(state, &actor, id).await {
            Err(ServiceError::Refused(code)) => code,
            other => return other,
        },
    };
    let event = EventDraft::by(actor, Action::Open).on(id.report).saying(&what(id));
    state.audit.record(event.with("what", "cut").denied(refusal)).await?;
    Err(refusal.into())
}

async fn sees(state: &AppState, actor: &Actor, id: PartId) -> ServiceResult<()> {
    let seen = standing::of(state.db.read(), actor, id.report, state.clock.now()).await?;
    Ok(actor.may_open(seen.standing, seen.covers(int(id.version)?))?)
}

/// Records an answer that says something of a part without a byte of it: that the caller's copy is still the current
/// one, or how long the part is.
pub async fn told(state: &AppState, found: Found, what: &str) -> ServiceResult<()> {
    state.audit.record(found.event.with("what", what)).await
}

fn what(id: PartId) -> String {
    what::part(id.version, id.part, id.revision)
}

/// A range of one blob.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    blob: StoredBlob,
    range: Range<u64>,
}

/// The blobs that hold a range.
async fn pieces(state: &AppState, part: &Part, range: Range<u64>) -> ServiceResult<Vec<Piece>> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let (first, last) = (segment_of(range.start), segment_of(range.end - 1));
    let rows = storage::versions::segments(state.db.read(), part, first, last).await?;
    if rows.len() as i64 != i64::from(last) - i64::from(first) + 1 {
        return Err(ServiceError::Internal("segments of a stored part are missing".into()));
    }
    let starts: Vec<u64> = rows.iter().map(|row| start_of(row.n)).collect();
    let blobs = stored_blobs::of_part(state.db.read(), part, rows).await?;
    Ok(starts.into_iter().zip(blobs).filter_map(|(start, blob)| piece(start, blob, &range)).collect())
}

/// Where a segment begins in the part.
fn start_of(n: i32) -> u64 {
    if n == 0 { 0 } else { PART_HEADER + u64::from(n.unsigned_abs()) * SEGMENT_CIPHER }
}

/// The segment that holds a byte.
fn segment_of(offset: u64) -> i32 {
    i32::try_from(offset.saturating_sub(PART_HEADER) / SEGMENT_CIPHER).unwrap_or(i32::MAX)
}

/// What of a segment that begins there lies in a range.
fn piece(start: u64, blob: StoredBlob, range: &Range<u64>) -> Option<Piece> {
    let end = start + blob.len;
    let (from, to) = (range.start.max(start), range.end.min(end));
    (from < to).then(|| Piece { blob, range: from - start..to - start })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(n: i32, len: u64) -> (u64, StoredBlob) {
        (start_of(n), StoredBlob { key: format!("s{n}"), len, sha256: [0; 32], crc64: None, report: None })
    }

    #[test]
    fn a_range_is_cut_at_segments() {
        let first = PART_HEADER + SEGMENT_CIPHER;
        assert_eq!((segment_of(0), segment_of(first - 1), segment_of(first)), (0, 0, 1));
        assert_eq!((start_of(0), start_of(1), start_of(2)), (0, first, first + SEGMENT_CIPHER));
        let range = first - 2..first + 3;
        let segments = || [segment(0, first), segment(1, 100)];
        let pieces: Vec<_> = segments().into_iter().filter_map(|(start, blob)| piece(start, blob, &range)).collect();
        let [(_, one), (second, other)] = segments();
        let expected = [Piece { blob: one, range: first - 2..first }, Piece { blob: other.clone(), range: 0..3 }];
        assert_eq!(pieces, expected);
        assert_eq!(piece(second, other, &(0..5)), None);
    }
}
