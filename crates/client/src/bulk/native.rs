//! Files on tokio: read, hashed and sealed on the blocking pool, several segments in flight.

use std::{
    io::{Read, Seek, SeekFrom, Write as _},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use crypto::ids::Hash32;

use super::{
    Bulk, Control, Ledger, OpenJob, SealJob, SealedPart,
    memory::slice,
    pipeline::{self, Cpu, ReadAt, Write},
};
use crate::{
    error::{ClientError, Result},
    platform::MaybeSend,
    transport::Transport,
};

/// What to seal.
#[derive(Debug, Clone)]
pub enum FileSource {
    /// A file.
    Path(PathBuf),
    /// Bytes at hand.
    Bytes(Bytes),
}

/// Where an opened part goes.
#[derive(Debug)]
pub enum FileSink {
    /// A file beside its final name; renamed when everything verified. Readable by its owner alone.
    File(PartialFile),
    /// Memory.
    Bytes(Vec<u8>),
}

/// A file that isn't complete yet.
#[derive(Debug)]
pub struct PartialFile {
    file: Arc<std::fs::File>,
    partial: PathBuf,
    target: PathBuf,
}

/// A verified part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedFile {
    /// The file's final name.
    Path(PathBuf),
    /// Its bytes.
    Bytes(Vec<u8>),
}

pub(crate) fn sink_error(e: std::io::Error) -> ClientError {
    ClientError::Sink { reason: e.kind().to_string() }
}

impl FileSink {
    /// A file that must not exist yet.
    ///
    /// # Errors
    /// [`ClientError::Sink`].
    pub async fn create(target: &Path) -> Result<Self> {
        if tokio::fs::try_exists(target).await.map_err(sink_error)? {
            return Err(ClientError::Sink { reason: "a file of this name exists already".to_owned() });
        }
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = target.with_file_name(name);
        let path = partial.clone();
        let file = Pool.run(move || create_private(&path)).await?;
        Ok(Self::File(PartialFile { file: Arc::new(file), partial, target: target.to_owned() }))
    }
}

/// A new file that nobody else may read. What stands there is left as it is, a link too: it may be somebody else's, or lead to
/// a file of theirs.
///
/// # Errors
/// [`ClientError::Sink`].
pub(crate) fn create_private(path: &Path) -> Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            ClientError::Sink { reason: format!("{name} is there already; if it was left behind, remove it first") }
        }
        _ => sink_error(error),
    })
}

impl Write for FileSink {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        match self {
            // Whole segments on the blocking pool: tokio's own file would copy them once more.
            Self::File(f) => {
                let file = Arc::clone(&f.file);
                Pool.run(move || (&*file).write_all(&bytes).map_err(sink_error)).await
            }
            Self::Bytes(out) => {
                out.extend_from_slice(&bytes);
                Ok(())
            }
        }
    }
}

/// Gives a finished file its name. A link refuses a name that appeared meanwhile; where the file system has no links, the
/// name is looked at once more before the rename.
pub(crate) async fn place(partial: &Path, target: &Path) -> Result<()> {
    match tokio::fs::hard_link(partial, target).await {
        Ok(()) => tokio::fs::remove_file(partial).await.map_err(sink_error),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Err(sink_error(e)),
        Err(_) if tokio::fs::try_exists(target).await.map_err(sink_error)? => {
            Err(ClientError::Sink { reason: "a file of this name exists already".to_owned() })
        }
        Err(_) => tokio::fs::rename(partial, target).await.map_err(sink_error),
    }
}

/// On tokio's blocking pool.
pub(crate) async fn blocking<A: Send + 'static>(work: impl FnOnce() -> Result<A> + Send + 'static) -> Result<A> {
    Pool.run(work).await
}

/// tokio's blocking pool.
struct Pool;

impl Cpu for Pool {
    async fn run<A: MaybeSend + 'static>(&self, work: impl FnOnce() -> Result<A> + MaybeSend + 'static) -> Result<A> {
        tokio::task::spawn_blocking(work).await.map_err(|_| ClientError::Internal("a sealing thread died"))?
    }
}

impl ReadAt for FileSource {
    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        match self {
            Self::Bytes(bytes) => slice(bytes, range),
            Self::Path(path) => {
                let path = path.clone();
                Pool.run(move || read_range(&path, range).map_err(|_| ClientError::Source)).await
            }
        }
    }
}

fn read_range(path: &Path, range: Range<u64>) -> std::io::Result<Bytes> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let len = usize::try_from(range.end - range.start).map_err(std::io::Error::other)?;
    let mut out = vec![0; len];
    file.read_exact(&mut out)?;
    Ok(Bytes::from(out))
}

/// Streams files.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileBulk;

impl Bulk for FileBulk {
    type Source = FileSource;
    type Sink = FileSink;
    type Opened = OpenedFile;

