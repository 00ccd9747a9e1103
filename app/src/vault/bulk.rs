//! The page's mover of bulk bytes: segments through workers and WebCrypto, several under way, plaintext never in WASM.

use std::rc::Rc;

use api_types::Problem;
use client::{
    ClientError, Refusal, Result,
    bulk::{Bulk, Control, Ledger, OpenJob, SealJob, SealedPart, webcrypto},
    transport::{Transport, TransportError},
};
use crypto::{
    format::{Geometry, PartKey},
    ids::Hash32,
};
use futures::{StreamExt, future::Either, stream::FuturesOrdered};
use js_sys::{Promise, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CryptoKey};

use super::{
    message::{Message, why},
    patience::{Broken, unless_stopped},
    pool::{Pool, Task},
    sink::Sink,
};
use crate::browser;

const BROKEN: ClientError = ClientError::Internal("a worker could not do its part");

fn broken(_: JsValue) -> ClientError {
    BROKEN
}

/// Seals and opens parts in the page's worker pool.
#[derive(Clone, Default)]
pub struct WebBulk {
    pool: Rc<Pool>,
}

async fn import(key: &PartKey, usage: &str) -> Result<CryptoKey> {
    webcrypto::import(key, usage).await.map_err(|_| BROKEN)
}

fn failure(answer: &Message, part: Option<u32>) -> ClientError {
    match answer.text("why").as_deref() {
        Some(why::SOURCE) => ClientError::Source,
        Some(why::OFFLINE) => TransportError::Offline.into(),
        Some(why::REFUSED) => refusal(answer),
        Some(why::FORGED) => {
            let why = answer.text("detail").unwrap_or_default();
            Refusal::PartForged { part: part.unwrap_or_default(), why }.into()
        }
        _ => BROKEN,
    }
}

fn refusal(answer: &Message) -> ClientError {
    let status = answer.number("status").unwrap_or_default() as u16;
    match serde_json::from_slice::<Problem>(&answer.bytes("body").unwrap_or_default()) {
        Ok(problem) => problem.into(),
        Err(_) => ClientError::Answer { status },
    }
}

async fn moment() -> Option<()> {
    let promise = Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 200);
    });
    JsFuture::from(promise).await.ok().map(drop)
}

/// Without a sign of life for so many milliseconds a task's connection counts as broken, whatever the browser still hopes for: a
/// network that changed, a machine that slept.
const SILENCE: i64 = 60_000;

/// The next answer of a task, or a stop that was asked for meanwhile.
async fn next(task: &mut Task, control: &Control, part: Option<u32>) -> Result<Message> {
    let mut heard = browser::now();
    let mut answer = Box::pin(task.next());
    loop {
        control.check()?;
        let said = match futures::future::select(answer, Box::pin(moment())).await {
            Either::Left((said, _)) => said.ok_or(BROKEN)?,
            // Dropping the task gives it up in the worker too.
            Either::Right(_) if browser::now() - heard > SILENCE => return Err(TransportError::TimedOut.into()),
            Either::Right((_, waiting)) => {
                answer = waiting;
                continue;
            }
        };
        match said.kind().as_str() {
            "beat" => heard = browser::now(),
            "failed" => return Err(failure(&said, part)),
            _ => return Ok(said),
        }
        answer = Box::pin(task.next());
    }
}

fn number(segment: u64) -> Result<u32> {
    u32::try_from(segment).map_err(|_| ClientError::Internal("a part has too many segments"))
}

/// A message about a segment: its chunks, and `from..to` in the file or in the stored part.
fn about(kind: &str, geometry: &Geometry, i: u64, range: std::ops::Range<u64>) -> Result<Message> {
    let chunks = geometry.segment_chunks(i).ok_or(BROKEN)?;
    Ok(Message::new(kind)
        .with("first", chunks.start as f64)
        .with("count", (chunks.end - chunks.start) as f64)
        .with("from", range.start as f64)
        .with("to", range.end as f64))
}

/// Where and under what header segment `i` is stored.
fn storing(message: Message, job: &SealJob, i: u64) -> Result<Message> {
    let n = number(i)?;
    let message = if i == 0 { message.with_bytes("header", &job.key.header_bytes()) } else { message };
    if job.received.contains(&n) {
        return Ok(message);
    }
    Ok(message.with("put", format!("{}/uploads/{}/segments/{n}", client::api::PREFIX, job.upload)))
}

/// How stored segment `i` is fetched and what it must be.
fn fetching(kind: &str, job: &OpenJob, i: u64) -> Result<Message> {
    let range = job.geometry.segment_ciphertext(i).ok_or(BROKEN)?;
    let hash = usize::try_from(i).ok().and_then(|i| job.cipher.get(i)).ok_or(BROKEN)?;
    let message = about(kind, &job.geometry, i, range)?
        .with("get", job.path())
        .with("request", job.request.as_str())
        .with_bytes("stored", &hash.0);
    Ok(if i == 0 { message.with_bytes("expect", &job.key.header_bytes()) } else { message })
}

