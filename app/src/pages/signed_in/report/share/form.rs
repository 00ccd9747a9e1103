//! Right, purpose, end, code.

use api_types::grants::Right;
use client::{Person, Share, Verification};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::done::Made;
use crate::{
    components::{Banner, Button, ButtonKind, CheckBox, Choice, Choices, SelectField, Tone},
    pages::signed_in::report::handle::Handle,
    pages::signed_in::{key::NotCompared, person_facts::PersonFacts},
    t,
    vault::{Attempt, explain, use_vault},
};

pub(super) const HOUR: i64 = 3_600_000;

/// What is shared, and how.
#[component]
pub(super) fn ShareForm(
    handle: Handle,
    /// With whom.
    person: Person,
    chosen: RwSignal<Option<Person>>,
    /// The code by which they were found, if it was one.
    scanned: Option<String>,
    made: RwSignal<Option<Made>>,
) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let right = RwSignal::new("view".to_owned());
    let purpose = RwSignal::new("treatment".to_owned());
    let hours = RwSignal::new("24".to_owned());
    let code = RwSignal::new(true);
    // Without an end only without a code.
    Effect::new(move |_| {
        if code.get() && hours.get_untracked() == "0" {
            hours.set("24".to_owned());
        }
    });
    let (to, name) = (person.id, person.name.clone());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let hours: i64 = hours.get_untracked().parse().unwrap_or(24);
        let share = Share {
            to,
            right: right_of(&right.get_untracked()),
            purpose: purpose.get_untracked(),
            expires_in: hours * HOUR,
            with_code: code.get_untracked(),
        };
        spawn_local(async move {
            match open.share(&handle.id, &share).await {
                Ok(shared) => {
                    attempt.done();
                    let code = shared.code.map(|code| code.to_string());
                    let (name, expires_at) = (shared.with.name, shared.expires_at);
                    made.try_set(Some(Made { name, members: None, code, hours, expires_at }));
                    handle.refresh();
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    // What was tapped is gone: a keyboard goes on here, and a screen reader says who was chosen.
    request_animation_frame(|| crate::browser::focus("share-with"));
    let address_unverified = person.email_verified == Some(false);
    let unverified = person.verification != Verification::Verified;
    view! {
        <form class="form" method="dialog" on:submit=submit>
            <div class="share-person" id="share-with" tabindex="-1">
                <PersonFacts person=person.clone()/>
                <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| chosen.set(None)>{t!(share.change)}</Button>
            </div>
            {address_unverified.then(|| view! { <p class="field-hint">{t!(share.address_unverified_note)}</p> })}
            {unverified.then(|| view! { <NotCompared person chosen scanned note=t!(share.key_unverified)/> })}
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <Choices id="share-right" label=t!(share.right) value=right choices=rights()/>
            <div class="form-row">
                <SelectField id="share-purpose" label=t!(share.purpose) value=purpose hint=t!(share.purpose_hint) options=Signal::derive(purposes)/>
                <SelectField id="share-expiry" label=t!(share.expiry) value=hours hint=t!(share.expiry_code) options=Signal::derive(move || lives(code.get()))/>
            </div>
            <CheckBox value=code>{t!(share.code)}<span class="field-hint block">{t!(share.code_hint)}</span></CheckBox>
            <div class="dialog-actions">
                <span class="field-hint" role="status">{move || attempt.busy.get().then(|| t!(share.sharing, name = name.clone()))}</span>
                <Button submit=true busy=attempt.busy>{t!(share.submit)}</Button>
            </div>
        </form>
    }
}

pub(super) fn right_of(key: &str) -> Right {
    match key {
        "contribute" => Right::Contribute,
        "reshare" => Right::Reshare,
        _ => Right::View,
    }
}

pub(super) fn rights() -> Vec<Choice> {
    let choice =
        |value: &str, title: &str, text: &str| Choice { value: value.into(), title: title.into(), text: text.into() };
    vec![
        choice("view", t!(share.right_view), t!(share.right_view_text)),
        choice("contribute", t!(share.right_contribute), t!(share.right_contribute_text)),
        choice("reshare", t!(share.right_reshare), t!(share.right_reshare_text)),
    ]
}

fn option(key: &str, text: &str) -> (String, String) {
    (key.to_owned(), text.to_owned())
}

pub(super) fn purposes() -> Vec<(String, String)> {
    vec![
        option("treatment", t!(share.purpose_treatment)),
        option("second-opinion", t!(share.purpose_second_opinion)),
        option("referral", t!(share.purpose_referral)),
        option("billing", t!(share.purpose_billing)),
    ]
}

pub(super) fn lives(with_code: bool) -> Vec<(String, String)> {
    let mut lives = vec![
        option("1", t!(share.expiry_1h)),
        option("24", t!(share.expiry_24h)),
        option("168", t!(share.expiry_7d)),
        option("720", t!(share.expiry_30d)),
    ];
    if !with_code {
        lives.push(option("0", t!(share.expiry_never)));
    }
    lives
}
