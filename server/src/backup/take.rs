//! A backup being made: first the database as one snapshot, then the blobs that it names, the secrets, and last what makes
//! it visible.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
    time::Instant,
};

use api_types::UnixMillis;
use sea_orm::{DatabaseConnection, DatabaseTransaction};

use super::{
    BackupError, Keep, Manifest, Place, Recipient, Repository, SnapshotId, Stored,
    blobs::Named,
    index::{FORMAT, Growing, NameKey},
    lease::Lease,
    manifest::{SecretFile, TableDump},
    sealed, sweep,
};
use crate::{
    ServiceResult,
    clock::Clock,
    database_url::DatabaseUrl,
    membership, random,
    services::stored_blobs,
    storage::{
        backups::{self, Size},
        blobs::{Blobs, BlobsConfig},
        connect::{Purpose, connect, reach},
        copy::{
            Table,
            dump::{self, Dump},
            lasting, marks,
        },
        damaged_blobs,
        instance::{self, InstanceRow},
        migrate,
    },
};

/// Bytes of a table in one object.
const ROWS: usize = 4 * 1024 * 1024;
/// Bytes of a file in `secrets/` at most; none of a server's has as many.
const SECRET_MAX: u64 = 1024 * 1024;
/// How often what is there so far is written down, so that the next backup need not begin anew after a crash.
const NOTED_EVERY: u64 = 60;

/// What is backed up, and where to.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its secrets are backed up; perhaps its database and blobs lie there as well.
    pub data: PathBuf,
    /// The database.
    pub database: DatabaseUrl,
    /// Where its blobs lie.
    pub blobs: BlobsConfig,
    /// The repository.
    pub to: Place,
    /// Who can open it.
    pub recipient: Recipient,
    /// Which snapshots are kept; all where it isn't said.
    pub keep: Option<Keep>,
    /// What the operator had decided, without anything secret.
    pub settings: BTreeMap<String, String>,
    /// The clock.
    pub clock: Clock,
    /// Of one that is made by a schedule: when the newest before it was begun. Another server may be faster.
    pub since: Option<UnixMillis>,
}

/// A snapshot that is there.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its id.
    pub id: SnapshotId,
    /// How large.
    pub size: Size,
    /// Snapshots that were dropped for their age.
    pub dropped: usize,
    /// Damaged blobs that no backup holds, and this one neither: they were noted, and the server tells of them.
    pub left_out: usize,
}

/// Makes a backup. The server may be running.
///
/// # Errors
/// [`BackupError`]; there is no snapshot then, but those from before.
pub async fn run(order: &Order) -> Result<Taken, BackupError> {
    let reader = reach(&order.database, Purpose::Read).await?;
    migrate::require_current(&reader).await?;
    marks::check(&reader).await?;
    let instance = instance::load(&reader).await?.ok_or_else(|| BackupError::Nothing(order.database.to_string()))?;
    let id = SnapshotId::new(order.clock.now())?;
    let writer = connect(&order.database, Purpose::Write).await?;
    let lease = Lease::take(writer.clone(), order.clock.clone(), id.clone(), order.since).await?;
    // The moment it is lost nothing more is written or deleted.
    let done = tokio::select! {
        done = held(order, (&reader, &writer), &instance, &lease, &id) => done,
        () = lease.lost() => Err(BackupError::LeaseLost),
    };
    let outcome = done.as_ref().map(|taken| taken.size).map_err(ToString::to_string);
    lease.end(outcome).await?;
    reader.close().await?;
    writer.close().await?;
    done
}

/// All of it, while the lease holds.
async fn held(
    order: &Order,
    (reader, writer): (&DatabaseConnection, &DatabaseConnection),
    instance: &InstanceRow,
    lease: &Lease,
    id: &SnapshotId,
) -> Result<Taken, BackupError> {
    let repository = Repository::claim(&order.to, &instance.instance_id, &order.data).await?;
    let secrets = membership::secrets_beside(reader, &order.data).await?;
    let key = NameKey::load(&secrets)?;
    membership::agree_beside(writer, &order.data, &secrets).await?;
    let known = known(&repository, &key).await?;
    let blobs = Blobs::new(&order.data, &order.blobs)?;
    let mut taking = Taking {
        order,
        repository: &repository,
        key: &key,
        blobs: &blobs,
        lease,
        known,
        left_out: Vec::new(),
        growing: Growing::new(id, order.clock.now()),
        new_bytes: 0,
        noted: Instant::now(),
        id,
    };
    let tx = dump::snapshot(reader).await?;
    let schema = migrate::applied(&tx).await?;
    let mut dumps = Vec::new();
    for table in lasting()? {
        dumps.push(taking.table(&tx, &table).await?);
    }
    let named = named(&tx).await?;
    tx.commit().await?;
    let blobs = taking.all_blobs(&named).await?;
    let count = blobs.len() as u64;
    let left_out = taking.left_out.clone();
    let not_in_it = left_out.len();
    let manifest = Manifest {
        format: FORMAT,
        snapshot: id.to_string(),
        created_at: order.clock.now(),
        instance: hex::encode(instance.instance_id),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema,
        tables: dumps,
        blobs,
        left_out,
        secrets: secret_files(order)?,
        settings: order.settings.clone(),
    };
    lease.check().await?;
    let size = taking.finish(&manifest, count).await?;
    let dropped = match sweep::run(&repository, order, lease).await {
        // The snapshot is there all the same; whoever holds now sweeps.
        Err(BackupError::LeaseLost) => 0,
        other => other?,
    };
    Ok(Taken { id: id.clone(), size, dropped, left_out: not_in_it })
}

