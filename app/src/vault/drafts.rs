//! Drafts of the page: the list, and the ones being written with their uploads. A draft goes on uploading while its author
//! looks at another page; locking stops it, and nothing of what is stored is lost.

mod kept;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::Duration,
};

use api_types::{AccountId, ErrorCode, ReportId};
use client::{
    ClientError, Conflict, DraftFile, DraftRow, FieldConflict, PatientChoice, Result, Side, TakenBack, UnsavedDraft,
    UploadState,
    bulk::{Cancel, Control, Progress},
    content::ReportFields,
    transport::TransportError,
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Keys, Vault, VaultState, WebPlatform, explain, idle, unsaved};
use crate::{browser, components::Toasts, t};

type OpenDraft = client::OpenDraft<WebPlatform>;

/// After a lost connection it is tried again this often.
const AGAIN: Duration = Duration::from_secs(5);
/// How often an upload is tried again of itself where the server answers, and fails. It is no connection to wait for.
const FAILURES: u32 = 2;
/// Files that are uploaded side by side; the others wait for their turn.
const SIDE_BY_SIDE: usize = 3;

/// A draft in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftItem {
    /// Its id.
    pub id: ReportId,
    /// Title, else number; may be empty.
    pub name: String,
    /// Patient's name; may be empty.
    pub patient: String,
    /// Kind; may be empty.
    pub kind: String,
    /// Last save.
    pub updated_at: i64,
    /// The version that it changes; none for a report that isn't there yet.
    pub base: Option<u32>,
    /// Why it was refused.
    pub problem: Option<String>,
}

/// All drafts, newest first.
pub async fn list(open: &Keys) -> Result<Vec<DraftItem>> {
    if let Some(drafts) = DRAFTS.get() {
        drafts.take_back(open).await;
    }
    let rows = open.drafts().await?;
    let item = |row: DraftRow| {
        let (fields, base, problem) = match row.draft {
            Ok(draft) => (draft.fields.clone(), draft.base(), None),
            Err(error) => (ReportFields::default(), None, Some(explain(&error))),
        };
        let name = if fields.title.trim().is_empty() { fields.report_number } else { fields.title };
        DraftItem {
            id: row.id,
            name,
            patient: fields.patient_name,
            kind: fields.kind,
            updated_at: row.updated_at,
            base,
            problem,
        }
    };
    Ok(rows.into_iter().map(item).collect())
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Others go first.
    Waiting,
    /// Being sealed and uploaded.
    Running,
    /// All of it is stored.
    Done,
    /// It stays as the version has it that is changed.
    Kept,
    /// Paused on request; goes on where it stopped.
    Paused,
    /// No connection; goes on by itself.
    Lost,
    /// After a reload, or where the browser can't read it any more: the same file must be chosen again.
    NeedsFile,
    /// It won't work like this.
    Failed(String),
}

impl Stage {
    /// Whether nothing has to happen to it before the draft is saved.
    pub fn is_stored(&self) -> bool {
        matches!(self, Self::Done | Self::Kept)
    }
}

/// A file as the page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct FileState {
    /// Part number.
    pub part: u32,
    /// Name.
    pub name: String,
    /// Plaintext bytes.
    pub size: u64,
    /// How far it is.
    pub stage: Stage,
    /// Bytes stored.
    pub done: u64,
    /// Bytes a second, lately; 0 where it isn't known.
    pub speed: f64,
    /// What is to be known of it besides.
    pub note: Option<&'static str>,
}

/// How saving stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Saving {
    /// Nothing to save yet.
    #[default]
    Nothing,
    /// Under way, or about to be.
    Running,
    /// Saved then.
    Saved(i64),
    /// Failed for now.
    Failed(String),
    /// Another device saved it.
    Moved,
}

/// A draft being written; clones share it.
#[derive(Clone)]
pub struct Session(Rc<Inner>);

struct Inner {
    account: AccountId,
    draft: OpenDraft,
    files: ArcRwSignal<Vec<FileState>>,
    saving: ArcRwSignal<Saving>,
    sources: RefCell<HashMap<u32, web_sys::File>>,
    running: RefCell<HashMap<u32, Cancel>>,
    /// How often the server failed, of each file, since somebody asked for it.
    failures: RefCell<HashMap<u32, u32>>,
    /// What isn't saved of it, as it is kept sealed: the vault locked, or its page was left before it began.
    kept: RefCell<Option<UnsavedDraft>>,
    ended: Cell<bool>,
}

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

