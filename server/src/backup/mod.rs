//! Backups: the database, the blobs and the secrets of an installation as one consistent snapshot, taken while it is served,
//! in a repository that may lie anywhere.
//!
//! A repository, a folder or a bucket, holds `objects/<name>`, each sealed to an age recipient and stored once: a blob, or
//! 4 MiB of a table. Names are keyed hashes and tell nothing. `snapshots/<id>` is a sealed manifest that names all that belongs
//! to a snapshot; it is written last, so what is unfinished isn't visible. `indexes/<id>` lists, in clear and under a MAC, the
//! names, sizes and hashes of the snapshot's objects: by it a server, which opens nothing, knows what is there already and
//! what nobody needs any more.

mod blobs;
mod cli;
pub mod drill;
pub mod heal;
mod id;
mod index;
mod keep;
mod lease;
mod manifest;
mod missing;
mod report;
mod repository;
mod restore;
pub mod schedule;
mod sealed;
pub mod settings;
mod sweep;
mod take;
mod verify;

use std::path::PathBuf;

use sea_orm::DbErr;

use crate::{
    ServiceError,
    log::LogError,
    membership::MembershipError,
    secrets::{SecretsDir, SecretsError},
    state::StartError,
    storage::{
        blobs::{BlobError, BlobsError},
        copy::target::TargetError,
        migrate::DatabaseError,
    },
};

pub use cli::{BackupCommand, BackupServeArgs, RestoreArgs};
pub use id::SnapshotId;
pub use index::Stored;
pub use keep::Keep;
pub use manifest::Manifest;
pub use report::{Done, PutBack};
pub use repository::{Place, Repository};
pub use restore::{Restore, Restored};
pub use sealed::{Identities, Recipient};
pub use take::{Order, Taken};
pub use verify::{Fault, Verified};

/// Puts one report back.
pub use report::run as put_back;
/// Restores one.
pub use restore::run as restore;
/// Makes a backup.
pub use take::run as take;
/// Reads a repository and compares.
pub use verify::run as verify;

/// Makes sure of the secret that a server with backups of its own needs: of several servers on one database each must have the
/// same, or what one stored is unknown to the others.
///
/// # Errors
/// [`SecretsError`].
pub fn load_key(secrets: &SecretsDir) -> Result<(), SecretsError> {
    index::NameKey::load(secrets).map(drop)
}

/// Why a backup wasn't made, or can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Not a public key.
    #[error("the recipient must be an age public key of the kind X25519: age1… (age-keygen prints it)")]
    BadRecipient,
    /// Not a private key.
    #[error("{0} can't be used as the identity that opens backups: {1}")]
    BadIdentity(PathBuf, String),
    /// Another key is needed.
    #[error("this identity doesn't open the backup: it was sealed to another recipient")]
    WrongIdentity,
    /// No server ever ran here.
    #[error("there is no installation in {0} yet: nothing to back up")]
    Nothing(String),
    /// One runs.
    #[error("another backup of this installation is running, or was killed within the last two minutes")]
    Busy,
    /// It stood still for so long that another may have begun.
    #[error("the backup stood still for too long and was given up; it is to be run again")]
    LeaseLost,
    /// A blob is gone.
    #[error("a blob that the database names can't be read from the blob store: {0}")]
    Blob(BlobError),
    /// Encryption failed.
    #[error("what is backed up could not be sealed")]
    Sealing,
    /// Not a repository.
    #[error("{0} holds no backups of healthsecure")]
    NoRepository(String),
    /// Something else lies there.
    #[error("{0} holds other things than backups: give them an empty folder, bucket or prefix")]
    NotEmpty(String),
    /// Somebody else's.
    #[error("{0} holds the backups of another installation: give each one a folder, a bucket or a prefix of its own")]
    Foreign(String),
    /// Written by a later version.
    #[error("{0} is in the format {1}, which this version doesn't know: use the version that made it, or a later one")]
    Newer(String, u32),
    /// There is no such snapshot.
    #[error("there is no snapshot {0}: `healthsecure backup list` shows those that there are")]
    NoSnapshot(String),
    /// What lies there isn't what was put there.
    #[error("the backup is damaged: {0}")]
    Damaged(Fault),
    /// The schema isn't this version's.
    #[error(
        "the snapshot was made by healthsecure {0}, whose database has another schema: restore it with that version, \
         then update"
    )]
    OtherSchema(String),
    /// Something is there.
    #[error("{0} is not empty: a backup is restored into an empty place only")]
    Occupied(String),
    /// No such report, not even a trace of it.
    #[error(
        "this installation has no such report. Its chain of who may see it can't come from a snapshot alone, since what          was revoked meanwhile would be forgotten: restore the whole installation elsewhere, and compare"
    )]
    NoReport,
    /// Erased, by its owner.
    #[error("the report was erased for everybody by its owner: no snapshot brings it back")]
    Erased,
    /// Of somebody else.
    #[error("the snapshot is another installation's")]
    OtherInstallation,
    /// A table came back otherwise.
    #[error("the table {0} is not what the snapshot's was; nothing was put into service")]
    Different(String),
    /// The repository.
    #[error("the repository, {0}: {1}")]
    Repository(String, BlobError),
    /// A file.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A store.
    #[error(transparent)]
    Blobs(#[from] BlobsError),
    /// A blob can't be written.
    #[error("the blob store: {0}")]
    Restoring(BlobError),
    /// The database can't be opened.
    #[error(transparent)]
    Open(#[from] DatabaseError),
    /// The database to restore into.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The database failed.
    #[error("the database: {0}")]
    Database(#[from] DbErr),
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Those of the other servers.
    #[error(transparent)]
    Membership(#[from] MembershipError),
    /// Another server of the installation could change what is put back.
    #[error(
        "a server of this installation is running on {0}: stop all of them first. One that was killed counts for 30 seconds"
    )]
    Served(String),
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] StartError),
    /// The log of what was restored.
    #[error("the restored log is not whole: {0}")]
    Log(#[from] LogError),
    /// The canary's file.
    #[error("{0} can't be used as the canary's file: {1}")]
    CanaryFile(PathBuf, String),
    /// The canary stays shut.
    #[error("the canary report doesn't open from the snapshot: {0}")]
    Canary(String),
    /// An event could not be recorded.
    #[error(transparent)]
    Service(#[from] ServiceError),
}
