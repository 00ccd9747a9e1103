//! An archive in a file, beside its final name until it is complete. Readable by its owner alone.

use std::{
    io::{Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;

use super::ArchiveTarget;
use crate::{
    bulk::native::{FileBulk, FileSink, OpenedFile, blocking, create_private, partial_of, place, sink_error},
    error::{ClientError, Result},
};

/// A file that becomes an archive.
#[derive(Debug)]
pub struct FileArchive {
    file: Arc<std::fs::File>,
    partial: PathBuf,
    target: PathBuf,
    /// Counts the files that wait beside it.
    scratch: u32,
}

/// The name with something behind it.
fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    target.with_file_name(name)
}

impl FileArchive {
    /// A file that must not exist yet.
    ///
    /// # Errors
    /// [`ClientError::Sink`].
    pub async fn create(target: &Path) -> Result<Self> {
        if tokio::fs::try_exists(target).await.map_err(sink_error)? {
            return Err(ClientError::Sink { reason: "a file of this name exists already".to_owned() });
        }
        let partial = beside(target, ".partial");
        let path = partial.clone();
        let file = blocking(move || create_private(&path)).await?;
        Ok(Self { file: Arc::new(file), partial, target: target.to_owned(), scratch: 0 })
    }

    /// The archive is complete: it gets its name.
    ///
    /// # Errors
    /// [`ClientError::Sink`].
    pub async fn finish(self) -> Result<PathBuf> {
        let Self { file, partial, target, .. } = self;
        blocking(move || file.sync_all().map_err(sink_error)).await?;
        blocking(move || place(&partial, &target).map(|()| target)).await
    }

    /// There is no archive: what was written goes.
    pub async fn discard(self) {
        drop(self.file);
        if tokio::fs::remove_file(&self.partial).await.is_err() {
            tracing::warn!("an incomplete archive could not be removed");
        }
        // A file whose connection broke is left for a later try, which there is none of here.
        if forget(&beside(&self.target, &format!(".file-{}", self.scratch))).await.is_err() {
            tracing::warn!("a decrypted file beside the archive could not be removed");
        }
    }
}

/// Removes a file, and what was written of it, where they are there.
async fn forget(path: &Path) -> Result<()> {
    for path in [path.to_owned(), partial_of(path)] {
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(sink_error(error)),
            _ => {}
        }
    }
    Ok(())
}

fn read(path: &Path, range: Range<u64>) -> std::io::Result<Bytes> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut out = vec![0; usize::try_from(range.end - range.start).map_err(std::io::Error::other)?];
    file.read_exact(&mut out)?;
    Ok(Bytes::from(out))
}

impl ArchiveTarget<FileBulk> for FileArchive {
    async fn scratch(&mut self, _: u64) -> Result<FileSink> {
        self.scratch += 1;
        let path = beside(&self.target, &format!(".file-{}", self.scratch));
        // Left by a run that was killed.
        forget(&path).await?;
        FileSink::create(&path).await
    }

    async fn piece(&mut self, file: &OpenedFile, range: Range<u64>) -> Result<Bytes> {
        match file {
            OpenedFile::Path(path) => {
                let path = path.clone();
                blocking(move || read(&path, range).map_err(|_| ClientError::Source)).await
            }
            OpenedFile::Bytes(bytes) => {
                let part = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                let part = part.and_then(|(from, to)| bytes.get(from..to));
                part.map(Bytes::copy_from_slice).ok_or(ClientError::Source)
            }
        }
    }

    async fn release(&mut self, file: OpenedFile) {
        match file {
            OpenedFile::Path(path) => {
                if tokio::fs::remove_file(&path).await.is_err() {
                    tracing::warn!("a decrypted file beside the archive could not be removed");
                }
            }
            OpenedFile::Bytes(bytes) => drop(zeroize::Zeroizing::new(bytes)),
        }
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        let file = Arc::clone(&self.file);
        blocking(move || (&*file).write_all(&bytes).map_err(sink_error)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_archive_has_its_name_only_when_it_is_complete() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let target = dir.path().join("data.zip");
        let mut archive = FileArchive::create(&target).await?;
        archive.write(b"half".to_vec()).await?;
        assert!(!target.exists());
        let sink = archive.scratch(0).await?;
        let file = crate::bulk::Bulk::finish(&FileBulk::default(), sink).await?;
        assert_eq!(std::fs::read_dir(dir.path()).map_err(sink_error)?.count(), 2, "the archive and a file");
        archive.release(file).await;
        assert_eq!(archive.finish().await?, target);
        assert_eq!(std::fs::read(&target).map_err(sink_error)?, b"half");
        assert_eq!(std::fs::read_dir(dir.path()).map_err(sink_error)?.count(), 1, "nothing else is left");
        assert!(matches!(FileArchive::create(&target).await, Err(ClientError::Sink { .. })), "nothing is overwritten");
        Ok(())
    }

    #[tokio::test]
    async fn what_a_killed_run_left_is_told_of_and_its_files_go() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let target = dir.path().join("data.zip");
        let scratch = beside(&target, ".file-1");
        for left in [beside(&target, ".partial"), partial_of(&scratch), scratch] {
            std::fs::write(left, b"left").map_err(sink_error)?;
        }
        let refused = FileArchive::create(&target).await;
        assert!(matches!(&refused, Err(ClientError::Sink { reason }) if reason.contains("data.zip.partial")));
        assert_eq!(std::fs::read(beside(&target, ".partial")).map_err(sink_error)?, b"left");
        std::fs::remove_file(beside(&target, ".partial")).map_err(sink_error)?;
        let mut archive = FileArchive::create(&target).await?;
        let file = crate::bulk::Bulk::finish(&FileBulk::default(), archive.scratch(0).await?).await?;
        archive.release(file).await;
        archive.discard().await;
        assert_eq!(std::fs::read_dir(dir.path()).map_err(sink_error)?.count(), 0);
        Ok(())
    }

    #[tokio::test]
    async fn what_is_not_complete_goes() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let mut archive = FileArchive::create(&dir.path().join("data.zip")).await?;
        archive.write(b"half".to_vec()).await?;
        let sink = archive.scratch(0).await?;
        // As where the connection broke.
        crate::bulk::Bulk::leave(&FileBulk::default(), sink).await;
        assert_eq!(std::fs::read_dir(dir.path()).map_err(sink_error)?.count(), 2, "the archive and a file");
        archive.discard().await;
        assert_eq!(std::fs::read_dir(dir.path()).map_err(sink_error)?.count(), 0);
        Ok(())
    }
}
