//! A data folder belongs to one process at a time, and so does a database that is a file.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use crate::{database_url::DatabaseUrl, state::StartError};

/// Makes the folder and takes it, until the file is dropped: what a process knows of the folder's newest state (the head
/// of the audit chain, a witness's last checkpoints) lives in its memory.
pub fn lock(data: &Path) -> Result<File, StartError> {
    let io = |e| StartError::Io(data.display().to_string(), e);
    // E-mails, names and keys are in there: only the owner may look, unless the operator made the folder otherwise.
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(io)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(data.join("lock")).map_err(io)?;
    take(file, &data.display().to_string())
}

/// Takes a database on SQLite, which may lie in another folder than the data: of two servers each would go on with an audit
/// that it alone knows. PostgreSQL takes several.
pub fn lock_database(url: &DatabaseUrl) -> Result<Option<File>, StartError> {
    let Some(mut path) = url.file() else { return Ok(None) };
    let shown = path.display().to_string();
    // Beside it: SQLite's own locks on the file would end with a handle of ours.
    path.as_mut_os_string().push(".lock");
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = opened.map_err(|e| StartError::Io(path.display().to_string(), e))?;
    take(file, &shown).map(Some)
}

fn take(file: File, shown: &str) -> Result<File, StartError> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(shown.to_owned())),
        Err(TryLockError::Error(error)) => Err(StartError::Io(shown.to_owned(), error)),
    }
}
