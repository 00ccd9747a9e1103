//! A data folder belongs to one process at a time.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use crate::state::StartError;

/// Makes the folder and takes it, until the file is dropped: what a process knows of the folder's newest state (the head
/// of the audit chain, a witness's last checkpoints) lives in its memory.
pub fn lock(data: &Path) -> Result<File, StartError> {
    let io = |e| StartError::Io(data.display().to_string(), e);
    // E-mails, names and keys are in there: only the owner may look, unless the operator made the folder otherwise.
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(io)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(data.join("lock")).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(data.display().to_string())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}
