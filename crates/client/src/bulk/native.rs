//! Files on tokio: read, hashed and sealed on the blocking pool, several segments in flight.

use std::{
    fs::File,
    io::{ErrorKind, Read, Seek, SeekFrom, Write as _},
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use crypto::{encoding::sha256, format::Geometry, ids::Hash32};

pub use super::partial::PartialFile;
pub(crate) use super::partial::{create_private, partial_of, place};
use super::{
    Bulk, Control, Ledger, OpenJob, SealJob, SealedPart,
    buffers::Buffers,
    engine,
    memory::slice,
    pipeline::{self, DEPTH, Host, ReadAt, Write},
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

/// A verified part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedFile {
    /// The file's final name.
    Path(PathBuf),
    /// Its bytes.
    Bytes(Vec<u8>),
}

pub(crate) fn sink_error(e: std::io::Error) -> ClientError {
    match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ClientError::SinkFull,
        kind => ClientError::Sink { reason: kind.to_string() },
    }
}

impl FileSink {
    /// A file that must not exist yet. Where an earlier try broke off, what it wrote is looked at again, and kept as far as it
    /// is this part's.
    ///
    /// # Errors
    /// [`ClientError::Sink`], also while another program writes the same file.
    pub async fn create(target: &Path) -> Result<Self> {
        let target = target.to_owned();
        Pool::default().run(move || PartialFile::begin(target)).await.map(Self::File)
    }
}

impl Write for FileSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match self {
            // Whole segments on the blocking pool: tokio's own file would copy them once more.
            Self::File(partial) => {
                let file = partial.file();
                Pool::default().run(move || (&*file).write_all(&bytes).map_err(sink_error)).await
            }
            Self::Bytes(out) => {
                out.extend_from_slice(&bytes);
                Ok(())
            }
        }
    }

    async fn earlier(&mut self, range: Range<u64>, buffers: &Buffers) -> Result<Option<Bytes>> {
        match self {
            Self::File(partial) if range.end <= partial.earlier() => {
                let (file, buffers) = (partial.file(), buffers.clone());
                let read = move || read_range(&file, range, &buffers).map_err(sink_error);
                Pool::default().run(read).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn cut(&mut self, at: u64) -> Result<()> {
        match self {
            Self::File(partial) => {
                let file = partial.file();
                Pool::default().run(move || cut(&file, at).map_err(sink_error)).await
            }
            Self::Bytes(_) => Ok(()),
        }
    }
}

/// On tokio's blocking pool.
pub(crate) async fn blocking<A: Send + 'static>(work: impl FnOnce() -> Result<A> + Send + 'static) -> Result<A> {
    Pool::default().run(work).await
}

fn cut(mut file: &File, at: u64) -> std::io::Result<()> {
    file.set_len(at)?;
    file.seek(SeekFrom::Start(at)).map(drop)
}

/// tokio's blocking pool, and how often a transfer that broke is tried again.
#[derive(Debug, Clone, Copy, Default)]
struct Pool {
    tries: u32,
}

/// Longest rest before a transfer is tried again.
const REST_MAX: Duration = Duration::from_secs(30);
/// Most segments in flight, on a machine with many cores.
const DEPTH_MAX: usize = 8;

impl Host for Pool {
    async fn run<A: MaybeSend + 'static>(&self, work: impl FnOnce() -> Result<A> + MaybeSend + 'static) -> Result<A> {
        tokio::task::spawn_blocking(work).await.map_err(|_| ClientError::Internal("a sealing thread died"))?
    }

    fn depth(&self) -> usize {
        std::thread::available_parallelism().map_or(DEPTH, |cores| (cores.get() + 2).clamp(DEPTH, DEPTH_MAX))
    }

    async fn rest(&self, tries: u32) -> bool {
        let Some(rest) = self.rest_after(tries) else { return false };
        tokio::time::sleep(rest).await;
        true
    }
}

impl Pool {
    /// A second, then twice as long each time.
    fn rest_after(&self, tries: u32) -> Option<Duration> {
        let rest = Duration::from_secs(1 << tries.saturating_sub(1).min(8));
        (tries <= self.tries).then_some(rest.min(REST_MAX))
    }
}

impl ReadAt for FileSource {
    async fn read(&self, range: Range<u64>, buffers: &Buffers) -> Result<Bytes> {
        match self {
            Self::Bytes(bytes) => slice(bytes, range),
            Self::Path(path) => {
                let (path, buffers) = (path.clone(), buffers.clone());
                let read = move || File::open(path).and_then(|file| read_range(&file, range, &buffers));
                Pool::default().run(move || read().map_err(|_| ClientError::Source)).await
            }
        }
    }
}

fn read_range(mut file: &File, range: Range<u64>, buffers: &Buffers) -> std::io::Result<Bytes> {
    file.seek(SeekFrom::Start(range.start))?;
    let len = usize::try_from(range.end - range.start).map_err(std::io::Error::other)?;
    let mut buffer = buffers.take();
    // A buffer that comes back is as long as it was: nothing of it is written but what is read.
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    file.read_exact(&mut buffer[..len])?;
    Ok(buffers.lend(buffer, len))
}

