//! One report brought back: what the installation has lost of it, or what is damaged, comes from a snapshot. Nothing newer is
//! lost, and what was erased, revoked or re-keyed since stays so.

use std::{collections::BTreeSet, path::PathBuf};

use api_types::{ReportId, audit::Action};

use super::{
    BackupError, Identities, Repository, SnapshotId,
    drill::{
        copy::{self, ScratchCopy},
        scratch::Scratch,
    },
    missing::Missing,
};
use crate::{
    audit::EventDraft,
    clock::now_ms,
    data_folder,
    database_url::DatabaseUrl,
    membership,
    services::stored_blobs::{self, Health, StoredBlob},
    storage::{
        blob_garbage,
        blobs::{Blobs, BlobsConfig},
        db::Db,
        grants, instance,
        report_rows::{self, ReportRows},
        reports, reports_access,
        versions::{self, RevisionKey, Version},
    },
};

/// What is put back, from where, and where to.
#[derive(Debug, Clone)]
pub struct PutBack {
    /// Where snapshots are.
    pub from: Repository,
    /// What opens them.
    pub identities: Identities,
    /// Which; the newest where it isn't said.
    pub snapshot: Option<SnapshotId>,
    /// The report.
    pub report: ReportId,
    /// The installation's data folder: no server of it may run.
    pub data: PathBuf,
    /// Its database.
    pub database: DatabaseUrl,
    /// Its blobs.
    pub blobs: BlobsConfig,
}

/// What was put back.
#[derive(Debug, Clone)]
pub struct Done {
    /// From this snapshot.
    pub snapshot: SnapshotId,
    /// Rows.
    pub rows: usize,
    /// Blobs.
    pub blobs: usize,
    /// Blobs that are still missing or damaged: the snapshot doesn't have them.
    pub lost: usize,
}

/// Puts it back.
///
/// # Errors
/// [`BackupError`]; what was put back until then is sound, and it may be done again.
pub async fn run(order: &PutBack) -> Result<Done, BackupError> {
    let id = match &order.snapshot {
        Some(id) => id.clone(),
        None => order.from.contents().await?.newest(now_ms())?,
    };
    let _lock = data_folder::lock(&order.data)?;
    let _database = data_folder::lock_database(&order.database)?;
    let db = Db::open_existing(&order.database).await?;
    let done = match membership::anyone(db.read()).await {
        Ok(false) => put_back(order, &db, id).await,
        // It lies elsewhere, and so in another folder.
        Ok(true) => Err(BackupError::Served(order.database.to_string())),
        Err(error) => Err(error.into()),
    };
    db.close().await?;
    done
}

async fn put_back(order: &PutBack, db: &Db, id: SnapshotId) -> Result<Done, BackupError> {
    let report = reports::get(db.read(), order.report).await?.ok_or(BackupError::NoReport)?;
    if report.erased_at.is_some() {
        return Err(BackupError::Erased);
    }
    let instance = instance::load(db.read()).await?.ok_or_else(|| BackupError::Nothing(order.database.to_string()))?;
    let scratch = Scratch::new(&order.data)?;
    let source = copy::Source { repository: order.from.clone(), id: id.clone() };
    let copy = copy::make(source, order.identities.clone(), scratch.path()).await?;
    if !copy.is_of(&instance.instance_id) {
        return Err(BackupError::OtherInstallation);
    }
    let blobs = Blobs::new(&order.data, &order.blobs)?;
    blobs.claim(&instance.instance_id, versions::any_blob(db.read()).await?.as_deref()).await?;
    let then = rows_then(&copy, order.report).await?;
    let now = report_rows::read(db.read(), order.report).await?;
    let missing = Missing::of(&now, then, report.latest_version, &live_grants(db, order.report).await?);
    // Blobs come first: a row that is there can be opened.
    let (restored, lost) = put_blobs(&copy, &blobs, expected(&now, &missing)?).await?;
    let done = Done { snapshot: id, rows: missing.rows(), blobs: restored, lost };
    if done.rows + done.blobs > 0 {
        record(order, db, missing, &done).await?;
    }
    Ok(done)
}

