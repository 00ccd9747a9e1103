//! Segments through hash, cipher and transport, several in flight, in order of their number.

use std::{future::Future, ops::Range, sync::Arc};

use bytes::Bytes;
use crypto::{
    defence::Defence,
    format::{PartOpener, PartSealer},
    ids::Hash32,
};
use futures::{StreamExt, future::try_join, stream::FuturesOrdered};

use super::{Control, Ledger, OpenJob, SealJob, SealedPart, engine};
use crate::{
    api::Api,
    error::{ClientError, Result},
    platform::{MaybeSend, MaybeSync},
    transport::Transport,
};

/// Segments in flight: enough to overlap reading, sealing and sending; 16 MiB each at most.
const DEPTH: usize = 4;

/// A source of plaintext by range.
pub(super) trait ReadAt: MaybeSync {
    fn read(&self, range: Range<u64>) -> impl Future<Output = Result<Bytes>> + MaybeSend;
}

/// Takes plaintext in order.
pub(super) trait Write: MaybeSend {
    fn write(&mut self, bytes: Vec<u8>) -> impl Future<Output = Result<()>> + MaybeSend;
}

/// Where hashing and ciphers run.
pub(super) trait Cpu: MaybeSync {
    fn run<A: MaybeSend + 'static>(
        &self,
        work: impl FnOnce() -> Result<A> + MaybeSend + 'static,
    ) -> impl Future<Output = Result<A>> + MaybeSend;
}

/// Runs on the calling thread.
pub(super) struct Here;

impl Cpu for Here {
    async fn run<A: MaybeSend + 'static>(&self, work: impl FnOnce() -> Result<A> + MaybeSend + 'static) -> Result<A> {
        work()
    }
}

struct Sealing<'a, T, L, C> {
    transport: &'a T,
    ledger: &'a L,
    cpu: &'a C,
    job: Arc<SealJob>,
    sealer: Arc<PartSealer>,
    control: &'a Control,
}

impl<T: Transport, L: Ledger, C: Cpu> Sealing<'_, T, L, C> {
    /// Hash; note and seal meanwhile; send when both are done.
    async fn segment(&self, i: u64, plain: Bytes) -> Result<(Hash32, Hash32)> {
        self.control.check()?;
        let len = plain.len() as u64;
        let job = Arc::clone(&self.job);
        let (plain, plain_hash) =
            self.cpu.run(move || engine::check_plain(&job, i, &plain).map(|hash| (plain, hash))).await?;
        let (job, sealer) = (Arc::clone(&self.job), Arc::clone(&self.sealer));
        let sealing = self.cpu.run(move || engine::seal(&sealer, &job.geometry, i, &plain));
        let ((sealed, cipher_hash), ()) = try_join(sealing, self.ledger.intend(i, plain_hash)).await?;
        let n = engine::number(i)?;
        if !self.job.received.contains(&n) {
            self.control.check()?;
            Api::new(self.transport).put_segment(&self.job.upload, n, sealed, &cipher_hash).await?;
        }
        self.control.advance(len, self.job.geometry.plaintext_len());
        Ok((plain_hash, cipher_hash))
    }
}

/// Runs `one` for each of so many segments, `DEPTH` at a time, and gives the results in order.
struct InOrder<F, Fut: Future> {
    one: F,
    flight: FuturesOrdered<Fut>,
    begun: u64,
    segments: u64,
}

impl<A, F: Fn(u64) -> Fut, Fut: Future<Output = Result<A>>> InOrder<F, Fut> {
    fn new(segments: u64, one: F) -> Self {
        Self { one, flight: FuturesOrdered::new(), begun: 0, segments }
    }

    /// The next result; `None` after the last.
    async fn next(&mut self) -> Result<Option<A>> {
        while self.begun < self.segments && self.flight.len() < DEPTH {
            self.flight.push_back((self.one)(self.begun));
            self.begun += 1;
        }
        self.flight.next().await.transpose()
    }
}

impl<F: Fn(u64) -> Fut, Fut: Future<Output = Result<(Hash32, Hash32)>>> InOrder<F, Fut> {
    async fn sealed(mut self) -> Result<SealedPart> {
        let mut out = SealedPart { plain: Vec::new(), cipher: Vec::new() };
        while let Some((plain, cipher)) = self.next().await? {
            out.plain.push(plain);
            out.cipher.push(cipher);
        }
        Ok(out)
    }
}

