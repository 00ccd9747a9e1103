//! Versions and their revisions: added, re-keyed, read. Each becomes visible in one transaction, or not at all.

use std::collections::BTreeMap;

use api_types::{
    AccountId, ErrorCode, GrantId, ReportId, TeamId, UnixMillis,
    audit::Action,
    grants::{GrantState, Wrap as SentWrap},
    limits::VERSIONS_MAX,
    reports::{NewVersion, VersionContent},
};
use crypto::{
    audit::what,
    report::{AccessState, Manifest},
    sign::Signed,
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::MINUTE,
    policy::Actor,
    services::{
        access::{self, grant_state},
        drafts, quotas,
        reading::Reading,
        sessions,
        standing::{self, Standing},
        uploads,
        verify::{self, Chain, Keys},
        versions_check::{Checked, check, int, store},
    },
    storage::{self, blob_garbage, wraps::WrapRow},
};

/// Downloads of superseded ciphertext that are under way may end.
const GARBAGE_DELAY: UnixMillis = 5 * MINUTE;

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
pub async fn load(state: &AppState, actor: &Actor, report: ReportId, extra: &[AccountId]) -> ServiceResult<Loaded> {
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
    let mut keys = Keys { people: verify::keys(conn, &accounts).await?, ..Keys::default() };
    verify::add_devices(conn, &mut keys, &accounts, state.instance.instance_id).await?;
    for team in chain.teams() {
        verify::add_team(conn, &mut keys, team).await?;
    }
    let mut state = chain.replay(&keys, now)?;
    for closed in storage::closing::closed(conn, &accounts).await? {
        state.note_closed(crypto::ids::AccountId(closed.0));
    }
    for (team, _) in keys.teams.iter().filter(|(_, chain)| chain.is_dissolved()) {
        state.note_dissolved(*team);
    }
    Ok(Loaded { seen, chain, keys, state })
}

/// In the transaction: what was verified outside it must still be what is stored, and the caller who they were then. It may have
/// waited for its turn to write, and the report's own chain says nothing of a session that ended meanwhile, of a grant whose time
/// is over, nor of a team's next roster.
pub async fn unchanged(
    state: &AppState,
    conn: &impl ConnectionTrait,
    actor: &Actor,
    loaded: &Loaded,
) -> ServiceResult<()> {
    let report = ReportId(storage::id("reports", "id", &loaded.seen.report.id)?);
    let actor = sessions::still(state, actor).await?.ok_or(ErrorCode::SignedOut)?;
    let seen = standing::of(conn, &actor, report, state.clock.now()).await?;
    let mut same = seen.report.access_head == loaded.seen.report.access_head;
    if same && seen.standing != loaded.seen.standing {
        actor.may_read(seen.standing)?;
        same = false;
    }
    for (team, chain) in &loaded.keys.teams {
        let stored = storage::teams::get(conn, TeamId(team.0)).await?.map(|row| row.seq);
        same &= stored == Some(int(chain.current().seq)?);
    }
    if same { Ok(()) } else { Err(ErrorCode::AccessHeadMoved.into()) }
}

/// Every manifest of a report, by version and revision.
pub async fn manifests(conn: &impl ConnectionTrait, report: ReportId) -> ServiceResult<Vec<Signed<Manifest>>> {
    let rows = storage::versions::summaries(conn, report).await?;
    let parse = |row: &storage::versions::Summary| Signed::parse(&row.manifest);
    let corrupt = |error| ServiceError::Internal(format!("a stored manifest of {report}: {error}"));
    rows.iter().map(parse).collect::<Result<_, _>>().map_err(corrupt)
}

/// Whether this very revision is stored already: the answer to the first request was lost. One with another content is a
/// conflict: what is there is never overwritten.
async fn repeated(conn: &impl ConnectionTrait, report: ReportId, body: &NewVersion) -> ServiceResult<bool> {
    match stored(conn, report, (body.version, body.revision)).await? {
        None => Ok(false),
        Some(manifest) if manifest == body.manifest.0 => Ok(true),
        Some(_) => Err(ServiceError::because(ErrorCode::Conflict, "this version exists with another content")),
    }
}

/// Whether this very revision was stored since it was checked: the same request was sent twice, and both were on their way.
async fn stored_meanwhile(conn: &impl ConnectionTrait, report: ReportId, checked: &Checked) -> ServiceResult<bool> {
    let manifest = stored(conn, report, (checked.place.version, checked.place.revision)).await?;
    Ok(manifest.is_some_and(|manifest| manifest == checked.manifest_bytes()))
}