fn hash(answer: &Message, name: &str) -> Result<Hash32> {
    answer.hash(name).map(Hash32).ok_or(BROKEN)
}

fn plain_len(geometry: &Geometry, i: u64) -> u64 {
    geometry.segment_plaintext(i).map_or(0, |range| range.end - range.start)
}

impl WebBulk {
    /// Ends the workers.
    pub(super) fn end(&self) {
        self.pool.end();
    }

    /// A connection that is away for a moment is waited for; longer is for the caller, who tells people.
    async fn seal_segment<L: Ledger>(
        &self,
        job: &SealJob,
        source: (&Blob, &CryptoKey),
        ledger: &L,
        control: &Control,
        i: u64,
    ) -> Result<(Hash32, Hash32)> {
        let mut broken = Broken::for_a_moment(&self.pool);
        loop {
            match self.try_seal(job, source, ledger, control, i).await {
                Err(error) => broken.again(control, error).await?,
                sealed => return sealed,
            }
        }
    }

    async fn try_seal<L: Ledger>(
        &self,
        job: &SealJob,
        (source, key): (&Blob, &CryptoKey),
        ledger: &L,
        control: &Control,
        i: u64,
    ) -> Result<(Hash32, Hash32)> {
        let _place = self.pool.place(control).await?;
        let range = job.geometry.segment_plaintext(i).ok_or(BROKEN)?;
        let message = about("seal", &job.geometry, i, range)?
            .with("file", source.clone())
            .with("key", key.clone())
            .with_bytes("nonce", &job.key.base_nonce);
        let mut task = self.pool.begin(storing(message, job, i)?).map_err(broken)?;
        let plain = hash(&next(&mut task, control, None).await?, "plain")?;
        let before = usize::try_from(i).ok().and_then(|i| job.sealed_before.get(i).copied().flatten());
        if before.is_some_and(|before| before != plain) {
            return Err(ClientError::SourceChanged);
        }
        unless_stopped(control, ledger.intend(i, plain)).await??;
        task.go().map_err(broken)?;
        let stored = hash(&next(&mut task, control, None).await?, "stored")?;
        control.advance(plain_len(&job.geometry, i), job.geometry.plaintext_len());
        Ok((plain, stored))
    }

    async fn open_segment(&self, job: &OpenJob, key: &CryptoKey, control: &Control, i: u64) -> Result<(Hash32, Blob)> {
        let fetch = || -> Result<Message> {
            Ok(fetching("open", job, i)?.with("key", key.clone()).with_bytes("nonce", &job.key.base_nonce))
        };
        let done = self.fetched(fetch, control, job.part, Broken::reading(&self.pool)).await?;
        Ok((hash(&done, "plain")?, done.object("blob").ok_or(BROKEN)?))
    }

    /// What a task that fetches comes to, however long the connection is away meanwhile: until a stop is asked for.
    async fn fetched(
        &self,
        fetch: impl Fn() -> Result<Message>,
        control: &Control,
        part: u32,
        mut broken: Broken<'_>,
    ) -> Result<Message> {
        loop {
            match broken.awake(self.try_fetch(fetch()?, control, part)).await {
                Err(error) => broken.again(control, error).await?,
                Ok(done) => {
                    broken.through(control);
                    return Ok(done);
                }
            }
        }
    }

    async fn try_fetch(&self, message: Message, control: &Control, part: u32) -> Result<Message> {
        let _place = self.pool.place(control).await?;
        let mut task = self.pool.begin(message).map_err(broken)?;
        next(&mut task, control, Some(part)).await
    }

    /// Opens the final chunk alone: only then is the length trusted.
    async fn open_end(&self, job: &OpenJob, key: &CryptoKey, control: &Control, broken: Broken<'_>) -> Result<()> {
        let geometry = &job.geometry;
        if job.cipher.len() as u64 != geometry.segments() {
            return Err(
                Refusal::PartForged { part: job.part, why: "its segments do not fit its length".to_owned() }.into()
            );
        }
        let range = geometry.final_chunk();
        let fetch = || -> Result<Message> {
            Ok(Message::new("open")
                .with("first", (geometry.chunks() - 1) as f64)
                .with("count", 1)
                .with("from", range.start as f64)
                .with("to", range.end as f64)
                .with("get", job.path())
                .with("request", job.request.as_str())
                .with("key", key.clone())
                .with_bytes("nonce", &job.key.base_nonce))
        };
        self.fetched(fetch, control, job.part, broken).await.map(drop)
    }

