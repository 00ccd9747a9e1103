//! The worker's half: one segment per task, several tasks at once. Plaintext and ciphertext stay in JavaScript buffers
//! and go through WebCrypto; this program only says what happens with them.

mod judge;
mod net;
mod reader;
mod segment;
mod tasks;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use client::bulk::webcrypto::WebCryptoError;
use futures::channel::oneshot;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, DedicatedWorkerGlobalScope, MessageEvent};

pub(super) use judge::verdict;
pub(super) use reader::Reader;
pub(super) use tasks::fetch as fetch_tasks;

use super::message::{Message, why};

/// Why a task ended early.
pub(super) enum Failure {
    Source,
    Offline,
    Refused { status: u16, body: Vec<u8> },
    Forged(&'static str),
    Broken,
}

impl From<JsValue> for Failure {
    /// A stream refused; what it says may hold names of files, so it is dropped.
    fn from(_: JsValue) -> Self {
        Self::Broken
    }
}

impl From<WebCryptoError> for Failure {
    fn from(error: WebCryptoError) -> Self {
        match error {
            WebCryptoError::Forged => Self::Forged("a chunk does not open"),
            WebCryptoError::Broken => Self::Broken,
        }
    }
}

impl Failure {
    fn message(self) -> Message {
        let failed = Message::new("failed");
        match self {
            Self::Source => failed.with("why", why::SOURCE),
            Self::Offline => failed.with("why", why::OFFLINE),
            Self::Refused { status, body } => {
                failed.with("why", why::REFUSED).with("status", f64::from(status)).with_bytes("body", &body)
            }
            Self::Forged(detail) => failed.with("why", why::FORGED).with("detail", detail),
            Self::Broken => failed.with("why", why::BROKEN),
        }
    }
}

/// A sign of life of a task whose bytes move: at most one a second.
#[derive(Clone)]
pub(super) struct Beat {
    id: u32,
    last: Rc<Cell<f64>>,
}

impl Beat {
    /// How long it rests, in milliseconds.
    const REST: f64 = 1000.0;

    fn of(id: u32) -> Self {
        Self { id, last: Rc::new(Cell::new(js_sys::Date::now())) }
    }

    pub(super) fn tell(&self) {
        let now = js_sys::Date::now();
        if (now - self.last.get()).abs() >= Self::REST {
            self.last.set(now);
            say(&Message::new("beat").with("id", self.id));
        }
    }
}

/// A task that runs.
struct Running {
    go: Option<oneshot::Sender<()>>,
    abort: Option<AbortController>,
}

thread_local! {
    static RUNNING: RefCell<HashMap<u32, Running>> = RefCell::default();
}

fn scope() -> Option<DedicatedWorkerGlobalScope> {
    js_sys::global().dyn_into().ok()
}

fn say(message: &Message) {
    if let Some(scope) = scope() {
        // A page that went away doesn't listen any more.
        let _ = scope.post_message(message.js());
    }
}

/// Listens for tasks until the page ends the worker.
pub fn run() {
    let Some(scope) = scope() else { return };
    let listen = Closure::<dyn Fn(MessageEvent)>::new(|event: MessageEvent| {
        if let Some(message) = Message::read(event.data()) {
            handle(message);
        }
    });
    // Fails on no browser that has workers.
    let _ = scope.add_event_listener_with_callback("message", listen.as_ref().unchecked_ref());
    // Lives as long as the worker.
    listen.forget();
}

fn handle(message: Message) {
    let Some(id) = message.id() else { return };
    match message.kind().as_str() {
        "heavy" => spawn_local(tasks::answer_heavy(id, message)),
        "judge" => spawn_local(judge::answer(id, message)),
        "go" => {
            let go = RUNNING.with_borrow_mut(|running| running.get_mut(&id).and_then(|task| task.go.take()));
            if let Some(go) = go {
                // The task may have failed meanwhile.
                let _ = go.send(());
            }
        }
        "drop" => {
            let task = RUNNING.with_borrow_mut(|running| running.remove(&id));
            if let Some(abort) = task.and_then(|task| task.abort) {
                abort.abort();
            }
        }
        _ => spawn_local(segment_task(id, message)),
    }
}

async fn segment_task(id: u32, message: Message) {
    let (go, noted) = oneshot::channel();
    let abort = AbortController::new().ok();
    let signal = abort.as_ref().map(AbortController::signal);
    RUNNING.with_borrow_mut(|running| running.insert(id, Running { go: Some(go), abort }));
    let line = net::Line { signal, beat: Beat::of(id) };
    let result = match tasks::segment(id, message, line, noted).await {
        Ok(running) => running.await,
        Err(_) => Err(Failure::Offline),
    };
    let answer = result.unwrap_or_else(Failure::message).with("id", id);
    // A dropped task has nobody who waits.
    if RUNNING.with_borrow_mut(|running| running.remove(&id)).is_some() {
        say(&answer);
    }
}