/// The manifest that is stored for a version and revision.
async fn stored(
    conn: &impl ConnectionTrait,
    report: ReportId,
    (version, revision): (u32, u32),
) -> ServiceResult<Option<Vec<u8>>> {
    let row = storage::versions::get(conn, report, int(version)?, int(revision)?).await?;
    Ok(row.map(|row| row.manifest))
}

/// Whoever adds a version behind one that isn't the newest any more is told which one is.
fn moved(error: ServiceError, latest: i32) -> ServiceError {
    match error {
        ServiceError::Refused(ErrorCode::Conflict) | ServiceError::RefusedBecause(ErrorCode::Conflict, _) => {
            ServiceError::VersionMoved { latest: latest.unsigned_abs() }
        }
        other => other,
    }
}

/// Adds a version. Somebody else's, or new keys of an earlier one, may have come meanwhile: `version_moved`.
pub async fn add(state: &AppState, actor: &Actor, report: ReportId, body: NewVersion) -> ServiceResult<()> {
    let now = state.clock.now();
    // Somebody who belongs to a team isn't named by the chain.
    let loaded = load(state, actor, report, &[actor.account]).await?;
    actor.may_contribute(loaded.seen.standing)?;
    if body.revision != 0 {
        return Err(ServiceError::field("/revision", "a new version begins at revision 0"));
    }
    let latest = loaded.seen.report.latest_version;
    // Before it is asked whether it is there: else the same version, stored in between, looked like somebody else's.
    let earlier = manifests(state.db.read(), report).await?;
    if repeated(state.db.read(), report, &body).await.map_err(|error| moved(error, latest))? {
        let event = EventDraft::by(actor, Action::Create).on(report).with("version", body.version);
        return state.audit.record(event.with("repeated", true)).await;
    }
    if latest.unsigned_abs() >= VERSIONS_MAX {
        return Err(ErrorCode::TooManyVersions.into());
    }
    let draft = body.draft;
    let alone = sealed_alone(&body);
    let checked = check(report, body, earlier.clone(), &loaded.state, &loaded.keys, now);
    let checked = checked.map_err(|error| moved(error, latest))?;
    may_carry(actor, &loaded.seen, &checked, &earlier)?;
    let version = int(checked.place.version)?;
    let mut tx = state.db.begin_write().await?;
    if stored_meanwhile(tx.conn(), report, &checked).await? {
        return tx.repeated(EventDraft::by(actor, Action::Create).on(report).with("version", version)).await;
    }
    unchanged(state, tx.conn(), actor, &loaded).await?;
    still_next(tx.conn(), report, &checked).await?;
    if let Some(bytes) = alone {
        quotas::admit(state, tx.conn(), actor, loaded.seen.owner, bytes).await?;
    }
    store(tx.conn(), actor, checked, now).await?;
    if let Some(counter) = draft {
        drafts::end(tx.conn(), actor, report, counter, now).await?;
    }
    storage::reports::set_latest(tx.conn(), report, version, now).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    let event = EventDraft::by(actor, Action::Create).on(report).with("version", version);
    tx.record(event).await?;
    quotas::tell(state, &mut tx, loaded.seen.owner).await?;
    changed.tell(&mut tx);
    tx.commit().await
}

/// The bytes of a version without uploads: one without files, or whose files are all carried over. One with uploads was admitted
/// when those began.
pub fn sealed_alone(body: &NewVersion) -> Option<u64> {
    body.uploads.is_empty().then(|| (body.part0.0.len() + body.statement.0.len() + body.manifest.0.len()) as u64)
}

/// Somebody else's version may have come in between, or new keys for one before.
async fn still_next(conn: &impl ConnectionTrait, report: ReportId, checked: &Checked) -> ServiceResult<()> {
    let latest = storage::reports::get(conn, report).await?.ok_or(ErrorCode::NotFound)?.latest_version;
    if latest + 1 != int(checked.place.version)? {
        return Err(ServiceError::VersionMoved { latest: latest.unsigned_abs() });
    }
    checked.still_follows(manifests(conn, report).await?).map_err(|error| moved(error, latest))
}

/// What is carried over must stand in a version that its author may open: else somebody could have ciphertext given out, under
/// a version of their own, that isn't given to them.
fn may_carry(actor: &Actor, seen: &Standing, checked: &Checked, earlier: &[Signed<Manifest>]) -> ServiceResult<()> {
    let mut current: BTreeMap<u32, &Manifest> = BTreeMap::new();
    for manifest in earlier.iter().map(Signed::claimed) {
        // By version and revision: the last one counts.
        current.insert(manifest.place.version, manifest);
    }
    for from in checked.manifest().parts.iter().filter_map(|part| part.carried) {
        let mut covered = false;
        for manifest in current.values().filter(|manifest| manifest.origins().any(|origin| origin == from)) {
            covered |= seen.covers(int(manifest.place.version)?);
        }
        actor.may_open(seen.standing, covered)?;
    }
    Ok(())
}