    async fn reseal_segment(
        &self,
        (from, to): (&OpenJob, &SealJob),
        keys: &(CryptoKey, CryptoKey),
        control: &Control,
        i: u64,
    ) -> Result<(Hash32, Hash32)> {
        let fetch = || -> Result<Message> {
            let message = fetching("reseal", from, i)?
                .with("key", keys.0.clone())
                .with_bytes("nonce", &from.key.base_nonce)
                .with("new_key", keys.1.clone())
                .with_bytes("new_nonce", &to.key.base_nonce);
            storing(message, to, i)
        };
        let done = self.fetched(fetch, control, from.part, Broken::patient(&self.pool)).await?;
        control.advance(plain_len(&to.geometry, i), to.geometry.plaintext_len());
        Ok((hash(&done, "plain")?, hash(&done, "stored")?))
    }
}

/// Runs `one` for each of these segments, `depth` at a time, and hands over the results in their order. The next ones are under
/// way while `take` has one.
async fn each<A, F: Future<Output = Result<A>>>(
    segments: Vec<u64>,
    depth: usize,
    one: impl Fn(u64) -> F,
    mut take: impl AsyncFnMut(u64, A) -> Result<()>,
) -> Result<()> {
    let mut flight = FuturesOrdered::new();
    let mut left = segments.clone().into_iter();
    for i in segments {
        while flight.len() < depth
            && let Some(next) = left.next()
        {
            flight.push_back(one(next));
        }
        let result = flight.next().await.ok_or(BROKEN)?;
        take(i, result?).await?;
    }
    Ok(())
}

/// Hashes of segments that were sealed in any order.
#[derive(Default)]
struct Hashes(Vec<(u64, Hash32, Hash32)>);

impl Hashes {
    fn in_order(mut self) -> SealedPart {
        self.0.sort_unstable_by_key(|(i, ..)| *i);
        let (plain, cipher) = self.0.into_iter().map(|(_, plain, stored)| (plain, stored)).unzip();
        SealedPart { plain, cipher }
    }
}

impl Bulk for WebBulk {
    type Source = Blob;
    type Sink = Sink;
    type Opened = Blob;

    async fn len(&self, source: &Blob) -> Result<u64> {
        Ok(source.size() as u64)
    }

    async fn head(&self, source: &Blob, n: usize) -> Result<Vec<u8>> {
        let slice = source.slice_with_f64_and_f64(0.0, n as f64).map_err(|_| ClientError::Source)?;
        let buffer = JsFuture::from(slice.array_buffer()).await.map_err(|_| ClientError::Source)?;
        Ok(Uint8Array::new(&buffer).to_vec())
    }

    async fn seal_part<T: Transport, L: Ledger>(
        &self,
        _: &T,
        job: &SealJob,
        source: &Blob,
        ledger: &L,
        control: &Control,
    ) -> Result<SealedPart> {
        control.reset();
        if source.size() as u64 != job.geometry.plaintext_len() {
            return Err(ClientError::Source);
        }
        let key = import(&job.key, "encrypt").await?;
        let mut hashes = Hashes::default();
        for turn in job.turns() {
            let one = |i| self.seal_segment(job, (source, &key), ledger, control, i);
            each(turn, self.pool.depth(), one, async |i, (plain, stored)| {
                hashes.0.push((i, plain, stored));
                Ok(())
            })
            .await?;
        }
        Ok(hashes.in_order())
    }

    async fn open_part<T: Transport>(
        &self,
        _: &T,
        job: &OpenJob,
        sink: &mut Sink,
        control: &Control,
    ) -> Result<Vec<Hash32>> {
        control.reset();
        let key = import(&job.key, "decrypt").await?;
        self.open_end(job, &key, control, Broken::reading(&self.pool)).await?;
        let mut hashes = Vec::new();
        let one = |i| self.open_segment(job, &key, control, i);
        let segments = (0..job.geometry.segments()).collect();
        each(segments, self.pool.depth(), one, async |i, (plain, blob)| {
            sink.write(&blob).await?;
            hashes.push(plain);
            control.advance(plain_len(&job.geometry, i), job.geometry.plaintext_len());
            Ok(())
        })
        .await?;
        Ok(hashes)
    }

    async fn reseal_part<T: Transport>(
        &self,
        _: &T,
        from: &OpenJob,
        to: &SealJob,
        control: &Control,
    ) -> Result<SealedPart> {
        control.reset();
        if from.geometry != to.geometry {
            return Err(ClientError::Internal("a re-key changes no length"));
        }
        let keys = (import(&from.key, "decrypt").await?, import(&to.key, "encrypt").await?);
        self.open_end(from, &keys.0, control, Broken::patient(&self.pool)).await?;
        let mut hashes = Hashes::default();
        let one = |i| self.reseal_segment((from, to), &keys, control, i);
        let segments = (0..to.geometry.segments()).collect();
        each(segments, self.pool.depth(), one, async |i, (plain, stored)| {
            hashes.0.push((i, plain, stored));
            Ok(())
        })
        .await?;
        Ok(hashes.in_order())
    }

    async fn finish(&self, sink: Sink) -> Result<Blob> {
        sink.finish().await
    }

    async fn discard(&self, sink: Sink) {
        sink.discard().await;
    }
}
