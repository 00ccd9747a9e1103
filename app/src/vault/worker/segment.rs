//! One segment: sealed and sent, fetched and opened, or moved from one key to another.
//!
//! Of what is sealed a worker holds one segment at a time, in one buffer that it keeps: the file is read into it, the chunks are
//! sealed over themselves, and a Blob takes the outcome along. So it doesn't matter how many wait for the network. What is
//! fetched comes into buffers that are used again, and is opened where it lies.

use std::{cell::RefCell, rc::Rc};

use client::{
    api::content_digest,
    bulk::webcrypto::{Chunks, sha256},
};
use futures::{channel::oneshot, lock::Mutex};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use web_sys::{Blob, BlobPropertyBag, CryptoKey};

use super::{Beat, Failure, net::Line, reader::Reader};
use crate::vault::message::Message;

/// Bytes of a part's header, stored before its first chunk.
const HEADER: u32 = 56;
/// Bytes that a chunk is longer sealed.
const TAG: u32 = 16;
/// Bytes of the longest stored segment.
const SEGMENT_MAX: u32 = HEADER + 512 * (16 * 1024 + TAG);
/// Buffers that are kept while nobody has them.
const SPARE_MAX: usize = 2;

thread_local! {
    /// The buffer, while nobody has it.
    static DESK: Rc<Mutex<Option<ArrayBuffer>>> = Rc::default();
    /// Buffers for what is fetched, of those that were done with.
    static SPARE: RefCell<Vec<ArrayBuffer>> = RefCell::default();
}

/// A buffer that nobody has.
fn spare() -> ArrayBuffer {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| ArrayBuffer::new(SEGMENT_MAX))
}

/// Takes a buffer back: its plaintext is wiped, ciphertext may stay in it. One in which a chunk didn't open is never used again.
fn done_with(plain: &Uint8Array) {
    plain.fill(0, 0, plain.length());
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < SPARE_MAX {
            spare.push(plain.buffer());
        }
    });
}

fn number(message: &Message, name: &str) -> Result<u64, Failure> {
    message.number(name).map(|n| n as u64).ok_or(Failure::Broken)
}

/// `key`, `nonce` under the given names; `first` and `count` are the segment's.
fn chunks(message: &Message, key: &str, nonce: &str) -> Result<Chunks, Failure> {
    let base_nonce = message.bytes(nonce).and_then(|bytes| bytes.try_into().ok()).ok_or(Failure::Broken)?;
    let count = u32::try_from(number(message, "count")?).map_err(|_| Failure::Broken)?;
    let key = message.object::<CryptoKey>(key).ok_or(Failure::Broken)?;
    Ok(Chunks { key, base_nonce, first: number(message, "first")?, count })
}

fn blob(bytes: &Uint8Array) -> Result<Blob, Failure> {
    let options = BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    Ok(Blob::new_with_u8_array_sequence_and_options(&Array::of1(bytes), &options)?)
}

/// Where things stand in a stored segment whose plaintext lies at its end until it is sealed.
struct Places {
    header: Option<Uint8Array>,
    plain: u32,
    end: u32,
}

impl Places {
    fn of(message: &Message, chunks: &Chunks, len: u32) -> Result<Self, Failure> {
        let header = message.object::<Uint8Array>("header");
        let plain = header.as_ref().map_or(0, Uint8Array::length) + chunks.count * TAG;
        let end = plain.checked_add(len).filter(|end| *end <= SEGMENT_MAX).ok_or(Failure::Broken)?;
        Ok(Self { header, plain, end })
    }
}

/// The file's bytes, at their place in the buffer.
async fn read(message: &Message, buffer: ArrayBuffer, places: &Places, beat: &Beat) -> Result<ArrayBuffer, Failure> {
    let file = message.object::<Blob>("file").ok_or(Failure::Broken)?;
    let (from, to) = (number(message, "from")?, number(message, "to")?);
    let len = places.end - places.plain;
    let slice = file.slice_with_f64_and_f64(from as f64, to as f64).map_err(|_| Failure::Source)?;
    let reader = Reader::of(&slice.stream())?;
    let (buffer, came) = reader.fill(buffer, places.plain, len, || beat.tell()).await.map_err(|_| Failure::Source)?;
    if came == len { Ok(buffer) } else { Err(Failure::Source) }
}

/// A segment as the server stores it, and its hash.
struct Sealed {
    body: Blob,
    hash: Uint8Array,
}

