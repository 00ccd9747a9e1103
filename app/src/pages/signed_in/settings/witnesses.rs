//! `/settings/witnesses`: whose witness this browser asks for before it believes the server's public log.

use client::{
    Witnesses,
    log::{AskError, WitnessesError},
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::SettingsFrame;
use crate::{
    components::{Badge, Button, Card, Glyph, TextArea, TextField, Tone, use_toasts},
    t,
    vault::{Attempt, explain, use_vault},
};

/// What the fields say, or which of them is wrong.
enum Typed {
    Right(Witnesses),
    NotANumber,
}

/// A key a line; empty lines and spaces around don't count.
fn parse(keys: &str, required: &str) -> Typed {
    let keys: Vec<String> = keys.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let required = required.trim();
    match required.parse() {
        Ok(required) => Typed::Right(Witnesses { required, keys }),
        // All of them, unless something else is said.
        Err(_) if required.is_empty() => Typed::Right(Witnesses { required: keys.len(), keys }),
        Err(_) => Typed::NotANumber,
    }
}

/// Witnesses.
#[component]
pub fn WitnessesPage() -> impl IntoView {
    let kept = use_vault().keys().map(|open| open.remembered().witnesses).unwrap_or_default();
    let now = RwSignal::new(kept);
    view! {
        <SettingsFrame>
            <Card title=t!(witnesses.title).to_owned()>
                <div class="stack-s">
                    <p>{t!(witnesses.lead)}</p>
                    <p role="status">{move || now.with(state)}</p>
                </div>
            </Card>
            <Form now/>
            <Card title=t!(witnesses.few).to_owned()>
                <div class="stack-s">
                    <p>{t!(witnesses.few_text)}</p>
                    <p>{t!(witnesses.few_out)}</p>
                </div>
            </Card>
        </SettingsFrame>
    }
}

fn state(now: &Witnesses) -> AnyView {
    match now.required {
        0 => view! { <Badge>{t!(witnesses.none)}</Badge> }.into_any(),
        required => {
            let says = t!(witnesses.now, required = required, known = now.keys.len());
            view! { <Badge tone=Tone::Good glyph=Glyph::Shield>{says}</Badge> }.into_any()
        }
    }
}

#[component]
fn Form(now: RwSignal<Witnesses>) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let (keys, required) = now.with_untracked(|now| (now.keys.join("\n"), now.required));
    let keys = RwSignal::new(keys);
    let required = RwSignal::new(if required == 0 { String::new() } else { required.to_string() });
    let (keys_wrong, required_wrong) = (RwSignal::new(None), RwSignal::new(None));
    let refuse = move |error: AskError| match error {
        AskError::Keys(WitnessesError::Key { key, reason }) => {
            let why = t!(witnesses.key_wrong, key = key, why = reason);
            keys_wrong.try_set(Some(why));
        }
        AskError::Keys(error) => {
            required_wrong.try_set(Some(t!(witnesses.wrong, why = error)));
        }
        AskError::TooFew { required, found } => {
            keys_wrong.try_set(Some(t!(witnesses.too_few, required = required, found = found)));
        }
        AskError::Client(error) => {
            keys_wrong.try_set(Some(explain(&error)));
        }
        other => {
            keys_wrong.try_set(Some(t!(witnesses.wrong, why = other)));
        }
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        keys_wrong.set(None);
        required_wrong.set(None);
        let witnesses = match parse(&keys.get_untracked(), &required.get_untracked()) {
            Typed::Right(witnesses) => witnesses,
            Typed::NotANumber => return required_wrong.set(Some(t!(witnesses.not_a_number).to_owned())),
        };
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match open.ask_for_witnesses(witnesses.clone()).await {
                Ok(()) => {
                    vault.keep_memory();
                    toasts.done(if witnesses.required == 0 { t!(witnesses.saved_none) } else { t!(witnesses.saved) });
                    now.try_set(witnesses);
                }
                Err(error) => refuse(error),
            }
            attempt.done();
        });
    };
    view! {
        <Card title=t!(witnesses.ask).to_owned()>
            <form class="form" novalidate on:submit=save>
                <TextArea
                    id="witness-keys"
                    label=t!(witnesses.keys)
                    value=keys
                    hint=t!(witnesses.keys_hint).to_owned()
                    error=keys_wrong
                    spellcheck=false
                    optional=true
                />
                <TextField
                    id="witnesses-required"
                    label=t!(witnesses.required)
                    value=required
                    hint=t!(witnesses.required_hint).to_owned()
                    error=required_wrong
                    optional=true
                    max=4
                />
                <div class="form-end"><Button submit=true busy=attempt.busy>{t!(witnesses.save)}</Button></div>
            </form>
        </Card>
    }
}
