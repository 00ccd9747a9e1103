//! One segment: sealed and sent, fetched and opened, or moved from one key to another.

use client::{
    api::content_digest,
    bulk::webcrypto::{Chunks, sha256},
};
use futures::channel::oneshot;
use js_sys::{Array, Uint8Array};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, BlobPropertyBag, CryptoKey};

use super::{Failure, net};
use crate::vault::message::Message;

/// Bytes of a part's header, stored before its first chunk.
const HEADER: u32 = 56;

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

async fn read(message: &Message) -> Result<Uint8Array, Failure> {
    let file = message.object::<Blob>("file").ok_or(Failure::Broken)?;
    let (from, to) = (number(message, "from")?, number(message, "to")?);
    let slice = file.slice_with_f64_and_f64(from as f64, to as f64).map_err(|_| Failure::Source)?;
    let buffer = JsFuture::from(slice.array_buffer()).await.map_err(|_| Failure::Source)?;
    let bytes = Uint8Array::new(&buffer);
    if u64::from(bytes.length()) == to - from { Ok(bytes) } else { Err(Failure::Source) }
}

/// A segment as the server stores it, and its hash.
struct Sealed {
    bytes: Uint8Array,
    hash: Uint8Array,
}

impl Sealed {
    /// Under `chunks`, with the header before it where there is one.
    async fn new(message: &Message, chunks: &Chunks, plain: &Uint8Array) -> Result<Self, Failure> {
        let header = message.object::<Uint8Array>("header");
        let before = header.as_ref().map_or(0, Uint8Array::length);
        let bytes = Uint8Array::new_with_length(before + plain.length() + chunks.count * 16);
        if let Some(header) = header {
            bytes.set(&header, 0);
        }
        chunks.seal(plain, &bytes, before).await?;
        let hash = sha256(&bytes).await?;
        Ok(Self { bytes, hash })
    }

    /// Sends it unless the server has it.
    async fn send(self, message: &Message, signal: Option<&AbortSignal>) -> Result<Uint8Array, Failure> {
        if let Some(url) = message.text("put") {
            let digest: [u8; 32] = self.hash.to_vec().try_into().map_err(|_| Failure::Broken)?;
            net::put(&url, &self.bytes, &content_digest(&digest), signal).await?;
        }
        Ok(self.hash)
    }
}

/// Read and hash; seal while the hash is being noted; send once it is.
pub(super) async fn seal(
    message: &Message,
    signal: Option<&AbortSignal>,
    hashed: impl Fn(&Uint8Array),
    noted: oneshot::Receiver<()>,
) -> Result<Message, Failure> {
    let chunks = chunks(message, "key", "nonce")?;
    let plain = read(message).await?;
    let hash = sha256(&plain).await?;
    hashed(&hash);
    let sealed = Sealed::new(message, &chunks, &plain).await?;
    drop(plain);
    noted.await.map_err(|_| Failure::Broken)?;
    let stored = sealed.send(message, signal).await?;
    Ok(Message::new("done").with("stored", stored))
}

/// Fetch, compare with the signed manifest's hash and header, open.
async fn fetch_and_open(
    message: &Message,
    chunks: &Chunks,
    signal: Option<&AbortSignal>,
) -> Result<Uint8Array, Failure> {
    let path = message.text("get").ok_or(Failure::Broken)?;
    let request = message.text("request").ok_or(Failure::Broken)?;
    let mut stored = net::get(&path, &request, number(message, "from")?..number(message, "to")?, signal).await?;
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
pub(super) async fn open(message: &Message, signal: Option<&AbortSignal>) -> Result<Message, Failure> {
    let plain = fetch_and_open(message, &chunks(message, "key", "nonce")?, signal).await?;
    let hash = sha256(&plain).await?;
    let options = BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    let blob = Blob::new_with_u8_array_sequence_and_options(&Array::of1(&plain), &options)?;
    Ok(Message::new("done").with("plain", hash).with("blob", blob))
}

/// Fetch, check, open under one key; seal under another, send.
pub(super) async fn reseal(message: &Message, signal: Option<&AbortSignal>) -> Result<Message, Failure> {
    let plain = fetch_and_open(message, &chunks(message, "key", "nonce")?, signal).await?;
    let hash = sha256(&plain).await?;
    let sealed = Sealed::new(message, &chunks(message, "new_key", "new_nonce")?, &plain).await?;
    let stored = sealed.send(message, signal).await?;
    Ok(Message::new("done").with("plain", hash).with("stored", stored))
}