impl Sealed {
    /// Seals the plaintext at the end of `bytes` over it, with the header before it where there is one.
    async fn in_place(chunks: &Chunks, bytes: &Uint8Array, places: &Places) -> Result<Self, Failure> {
        let plain = bytes.subarray(places.plain, places.end);
        if let Some(header) = &places.header {
            bytes.set(header, 0);
        }
        let before = places.header.as_ref().map_or(0, Uint8Array::length);
        chunks.seal(&plain, bytes, before).await?;
        let hash = sha256(bytes).await?;
        Ok(Self { body: blob(bytes)?, hash })
    }

    /// Sends it unless the server has it.
    async fn send(self, message: &Message, line: &Line) -> Result<Uint8Array, Failure> {
        if let Some(url) = message.text("put") {
            let digest: [u8; 32] = self.hash.to_vec().try_into().map_err(|_| Failure::Broken)?;
            line.put(&url, &self.body, &content_digest(&digest)).await?;
        }
        Ok(self.hash)
    }
}

/// Read and hash; seal while the hash is being noted; send once it is.
pub(super) async fn seal(
    message: &Message,
    line: &Line,
    hashed: impl Fn(&Uint8Array),
    noted: oneshot::Receiver<()>,
) -> Result<Message, Failure> {
    let chunks = chunks(message, "key", "nonce")?;
    let len = number(message, "to")?.checked_sub(number(message, "from")?).ok_or(Failure::Broken)?;
    let places = Places::of(message, &chunks, u32::try_from(len).map_err(|_| Failure::Broken)?)?;
    let sealed = at_desk(message, &chunks, &places, &line.beat, hashed).await?;
    noted.await.map_err(|_| Failure::Broken)?;
    let stored = sealed.send(message, line).await?;
    Ok(Message::new("done").with("stored", stored))
}

/// What needs the buffer.
async fn at_desk(
    message: &Message,
    chunks: &Chunks,
    places: &Places,
    beat: &Beat,
    hashed: impl Fn(&Uint8Array),
) -> Result<Sealed, Failure> {
    let desk = DESK.with(Rc::clone);
    let mut desk = desk.lock().await;
    let buffer = desk.take().unwrap_or_else(|| ArrayBuffer::new(SEGMENT_MAX));
    let buffer = read(message, buffer, places, beat).await?;
    let bytes = Uint8Array::new_with_byte_offset_and_length(&buffer, 0, places.end);
    hashed(&sha256(&bytes.subarray(places.plain, places.end)).await?);
    let sealed = Sealed::in_place(chunks, &bytes, places).await?;
    // After an error it goes, with what of the plaintext is in it.
    *desk = Some(buffer);
    Ok(sealed)
}

/// Fetch, compare with the signed manifest's hash and header, open.
async fn fetch_and_open(message: &Message, chunks: &Chunks, line: &Line) -> Result<Uint8Array, Failure> {
    let path = message.text("get").ok_or(Failure::Broken)?;
    let request = message.text("request").ok_or(Failure::Broken)?;
    let mut stored = line.get(&path, &request, number(message, "from")?..number(message, "to")?, spare()).await?;
    if let Some(expected) = message.hash("stored")
        && sha256(&stored).await?.to_vec() != expected
    {
        return Err(Failure::Forged("a segment is not the one in the manifest"));
    }
    if let Some(header) = message.bytes("expect") {
        if stored.length() < HEADER || stored.subarray(0, HEADER).to_vec() != header {
            return Err(Failure::Forged("the header is not the one in the manifest"));
        }
        stored = stored.subarray(HEADER, stored.length());
    }
    Ok(chunks.open(&stored).await?)
}

/// Fetch, check, open, hash; the plaintext goes to the page as a Blob.
pub(super) async fn open(message: &Message, line: &Line) -> Result<Message, Failure> {
    let plain = fetch_and_open(message, &chunks(message, "key", "nonce")?, line).await?;
    let hash = sha256(&plain).await?;
    let blob = blob(&plain)?;
    done_with(&plain);
    Ok(Message::new("done").with("plain", hash).with("blob", blob))
}

/// Fetch, check, open under one key; seal under another, send.
pub(super) async fn reseal(message: &Message, line: &Line) -> Result<Message, Failure> {
    let plain = fetch_and_open(message, &chunks(message, "key", "nonce")?, line).await?;
    let hash = sha256(&plain).await?;
    let new = chunks(message, "new_key", "new_nonce")?;
    let places = Places::of(message, &new, plain.length())?;
    let bytes = Uint8Array::new_with_length(places.end);
    bytes.set(&plain, places.plain);
    done_with(&plain);
    let sealed = Sealed::in_place(&new, &bytes, &places).await?;
    let stored = sealed.send(message, line).await?;
    Ok(Message::new("done").with("plain", hash).with("stored", stored))
}
