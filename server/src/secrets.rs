//! Secrets that lie outside the database: whoever steals the database alone can't test password guesses.
//!
//! `<data>/secrets/` (mode 0700) holds one file a secret (mode 0600), written whole and synced before it is used,
//! never overwritten.
//!
//! Servers that share a database have the same secrets. Each compares the fingerprints of what it read with those that lie in
//! the database, and makes none that another has.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest, Sha256};

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
    #[error(
        "{0} is missing, but the database already holds accounts: restore it from a backup, or copy it from another server \
         of this database"
    )]
    Missing(PathBuf),
    /// The file holds something else.
    #[error("{0} is damaged: restore it from a backup")]
    Damaged(PathBuf),
    /// Another server has one, and this one hasn't, or has another.
    #[error(
        "{0} is not the secret that the servers on this database have: copy the folder secrets/ of one of them to this server. \
         Nothing was changed"
    )]
    NotShared(PathBuf),
}

/// A folder of secrets.
#[derive(Debug, Clone)]
pub struct SecretsDir {
    path: PathBuf,
    may_create: bool,
    shared: Option<Arc<Shared>>,
}

/// What several servers have to have alike.
#[derive(Debug)]
struct Shared {
    /// Fingerprints of those that the database's servers have.
    known: BTreeMap<String, [u8; 32]>,
    /// Whether another server lives.
    others: bool,
    /// What was read or made here.
    seen: Mutex<BTreeMap<String, Seen>>,
}

/// A secret that was read or made.
#[derive(Debug, Clone, Copy)]
struct Seen {
    fingerprint: [u8; 32],
    /// Whether it might have been made anew: nothing but what waits for its readers is lost with it.
    replaceable: bool,
}

/// A secret that the database's servers are to have from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// Its file.
    pub name: String,
    /// By which it is known.
    pub fingerprint: [u8; 32],
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By which a secret is recognised. It holds at least 32 random bytes, so nobody who reads it learns them.
fn fingerprint(name: &str, bytes: &[u8]) -> [u8; 32] {
    let hash = Sha256::new_with_prefix("healthsecure/v1/server secret\0").chain_update(name).chain_update([0_u8]);
    hash.chain_update(bytes).finalize().into()
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
            match fs::set_permissions(&path, Permissions::from_mode(0o700)) {
                // One that is mounted read-only is as its operator mounted it.
                Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {}
                other => other.map_err(io)?,
            }
        }
        Ok(Self { path, may_create, shared: None })
    }

    /// The same folder, as one of several servers has it: `known` are the fingerprints in the database, `others` says whether
    /// another server lives.
    pub fn shared(self, known: BTreeMap<String, [u8; 32]>, others: bool) -> Self {
        Self { shared: Some(Arc::new(Shared { known, others, seen: Mutex::default() })), ..self }
    }

    /// Of the secrets that were read or made here, those that aren't in the database.
    ///
    /// # Errors
    /// [`SecretsError::NotShared`] names the first that is another there. One that could be made anew is, where no other server
    /// lives.
    pub fn disagreeing(
        &self,
        known: &BTreeMap<String, [u8; 32]>,
        others: bool,
    ) -> Result<Vec<NewSecret>, SecretsError> {
        let Some(shared) = &self.shared else { return Ok(Vec::new()) };
        let mut new = Vec::new();
        for (name, seen) in &*shared.seen() {
            match known.get(name) {
                Some(theirs) if *theirs == seen.fingerprint => continue,
                Some(_) if others || !seen.replaceable => {
                    return Err(SecretsError::NotShared(self.path.join(name)));
                }
                _ => new.push(NewSecret { name: name.clone(), fingerprint: seen.fingerprint }),
            }
        }
        Ok(new)
    }

    /// The secret of that name; made with `make` where it doesn't exist and may be created.
    pub fn load_or_create(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Vec<u8>, io::Error>,
    ) -> Result<Vec<u8>, SecretsError> {
        let path = self.path.join(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.may_create => {
                if self.is_others(name) {
                    return Err(SecretsError::NotShared(path));
                }
                let bytes = make().and_then(|bytes| self.write_new(&path, &bytes).map(|()| bytes));
                bytes.map_err(|source| SecretsError::Io { path, source })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SecretsError::Missing(path)),
            Err(source) => return Err(SecretsError::Io { path, source }),
        };
        if let Some(shared) = &self.shared {
            let seen = Seen { fingerprint: fingerprint(name, &bytes), replaceable: self.may_create };
            shared.seen().insert(name.to_owned(), seen);
        }
        Ok(bytes)
    }

    /// Whether another server that lives has such a secret.
    fn is_others(&self, name: &str) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.others && shared.known.contains_key(name))
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
    fn a_secret_that_another_server_has_is_not_made_here() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let open = |folder: &tempfile::TempDir| SecretsDir::open(folder.path(), true).unwrap();
        let first = open(&one).shared(BTreeMap::new(), false);
        let kept = first.load_or_create("key", || Ok(vec![1; 32])).unwrap();
        let new = first.disagreeing(&BTreeMap::new(), false).unwrap();
        let known: BTreeMap<_, _> = new.into_iter().map(|new| (new.name, new.fingerprint)).collect();
        assert_eq!(known.len(), 1);
        assert_eq!(first.disagreeing(&known, false).unwrap(), []);

        let second = open(&other).shared(known.clone(), true);
        let refused = second.load_or_create("key", || Ok(vec![2; 32]));
        assert!(matches!(refused, Err(SecretsError::NotShared(_))), "{refused:?}");
        assert!(!other.path().join("secrets/key").exists(), "none was made");
        fs::write(other.path().join("secrets/key"), [2; 32]).unwrap();
        second.load_or_create("key", || Ok(Vec::new())).unwrap();
        assert!(
            matches!(second.disagreeing(&known, true), Err(SecretsError::NotShared(path)) if path.ends_with("secrets/key"))
        );
        fs::write(other.path().join("secrets/key"), &kept).unwrap();
        second.load_or_create("key", || Ok(Vec::new())).unwrap();
        assert_eq!(second.disagreeing(&known, true).unwrap(), []);
    }

    #[test]
    fn a_server_that_is_alone_may_lose_what_can_be_made_anew_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        SecretsDir::open(folder.path(), true).unwrap();
        let known = BTreeMap::from([("key".to_owned(), [7; 32])]);
        let strict = SecretsDir::open(folder.path(), false).unwrap().shared(known.clone(), false);
        let again = strict.creating();
        again.load_or_create("key", || Ok(vec![1; 32])).unwrap();
        assert_eq!(again.disagreeing(&known, false).unwrap().len(), 1);
        strict.load_or_create("key", || Ok(Vec::new())).unwrap();
        assert!(matches!(strict.disagreeing(&known, false), Err(SecretsError::NotShared(_))));
    }

    #[test]
    fn a_lost_secret_is_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        let secrets = SecretsDir::open(data.path(), false).unwrap();
        assert!(matches!(secrets.load_or_create("key", || Ok(vec![1])), Err(SecretsError::Missing(_))));
    }
}
