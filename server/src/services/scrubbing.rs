//! Scrubs: how far one is, and what happens with blobs that are damaged (with rows: `scrubbing_rows`). Each is named in the audit, in
//! its report's own record too, told to administrators, and given out no more until it is whole again.

use std::{
    mem,
    time::{Duration, Instant},
};

use api_types::{
    ReportId, UnixMillis,
    audit::Action,
    storage::{BlobHealth, DamagedBlob, Scrub, StorageStatus},
};
use tokio_util::sync::CancellationToken;

use crate::{
    AppState, ServiceResult,
    audit::{EventDraft, enum_from_name, enum_name},
    backup::heal::{self, Mending},
    clock::{AHEAD, HOUR, MINUTE},
    mail::MailKind,
    policy::Actor,
    random,
    scrub::{self, ScrubPlan},
    services::{
        backups::tell_administrators,
        scrubbing_rows::{self, Place},
        stored_blobs::{Health, Looked, StoredBlob},
    },
    storage::{
        self,
        checksums::{self, Checksum},
        damaged_blobs::{self, DamagedRow},
        db::WriteTx,
        lease_time,
        scrubs::{self, ScrubRow},
        versions::RevisionKey,
    },
};

/// How long after its last sign of life another server may go on with one.
const HELD: UnixMillis = 10 * MINUTE;
/// How often it gives one.
const NOTED_EVERY: Duration = Duration::from_secs(120);
/// How often it is written down how far the rows are, of which each page takes a moment.
const ROWS_NOTED_EVERY: Duration = Duration::from_secs(10);
/// Damaged blobs that are looked at in one round.
const AT_ONCE: u64 = 200;
/// How often one is looked for in the backups.
const TRIED_EVERY: UnixMillis = HOUR;
/// Of how many an answer tells.
const SHOWN: u64 = 100;
/// Checksums that are written down in one transaction: each takes a look at the rows of its report.
const SUMS: usize = 100;

/// A walk that this server goes on with.
#[derive(Debug)]
pub struct Round {
    /// How far it is.
    pub place: Place,
    row: ScrubRow,
    /// When that was written down.
    noted: Instant,
    /// Checksums of blobs that were found whole since then.
    sums: Vec<Checksum>,
}

impl Round {
    /// One more was looked at.
    pub fn count(&mut self, blob: &StoredBlob, looked: Looked) {
        self.row.blobs += 1;
        self.row.bytes = self.row.bytes.saturating_add_unsigned(blob.len);
        self.row.damaged += i64::from(looked.health != Health::Whole);
        self.sums.extend(new_checksum(blob, looked));
    }

    /// So many more rows were compared, some of them damaged.
    pub fn count_rows(&mut self, rows: u64, damaged: u64) {
        self.row.rows = self.row.rows.saturating_add_unsigned(rows);
        self.row.damaged_rows = self.row.damaged_rows.saturating_add_unsigned(damaged);
    }

    /// What the blobs of a revision must hold can't be told.
    pub fn count_unreadable(&mut self) {
        self.row.damaged += 1;
    }
}

/// The one to go on with: one that nobody goes on with any more, or a new one where it is time.
pub async fn begin(state: &AppState, plan: ScrubPlan) -> ServiceResult<Option<Round>> {
    let now = state.clock.now();
    let tx = state.db.begin_write().await?;
    let taken = lease_time::now(tx.conn(), &state.clock).await?;
    let row = match scrubs::open(tx.conn()).await? {
        // Nobody holds for longer than that: who says so was killed while a clock was ahead.
        Some(row) if (taken + 1..=taken + HELD + AHEAD).contains(&row.leased_until) => return Ok(None),
        Some(row) => {
            let ours = ScrubRow { leased_until: taken + HELD, ..row };
            scrubs::update(tx.conn(), &ours, row.leased_until).await?;
            ours
        }
        None if plan.next(scrubs::newest(tx.conn(), now + AHEAD).await?.as_ref()) > now => return Ok(None),
        None => {
            let id = hex::encode(random::bytes::<8>()?);
            let (place, ended_at) = (Place::default().to_string(), None);
            let row = ScrubRow {
                id,
                began_at: now,
                leased_until: taken + HELD,
                ended_at,
                place,
                blobs: 0,
                bytes: 0,
                damaged: 0,
                rows: 0,
                damaged_rows: 0,
            };
            scrubs::insert(tx.conn(), row.clone()).await?;
            row
        }
    };
    tx.commit().await?;
    // One of another version begins anew.
    let place = row.place.parse().unwrap_or_default();
    Ok(Some(Round { place, row, noted: Instant::now(), sums: Vec::new() }))
}

