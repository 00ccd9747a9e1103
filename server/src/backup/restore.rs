//! A snapshot restored: into an empty place, everything compared before anybody is told that it is done. What is not complete
//! can't be served: the database comes last, whole or not at all, and bears a mark until its log was verified and the restore
//! recorded.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use api_types::audit::Action;
use sea_orm::ConnectionTrait;

use super::{
    BackupError, Identities, Manifest, Repository, SnapshotId,
    manifest::{BlobCopy, TableDump},
    repository::damaged,
};
use crate::{
    audit::EventDraft,
    clock::now_ms,
    data_folder,
    database_url::DatabaseUrl,
    log,
    storage::{
        backups,
        blobs::{Blobs, BlobsConfig},
        connect::{Purpose, begin, connect},
        copy::{
            Table, digest,
            dump::{Load, clear},
            lasting, marks,
            target::Target,
        },
        db::Db,
        migrate,
        settling::{self, Settled},
    },
};

/// What is restored, and where to.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Where snapshots are.
    pub from: Repository,
    /// What opens them.
    pub identities: Identities,
    /// Which; the newest where it isn't said.
    pub snapshot: Option<SnapshotId>,
    /// The data folder, which is made.
    pub data: PathBuf,
    /// The database.
    pub database: DatabaseUrl,
    /// Where blobs go.
    pub blobs: BlobsConfig,
}

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Of which installation, hexadecimal.
    pub instance: String,
    /// Tables.
    pub tables: usize,
    /// Rows.
    pub rows: u64,
    /// Blobs.
    pub blobs: usize,
    /// Leaves of the log, which is whole.
    pub log: u64,
    /// What it doesn't go on with.
    pub settled: Settled,
    /// What the operator had decided.
    pub settings: BTreeMap<String, String>,
}

/// Restores a snapshot; tells `say` what it does.
///
/// # Errors
/// [`BackupError`]. What was written until then is of no use and may be deleted.
pub async fn run(order: &Restore, say: impl Fn(&str)) -> Result<Restored, BackupError> {
    let id = match &order.snapshot {
        Some(id) => id.clone(),
        None => order.from.contents().await?.newest(now_ms())?,
    };
    let manifest = order.from.manifest(&order.identities, &id).await?;
    of_this_schema(&manifest)?;
    let instance = instance_id(&manifest, &id)?;
    let blobs = empty_place(order).await?;
    let _lock = data_folder::lock(&order.data)?;
    blobs.claim(&instance, None).await?;
    say(&format!("Restoring the snapshot {id}: {} blobs.", manifest.blobs.len()));
    for blob in &manifest.blobs {
        restore_blob(&order.from, &order.identities, &blobs, blob).await?;
    }
    write_secrets(&order.data, &manifest)?;
    say("The blobs are there. Restoring the database.");
    let filled = restore_database(order, &manifest, &instance).await?;
    say("The database is the same as in the snapshot. Verifying the log.");
    let verified = complete(order, &id, filled.settled).await?;
    Ok(Restored {
        snapshot: id,
        tables: manifest.tables.len(),
        rows: filled.rows,
        blobs: manifest.blobs.len(),
        log: verified.events.leaves + verified.keys.leaves,
        settled: filled.settled,
        instance: manifest.instance,
        settings: manifest.settings,
    })
}

/// Database and secrets of a snapshot, compared, and its log verified; of the blobs none. Gives the place for them, and the
/// number of rows.
pub(super) async fn without_blobs(
    order: &Restore,
    manifest: &Manifest,
    id: &SnapshotId,
) -> Result<(Blobs, u64), BackupError> {
    of_this_schema(manifest)?;
    let instance = instance_id(manifest, id)?;
    let blobs = empty_place(order).await?;
    blobs.claim(&instance, None).await?;
    write_secrets(&order.data, manifest)?;
    let filled = restore_database(order, manifest, &instance).await?;
    complete(order, id, filled.settled).await?;
    Ok((blobs, filled.rows))
}

fn of_this_schema(manifest: &Manifest) -> Result<(), BackupError> {
    if manifest.schema == migrate::known() { Ok(()) } else { Err(BackupError::OtherSchema(manifest.version.clone())) }
}

fn malformed(id: &SnapshotId) -> BackupError {
    BackupError::Damaged(super::Fault::new(&format!("snapshots/{id}"), "it holds something that no server wrote"))
}

fn instance_id(manifest: &Manifest, id: &SnapshotId) -> Result<[u8; 16], BackupError> {
    let bytes = hex::decode(&manifest.instance).ok();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| malformed(id))
}

/// Makes sure that nothing is there.
async fn empty_place(order: &Restore) -> Result<Blobs, BackupError> {
    let data = order.data.display().to_string();
    let failed = |error| BackupError::File(order.data.clone(), error);
    if order.data.exists() && fs::read_dir(&order.data).map_err(failed)?.next().is_some() {
        return Err(BackupError::Occupied(data));
    }
    // Only its owner may look into what is made now.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&order.data).map_err(failed)?;
    if order.database.is_sqlite() {
        let conn = connect(&order.database, Purpose::Migrate).await?;
        let fresh = migrate::is_fresh(&conn).await?;
        conn.close().await?;
        if !fresh {
            return Err(BackupError::Occupied(order.database.to_string()));
        }
    }
    let blobs = Blobs::new(&order.data, &order.blobs)?;
    if !blobs.is_empty().await.map_err(BackupError::Restoring)? {
        return Err(BackupError::Occupied(blobs.place().to_owned()));
    }
    Ok(blobs)
}

