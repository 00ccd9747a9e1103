//! Chunks of one segment through WebCrypto: AES-256-GCM, 128-bit tags, no additional data, nonce = base nonce XOR chunk
//! number (c2sp.org/chunked-encryption). The key is a non-extractable `CryptoKey`. Byte for byte what
//! [`crypto::format::PartSealer`] writes; `examples/webcrypto.rs` compares them.

use crypto::format::PartKey;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, CryptoKey, SubtleCrypto};

/// Why WebCrypto gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebCryptoError {
    /// A chunk is cut, or its tag is wrong.
    Forged,
    /// WebCrypto is missing or refused. What it says may hold names of files, so it is dropped.
    Broken,
}

impl From<JsValue> for WebCryptoError {
    fn from(_: JsValue) -> Self {
        Self::Broken
    }
}

type Result<T> = std::result::Result<T, WebCryptoError>;

/// Plaintext bytes of a chunk.
const CHUNK: u32 = 16 * 1024;
/// Bytes of a tag.
const TAG: u32 = 16;
/// Chunks in a batch. Two batches are under way: WebCrypto's threads have work while the first one's results are copied,
/// and memory stays bounded (2 MiB).
const BATCH: u32 = 64;
/// Bytes by which the browser's collector is pressed, for each batch.
const PRESS_BY: u32 = 32 * 1024 * 1024;

/// `crypto.subtle` of a page, a worker or another JavaScript runtime; absent without a secure context.
fn subtle() -> Result<SubtleCrypto> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into())?;
    let subtle = Reflect::get(&crypto, &"subtle".into())?;
    if subtle.is_undefined() { Err(WebCryptoError::Broken) } else { Ok(crypto.unchecked_into::<Crypto>().subtle()) }
}

/// A part's key as WebCrypto may use it and nobody can read it. `usage` is `encrypt` or `decrypt`.
///
/// # Errors
/// [`WebCryptoError::Broken`].
pub async fn import(key: &PartKey, usage: &str) -> Result<CryptoKey> {
    let raw = Uint8Array::from(&key.key.expose()[..]);
    let usages = Array::of1(&usage.into());
    let promise = subtle()?.import_key_with_str("raw", raw.unchecked_ref::<Object>(), "AES-GCM", false, &usages);
    let imported = match promise {
        Ok(promise) => JsFuture::from(promise).await,
        Err(refused) => Err(refused),
    };
    raw.fill(0, 0, raw.length());
    Ok(imported?.unchecked_into())
}

/// Has the browser collect what was dropped. WebCrypto makes a buffer for each chunk, and V8 begins to look for dropped ones
/// only when 64 MiB came together since it last did, in each worker for itself. A buffer that is made and never touched costs no
/// memory, and counts: in Chromium 156 two workers that seal then take 88 MiB at most and not 245, and are no slower.
fn press() {
    let make = Reflect::get(&js_sys::global(), &"ArrayBuffer".into()).ok();
    if let Some(make) = make.and_then(|make| make.dyn_into::<Function>().ok()) {
        // Where there is no room for it there is pressure enough.
        let _ = Reflect::construct(&make, &Array::of1(&PRESS_BY.into()));
    }
}

/// SHA-256 of a buffer, 32 bytes.
///
/// # Errors
/// [`WebCryptoError::Broken`].
pub async fn sha256(bytes: &Uint8Array) -> Result<Uint8Array> {
    let hash = JsFuture::from(subtle()?.digest_with_str_and_js_u8_array("SHA-256", bytes)?).await?;
    Ok(Uint8Array::new(&hash))
}

/// The key of a segment and where its chunks stand in the part.
pub struct Chunks {
    /// From [`import`].
    pub key: CryptoKey,
    /// The part's.
    pub base_nonce: [u8; 12],
    /// Number of its first chunk.
    pub first: u64,
    /// How many; the last of a part may be empty.
    pub count: u32,
}

/// `{name, iv, tagLength}`. WebCrypto copies the nonce when it is called (Web Cryptography API, "normalize an
/// algorithm"), so one object serves all chunks.
struct Algorithm {
    object: Object,
    iv: Uint8Array,
}

impl Algorithm {
    fn new() -> Self {
        let (object, iv) = (Object::new(), Uint8Array::new_with_length(12));
        for (name, value) in [("name", JsValue::from("AES-GCM")), ("iv", iv.clone().into()), ("tagLength", 128.into())]
        {
            // Setting a field of a fresh plain object can't fail.
            let _ = Reflect::set(&object, &name.into(), &value);
        }
        Self { object, iv }
    }