fn state_of(file: &DraftFile) -> FileState {
    let done = file.state == UploadState::Done;
    let stage = match done {
        true if file.is_kept() => Stage::Kept,
        true => Stage::Done,
        false => Stage::NeedsFile,
    };
    FileState {
        part: file.part,
        name: file.name.clone(),
        size: file.size,
        stage,
        done: if done { file.size } else { 0 },
        speed: 0.0,
        note: None,
    }
}

impl Session {
    fn new(draft: OpenDraft, open: &Keys) -> Self {
        let files = draft.files().iter().map(state_of).collect();
        Self(Rc::new(Inner {
            account: open.account_id(),
            draft,
            files: ArcRwSignal::new(files),
            saving: ArcRwSignal::new(Saving::Nothing),
            sources: RefCell::default(),
            running: RefCell::default(),
            failures: RefCell::default(),
            kept: RefCell::default(),
            ended: Cell::new(false),
        }))
    }

    /// The id that the report will have.
    pub fn id(&self) -> ReportId {
        self.0.draft.id()
    }

    /// What was typed before.
    pub fn fields(&self) -> ReportFields {
        self.0.draft.fields()
    }

    /// Whom it is about.
    pub fn patient(&self) -> PatientChoice {
        self.0.draft.patient()
    }

    /// Its files. Follow it in views.
    pub fn files(&self) -> ArcRwSignal<Vec<FileState>> {
        self.0.files.clone()
    }

    /// How saving stands. Follow it in views.
    pub fn saving(&self) -> ArcRwSignal<Saving> {
        self.0.saving.clone()
    }

    /// Takes what is typed, at each change: where the vault locks before it is saved it is kept.
    pub fn type_in(&self, fields: &ReportFields) {
        self.0.draft.type_in(fields.clone());
    }

    /// Takes the fields and saves them. What fails is tried again with the next change, or by the page.
    pub async fn save(&self, fields: ReportFields) {
        self.0.draft.type_in(fields);
        // It shows.
        let _ = self.store().await;
    }

    /// Whether it is a new report's, and nothing of it is stored.
    pub fn is_unbegun(&self) -> bool {
        !self.is_stored() && self.base().is_none()
    }

    /// Saves it for the first time, if that is still to be done. However often that is tried, it is one draft.
    ///
    /// # Errors
    /// No connection, a draft that is too large.
    pub async fn begin(&self) -> Result<()> {
        if self.is_unbegun() { self.store().await } else { Ok(()) }
    }

    /// Saves what it holds, and shows how that stands.
    async fn store(&self) -> Result<()> {
        let _under_way = UnderWay::begin();
        self.0.saving.set(Saving::Running);
        let outcome = self.0.draft.save().await;
        if outcome.is_ok() && !self.0.draft.is_unsaved() {
            // It arrived after it was sealed.
            self.let_go();
        }
        self.0.saving.set(match &outcome {
            Ok(()) => Saving::Saved(browser::now()),
            Err(ClientError::DraftMoved) if !self.is_unbegun() => Saving::Moved,
            Err(error) => Saving::Failed(explain(error)),
        });
        outcome
    }

    /// What of it isn't saved, sealed, to be kept in the place of what was kept before.
    fn seal(&self) -> Option<UnsavedDraft> {
        let sealed = self.0.draft.unsaved()?;
        self.let_go();
        *self.0.kept.borrow_mut() = Some(sealed.clone());
        Some(sealed)
    }

    /// What was kept of it is needed no more.
    fn let_go(&self) {
        if let Some(kept) = self.0.kept.take() {
            kept::forget(&self.0.account, &kept);
        }
    }

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

    /// Makes the report. Its id is the draft's.
    ///
    /// # Errors
    /// A missing field, missing files, no connection; the draft stays.
    pub async fn complete(&self, fields: ReportFields) -> Result<ReportId> {
        self.0.draft.set_fields(fields)?;
        self.0.draft.save().await?;
        let report = self.0.draft.complete().await?;
        self.end();
        Ok(report.id)
    }

    /// The version that it changes; none for a report that isn't there yet.
    pub fn base(&self) -> Option<u32> {
        self.0.draft.base()
    }

