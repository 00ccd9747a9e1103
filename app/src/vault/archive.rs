//! The archive of all of one's data in this browser: straight into a file that its reader chose, where the browser can do that;
//! else into a file of this origin's own, which is offered once it is complete and removed when the page is loaded next
//! (public/boot.js); else in pieces that the browser keeps.
//!
//! Of a large archive only a few pieces are in this page's memory: a large file waits in the page's folder (saving.rs) until it
//! is verified, is read from there into one buffer, and goes out of two, which are used again and again: a browser takes its
//! time to free what nobody uses.

use std::{mem, ops::Range};

use client::{
    ClientError, Result,
    archive::{ArchiveTarget, Bytes},
};
use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, FileSystemWritableFileStream};

use super::{Sink, WebBulk, saving::Target, sink::sink_error, worker::Reader};
use crate::browser;

/// Bytes that are read or written at once.
const ROOM: u32 = 1024 * 1024;
/// The file of this origin's own. public/boot.js removes it by this name.
const PRIVATE: &str = "healthsecure-archive.zip";

enum Out {
    /// A file that its reader chose: its handle, and what writes to it.
    Chosen(JsValue, FileSystemWritableFileStream),
    /// The origin's own file, likewise.
    Private(JsValue, FileSystemWritableFileStream),
    /// What came so far.
    Pieces(Array),
}

/// Where an archive goes.
pub struct WebArchive {
    out: Out,
    writing: Writing,
    /// Where the file at hand waits.
    waiting: Target,
    /// What it is read into, while nothing is.
    reading: Option<ArrayBuffer>,
}

/// Some bytes that the browser writes while the next ones come.
#[derive(Default)]
struct Writing {
    /// The buffer that they lie in, and the browser's word that they are written.
    under_way: Option<(Uint8Array, JsFuture)>,
    /// The other one.
    free: Option<Uint8Array>,
}

impl Writing {
    /// Hands over some bytes, as many as a buffer holds at most, and waits for those before them.
    async fn begin(&mut self, to: &FileSystemWritableFileStream, some: &[u8]) -> Result<()> {
        let room = self.free.take().unwrap_or_else(|| Uint8Array::new_with_length(ROOM));
        let filled = room.subarray(0, some.len() as u32);
        filled.copy_from(some);
        let written = to.write_with_js_u8_array(&filled).map_err(sink_error)?;
        let before = self.under_way.replace((room, JsFuture::from(written)));
        self.ended(before).await
    }

    /// Waits for what is under way.
    async fn end(&mut self) -> Result<()> {
        let last = self.under_way.take();
        self.ended(last).await
    }

    async fn ended(&mut self, one: Option<(Uint8Array, JsFuture)>) -> Result<()> {
        if let Some((room, written)) = one {
            written.await.map_err(sink_error)?;
            self.free = Some(room);
        }
        Ok(())
    }
}

/// Calls a method that may not be there, and waits for what it promises.
async fn call(target: &JsValue, method: &str, args: &[&JsValue]) -> std::result::Result<JsValue, JsValue> {
    let method = Reflect::get(target, &method.into())?.dyn_into::<Function>()?;
    let answer = match args {
        [] => method.call0(target)?,
        [one] => method.call1(target, one)?,
        [one, two, ..] => method.call2(target, one, two)?,
    };
    JsFuture::from(answer.dyn_into::<Promise>()?).await
}

fn object(pairs: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (key, value) in pairs {
        // A plain object takes every property.
        let _ = Reflect::set(&object, &(*key).into(), value);
    }
    object.into()
}

/// Whether the reader turned away from the browser's question.
fn is_turned_away(error: &JsValue) -> bool {
    Reflect::get(error, &"name".into()).is_ok_and(|name| name == "AbortError")
}

/// What writes to a file.
async fn writable(handle: &JsValue) -> std::result::Result<FileSystemWritableFileStream, JsValue> {
    Ok(call(handle, "createWritable", &[]).await?.unchecked_into())
}

async fn private_folder() -> std::result::Result<JsValue, JsValue> {
    let storage = Reflect::get(&window().navigator(), &"storage".into())?;
    call(&storage, "getDirectory", &[]).await
}

async fn private_file() -> std::result::Result<Out, JsValue> {
    let folder = private_folder().await?;
    let made = object(&[("create", true.into())]);
    let handle = call(&folder, "getFileHandle", &[&PRIVATE.into(), &made]).await?;
    let writable = writable(&handle).await?;
    Ok(Out::Private(handle, writable))
}

async fn forget_private() {
    if let Ok(folder) = private_folder().await {
        // It may not be there.
        let _ = call(&folder, "removeEntry", &[&PRIVATE.into()]).await;
    }
}

