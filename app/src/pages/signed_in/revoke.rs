//! Taking access away, or giving up one's own; says exactly what goes.

use api_types::ReportId;
use client::AccessRow;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{access_line::name_of, question::Question};
use crate::{
    components::{Banner, Confirm, Tone, use_toasts},
    t,
    vault::{Attempt, explain, index, use_vault},
};

/// What the question is about.
#[derive(Clone)]
pub struct Ending {
    /// Of which report.
    pub report: ReportId,
    /// Whose access.
    pub row: AccessRow,
    /// Whether the reader owns the report: then its keys are changed too.
    pub owner: bool,
}

/// The question, and what follows from yes.
#[component]
pub fn Revoke(
    /// The question.
    question: Question<Ending>,
    /// The reader gave up their own access to this report.
    #[prop(into)]
    left: Callback<ReportId>,
    /// Access to this report ended, or its keys are new: it has to be fetched anew.
    #[prop(into)]
    changed: Callback<ReportId>,
) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let index = index::use_index();
    let attempt = Attempt::new();
    let own = move || question.about().is_some_and(|ending| ending.row.own);
    let name = move || question.about().map(|ending| name_of(&ending.row.who)).unwrap_or_default();
    let title = Signal::derive(move || if own() { t!(report.leave_title) } else { t!(report.revoke_title) }.to_owned());
    let action = Signal::derive(move || if own() { t!(report.leave) } else { t!(report.revoke) }.to_owned());
    // What went wrong with one access says nothing of another.
    Effect::new(move |_| {
        if question.open.get() {
            attempt.problem.set(None);
        }
    });
    let revoke = move |()| {
        let (Some(open), Some(ending)) = (vault.keys(), question.about_untracked()) else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            let Ending { report, row, owner } = ending;
            match open.revoke(&report, &row.grant).await {
                Ok(()) if row.own => {
                    toasts.done(t!(report.leave_done));
                    question.done();
                    let _ = left.try_run(report);
                }
                Ok(()) => {
                    toasts.done(t!(report.revoke_done, name = name_of(&row.who)));
                    question.done();
                    // The page that asked may be left by now, and its callbacks with it.
                    let _ = changed.try_run(report);
                    if owner {
                        spawn_local(async move {
                            if index.revoked(&open, &report).await {
                                toasts.done(t!(report.rekey_done));
                            }
                            let _ = changed.try_run(report);
                        });
                    }
                }
                Err(error) => return attempt.failed(explain(&error)),
            }
            attempt.done();
        });
    };
    view! {
        <Confirm id="revoke" open=question.open title action busy=attempt.busy on_confirm=revoke>
            {move || match own() {
                true => view! { <p>{t!(report.leave_text)}</p> }.into_any(),
                false => view! {
                    <p>{t!(report.revoke_text, name = name())}</p>
                    <p>{t!(report.revoke_rekey, name = name())}</p>
                }
                .into_any(),
            }}
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
