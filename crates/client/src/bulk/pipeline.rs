//! Segments through hash, cipher and transport, several in flight, in order of their number.

use std::{future::Future, ops::Range, sync::Arc};

use bytes::Bytes;
use crypto::{
    format::{PartOpener, PartSealer},
    ids::Hash32,
};
use futures::{StreamExt, stream::FuturesOrdered};

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
    /// Hash, note, seal, hash, send.
    async fn segment(&self, i: u64, plain: Bytes) -> Result<(Hash32, Hash32)> {
        self.control.check()?;
        let len = plain.len() as u64;
        let job = Arc::clone(&self.job);
        let (plain, plain_hash) =
            self.cpu.run(move || engine::check_plain(&job, i, &plain).map(|hash| (plain, hash))).await?;
        self.ledger.intend(i, plain_hash).await?;
        let (job, sealer) = (Arc::clone(&self.job), Arc::clone(&self.sealer));
        let (sealed, cipher_hash) = self.cpu.run(move || engine::seal(&sealer, &job.geometry, i, &plain)).await?;
        let n = engine::number(i)?;
        if !self.job.received.contains(&n) {
            self.control.check()?;
            Api::new(self.transport).put_segment(&self.job.upload, n, sealed, &cipher_hash).await?;
        }
        self.control.advance(len, self.job.geometry.plaintext_len());
        Ok((plain_hash, cipher_hash))
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
    let mut out = SealedPart { plain: Vec::new(), cipher: Vec::new() };
    let mut flight = FuturesOrdered::new();
    let mut next = 0;
    loop {
        while next < job.geometry.segments() && flight.len() < DEPTH {
            let range = engine::plain_range(&job.geometry, next)?;
            let i = next;
            flight.push_back(async move {
                sealing.control.check()?;
                let plain = source.read(range).await?;
                sealing.segment(i, plain).await
            });
            next += 1;
        }
        let Some(done) = flight.next().await else { return Ok(out) };
        let (plain, cipher) = done?;
        out.plain.push(plain);
        out.cipher.push(cipher);
    }
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
    let bytes = Api::new(transport).get_part(&job.path(), range).await?;
    if bytes.len() as u64 != asked {
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
    let mut hashes = Vec::new();
    let mut flight = FuturesOrdered::new();
    let mut next = 0;
    loop {
        while next < job.geometry.segments() && flight.len() < DEPTH {
            flight.push_back(opening.segment(next));
            next += 1;
        }
        let Some(done) = flight.next().await else { return Ok(hashes) };
        let (plain, hash) = done?;
        let len = plain.len() as u64;
        sink.write(plain).await?;
        hashes.push(hash);
        control.advance(len, job.geometry.plaintext_len());
    }
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
    let mut out = SealedPart { plain: Vec::new(), cipher: Vec::new() };
    for i in 0..from.geometry.segments() {
        let (plain, _) = opening.segment(i).await?;
        let (plain, cipher) = sealing.segment(i, Bytes::from(plain)).await?;
        out.plain.push(plain);
        out.cipher.push(cipher);
    }
    Ok(out)
}