/// Writes down how far it is. Says whether this server goes on with it: one that was asleep may find that another does.
pub async fn note(state: &AppState, round: &mut Round) -> ServiceResult<bool> {
    keep(state, &mem::take(&mut round.sums)).await?;
    let tx = state.db.begin_write().await?;
    let leased_until = lease_time::now(tx.conn(), &state.clock).await? + HELD;
    let row = ScrubRow { place: round.place.to_string(), leased_until, ..round.row.clone() };
    let ours = scrubs::update(tx.conn(), &row, round.row.leased_until).await?;
    tx.commit().await?;
    round.noted = Instant::now();
    // Whoever lost it must not take the other's time for their own.
    if ours {
        round.row = row;
    }
    Ok(ours)
}

/// As [`note`], but of rows only now and then.
pub async fn note_rows(state: &AppState, round: &mut Round) -> ServiceResult<bool> {
    if round.noted.elapsed() < ROWS_NOTED_EVERY {
        return Ok(true);
    }
    note(state, round).await
}

/// Says, now and then, that this server goes on with it; and whether it does.
pub async fn go_on(state: &AppState, round: &mut Round) -> ServiceResult<bool> {
    if round.noted.elapsed() < NOTED_EVERY {
        return Ok(true);
    }
    round.noted = Instant::now();
    lease(state, round, Some(HELD)).await
}

/// The server ends: the next goes on at once, behind what was written down.
pub async fn let_go(state: &AppState, round: &mut Round) -> ServiceResult<()> {
    lease(state, round, None).await.map(drop)
}

/// Holds it for so long from now on, or no more.
async fn lease(state: &AppState, round: &mut Round, time: Option<UnixMillis>) -> ServiceResult<bool> {
    let tx = state.db.begin_write().await?;
    let until = match time {
        Some(time) => lease_time::now(tx.conn(), &state.clock).await? + time,
        None => 0,
    };
    let ours = scrubs::lease(tx.conn(), &round.row.id, round.row.leased_until, until).await?;
    tx.commit().await?;
    if ours {
        round.row.leased_until = until;
    }
    Ok(ours)
}

/// It has seen all.
pub async fn end(state: &AppState, round: Round) -> ServiceResult<()> {
    let row = ScrubRow { ended_at: Some(state.clock.now()), place: Place::default().to_string(), ..round.row };
    let mut tx = state.db.begin_write().await?;
    if !scrubs::update(tx.conn(), &row, row.leased_until).await? {
        return Ok(());
    }
    let event = EventDraft::anonymous(Action::System).with("what", "scrub").with("blobs", row.blobs);
    let event = event.with("bytes", row.bytes).with("damaged", row.damaged);
    tx.record(event.with("rows", row.rows).with("damaged_rows", row.damaged_rows)).await?;
    tx.commit().await
}

/// A blob isn't what was stored. One that nobody names any more was deleted, and one that is known is said once.
pub async fn found(state: &AppState, blob: &StoredBlob, health: Health) -> ServiceResult<()> {
    let mut tx = state.db.begin_write().await?;
    let row = damaged(blob, health, state.clock.now());
    if !damaged_blobs::is_named(tx.conn(), &blob.key).await? || !damaged_blobs::insert(tx.conn(), row).await? {
        return Ok(());
    }
    tracing::error!(health = enum_name(&health), "a stored blob is damaged; Administration names it");
    record(&mut tx, "blob_damaged", &blob.key, blob.report, Some(health)).await?;
    tell_administrators(state, &mut tx, MailKind::BlobDamaged).await?;
    tx.commit().await
}

/// A backup met it, which can only note it: now it is told of as any.
async fn tell(state: &AppState, row: &DamagedRow, blob: &StoredBlob) -> ServiceResult<()> {
    let mut tx = state.db.begin_write().await?;
    if !damaged_blobs::set_told(tx.conn(), &row.key).await? {
        return Ok(());
    }
    record(&mut tx, "blob_damaged", &row.key, blob.report, enum_from_name(&row.health)).await?;
    tell_administrators(state, &mut tx, MailKind::BlobDamaged).await?;
    tx.commit().await
}

