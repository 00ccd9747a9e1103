//! The folder that a drill restores into: made by it, and removed with all that it holds, however the drill ends.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use crate::backup::BackupError;

/// Its name, in the folder that the operator named: nothing else there is touched.
const NAME: &str = "healthsecure-drill";

/// The folder.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes it anew; what a drill that was killed left behind goes.
    pub fn new(parent: &Path) -> Result<Self, BackupError> {
        let path = parent.join(NAME);
        let failed = |error| BackupError::File(path.clone(), error);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        // Only its owner may look into what is restored there.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::error!(%error, "what a restore drill restored could not be removed; the next drill does so");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_and_nothing_else_goes() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("letter.txt"), "dear").unwrap();
        let left = parent.path().join(NAME).join("left");
        fs::create_dir_all(&left).unwrap();
        let scratch = Scratch::new(parent.path()).unwrap();
        assert!(scratch.path().is_dir() && !left.exists());
        fs::write(scratch.path().join("file"), "restored").unwrap();
        drop(scratch);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
