//! The witness's private key: `<data>/secrets/witness-key`, mode 0600, made at the first start and never replaced.

use std::{io, path::Path, path::PathBuf};

use crypto::secret::SecretBytes;
use tlog::{
    cosignature::Cosigner,
    note::{KeyName, Verifier},
};

use crate::secrets::{SecretsDir, SecretsError};

const FILE: &str = "witness-key";

/// Why there is no key to cosign with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Reading or writing failed, or the file holds something else.
    #[error(transparent)]
    Secrets(SecretsError),
    /// The first start names the key.
    #[error("there is no key yet: --name says what it is to be called, for instance witness.example.org/w1")]
    NoName,
    /// The witness hasn't started yet.
    #[error("{0} doesn't exist: the witness makes it when it first starts")]
    NotMade(PathBuf),
    /// Checkpoints were cosigned with a key that is gone.
    #[error("{0} is missing, but checkpoints were cosigned with it: restore it from a backup")]
    Lost(PathBuf),
    /// A key keeps its name.
    #[error("the key in this folder is called {is}, not {asked}: leave --name out, or take another folder")]
    OtherName {
        /// What it is called.
        is: KeyName,
        /// What was asked for.
        asked: KeyName,
    },
}

/// The key that is there.
pub fn load(data: &Path) -> Result<Cosigner, KeyFileError> {
    read(data, None, false).map_err(|error| match error {
        KeyFileError::Secrets(SecretsError::Missing(path)) => KeyFileError::NotMade(path),
        other => other,
    })
}

/// The key that is there; else, where nothing was cosigned yet, a new one of that name.
pub fn load_or_make(data: &Path, name: Option<&KeyName>, cosigned_before: bool) -> Result<Cosigner, KeyFileError> {
    let key = read(data, name, !cosigned_before).map_err(|error| match error {
        KeyFileError::Secrets(SecretsError::Missing(path)) if cosigned_before => KeyFileError::Lost(path),
        KeyFileError::Secrets(SecretsError::Missing(_)) => KeyFileError::NoName,
        other => other,
    })?;
    let is = key.key().name().clone();
    match name.filter(|asked| **asked != is) {
        Some(asked) => Err(KeyFileError::OtherName { is, asked: asked.clone() }),
        None => Ok(key),
    }
}

/// Makes the key only where it may and there is a name.
fn read(data: &Path, name: Option<&KeyName>, may_make: bool) -> Result<Cosigner, KeyFileError> {
    let folder = SecretsDir::open(data, may_make && name.is_some()).map_err(KeyFileError::Secrets)?;
    let make = || name.map_or_else(|| Err(io::Error::other("a key needs a name")), new_skey);
    let bytes = SecretBytes::new(folder.load_or_create(FILE, make).map_err(KeyFileError::Secrets)?);
    let skey = std::str::from_utf8(bytes.expose()).ok().map(str::trim_end);
    let key = skey.and_then(|skey| Cosigner::from_skey(skey).ok());
    key.ok_or_else(|| KeyFileError::Secrets(folder.damaged(FILE)))
}

fn new_skey(name: &KeyName) -> io::Result<Vec<u8>> {
    let mut seed = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(&mut seed[..]).map_err(io::Error::other)?;
    Ok(Cosigner::ed25519(name.clone(), &seed).to_skey().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn name(text: &str) -> KeyName {
        KeyName::new(text).unwrap()
    }

    #[test]
    fn the_first_start_makes_it_and_only_the_owner_reads_it() {
        let data = tempfile::tempdir().unwrap();
        assert!(matches!(load(data.path()), Err(KeyFileError::NotMade(_))));
        assert!(matches!(load_or_make(data.path(), None, false), Err(KeyFileError::NoName)));
        let made = load_or_make(data.path(), Some(&name("w.example/1")), false).unwrap();
        assert_eq!(load_or_make(data.path(), None, true).unwrap().key(), made.key());
        assert_eq!(load(data.path()).unwrap().key(), made.key());
        let mode = fs::metadata(data.path().join("secrets/witness-key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn it_keeps_its_name_and_is_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        load_or_make(data.path(), Some(&name("w.example/1")), false).unwrap();
        let other = load_or_make(data.path(), Some(&name("w.example/2")), false);
        assert!(matches!(other, Err(KeyFileError::OtherName { .. })));
        let file = data.path().join("secrets/witness-key");
        fs::write(&file, b"something else").unwrap();
        let damaged = load_or_make(data.path(), Some(&name("w.example/1")), false);
        assert!(matches!(damaged, Err(KeyFileError::Secrets(SecretsError::Damaged(_)))));
        fs::remove_file(&file).unwrap();
        assert!(matches!(load_or_make(data.path(), Some(&name("w.example/1")), true), Err(KeyFileError::Lost(_))));
    }
}
