//! The archive of all of one's data in this browser: straight into a file that its reader chose, where the browser can do that;
//! else into a file of this origin's own, which is offered once it is complete and removed when the page is loaded next
//! (public/boot.js); else in pieces that the browser keeps.

use std::ops::Range;

use client::{
    ClientError, Result,
    archive::{ArchiveTarget, Bytes},
};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{Sink, WebBulk};
use crate::browser;

/// The file of this origin's own. public/boot.js removes it by this name.
const PRIVATE: &str = "healthsecure-archive.zip";

enum Out {
    /// A file that its reader chose: its handle, and what writes to it.
    Chosen(JsValue, JsValue),
    /// The origin's own file, likewise.
    Private(JsValue, JsValue),
    /// What came so far.
    Pieces(Array),
}

/// Where an archive goes.
pub struct WebArchive(Out);

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

/// What the browser says was wrong: the name of its error, never its text.
fn reason(error: &JsValue) -> String {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
    name.unwrap_or_else(|| "the browser can't write it".to_owned())
}

fn sink(error: JsValue) -> ClientError {
    match reason(&error) {
        full if full == "QuotaExceededError" => ClientError::SinkFull,
        reason => ClientError::Sink { reason },
    }
}

async fn private_folder() -> std::result::Result<JsValue, JsValue> {
    let storage = Reflect::get(&window().navigator(), &"storage".into())?;
    call(&storage, "getDirectory", &[]).await
}

async fn private_file() -> std::result::Result<Out, JsValue> {
    let folder = private_folder().await?;
    let made = object(&[("create", true.into())]);
    let handle = call(&folder, "getFileHandle", &[&PRIVATE.into(), &made]).await?;
    let writable = call(&handle, "createWritable", &[]).await?;
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
                let writable = call(&handle, "createWritable", &[]).await.map_err(sink)?;
                return Ok(Some(Self(Out::Chosen(handle, writable))));
            }
            Err(error) if reason(&error) == "AbortError" => return Ok(None),
            // Not offered here, or not allowed.
            Err(_) => {}
        }
        let out = private_file().await.unwrap_or_else(|_| Out::Pieces(Array::new()));
        Ok(Some(Self(out)))
    }

    /// The archive is complete: it is where its reader wanted it, or is offered under this name.
    pub async fn finish(self, name: &str) -> Result<()> {
        match self.0 {
            Out::Chosen(_, writable) => call(&writable, "close", &[]).await.map(drop).map_err(sink),
            Out::Private(handle, writable) => {
                call(&writable, "close", &[]).await.map_err(sink)?;
                let file = call(&handle, "getFile", &[]).await.map_err(sink)?;
                browser::save_blob(name, file.unchecked_ref::<Blob>()).map_err(sink)
            }
            Out::Pieces(pieces) => {
                let blob = Blob::new_with_blob_sequence(&pieces).map_err(sink)?;
                browser::save_blob(name, &blob).map_err(sink)
            }
        }
    }

    /// There is no archive: what was written goes, as far as the browser lets it.
    pub async fn discard(self) {
        match self.0 {
            Out::Chosen(handle, writable) => {
                let _ = call(&writable, "abort", &[]).await;
                let _ = call(&handle, "remove", &[]).await;
            }
            Out::Private(_, writable) => {
                let _ = call(&writable, "abort", &[]).await;
                forget_private().await;
            }
            Out::Pieces(pieces) => pieces.set_length(0),
        }
    }
}

impl ArchiveTarget<WebBulk> for WebArchive {
    async fn scratch(&mut self) -> Result<Sink> {
        Ok(Sink::default())
    }

    async fn piece(&mut self, file: &Blob, range: Range<u64>) -> Result<Bytes> {
        let slice =
            file.slice_with_f64_and_f64(range.start as f64, range.end as f64).map_err(|_| ClientError::Source)?;
        let buffer = JsFuture::from(slice.array_buffer()).await.map_err(|_| ClientError::Source)?;
        Ok(Bytes::from(Uint8Array::new(&buffer).to_vec()))
    }

    async fn release(&mut self, file: Blob) {
        drop(file);
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        let bytes = Uint8Array::from(&bytes[..]);
        match &self.0 {
            Out::Chosen(_, writable) | Out::Private(_, writable) => {
                call(writable, "write", &[&bytes]).await.map(drop).map_err(sink)
            }
            Out::Pieces(pieces) => {
                let blob = Blob::new_with_u8_array_sequence(&Array::of1(&bytes)).map_err(sink)?;
                pieces.push(&blob);
                Ok(())
            }
        }
    }
}