/// The lengths of a version's parts, in its newest revision.
fn lengths_of(manifests: &[Signed<Manifest>], version: u32) -> Option<Vec<u64>> {
    // By version and revision: the last one counts.
    manifests.iter().rev().map(Signed::claimed).find(|manifest| manifest.place.version == version).map(lengths)
}

fn lengths(manifest: &Manifest) -> Vec<u64> {
    manifest.parts.iter().map(|part| part.ciphertext_len).collect()
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
    let earlier = manifests(state.db.read(), report).await?;
    if repeated(state.db.read(), report, &body).await? {
        let event = EventDraft::by(actor, Action::Rekey).on(report).with("version", body.version);
        return state.audit.record(event.with("revision", body.revision).with("repeated", true)).await;
    }
    let before = lengths_of(&earlier, version);
    let checked = check(report, body, earlier, &loaded.state, &loaded.keys, now)?;
    // What takes the place of as much isn't counted.
    if before.is_some_and(|before| before != lengths(checked.manifest())) {
        return Err(ServiceError::field("/version/manifest", "has a part of another length than the revision before"));
    }
    let (version, revision) = (int(checked.place.version)?, int(checked.place.revision)?);
    let mut tx = state.db.begin_write().await?;
    if stored_meanwhile(tx.conn(), report, &checked).await? {
        let event = EventDraft::by(actor, Action::Rekey).on(report).with("version", version);
        return tx.repeated(event.with("revision", revision)).await;
    }
    unchanged(state, tx.conn(), actor, &loaded).await?;
    let current = storage::versions::current(tx.conn(), report, version).await?.ok_or(ErrorCode::NotFound)?;
    if current.revision + 1 != revision {
        return Err(ErrorCode::Conflict.into());
    }
    checked.still_follows(manifests(tx.conn(), report).await?)?;
    store(tx.conn(), actor, checked, now).await?;
    storage::wraps::delete_revision(tx.conn(), report, version, current.revision).await?;
    let blobs = storage::versions::supersede(tx.conn(), report, version, current.revision, now).await?;
    blob_garbage::add(tx.conn(), blobs, now + GARBAGE_DELAY).await?;
    storage::versions_rekey::done(tx.conn(), report, version).await?;
    storage::reports::touch(tx.conn(), report, now).await?;
    discard_uploads(tx.conn(), actor, report, now).await?;
    // The old ciphertext stays where other versions carry it over.
    quotas::tell(state, &mut tx, loaded.seen.owner).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    let event = EventDraft::by(actor, Action::Rekey).on(report).with("version", version).with("revision", revision);
    tx.record(event).await?;
    changed.tell(&mut tx);
    tx.commit().await
}

/// Uploads of this person for this report that can't be committed any more. What was uploaded for a version that somebody else
/// made meanwhile can be, to a later one.
pub async fn discard_uploads(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    report: ReportId,
    now: UnixMillis,
) -> ServiceResult<()> {
    for upload in storage::uploads::of_report(conn, actor.account, report).await? {
        let later = upload.version > 1 && upload.revision == 0;
        if !later && storage::versions::get(conn, report, upload.version, upload.revision).await?.is_some() {
            uploads::discard(conn, &upload, now).await?;
        }
    }
    Ok(())
}

/// The sealed fields of a version.
pub async fn get(
    state: &AppState,
    actor: &Actor,
    reading: Reading,
    report: ReportId,
    version: u32,
) -> ServiceResult<VersionContent> {
    let conn = state.db.read();
    let seen = standing::of(conn, actor, report, state.clock.now()).await?;
    let version = int(version)?;
    actor.may_open(seen.standing, seen.covers(version))?;
    let row = storage::versions::current(conn, report, version).await?.ok_or(ErrorCode::NotFound)?;
    let wraps = storage::wraps::for_grants(conn, report, seen.grant_ids()).await?;
    let current = |wrap: &WrapRow| wrap.version == version && wrap.revision == row.revision;
    let wraps = wraps.into_iter().filter(current).map(sent_wrap).collect::<ServiceResult<_>>()?;
    let event = reading.event(state, actor, Action::Open, Some(report), &what::fields(version))?;
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
