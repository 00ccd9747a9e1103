//! The files of a draft and their uploads.

use api_types::limits::{FILE_MAX, FILES_MAX};
use client::{
    ClientError, Space,
    content::{Field, FieldError, FieldProblem},
};
use leptos::{html, prelude::*};

use super::{editor::Desk, progress::time_left};
use crate::{
    browser::format_size,
    components::{Badge, Banner, Button, ButtonKind, Card, Confirm, DropZone, Glyph, Icon, Progress, Tone},
    pages::signed_in::{question::Question, space::RunsOut},
    t,
    vault::{
        Keys, Loaded,
        drafts::{FileState, Session, Stage},
        explain, use_vault,
    },
};

/// Adds files, one after the other; what breaks a limit is named and left out.
pub(super) fn add(desk: Desk, files: Vec<web_sys::File>) {
    desk.with_keys(move |open| async move {
        let session = match desk.ensure(&open).await {
            Ok(session) => session,
            Err(error) => return desk.toasts.problem(explain(&error)),
        };
        // Without an answer the server says it file by file; so it does where a report is changed, in its owner's space.
        let mut space = match desk.base {
            None => open.space().await.ok(),
            Some(_) => None,
        };
        for file in files {
            if session.adopt(&file) {
                continue;
            }
            if session.files().with_untracked(Vec::len) >= FILES_MAX {
                return desk.toasts.problem(t!(draft.file_many, count = FILES_MAX));
            }
            if file.size() as u64 > FILE_MAX {
                desk.toasts.problem(t!(draft.file_large, name = file.name(), size = format_size(FILE_MAX)));
                continue;
            }
            let (name, size) = (file.name(), file.size() as u64);
            if let Some(room) = space.filter(|space| !space.fits([size])).and_then(|space| space.room()) {
                let (size, room) = (format_size(size), format_size(room));
                desk.toasts.problem(t!(data.no_room, name = name, size = size, room = room));
                continue;
            }
            match session.add(file).await {
                Ok(()) => {
                    if let Some(space) = &mut space {
                        space.take(size);
                    }
                }
                Err(ClientError::Field(FieldError { field: Field::Files, problem: FieldProblem::TooLarge(most) })) => {
                    desk.toasts.problem(t!(draft.files_large, size = format_size(most), name = name));
                }
                Err(error) => desk.toasts.problem(format!("{name}: {}", explain(&error))),
            }
        }
    });
}

/// Drop zone and list.
#[component]
pub(super) fn Files(desk: Desk) -> impl IntoView {
    let hint = t!(draft.files_hint, size = format_size(FILE_MAX), count = FILES_MAX);
    let files =
        Signal::derive_local(move || desk.session.get().map(|session| session.files().get()).unwrap_or_default());
    let space = Loaded::new(use_vault(), |open: Keys| async move { open.space().await });
    let count = Memo::new(move |_| files.with(Vec::len));
    // What is added or removed changes it.
    Effect::new(move |before: Option<usize>| {
        let now = count.get();
        if before.is_some_and(|before| before != now) {
            space.again();
        }
        now
    });
    let own = move || space.value.get().filter(|_| desk.base.is_none());
    let fullness = move || own().filter(Space::runs_out).and_then(|space| space.percent());
    let taking = Question::new();
    let lost = Memo::new(move |_| files.with(|files| files.iter().any(|file| file.stage == Stage::Lost)));
    view! {
        <Card title=t!(draft.files).to_owned()>
            <div class="stack">
                <DropZone id="files" hint on_files=move |files| add(desk, files)/>
                {move || fullness().map(|percent| view! { <RunsOut percent/> })}
                {move || lost.get().then(|| view! { <Lost desk/> })}
                <ul class="files" role="list" aria-label=t!(draft.files)>
                    <For
                        each=move || files.get()
                        key=|file| file.part
                        children=move |file| view! { <li class="file" data-row=""><FileRow desk part=file.part name=file.name files taking/></li> }
                    />
                </ul>
            </div>
        </Card>
        <TakeOut desk question=taking/>
    }
}

