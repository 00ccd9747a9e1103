//! The code form of one share.

use api_types::{ErrorCode, grants::GrantInfo};
use client::ClientError;
use leptos::prelude::*;

use super::Standing;
use crate::{
    components::{Button, LinkButton},
    t,
    vault::{Attempt, explain, index, use_vault},
};

/// Takes the code, tries it, goes to the report; says how many tries are left.
#[component]
pub(super) fn RedeemForm(
    grant: GrantInfo,
    /// What a try found out about the share.
    found: RwSignal<Option<Standing>>,
    again: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let vault = use_vault();
    let index = index::use_index();
    let code = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let id = grant.id;
    let opened = RwSignal::new(None);
    let name = StoredValue::new(grant.granted_by_name);
    let redeem = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(open) = vault.keys() else { return };
        let typed = code.get_untracked();
        if typed.trim().is_empty() || !attempt.begin() {
            return;
        }
        wasm_bindgen_futures::spawn_local(async move {
            match open.redeem(&id, &typed).await {
                Ok(report) => {
                    code.try_set(String::new());
                    attempt.done();
                    index.refresh();
                    opened.try_set(Some(report));
                }
                Err(error) => {
                    match error.problem() {
                        Some(ErrorCode::CodeLocked) => drop(found.try_set(Some(Standing::Locked))),
                        Some(ErrorCode::ShareExpired | ErrorCode::Gone) => drop(found.try_set(Some(Standing::Expired))),
                        Some(ErrorCode::NotFound) => again(),
                        _ => {}
                    }
                    attempt.failed(sentence(&error));
                }
            }
        });
    };
    let dom_id = StoredValue::new(format!("code-{id}"));
    let form = move || {
        view! {
            <form class="form" method="dialog" on:submit=redeem autocomplete="off">
                <CodeField id=dom_id.get_value() name=name.get_value() value=code attempt/>
                <div class="form-end">
                    <Button submit=true busy=attempt.busy>{t!(shared.redeem)}</Button>
                    <span class="field-hint" role="status">{move || attempt.busy.get().then_some(t!(shared.redeeming))}</span>
                </div>
            </form>
        }
    };
    move || match opened.get() {
        None => form().into_any(),
        Some(report) => view! {
            <div class="form-end" role="status">
                <p>{t!(shared.done)}</p>
                <LinkButton href=format!("/reports/{report}")>{t!(shared.open)}</LinkButton>
            </div>
        }
        .into_any(),
    }
}

/// What a failed try means.
fn sentence(error: &ClientError) -> String {
    match error {
        ClientError::WrongCode { tries_left: Some(0) } => t!(shared.wrong_none).to_owned(),
        ClientError::WrongCode { tries_left: Some(1) } => t!(shared.wrong_one).to_owned(),
        ClientError::WrongCode { tries_left: Some(count) } => t!(shared.wrong, count = count),
        error => explain(error),
    }
}

/// A field for a code; several may stand in one page, so its id is made at run time.
#[component]
fn CodeField(id: String, name: String, value: RwSignal<String>, attempt: Attempt) -> impl IntoView {
    let (hint, wrong) = (format!("{id}-hint"), format!("{id}-error"));
    let described = format!("{hint} {wrong}");
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>{t!(shared.code)}</label>
            <input
                id=id
                class="input code-input"
                type="text"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck="false"
                maxlength="40"
                prop:value=value
                aria-invalid=move || attempt.problem.get().is_some().then_some("true")
                aria-describedby=described
                on:input=move |event| value.set(event_target_value(&event))
            />
            <p class="field-hint" id=hint>{t!(shared.code_hint, name = name)}</p>
            <div id=wrong aria-live="polite">
                {move || attempt.problem.get().map(|problem| view! { <p class="field-error">{problem}</p> })}
            </div>
        </div>
    }
}
