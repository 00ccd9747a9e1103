//! Blobs on their way to readers, compared with what was stored: of one that isn't that, nobody gets all.
//!
//! A blob that is asked for whole is summed as it goes, and its last bytes go only if it has the checksum that it had when it came.
//! What a disk or a store damages is found so; what the author signed, readers' programs and the scrub compare. A blob whose
//! checksum isn't known, of rows from before there was one, is hashed instead, until a scrub has written it down. A small one is
//! compared before any of it goes, and so is one of which a piece was asked for: the last chunk of a part, or the rest of a segment
//! that broke off. What of it is asked for waits in memory meanwhile, so that what was compared is what goes out; where one account
//! has too much there, a large piece is read a second time.

use std::ops::Range;

use api_types::ErrorCode;
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use sha2::{Digest, Sha256};

use crate::{
    AppState, ServiceError, ServiceResult,
    policy::Actor,
    services::{
        in_flight::{Slot, What},
        scrubbing,
        stored_blobs::StoredBlob,
    },
    storage::blobs::{BlobError, BlobResult, Crc64},
};

/// Bytes of a small blob at most: as many as are read from a file at a time.
const SMALL: u64 = 256 * 1024;

/// Begins to read a range of a blob. Where it is gone, too short or changed, that is said to more people than the reader.
pub async fn read(
    state: &AppState,
    actor: &Actor,
    blob: &StoredBlob,
    range: Range<u64>,
) -> ServiceResult<BoxStream<'static, ServiceResult<Bytes>>> {
    let all = 0..blob.len;
    if blob.len > SMALL && range == all {
        return begin(state, blob, all).await;
    }
    // Of a large one much is read for little.
    let slot = (blob.len > SMALL).then(|| state.in_flight.enter(What::Comparing, actor)).transpose()?;
    let few = range.end - range.start <= SMALL;
    let held = if few { None } else { state.in_flight.enter(What::Holding, actor).ok() };
    let holds = few || held.is_some();
    let (mut whole, mut cut, mut at) = (begin(state, blob, all).await?, Vec::new(), 0);
    while let Some(piece) = whole.try_next().await? {
        let end = at + piece.len() as u64;
        let (from, to) = (range.start.max(at), range.end.min(end));
        if holds && from < to {
            cut.push(piece.slice((from - at) as usize..(to - at) as usize));
        }
        at = end;
    }
    drop(slot);
    if holds { Ok(hand_out(cut, held)) } else { begin(state, blob, range).await }
}

/// What was compared, and what of it goes out; it counts as held until the reader has all of it, or is gone.
fn hand_out(cut: Vec<Bytes>, held: Option<Slot>) -> BoxStream<'static, ServiceResult<Bytes>> {
    let pieces = (cut.into_iter(), held);
    stream::unfold(pieces, |(mut cut, held)| async move { cut.next().map(|piece| (Ok(piece), (cut, held))) }).boxed()
}

async fn begin(
    state: &AppState,
    blob: &StoredBlob,
    range: Range<u64>,
) -> ServiceResult<BoxStream<'static, ServiceResult<Bytes>>> {
    let left = range.end - range.start;
    let check = (range == (0..blob.len)).then(|| Check::of(blob));
    let bytes = match state.blobs.read(&blob.key, range).await {
        Ok(bytes) => bytes,
        Err(error) => return Err(unreadable(state, blob, error).await),
    };
    let going = Going { state: state.clone(), blob: blob.clone(), bytes, left, check };
    Ok(stream::try_unfold(going, Going::next).boxed())
}

/// What is computed of a blob on its way, and what must come of it.
enum Check {
    Crc64(Crc64, u64),
    Sha256(Sha256, [u8; 32]),
}

impl Check {
    fn of(blob: &StoredBlob) -> Self {
        match blob.crc64 {
            Some(crc64) => Self::Crc64(Crc64::default(), crc64),
            None => Self::Sha256(Sha256::new(), blob.sha256),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc64(sum, _) => sum.update(bytes),
            Self::Sha256(hasher, _) => hasher.update(bytes),
        }
    }

    fn agrees(self) -> bool {
        match self {
            Self::Crc64(sum, expected) => sum.value() == expected,
            Self::Sha256(hasher, expected) => <[u8; 32]>::from(hasher.finalize()) == expected,
        }
    }
}

/// A range on its way.
struct Going {
    state: AppState,
    blob: StoredBlob,
    bytes: BoxStream<'static, BlobResult<Bytes>>,
    /// Bytes that are still to come.
    left: u64,
    /// Of what came so far, where the whole blob was asked for.
    check: Option<Check>,
}

impl Going {
    async fn next(mut self) -> ServiceResult<Option<(Bytes, Self)>> {
        let bytes = match self.bytes.try_next().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) if self.left == 0 => return Ok(None),
            Ok(None) => return Err(unreadable(&self.state, &self.blob, BlobError::Short).await),
            Err(error) => return Err(unreadable(&self.state, &self.blob, error).await),
        };
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if let Some(check) = &mut self.check {
            check.update(&bytes);
        }
        if self.left == 0 && self.differs() {
            suspect(&self.state, &self.blob).await;
            return Err(ErrorCode::BlobDamaged.into());
        }
        Ok(Some((bytes, self)))
    }

    /// All of it came, and isn't what was stored.
    fn differs(&mut self) -> bool {
        self.check.take().is_some_and(|check| !check.agrees())
    }
}

/// What a reader is told of a blob that can't be read.
async fn unreadable(state: &AppState, blob: &StoredBlob, error: BlobError) -> ServiceError {
    if matches!(error, BlobError::NotFound | BlobError::Short) {
        suspect(state, blob).await;
    }
    error.into()
}

/// Looks at a blob that a reader met, before the reader is told: who asks once more is refused.
async fn suspect(state: &AppState, blob: &StoredBlob) {
    if let Err(error) = scrubbing::suspect(state, blob).await {
        tracing::error!(%error, "a blob that could not be read could not be looked at");
    }
}
