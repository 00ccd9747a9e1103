//! Argon2id in a worker of its own that ends afterwards: WASM memory never shrinks, and these are 64 MiB.

use client::heavy::{HeavyError, HeavySteps, HeavyTask};
use crypto::secret::SecretBytes;
use futures::StreamExt;
use futures::channel::mpsc;
use js_sys::Array;

use super::{
    message::Message,
    pool::{Listening, spawn},
};

/// Runs each heavy step in a fresh worker.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkerHeavy;

/// Ends the worker however the step ends.
struct Ending(web_sys::Worker);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.terminate();
    }
}

impl HeavySteps for WorkerHeavy {
    async fn run(&self, task: HeavyTask) -> Result<SecretBytes, HeavyError> {
        let worker = Ending(spawn().map_err(|_| HeavyError::Failed)?);
        let (heard, mut answers) = mpsc::unbounded();
        let _listening = Listening::new(&worker.0, move |message| {
            let _ = heard.unbounded_send(message);
        });
        let input = js_sys::Uint8Array::from(task.input.expose());
        let message = Message::new("heavy").with("id", 0).with("tag", task.kind as u8).with("input", input.clone());
        // Transferred, so that no copy of the password stays on this side.
        let moved = worker.0.post_message_with_transfer(message.js(), &Array::of1(&input.buffer()));
        moved.map_err(|_| HeavyError::Failed)?;
        let answer = answers.next().await.flatten().ok_or(HeavyError::Failed)?;
        match answer.bytes("output") {
            Some(output) => Ok(SecretBytes::new(output)),
            None => Err(answer.number("error").map_or(HeavyError::Failed, |tag| HeavyError::from_tag(tag as u8))),
        }
    }
}
