//! What tasks run: Argon2id, OPAQUE and the sealing of segments, in a part of the program that the first load leaves out.
#![allow(unsafe_code)] // `wasm_split` writes the imports and exports between the files

use client::heavy::{HeavyError, HeavyKind, HeavyTask};
use crypto::secret::SecretBytes;
use futures::{FutureExt, channel::oneshot, future::LocalBoxFuture};
use js_sys::Uint8Array;
use leptos::wasm_split::{SplitLoaderError, wasm_split};

use super::{Failure, net::Line, say, segment};
use crate::vault::message::Message;

/// Fetches the part, so that a worker finds it in the browser's cache; again is cheap, and after a failure it tries again.
pub(in crate::vault) async fn fetch() -> bool {
    fetch_heavy().await.is_ok()
}

#[wasm_split(tasks, fallible, wasm_split_path = ::leptos::wasm_split, preload(fetch_heavy))]
fn heavy(task: HeavyTask) -> Result<Result<SecretBytes, HeavyError>, SplitLoaderError> {
    Ok(client::heavy::run(&task))
}

/// Argon2id and what surrounds it; the page ends this worker afterwards, and with it the 64 MiB.
pub(super) async fn answer_heavy(id: u32, message: Message) {
    let kind = message.number("tag").and_then(|tag| HeavyKind::from_tag(tag as u8));
    let answer = match (kind, message.object::<Uint8Array>("input")) {
        (Some(kind), Some(input)) => {
            let task = HeavyTask { kind, input: input.to_vec().into() };
            input.fill(0, 0, input.length());
            heavy(task).await.unwrap_or(Err(HeavyError::Failed))
        }
        _ => Err(HeavyError::Malformed),
    };
    match answer {
        Ok(output) => say(&Message::new("done").with("id", id).with_bytes("output", output.expose())),
        Err(error) => say(&Message::new("failed").with("id", id).with("error", f64::from(error as u8))),
    }
}

/// Seals, opens or moves one segment.
#[wasm_split(tasks, fallible, wasm_split_path = ::leptos::wasm_split)]
pub(super) fn segment(
    id: u32,
    message: Message,
    line: Line,
    noted: oneshot::Receiver<()>,
) -> Result<LocalBoxFuture<'static, Result<Message, Failure>>, SplitLoaderError> {
    let task = async move {
        let hashed = |hash: &Uint8Array| say(&Message::new("hashed").with("id", id).with("plain", hash.clone()));
        match message.kind().as_str() {
            "seal" => segment::seal(&message, &line, hashed, noted).await,
            "open" => segment::open(&message, &line).await,
            "reseal" => segment::reseal(&message, &line).await,
            _ => Err(Failure::Broken),
        }
    };
    Ok(task.boxed_local())
}