    fn at(&self, base: &[u8; 12], chunk: u64) -> &Object {
        let mut nonce = *base;
        nonce[4..].iter_mut().zip(chunk.to_be_bytes()).for_each(|(b, c)| *b ^= c);
        self.iv.copy_from(&nonce);
        &self.object
    }
}

/// Which way.
#[derive(Clone, Copy)]
enum Way {
    Seal,
    Open,
}

impl Chunks {
    /// Seals `plain` into `out`, from byte `at` on to its end. It may lie in `out` itself, at its end: each chunk is read before
    /// its place is written over.
    ///
    /// # Errors
    /// [`WebCryptoError::Broken`], also when `plain` and `out` don't have the lengths that belong to these chunks.
    pub async fn seal(&self, plain: &Uint8Array, out: &Uint8Array, at: u32) -> Result<()> {
        self.pass(Way::Seal, plain, out, at).await
    }

    /// Opens `sealed` where it lies: the plaintext is its front. A chunk whose tag is wrong ends it.
    ///
    /// # Errors
    /// [`WebCryptoError::Forged`].
    pub async fn open(&self, sealed: &Uint8Array) -> Result<Uint8Array> {
        let length = sealed.length().checked_sub(self.count * TAG).ok_or(WebCryptoError::Forged)?;
        let out = sealed.subarray(0, length);
        self.pass(Way::Open, sealed, &out, 0).await.map_err(|_| WebCryptoError::Forged)?;
        Ok(out)
    }

    async fn pass(&self, way: Way, from: &Uint8Array, out: &Uint8Array, at: u32) -> Result<()> {
        let mut place = Place { out, room: out.length(), at };
        let started =
            Batches { chunks: self, way, from, len: from.length(), subtle: subtle()?, algorithm: Algorithm::new() };
        let mut under_way: Option<Promise> = None;
        for first in (0..self.count).step_by(BATCH as usize) {
            press();
            let next = started.begin(first..self.count.min(first + BATCH))?;
            let Some(before) = under_way.replace(next.clone()) else { continue };
            if let Err(failed) = place.take(before).await {
                // Nobody is left to hear what becomes of it.
                let _ = JsFuture::from(next).await;
                return Err(failed);
            }
        }
        if let Some(last) = under_way {
            place.take(last).await?;
        }
        if place.at == place.room { Ok(()) } else { Err(WebCryptoError::Broken) }
    }
}

/// Starts batches of chunks.
struct Batches<'a> {
    chunks: &'a Chunks,
    way: Way,
    from: &'a Uint8Array,
    len: u32,
    subtle: SubtleCrypto,
    algorithm: Algorithm,
}

impl Batches<'_> {
    /// One promise for all of them: a promise each would cost more than the cipher does.
    fn begin(&self, numbers: std::ops::Range<u32>) -> Result<Promise> {
        let all = Array::new();
        for i in numbers {
            all.push(&self.chunk(i)?.into());
        }
        Ok(Promise::all(&all))
    }

    fn chunk(&self, i: u32) -> Result<Promise> {
        let step = if matches!(self.way, Way::Seal) { CHUNK } else { CHUNK + TAG };
        let piece = self.from.subarray((i * step).min(self.len), ((i + 1) * step).min(self.len));
        let algorithm = self.algorithm.at(&self.chunks.base_nonce, self.chunks.first + u64::from(i));
        let started = match self.way {
            Way::Seal => self.subtle.encrypt_with_object_and_js_u8_array(algorithm, &self.chunks.key, &piece),
            Way::Open => self.subtle.decrypt_with_object_and_js_u8_array(algorithm, &self.chunks.key, &piece),
        };
        Ok(started?)
    }
}

/// Where results go, one after the other.
struct Place<'a> {
    out: &'a Uint8Array,
    room: u32,
    at: u32,
}

impl Place<'_> {
    async fn take(&mut self, batch: Promise) -> Result<()> {
        for done in JsFuture::from(batch).await?.unchecked_into::<Array>().iter() {
            let piece = Uint8Array::new(&done);
            let end = self.at + piece.length();
            if end > self.room {
                return Err(WebCryptoError::Broken);
            }
            self.out.set(&piece, self.at);
            self.at = end;
        }
        Ok(())
    }
}
