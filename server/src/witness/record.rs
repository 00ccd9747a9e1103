//! What a witness last cosigned of a log: one file, the cosigned checkpoint itself, that is replaced whole.
//!
//! `<data>/logs/<SHA-256 of the origin, hex>`. The file says which size and root were cosigned, and is what the witness
//! publishes of the log.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tlog::{checkpoint::Checkpoint, cosignature::CosignerKey, note::Note, witness::TreeHead};

use crate::private_file;

/// Why a record can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file isn't a checkpoint of its log that this witness cosigned. To go on from nothing could sign a fork.
    #[error("{0} is damaged, or not cosigned with this key: restore it from a backup")]
    Damaged(PathBuf),
}

/// The folder of all records.
#[derive(Debug, Clone)]
pub struct Records(PathBuf);

/// One log's record.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    origin: String,
    key: CosignerKey,
    /// What the file says; none when that isn't known.
    known: Option<Option<TreeHead>>,
}

/// The lower-case hex SHA-256 of a log's origin, under which a witness publishes (tlog-witness, “Monitor Retrieval
/// Mechanism”).
pub fn origin_hash(origin: &str) -> String {
    hex::encode(Sha256::digest(origin))
}

impl Records {
    /// Opens `<data>/logs`, which may be new.
    pub fn open(data: &Path) -> Result<Self, RecordError> {
        let path = data.join("logs");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        // The folder's own name must survive a power cut, or the first record would go with it.
        let synced = made.and_then(|()| File::open(data)?.sync_all());
        synced.map_err(|source| RecordError::Io { path: path.clone(), source })?;
        Ok(Self(path))
    }

    /// Whether anything was ever cosigned.
    pub fn is_empty(&self) -> Result<bool, RecordError> {
        let entries = fs::read_dir(&self.0).map_err(|source| RecordError::Io { path: self.0.clone(), source })?;
        Ok(entries.count() == 0)
    }

    /// The record of a log; read at once, so that a damaged one shows at the start.
    pub fn of(&self, origin: &str, key: CosignerKey) -> Result<Record, RecordError> {
        let path = self.0.join(origin_hash(origin));
        let mut record = Record { path, origin: origin.to_owned(), key, known: None };
        record.head()?;
        Ok(record)
    }
}

impl Record {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was last cosigned.
    pub fn head(&mut self) -> Result<Option<TreeHead>, RecordError> {
        if let Some(head) = self.known {
            return Ok(head);
        }
        let head = match fs::read(&self.path) {
            Ok(bytes) => Some(self.parse(&bytes).ok_or_else(|| RecordError::Damaged(self.path.clone()))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(self.failed(source)),
        };
        self.known = Some(head);
        Ok(head)
    }

    /// Makes a cosigned checkpoint the newest. When this returns, it is durable. After an error it may be or not: the
    /// file is asked again before the next decision.
    pub fn replace(&mut self, cosigned: &Note, head: TreeHead) -> Result<(), RecordError> {
        self.known = None;
        let text = cosigned.to_string();
        let written = private_file::replace(&self.path, |file| file.write_all(text.as_bytes()));
        written.map_err(|source| self.failed(source))?;
        self.known = Some(Some(head));
        Ok(())
    }

    fn parse(&self, bytes: &[u8]) -> Option<TreeHead> {
        let note = Note::parse(bytes).ok()?;
        note.open(std::slice::from_ref(&self.key)).ok()?;
        let checkpoint: Checkpoint = note.text().parse().ok()?;
        let head = TreeHead { size: checkpoint.size(), root: *checkpoint.root() };
        (checkpoint.origin() == self.origin).then_some(head)
    }

    fn failed(&self, source: io::Error) -> RecordError {
        RecordError::Io { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use tlog::{Hash, cosignature::Cosigner, note::KeyName};

    use super::*;

    fn cosigner(seed: u8) -> Cosigner {
        Cosigner::ed25519(KeyName::new("w.example").unwrap(), &[seed; 32])
    }

    fn cosigned(origin: &str, size: u64, by: &Cosigner) -> (Note, TreeHead) {
        let checkpoint = Checkpoint::new(origin, size, Hash([size as u8; 32])).unwrap();
        let mut note = Note::unsigned(checkpoint.to_string()).unwrap();
        note.add(by.cosign(&checkpoint, 1).unwrap()).unwrap();
        (note, TreeHead { size, root: *checkpoint.root() })
    }

    #[test]
    fn it_is_the_same_after_a_restart() {
        let data = tempfile::tempdir().unwrap();
        let (key, records) = (cosigner(1), Records::open(data.path()).unwrap());
        assert!(records.is_empty().unwrap());
        let mut record = records.of("log.example", key.key()).unwrap();
        assert_eq!(record.head().unwrap(), None);
        for size in [3, 5] {
            let (note, head) = cosigned("log.example", size, &key);
            record.replace(&note, head).unwrap();
            assert_eq!(record.head().unwrap(), Some(head));
            assert_eq!(records.of("log.example", key.key()).unwrap().head().unwrap(), Some(head));
            assert_eq!(fs::read_to_string(record.path()).unwrap(), note.to_string());
        }
        assert!(!records.is_empty().unwrap());
        assert_eq!(records.of("other.example", key.key()).unwrap().head().unwrap(), None);
    }

    #[test]
    fn what_was_half_written_before_a_crash_is_not_read() {
        let data = tempfile::tempdir().unwrap();
        let (key, records) = (cosigner(1), Records::open(data.path()).unwrap());
        let mut record = records.of("log.example", key.key()).unwrap();
        fs::write(record.path().with_extension("new"), b"half of a check").unwrap();
        assert_eq!(records.of("log.example", key.key()).unwrap().head().unwrap(), None);
        let (note, head) = cosigned("log.example", 3, &key);
        record.replace(&note, head).unwrap();
        assert_eq!(records.of("log.example", key.key()).unwrap().head().unwrap(), Some(head));
    }

    #[test]
    fn a_damaged_or_foreign_file_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let (key, records) = (cosigner(1), Records::open(data.path()).unwrap());
        let path = records.of("log.example", key.key()).unwrap().path().to_owned();
        let whole = cosigned("log.example", 3, &key).0.to_string();
        let other_log = cosigned("other.example", 3, &key).0.to_string();
        let other_key = cosigned("log.example", 3, &cosigner(2)).0.to_string();
        let other_size = whole.replacen("\n3\n", "\n2\n", 1);
        for wrong in ["", &whole[..whole.len() / 2], &other_log, &other_key, &other_size] {
            fs::write(&path, wrong).unwrap();
            assert!(matches!(records.of("log.example", key.key()), Err(RecordError::Damaged(_))), "{wrong}");
        }
    }

    #[test]
    fn after_a_failed_write_the_file_is_asked_again() {
        let data = tempfile::tempdir().unwrap();
        let (key, records) = (cosigner(1), Records::open(data.path()).unwrap());
        let mut record = records.of("log.example", key.key()).unwrap();
        let (note, head) = cosigned("log.example", 3, &key);
        let (there, away) = (data.path().join("logs"), data.path().join("away"));
        fs::rename(&there, &away).unwrap();
        assert!(record.replace(&note, head).is_err());
        fs::rename(&away, &there).unwrap();
        fs::write(record.path(), note.to_string()).unwrap();
        assert_eq!(record.head().unwrap(), Some(head));
    }
}
