//! How saving stands, completing, deleting.

use api_types::ReportId;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{editor::Desk, form};
use crate::{
    components::{Banner, Button, ButtonKind, Confirm, Glyph, Time, TimeStyle, Tone},
    t,
    vault::{
        Attempt,
        drafts::{Saving, Session},
        explain,
    },
};

/// The bar at the end of the page.
#[component]
pub(super) fn Finish(desk: Desk) -> impl IntoView {
    let attempt = Attempt::new();
    let deleting = RwSignal::new(false);
    let navigate = use_navigate();
    let complete = {
        let navigate = navigate.clone();
        move |()| complete(desk, attempt, navigate.clone())
    };
    // What isn't stored yet can't be deleted.
    let exists = Memo::new(move |_| {
        desk.session.with(|session| {
            let stored = |session: &Session| {
                session.saving().track();
                session.is_stored()
            };
            session.as_ref().is_some_and(stored)
        })
    });
    view! {
        <Moved desk/>
        {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        <div class="finish">
            <p class="finish-state" role="status"><SavedWhen desk/></p>
            <div class="finish-acts">
                {move || exists.get().then(|| view! {
                    <Button kind=ButtonKind::DangerQuiet glyph=Glyph::Trash on_click=move |()| deleting.set(true)>{t!(draft.delete)}</Button>
                })}
                <Button busy=attempt.busy on_click=complete>{t!(draft.complete)}</Button>
            </div>
        </div>
        <p class="field-hint">{t!(draft.complete_note)}</p>
        <Delete desk open=deleting navigate=StoredValue::new(Box::new(move |to: &str| navigate(to, NavigateOptions { replace: true, ..Default::default() })) as Go)/>
    }
}

type Go = Box<dyn Fn(&str) + Send + Sync>;

/// What is missing, in sentences; none when it may be completed.
pub(super) fn missing(desk: Desk) -> Vec<&'static str> {
    let too_long =
        untrack(|| desk.fields.get()).each().into_iter().any(|(field, text)| form::too_long(field, text).is_some());
    let empty = |signal: RwSignal<String>| signal.with_untracked(|text| text.trim().is_empty());
    let mut missing = Vec::new();
    if too_long {
        missing.push(t!(draft.need_shorter));
    }
    if empty(desk.fields.patient_name) {
        missing.push(t!(draft.need_patient));
    }
    if empty(desk.fields.title) && empty(desk.fields.report_number) {
        missing.push(t!(draft.need_title));
    }
    let unfinished = desk.session.get_untracked().is_some_and(|session| {
        session.files().with_untracked(|files| files.iter().any(|file| !file.stage.is_stored()))
    });
    if unfinished {
        missing.push(t!(draft.need_files));
    }
    missing
}

fn complete(desk: Desk, attempt: Attempt, navigate: impl Fn(&str, NavigateOptions) + 'static) {
    let missing = missing(desk);
    if !missing.is_empty() {
        attempt.problem.set(Some(t!(draft.problems, problems = missing.join(" "))));
        return;
    }
    if !attempt.begin() {
        return;
    }
    desk.with_keys(move |open| async move {
        let outcome = async {
            let session = desk.ensure(&open).await?;
            session.complete(untrack(|| desk.fields.get())).await
        };
        match outcome.await {
            Ok(id) => {
                attempt.done();
                desk.drafts.forget(&id);
                desk.index.refresh();
                desk.toasts.done(t!(draft.completed));
                navigate(&format!("/reports/{id}"), NavigateOptions { replace: true, ..Default::default() });
            }
            Err(error) => attempt.failed(explain(&error)),
        }
    });
}

/// "Draft saved 2 minutes ago, sealed".
#[component]
pub(super) fn SavedWhen(desk: Desk) -> impl IntoView {
    move || match desk.saving() {
        Saving::Nothing if desk.base.is_some() => {
            // Changes of before a reload are there, whatever was saved since.
            let stored = desk.session.with(|session| session.as_ref().is_some_and(Session::is_stored));
            view! { {if stored { t!(versions.changes_kept) } else { t!(versions.nothing_yet) }} }.into_any()
        }
        Saving::Nothing => view! { {t!(draft.unsaved)} }.into_any(),
        Saving::Running => view! { {t!(draft.saving)} }.into_any(),
        Saving::Saved(at) => {
            let (before, after) = t!(draft.saved).split_once("{when}").unwrap_or((t!(draft.saved), ""));
            view! { {before}<Time at=at style=TimeStyle::Relative/>{after} }.into_any()
        }
        Saving::Failed(why) => view! { {t!(draft.save_failed, why = why)} }.into_any(),
        Saving::Moved => view! { {t!(draft.unsaved)} }.into_any(),
    }
}

/// Another device saved this draft.
#[component]
pub(super) fn Moved(desk: Desk) -> impl IntoView {
    let attempt = Attempt::new();
    let load = move |()| {
        let Some(session) = desk.session.get_untracked() else { return };
        if !attempt.begin() {
            return;
        }
        desk.with_keys(move |open| async move {
            match desk.drafts.reload(&open, &session.id()).await {
                Ok(session) => {
                    attempt.done();
                    desk.replace(session, true);
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    let moved = move || desk.saving() == Saving::Moved;
    move || {
        moved().then(|| {
            view! {
                <Banner tone=Tone::Warn>
                    <p>{t!(draft.conflict)}</p>
                    {move || attempt.problem.get().map(|problem| view! { <p class="field-error">{problem}</p> })}
                    <div class="banner-actions">
                        <Button kind=ButtonKind::Secondary class="btn-small" busy=attempt.busy on_click=load>{t!(draft.conflict_load)}</Button>
                    </div>
                </Banner>
            }
        })
    }
}

/// Deletes the draft, whose question was answered so, and goes on with its id.
pub(super) fn throw_away(
    desk: Desk,
    attempt: Attempt,
    question: RwSignal<bool>,
    gone: impl FnOnce(ReportId) + 'static,
) {
    let Some(session) = desk.session.get_untracked() else { return };
    if !attempt.begin() {
        return;
    }
    desk.with_keys(move |keys| async move {
        match desk.drafts.delete(&keys, &session.id()).await {
            Ok(()) => {
                attempt.done();
                question.try_set(false);
                // Nothing may save it again on the way out.
                desk.session.try_set(None);
                desk.index.refresh();
                gone(session.id());
            }
            Err(error) => attempt.failed(explain(&error)),
        }
    });
}

#[component]
fn Delete(desk: Desk, open: RwSignal<bool>, navigate: StoredValue<Go>) -> impl IntoView {
    let attempt = Attempt::new();
    let name = move || {
        let title = desk.fields.title.get();
        if title.trim().is_empty() { t!(reports.draft_untitled).to_owned() } else { title }
    };
    let gone = move |_| {
        desk.toasts.done(t!(reports.draft_deleted));
        navigate.try_with_value(|navigate| navigate("/reports"));
    };
    let delete = move |()| throw_away(desk, attempt, open, gone);
    view! {
        <Confirm
            id="delete-this-draft"
            open
            title=t!(reports.draft_delete_title).to_owned()
            action=t!(draft.delete)
            busy=attempt.busy
            on_confirm=delete
        >
            <p>{move || t!(reports.draft_delete_text, name = name())}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
