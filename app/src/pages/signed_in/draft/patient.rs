//! Whom a report is about: name and number as typed, and the account that will own it.

use api_types::{AccountId, ErrorCode, accounts::Role};
use client::{PatientChoice, Person, Verification, content::Field};
use leptos::prelude::*;

use super::{editor::Desk, form::over};
use crate::{
    components::{Banner, Button, ButtonKind, Card, TextField, Tone},
    pages::signed_in::{
        key::NotCompared,
        person_facts::PersonFacts,
        scan::{ScanOutcome, ScanQr},
    },
    t,
    vault::{Attempt, drafts::Session, explain, index::fold},
};

/// Whom it is about, and what is known of their account.
#[derive(Clone, Copy)]
pub(super) struct PatientState {
    choice: RwSignal<PatientChoice>,
    /// Who has the account, where there is one.
    person: RwSignal<Option<Person>>,
    /// The code by which they were found, if it was one.
    scanned: RwSignal<Option<String>>,
    /// Why it can't be said who has it.
    unknown: RwSignal<Option<String>>,
    /// The reader's own account, where they are a patient.
    own: Option<AccountId>,
}

impl PatientState {
    /// As the draft says; a patient's own reports are about themselves.
    pub fn new(stored: Option<PatientChoice>, own: Option<AccountId>) -> Self {
        let otherwise = own.map_or(PatientChoice::New, PatientChoice::Account);
        let choice = RwSignal::new(stored.unwrap_or(otherwise));
        Self { choice, person: RwSignal::new(None), scanned: RwSignal::new(None), unknown: RwSignal::new(None), own }
    }

    /// Shows another choice; no page is there any more where it was left meanwhile.
    fn show(self, choice: PatientChoice, found: Option<(Person, Option<String>)>) {
        let (person, scanned) = found.unzip();
        self.scanned.try_set(scanned.flatten());
        self.person.try_set(person);
        self.unknown.try_set(None);
        self.choice.try_set(choice);
    }

    /// The account's name, where it is known.
    fn name(self) -> Option<String> {
        self.person.with(|person| person.as_ref().map(|person| person.name.clone()))
    }

    /// For a draft that begins.
    pub fn choice(self) -> PatientChoice {
        self.choice.get_untracked()
    }
}

/// The patient's card.
#[component]
pub(super) fn Patient(desk: Desk) -> impl IntoView {
    let fields = desk.fields;
    view! {
        <Card title=t!(draft.patient).to_owned()>
            <div class="form">
                <div class="form-row">
                    <TextField
                        id="patient-name"
                        label=t!(draft.patient_name)
                        value=fields.patient_name
                        error=over(Field::PatientName, fields.patient_name)
                    />
                    <TextField
                        id="patient-id"
                        label=t!(draft.patient_id)
                        value=fields.patient_id
                        hint=t!(draft.patient_id_hint)
                        error=over(Field::PatientId, fields.patient_id)
                        optional=true
                    />
                </div>
                {match (desk.base, desk.patient.own) {
                    // A report that is there stays whose it is.
                    (Some(_), _) => ().into_any(),
                    (None, Some(_)) => view! { <p class="field-hint">{t!(draft.own)}</p> }.into_any(),
                    (None, None) => view! { <Account desk/> }.into_any(),
                }}
            </div>
        </Card>
    }
}

/// The account by exact e-mail or by its key's code, or none.
#[component]
fn Account(desk: Desk) -> impl IntoView {
    let state = desk.patient;
    look_up(desk);
    let has_files = move || desk.session.get().is_some_and(|session| session.files().with(|files| !files.is_empty()));
    move || match state.choice.get() {
        PatientChoice::Account(_) => view! { <Found desk fixed=Signal::derive_local(has_files)/> }.into_any(),
        _ if has_files() => {
            view! { <p class="field-hint">{t!(draft.account_without)}" "{t!(draft.account_fixed)}</p> }.into_any()
        }
        _ => view! { <Find desk/> }.into_any(),
    }
}

/// A draft from before knows the account's id only.
fn look_up(desk: Desk) {
    let state = desk.patient;
    let choice = state.choice.get_untracked();
    let PatientChoice::Account(id) = choice else { return };
    if state.person.with_untracked(Option::is_some) {
        return;
    }
    desk.with_keys(move |open| async move {
        let looked_up = open.person(&id).await;
        // Another may have been chosen meanwhile.
        if state.choice.try_get_untracked() != Some(choice) {
            return;
        }
        match looked_up {
            Ok(person) => drop(state.person.try_set(Some(person))),
            // The server tells of strangers by e-mail and code alone.
            Err(error) if error.problem() == Some(ErrorCode::NotFound) => {
                state.unknown.try_set(Some(t!(draft.account_unknown).to_owned()));
            }
            Err(error) => drop(state.unknown.try_set(Some(explain(&error)))),
        }
    });
}

