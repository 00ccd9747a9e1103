//! The drafts above the list.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::filters::Search;
use crate::{
    components::{Badge, Card, Confirm, Glyph, Icon, Row, Rows, Time, TimeStyle, Tone, use_toasts},
    pages::signed_in::question::Question,
    t,
    vault::{
        Attempt, Keys, Loaded,
        drafts::{DraftItem, use_drafts},
        explain,
        index::use_index,
        use_vault,
    },
};

/// Nothing where there is none.
#[component]
pub(super) fn Drafts(search: Search) -> impl IntoView {
    let index = use_index();
    let question = Question::new();
    let row = move |draft: DraftItem| view! { <DraftLine draft question/> };
    let found = Memo::new(move |_| {
        let takes = |draft: &DraftItem| search.takes_draft(&[&draft.name, &draft.patient, &draft.kind], &draft.kind);
        index.drafts.get().into_iter().filter(takes).collect::<Vec<_>>()
    });
    let any = Memo::new(move |_| found.with(|drafts| !drafts.is_empty()));
    view! {
        {move || any.get().then(|| view! {
            <Card title=t!(reports.drafts).to_owned() flush=true>
                <p class="card-note field-hint">{t!(reports.drafts_note)}</p>
                <Kept/>
                <Rows label=t!(reports.drafts).to_owned()>
                    <For each=move || found.get() key=|draft| (draft.id, draft.updated_at, draft.problem.clone()) children=row/>
                </Rows>
            </Card>
        })}
        <Delete question/>
    }
}

/// Where the server deletes drafts that rest, after how long.
#[component]
fn Kept() -> impl IntoView {
    let instance = Loaded::new(use_vault(), |open: Keys| async move { open.api().get_instance().await });
    let days = move || instance.value.with(|instance| instance.as_ref().and_then(|it| it.keep_drafts_days));
    move || days().map(|days| view! { <p class="card-note field-hint">{t!(data.drafts_kept, days = days)}</p> })
}

fn name_of(draft: &DraftItem) -> String {
    if draft.name.trim().is_empty() { t!(reports.draft_untitled).to_owned() } else { draft.name.clone() }
}

#[component]
fn DraftLine(draft: DraftItem, question: Question<DraftItem>) -> impl IntoView {
    let name = name_of(&draft);
    let (saved, patient, problem) = (draft.updated_at, draft.patient.clone(), draft.problem.clone());
    let base = draft.base;
    let href = problem.is_none().then(|| match base {
        Some(_) => format!("/reports/{}/edit", draft.id),
        None => format!("/drafts/{}", draft.id),
    });
    let word = match base {
        Some(version) => t!(versions.draft, version = version),
        None => t!(reports.status_draft).to_owned(),
    };
    let text = move || {
        let patient = (!patient.trim().is_empty()).then(|| format!("{patient} · "));
        match &problem {
            Some(problem) => problem.clone().into_any(),
            None => view! { {patient}{t!(reports.draft_saved, when = "")}<Time at=saved style=TimeStyle::Relative/> }
                .into_any(),
        }
    };
    let label = format!("{}: {name}", t!(reports.draft_delete));
    let lead = || view! { <span class="tile"><Icon glyph=Glyph::Edit/></span> };
    let delete = view! {
        <button type="button" class="icon-btn" aria-label=label title=t!(reports.draft_delete) on:click=move |_| question.ask(draft.clone())>
            <Icon glyph=Glyph::Trash/>
        </button>
    };
    match href {
        Some(href) => view! { <Row lead title=name href text><Badge tone=Tone::Warn>{word}</Badge>{delete}</Row> }.into_any(),
        None => view! { <Row lead title=name text><Badge tone=Tone::Danger>{t!(reports.status_draft)}</Badge>{delete}</Row> }.into_any(),
    }
}

#[component]
fn Delete(question: Question<DraftItem>) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let (drafts, index) = (use_drafts(), use_index());
    let attempt = Attempt::new();
    let delete = move |()| {
        let (Some(open), Some(draft)) = (vault.keys(), question.about_untracked()) else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match drafts.delete(&open, &draft.id).await {
                Ok(()) => {
                    index.drafts.update(|drafts| drafts.retain(|other| other.id != draft.id));
                    toasts.done(t!(reports.draft_deleted));
                }
                Err(error) => toasts.problem(explain(&error)),
            }
            attempt.done();
            question.done();
        });
    };
    view! {
        <Confirm
            id="delete-draft"
            open=question.open
            title=t!(reports.draft_delete_title).to_owned()
            action=t!(reports.draft_delete)
            busy=attempt.busy
            on_confirm=delete
        >
            <p>{move || t!(reports.draft_delete_text, name = question.about().map(|draft| name_of(&draft)).unwrap_or_default())}</p>
        </Confirm>
    }
}
