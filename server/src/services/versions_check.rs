//! What a client sealed as a version, checked against what it signed and what it uploaded, and stored.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{
    ErrorCode, GrantId, ReportId, UnixMillis, UploadId,
    grants::Wrap as SentWrap,
    limits::{FILES_MAX, PART0_MAX},
    reports::NewVersion,
};
use crypto::{
    encoding::sha256,
    ids,
    report::{AccessState, GrantStatus, Manifest, ManifestPart, RevisionPlace, SealedFor, Wrap, recipient_key},
    sign::Signed,
};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::{
    ServiceError, ServiceResult,
    policy::Actor,
    services::{
        uploads,
        verify::{self, Keys},
    },
    storage::{
        self,
        uploads::Segment,
        versions::{NewRevision, Part, PartSegment, Version},
        wraps::WrapRow,
    },
};

/// Largest sealed author statement.
const STATEMENT_MAX: usize = 256 * 1024;

/// A version or revision that passed every check which needs no database.
#[derive(Debug)]
pub struct Checked {
    /// Where it belongs.
    pub place: RevisionPlace,
    manifest: Signed<Manifest>,
    body: NewVersion,
    wraps: BTreeMap<GrantId, SentWrap>,
}

impl Checked {
    /// What is signed of it.
    pub fn manifest(&self) -> &Manifest {
        self.manifest.claimed()
    }

    /// The same as it is signed.
    pub fn manifest_bytes(&self) -> &[u8] {
        self.manifest.as_bytes()
    }

    /// Whether it still follows the manifests stored: others may have come since it was checked.
    pub fn still_follows(&self, earlier: Vec<Signed<Manifest>>) -> ServiceResult<()> {
        verify::order(&self.manifest, earlier, self.place.report)
    }
}

fn place_of(report: ReportId, body: &NewVersion) -> RevisionPlace {
    RevisionPlace { report: ids::ReportId(report.0), version: body.version, revision: body.revision }
}

/// Checks the shape of a version, and its manifest and wraps against the access state now.
pub fn check(
    report: ReportId,
    body: NewVersion,
    earlier: Vec<Signed<Manifest>>,
    state: &AccessState,
    keys: &Keys,
    now: UnixMillis,
) -> ServiceResult<Checked> {
    let place = place_of(report, &body);
    check_sizes(&body)?;
    let manifest: Signed<Manifest> = verify::parse("/version/manifest", &body.manifest.0)?;
    let claimed = manifest.claimed();
    if claimed.place != place {
        return Err(ServiceError::field("/version/manifest", "is of another report, version or revision"));
    }
    check_files(claimed)?;
    verify::not_ahead("/version/manifest", claimed.time, now)?;
    verify::manifest(&manifest, earlier, state, keys)?;
    if claimed.statement != sha256(&body.statement.0) {
        return Err(ServiceError::field("/version/statement", "is not the one that the manifest names"));
    }
    let uploaded = claimed.parts.iter().skip(1).filter(|part| part.carried.is_none()).count();
    if uploaded != body.uploads.len() {
        return Err(ServiceError::field("/version/uploads", "the manifest has another number of parts"));
    }
    let part0 =
        ManifestPart::of(&body.part0.0).map_err(|error| ServiceError::field("/version/part0", error.to_string()))?;
    if claimed.parts.first() != Some(&part0) {
        return Err(ServiceError::because(ErrorCode::DigestMismatch, "part 0 is not the one that the manifest names"));
    }
    let wraps = check_wraps(&place, &body.wraps, state, keys)?;
    Ok(Checked { place, manifest, body, wraps })
}

fn check_sizes(body: &NewVersion) -> ServiceResult<()> {
    if body.part0.0.len() > PART0_MAX {
        return Err(ServiceError::because(ErrorCode::TooLarge, format!("part 0 has at most {PART0_MAX} bytes")));
    }
    if body.statement.0.len() > STATEMENT_MAX {
        return Err(ServiceError::because(
            ErrorCode::TooLarge,
            format!("a statement has at most {STATEMENT_MAX} bytes"),
        ));
    }
    if body.uploads.len() > FILES_MAX {
        return Err(ServiceError::field("/version/uploads", format!("at most {FILES_MAX} files")));
    }
    let distinct: BTreeSet<_> = body.uploads.iter().collect();
    if distinct.len() != body.uploads.len() {
        return Err(ServiceError::field("/version/uploads", "an upload is named twice"));
    }
    Ok(())
}