/// The blobs that a snapshot of the database names, and what they must hold.
async fn named(tx: &DatabaseTransaction) -> Result<Named, BackupError> {
    let expected = stored_blobs::all(tx).await?.into_iter().map(|blob| (blob.key.clone(), blob)).collect();
    Ok(Named { all: backups::blobs(tx).await?, expected, damaged: damaged_blobs::keys(tx).await? })
}

/// What earlier backups of this installation stored, and is still there as it was by its size.
async fn known(repository: &Repository, key: &NameKey) -> Result<HashMap<String, Stored>, BackupError> {
    let contents = repository.contents().await?;
    let mut known = HashMap::new();
    for id in &contents.indexes {
        let Some(index) = repository.index(id).await? else { continue };
        if !key.wrote(&index)? {
            tracing::warn!("an index of the backups was not written by this installation; it is not relied on");
            continue;
        }
        let there = |object: &Stored| contents.objects.get(&object.name) == Some(&object.size);
        known.extend(
            index.listing.objects.into_iter().filter(there).map(|object| (object.content().to_owned(), object)),
        );
    }
    Ok(known)
}

/// A backup on its way.
pub(super) struct Taking<'a> {
    pub(super) order: &'a Order,
    pub(super) repository: &'a Repository,
    pub(super) key: &'a NameKey,
    pub(super) blobs: &'a Blobs,
    pub(super) lease: &'a Lease,
    /// By what they hold.
    known: HashMap<String, Stored>,
    /// Keys of blobs that are not in it.
    pub(super) left_out: Vec<String>,
    growing: Growing,
    new_bytes: u64,
    noted: Instant,
    id: &'a SnapshotId,
}

impl Taking<'_> {
    /// A table, cut into pieces at the same places each time: what only grows at its end is stored once.
    async fn table(&mut self, tx: &DatabaseTransaction, table: &Table) -> Result<TableDump, BackupError> {
        let (mut dump, mut rest, mut objects) = (Dump::new(table), Vec::new(), Vec::new());
        while let Some(bytes) = dump.next(tx).await? {
            rest.extend_from_slice(&bytes);
            while rest.len() >= ROWS {
                let piece: Vec<u8> = rest.drain(..ROWS).collect();
                objects.push(self.rows(&piece).await?);
            }
        }
        if !rest.is_empty() {
            objects.push(self.rows(&rest).await?);
        }
        let digest = dump.digest();
        let sha256 = hex::encode(digest.sha256);
        Ok(TableDump { name: table.name().to_owned(), rows: digest.rows, sha256, objects })
    }

    async fn rows(&mut self, bytes: &[u8]) -> Result<Stored, BackupError> {
        self.lease.step()?;
        let name = self.key.rows(&self.order.recipient, bytes)?;
        if let Some(object) = self.known(&name) {
            return Ok(object);
        }
        let name = self.new_name(&name)?;
        let sealed = sealed::seal(&self.order.recipient, bytes)?;
        let written = self.repository.store().store(&Repository::object_key(&name), &sealed).await;
        let object = Stored::new(name, written.map_err(|error| self.repository.failed(error))?);
        self.stored(&object);
        Ok(object)
    }

    /// What is stored of that content already. It belongs to this snapshot as well.
    pub(super) fn known(&mut self, name: &str) -> Option<Stored> {
        let object = self.known.get(name).cloned()?;
        self.growing.add(&object);
        Some(object)
    }

    /// Nothing is ever written over: each object has a name that none ever had, which begins with its content's.
    pub(super) fn new_name(&self, name: &str) -> ServiceResult<String> {
        Ok(format!("{name}-{}", hex::encode(random::bytes::<8>()?)))
    }

    /// One more is there.
    pub(super) fn stored(&mut self, object: &Stored) {
        self.new_bytes += object.size;
        self.known.insert(object.content().to_owned(), object.clone());
        self.growing.add(object);
    }

    /// Writes down what is there so far, now and then.
    pub(super) async fn note(&mut self) -> Result<(), BackupError> {
        if self.noted.elapsed().as_secs() < NOTED_EVERY {
            return Ok(());
        }
        self.noted = Instant::now();
        self.repository.put_index(self.id, &self.key.index(self.growing.so_far())?).await
    }

    async fn finish(mut self, manifest: &Manifest, blobs: u64) -> Result<Size, BackupError> {
        let sealed = sealed::seal(&self.order.recipient, &manifest.bytes()?)?;
        let object = Stored::of_bytes(self.id.to_string(), &sealed);
        let own = object.size;
        let bytes = self.growing.bytes() + own;
        let index = self.key.index(self.growing.end(object))?;
        self.repository.put_index(self.id, &index).await?;
        self.repository.put_manifest(self.id, &sealed).await?;
        Ok(Size { bytes, new_bytes: self.new_bytes + own, blobs })
    }
}

/// The files of `secrets/`.
fn secret_files(order: &Order) -> Result<Vec<SecretFile>, BackupError> {
    let folder = order.data.join("secrets");
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |error| BackupError::File(path, error)
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
        let path = entry.map_err(failed(&folder))?.path();
        let meta = fs::metadata(&path).map_err(failed(&path))?;
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let Some(name) = name.filter(|name| meta.is_file() && !name.ends_with(".new")) else { continue };
        if meta.len() > SECRET_MAX {
            return Err(BackupError::File(
                path,
                std::io::Error::other("it is no secret of healthsecure: it is too large"),
            ));
        }
        let content = hex::encode(zeroize::Zeroizing::new(fs::read(&path).map_err(failed(&path))?));
        files.push(SecretFile { name, content });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
