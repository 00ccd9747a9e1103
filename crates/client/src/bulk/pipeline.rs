//! Segments through hash, cipher and transport, several in flight, in order of their number.

use std::{
    future::{Future, ready},
    ops::Range,
    sync::Arc,
};

use bytes::Bytes;
use crypto::{
    defence::Defence,
    format::{PartOpener, PartSealer},
    ids::Hash32,
};
use futures::{
    StreamExt,
    future::{join, try_join},
    stream::FuturesOrdered,
};

use super::{Control, Ledger, OpenJob, SealJob, SealedPart, buffers::Buffers, engine};
use crate::{
    api::Api,
    error::{ClientError, Result},
    platform::{MaybeSend, MaybeSync},
    transport::Transport,
};

/// Fewest segments in flight: enough to overlap reading, sealing and sending; 16 MiB each at most.
pub(super) const DEPTH: usize = 4;

/// A source of plaintext by range.
pub(super) trait ReadAt: MaybeSync {
    fn read(&self, range: Range<u64>, buffers: &Buffers) -> impl Future<Output = Result<Bytes>> + MaybeSend;
}

/// Takes plaintext in order, and may have some of it from an earlier try.
pub(super) trait Write: MaybeSend {
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + MaybeSend;

    /// What an earlier try wrote there; none where that isn't all of the range.
    fn earlier(
        &mut self,
        range: Range<u64>,
        buffers: &Buffers,
    ) -> impl Future<Output = Result<Option<Bytes>>> + MaybeSend {
        let _ = (range, buffers);
        ready(Ok(None))
    }

    /// What an earlier try wrote from here on goes; the next piece is written here.
    fn cut(&mut self, at: u64) -> impl Future<Output = Result<()>> + MaybeSend {
        let _ = at;
        ready(Ok(()))
    }
}

/// Where hashing and ciphers run, and how long a lost connection is waited for.
pub(super) trait Host: MaybeSync {
    fn run<A: MaybeSend + 'static>(
        &self,
        work: impl FnOnce() -> Result<A> + MaybeSend + 'static,
    ) -> impl Future<Output = Result<A>> + MaybeSend;

    /// How many segments are in flight.
    fn depth(&self) -> usize;

    /// Waits before a transfer that broke `tries` times is tried again; false where it isn't.
    fn rest(&self, tries: u32) -> impl Future<Output = bool> + MaybeSend;
}

/// Runs on the calling thread; a transfer that breaks is the caller's to repeat.
pub(super) struct Here;

impl Host for Here {
    async fn run<A: MaybeSend + 'static>(&self, work: impl FnOnce() -> Result<A> + MaybeSend + 'static) -> Result<A> {
        work()
    }

    fn depth(&self) -> usize {
        DEPTH
    }

    async fn rest(&self, _: u32) -> bool {
        false
    }
}

/// How often one transfer broke.
#[derive(Default)]
struct Broken(u32);

impl Broken {
    /// Waits where the transfer may be tried again; else gives the error back.
    async fn again<H: Host>(&mut self, host: &H, control: &Control, error: ClientError) -> Result<()> {
        if error.is_transient() { self.rest(host, control, error).await } else { Err(error) }
    }

    /// The same of one that only reads.
    async fn again_reading<H: Host>(&mut self, host: &H, control: &Control, error: ClientError) -> Result<()> {
        if error.is_transient_for_reading() { self.rest(host, control, error).await } else { Err(error) }
    }

    async fn rest<H: Host>(&mut self, host: &H, control: &Control, error: ClientError) -> Result<()> {
        self.0 = self.0.saturating_add(1);
        control.lost(true);
        if host.rest(self.0).await { control.check() } else { Err(error) }
    }

    /// It got through.
    fn through(&self, control: &Control) {
        if self.0 > 0 {
            control.lost(false);
        }
    }
}

struct Sealing<'a, T, L, H> {
    transport: &'a T,
    ledger: &'a L,
    host: &'a H,
    job: Arc<SealJob>,
    sealer: Arc<PartSealer>,
    control: &'a Control,
    /// For what is sealed.
    buffers: Buffers,
}