    async fn len(&self, source: &FileSource) -> Result<u64> {
        match source {
            FileSource::Bytes(bytes) => Ok(bytes.len() as u64),
            FileSource::Path(path) => match tokio::fs::metadata(path).await {
                Ok(meta) if meta.is_file() => Ok(meta.len()),
                _ => Err(ClientError::Source),
            },
        }
    }

    async fn head(&self, source: &FileSource, n: usize) -> Result<Vec<u8>> {
        let end = self.len(source).await?.min(n as u64);
        Ok(source.read(0..end).await?.to_vec())
    }

    async fn seal_part<T: Transport, L: Ledger>(
        &self,
        transport: &T,
        job: &SealJob,
        source: &FileSource,
        ledger: &L,
        control: &Control,
    ) -> Result<SealedPart> {
        let sealed = pipeline::seal(transport, job, source, ledger, &Pool, control).await?;
        if self.len(source).await? == job.geometry.plaintext_len() { Ok(sealed) } else { Err(ClientError::Source) }
    }

    async fn open_part<T: Transport>(
        &self,
        transport: &T,
        job: &OpenJob,
        sink: &mut FileSink,
        control: &Control,
    ) -> Result<Vec<Hash32>> {
        pipeline::open(transport, job, sink, &Pool, control).await
    }

    async fn reseal_part<T: Transport>(
        &self,
        transport: &T,
        from: &OpenJob,
        to: &SealJob,
        control: &Control,
    ) -> Result<SealedPart> {
        pipeline::reseal(transport, from, to, &Pool, control).await
    }

    async fn finish(&self, sink: FileSink) -> Result<OpenedFile> {
        match sink {
            FileSink::Bytes(bytes) => Ok(OpenedFile::Bytes(bytes)),
            FileSink::File(f) => {
                let file = f.file;
                Pool.run(move || file.sync_all().map_err(sink_error)).await?;
                place(&f.partial, &f.target).await?;
                Ok(OpenedFile::Path(f.target))
            }
        }
    }

    async fn discard(&self, sink: FileSink) {
        match sink {
            FileSink::Bytes(bytes) => drop(zeroize::Zeroizing::new(bytes)),
            FileSink::File(f) => {
                drop(f.file);
                if tokio::fs::remove_file(&f.partial).await.is_err() {
                    tracing::warn!("an incomplete file could not be removed");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_has_its_name_only_when_it_is_finished() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let target = dir.path().join("scan.pdf");
        let mut sink = FileSink::create(&target).await?;
        sink.write(b"hello".to_vec()).await?;
        assert!(!target.exists());
        let opened = FileBulk.finish(sink).await?;
        assert_eq!(opened, OpenedFile::Path(target.clone()));
        assert_eq!(std::fs::read(&target).map_err(sink_error)?, b"hello");
        assert_eq!(std::fs::read_dir(dir.path()).map_err(sink_error)?.count(), 1, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&target).map_err(sink_error)?.permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(matches!(FileSink::create(&target).await, Err(ClientError::Sink { .. })), "nothing is overwritten");
        Ok(())
    }

    /// Somebody who may write there could have put a file there that they can read, or a link to one.
    #[tokio::test]
    async fn what_stands_beside_it_is_neither_emptied_nor_followed() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let (target, partial) = (dir.path().join("x"), dir.path().join("x.partial"));
        std::fs::write(&partial, b"theirs").map_err(sink_error)?;
        let refused = FileSink::create(&target).await;
        assert!(matches!(&refused, Err(ClientError::Sink { reason }) if reason.contains("x.partial")), "{refused:?}");
        assert_eq!(std::fs::read(&partial).map_err(sink_error)?, b"theirs");
        #[cfg(unix)]
        {
            for to in ["theirs", "nowhere"] {
                std::fs::remove_file(&partial).map_err(sink_error)?;
                std::fs::write(dir.path().join("theirs"), b"theirs").map_err(sink_error)?;
                std::os::unix::fs::symlink(dir.path().join(to), &partial).map_err(sink_error)?;
                assert!(matches!(FileSink::create(&target).await, Err(ClientError::Sink { .. })), "{to}");
                assert_eq!(std::fs::read(dir.path().join("theirs")).map_err(sink_error)?, b"theirs");
                assert!(!dir.path().join("nowhere").exists());
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn what_does_not_verify_goes() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let mut sink = FileSink::create(&dir.path().join("x")).await?;
        sink.write(b"half".to_vec()).await?;
        FileBulk.discard(sink).await;
        assert_eq!(std::fs::read_dir(dir.path()).map_err(sink_error)?.count(), 0);
        Ok(())
    }

    #[tokio::test]
    async fn ranges_outside_of_a_file_are_named() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let path = dir.path().join("x");
        std::fs::write(&path, b"0123456789").map_err(sink_error)?;
        let source = FileSource::Path(path);
        assert_eq!(&source.read(2..5).await?[..], b"234");
        assert!(matches!(source.read(5..11).await, Err(ClientError::Source)));
        assert!(matches!(FileBulk.len(&FileSource::Path(dir.path().to_owned())).await, Err(ClientError::Source)));
        Ok(())
    }
}
