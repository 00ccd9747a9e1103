//! Taking access away, or giving up one's own; says exactly what goes.

use client::AccessRow;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{handle::Handle, people::name_of};
use crate::{
    components::{Confirm, use_toasts},
    pages::signed_in::question::Question,
    t,
    vault::{Attempt, explain, index, use_vault},
};

/// The question, and what follows from yes.
#[component]
pub(super) fn Revoke(
    handle: Handle,
    question: Question<AccessRow>,
    again: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let index = index::use_index();
    let attempt = Attempt::new();
    let own = move || question.about().is_some_and(|row| row.own);
    let name = move || question.about().map(|row| name_of(&row)).unwrap_or_default();
    let title = Signal::derive(move || if own() { t!(report.leave_title) } else { t!(report.revoke_title) }.to_owned());
    let revoke = move |()| {
        let (Some(open), Some(row)) = (vault.keys(), question.about_untracked()) else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match open.revoke(&handle.id, &row.grant).await {
                Ok(()) if row.own => {
                    toasts.done(t!(report.leave_done));
                    question.done();
                    handle.end();
                }
                Ok(()) => {
                    toasts.done(t!(report.revoke_done, name = name_of(&row)));
                    question.done();
                    again();
                    handle.refresh();
                    if handle.view_untracked().is_some_and(|view| view.is_owner()) {
                        spawn_local(async move {
                            if index.revoked(&open, &handle.id).await {
                                toasts.done(t!(report.rekey_done));
                            }
                            handle.refresh();
                        });
                    }
                }
                Err(error) => toasts.problem(explain(&error)),
            }
            attempt.done();
        });
    };
    view! {
        <Confirm id="revoke" open=question.open title action=t!(report.revoke) busy=attempt.busy on_confirm=revoke>
            {move || match own() {
                true => view! { <p>{t!(report.leave_text)}</p> }.into_any(),
                false => view! {
                    <p>{t!(report.revoke_text, name = name())}</p>
                    <p>{t!(report.revoke_rekey, name = name())}</p>
                }
                .into_any(),
            }}
        </Confirm>
    }
}
