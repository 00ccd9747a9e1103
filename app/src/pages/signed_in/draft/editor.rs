//! What a draft page holds: the fields as typed, the draft behind them once it exists, saving by itself.

use std::{future::Future, rc::Rc, time::Duration};

use api_types::accounts::Role;
use client::{
    ClientError,
    content::{Field, ReportFields},
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::{
    change::FinishChange,
    conflict::{Meanwhile, Saved},
    files::Files,
    finish::Finish,
    form::Form,
    patient::PatientState,
    typed_before::TypedBefore,
};
use crate::{
    components::{Toasts, use_toasts},
    pages::signed_in::reports::dropping::on_drop_anywhere,
    vault::{
        Keys, Vault,
        drafts::{Drafts, Saving, Session, use_drafts},
        explain,
        index::{Index, use_index},
        use_vault,
    },
};

/// How long typing rests before it is saved.
const REST: Duration = Duration::from_millis(900);
/// How long until a failed save is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// The fields, one signal each.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub report_number: RwSignal<String>,
    pub title: RwSignal<String>,
    pub patient_name: RwSignal<String>,
    pub patient_id: RwSignal<String>,
    pub kind: RwSignal<String>,
    pub diagnosis: RwSignal<String>,
    pub treatment_plan: RwSignal<String>,
    pub prescription: RwSignal<String>,
}

impl Fields {
    fn new(fields: ReportFields) -> Self {
        Self {
            report_number: RwSignal::new(fields.report_number),
            title: RwSignal::new(fields.title),
            patient_name: RwSignal::new(fields.patient_name),
            patient_id: RwSignal::new(fields.patient_id),
            kind: RwSignal::new(fields.kind),
            diagnosis: RwSignal::new(fields.diagnosis),
            treatment_plan: RwSignal::new(fields.treatment_plan),
            prescription: RwSignal::new(fields.prescription),
        }
    }

    /// Puts a text into a field; one that a report doesn't have changes nothing.
    pub fn set(self, field: Field, text: String) {
        let signal = match field {
            Field::Title => self.title,
            Field::ReportNumber => self.report_number,
            Field::Kind => self.kind,
            Field::PatientName => self.patient_name,
            Field::PatientId => self.patient_id,
            Field::Diagnosis => self.diagnosis,
            Field::TreatmentPlan => self.treatment_plan,
            Field::Prescription => self.prescription,
            _ => return,
        };
        signal.set(text);
    }

    /// As typed; tracks every field.
    pub fn get(self) -> ReportFields {
        ReportFields {
            report_number: self.report_number.get(),
            title: self.title.get(),
            patient_name: self.patient_name.get(),
            patient_id: self.patient_id.get(),
            kind: self.kind.get(),
            diagnosis: self.diagnosis.get(),
            treatment_plan: self.treatment_plan.get(),
            prescription: self.prescription.get(),
        }
    }
}

/// `Copy` handle of the page's draft.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub fields: Fields,
    /// The draft, once it exists.
    pub session: RwSignal<Option<Session>, LocalStorage>,
    pub patient: PatientState,
    /// The version that is changed; none where a report is written.
    pub base: Option<u32>,
    /// Why a first save didn't work.
    pub problem: RwSignal<Option<String>>,
    pub vault: Vault,
    pub drafts: Drafts,
    pub index: Index,
    pub toasts: Toasts,
    rest: StoredValue<Option<TimeoutHandle>>,
}

impl Desk {
    fn new(session: Option<Session>) -> Self {
        let vault = use_vault();
        let who = vault.who();
        let own = who.as_ref().filter(|who| who.role == Role::Patient).map(|who| who.account_id);
        let fields = session.as_ref().map(Session::fields).unwrap_or_default();
        let base = session.as_ref().and_then(Session::base);
        let patient = PatientState::new(session.as_ref().map(Session::patient), own);
        Self {
            fields: Fields::new(fields),
            session: RwSignal::new_local(session),
            patient,
            base,
            problem: RwSignal::new(None),
            vault,
            drafts: use_drafts(),
            index: use_index(),
            toasts: use_toasts(),
            rest: StoredValue::new(None),
        }
    }

    /// How saving stands.
    pub fn saving(self) -> Saving {
        match self.session.get() {
            Some(session) => session.saving().get(),
            None => self.problem.get().map_or(Saving::Nothing, Saving::Failed),
        }
    }

    /// The draft; begins it where there is none. However often that is tried, it is the same.
    pub async fn ensure(self, open: &Keys) -> client::Result<Session> {
        let session = match self.session.try_get_untracked().flatten() {
            Some(session) => session,
            None => {
                let fields = self.typed().ok_or(ClientError::Cancelled)?;
                let session = self.drafts.begin(open, self.patient.choice(), fields)?;
                self.session.try_set(Some(session.clone()));
                session
            }
        };
        if session.is_unbegun() {
            session.begin().await?;
            self.problem.try_set(None);
            // The page may be gone, and another one shows its address.
            if self.typed().is_some() {
                show_address(&session);
            }
            self.index.refresh();
        }
        Ok(session)
    }