/// Restores a blob.
pub(super) async fn restore_blob(
    from: &Repository,
    identities: &Identities,
    blobs: &Blobs,
    blob: &BlobCopy,
) -> Result<(), BackupError> {
    let mut opening = from.open_object(identities, &blob.object).await?;
    let mut writer = blobs.write(&blob.key);
    while let Some(piece) = opening.next().await {
        writer.write(&piece).await.map_err(BackupError::Restoring)?;
    }
    let whole = from.opened(&blob.object, opening).await;
    let whole = whole.and_then(|()| {
        let same = writer.len() == blob.len;
        if same { Ok(()) } else { Err(damaged(&blob.object, "it holds another blob than the snapshot says")) }
    });
    if let Err(error) = whole {
        writer.abort().await.map_err(BackupError::Restoring)?;
        return Err(error);
    }
    writer.finish().await.map(drop).map_err(BackupError::Restoring)
}

fn write_secrets(data: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let folder = data.join("secrets");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| BackupError::File(path, error)
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed(&folder))?;
    for file in &manifest.secrets {
        // A name is a name, and leads nowhere else.
        let path = folder.join(&file.name);
        let content = hex::decode(&file.content).ok().map(zeroize::Zeroizing::new);
        let is_name =
            path.parent() == Some(folder.as_path()) && path.file_name().is_some_and(|name| *name == *file.name);
        let Some(content) = content.filter(|_| is_name) else {
            return Err(BackupError::Damaged(super::Fault::new("secrets", "a file of it holds what no server wrote")));
        };
        let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = new.and_then(|mut file| file.write_all(&content).and_then(|()| file.sync_all()));
        written.map_err(failed(&path))?;
    }
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed(&folder))
}

/// A database that has every row of the snapshot, and what it doesn't go on with.
struct Filled {
    rows: u64,
    settled: Settled,
}

async fn restore_database(order: &Restore, manifest: &Manifest, instance: &[u8; 16]) -> Result<Filled, BackupError> {
    if order.database.is_sqlite() {
        let conn = connect(&order.database, Purpose::Migrate).await?;
        migrate::migrate(&conn).await?;
        let tx = begin(&conn).await?;
        // Tables come in any order: what refers to what is looked at with the commit.
        tx.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
        let filled = fill(order, manifest, &tx).await?;
        tx.commit().await?;
        conn.close().await?;
        return Ok(filled);
    }
    let target = Target::open(&order.database).await?;
    if target.is_begun().await? {
        return Err(BackupError::Occupied(order.database.to_string()));
    }
    target.prepare(instance).await?;
    let filled = fill(order, manifest, target.conn()).await?;
    target.complete().await?;
    Ok(filled)
}

/// Marks the database, fills it, and takes out what it must not go on with: so it can't be served before the end, and at no
/// moment with anything of that.
async fn fill(order: &Restore, manifest: &Manifest, conn: &impl ConnectionTrait) -> Result<Filled, BackupError> {
    marks::begin_restore(conn).await?;
    let rows = fill_tables(order, manifest, conn).await?;
    Ok(Filled { rows, settled: settling::settle(conn).await? })
}

/// Fills every table that a backup holds, and reads it back.
async fn fill_tables(order: &Restore, manifest: &Manifest, conn: &impl ConnectionTrait) -> Result<u64, BackupError> {
    let tables = lasting()?;
    if tables.len() != manifest.tables.len() {
        return Err(BackupError::OtherSchema(manifest.version.clone()));
    }
    let mut rows = 0;
    for table in &tables {
        let dump = manifest.tables.iter().find(|dump| dump.name == table.name());
        let dump = dump.ok_or_else(|| BackupError::OtherSchema(manifest.version.clone()))?;
        restore_table(order, table, dump, conn).await?;
        let there = digest(table, conn).await?;
        if there.rows != dump.rows || hex::encode(there.sha256) != dump.sha256 {
            return Err(BackupError::Different(dump.name.clone()));
        }
        rows += there.rows;
    }
    Ok(rows)
}

async fn restore_table(
    order: &Restore,
    table: &Table,
    dump: &TableDump,
    conn: &impl ConnectionTrait,
) -> Result<(), BackupError> {
    clear(table, conn).await?;
    let mut load = Load::new(table);
    for object in &dump.objects {
        let mut opening = order.from.open_object(&order.identities, object).await?;
        while let Some(piece) = opening.next().await {
            load.feed(conn, &piece).await?;
        }
        order.from.opened(object, opening).await?;
    }
    load.finish(conn).await?;
    Ok(())
}

/// Verifies the log, records the restore, and takes the mark away.
async fn complete(order: &Restore, id: &SnapshotId, settled: Settled) -> Result<log::Verified, BackupError> {
    let db = Db::open_restored(&order.database).await?;
    let verified = log::verify_in(&db, &order.data).await?;
    record(&db, id, settled).await?;
    db.close().await?;
    Ok(verified)
}

/// The restore is an event like any, the first one after the snapshot. The backup that the snapshot was of has no end in it.
async fn record(db: &Db, id: &SnapshotId, settled: Settled) -> Result<(), BackupError> {
    let mut tx = db.begin_write().await?;
    backups::delete(tx.conn(), id.as_str()).await?;
    let event = EventDraft::anonymous(Action::System).with("what", "restore").with("snapshot", id);
    let event = event.with("sessions", settled.sessions).with("removals", settled.removals);
    tx.record(event.with("escrows", settled.escrows).with("emergencies", settled.emergencies)).await?;
    marks::end_restore(tx.conn()).await?;
    Ok(tx.commit().await?)
}
