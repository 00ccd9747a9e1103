//! Secrets that lie outside the database: whoever steals the database alone can't test password guesses.
//!
//! `<data>/secrets/` (mode 0700) holds one file a secret (mode 0600), written whole and synced before it is used,
//! never overwritten.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::random;

/// Why the secrets can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database has accounts, but the file is gone: with a new one nobody could sign in again.
    #[error("{0} is missing, but the database already holds accounts: restore it from a backup")]
    Missing(PathBuf),
    /// The file holds something else.
    #[error("{0} is damaged: restore it from a backup")]
    Damaged(PathBuf),
}

/// A folder of secrets.
#[derive(Debug, Clone)]
pub struct SecretsDir {
    path: PathBuf,
    may_create: bool,
}

impl SecretsDir {
    /// Opens `<data>/secrets`; creates it, and later its files, only where `may_create`.
    pub fn open(data: &Path, may_create: bool) -> Result<Self, SecretsError> {
        let path = data.join("secrets");
        let io = |source| SecretsError::Io { path: path.clone(), source };
        if may_create && !path.exists() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(io)?;
        }
        if path.exists() {
            fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(io)?;
        }
        Ok(Self { path, may_create })
    }

    /// The secret of that name; made with `make` where it doesn't exist and may be created.
    pub fn load_or_create(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, io::Error>,
    ) -> Result<Vec<u8>, SecretsError> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.may_create => {
                let bytes = make().and_then(|bytes| self.write_new(&path, &bytes).map(|()| bytes));
                bytes.map_err(|source| SecretsError::Io { path, source })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SecretsError::Missing(path)),
            Err(source) => Err(SecretsError::Io { path, source }),
        }
    }

    /// A key of that name: 32 random bytes where it doesn't exist and may be created.
    pub fn key(&self, name: &str) -> Result<Vec<u8>, SecretsError> {
        self.load_or_create(name, || random::bytes::<32>().map(Vec::from).map_err(io::Error::other))
    }

    /// Whether there is a secret of that name.
    pub fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    /// The same folder, for a secret that doesn't need to be as old as the accounts.
    pub fn creating(&self) -> Self {
        Self { may_create: true, ..self.clone() }
    }

    /// The error for a secret that doesn't parse.
    pub fn damaged(&self, name: &str) -> SecretsError {
        SecretsError::Damaged(self.path.join(name))
    }

    /// Writes beside, syncs, and links into place: the name never shows a part of it, nor replaces another.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = path.with_extension("new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::hard_link(&beside, path)?;
        fs::remove_file(&beside)?;
        File::open(&self.path)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_the_owner_reads_it() {
        let data = tempfile::tempdir().unwrap();
        let secrets = SecretsDir::open(data.path(), true).unwrap();
        let first = secrets.load_or_create("key", || Ok(vec![1, 2, 3])).unwrap();
        let again = secrets.load_or_create("key", || Ok(vec![9])).unwrap();
        assert_eq!(first, again);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.path().join("secrets/key")), 0o600);
        assert_eq!(mode(&data.path().join("secrets")), 0o700);
        assert!(!data.path().join("secrets/key.new").exists());
    }

    #[test]
    fn a_lost_secret_is_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        let secrets = SecretsDir::open(data.path(), false).unwrap();
        assert!(matches!(secrets.load_or_create("key", || Ok(vec![1])), Err(SecretsError::Missing(_))));
    }
}