/// Puts the choice behind the draft, if there is one already; else the draft begins with it.
fn choose(desk: Desk, choice: PatientChoice, found: Option<(Person, Option<String>)>, attempt: Attempt) {
    desk.with_keys(move |open| async move {
        let outcome = async {
            let Some(session) = desk.session.try_get_untracked().flatten() else { return Ok(None) };
            // One that is just beginning took the choice of before.
            session.begin().await?;
            desk.drafts.set_patient(&open, &session, choice).await.map(Some)
        };
        let outcome: client::Result<Option<Session>> = outcome.await;
        match outcome {
            Ok(moved) => {
                if let Some(session) = moved {
                    desk.replace(session, false);
                }
                attempt.done();
                desk.patient.show(choice, found);
            }
            Err(error) => attempt.failed(explain(&error)),
        }
    });
}

/// Takes the account of a patient for the report, who was found by that code if it was one.
fn take(desk: Desk, person: Person, code: Option<String>, attempt: Attempt) {
    if desk.fields.patient_name.with_untracked(|name| name.trim().is_empty()) {
        desk.fields.patient_name.set(person.name.clone());
    }
    choose(desk, PatientChoice::Account(person.id), Some((person, code)), attempt);
}

#[component]
fn Find(desk: Desk) -> impl IntoView {
    let email = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let find = move || {
        let typed = email.get_untracked();
        if typed.trim().is_empty() || !attempt.begin() {
            return;
        }
        desk.with_keys(move |open| async move {
            match open.find_by_email(&typed).await {
                Ok(Some(person)) if person.role == Role::Patient => take(desk, person, None, attempt),
                Ok(_) => attempt.failed(t!(draft.account_none)),
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    view! {
        <form class="find-account" method="dialog" on:submit=move |event| { event.prevent_default(); find(); }>
            <TextField
                id="patient-account"
                label=t!(draft.account)
                value=email
                kind="email"
                hint=t!(draft.account_hint)
                error=attempt.problem
                optional=true
            />
            <Button kind=ButtonKind::Secondary submit=true busy=attempt.busy>{t!(draft.account_find)}</Button>
        </form>
        <Scan desk/>
        <p class="field-hint">{t!(draft.account_without)}</p>
    }
}

/// The account by the code that the patient shows.
#[component]
fn Scan(desk: Desk) -> impl IntoView {
    let attempt = Attempt::new();
    let scanned = move |code: String| {
        if !attempt.begin() {
            return;
        }
        desk.with_keys(move |open| async move {
            match open.find_by_qr(&code).await {
                Ok(Some(person)) if person.role == Role::Patient => take(desk, person, Some(code), attempt),
                Ok(Some(person)) => attempt.failed(t!(scan.not_patient, name = person.name)),
                Ok(None) => attempt.failed(t!(scan.none)),
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    view! {
        <ScanQr id="patient-scan" label=t!(draft.account_scan) on_code=scanned/>
        <ScanOutcome attempt/>
    }
}

/// Whether two names can be one person's: all words of one are in the other.
fn agree(one: &str, other: &str) -> bool {
    let (one, other) = (fold(one), fold(other));
    let within = |these: &str, those: &str| {
        these.split_whitespace().all(|word| those.split_whitespace().any(|other| other == word))
    };
    within(&one, &other) || within(&other, &one)
}

/// The account's name, where the name that was typed is another: a report in another person's account is read by that person.
fn differs(desk: Desk) -> Memo<Option<String>> {
    Memo::new(move |_| {
        let account = desk.patient.name()?;
        let same = desk.fields.patient_name.with(|typed| agree(typed, &account));
        (!same).then_some(account)
    })
}

/// Whose the report will be, with where their key stands: all of it is sealed to that key.
#[component]
fn Found(desk: Desk, fixed: Signal<bool, LocalStorage>) -> impl IntoView {
    let attempt = Attempt::new();
    let state = desk.patient;
    let clear = move |()| {
        if attempt.begin() {
            choose(desk, PatientChoice::New, None, attempt);
        }
    };
    let differs = differs(desk);
    let belongs = move || {
        let name = state.name().unwrap_or_else(|| desk.fields.patient_name.get());
        t!(draft.account_found, name = name)
    };
    view! {
        {move || differs.get().map(|name| view! { <Banner tone=Tone::Warn>{t!(draft.account_differs, name = name)}</Banner> })}
        <p>{belongs}</p>
        {move || state.person.get().map(|person| view! { <Stands person state/> })}
        {move || state.unknown.get().map(|why| view! { <Banner tone=Tone::Warn>{why}</Banner> })}
        {move || attempt.problem.get().map(|problem| view! { <p class="field-error">{problem}</p> })}
        {move || match fixed.get() {
            true => view! { <p class="field-hint">{t!(draft.account_fixed)}</p> }.into_any(),
            false => view! {
                <div>
                    <Button kind=ButtonKind::Quiet class="btn-small" busy=attempt.busy on_click=clear>{t!(draft.account_clear)}</Button>
                </div>
            }
            .into_any(),
        }}
    }
}

/// What is proven of a patient, and comparing their key.
#[component]
fn Stands(person: Person, state: PatientState) -> impl IntoView {
    let address_unverified = person.email_verified == Some(false);
    let unverified = person.verification != Verification::Verified;
    let scanned = state.scanned.get_untracked();
    view! {
        <div class="share-person"><PersonFacts person=person.clone()/></div>
        {address_unverified.then(|| view! { <p class="field-hint">{t!(share.address_unverified_note)}</p> })}
        {unverified.then(|| view! { <NotCompared person chosen=state.person scanned note=t!(draft.not_compared)/> })}
    }
}