async fn record(
    tx: &mut WriteTx,
    what: &str,
    key: &str,
    report: Option<ReportId>,
    health: Option<Health>,
) -> ServiceResult<()> {
    let mut event = EventDraft::anonymous(Action::System).with("what", what).with("blob", key);
    if let Some(health) = health {
        event = event.with("health", enum_name(&health));
    }
    if let Some(report) = report {
        event = event.on(report);
    }
    tx.record(event).await
}

/// A reader met one: it is looked at as a whole. Where only its checksum was wrong that is put right, so that the next reader gets it.
pub async fn suspect(state: &AppState, blob: &StoredBlob) -> ServiceResult<()> {
    let looked = scrub::look(state, blob).await?;
    match looked.health {
        Health::Whole => keep(state, new_checksum(blob, looked).as_slice()).await,
        health => found(state, blob, health).await,
    }
}

/// The checksum of a blob that was found whole, where its row has none, or another: during an upgrade a server that knows of none
/// may exchange the segment of an upload, and leave the checksum of the one before.
fn new_checksum(blob: &StoredBlob, looked: Looked) -> Option<Checksum> {
    let crc64 = looked.crc64.filter(|crc64| blob.crc64 != Some(*crc64))?;
    if blob.crc64.is_some() {
        tracing::warn!("a stored blob is what its author signed, and its checksum was another: it is written anew");
    }
    Some(Checksum { key: blob.key.clone(), report: blob.report, crc64 })
}

