//! Versions and their revisions: what a client sealed is checked against what it signed and what it uploaded, and
//! becomes visible in one transaction, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{
    AccountId, ErrorCode, GrantId, ReportId, UnixMillis, UploadId,
    audit::Action,
    grants::{GrantState, Wrap as SentWrap},
    limits::{FILES_MAX, PART0_MAX},
    reports::{NewVersion, VersionContent},
};
use crypto::{
    encoding::sha256,
    ids,
    report::{AccessState, GrantStatus, Manifest, ManifestPart, RevisionPlace, Wrap, recipient_key},
    sign::Signed,
};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::MINUTE,
    policy::Actor,
    services::{
        access::{self, grant_state},
        standing::{self, Standing},
        uploads,
        verify::{self, Chain, Keys},
    },
    storage::{
        self, blob_garbage,
        versions::{NewRevision, Part, PartSegment, Version},
        wraps::WrapRow,
    },
};

/// Largest sealed author statement.
const STATEMENT_MAX: usize = 256 * 1024;
/// Downloads of superseded ciphertext that are under way may end.
const GARBAGE_DELAY: UnixMillis = 5 * MINUTE;

/// A version or revision that passed every check which needs no database.
#[derive(Debug)]
pub struct Checked {
    /// Where it belongs.
    pub place: RevisionPlace,
    manifest: Signed<Manifest>,
    body: NewVersion,
    wraps: BTreeMap<GrantId, SentWrap>,
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
    verify::not_ahead("/version/manifest", claimed.time, now)?;
    verify::manifest(&manifest, earlier, state, keys)?;
    if claimed.statement != sha256(&body.statement.0) {
        return Err(ServiceError::field("/version/statement", "is not the one that the manifest names"));
    }
    if claimed.parts.len() != body.uploads.len() + 1 {
        return Err(ServiceError::field("/version/uploads", "the manifest has another number of parts"));
    }
    let part0 = ManifestPart::of(&body.part0.0)
        .map_err(|error| ServiceError::field("/version/part0", error.to_string()))?;
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
        return Err(ServiceError::because(ErrorCode::TooLarge, format!("a statement has at most {STATEMENT_MAX} bytes")));
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

/// Exactly one wrap for each grant that is live now and covers the version. Wraps for grants that ended a moment ago
/// are not an error (the client's clock decides when it stops making them); they are dropped.
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
            GrantStatus::Expired | GrantStatus::ParentEnded => continue,
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

/// Writes a checked version: its row, the parts out of the uploads, and the wraps. The uploads are used up.
pub async fn store(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    checked: Checked,
    now: UnixMillis,
) -> ServiceResult<()> {
    let Checked { place, manifest, body, wraps } = checked;
    let report_id = place.report.0.to_vec();
    let (version, revision) = (int(place.version)?, int(place.revision)?);
    let (mut parts, mut segments) = (Vec::new(), Vec::new());
    let described = (1..).zip(manifest.claimed().parts.iter().skip(1)).zip(&body.uploads);
    for ((number, described), upload) in described {
        let blobs = take_upload(conn, actor, &place, number, described, *upload, now).await?;
        let mut etag = Sha256::new();
        described.segments.iter().for_each(|hash| etag.update(hash.0));
        parts.push(Part {
            report_id: report_id.clone(),
            version,
            revision,
            part: number,
            ciphertext_len: described.ciphertext_len as i64,
            etag: etag.finalize().to_vec(),
        });
        segments.extend(blobs.into_iter().map(|segment| PartSegment {
            report_id: report_id.clone(),
            version,
            revision,
            part: number,
            n: segment.n,
            len: segment.len,
            blob_key: segment.blob_key,
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

/// A complete upload of exactly this part by this person; gives its segments and forgets the upload.
async fn take_upload(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    place: &RevisionPlace,
    number: i32,
    described: &ManifestPart,
    id: UploadId,
    now: UnixMillis,
) -> ServiceResult<Vec<storage::uploads::Segment>> {
    let upload = storage::uploads::get(conn, id).await?.filter(|upload| upload.expires_at > now);
    let upload = upload.ok_or_else(|| ServiceError::because(ErrorCode::Gone, format!("upload {id} has expired")))?;
    actor.may_use_own(AccountId(storage::id("uploads", "account_id", &upload.account_id)?))?;
    let fits = upload.report_id == place.report.0
        && (upload.version, upload.revision) == (int(place.version)?, int(place.revision)?)
        && upload.part == number
        && upload.ciphertext_len.unsigned_abs() == described.ciphertext_len;
    if !fits {
        let detail = format!("upload {id} is not part {number} as the manifest describes it");
        return Err(ServiceError::field("/version/uploads", detail));
    }
    let segments = storage::uploads::segments(conn, id).await?;
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
    Ok(segments)
}

/// A number that the database keeps signed.
pub fn int(n: u32) -> ServiceResult<i32> {
    i32::try_from(n).map_err(|_| ServiceError::because(ErrorCode::InvalidField, "a number is too large"))
}

/// A report with everything that checking a change of it takes.
#[derive(Debug)]
pub struct Loaded {
    /// The report as the caller meets it.
    pub seen: Standing,
    /// Its chain.
    pub chain: Chain,
    /// The keys of everyone named, and of whom the caller adds.
    pub keys: Keys,
    /// The chain replayed.
    pub state: AccessState,
}

/// Loads and replays a report for a change. `extra` are accounts that the change names.
pub async fn load(
    state: &AppState,
    actor: &Actor,
    report: ReportId,
    extra: &[AccountId],
) -> ServiceResult<Loaded> {
    let (conn, now) = (state.db.read(), state.clock.now());
    let seen = standing::of(conn, actor, report, now).await?;
    load_seen(state, seen, report, extra).await
}

/// As [`load`], for a report whose standing was judged apart.
pub async fn load_seen(
    state: &AppState,
    seen: Standing,
    report: ReportId,
    extra: &[AccountId],
) -> ServiceResult<Loaded> {
    let (conn, now) = (state.db.read(), state.clock.now());
    let entries = storage::reports::entries(conn, report).await?;
    let chain = Chain::stored(&seen.report.genesis, &entries)?;
    let mut accounts = chain.accounts();
    accounts.extend(extra);
    let keys = verify::keys(conn, &accounts).await?;
    let state = chain.replay(&keys, now)?;
    Ok(Loaded { seen, chain, keys, state })
}

/// In the transaction: what was verified outside it must still be what is stored.
pub async fn unchanged(conn: &impl ConnectionTrait, loaded: &Loaded) -> ServiceResult<()> {
    let report = ReportId(storage::id("reports", "id", &loaded.seen.report.id)?);
    let stored = storage::reports::get(conn, report).await?.ok_or(ErrorCode::NotFound)?;
    if stored.access_head == loaded.seen.report.access_head { Ok(()) } else { Err(ErrorCode::AccessHeadMoved.into()) }
}

async fn manifests(conn: &impl ConnectionTrait, report: ReportId) -> ServiceResult<Vec<Signed<Manifest>>> {
    let rows = storage::versions::summaries(conn, report).await?;
    let parse = |row: &storage::versions::Summary| Signed::parse(&row.manifest);
    let corrupt = |error| ServiceError::Internal(format!("a stored manifest of {report}: {error}"));
    rows.iter().map(parse).collect::<Result<_, _>>().map_err(corrupt)
}

/// Whether this very revision is stored already: the answer to the first request was lost.
async fn repeated(conn: &impl ConnectionTrait, report: ReportId, body: &NewVersion) -> ServiceResult<bool> {
    let stored = storage::versions::get(conn, report, int(body.version)?, int(body.revision)?).await?;
    match stored {
        None => Ok(false),
        Some(row) if row.manifest == body.manifest.0 => Ok(true),
        Some(_) => Err(ServiceError::because(ErrorCode::Conflict, "this version exists with another content")),
    }
}

/// Adds a version.
pub async fn add(state: &AppState, actor: &Actor, report: ReportId, body: NewVersion) -> ServiceResult<()> {
    let now = state.clock.now();
    let loaded = load(state, actor, report, &[]).await?;
    actor.may_contribute(loaded.seen.standing)?;
    if body.revision != 0 {
        return Err(ServiceError::field("/revision", "a new version begins at revision 0"));
    }
    if repeated(state.db.read(), report, &body).await? {
        return Ok(());
    }
    let earlier = manifests(state.db.read(), report).await?;
    let checked = check(report, body, earlier, &loaded.state, &loaded.keys, now)?;
    let version = int(checked.place.version)?;
    let mut tx = state.db.begin_write().await?;
    unchanged(tx.conn(), &loaded).await?;
    still_next(tx.conn(), report, version).await?;
    store(tx.conn(), actor, checked, now).await?;
    storage::reports::set_latest(tx.conn(), report, version, now).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    let event = EventDraft::by(actor, Action::Create).on(report).with("version", version);
    tx.record(event).await?;
    tx.commit().await?;
    changed.publish(state);
    Ok(())
}

/// Somebody else's version may have come in between.
async fn still_next(conn: &impl ConnectionTrait, report: ReportId, version: i32) -> ServiceResult<()> {
    let stored = storage::reports::get(conn, report).await?.ok_or(ErrorCode::NotFound)?;
    if stored.latest_version + 1 == version { Ok(()) } else { Err(ErrorCode::Conflict.into()) }
}

/// Replaces a version's ciphertext by the next revision's, under a new key. The old ciphertext goes only with the
/// commit that made every survivor's new wrap durable.
pub async fn rekey(
    state: &AppState,
    actor: &Actor,
    report: ReportId,
    version: u32,
    body: NewVersion,
) -> ServiceResult<()> {
    let now = state.clock.now();
    let loaded = load(state, actor, report, &[]).await?;
    actor.may_own(loaded.seen.standing)?;
    if body.version != version || body.revision == 0 {
        return Err(ServiceError::field("/version", "must be the version of the path, with the next revision"));
    }
    if repeated(state.db.read(), report, &body).await? {
        return Ok(());
    }
    let earlier = manifests(state.db.read(), report).await?;
    let checked = check(report, body, earlier, &loaded.state, &loaded.keys, now)?;
    let (version, revision) = (int(checked.place.version)?, int(checked.place.revision)?);
    let mut tx = state.db.begin_write().await?;
    unchanged(tx.conn(), &loaded).await?;
    let current = storage::versions::current(tx.conn(), report, version).await?.ok_or(ErrorCode::NotFound)?;
    if current.revision + 1 != revision {
        return Err(ErrorCode::Conflict.into());
    }
    store(tx.conn(), actor, checked, now).await?;
    storage::wraps::delete_revision(tx.conn(), report, version, current.revision).await?;
    let blobs = storage::versions::supersede(tx.conn(), report, version, current.revision, now).await?;
    blob_garbage::add(tx.conn(), blobs, now + GARBAGE_DELAY).await?;
    storage::versions_rekey::done(tx.conn(), report, version).await?;
    storage::reports::set_latest(tx.conn(), report, loaded.seen.report.latest_version, now).await?;
    discard_uploads(tx.conn(), actor, report, now).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    let event = EventDraft::by(actor, Action::Rekey).on(report).with("version", version).with("revision", revision);
    tx.record(event).await?;
    tx.commit().await?;
    changed.publish(state);
    Ok(())
}

/// Uploads of this person for this report that can't be committed any more.
pub async fn discard_uploads(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    report: ReportId,
    now: UnixMillis,
) -> ServiceResult<()> {
    for upload in storage::uploads::of_report(conn, actor.account, report).await? {
        let current = storage::versions::get(conn, report, upload.version, upload.revision).await?;
        if current.is_some() {
            uploads::discard(conn, &upload, now).await?;
        }
    }
    Ok(())
}

/// The sealed fields of a version.
pub async fn get(state: &AppState, actor: &Actor, report: ReportId, version: u32) -> ServiceResult<VersionContent> {
    let conn = state.db.read();
    let seen = standing::of(conn, actor, report, state.clock.now()).await?;
    let version = int(version)?;
    actor.may_open(seen.standing, seen.covers(version))?;
    let row = storage::versions::current(conn, report, version).await?.ok_or(ErrorCode::NotFound)?;
    let wraps = storage::wraps::for_grants(conn, report, seen.grant_ids()).await?;
    let current = |wrap: &WrapRow| wrap.version == version && wrap.revision == row.revision;
    let wraps = wraps.into_iter().filter(current).map(sent_wrap).collect::<ServiceResult<_>>()?;
    let event = EventDraft::by(actor, Action::Open).on(report).with("version", version).with("part", 0);
    state.audit.record(event.with("revision", row.revision)).await?;
    Ok(VersionContent {
        version: row.version.unsigned_abs(),
        revision: row.revision.unsigned_abs(),
        manifest: row.manifest.into(),
        statement: row.statement.into(),
        part0: row.part0.into(),
        wraps,
    })
}

/// A wrap as clients get it.
pub fn sent_wrap(row: WrapRow) -> ServiceResult<SentWrap> {
    Ok(SentWrap {
        version: row.version.unsigned_abs(),
        revision: row.revision.unsigned_abs(),
        grant_id: GrantId(storage::id("wraps", "grant_id", &row.grant_id)?),
        wrap: row.wrap.into(),
    })
}

/// Whether a grant was ever able to open what it covers.
pub fn was_live(grant: &storage::grants::Grant) -> bool {
    let before_revocation = storage::grants::Grant { revoked_at: None, ends_at: 0, ..grant.clone() };
    matches!(grant_state(&before_revocation, 0), Ok(GrantState::Live))
}
