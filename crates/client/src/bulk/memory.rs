//! Parts in memory: tests, and small parts where files would be in the way.

use std::ops::Range;

use bytes::Bytes;
use crypto::ids::Hash32;

use super::{
    Bulk, Control, Ledger, OpenJob, SealJob, SealedPart,
    buffers::Buffers,
    pipeline::{self, Here, ReadAt, Write},
};
use crate::{
    error::{ClientError, Result},
    transport::Transport,
};

/// Keeps everything in memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryBulk;

struct Slice<'a>(&'a Bytes);

impl ReadAt for Slice<'_> {
    async fn read(&self, range: Range<u64>, _: &Buffers) -> Result<Bytes> {
        slice(self.0, range)
    }
}

/// A range of bytes that must exist.
pub(super) fn slice(bytes: &Bytes, range: Range<u64>) -> Result<Bytes> {
    let start = usize::try_from(range.start).map_err(|_| ClientError::Source)?;
    let end = usize::try_from(range.end).map_err(|_| ClientError::Source)?;
    if start > end || end > bytes.len() {
        return Err(ClientError::Source);
    }
    Ok(bytes.slice(start..end))
}

impl Write for Vec<u8> {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.extend_from_slice(&bytes);
        Ok(())
    }
}

impl Bulk for MemoryBulk {
    type Source = Bytes;
    type Sink = Vec<u8>;
    type Opened = Vec<u8>;

    async fn len(&self, source: &Bytes) -> Result<u64> {
        Ok(source.len() as u64)
    }

    async fn head(&self, source: &Bytes, n: usize) -> Result<Vec<u8>> {
        Ok(source[..n.min(source.len())].to_vec())
    }

    async fn seal_part<T: Transport, L: Ledger>(
        &self,
        transport: &T,
        job: &SealJob,
        source: &Bytes,
        ledger: &L,
        control: &Control,
    ) -> Result<SealedPart> {
        pipeline::seal(transport, job, &Slice(source), ledger, &Here, control).await
    }

    async fn open_part<T: Transport>(
        &self,
        transport: &T,
        job: &OpenJob,
        sink: &mut Vec<u8>,
        control: &Control,
    ) -> Result<Vec<Hash32>> {
        pipeline::open(transport, job, sink, &Here, control).await
    }

    async fn reseal_part<T: Transport>(
        &self,
        transport: &T,
        from: &OpenJob,
        to: &SealJob,
        control: &Control,
    ) -> Result<SealedPart> {
        pipeline::reseal(transport, from, to, &Here, control).await
    }

    async fn finish(&self, sink: Vec<u8>) -> Result<Vec<u8>> {
        Ok(sink)
    }

    async fn discard(&self, sink: Vec<u8>) {
        drop(zeroize::Zeroizing::new(sink));
    }
}