    /// Whether something of it is stored.
    pub fn is_stored(&self) -> bool {
        self.0.draft.is_stored()
    }

    /// Whether something was typed in it that is nowhere but here.
    fn is_unsaved(&self) -> bool {
        self.0.saving.with_untracked(|saving| matches!(saving, Saving::Running | Saving::Failed(_)))
    }

    /// Saves the changes as the report's next version; gives its number.
    ///
    /// # Errors
    /// [`ClientError::VersionMoved`] if somebody saved one meanwhile, a missing field, missing files, no connection; the
    /// changes stay.
    pub async fn save_version(&self, fields: ReportFields) -> Result<u32> {
        self.0.draft.set_fields(fields)?;
        // Files may have to be sealed again, which takes a while.
        let control = Control::new(Cancel::default(), |_| idle::stay_awake());
        match self.0.draft.save_version(&control).await {
            Ok(report) => {
                self.end();
                Ok(report.latest)
            }
            Err(error) => {
                self.look_at_files();
                Err(error)
            }
        }
    }

    /// What somebody saved since the changes were begun, if anybody did.
    ///
    /// # Errors
    /// As the report's.
    pub async fn conflict(&self, fields: ReportFields) -> Result<Option<Conflict>> {
        self.0.draft.type_in(fields);
        self.0.draft.conflict().await
    }

    /// Brings that and what is typed together, at once: nothing may be saved that is of both by halves. False where something
    /// of it was typed since, or it goes on from another version by now: then look again.
    ///
    /// # Errors
    /// A field that breaks a limit, too many files.
    pub fn merge(
        &self,
        fields: ReportFields,
        conflict: &Conflict,
        choose: impl Fn(&FieldConflict) -> Side,
    ) -> Result<bool> {
        self.0.draft.set_fields(fields)?;
        if !self.0.draft.stands_as_in(conflict) {
            return Ok(false);
        }
        self.0.draft.merge(conflict, choose)?;
        self.look_at_files();
        Ok(true)
    }

