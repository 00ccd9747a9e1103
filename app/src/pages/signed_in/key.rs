//! Comparing a person's key: their words, and saying that they are the same.

use client::Person;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    components::{Banner, Button, Tone},
    t,
    vault::{Attempt, explain, use_vault},
};

/// The words of a person's key and a button that pins it for good.
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
    let name = person.name.clone();
    let same = move |()| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let person = person.clone();
        spawn_local(async move {
            match open.mark_verified(&person).await {
                Ok(()) => {
                    attempt.done();
                    on_verified.run(());
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    view! {
        <div class="stack-s">
            <p>{t!(share.key_compare, name = name)}</p>
            {words.map(|words| view! {
                <ol class="key-list">{words.iter().map(|word| view! { <li>{*word}</li> }).collect_view()}</ol>
            })}
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <div><Button busy=attempt.busy on_click=same>{t!(share.key_same)}</Button></div>
        </div>
    }
}