impl WebArchive {
    /// Asks where the archive is to go. Call it while the click that wants it is fresh. `None` where its reader turned away.
    pub async fn begin(name: &str) -> Result<Option<Self>> {
        let options = object(&[("suggestedName", name.into())]);
        let picked = call(&window(), "showSaveFilePicker", &[&options]).await;
        match picked {
            Ok(handle) => {
                let writable = writable(&handle).await.map_err(sink_error)?;
                return Ok(Some(Self::to(Out::Chosen(handle, writable))));
            }
            Err(error) if is_turned_away(&error) => return Ok(None),
            // Not offered here, or not allowed.
            Err(_) => {}
        }
        let out = private_file().await.unwrap_or_else(|_| Out::Pieces(Array::new()));
        Ok(Some(Self::to(out)))
    }

    fn to(out: Out) -> Self {
        Self { out, writing: Writing::default(), waiting: Target::Blobs, reading: None }
    }

    /// The file at hand is needed no more, nor is what was written of it.
    async fn forget_waiting(&mut self) {
        mem::replace(&mut self.waiting, Target::Blobs).forget().await;
    }

    /// The archive is complete: it is where its reader wanted it, or is offered under this name.
    pub async fn finish(mut self, name: &str) -> Result<()> {
        self.forget_waiting().await;
        let finished = match self.writing.end().await {
            Ok(()) => self.offer(name).await,
            Err(error) => Err(error),
        };
        if finished.is_err() {
            self.discard().await;
        }
        finished
    }

    async fn offer(&self, name: &str) -> Result<()> {
        match &self.out {
            Out::Chosen(_, writable) => JsFuture::from(writable.close()).await.map(drop).map_err(sink_error),
            Out::Private(handle, writable) => {
                JsFuture::from(writable.close()).await.map_err(sink_error)?;
                let file = call(handle, "getFile", &[]).await.map_err(sink_error)?;
                browser::save_blob(name, file.unchecked_ref::<Blob>()).map_err(sink_error)
            }
            Out::Pieces(pieces) => {
                let blob = Blob::new_with_blob_sequence(pieces).map_err(sink_error)?;
                browser::save_blob(name, &blob).map_err(sink_error)
            }
        }
    }

    /// There is no archive: what was written goes, as far as the browser lets it.
    pub async fn discard(mut self) {
        self.forget_waiting().await;
        match self.out {
            Out::Chosen(handle, writable) => {
                let _ = JsFuture::from(writable.abort()).await;
                let _ = call(&handle, "remove", &[]).await;
            }
            Out::Private(_, writable) => {
                let _ = JsFuture::from(writable.abort()).await;
                forget_private().await;
            }
            Out::Pieces(pieces) => pieces.set_length(0),
        }
    }
}

impl ArchiveTarget<WebBulk> for WebArchive {
    async fn scratch(&mut self, size: u64) -> Result<Sink> {
        // One that could not be had may have been begun.
        self.forget_waiting().await;
        self.waiting = Target::waiting(size).await?;
        self.waiting.sink().await
    }

    async fn piece(&mut self, file: &Blob, range: Range<u64>) -> Result<Bytes> {
        let len = u32::try_from(range.end.saturating_sub(range.start)).map_err(|_| ClientError::Source)?;
        let slice =
            file.slice_with_f64_and_f64(range.start as f64, range.end as f64).map_err(|_| ClientError::Source)?;
        let room = self.reading.take().filter(|room| room.byte_length() >= len);
        let room = room.unwrap_or_else(|| ArrayBuffer::new(len.max(ROOM)));
        let reader = Reader::of(&slice.stream()).map_err(|_| ClientError::Source)?;
        let (room, came) = reader.fill(room, 0, len, || ()).await.map_err(|_| ClientError::Source)?;
        // The browser keeps memory for what may still come until it collects the stream, or is told that nobody wants it.
        reader.cancel();
        if came != len {
            return Err(ClientError::Source);
        }
        let bytes = Uint8Array::new_with_byte_offset_and_length(&room, 0, len).to_vec();
        self.reading = Some(room);
        Ok(Bytes::from(bytes))
    }

    async fn release(&mut self, file: Blob) {
        drop(file);
        self.forget_waiting().await;
    }

    /// Returns once the browser has all of it but the last piece, which it may still be writing: what becomes of that is heard with
    /// the next one, or in the end.
    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        match &self.out {
            Out::Chosen(_, writable) | Out::Private(_, writable) => {
                for some in bytes.chunks(ROOM as usize) {
                    self.writing.begin(writable, some).await?;
                }
                Ok(())
            }
            Out::Pieces(pieces) => {
                let bytes = Uint8Array::from(&bytes[..]);
                let blob = Blob::new_with_u8_array_sequence(&Array::of1(&bytes)).map_err(sink_error)?;
                pieces.push(&blob);
                Ok(())
            }
        }
    }
}
