//! A range of a blob, as a stream.

use std::{fs::File, ops::Range, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use object_store::{GetOptions, GetResultPayload, ObjectStore, ObjectStoreExt, path::Path};

use super::{BlobError, BlobResult, pieces::Pieces};

/// Bytes that are read from a file at a time.
const FROM_FILE: usize = 256 * 1024;
/// Bytes that a bucket is asked for at a time. Each request is answered at once and whole: a reader whose line is slow
/// holds none open until the store cuts it, and what was cut is asked for again.
const FROM_BUCKET: usize = 1024 * 1024;
/// Pieces that are read ahead of the reader.
const AHEAD: usize = 2;
/// Pieces of files whose memory is kept for other readers: 8 MiB.
const KEPT: usize = 32;

/// The memory that readers of one folder share.
pub(super) fn memory() -> Pieces {
    Pieces::new(FROM_FILE, KEPT)
}

/// A range of a file, read ahead on the blocking pool. object_store's own stream takes 8 KiB at a time, a thread's turn
/// for each.
pub(super) async fn file(
    store: &dyn ObjectStore,
    memory: &Pieces,
    path: Path,
    range: Range<u64>,
) -> BlobResult<BoxStream<'static, BlobResult<Bytes>>> {
    let found = store.get_opts(&path, GetOptions::new().with_range(Some(range.clone()))).await?;
    match found.payload {
        _ if found.range != range => Err(BlobError::Short),
        GetResultPayload::File(file, _) => Ok(read_file(file, memory.clone(), range).boxed()),
        GetResultPayload::Stream(stream) => Ok(stream.map(|bytes| bytes.map_err(BlobError::from)).boxed()),
    }
}

fn read_file(file: File, memory: Pieces, range: Range<u64>) -> impl Stream<Item = BlobResult<Bytes>> {
    let file = Arc::new(file);
    let read = move |piece: Range<u64>| {
        let (file, memory) = (Arc::clone(&file), memory.clone());
        async move {
            let read = tokio::task::spawn_blocking(move || read_at(&file, &memory, piece)).await;
            read.map_err(std::io::Error::other).and_then(|read| read).map_err(BlobError::from)
        }
    };
    stream::iter(pieces(range, FROM_FILE)).map(read).buffered(AHEAD)
}

fn read_at(file: &File, memory: &Pieces, range: Range<u64>) -> std::io::Result<Bytes> {
    let len = (range.end - range.start) as usize;
    if len == FROM_FILE {
        return memory.read(file, range.start, len);
    }
    // Whoever takes a small file slowly holds no more than its bytes.
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(Bytes::from(bytes))
}

/// A range of an object, asked for piece by piece. Answers when the first is there: that there is no such object is known
/// then.
pub async fn ranges(
    store: Arc<dyn ObjectStore>,
    path: Path,
    range: Range<u64>,
) -> BlobResult<BoxStream<'static, BlobResult<Bytes>>> {
    let mut pieces = pieces(range, FROM_BUCKET);
    let Some(first) = pieces.next() else { return Ok(stream::empty().boxed()) };
    let first = fetch(Arc::clone(&store), path.clone(), first).await?;
    let rest = stream::iter(pieces).map(move |piece| fetch(Arc::clone(&store), path.clone(), piece)).buffered(AHEAD);
    Ok(stream::iter([Ok(first)]).chain(rest).boxed())
}

async fn fetch(store: Arc<dyn ObjectStore>, path: Path, range: Range<u64>) -> BlobResult<Bytes> {
    let bytes = store.get_range(&path, range.clone()).await?;
    if bytes.len() as u64 == range.end - range.start { Ok(bytes) } else { Err(BlobError::Short) }
}

/// A range cut into pieces of at most `len` bytes.
fn pieces(range: Range<u64>, len: usize) -> impl Iterator<Item = Range<u64>> + Send + use<> {
    let Range { start, end } = range;
    (start..end).step_by(len).map(move |from| from..(from + len as u64).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_range_and_no_more() {
        let of = |range: Range<u64>| pieces(range, 4).map(|piece| (piece.start, piece.end)).collect::<Vec<_>>();
        assert!(of(3..3).is_empty());
        assert_eq!(of(3..4), [(3, 4)]);
        assert_eq!(of(3..7), [(3, 7)]);
        assert_eq!(of(3..8), [(3, 7), (7, 8)]);
    }
}