/// Asks before a file goes that is stored already.
#[component]
fn TakeOut(desk: Desk, question: Question<(u32, String)>) -> impl IntoView {
    let title = Signal::derive(move || {
        let name = question.about().map(|(_, name)| name).unwrap_or_default();
        t!(draft.file_remove_title, name = name)
    });
    let text = if desk.base.is_some() { t!(versions.file_remove_text) } else { t!(draft.file_remove_text) };
    let remove = move |()| {
        if let Some((part, _)) = question.about_untracked() {
            question.done();
            take_out(desk, part);
        }
    };
    view! {
        <Confirm id="remove-file" open=question.open title action=t!(draft.file_remove_do) on_confirm=remove><p>{text}</p></Confirm>
    }
}

fn take_out(desk: Desk, part: u32) {
    let Some(session) = desk.session.get_untracked() else { return };
    desk.with_keys(move |_| async move {
        if let Err(error) = session.remove(part).await {
            desk.toasts.problem(explain(&error));
        }
    });
}

/// The connection is gone: nothing is lost, it goes on by itself or on a tap.
#[component]
fn Lost(desk: Desk) -> impl IntoView {
    let resume = move |()| {
        let Some(session) = desk.session.get_untracked() else { return };
        for file in session.files().get_untracked().into_iter().filter(|file| file.stage == Stage::Lost) {
            session.resume(file.part, None);
        }
    };
    view! {
        <Banner tone=Tone::Warn title=t!(draft.connection_title)>
            <p>{t!(draft.file_lost)}</p>
            <div class="banner-actions">
                <Button kind=ButtonKind::Secondary class="btn-small" glyph=Glyph::Refresh on_click=resume>{t!(draft.resume_all)}</Button>
            </div>
        </Banner>
    }
}

#[component]
fn FileRow(
    desk: Desk,
    part: u32,
    name: String,
    files: Signal<Vec<FileState>, LocalStorage>,
    taking: Question<(u32, String)>,
) -> impl IntoView {
    let now = Signal::derive_local(move || files.with(|files| files.iter().find(|file| file.part == part).cloned()));
    let stage = Memo::new(move |_| now.get().map_or(Stage::Waiting, |file| file.stage));
    let note = Memo::new(move |_| now.get().and_then(|file| file.note));
    let size = Memo::new(move |_| now.get().map_or(0, |file| file.size));
    let session = move || desk.session.get_untracked();
    let shown = name.clone();
    view! {
        <div class="file-head">
            <span class="tile"><Icon glyph=Glyph::File/></span>
            <div class="row-main">
                <span class="row-title">{shown}</span>
                <span class="row-text">{move || format_size(size.get())}</span>
            </div>
            <div class="row-end">
                {move || stage_badge(&stage.get())}
                <Acts desk part name stage taking/>
            </div>
        </div>
        {move || note.get().map(|note| view! { <p class="field-hint" role="status">{note}</p> })}
        {move || matches!(stage.get(), Stage::Running | Stage::Paused).then(|| view! { <Bar now/> })}
        {move || match stage.get() {
            Stage::Failed(why) => view! { <p class="field-error" role="alert">{why}</p> }.into_any(),
            Stage::NeedsFile => view! { <ChooseAgain part session=Signal::derive_local(session)/> }.into_any(),
            _ => ().into_any(),
        }}
    }
}