/// Seals and sends every segment of a source.
pub(super) async fn seal<T: Transport, L: Ledger, R: ReadAt, C: Cpu>(
    transport: &T,
    job: &SealJob,
    source: &R,
    ledger: &L,
    cpu: &C,
    control: &Control,
) -> Result<SealedPart> {
    control.reset();
    let sealer = Arc::new(PartSealer::new(job.key.clone()));
    let sealing = Sealing { transport, ledger, cpu, job: Arc::new(job.clone()), sealer, control };
    let sealing = &sealing;
    let one = |i| async move {
        sealing.control.check()?;
        let plain = source.read(engine::plain_range(&sealing.job.geometry, i)?).await?;
        sealing.segment(i, plain).await
    };
    InOrder::new(job.geometry.segments(), one).sealed().await
}

struct Opening<'a, T, C> {
    transport: &'a T,
    cpu: &'a C,
    job: Arc<OpenJob>,
    opener: Arc<PartOpener>,
    control: &'a Control,
}

impl<'a, T: Transport, C: Cpu> Opening<'a, T, C> {
    /// Fetches and opens the end of the part.
    async fn begin(transport: &'a T, job: &OpenJob, cpu: &'a C, control: &'a Control) -> Result<Self> {
        engine::check_shape(job)?;
        control.check()?;
        control.reset();
        let end = fetch(transport, job, job.geometry.final_chunk()).await?;
        let opener = Arc::new(engine::begin(job, &end)?);
        Ok(Self { transport, cpu, job: Arc::new(job.clone()), opener, control })
    }

    async fn segment(&self, i: u64) -> Result<(Vec<u8>, Hash32)> {
        self.control.check()?;
        let range = engine::cipher_range(&self.job.geometry, i)?;
        let stored = fetch(self.transport, &self.job, range).await?;
        let (job, opener) = (Arc::clone(&self.job), Arc::clone(&self.opener));
        self.cpu.run(move || engine::open(&opener, &job, i, &stored)).await
    }
}

async fn fetch<T: Transport>(transport: &T, job: &OpenJob, range: Range<u64>) -> Result<Bytes> {
    let asked = range.end - range.start;
    let bytes = Api::new(transport).get_part(&job.path(), range, &job.request).await?;
    if bytes.len() as u64 != asked && Defence::RangeLength.holds() {
        let why = "the server sent another number of bytes".to_owned();
        return Err(crate::Refusal::PartForged { part: job.part, why }.into());
    }
    Ok(bytes)
}

/// Fetches, checks, opens and writes every segment.
pub(super) async fn open<T: Transport, W: Write, C: Cpu>(
    transport: &T,
    job: &OpenJob,
    sink: &mut W,
    cpu: &C,
    control: &Control,
) -> Result<Vec<Hash32>> {
    let opening = Opening::begin(transport, job, cpu, control).await?;
    let opening = &opening;
    let mut flight = InOrder::new(job.geometry.segments(), |i| opening.segment(i));
    let mut hashes = Vec::new();
    let mut opened = flight.next().await?;
    while let Some((plain, hash)) = opened {
        let len = plain.len() as u64;
        // The segments behind it are fetched and opened while this one is written.
        opened = try_join(sink.write(plain), flight.next()).await?.1;
        hashes.push(hash);
        control.advance(len, job.geometry.plaintext_len());
    }
    Ok(hashes)
}

/// Opens under one key and seals under another.
pub(super) async fn reseal<T: Transport, C: Cpu>(
    transport: &T,
    from: &OpenJob,
    to: &SealJob,
    cpu: &C,
    control: &Control,
) -> Result<SealedPart> {
    if from.geometry != to.geometry {
        return Err(ClientError::Internal("a re-key changes no length"));
    }
    let opening = Opening::begin(transport, from, cpu, control).await?;
    let sealer = Arc::new(PartSealer::new(to.key.clone()));
    let ledger = super::NoLedger;
    let sealing = Sealing { transport, ledger: &ledger, cpu, job: Arc::new(to.clone()), sealer, control };
    let (opening, sealing) = (&opening, &sealing);
    let one = |i| async move {
        let (plain, _) = opening.segment(i).await?;
        sealing.segment(i, Bytes::from(plain)).await
    };
    InOrder::new(from.geometry.segments(), one).sealed().await
}