/// No more files than may be uploaded for a version: those that are carried over take rows and room in each answer too.
fn check_files(manifest: &Manifest) -> ServiceResult<()> {
    let files = manifest.parts.len().saturating_sub(1);
    if files > FILES_MAX {
        return Err(ServiceError::field("/version/manifest", format!("at most {FILES_MAX} files")));
    }
    let origins: BTreeSet<_> = manifest.origins().collect();
    if origins.len() != files {
        return Err(ServiceError::field("/version/manifest", "carries a file over twice"));
    }
    Ok(())
}

/// Exactly one wrap for each grant that is live now and covers the version. Wraps for grants that ended a moment ago
/// are not an error (the client's clock decides when it stops making them); they are dropped, as are those for accounts that
/// were deleted.
fn check_wraps(
    place: &RevisionPlace,
    sent: &[SentWrap],
    state: &AccessState,
    keys: &Keys,
) -> ServiceResult<BTreeMap<GrantId, SentWrap>> {
    let mut wraps = BTreeMap::new();
    for wrap in sent {
        let grant = state.grant(&ids::GrantId(wrap.grant_id.0));
        let grant = grant.ok_or_else(|| ServiceError::field("/wraps", "names a grant that does not exist"))?;
        match state.status(grant) {
            GrantStatus::Live => check_wrap(place, wrap, state, keys)?,
            GrantStatus::Expired | GrantStatus::ParentEnded | GrantStatus::HolderClosed => continue,
            GrantStatus::Revoked { .. } => return Err(ServiceError::field("/wraps", "names a revoked grant")),
        }
        if wraps.insert(wrap.grant_id, wrap.clone()).is_some() {
            return Err(ServiceError::field("/wraps", "holds two wraps for one grant"));
        }
    }
    let covering = state.live_grants().filter(|grant| grant.grant.versions.contains(place.version));
    for grant in covering {
        if !wraps.contains_key(&GrantId(grant.grant.id.0)) {
            return Err(ServiceError::field("/wraps", format!("the wrap for grant {} is missing", grant.grant.id)));
        }
    }
    Ok(wraps)
}

/// Checks one wrap: place, grant, liveness, and that it goes to the grant's key.
pub fn check_wrap(place: &RevisionPlace, sent: &SentWrap, state: &AccessState, keys: &Keys) -> ServiceResult<()> {
    if (sent.version, sent.revision) != (place.version, place.revision) {
        return Err(ServiceError::field("/wraps", "is for another version or revision"));
    }
    let grant_id = ids::GrantId(sent.grant_id.0);
    let wrap = Wrap::parse(&sent.wrap.0).map_err(|error| verify::wrap_error(&error.into()))?;
    wrap.check(place, &grant_id, state).map_err(|error| verify::wrap_error(&error))?;
    let grant = state.grant(&grant_id).ok_or_else(|| ServiceError::field("/wraps", "names an unknown grant"))?;
    let (key, epoch) = recipient_key(grant, keys).map_err(|error| verify::wrap_error(&error))?;
    if wrap.key_hash != key.hash() || wrap.suite != key.suite() || wrap.epoch != epoch {
        return Err(ServiceError::field("/wraps", "is sealed to another key than the grant's"));
    }
    Ok(())
}

/// Writes a checked version: its row, the parts out of the uploads and of the versions they are carried over from, and the
/// wraps. The uploads are used up.
pub async fn store(conn: &impl ConnectionTrait, actor: &Actor, checked: Checked, now: UnixMillis) -> ServiceResult<()> {
    let Checked { place, manifest, body, wraps } = checked;
    let report_id = place.report.0.to_vec();
    let (version, revision) = (int(place.version)?, int(place.revision)?);
    let (mut parts, mut segments) = (Vec::new(), Vec::new());
    let mut uploads = body.uploads.iter();
    for (number, described) in (1..).zip(manifest.claimed().parts.iter().skip(1)) {
        let blobs = match described.carried {
            Some(from) => carried(conn, ReportId(place.report.0), from).await?,
            None => {
                let upload = uploads.next().ok_or_else(|| ServiceError::Internal("an upload is missing".into()))?;
                take_upload(conn, actor, &place, number, described, *upload, now).await?
            }
        };
        parts.push(Part {
            report_id: report_id.clone(),
            version,
            revision,
            part: number,
            ciphertext_len: described.ciphertext_len as i64,
            etag: etag(described),
        });
        segments.extend(blobs.into_iter().map(|Stored { n, len, blob_key, crc64 }| PartSegment {
            report_id: report_id.clone(),
            version,
            revision,
            part: number,
            n,
            len,
            blob_key,
            crc64,
        }));
    }
    let row = Version {
        report_id: report_id.clone(),
        version,
        revision,
        author: actor.account.0.to_vec(),
        created_at: now,
        superseded_at: None,
        manifest_hash: manifest.hash().0.to_vec(),
        manifest: body.manifest.0,
        part0: body.part0.0,
        statement: body.statement.0,
    };
    storage::versions::insert(conn, NewRevision { version: row, parts, segments }).await?;
    let wraps = wraps.into_values().map(|wrap| wrap_row(place.report, wrap)).collect::<ServiceResult<_>>()?;
    storage::wraps::insert(conn, wraps).await?;
    Ok(())
}