async fn rows_then(copy: &ScratchCopy, report: ReportId) -> Result<ReportRows, BackupError> {
    let old = Db::open_existing(&copy.order.database).await?;
    let then = report_rows::read(old.read(), report).await;
    old.close().await?;
    Ok(then?)
}

/// Grants that count now: nobody else gets a key back.
async fn live_grants(db: &Db, report: ReportId) -> Result<BTreeSet<Vec<u8>>, BackupError> {
    let now = now_ms();
    let all = grants::of_report(db.read(), report).await?;
    let live =
        all.into_iter().filter(|grant| grant.revoked_at.is_none() && (grant.ends_at == 0 || grant.ends_at > now));
    Ok(live.map(|grant| grant.id).collect())
}

/// The blobs of what there is and of what is put back, each once, and what each must hold.
fn expected(now: &ReportRows, missing: &Missing) -> Result<Vec<StoredBlob>, BackupError> {
    let replaced: BTreeSet<_> = missing.replaced.iter().map(|row| (row.version, row.revision)).collect();
    let kept = now.versions.iter().filter(|row| !replaced.contains(&(row.version, row.revision)));
    let whole = kept.chain(&missing.added.versions).chain(&missing.replaced);
    let mut blobs = Vec::new();
    for row in whole.filter(|row| row.superseded_at.is_none()) {
        blobs.extend(of_version(row, now, missing)?);
    }
    // What is carried over is in several versions.
    let mut met = BTreeSet::new();
    blobs.retain(|blob| met.insert(blob.key.clone()));
    Ok(blobs)
}

fn of_version(row: &Version, now: &ReportRows, missing: &Missing) -> Result<Vec<StoredBlob>, BackupError> {
    let all = now.segments.iter().chain(&missing.added.segments);
    let own = all.filter(|segment| (segment.version, segment.revision) == (row.version, row.revision));
    let key = RevisionKey { report: row.report_id.clone(), version: row.version, revision: row.revision };
    Ok(stored_blobs::of_revision(&key, &row.manifest, own.cloned().collect())?)
}

/// Puts back those that are missing or damaged; says how many, and how many the snapshot doesn't have.
async fn put_blobs(
    copy: &ScratchCopy,
    blobs: &Blobs,
    expected: Vec<StoredBlob>,
) -> Result<(usize, usize), BackupError> {
    let (mut restored, mut lost) = (0, 0);
    for blob in expected {
        if look(blobs, &blob).await? == Health::Whole {
            continue;
        }
        if copy.put(blobs, &blob.key).await? && look(blobs, &blob).await? == Health::Whole {
            restored += 1;
        } else {
            lost += 1;
        }
    }
    Ok((restored, lost))
}

async fn look(blobs: &Blobs, blob: &StoredBlob) -> Result<Health, BackupError> {
    let looked = stored_blobs::look(blobs, blob).await.map_err(BackupError::Restoring)?;
    Ok(looked.health)
}

/// Rows and event are durable together. The event stands in the report's own record.
async fn record(order: &PutBack, db: &Db, missing: Missing, done: &Done) -> Result<(), BackupError> {
    let keys = missing.added.segments.iter().map(|segment| segment.blob_key.clone()).collect();
    let mut tx = db.begin_write().await?;
    // One may have been started meanwhile, and the report have been erased, re-keyed or taken from somebody there.
    if membership::anyone(tx.conn()).await? {
        return Err(BackupError::Served(order.database.to_string()));
    }
    report_rows::insert(tx.conn(), missing.added).await?;
    for version in missing.replaced {
        report_rows::replace(tx.conn(), version).await?;
    }
    reports_access::copy(tx.conn(), order.report).await?;
    blob_garbage::remove(tx.conn(), keys).await?;
    let event = EventDraft::anonymous(Action::System).on(order.report).with("what", "put_back");
    let event = event.with("snapshot", &done.snapshot).with("rows", done.rows).with("blobs", done.blobs);
    tx.record(event.with("lost", done.lost)).await?;
    Ok(tx.commit().await?)
}