impl<T: Transport, L: Ledger, H: Host> Sealing<'_, T, L, H> {
    /// Hash; note and seal meanwhile; send when both are done.
    async fn segment(&self, i: u64, plain: Bytes) -> Result<(Hash32, Hash32)> {
        self.control.check()?;
        let len = plain.len() as u64;
        let job = Arc::clone(&self.job);
        let (plain, plain_hash) =
            self.host.run(move || engine::check_plain(&job, i, &plain).map(|hash| (plain, hash))).await?;
        let (job, sealer, buffers) = (Arc::clone(&self.job), Arc::clone(&self.sealer), self.buffers.clone());
        let sealing = self.host.run(move || engine::seal(&sealer, &job.geometry, i, &plain, &buffers));
        let ((sealed, cipher_hash), ()) = try_join(sealing, self.note(i, plain_hash)).await?;
        let n = engine::number(i)?;
        if !self.job.received.contains(&n) {
            self.send(n, sealed, &cipher_hash).await?;
        }
        self.control.advance(len, self.job.geometry.plaintext_len());
        Ok((plain_hash, cipher_hash))
    }

    /// Until the plaintext's hash is durable.
    async fn note(&self, i: u64, plain: Hash32) -> Result<()> {
        let mut broken = Broken::default();
        while let Err(error) = self.ledger.intend(i, plain).await {
            broken.again(self.host, self.control, error).await?;
        }
        broken.through(self.control);
        Ok(())
    }

    /// Until the segment is stored: each time the same bytes.
    async fn send(&self, n: u32, sealed: Bytes, hash: &Hash32) -> Result<()> {
        let mut broken = Broken::default();
        self.control.check()?;
        let api = Api::new(self.transport);
        while let Err(error) = api.put_segment(&self.job.upload, n, sealed.clone(), hash).await {
            broken.again(self.host, self.control, error).await?;
        }
        broken.through(self.control);
        Ok(())
    }
}

/// Runs `one` for each of these segments, `depth` at a time, and gives the results in their order.
struct InOrder<F, Fut: Future> {
    one: F,
    flight: FuturesOrdered<Fut>,
    left: std::vec::IntoIter<u64>,
    depth: usize,
}

impl<A, F: Fn(u64) -> Fut, Fut: Future<Output = Result<A>>> InOrder<F, Fut> {
    fn new(segments: Vec<u64>, depth: usize, one: F) -> Self {
        Self { one, flight: FuturesOrdered::new(), left: segments.into_iter(), depth }
    }

    /// The next result; `None` after the last.
    async fn next(&mut self) -> Result<Option<A>> {
        while self.flight.len() < self.depth
            && let Some(i) = self.left.next()
        {
            self.flight.push_back((self.one)(i));
        }
        self.flight.next().await.transpose()
    }
}

/// Seals the segments of one turn after those of the other, and gives the hashes in the part's order.
async fn in_turns<F, Fut>(turns: [Vec<u64>; 2], depth: usize, one: F) -> Result<SealedPart>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<(Hash32, Hash32)>>,
{
    let mut all = Vec::new();
    for turn in turns {
        let mut flight = InOrder::new(turn.clone(), depth, &one);
        for i in turn {
            let hashes = flight.next().await?.ok_or(ClientError::Internal("a segment was left out"))?;
            all.push((i, hashes));
        }
    }
    all.sort_unstable_by_key(|(i, _)| *i);
    let (plain, cipher) = all.into_iter().map(|(_, hashes)| hashes).unzip();
    Ok(SealedPart { plain, cipher })
}

/// Seals and sends every segment of a source.
pub(super) async fn seal<T: Transport, L: Ledger, R: ReadAt, H: Host>(
    transport: &T,
    job: &SealJob,
    source: &R,
    ledger: &L,
    host: &H,
    control: &Control,
) -> Result<SealedPart> {
    control.reset();
    let sealer = Arc::new(PartSealer::new(job.key.clone()));
    let buffers = Buffers::default();
    let sealing = Sealing { transport, ledger, host, job: Arc::new(job.clone()), sealer, control, buffers };
    let (sealing, read) = (&sealing, &Buffers::default());
    let one = |i| async move {
        sealing.control.check()?;
        let plain = source.read(engine::plain_range(&sealing.job.geometry, i)?, read).await?;
        sealing.segment(i, plain).await
    };
    in_turns(job.turns(), host.depth(), one).await
}

struct Opening<'a, T, H> {
    transport: &'a T,
    host: &'a H,
    job: Arc<OpenJob>,
    opener: Arc<PartOpener>,
    control: &'a Control,
    /// For what is opened.
    buffers: Buffers,
}

impl<'a, T: Transport, H: Host> Opening<'a, T, H> {
    /// Fetches and opens the end of the part.
    async fn begin(transport: &'a T, job: &OpenJob, host: &'a H, control: &'a Control) -> Result<Self> {
        engine::check_shape(job)?;
        control.check()?;
        control.reset();
        let end = fetch(transport, job, job.geometry.final_chunk(), (host, control)).await?;
        let opener = Arc::new(engine::begin(job, &end)?);
        Ok(Self { transport, host, job: Arc::new(job.clone()), opener, control, buffers: Buffers::default() })
    }

