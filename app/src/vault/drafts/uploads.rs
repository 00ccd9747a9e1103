//! The uploads of a draft's files: a few side by side, gone on with where they stopped.

use std::{cell::RefCell, rc::Rc, time::Duration};

use api_types::ErrorCode;
use client::{
    ClientError, DraftFile, Result,
    bulk::{Cancel, Control, Progress},
    transport::TransportError,
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{
    file::{FileState, Stage, state_of},
    session::Session,
};
use crate::{
    t,
    vault::{explain, idle},
};

/// After a lost connection it is tried again this often.
const AGAIN: Duration = Duration::from_secs(5);
/// How often an upload is tried again of itself where the server answers, and fails. It is no connection to wait for.
const FAILURES: u32 = 2;
/// Files that are uploaded side by side; the others wait for their turn.
const SIDE_BY_SIDE: usize = 3;

/// Speed over the last seconds.
#[derive(Default)]
struct Meter {
    samples: Vec<(f64, u64)>,
}

impl Meter {
    const WINDOW_MS: f64 = 6_000.0;

    fn note(&mut self, done: u64) -> f64 {
        let now = js_sys::Date::now();
        self.samples.push((now, done));
        self.samples.retain(|(at, _)| now - at <= Self::WINDOW_MS);
        match self.samples.first() {
            Some((at, first)) if now - at > 200.0 => done.saturating_sub(*first) as f64 * 1000.0 / (now - at),
            _ => 0.0,
        }
    }
}

impl Session {
    /// Adds a file and uploads it when its turn comes.
    ///
    /// # Errors
    /// A name or size that breaks a limit; no connection. Then nothing was added.
    pub async fn add(&self, file: web_sys::File) -> Result<()> {
        let part = self.0.draft.prepare_file(&file.name(), &file.clone().into()).await?;
        let (name, size) = (file.name(), file.size() as u64);
        let state = FileState { part, name, size, stage: Stage::Waiting, done: 0, speed: 0.0, note: None };
        self.0.sources.borrow_mut().insert(part, file);
        self.0.files.update(|files| {
            files.retain(|other| other.part != part);
            files.push(state);
            files.sort_by_key(|file| file.part);
        });
        self.pump();
        Ok(())
    }

    /// Goes on with a file; after a reload with the same file, chosen again. False where that is another one, by its name.
    /// Whether it is the same content, the upload finds out.
    pub fn resume(&self, part: u32, file: Option<web_sys::File>) -> bool {
        if let Some(file) = file {
            if self.find(part).is_none_or(|known| known.name != file.name()) {
                return false;
            }
            self.0.sources.borrow_mut().insert(part, file);
        }
        if !self.0.sources.borrow().contains_key(&part) {
            return false;
        }
        self.0.failures.borrow_mut().remove(&part);
        self.set(part, |file| {
            file.stage = Stage::Waiting;
            file.note = None;
        });
        self.pump();
        true
    }

    /// Takes a file as one whose upload waits for it. False where none does.
    pub fn adopt(&self, file: &web_sys::File) -> bool {
        let name = file.name();
        let waits = self.0.files.with_untracked(|files| {
            let waits = |state: &&FileState| state.stage == Stage::NeedsFile && state.name == name;
            files.iter().find(waits).map(|state| state.part)
        });
        waits.is_some_and(|part| self.resume(part, Some(file.clone())))
    }

    /// Pauses a file's upload; what is stored stays.
    pub fn pause(&self, part: u32) {
        if let Some(cancel) = self.0.running.borrow().get(&part) {
            cancel.cancel();
        }
        self.set(part, |file| {
            if !file.stage.is_stored() {
                file.stage = Stage::Paused;
            }
        });
    }

    /// Takes a file out, and what was uploaded of it.
    ///
    /// # Errors
    /// No connection: the file is out of the draft here, and the next save says so.
    pub async fn remove(&self, part: u32) -> Result<()> {
        self.pause(part);
        self.0.sources.borrow_mut().remove(&part);
        self.0.files.update(|files| files.retain(|file| file.part != part));
        self.0.draft.remove_file(part).await
    }

    /// Shows the files as the draft has them by now: some may have come, gone, or be sealed again.
    pub(super) fn look_at_files(&self) {
        let known = self.0.files.get_untracked();
        let state = |file: &DraftFile| {
            let now = state_of(file);
            let before = known.iter().find(|before| before.part == now.part && before.name == now.name);
            match before {
                Some(before) if before.stage.is_stored() == now.stage.is_stored() => before.clone(),
                _ => now,
            }
        };
        let files = self.0.draft.files();
        self.0.files.set(files.iter().map(state).collect());
        for file in self.0.files.get_untracked().into_iter().filter(|file| file.stage == Stage::NeedsFile) {
            // Its source may be at hand still.
            self.resume(file.part, None);
        }
    }

    fn find(&self, part: u32) -> Option<FileState> {
        self.0.files.with_untracked(|files| files.iter().find(|file| file.part == part).cloned())
    }

    fn set(&self, part: u32, change: impl FnOnce(&mut FileState)) {
        self.0.files.update(|files| {
            if let Some(file) = files.iter_mut().find(|file| file.part == part) {
                change(file);
            }
        });
    }

    /// Begins waiting uploads while there is room for them.
    fn pump(&self) {
        while self.has_room()
            && let Some(part) = self.next_waiting()
        {
            let source = self.0.sources.borrow().get(&part).cloned();
            match source {
                Some(source) => self.start(part, source),
                None => self.set(part, |file| file.stage = Stage::NeedsFile),
            }
        }
    }

    fn has_room(&self) -> bool {
        !self.0.ended.get() && self.0.running.borrow().len() < SIDE_BY_SIDE
    }

    fn next_waiting(&self) -> Option<u32> {
        let running = self.0.running.borrow();
        let waits =
            |file: &&FileState| matches!(file.stage, Stage::Waiting | Stage::Lost) && !running.contains_key(&file.part);
        self.0.files.with_untracked(|files| files.iter().find(waits).map(|file| file.part))
    }

    fn start(&self, part: u32, source: web_sys::File) {
        let cancel = Cancel::default();
        self.0.running.borrow_mut().insert(part, cancel.clone());
        self.set(part, |file| {
            if file.stage == Stage::Waiting {
                file.stage = Stage::Running;
            }
        });
        let session = self.clone();
        spawn_local(async move {
            let control = session.control(part, cancel.clone());
            let outcome = session.upload(part, source, &control).await;
            // What a stop broke off is no failure: of the file that it was for, or of one that has its number by now.
            let outcome = if cancel.is_cancelled() { outcome.or(Err(ClientError::Cancelled)) } else { outcome };
            session.0.running.borrow_mut().remove(&part);
            session.ended_with(part, outcome);
        });
    }

    /// Goes on where the file's upload stopped. A file that changed since is refused there, and begins anew under a new key.
    async fn upload(&self, part: u32, source: web_sys::File, control: &Control) -> Result<()> {
        let size = source.size() as u64;
        let source: web_sys::Blob = source.into();
        match self.0.draft.resume_file(part, &source, control).await {
            Err(ClientError::SourceChanged) => {
                self.set(part, |file| {
                    file.note = Some(t!(draft.file_anew));
                    file.size = size;
                    file.done = 0;
                });
                self.0.draft.replace_file(part, &source, control).await
            }
            done => done,
        }
    }

    /// Shows progress: bytes and speed.
    fn control(&self, part: u32, cancel: Cancel) -> Control {
        let (session, meter) = (Rc::downgrade(&self.0), RefCell::new(Meter::default()));
        Control::new(cancel, move |progress: Progress| {
            let Some(session) = session.upgrade().map(Session) else { return };
            idle::stay_awake();
            let speed = meter.borrow_mut().note(progress.done);
            session.set(part, |file| {
                file.done = progress.done;
                file.speed = speed;
                if file.stage == Stage::Lost {
                    file.stage = Stage::Running;
                }
            });
        })
    }

    fn ended_with(&self, part: u32, outcome: Result<()>) {
        let unreadable = matches!(outcome, Err(ClientError::Source));
        if unreadable {
            self.0.sources.borrow_mut().remove(&part);
        }
        let stage = match outcome {
            Ok(()) => Stage::Done,
            Err(ClientError::Source) => Stage::NeedsFile,
            Err(ClientError::Cancelled) => Stage::Paused,
            Err(ClientError::Transport(TransportError::Offline | TransportError::TimedOut)) => Stage::Lost,
            Err(error) if error.problem() == Some(ErrorCode::Internal) => self.server_failed(part, &error),
            Err(error) if error.is_transient() => Stage::Lost,
            Err(error) => Stage::Failed(explain(&error)),
        };
        let later = matches!(stage, Stage::Lost | Stage::Waiting);
        self.set(part, |file| {
            // Paused and gone on with meanwhile: it waits for its turn.
            let waits = stage == Stage::Paused && file.stage == Stage::Waiting;
            if unreadable {
                file.note = Some(t!(draft.file_unreadable));
            }
            if !waits {
                file.stage = stage;
            }
            file.speed = 0.0;
            if file.stage == Stage::Done {
                file.done = file.size;
            }
        });
        if later {
            let session = Rc::downgrade(&self.0);
            set_timeout(
                move || {
                    if let Some(inner) = session.upgrade() {
                        Session(inner).pump();
                    }
                },
                AGAIN,
            );
        } else {
            self.pump();
        }
    }

    /// Waits to be tried again, or says what the server says.
    fn server_failed(&self, part: u32, error: &ClientError) -> Stage {
        let mut failures = self.0.failures.borrow_mut();
        let times = failures.entry(part).or_default();
        *times += 1;
        if *times <= FAILURES {
            return Stage::Waiting;
        }
        failures.remove(&part);
        Stage::Failed(explain(error))
    }
}