/// Bytes of a file, and the hash of each of its segments: for [`crate::OpenVersion::is_content`].
///
/// # Errors
/// [`ClientError::Source`].
pub async fn hash_file(path: &Path) -> Result<(u64, Vec<Hash32>)> {
    let source = FileSource::Path(path.to_owned());
    let len = FileBulk::default().len(&source).await?;
    let geometry = Geometry::of_plaintext(len).map_err(|_| ClientError::Source)?;
    let (buffers, mut hashes) = (Buffers::default(), Vec::new());
    for i in 0..geometry.segments() {
        let plain = source.read(engine::plain_range(&geometry, i)?, &buffers).await?;
        hashes.push(Pool::default().run(move || Ok(sha256(&plain))).await?);
    }
    Ok((len, hashes))
}

/// Streams files.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileBulk {
    pool: Pool,
}

impl FileBulk {
    /// Tries each transfer so often again when the connection broke, after longer and longer rests of up to half a minute;
    /// by default never.
    pub fn patient(tries: u32) -> Self {
        Self { pool: Pool { tries } }
    }
}

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
        Ok(source.read(0..end, &Buffers::default()).await?.to_vec())
    }

    async fn seal_part<T: Transport, L: Ledger>(
        &self,
        transport: &T,
        job: &SealJob,
        source: &FileSource,
        ledger: &L,
        control: &Control,
    ) -> Result<SealedPart> {
        let sealed = pipeline::seal(transport, job, source, ledger, &self.pool, control).await?;
        if self.len(source).await? == job.geometry.plaintext_len() { Ok(sealed) } else { Err(ClientError::Source) }
    }

    async fn open_part<T: Transport>(
        &self,
        transport: &T,
        job: &OpenJob,
        sink: &mut FileSink,
        control: &Control,
    ) -> Result<Vec<Hash32>> {
        pipeline::open(transport, job, sink, &self.pool, control).await
    }

    async fn reseal_part<T: Transport>(
        &self,
        transport: &T,
        from: &OpenJob,
        to: &SealJob,
        control: &Control,
    ) -> Result<SealedPart> {
        pipeline::reseal(transport, from, to, &self.pool, control).await
    }

    async fn finish(&self, sink: FileSink) -> Result<OpenedFile> {
        match sink {
            FileSink::Bytes(bytes) => Ok(OpenedFile::Bytes(bytes)),
            FileSink::File(partial) => self.pool.run(move || partial.finish()).await.map(OpenedFile::Path),
        }
    }

    async fn discard(&self, sink: FileSink) {
        match sink {
            FileSink::Bytes(bytes) => drop(zeroize::Zeroizing::new(bytes)),
            FileSink::File(partial) => {
                // Nothing more can be done than what it does.
                let gone = move || {
                    partial.discard();
                    Ok(())
                };
                let _ = self.pool.run(gone).await;
            }
        }
    }

    async fn leave(&self, sink: FileSink) {
        match sink {
            FileSink::Bytes(_) => self.discard(sink).await,
            FileSink::File(partial) => drop(partial),
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
        sink.write(Bytes::from_static(b"hello")).await?;
        assert!(!target.exists());
        let opened = FileBulk::default().finish(sink).await?;
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

    #[tokio::test]
    async fn what_does_not_verify_goes() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let mut sink = FileSink::create(&dir.path().join("x")).await?;
        sink.write(Bytes::from_static(b"half")).await?;
        FileBulk::default().discard(sink).await;
        assert_eq!(std::fs::read_dir(dir.path()).map_err(sink_error)?.count(), 0);
        Ok(())
    }

    #[tokio::test]
    async fn what_the_connection_broke_off_is_there_for_the_next_try() -> Result<()> {
        let dir = tempfile::tempdir().map_err(sink_error)?;
        let (target, buffers) = (dir.path().join("x"), Buffers::default());
        let mut sink = FileSink::create(&target).await?;
        assert_eq!(sink.earlier(0..1, &buffers).await?, None);
        sink.write(Bytes::from_static(b"half of it")).await?;
        FileBulk::default().leave(sink).await;
        let mut sink = FileSink::create(&target).await?;
        assert_eq!(sink.earlier(0..4, &buffers).await?.as_deref(), Some(&b"half"[..]));
        assert_eq!(sink.earlier(4..11, &buffers).await?, None, "not all of it is there");
        sink.cut(5).await?;
        sink.write(Bytes::from_static(b"whole")).await?;
        FileBulk::default().finish(sink).await?;
        assert_eq!(std::fs::read(&target).map_err(sink_error)?, b"half whole");
        Ok(())
    }

    #[tokio::test]
    async fn ranges_outside_of_a_file_are_named() -> Result<()> {
        let (dir, buffers) = (tempfile::tempdir().map_err(sink_error)?, Buffers::default());
        let path = dir.path().join("x");
        std::fs::write(&path, b"0123456789").map_err(sink_error)?;
        let source = FileSource::Path(path);
        assert_eq!(&source.read(2..5, &buffers).await?[..], b"234");
        assert_eq!(&source.read(8..10, &buffers).await?[..], b"89", "a longer buffer used again");
        assert!(matches!(source.read(5..11, &buffers).await, Err(ClientError::Source)));
        let folder = FileSource::Path(dir.path().to_owned());
        assert!(matches!(FileBulk::default().len(&folder).await, Err(ClientError::Source)));
        Ok(())
    }

    #[test]
    fn a_transfer_is_tried_again_only_so_often() {
        let rests =
            |tries| (1..=8).map_while(|n| Pool { tries }.rest_after(n)).map(|rest| rest.as_secs()).collect::<Vec<_>>();
        assert!(rests(0).is_empty());
        assert_eq!(rests(7), [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(Pool { tries: u32::MAX }.rest_after(u32::MAX), Some(REST_MAX));
    }
}