    /// The hashes of what an earlier try wrote, as far as it is right; the sink goes on behind it.
    async fn earlier<W: Write>(&self, sink: &mut W) -> Result<Vec<Hash32>> {
        let (mut hashes, mut end) = (Vec::new(), 0);
        let (sealer, sealed) = (Arc::new(PartSealer::new(self.job.key.clone())), Buffers::default());
        for i in 0..self.job.geometry.segments() {
            self.control.check()?;
            let range = engine::plain_range(&self.job.geometry, i)?;
            let Some(plain) = sink.earlier(range.clone(), &self.buffers).await? else { break };
            let (job, sealer, sealed) = (Arc::clone(&self.job), Arc::clone(&sealer), sealed.clone());
            let known = self.host.run(move || engine::recognise(&sealer, &job, i, &plain, &sealed)).await?;
            let Some(hash) = known else { break };
            hashes.push(hash);
            end = range.end;
            self.control.advance(range.end - range.start, self.job.geometry.plaintext_len());
        }
        sink.cut(end).await?;
        Ok(hashes)
    }

    async fn segment(&self, i: u64) -> Result<(Bytes, Hash32)> {
        self.control.check()?;
        let range = engine::cipher_range(&self.job.geometry, i)?;
        let stored = fetch(self.transport, &self.job, range, (self.host, self.control)).await?;
        let (job, opener, buffers) = (Arc::clone(&self.job), Arc::clone(&self.opener), self.buffers.clone());
        self.host.run(move || engine::open(&opener, &job, i, &stored, &buffers)).await
    }
}

/// These bytes of the stored part, also after the connection was lost for a while.
async fn fetch<T: Transport, H: Host>(
    transport: &T,
    job: &OpenJob,
    range: Range<u64>,
    (host, control): (&H, &Control),
) -> Result<Bytes> {
    let (asked, path, mut broken) = (range.end - range.start, job.path(), Broken::default());
    let bytes = loop {
        match Api::new(transport).get_part(&path, range.clone(), &job.request).await {
            Ok(bytes) => break bytes,
            Err(error) => broken.again_reading(host, control, error).await?,
        }
    };
    broken.through(control);
    if bytes.len() as u64 != asked && Defence::RangeLength.holds() {
        let why = "the server sent another number of bytes".to_owned();
        return Err(crate::Refusal::PartForged { part: job.part, why }.into());
    }
    Ok(bytes)
}

/// Fetches, checks, opens and writes every segment that the sink doesn't have from an earlier try.
pub(super) async fn open<T: Transport, W: Write, H: Host>(
    transport: &T,
    job: &OpenJob,
    sink: &mut W,
    host: &H,
    control: &Control,
) -> Result<Vec<Hash32>> {
    let opening = Opening::begin(transport, job, host, control).await?;
    let opening = &opening;
    let mut hashes = opening.earlier(sink).await?;
    let missing = (hashes.len() as u64..job.geometry.segments()).collect();
    let mut flight = InOrder::new(missing, host.depth(), |i| opening.segment(i));
    let mut opened = flight.next().await?;
    while let Some((plain, hash)) = opened {
        let len = plain.len() as u64;
        // The segments behind it are fetched and opened while this one is written; wholly, whatever becomes of them.
        let (written, next) = join(sink.write(plain), flight.next()).await;
        written?;
        opened = next?;
        hashes.push(hash);
        control.advance(len, job.geometry.plaintext_len());
    }
    Ok(hashes)
}

/// Opens under one key and seals under another.
pub(super) async fn reseal<T: Transport, H: Host>(
    transport: &T,
    from: &OpenJob,
    to: &SealJob,
    host: &H,
    control: &Control,
) -> Result<SealedPart> {
    if from.geometry != to.geometry {
        return Err(ClientError::Internal("a re-key changes no length"));
    }
    let opening = Opening::begin(transport, from, host, control).await?;
    let (sealer, buffers) = (Arc::new(PartSealer::new(to.key.clone())), Buffers::default());
    let ledger = super::NoLedger;
    let sealing = Sealing { transport, ledger: &ledger, host, job: Arc::new(to.clone()), sealer, control, buffers };
    let (opening, sealing) = (&opening, &sealing);
    let one = |i| async move {
        let (plain, _) = opening.segment(i).await?;
        sealing.segment(i, plain).await
    };
    in_turns(to.turns(), host.depth(), one).await
}
