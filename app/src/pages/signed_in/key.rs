//! Comparing a person's key: their words, or their code; and saying whose screen a code was on.

use client::{ClientError, Person, Refusal, Verification};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    components::{Badge, Banner, Button, ButtonKind, Glyph, Tone},
    pages::signed_in::scan::ScanQr,
    t,
    vault::{Attempt, explain, use_vault},
};

/// The words of a person's key and a button that pins it for good; or their code, which pins it if it is the same.
#[component]
pub fn CompareKey(
    /// Whose.
    person: Person,
    /// It was pinned.
    #[prop(into)]
    on_verified: Callback<()>,
) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let words = vault.keys().map(|open| open.fingerprint(&person).words);
    let name = StoredValue::new(person.name.clone());
    let differs = RwSignal::new(false);
    // By the code that was scanned, or else by the reader's word.
    let compare = StoredValue::new(move |scanned: Option<String>| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        differs.set(false);
        let person = person.clone();
        spawn_local(async move {
            let outcome = match scanned {
                Some(code) => open.verify_by_qr(&person, &code).await,
                None => open.mark_verified(&person).await,
            };
            match outcome {
                Ok(()) => {
                    attempt.done();
                    on_verified.try_run(());
                }
                Err(ClientError::Refused(Refusal::KeyRecordChanged { .. })) => {
                    attempt.done();
                    differs.try_set(true);
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    });
    let same = move |()| compare.with_value(|compare| compare(None));
    let scanned = move |code: String| compare.with_value(|compare| compare(Some(code)));
    view! {
        <div class="stack-s">
            <p>{t!(share.key_compare, name = name.get_value())}</p>
            {words.map(|words| view! {
                <ol class="key-list">{words.iter().map(|word| view! { <li>{*word}</li> }).collect_view()}</ol>
            })}
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <div><Button busy=attempt.busy on_click=same>{t!(share.key_same)}</Button></div>
            <p>{t!(scan.theirs_note, name = name.get_value())}</p>
            <ScanQr id="key-scan" label=t!(scan.theirs) on_code=scanned/>
            {move || differs.get().then(|| view! {
                <Banner tone=Tone::Danger title=t!(scan.mismatch_title, name = name.get_value())>
                    <p>{t!(scan.mismatch, name = name.get_value())}</p>
                </Banner>
            })}
        </div>
    }
}

/// For a person who was found by a code: pins their key once its reader says that it was on their own screen.
#[component]
pub fn OwnScreen(
    /// Who was found.
    person: Person,
    /// By what.
    code: String,
    /// It was pinned.
    #[prop(optional, into)]
    on_verified: Option<Callback<()>>,
) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let done = RwSignal::new(person.verification == Verification::Verified);
    let name = StoredValue::new(person.name.clone());
    let found = StoredValue::new((person, code));
    let confirm = move |()| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let (person, code) = found.get_value();
        spawn_local(async move {
            match open.verify_by_qr(&person, &code).await {
                Ok(()) => {
                    attempt.done();
                    done.try_set(true);
                    if let Some(on_verified) = on_verified {
                        on_verified.try_run(());
                    }
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    let ask = move || {
        view! {
            <p class="field-hint">{t!(scan.own_note, name = name.get_value())}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <div>
                <Button kind=ButtonKind::Secondary class="btn-small" busy=attempt.busy on_click=confirm>{t!(scan.own_screen)}</Button>
            </div>
        }
    };
    view! {
        <div class="stack-s" aria-live="polite">
            {move || match done.get() {
                true => view! { <Badge tone=Tone::Good glyph=Glyph::Shield>{t!(share.key_verified)}</Badge> }.into_any(),
                false => ask().into_any(),
            }}
        </div>
    }
}

/// Somebody is chosen whose key was not compared: says what follows, and offers to compare it.
#[component]
pub fn NotCompared(
    /// Who.
    person: Person,
    /// Is set to the same person once their key is compared.
    chosen: RwSignal<Option<Person>>,
    /// The code by which they were found, if it was one.
    scanned: Option<String>,
    /// What follows.
    note: &'static str,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let person = StoredValue::new(person);
    let verified = move |()| {
        let mut verified = person.get_value();
        verified.verification = Verification::Verified;
        chosen.set(Some(verified));
    };
    view! {
        {scanned.map(|code| view! { <OwnScreen person=person.get_value() code on_verified=verified/> })}
        <details class="disclose" on:toggle=move |_| open.set(true)>
            <summary>{note}</summary>
            {move || open.get().then(|| view! { <CompareKey person=person.get_value() on_verified=verified/> })}
        </details>
    }
}
