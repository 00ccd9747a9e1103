//! Saving what was changed as the report's next version, or discarding it.

use std::rc::Rc;

use api_types::live::LiveKind;
use client::{ClientError, content::ReportFields};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    conflict::{MEANWHILE, Saved},
    editor::Desk,
    finish::{Moved, SavedWhen, missing, throw_away},
};
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Confirm, Glyph, Tone},
    t,
    vault::{Attempt, drafts::Session, explain, reports, use_vault},
};

/// Where to, once it is saved or discarded.
type Go = StoredValue<Box<dyn Fn(&str) + Send + Sync>>;

/// The bar at the end of the page.
#[component]
pub(super) fn FinishChange(desk: Desk, base: u32, saved: RwSignal<Option<Saved>, LocalStorage>) -> impl IntoView {
    let attempt = Attempt::new();
    let discarding = RwSignal::new(false);
    let navigate = use_navigate();
    let go: Go = StoredValue::new(Box::new(move |to: &str| {
        navigate(to, NavigateOptions { replace: true, ..Default::default() });
    }));
    listen(desk, saved);
    forget_problem(desk, attempt);
    // One that begins now changes what is the newest version now.
    if desk.session.with_untracked(|session| session.as_ref().is_some_and(Session::is_stored)) {
        look(desk, saved, None);
    }
    view! {
        <Moved desk/>
        {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        <div class="finish">
            <p class="finish-state" role="status"><SavedWhen desk/></p>
            <div class="finish-acts">
                <Button kind=ButtonKind::DangerQuiet glyph=Glyph::Trash on_click=move |()| discarding.set(true)>{t!(versions.discard)}</Button>
                <Button busy=attempt.busy on_click=move |()| save(desk, saved, attempt, go)>{t!(versions.save)}</Button>
            </div>
        </div>
        <p class="field-hint">{t!(versions.save_note)}</p>
        <Discard desk base open=discarding go/>
    }
}

/// Somebody else's version is told while one types.
fn listen(desk: Desk, saved: RwSignal<Option<Saved>, LocalStorage>) {
    let id = desk.session.with_untracked(|session| session.as_ref().map(|session| session.id()));
    use_vault().on_live(move |event| {
        let this = event.report_id.is_some() && event.report_id == id;
        if matches!(event.kind, LiveKind::ReportChanged if this) || matches!(event.kind, LiveKind::Resync) {
            look(desk, saved, None);
        }
    });
}

/// What was refused says nothing of what was changed since.
fn forget_problem(desk: Desk, attempt: Attempt) {
    Effect::new(move |before: Option<Rc<(ReportFields, Vec<u32>)>>| {
        let now = Rc::new((desk.fields.get(), desk.parts()));
        if before.is_some_and(|before| before != now) {
            attempt.problem.set(None);
        }
        now
    });
}

/// Looks whether somebody has saved a version since the changes were begun. `attempt` says what goes wrong with that.
pub(super) fn look(desk: Desk, saved: RwSignal<Option<Saved>, LocalStorage>, attempt: Option<Attempt>) {
    let Some(session) = desk.session.get_untracked() else { return };
    desk.with_keys(move |open| async move {
        let Some(fields) = desk.typed() else { return };
        let found = async {
            let Some(conflict) = session.conflict(fields).await? else { return Ok(None) };
            let names = reports::names(&open, &session.id()).await?;
            let name = names.get(&conflict.theirs.author).cloned();
            Ok(Some(Saved::new(conflict, name)))
        };
        let found: client::Result<Option<Saved>> = found.await;
        match (found, attempt) {
            // Both were brought together meanwhile: this is about what was before.
            (Ok(Some(found)), _) if !found.is_about(&session) => {}
            (Ok(found), attempt) => {
                let asked = attempt.is_some() && found.is_some();
                saved.try_set(found);
                // Whoever wanted to save is shown why that can't be. Nobody is taken away from where they type.
                if asked {
                    request_animation_frame(|| browser::focus(MEANWHILE));
                }
            }
            (Err(error), Some(attempt)) => attempt.failed(explain(&error)),
            // It is looked again when it is saved.
            (Err(_), None) => {}
        }
    });
}

fn save(desk: Desk, saved: RwSignal<Option<Saved>, LocalStorage>, attempt: Attempt, go: Go) {
    let missing = missing(desk);
    if !missing.is_empty() {
        attempt.problem.set(Some(t!(draft.problems, problems = missing.join(" "))));
        return;
    }
    let Some(session) = desk.session.get_untracked() else { return };
    if !attempt.begin() {
        return;
    }
    desk.with_keys(move |_| async move {
        let Some(fields) = desk.typed() else { return };
        match session.save_version(fields).await {
            Ok(version) => {
                attempt.done();
                desk.drafts.forget(&session.id());
                desk.index.refresh();
                desk.toasts.done(t!(versions.saved, version = version));
                go.try_with_value(|go| go(&format!("/reports/{}", session.id())));
            }
            Err(error @ ClientError::VersionMoved { .. }) => {
                attempt.failed(explain(&error));
                look(desk, saved, Some(attempt));
            }
            Err(error) => attempt.failed(explain(&error)),
        }
    });
}

#[component]
fn Discard(desk: Desk, base: u32, open: RwSignal<bool>, go: Go) -> impl IntoView {
    let attempt = Attempt::new();
    let gone = move |id| {
        desk.toasts.done(t!(versions.discarded));
        go.try_with_value(|go| go(&format!("/reports/{id}")));
    };
    let discard = move |()| throw_away(desk, attempt, open, gone);
    view! {
        <Confirm
            id="discard-changes"
            open
            title=t!(versions.discard_title).to_owned()
            action=t!(versions.discard)
            busy=attempt.busy
            on_confirm=discard
        >
            <p>{t!(versions.discard_text, version = base)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
