//! Where an opened part goes, piece by piece.

use client::{ClientError, Result};
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, FileSystemFileHandle, FileSystemWritableFileStream};

/// Where an opened part goes.
pub enum Sink {
    /// The browser's store of blobs: for what is shown in place, and small files.
    Blobs(Array),
    /// A file. The browser writes beside it, and puts what it wrote in its place when it is finished.
    File {
        /// What is written to.
        stream: FileSystemWritableFileStream,
        /// The file.
        handle: FileSystemFileHandle,
    },
}

impl Default for Sink {
    fn default() -> Self {
        Self::Blobs(Array::new())
    }
}

/// What a browser's refusal to write means. What it says may hold names of files, so only the name of the error stays: one word
/// of the standards (Web IDL, DOMException).
pub(super) fn sink_error(refused: JsValue) -> ClientError {
    match name_of(&refused).as_str() {
        "QuotaExceededError" => ClientError::SinkFull,
        word if !word.is_empty() && word.len() <= 40 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            ClientError::Sink { reason: format!("the browser refused, {word}") }
        }
        _ => ClientError::Sink { reason: "the browser refused".to_owned() },
    }
}

fn name_of(refused: &JsValue) -> String {
    Reflect::get(refused, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
}

/// Whether the browser still has a piece.
async fn is_readable(piece: &Blob) -> bool {
    JsFuture::from(piece.array_buffer()).await.is_ok()
}

impl Sink {
    /// A file that is written from its beginning.
    pub(super) async fn to_file(handle: &FileSystemFileHandle) -> Result<Self> {
        let stream = JsFuture::from(handle.create_writable()).await.map_err(sink_error)?;
        Ok(Self::File { stream: stream.unchecked_into(), handle: handle.clone() })
    }

    /// The next piece.
    pub(super) async fn write(&mut self, piece: &Blob) -> Result<()> {
        match self {
            Self::Blobs(pieces) => {
                pieces.push(piece);
                Ok(())
            }
            Self::File { stream, .. } => {
                let written = match stream.write_with_blob(piece) {
                    Ok(written) => JsFuture::from(written).await,
                    Err(refused) => Err(refused),
                };
                match written {
                    Ok(_) => Ok(()),
                    // Where a file takes no more, Chromium stops reading the piece, and says at times that this failed.
                    Err(refused) if name_of(&refused) == "NotReadableError" && is_readable(piece).await => {
                        Err(ClientError::SinkFull)
                    }
                    Err(refused) => Err(sink_error(refused)),
                }
            }
        }
    }

    /// All of it was written, and is right.
    pub(super) async fn finish(self) -> Result<Blob> {
        match self {
            Self::Blobs(pieces) => {
                let options = BlobPropertyBag::new();
                options.set_type("application/octet-stream");
                Blob::new_with_blob_sequence_and_options(&pieces, &options).map_err(|_| ClientError::SinkFull)
            }
            Self::File { stream, handle } => {
                JsFuture::from(stream.close()).await.map_err(sink_error)?;
                let file = JsFuture::from(handle.get_file()).await.map_err(sink_error)?;
                Ok(file.unchecked_into())
            }
        }
    }

    /// What was written goes.
    pub(super) async fn discard(self) {
        match self {
            Self::Blobs(pieces) => pieces.set_length(0),
            Self::File { stream, .. } => {
                // Fails where the browser has given it up itself.
                let _ = JsFuture::from(stream.abort()).await;
            }
        }
    }
}