fn stage_badge(stage: &Stage) -> impl IntoView + use<> {
    let (tone, word) = match stage {
        Stage::Waiting => (Tone::Plain, t!(draft.file_waiting)),
        Stage::Running => (Tone::Info, t!(draft.file_sealing)),
        Stage::Done => (Tone::Good, t!(draft.file_done)),
        Stage::Kept => (Tone::Plain, t!(versions.file_kept)),
        Stage::Paused => (Tone::Warn, t!(draft.file_paused)),
        Stage::Lost => (Tone::Warn, t!(draft.connection_title)),
        Stage::NeedsFile => (Tone::Warn, t!(draft.file_stopped)),
        Stage::Failed(_) => (Tone::Danger, t!(draft.file_failed)),
    };
    view! { <Badge tone>{word}</Badge> }
}

/// Pause, resume, cancel, remove.
#[component]
fn Acts(desk: Desk, part: u32, name: String, stage: Memo<Stage>, taking: Question<(u32, String)>) -> impl IntoView {
    let name = StoredValue::new(name);
    let pause = move |_| {
        if let Some(session) = desk.session.get_untracked() {
            session.pause(part);
        }
    };
    let resume = move |()| {
        if let Some(session) = desk.session.get_untracked() {
            session.resume(part, None);
        }
    };
    let remove = move |_| match stage.get_untracked().is_stored() {
        true => taking.ask((part, name.get_value())),
        false => take_out(desk, part),
    };
    let running = move || matches!(stage.get(), Stage::Running | Stage::Waiting | Stage::Lost);
    let paused = move || matches!(stage.get(), Stage::Paused | Stage::Failed(_));
    // What is uploaded is removed; what isn't yet is cancelled: either way it goes, and what of it was uploaded.
    let gone = move || match stage.get() {
        Stage::Done | Stage::Kept => t!(draft.file_remove, name = name.get_value()),
        _ => t!(draft.file_cancel, name = name.get_value()),
    };
    view! {
        {move || paused().then(|| view! {
            <Button kind=ButtonKind::Secondary class="btn-small" on_click=resume>{t!(draft.file_resume)}</Button>
        })}
        {move || running().then(|| view! {
            <button type="button" class="icon-btn" aria-label=t!(draft.file_pause, name = name.get_value()) on:click=pause>
                <Icon glyph=Glyph::Pause/>
            </button>
        })}
        <button type="button" class="icon-btn" aria-label=gone on:click=remove>
            <Icon glyph=Glyph::Close/>
        </button>
    }
}

/// Bytes, speed, time left.
#[component]
fn Bar(now: Signal<Option<FileState>, LocalStorage>) -> impl IntoView {
    let part = RwSignal::new(None);
    let label = RwSignal::new(String::new());
    let detail = RwSignal::new(String::new());
    Effect::new(move |_| {
        let Some(file) = now.get() else { return };
        part.set((file.size > 0).then(|| file.done as f64 / file.size as f64));
        label.set(t!(draft.progress, done = format_size(file.done), total = format_size(file.size)));
        let left = time_left(file.size.saturating_sub(file.done), file.speed);
        detail.set(match left.is_empty() {
            true => String::new(),
            false => t!(draft.speed, speed = format_size(file.speed as u64), left = left),
        });
    });
    view! { <Progress label part detail/> }
}

/// After a reload the browser no longer has the file.
#[component]
fn ChooseAgain(part: u32, session: Signal<Option<Session>, LocalStorage>) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    let wrong = RwSignal::new(false);
    let id = format!("again-{part}");
    let chosen = move |_| {
        let Some(input) = node.get_untracked() else { return };
        let file = input.files().and_then(|files| files.get(0));
        input.set_value("");
        if let (Some(session), Some(file)) = (session.get_untracked(), file) {
            wrong.set(!session.resume(part, Some(file)));
        }
    };
    view! {
        <div class="choose-again">
            <p class="field-hint">{t!(draft.file_again)}</p>
            <label class="btn btn-secondary btn-small" for=id.clone()>{t!(draft.file_choose)}</label>
            <input id=id node_ref=node class="sr-only" type="file" on:change=chosen/>
            {move || wrong.get().then(|| view! { <p class="field-error" role="alert">{t!(draft.file_other)}</p> })}
        </div>
    }
}
