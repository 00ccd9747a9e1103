//! The versions, newest first, each with what can be done with it.

use client::{VersionInfo, bulk::Control};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Handle, Opened};
use crate::{
    components::{Badge, Button, ButtonKind, Card, Dialog, Time, TimeStyle, Tone, use_toasts},
    pages::signed_in::question::Question,
    t,
    vault::{Attempt, explain, idle, index::use_index},
};

/// The two versions that are compared.
pub(super) type Pair = (RwSignal<String>, RwSignal<String>);

#[component]
pub(super) fn List(handle: Handle, opened: Opened, pair: Pair) -> impl IntoView {
    let question = Question::<u32>::new();
    let (latest, may_restore) = (opened.report.latest, opened.may_restore());
    let row = |info: &VersionInfo| {
        let VersionInfo { version, time, revision, files, .. } = *info;
        let author = opened.name(&info.author);
        let count = if files == 1 { t!(versions.files_one).to_owned() } else { t!(versions.files, count = files) };
        let compare = move |()| {
            pair.0.set((version - 1).to_string());
            pair.1.set(version.to_string());
            crate::browser::focus("compare");
        };
        let before = opened.versions().iter().any(|other| other.version + 1 == version);
        view! {
            <li class="row row-plain" data-version=version>
                <div class="row-main">
                    <span class="row-title with-badge">
                        {t!(versions.version, version = version)}
                        {(version == latest).then(|| view! { <Badge tone=Tone::Info>{t!(versions.newest)}</Badge> })}
                    </span>
                    <span class="row-text">
                        {author}", "<Time at=time style=TimeStyle::DateTime/>" · "{count}
                        {(revision > 0).then(|| view! { " · "{t!(versions.rekeyed, count = revision)} })}
                    </span>
                </div>
                <div class="row-end">
                    {before.then(|| view! {
                        <Button kind=ButtonKind::Quiet class="btn-small" on_click=compare>
                            {t!(versions.compare_with_before)}<span class="sr-only">": "{t!(versions.version, version = version)}</span>
                        </Button>
                    })}
                    {(may_restore && version != latest).then(|| view! {
                        <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| question.ask(version)>
                            {t!(versions.restore)}<span class="sr-only">": "{t!(versions.version, version = version)}</span>
                        </Button>
                    })}
                </div>
            </li>
        }
    };
    let rows = opened.versions().iter().rev().map(row).collect_view();
    view! {
        <Card title=t!(versions.list).to_owned() flush=true>
            <ul class="rows" role="list" aria-label=t!(versions.list)>{rows}</ul>
        </Card>
        <RestoreDialog handle question latest/>
    }
}

#[component]
fn RestoreDialog(handle: Handle, question: Question<u32>, latest: u32) -> impl IntoView {
    let toasts = use_toasts();
    let index = use_index();
    let attempt = Attempt::new();
    let restore = move |()| {
        let (Some(open), Some(version)) = (handle.vault.keys(), question.about_untracked()) else { return };
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            // Files may have to be sealed again, which takes a while.
            let control = Control::new(Default::default(), |_| idle::stay_awake());
            match open.restore_version(&handle.id, version, latest, &control).await {
                Ok(report) => {
                    attempt.done();
                    question.done();
                    toasts.done(t!(versions.restored, version = version, next = report.latest));
                    index.refresh();
                }
                Err(error) => attempt.failed(explain(&error)),
            }
            handle.load();
        });
    };
    let title = Signal::derive(move || t!(versions.restore_title, version = question.about().unwrap_or_default()));
    view! {
        <Dialog id="restore-version" open=question.open title>
            <p>{t!(versions.restore_text, next = latest + 1)}</p>
            {move || attempt.problem.get().map(|problem| view! { <p class="field-error" role="alert">{problem}</p> })}
            <div class="dialog-actions">
                <Button kind=ButtonKind::Secondary on_click=move |()| question.open.set(false)>{t!(common.cancel)}</Button>
                <Button busy=attempt.busy on_click=restore>{t!(versions.restore)}</Button>
            </div>
        </Dialog>
    }
}
