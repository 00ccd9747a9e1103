//! Finding a person: doctors by name while typing, anybody by exact e-mail or by their key's code.

use std::time::Duration;

use api_types::limits::SEARCH_MIN_CHARS;
use client::Person;
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use wasm_bindgen_futures::spawn_local;

use crate::{
    components::TextField,
    pages::signed_in::{
        person_facts::PersonFacts,
        scan::{ScanOutcome, ScanQr},
    },
    t,
    vault::{Attempt, explain, shares, use_vault},
};

/// How long typing must rest: each look-up is throttled and audited by the server.
const REST: Duration = Duration::from_millis(350);

/// What a search came to.
#[derive(Clone)]
enum Found {
    Nothing,
    TooShort,
    Searching,
    People(Vec<Person>),
    Failed(String),
}

/// A field and the people below it; choosing one sets `chosen`.
#[component]
pub fn FindPerson(
    /// Who was chosen.
    chosen: RwSignal<Option<Person>>,
    /// The code by which they were found, if it was one.
    scanned: RwSignal<Option<String>>,
    /// The field's name.
    label: &'static str,
    /// Who can be found how.
    hint: &'static str,
) -> impl IntoView {
    let vault = use_vault();
    // Whoever is found now is found anew.
    scanned.set(None);
    let typed = RwSignal::new(String::new());
    let found = RwSignal::new(Found::Nothing);
    let rest = StoredValue::new(None::<TimeoutHandle>);
    let search = move |wanted: String| {
        let Some(open) = vault.keys() else { return };
        spawn_local(async move {
            let answer = shares::find(&open, &wanted).await;
            // What was typed meanwhile has its own answer coming.
            if typed.try_get_untracked().is_none_or(|now| now.trim() != wanted) {
                return;
            }
            found.try_set(match answer {
                Ok(people) => Found::People(people),
                Err(error) => Found::Failed(explain(&error)),
            });
        });
    };
    Effect::new(move |_| {
        let wanted = typed.get().trim().to_owned();
        if let Some(handle) = rest.try_update_value(Option::take).flatten() {
            handle.clear();
        }
        match wanted.chars().count() {
            0 => found.set(Found::Nothing),
            n if n < SEARCH_MIN_CHARS => found.set(Found::TooShort),
            _ => {
                found.set(Found::Searching);
                let handle = set_timeout_with_handle(move || search(wanted), REST);
                rest.set_value(handle.ok());
            }
        }
    });
    view! {
        <TextField id="find-who" label value=typed hint focus=true/>
        <div class="found" aria-live="polite">
            {move || match found.get() {
                Found::Nothing => ().into_any(),
                Found::TooShort => view! { <p class="field-hint">{t!(share.search_short, min = SEARCH_MIN_CHARS)}</p> }.into_any(),
                Found::Searching => view! { <p class="field-hint">{t!(share.searching)}</p> }.into_any(),
                Found::Failed(why) => view! { <p class="field-error">{why}</p> }.into_any(),
                Found::People(people) if people.is_empty() => view! { <p class="field-hint">{t!(share.none)}</p> }.into_any(),
                Found::People(people) => view! {
                    <ul class="found-list" role="list" aria-label=t!(share.results)>
                        {people.into_iter().map(|person| view! { <li><Candidate person chosen/></li> }).collect_view()}
                    </ul>
                }
                .into_any(),
            }}
        </div>
        <Scan chosen scanned/>
    }
}

/// Anybody by the code that they show.
#[component]
fn Scan(chosen: RwSignal<Option<Person>>, scanned: RwSignal<Option<String>>) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let found = move |code: String| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match open.find_by_qr(&code).await {
                Ok(Some(person)) if person.id == open.account_id() => attempt.failed(t!(share.self_share)),
                Ok(Some(person)) => {
                    attempt.done();
                    scanned.try_set(Some(code));
                    chosen.try_set(Some(person));
                }
                Ok(None) => attempt.failed(t!(scan.none)),
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    view! {
        <ScanQr id="find-scan" label=t!(share.scan) on_code=found/>
        <ScanOutcome attempt/>
    }
}

/// Somebody to choose.
#[component]
pub fn Candidate(
    /// Who.
    person: Person,
    /// Is set to them.
    chosen: RwSignal<Option<Person>>,
) -> impl IntoView {
    let choice = person.clone();
    view! {
        <button type="button" class="found-person" on:click=move |_| chosen.set(Some(choice.clone()))>
            <PersonFacts person/>
        </button>
    }
}