    /// Saves what is typed, now.
    pub fn save(self) {
        let Some(open) = self.vault.keys() else { return };
        spawn_local(async move {
            match self.ensure(&open).await {
                Ok(session) => {
                    // The page may be gone; then the last typing was saved when it went.
                    if let Some(fields) = self.typed() {
                        let begins = !session.is_stored();
                        session.save(fields).await;
                        // It is in the list from now on.
                        if begins && session.is_stored() {
                            self.index.refresh();
                        }
                    }
                    if let Saving::Failed(_) = session.saving().get_untracked() {
                        self.later(AGAIN);
                    }
                }
                Err(error) => {
                    self.problem.try_set(Some(explain(&error)));
                    self.later(AGAIN);
                }
            }
        });
    }

    fn later(self, rest: Duration) {
        self.stop_resting();
        let handle = set_timeout_with_handle(
            move || {
                if self.rest.try_set_value(None).is_none() {
                    self.save();
                }
            },
            rest,
        );
        self.rest.try_set_value(handle.ok());
    }

    fn stop_resting(self) -> bool {
        let waiting = self.rest.try_update_value(Option::take).flatten();
        waiting.map(|handle| handle.clear()).is_some()
    }

    /// As typed now, for what runs beside the page; none once the page is gone.
    pub fn typed(self) -> Option<ReportFields> {
        self.fields.title.try_get_untracked()?;
        Some(untrack(|| self.fields.get()))
    }

    /// The part numbers of its files. Follow it in views.
    pub fn parts(self) -> Vec<u32> {
        let files = self.session.with(|session| session.as_ref().map(Session::files));
        files.map(|files| files.with(|files| files.iter().map(|file| file.part).collect())).unwrap_or_default()
    }

    /// Puts another draft behind the page: another patient, or the newer copy from another device.
    pub fn replace(self, session: Session, take_fields: bool) {
        if take_fields {
            let fields = session.fields();
            let put = |signal: RwSignal<String>, text: String| drop(signal.try_set(text));
            put(self.fields.report_number, fields.report_number);
            put(self.fields.title, fields.title);
            put(self.fields.patient_name, fields.patient_name);
            put(self.fields.patient_id, fields.patient_id);
            put(self.fields.kind, fields.kind);
            put(self.fields.diagnosis, fields.diagnosis);
            put(self.fields.treatment_plan, fields.treatment_plan);
            put(self.fields.prescription, fields.prescription);
        }
        show_address(&session);
        self.session.try_set(Some(session));
        self.index.refresh();
    }

    /// Shows what the draft and somebody else's version are together, and saves it. What waited to be saved is in it.
    pub fn show_merged(self, session: Session) {
        self.stop_resting();
        self.replace(session, true);
        self.save();
    }

    /// What was typed last is saved also when the page is left within the rest, or before its draft could be begun.
    fn leave(self) {
        let waiting = self.stop_resting();
        let unbegun = self.drafts.take_unbegun();
        let session = match (self.session.get_untracked(), unbegun, self.vault.keys()) {
            (Some(session), ..) if waiting || session.is_unbegun() => {
                session.type_in(&untrack(|| self.fields.get()));
                Some(session)
            }
            (None, Some(fields), Some(open)) => self.drafts.begin(&open, self.patient.choice(), fields).ok(),
            _ => None,
        };
        let Some(session) = session else { return };
        spawn_local(async move {
            self.drafts.leave(&session).await;
            // The list may be on its way already, with the draft as it was.
            self.index.refresh();
        });
    }

    /// Runs something with the keys.
    pub fn with_keys<F: Future<Output = ()> + 'static>(self, work: impl FnOnce(Keys) -> F) {
        if let Some(open) = self.vault.keys() {
            spawn_local(work(open));
        }
    }
}

/// A reload must come back to this draft. The router isn't asked: it would begin the page anew while somebody types.
fn show_address(session: &Session) {
    if let Ok(history) = window().history() {
        let address = match session.base() {
            Some(_) => format!("/reports/{}/edit", session.id()),
            None => format!("/drafts/{}", session.id()),
        };
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}

/// The form, the files, completing.
#[component]
pub(super) fn Editor(session: Option<Session>) -> impl IntoView {
    let desk = Desk::new(session);
    Effect::new(move |before: Option<Rc<ReportFields>>| {
        let now = Rc::new(desk.fields.get());
        let empty = *now == ReportFields::default();
        let changed = match &before {
            None => false,
            Some(before) => *before != now,
        };
        if changed {
            match desk.session.get_untracked() {
                Some(session) => {
                    session.type_in(&now);
                    session.saving().set(Saving::Running);
                    desk.later(REST);
                }
                // Nothing is left of what was typed.
                None if empty => {
                    desk.stop_resting();
                    desk.drafts.type_unbegun(None);
                }
                None => {
                    desk.drafts.type_unbegun(Some((desk.patient.choice(), (*now).clone())));
                    desk.later(REST);
                }
            }
        }
        now
    });
    on_cleanup(move || desk.leave());
    let over = RwSignal::new(false);
    on_drop_anywhere(over, move |files| files::add(desk, files));
    let dropped = desk.drafts.take_dropped();
    if !dropped.is_empty() {
        files::add(desk, dropped);
    }
    let saved = RwSignal::new_local(None::<Saved>);
    view! {
        <TypedBefore desk/>
        {move || saved.get().map(|about| view! { <Meanwhile desk about saved/> })}
        <Form desk/>
        <Files desk/>
        {match desk.base {
            Some(base) => view! { <FinishChange desk base saved/> }.into_any(),
            None => view! { <Finish desk/> }.into_any(),
        }}
    }
}

use super::files;
