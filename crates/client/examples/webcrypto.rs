//! WebCrypto and RustCrypto write the same bytes, and each opens what the other wrote. Runs on a JavaScript runtime:
//! `make webcrypto`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use client::bulk::webcrypto::{Chunks, WebCryptoError, import};
use crypto::{
    format::{Geometry, PartKey, open_all, seal_all},
    secret::Secret,
};
use js_sys::Uint8Array;
use wasm_bindgen_test::wasm_bindgen_test;

const CONTEXT: &[u8] = b"webcrypto test";
const CHUNK: usize = 16 * 1024;
/// Empty, one byte, around a chunk, more chunks than one batch, and past a segment's end.
const LENGTHS: [usize; 8] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 130 * CHUNK + 7, 9 * 1024 * 1024 + 5];

fn content_key() -> Secret<32> {
    Secret::new(std::array::from_fn(|i| i as u8))
}

fn plaintext(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

async fn chunks(key: &PartKey, usage: &str, geometry: &Geometry, segment: u64) -> Chunks {
    let range = geometry.segment_chunks(segment).unwrap();
    Chunks {
        key: import(key, usage).await.unwrap(),
        base_nonce: key.base_nonce,
        first: range.start,
        count: (range.end - range.start) as u32,
    }
}

/// A whole part by WebCrypto, segment by segment as the page does it.
async fn seal(key: &PartKey, plain: &[u8]) -> Vec<u8> {
    let geometry = Geometry::of_plaintext(plain.len() as u64).unwrap();
    let mut part = key.header_bytes().to_vec();
    for segment in 0..geometry.segments() {
        let range = geometry.segment_plaintext(segment).unwrap();
        let chunks = chunks(key, "encrypt", &geometry, segment).await;
        let piece = &plain[range.start as usize..range.end as usize];
        let tags = 16 * chunks.count;
        let out = Uint8Array::new_with_length(piece.len() as u32 + tags);
        chunks.seal(&Uint8Array::from(piece), &out, 0).await.unwrap();
        // In place, behind a few bytes of something else, as the page does it.
        let own = Uint8Array::new_with_length(3 + tags + piece.len() as u32);
        own.set(&Uint8Array::from(piece), 3 + tags);
        chunks.seal(&own.subarray(3 + tags, own.length()), &own, 3).await.unwrap();
        assert!(own.to_vec()[3..] == out.to_vec() && own.to_vec()[..3] == [0; 3], "{} bytes in place", piece.len());
        part.extend(out.to_vec());
    }
    part
}

async fn open(key: &PartKey, part: &[u8]) -> Result<Vec<u8>, WebCryptoError> {
    let geometry = Geometry::of_ciphertext(part.len() as u64).unwrap();
    let mut plain = Vec::new();
    for segment in 0..geometry.segments() {
        let range = geometry.segment_ciphertext(segment).unwrap();
        let header = if segment == 0 { key.header_bytes().len() as u64 } else { 0 };
        let piece = &part[(range.start + header) as usize..range.end as usize];
        let chunks = chunks(key, "decrypt", &geometry, segment).await;
        plain.extend(chunks.open(&Uint8Array::from(piece)).await?.to_vec());
    }
    Ok(plain)
}

#[wasm_bindgen_test]
async fn both_write_the_same_bytes_and_open_each_others() {
    for len in LENGTHS {
        let (plain, key) = (plaintext(len), PartKey::derive(&content_key(), [7; 24], CONTEXT));
        let by_web = seal(&key, &plain).await;
        let by_rust = seal_all(key.clone(), &plain).unwrap();
        assert!(by_web == by_rust, "{len} bytes of plaintext");
        assert!(open(&key, &by_rust).await.unwrap() == plain, "{len} bytes of plaintext");
        assert!(open_all(&content_key(), CONTEXT, &by_web).unwrap() == plain, "{len} bytes of plaintext");
    }
}

#[wasm_bindgen_test]
async fn a_flipped_bit_opens_nothing() {
    let key = PartKey::derive(&content_key(), [7; 24], CONTEXT);
    let mut part = seal_all(key.clone(), &plaintext(2 * CHUNK)).unwrap();
    *part.last_mut().unwrap() ^= 1;
    assert_eq!(open(&key, &part).await, Err(WebCryptoError::Forged));
}

/// The runner calls each test.
fn main() {}
