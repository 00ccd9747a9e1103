//! The file that SQLite has opened, and whether it lies there still.

use std::{
    fmt,
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::PathBuf,
};

use crate::database_url::DatabaseUrl;

/// A file, by its name and by what the system knows it by.
#[derive(Debug, PartialEq, Eq)]
pub struct OpenFile {
    path: PathBuf,
    id: (u64, u64),
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl OpenFile {
    /// Of a database that was just opened; nothing where it is no file.
    pub fn of(url: &DatabaseUrl) -> Option<Self> {
        let path = url.file()?;
        let id = id(&fs::metadata(&path).ok()?);
        Some(Self { path, id })
    }

    /// Whether the same file is there.
    pub fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| id(&file) == self.id)
    }
}

impl fmt::Display for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_more_than_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let [path, away] = ["a #1?.db", "b"].map(|name| folder.path().join(name));
        fs::write(&path, "x").unwrap();
        let file = OpenFile::of(&DatabaseUrl::sqlite(&path)).unwrap();
        assert!(file.is_in_place());
        fs::rename(&path, &away).unwrap();
        assert!(!file.is_in_place());
        fs::write(&path, "x").unwrap();
        assert!(!file.is_in_place(), "another one");
        fs::rename(&away, &path).unwrap();
        assert!(file.is_in_place());
        assert_eq!(OpenFile::of(&DatabaseUrl::parse("sqlite::memory:").unwrap()), None);
    }
}