async fn keep(state: &AppState, sums: &[Checksum]) -> ServiceResult<()> {
    for some in sums.chunks(SUMS) {
        let tx = state.db.begin_write().await?;
        for sum in some {
            checksums::put(tx.conn(), sum).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// What a stored manifest says can't be read: its blobs can't be compared.
pub async fn unreadable(state: &AppState, revision: &RevisionKey) -> ServiceResult<()> {
    let report = ReportId(storage::id("versions", "report_id", &revision.report)?);
    let mut tx = state.db.begin_write().await?;
    let event = EventDraft::anonymous(Action::System).on(report).with("what", "manifest_unreadable");
    tx.record(event.with("version", revision.version).with("revision", revision.revision)).await?;
    tell_administrators(state, &mut tx, MailKind::BlobDamaged).await?;
    tx.commit().await
}

/// Looks at all that was damaged, what was longest not looked at first: what is whole again, or named by nobody, is given out
/// again; of the rest the backups are asked. Says whether the server goes on.
pub async fn mend(state: &AppState, stop: &CancellationToken) -> ServiceResult<bool> {
    let begun = state.clock.now();
    loop {
        let rows = damaged_blobs::longest_not_looked_at(state.db.read(), begun, AT_ONCE).await?;
        if rows.is_empty() {
            return Ok(true);
        }
        let tx = state.db.begin_write().await?;
        let keys: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
        damaged_blobs::looked(tx.conn(), &keys, state.clock.now().max(begun)).await?;
        tx.commit().await?;
        if !mend_some(state, rows, stop).await? {
            return Ok(false);
        }
    }
}

async fn mend_some(state: &AppState, rows: Vec<DamagedRow>, stop: &CancellationToken) -> ServiceResult<bool> {
    let mut left = Vec::new();
    for row in rows {
        let blob = stored(&row)?;
        if !row.told {
            tell(state, &row, &blob).await?;
        }
        if !damaged_blobs::is_named(state.db.read(), &row.key).await? {
            forget(state, &blob, "blob_deleted").await?;
            continue;
        }
        match scrub::look_again(state, &blob, stop).await? {
            None => return Ok(false),
            Some(Health::Whole) => forget(state, &blob, "blob_whole").await?,
            Some(_) => left.push((row, blob)),
        }
    }
    let now = state.clock.now();
    left.retain(|(row, _)| row.tried_at.is_none_or(|tried_at| tried_at + TRIED_EVERY <= now || tried_at > now + AHEAD));
    if !left.is_empty() {
        let blobs: Vec<StoredBlob> = left.into_iter().map(|(_, blob)| blob).collect();
        restore(state, blobs).await?;
    }
    Ok(true)
}

/// Takes them from the backups, where the server may open these.
async fn restore(state: &AppState, wanted: Vec<StoredBlob>) -> ServiceResult<()> {
    let Some(schedule) = &state.config.backup else { return Ok(()) };
    let Some(identity) = schedule.drill.as_ref().and_then(|plan| plan.identity.as_ref()) else { return Ok(()) };
    let (now, mut blobs) = (state.clock.now(), Vec::with_capacity(wanted.len()));
    let tx = state.db.begin_write().await?;
    for blob in wanted {
        if damaged_blobs::try_now(tx.conn(), &blob.key, now, now - TRIED_EVERY).await? {
            blobs.push(blob);
        }
    }
    tx.commit().await?;
    if blobs.is_empty() {
        return Ok(());
    }
    match heal::from_place(&schedule.to, identity, &Mending { blobs: &state.blobs, db: &state.db }, &blobs).await {
        Ok(restored) => {
            for blob in blobs.iter().filter(|blob| restored.contains(&blob.key)) {
                forget(state, blob, "blob_restored").await?;
            }
        }
        // The backups may be away: they are asked again.
        Err(error) => tracing::error!(%error, "damaged blobs could not be restored from the backups"),
    }
    Ok(())
}

async fn forget(state: &AppState, blob: &StoredBlob, what: &str) -> ServiceResult<()> {
    let mut tx = state.db.begin_write().await?;
    if damaged_blobs::remove(tx.conn(), &blob.key).await? {
        tracing::info!(what, "a damaged blob is one no more");
        record(&mut tx, what, &blob.key, blob.report, None).await?;
    }
    tx.commit().await
}

/// A blob that was found damaged now.
pub fn damaged(blob: &StoredBlob, health: Health, now: UnixMillis) -> DamagedRow {
    DamagedRow {
        key: blob.key.clone(),
        report_id: blob.report.map(|report| report.0.to_vec()),
        len: i64::try_from(blob.len).unwrap_or(i64::MAX),
        sha256: blob.sha256.to_vec(),
        health: enum_name(&health),
        found_at: now,
        tried_at: None,
        looked_at: now,
        told: true,
    }
}

/// What a damaged blob must hold.
pub fn stored(row: &DamagedRow) -> storage::DbResult<StoredBlob> {
    let report = row.report_id.as_deref().map(|id| storage::id("damaged_blobs", "report_id", id)).transpose()?;
    Ok(StoredBlob {
        key: row.key.clone(),
        len: row.len.unsigned_abs(),
        sha256: storage::id("damaged_blobs", "sha256", &row.sha256)?,
        crc64: None,
        report: report.map(ReportId),
    })
}

/// `GET /admin/storage`.
pub async fn get(state: &AppState, actor: &Actor) -> ServiceResult<StorageStatus> {
    actor.may_administer()?;
    let (conn, now) = (state.db.read(), state.clock.now());
    let (running, last) = (scrubs::open(conn).await?, scrubs::newest(conn, now + AHEAD).await?);
    let due = state.config.scrub.filter(|_| running.is_none());
    let identity = state.config.backup.as_ref().and_then(|plan| plan.drill.as_ref());
    let damaged = damaged_blobs::list(conn, SHOWN).await?;
    let (damaged_rows_count, damaged_rows) = scrubbing_rows::listed(conn, SHOWN).await?;
    let status = StorageStatus {
        every: state.config.scrub.map(|plan| plan.every),
        next_at: due.map(|plan| plan.next(last.as_ref()).max(now)),
        running: running.map(shown),
        last: last.map(shown),
        named: scrubs::named(conn).await?,
        damaged_count: damaged_blobs::count(conn).await?,
        damaged: damaged.into_iter().map(shown_blob).collect::<storage::DbResult<_>>()?,
        damaged_rows_count,
        damaged_rows,
        restores: identity.is_some_and(|plan| plan.identity.is_some()),
    };
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "storage")).await?;
    Ok(status)
}

fn shown(row: ScrubRow) -> Scrub {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Scrub {
        began_at: row.began_at,
        ended_at: row.ended_at,
        blobs: count(row.blobs),
        bytes: count(row.bytes),
        damaged: count(row.damaged),
        rows: count(row.rows),
        damaged_rows: count(row.damaged_rows),
    }
}

fn shown_blob(row: DamagedRow) -> storage::DbResult<DamagedBlob> {
    let StoredBlob { key, report, .. } = stored(&row)?;
    let health = match enum_from_name::<Health>(&row.health) {
        Some(Health::Missing) => BlobHealth::Missing,
        Some(Health::Unreadable) => BlobHealth::Unreadable,
        _ => BlobHealth::Changed,
    };
    Ok(DamagedBlob { blob: key, report_id: report, health, found_at: row.found_at })
}