    /// Shows the files as the draft has them by now: some may have come, gone, or be sealed again.
    fn look_at_files(&self) {
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

    /// Stops everything; the stored draft stays.
    fn end(&self) {
        self.0.ended.set(true);
        self.0.running.borrow().values().for_each(Cancel::cancel);
        self.0.sources.borrow_mut().clear();
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

thread_local! {
    /// How many saves are under way.
    static SAVES: Cell<u32> = const { Cell::new(0) };
    static DRAFTS: Cell<Option<Drafts>> = const { Cell::new(None) };
    /// One at a time takes back what wasn't saved.
    static TAKING: Rc<futures::lock::Mutex<()>> = Rc::default();
}

/// A save, until it ends.
struct UnderWay;

impl UnderWay {
    fn begin() -> Self {
        SAVES.set(SAVES.get() + 1);
        Self
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        SAVES.set(SAVES.get() - 1);
    }
}

/// Waits for what a page that goes away now saves last, but not longer than so many milliseconds.
pub(super) async fn saved_within(milliseconds: i32) {
    let end = browser::now() + i64::from(milliseconds);
    // It begins when the page goes, which is a moment from now.
    browser::sleep(0).await;
    while SAVES.get() > 0 && browser::now() < end {
        browser::sleep(20).await;
    }
}

/// The drafts being written; `Copy`, from [`use_drafts`].
#[derive(Clone, Copy)]
pub struct Drafts {
    sessions: StoredValue<HashMap<ReportId, Session>, LocalStorage>,
    /// Files that were dropped elsewhere and wait for a new draft.
    dropped: StoredValue<Vec<web_sys::File>, LocalStorage>,
    /// What is typed into a draft that nobody has tried to begin yet.
    unbegun: StoredValue<Option<(PatientChoice, ReportFields)>, LocalStorage>,
    /// What was typed and not saved, into drafts that somebody saved since.
    offered: RwSignal<Vec<Offered>, LocalStorage>,
    toasts: Toasts,
}

/// Text that could not be saved when it was typed, for whoever typed it to take what they need of.
#[derive(Clone, PartialEq)]
pub struct Offered {
    kept: UnsavedDraft,
    /// What was typed.
    pub fields: ReportFields,
}

impl Offered {
    /// The draft that it was typed into.
    pub fn id(&self) -> ReportId {
        self.kept.id()
    }
}

/// Makes [`use_drafts`] work below here; locking ends every draft being written.
pub fn provide_drafts(vault: Vault) {
    let drafts = Drafts {
        sessions: StoredValue::new_local(HashMap::new()),
        dropped: StoredValue::new_local(Vec::new()),
        unbegun: StoredValue::new_local(None),
        offered: RwSignal::new_local(Vec::new()),
        toasts: vault.toasts,
    };
    provide_context(drafts);
    DRAFTS.set(Some(drafts));
    Effect::new(move |_| {
        if !matches!(vault.state.get(), VaultState::Unlocked(_)) {
            for (_, session) in drafts.sessions.try_update_value(std::mem::take).unwrap_or_default() {
                session.end();
            }
            drafts.dropped.set_value(Vec::new());
            drafts.unbegun.set_value(None);
            drafts.offered.set(Vec::new());
        }
    });
}

/// The page's drafts.
pub fn use_drafts() -> Drafts {
    expect_context()
}

impl Drafts {
    /// Keeps files for the draft that is about to begin.
    pub fn drop_files(self, files: Vec<web_sys::File>) {
        self.dropped.set_value(files);
    }

    /// The files that were dropped, once.
    pub fn take_dropped(self) -> Vec<web_sys::File> {
        self.dropped.try_update_value(std::mem::take).unwrap_or_default()
    }

    /// A draft of a new report, which [`Session::begin`] stores. It has its id from now on, so that a lock which comes between keeps
    /// no second one.
    ///
    /// # Errors
    /// A patient whom this account doesn't know.
    pub fn begin(self, open: &Keys, patient: PatientChoice, fields: ReportFields) -> Result<Session> {
        let session = Session::new(open.new_report(patient, fields)?, open);
        self.unbegun.set_value(None);
        self.keep(&session);
        Ok(session)
    }

    /// Opens a draft to go on with: the one being written already, else the stored one.
    ///
    /// # Errors
    /// `not_found`, a forged draft, no connection.
    pub async fn open(self, open: &Keys, id: &ReportId) -> Result<Session> {
        if let Some(session) = self.sessions.with_value(|sessions| sessions.get(id).cloned()) {
            return Ok(session);
        }
        self.take_back(open).await;
        let session = Session::new(open.open_draft(id).await?, open);
        self.keep(&session);
        Ok(session)
    }

    /// Changes a report: goes on with what is being written, or was stored, else begins with its newest version.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`], [`ClientError::NewestUnseen`], a refusal, no connection.
    pub async fn edit(self, open: &Keys, id: &ReportId) -> Result<Session> {
        if let Some(session) = self.sessions.with_value(|sessions| sessions.get(id).cloned()) {
            if session.is_stored() || session.is_unsaved() {
                return Ok(session);
            }
            // Looked at before and left as it was: the report may have another version by now.
            self.forget(id);
        }
        self.take_back(open).await;
        let session = Session::new(open.edit_report(id).await?, open);
        self.keep(&session);
        Ok(session)
    }

    /// Forgets what was typed here and opens the stored copy.
    ///
    /// # Errors
    /// As [`Drafts::open`].
    pub async fn reload(self, open: &Keys, id: &ReportId) -> Result<Session> {
        self.forget(id);
        self.open(open, id).await
    }

    /// Changes whom a draft is about; that makes another draft of it.
    ///
    /// # Errors
    /// As [`Drafts::begin`]; no connection.
    pub async fn set_patient(self, open: &Keys, session: &Session, patient: PatientChoice) -> Result<Session> {
        let moved = Session::new(open.set_patient(&session.0.draft, patient).await?, open);
        self.forget(&session.id());
        moved.0.saving.set(Saving::Saved(browser::now()));
        self.keep(&moved);
        Ok(moved)
    }

    /// Deletes a draft with what was uploaded for it.
    ///
    /// # Errors
    /// No connection.
    pub async fn delete(self, open: &Keys, id: &ReportId) -> Result<()> {
        open.delete_draft(id).await?;
        self.forget(id);
        Ok(())
    }

    /// A draft became a report.
    pub fn forget(self, id: &ReportId) {
        if let Some(session) = self.sessions.try_update_value(|sessions| sessions.remove(id)).flatten() {
            session.end();
        }
    }

    /// Something is typed into a draft that isn't begun yet, or nothing any more.
    pub fn type_unbegun(self, typed: Option<(PatientChoice, ReportFields)>) {
        if typed.is_some() {
            unsaved::begin(self);
        }
        self.unbegun.try_set_value(typed);
    }

    /// What was typed into a draft that nobody has tried to begin yet, once.
    pub fn take_unbegun(self) -> Option<ReportFields> {
        let (_, fields) = self.unbegun.try_update_value(Option::take).flatten()?;
        Some(fields)
    }

    /// Saves what was typed last into a draft whose page was left. What can't even be begun is kept, sealed, as when the vault locks:
    /// nothing else shows it, and the browser may close before there is a connection.
    pub async fn leave(self, session: &Session) {
        let (id, account) = (session.id(), session.0.account);
        // Where the vault has locked, that has taken care of it.
        if session.is_unbegun() && self.is_written(&id) {
            kept::add(&account, session.seal());
        }
        session.save(session.fields()).await;
        let is_kept = session.is_unbegun() && kept::of(&account).iter().any(|one| one.id() == id);
        if is_kept && self.is_written(&id) {
            self.forget(&id);
            self.toasts.problem(t!(draft.typed_kept));
        }
    }

    fn is_written(self, id: &ReportId) -> bool {
        self.sessions.try_with_value(|sessions| sessions.contains_key(id)).unwrap_or_default()
    }

    /// What was typed and not saved, into drafts that somebody saved since. Follow it in views.
    pub fn offered(self) -> RwSignal<Vec<Offered>, LocalStorage> {
        self.offered
    }

    /// Nobody needs that any more.
    pub fn settle(self, offered: &Offered) {
        kept::forget(&offered.kept.account(), &offered.kept);
        self.offered.update(|all| all.retain(|one| one != offered));
    }

    /// Saves what is kept because it could not be saved before; offers what somebody saved another text of meanwhile. What can't be
    /// saved now stays kept, and what is being written here saves itself.
    async fn take_back(self, open: &Keys) {
        let account = open.account_id();
        if kept::of(&account).is_empty() {
            return;
        }
        let taking = TAKING.with(Rc::clone);
        let _one_at_a_time = taking.lock().await;
        for one in kept::of(&account) {
            let is_offered = self.offered.with_untracked(|all| all.iter().any(|offered| offered.kept == one));
            if is_offered || self.is_written(&one.id()) {
                continue;
            }
            match open.take_back(&one).await {
                Ok(TakenBack::Saved(_)) => {
                    kept::forget(&account, &one);
                    self.toasts.done(t!(draft.typed_saved));
                }
                Ok(TakenBack::Known | TakenBack::Unreadable) => kept::forget(&account, &one),
                Ok(TakenBack::Moved(fields)) => {
                    self.offered.update(|all| all.push(Offered { kept: one, fields: *fields }));
                    self.toasts.problem(t!(draft.typed_waits));
                }
                // It is tried again when the drafts are looked at the next time.
                Err(_) => {}
            }
        }
    }

    fn keep(self, session: &Session) {
        unsaved::begin(self);
        self.sessions.update_value(|sessions| {
            sessions.insert(session.id(), session.clone());
        });
    }
}

impl unsaved::Writing for Drafts {
    fn keep(&self, keys: &Keys) {
        let seal = |sessions: &HashMap<_, Session>| sessions.values().filter_map(Session::seal).collect::<Vec<_>>();
        let mut sealed = self.sessions.try_with_value(seal).unwrap_or_default();
        let unbegun = self.unbegun.try_update_value(Option::take).flatten();
        sealed.extend(unbegun.and_then(|(patient, fields)| keys.unsaved_draft(patient, fields).ok()));
        kept::add(&keys.account_id(), sealed);
    }

    fn save(&self, keys: &Keys) {
        if let Some((patient, fields)) = self.unbegun.try_update_value(Option::take).flatten() {
            // It is among the others from now on.
            let _ = self.begin(keys, patient, fields);
        }
        let sessions = self.sessions.try_with_value(|sessions| sessions.values().cloned().collect::<Vec<_>>());
        for session in sessions.unwrap_or_default().into_iter().filter(|session| session.0.draft.is_unsaved()) {
            spawn_local(async move { session.save(session.fields()).await });
        }
    }
}