/// What tells readers one part from another: SHA-256 over the hashes of its segments.
pub fn etag(part: &ManifestPart) -> Vec<u8> {
    let mut etag = Sha256::new();
    part.segments.iter().for_each(|hash| etag.update(hash.0));
    etag.finalize().to_vec()
}

/// The row of a checked wrap.
pub fn wrap_row(report: ids::ReportId, wrap: SentWrap) -> ServiceResult<WrapRow> {
    Ok(WrapRow {
        report_id: report.0.to_vec(),
        version: int(wrap.version)?,
        revision: int(wrap.revision)?,
        grant_id: wrap.grant_id.0.to_vec(),
        wrap: wrap.wrap.0,
    })
}

/// What a version's row takes over of a segment that is stored.
struct Stored {
    n: i32,
    len: i64,
    blob_key: String,
    crc64: Option<i64>,
}

impl From<PartSegment> for Stored {
    fn from(row: PartSegment) -> Self {
        Self { n: row.n, len: row.len, blob_key: row.blob_key, crc64: row.crc64 }
    }
}

impl From<Segment> for Stored {
    fn from(row: Segment) -> Self {
        Self { n: row.n, len: row.len, blob_key: row.blob_key, crc64: row.crc64 }
    }
}

/// Where a part lies that is carried over. That it is the one that the manifest describes, its order has shown.
async fn carried(conn: &impl ConnectionTrait, report: ReportId, from: SealedFor) -> ServiceResult<Vec<Stored>> {
    let (version, revision, number) = (int(from.version)?, int(from.revision)?, int(from.part)?);
    let part = storage::versions::part(conn, report, version, revision, number).await?;
    let part = part.ok_or_else(|| ServiceError::Internal("a part that is carried over is missing".into()))?;
    let segments = storage::versions::segments(conn, &part, 0, i32::MAX).await?;
    Ok(segments.into_iter().map(Stored::from).collect())
}

/// Whether an upload may become a part of this place. A file of a new version may have been sealed for one that somebody else
/// made meanwhile: part 0 holds its key then.
fn fits(upload: &storage::uploads::Upload, place: &RevisionPlace, number: i32) -> ServiceResult<bool> {
    let (version, revision) = (int(place.version)?, int(place.revision)?);
    let new = version > 1 && revision == 0 && upload.revision == 0 && (2..=version).contains(&upload.version);
    let here = (upload.version, upload.revision, upload.part) == (version, revision, number);
    Ok(upload.report_id == place.report.0 && (new || here))
}

/// A complete upload of exactly this part by this person; gives its segments and forgets the upload.
async fn take_upload(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    place: &RevisionPlace,
    number: i32,
    described: &ManifestPart,
    id: UploadId,
    now: UnixMillis,
) -> ServiceResult<Vec<Stored>> {
    let upload = storage::uploads::get(conn, id).await?.filter(|upload| upload.expires_at > now);
    let upload = upload.ok_or_else(|| {
        ServiceError::because(ErrorCode::Gone, format!("upload {id} has expired, or a later one took its place"))
    })?;
    actor.may_use_own(storage::uploads::holder(&upload)?)?;
    if !fits(&upload, place, number)? || upload.ciphertext_len.unsigned_abs() != described.ciphertext_len {
        let detail = format!("upload {id} is not part {number} as the manifest describes it");
        return Err(ServiceError::field("/version/uploads", detail));
    }
    let segments = uploads::whole(conn, storage::uploads::segments(conn, id).await?).await?;
    if segments.len() != described.segments.len() {
        let missing = described.segments.len() - segments.len().min(described.segments.len());
        let detail = format!("{missing} segments of part {number} are missing");
        return Err(ServiceError::because(ErrorCode::UploadIncomplete, detail));
    }
    let same = segments.iter().zip(&described.segments).all(|(stored, hash)| stored.sha256 == hash.0);
    if !same {
        let detail = format!("a segment of part {number} is not the one that the manifest names");
        return Err(ServiceError::because(ErrorCode::DigestMismatch, detail));
    }
    storage::uploads::delete(conn, id).await?;
    Ok(segments.into_iter().map(Stored::from).collect())
}

/// A number that the database keeps signed.
pub fn int(n: u32) -> ServiceResult<i32> {
    i32::try_from(n).map_err(|_| ServiceError::because(ErrorCode::InvalidField, "a number is too large"))
}
