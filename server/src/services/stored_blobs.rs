//! The blobs that the database names, and what each must hold: by the manifest that its author signed, or, of an upload that
//! no version names yet, by what its sender said.

use std::{fmt, str::FromStr};

use api_types::{ErrorCode, ReportId};
use crypto::{report::Manifest, sign::Signed};
use futures::TryStreamExt;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    ServiceError, ServiceResult,
    storage::{
        self,
        blobs::{BlobError, BlobResult, Blobs, Crc64},
        uploads::{self, SegmentKey},
        versions::{self, Part, PartSegment, RevisionKey},
    },
};

/// Revisions, or segments of uploads, that are read at a time.
const PAGE: u64 = 64;

/// A blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its key in the store.
    pub key: String,
    /// Bytes.
    pub len: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Their checksum, where the row that names it has one.
    pub crc64: Option<u64>,
    /// Of a report's version: which.
    pub report: Option<ReportId>,
}

/// How far a walk over all of them has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Walk {
    /// At its beginning.
    #[default]
    Begun,
    /// Behind that revision.
    Versions(RevisionKey),
    /// Behind that segment of an upload.
    Uploads(SegmentKey),
}

/// `begun`, `version REPORT VERSION REVISION` or `upload ID N`: as it is kept.
impl fmt::Display for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun => f.write_str("begun"),
            Self::Versions(key) => write!(f, "version {} {} {}", hex::encode(&key.report), key.version, key.revision),
            Self::Uploads(key) => write!(f, "upload {} {}", hex::encode(&key.upload), key.n),
        }
    }
}

/// It is no place in a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPlace;

impl FromStr for Walk {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let number = |text: &str| text.parse::<i32>().map_err(|_| NoPlace);
        let bytes = |text: &str| hex::decode(text).map_err(|_| NoPlace);
        match text.split(' ').collect::<Vec<_>>()[..] {
            ["begun"] => Ok(Self::Begun),
            ["version", report, version, revision] => Ok(Self::Versions(RevisionKey {
                report: bytes(report)?,
                version: number(version)?,
                revision: number(revision)?,
            })),
            ["upload", upload, n] => Ok(Self::Uploads(SegmentKey { upload: bytes(upload)?, n: number(n)? })),
            _ => Err(NoPlace),
        }
    }
}

/// Some more of a walk.
#[derive(Debug)]
pub struct Page {
    /// Each once in a walk.
    pub blobs: Vec<StoredBlob>,
    /// Revisions whose stored manifest doesn't say what their blobs must hold.
    pub unreadable: Vec<RevisionKey>,
    /// How far it is then.
    pub walk: Walk,
}

/// Some more; nothing at its end.
pub async fn next(conn: &impl ConnectionTrait, walk: Walk) -> ServiceResult<Option<Page>> {
    let after = match walk {
        Walk::Uploads(after) => return of_uploads(conn, Some(after)).await,
        Walk::Versions(after) => Some(after),
        Walk::Begun => None,
    };
    let revisions = versions::current_after(conn, after.as_ref(), PAGE).await?;
    let Some(last) = revisions.last() else { return of_uploads(conn, None).await };
    let walk = Walk::Versions(last.key.clone());
    let (mut blobs, mut unreadable) = (Vec::new(), Vec::new());
    for revision in &revisions {
        let segments = versions::all_segments(conn, &revision.key).await?;
        match of_revision(&revision.key, &revision.manifest, segments) {
            Ok(found) => blobs.extend(not_before(conn, &revision.key, found).await?),
            // One must not keep all behind it from being looked at.
            Err(error) => {
                tracing::error!(%error, "what a report's files must hold can't be told");
                unreadable.push(revision.key.clone());
            }
        }
    }
    Ok(Some(Page { blobs, unreadable, walk }))
}

/// Without those that were met with an earlier version of the report, which this one has carried over.
async fn not_before(
    conn: &impl ConnectionTrait,
    key: &RevisionKey,
    mut blobs: Vec<StoredBlob>,
) -> ServiceResult<Vec<StoredBlob>> {
    if key.version > 1 && !blobs.is_empty() {
        let before = versions::blobs_before(conn, key).await?;
        blobs.retain(|blob| !before.contains(&blob.key));
    }
    Ok(blobs)
}

/// All of them, each once, but those of revisions whose manifest can't be read.
pub async fn all(conn: &impl ConnectionTrait) -> ServiceResult<Vec<StoredBlob>> {
    let (mut all, mut walk) = (Vec::new(), Walk::Begun);
    while let Some(page) = next(conn, walk).await? {
        all.extend(page.blobs);
        walk = page.walk;
    }
    Ok(all)
}

