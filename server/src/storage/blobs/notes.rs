//! Notes in the data folder, one for each blob that is on its way into a bucket in several parts. A store keeps the parts of an
//! upload that nobody ends for ever, under no name, and its lists of objects leave them out: whoever comes after a kill knows of
//! them by these notes alone.
//!
//! Whoever writes a blob holds its note locked. A process that is gone holds none.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path as FsPath, PathBuf},
    sync::Arc,
    time::Duration,
};

use object_store::path::Path;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

/// Their folder in the data folder.
const FOLDER: &str = "bucket-uploads";
/// A note without words is being written; one that is that old never will be.
const EMPTY: Duration = Duration::from_secs(3600);

/// Where the notes lie, of the uploads into one bucket.
#[derive(Clone)]
pub(super) struct Notes {
    folder: Arc<FsPath>,
    place: Arc<str>,
}

/// An upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    /// The bucket, as the operator names it.
    place: String,
    /// The blob's key.
    pub key: String,
    /// As the store calls it.
    pub id: String,
}

/// The note of an upload, locked.
#[derive(Debug)]
pub(super) struct Note {
    path: PathBuf,
    _locked: File,
}

impl Note {
    /// The upload has ended, one way or the other. A note that can't be removed is read again later: what it names is gone then.
    pub(super) async fn remove(self) {
        if let Err(error) = tokio::fs::remove_file(&self.path).await {
            tracing::warn!(%error, "the note of an upload into the bucket could not be removed");
        }
    }
}

impl Notes {
    /// In this data folder, of uploads into that bucket.
    pub(super) fn new(data: &FsPath, place: String) -> Self {
        Self { folder: data.join(FOLDER).into(), place: place.into() }
    }

    /// Notes an upload, before its first part.
    pub(super) async fn add(&self, key: &Path, id: &str) -> io::Result<Note> {
        let upload = Upload { place: self.place.to_string(), key: key.to_string(), id: id.to_owned() };
        let folder = Arc::clone(&self.folder);
        spawn_blocking(move || add(&folder, &upload)).await.map_err(io::Error::other)?
    }

    /// The uploads into this bucket that nobody goes on with.
    pub(super) async fn left(&self) -> io::Result<Vec<(Note, Upload)>> {
        let (folder, place) = (Arc::clone(&self.folder), Arc::clone(&self.place));
        spawn_blocking(move || left(&folder, &place)).await.map_err(io::Error::other)?
    }
}

fn add(folder: &FsPath, upload: &Upload) -> io::Result<Note> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = tempfile::Builder::new().prefix("upload-").tempfile_in(folder)?;
    file.as_file().lock()?;
    serde_json::to_writer(file.as_file(), upload)?;
    let (locked, path) = file.keep().map_err(|kept| kept.error)?;
    Ok(Note { path, _locked: locked })
}

fn left(folder: &FsPath, place: &str) -> io::Result<Vec<(Note, Upload)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut left = Vec::new();
    for entry in entries {
        match entry.and_then(|entry| look(entry.path())) {
            Ok(found) => left.extend(found.filter(|(_, upload)| upload.place == place)),
            Err(error) => tracing::warn!(%error, "a note of an upload into the bucket can't be read"),
        }
    }
    Ok(left)
}

/// Takes a note in hand; none that somebody holds, or that says nothing.
fn look(path: PathBuf) -> io::Result<Option<(Note, Upload)>> {
    // For writing too: file systems over a network lock nothing else.
    let file = match File::options().read(true).write(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let Ok(upload) = serde_json::from_reader(&file) else {
        let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > EMPTY {
            fs::remove_file(&path)?;
        }
        return Ok(None);
    };
    Ok(Some((Note { path, _locked: file }, upload)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn keys(notes: &Notes) -> Vec<String> {
        let mut keys: Vec<_> = notes.left().await.unwrap().into_iter().map(|(_, upload)| upload.key).collect();
        keys.sort_unstable();
        keys
    }

    #[tokio::test]
    async fn what_nobody_holds_is_left_of_its_own_bucket_until_it_is_removed() {
        let data = tempfile::tempdir().unwrap();
        let notes = Notes::new(data.path(), "s3://one".to_owned());
        let other = Notes::new(data.path(), "s3://other".to_owned());
        assert_eq!(keys(&notes).await, Vec::<String>::new(), "there is no folder yet");
        let held = notes.add(&Path::from("uploads/a/0-a"), "first").await.unwrap();
        drop(notes.add(&Path::from("uploads/b/0-b"), "second").await.unwrap());
        drop(other.add(&Path::from("uploads/c/0-c"), "third").await.unwrap());
        fs::write(data.path().join(FOLDER).join("upload-empty"), "").unwrap();
        fs::create_dir(data.path().join(FOLDER).join("no-note")).unwrap();
        assert_eq!(keys(&notes).await, ["uploads/b/0-b"], "the first is under way");
        assert_eq!(keys(&other).await, ["uploads/c/0-c"]);

        drop(held);
        assert_eq!(keys(&notes).await, ["uploads/a/0-a", "uploads/b/0-b"]);
        for (note, upload) in notes.left().await.unwrap() {
            assert!(upload.id == "first" || upload.id == "second");
            note.remove().await;
        }
        assert_eq!(keys(&notes).await, Vec::<String>::new());
        assert_eq!(keys(&other).await, ["uploads/c/0-c"]);
    }
}
