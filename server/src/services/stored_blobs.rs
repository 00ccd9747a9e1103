//! The blobs that the database names, and what each must hold: by the manifest that its author signed, or, of an upload that
//! no version names yet, by what its sender said.

use api_types::ReportId;
use crypto::{report::Manifest, sign::Signed};
use sea_orm::ConnectionTrait;

use crate::{
    ServiceError, ServiceResult,
    storage::{
        self,
        uploads::{self, SegmentKey},
        versions::{self, PartSegment, RevisionKey},
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

/// Some more, and how far the walk is then; nothing at its end.
pub async fn next(conn: &impl ConnectionTrait, walk: Walk) -> ServiceResult<Option<(Vec<StoredBlob>, Walk)>> {
    let after = match walk {
        Walk::Uploads(after) => return of_uploads(conn, Some(after)).await,
        Walk::Versions(after) => Some(after),
        Walk::Begun => None,
    };
    let revisions = versions::current_after(conn, after.as_ref(), PAGE).await?;
    let Some(last) = revisions.last() else { return of_uploads(conn, None).await };
    let walk = Walk::Versions(last.key.clone());
    let mut blobs = Vec::new();
    for revision in &revisions {
        let segments = versions::all_segments(conn, &revision.key).await?;
        blobs.extend(of_revision(revision, segments)?);
    }
    Ok(Some((blobs, walk)))
}

/// All of them.
pub async fn all(conn: &impl ConnectionTrait) -> ServiceResult<Vec<StoredBlob>> {
    let (mut all, mut walk) = (Vec::new(), Walk::Begun);
    while let Some((blobs, further)) = next(conn, walk).await? {
        all.extend(blobs);
        walk = further;
    }
    Ok(all)
}

async fn of_uploads(
    conn: &impl ConnectionTrait,
    after: Option<SegmentKey>,
) -> ServiceResult<Option<(Vec<StoredBlob>, Walk)>> {
    let segments = uploads::segments_after(conn, after.as_ref(), PAGE).await?;
    let Some(last) = segments.last() else { return Ok(None) };
    let walk = Walk::Uploads(SegmentKey { upload: last.upload_id.clone(), n: last.n });
    let blob = |segment: uploads::Segment| {
        Ok(StoredBlob {
            key: segment.blob_key,
            len: segment.len.unsigned_abs(),
            sha256: storage::id("upload_segments", "sha256", &segment.sha256)?,
            report: None,
        })
    };
    let blobs = segments.into_iter().map(blob).collect::<storage::DbResult<_>>()?;
    Ok(Some((blobs, walk)))
}

fn of_revision(revision: &versions::Current, segments: Vec<PartSegment>) -> ServiceResult<Vec<StoredBlob>> {
    let unreadable = |what: String| ServiceError::Internal(format!("a stored manifest: {what}"));
    let manifest = Signed::<Manifest>::parse(&revision.manifest).map_err(|error| unreadable(error.to_string()))?;
    let report = Some(ReportId(storage::id("versions", "report_id", &revision.key.report)?));
    let blob = |segment: PartSegment| {
        let part = usize::try_from(segment.part).ok().and_then(|part| manifest.claimed().parts.get(part));
        let place = usize::try_from(segment.n).ok();
        let hash = part.and_then(|part| part.segments.get(place?));
        let hash = hash.ok_or_else(|| unreadable("it doesn't name a segment that is stored".to_owned()))?;
        Ok(StoredBlob { key: segment.blob_key, len: segment.len.unsigned_abs(), sha256: hash.0, report })
    };
    segments.into_iter().map(blob).collect()
}