async fn of_uploads(conn: &impl ConnectionTrait, after: Option<SegmentKey>) -> ServiceResult<Option<Page>> {
    let segments = uploads::segments_after(conn, after.as_ref(), PAGE).await?;
    let Some(last) = segments.last() else { return Ok(None) };
    let walk = Walk::Uploads(SegmentKey { upload: last.upload_id.clone(), n: last.n });
    let blob = |segment: uploads::Segment| {
        Ok(StoredBlob {
            key: segment.blob_key,
            len: segment.len.unsigned_abs(),
            sha256: storage::id("upload_segments", "sha256", &segment.sha256)?,
            crc64: segment.crc64.map(i64::cast_unsigned),
            report: None,
        })
    };
    let blobs = segments.into_iter().map(blob).collect::<storage::DbResult<_>>()?;
    Ok(Some(Page { blobs, unreadable: Vec::new(), walk }))
}

/// Those of a revision, by its manifest.
pub fn of_revision(key: &RevisionKey, manifest: &[u8], segments: Vec<PartSegment>) -> ServiceResult<Vec<StoredBlob>> {
    let unreadable = |what: String| ServiceError::Internal(format!("a stored manifest: {what}"));
    let manifest = Signed::<Manifest>::parse(manifest).map_err(|error| unreadable(error.to_string()))?;
    let report = Some(ReportId(storage::id("versions", "report_id", &key.report)?));
    let blob = |segment: PartSegment| {
        let part = usize::try_from(segment.part).ok().and_then(|part| manifest.claimed().parts.get(part));
        let place = usize::try_from(segment.n).ok();
        let hash = part.and_then(|part| part.segments.get(place?));
        let hash = hash.ok_or_else(|| unreadable("it doesn't name a segment that is stored".to_owned()))?;
        let (len, crc64) = (segment.len.unsigned_abs(), segment.crc64.map(i64::cast_unsigned));
        Ok(StoredBlob { key: segment.blob_key, len, sha256: hash.0, crc64, report })
    };
    segments.into_iter().map(blob).collect()
}

/// How a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it was stored.
    Whole,
    /// Gone.
    Missing,
    /// Shorter, or other bytes.
    Changed,
    /// Its store answers, and can't read it.
    Unreadable,
}

/// What a look at a blob found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// How it is.
    pub health: Health,
    /// The checksum of a whole one.
    pub crc64: Option<u64>,
}

impl From<Health> for Looked {
    fn from(health: Health) -> Self {
        Self { health, crc64: None }
    }
}

/// Reads a blob and compares its SHA-256, whatever its checksum is.
///
/// # Errors
/// The store is away. That is no word on the blob.
pub async fn look(blobs: &Blobs, blob: &StoredBlob) -> BlobResult<Looked> {
    match hash(blobs, blob).await {
        Ok((sha256, crc64)) if sha256 == blob.sha256 => Ok(Looked { health: Health::Whole, crc64: Some(crc64) }),
        Ok(_) | Err(BlobError::Short) => Ok(Health::Changed.into()),
        Err(BlobError::NotFound) => Ok(Health::Missing.into()),
        Err(error) => Err(error),
    }
}

/// Its SHA-256 and its checksum.
async fn hash(blobs: &Blobs, blob: &StoredBlob) -> BlobResult<([u8; 32], u64)> {
    let mut pieces = blobs.read(&blob.key, 0..blob.len).await?;
    let (mut hasher, mut crc64) = (Sha256::new(), Crc64::default());
    while let Some(piece) = pieces.try_next().await? {
        hasher.update(&piece);
        crc64.update(&piece);
    }
    Ok((hasher.finalize().into(), crc64.value()))
}

/// What these segments of a part must hold, by the manifest of its version.
pub async fn of_part(
    conn: &impl ConnectionTrait,
    part: &Part,
    segments: Vec<PartSegment>,
) -> ServiceResult<Vec<StoredBlob>> {
    let revision = RevisionKey { report: part.report_id.clone(), version: part.version, revision: part.revision };
    let manifest = versions::manifest(conn, &revision).await?.ok_or(ErrorCode::NotFound)?;
    of_revision(&revision, &manifest, segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_walk_is_kept_as_text() {
        let version = Walk::Versions(RevisionKey { report: vec![0, 255], version: 3, revision: 1 });
        let upload = Walk::Uploads(SegmentKey { upload: vec![7], n: 12 });
        for (walk, text) in [(Walk::Begun, "begun"), (version, "version 00ff 3 1"), (upload, "upload 07 12")] {
            assert_eq!((walk.to_string().as_str(), text.parse()), (text, Ok(walk)));
        }
        for text in ["", "version 00ff 3", "version xx 3 1", "upload 07 -", "begun 1"] {
            assert_eq!(text.parse::<Walk>(), Err(NoPlace), "{text}");
        }
    }
}
