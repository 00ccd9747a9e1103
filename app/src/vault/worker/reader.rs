//! Streams into memory that is there already: the file that is sealed, the answer that is opened.

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader};

/// The reading end of a stream.
pub(in crate::vault) enum Reader {
    /// The browser writes where it is told.
    Into(ReadableStreamByobReader),
    /// A browser that brings buffers of its own.
    Copying(ReadableStreamDefaultReader),
}

/// What a read gave.
struct Piece {
    bytes: Option<Uint8Array>,
    done: bool,
}

impl Piece {
    fn of(read: &JsValue) -> Result<Self, JsValue> {
        let done = Reflect::get(read, &"done".into())?.as_bool().unwrap_or(true);
        Ok(Self { bytes: Reflect::get(read, &"value".into())?.dyn_into().ok(), done })
    }
}

impl Reader {
    pub(in crate::vault) fn of(stream: &ReadableStream) -> Result<Self, JsValue> {
        match ReadableStreamByobReader::new(stream) {
            Ok(reader) => Ok(Self::Into(reader)),
            Err(_) => ReadableStreamDefaultReader::new(stream).map(Self::Copying),
        }
    }

    /// Fills a buffer from `at` on, `len` bytes of it. Gives the buffer back, which the browser may have moved, and how many
    /// bytes came: fewer than `len` where the stream ended, more where it brought more. `moved` is called for each piece.
    pub(in crate::vault) async fn fill(
        &self,
        mut buffer: ArrayBuffer,
        at: u32,
        len: u32,
        moved: impl Fn(),
    ) -> Result<(ArrayBuffer, u32), JsValue> {
        let mut came = 0;
        while came < len {
            let room = Uint8Array::new_with_byte_offset_and_length(&buffer, at + came, len - came);
            let piece = match self {
                Self::Into(reader) => {
                    let piece = Piece::of(&JsFuture::from(reader.read_with_array_buffer_view(&room)).await?)?;
                    // The buffer went with the read, and comes back with what it brought.
                    buffer = piece.bytes.as_ref().ok_or(JsValue::NULL)?.buffer();
                    piece
                }
                Self::Copying(reader) => {
                    let piece = Piece::of(&JsFuture::from(reader.read()).await?)?;
                    if let Some(bytes) = piece.bytes.as_ref().filter(|bytes| bytes.length() <= room.length()) {
                        room.set(bytes, 0);
                    }
                    piece
                }
            };
            if piece.done {
                break;
            }
            came += piece.bytes.map_or(0, |bytes| bytes.length());
            moved();
        }
        Ok((buffer, came))
    }

    /// Whether nothing more comes.
    pub(super) async fn is_at_end(&self) -> Result<bool, JsValue> {
        let read = match self {
            Self::Into(reader) => reader.read_with_array_buffer_view(&Uint8Array::new_with_length(1)),
            Self::Copying(reader) => reader.read(),
        };
        let piece = Piece::of(&JsFuture::from(read).await?)?;
        Ok(piece.done || piece.bytes.is_none_or(|bytes| bytes.length() == 0))
    }

    /// Gives up what still comes.
    pub(in crate::vault) fn cancel(&self) {
        // Nobody waits for it.
        let _ = match self {
            Self::Into(reader) => reader.cancel(),
            Self::Copying(reader) => reader.cancel(),
        };
    }
}
