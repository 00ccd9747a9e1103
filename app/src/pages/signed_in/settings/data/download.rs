//! Everything as one archive: how far it is, a way to stop it, and what came of it.

use client::{
    ClientError,
    archive::{ArchiveControl, ArchiveProgress, ArchiveScope, Archived, LeftOut},
    bulk::Cancel,
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::{
    browser::{self, format_size},
    components::{Banner, Button, ButtonKind, Card, CheckBox, Glyph, Progress, Tone},
    t,
    vault::{Keys, WebArchive, admin, explain, idle, use_vault},
};

/// Where it stands.
#[derive(Clone, PartialEq)]
enum Phase {
    Rest,
    Running,
    Done(Archived),
    Stopped,
    Failed(String),
}

/// `Copy` state of the card.
#[derive(Clone, Copy)]
struct Making {
    phase: RwSignal<Phase>,
    now: RwSignal<ArchiveProgress>,
    cancel: StoredValue<Cancel>,
}

/// The archive's name: `healthsecure-2026-11-27.zip`.
fn name() -> String {
    format!("healthsecure-{}.zip", browser::today())
}

impl Making {
    fn new() -> Self {
        Self {
            phase: RwSignal::new(Phase::Rest),
            now: RwSignal::new(ArchiveProgress::default()),
            cancel: StoredValue::new(Cancel::default()),
        }
    }

    fn begin(self, open: Keys, shared: bool) {
        if self.phase.get_untracked() == Phase::Running {
            return;
        }
        let cancel = Cancel::default();
        self.cancel.set_value(cancel.clone());
        self.now.set(ArchiveProgress::default());
        self.phase.set(Phase::Running);
        spawn_local(async move {
            let phase = self.make(&open, shared, cancel).await;
            self.phase.try_set(phase);
        });
    }

    async fn make(self, open: &Keys, shared: bool, cancel: Cancel) -> Phase {
        let name = name();
        let mut target = match WebArchive::begin(&name).await {
            Ok(Some(target)) => target,
            Ok(None) => return Phase::Rest,
            Err(error) => return failed(&error),
        };
        let control = ArchiveControl::new(cancel, move |now: &ArchiveProgress| {
            idle::stay_awake();
            self.now.try_set(now.clone());
        });
        let scope = ArchiveScope { origin: admin::origin(), shared };
        let done = match open.archive(&scope, &mut target, &control).await {
            Ok(done) => done,
            Err(error) => {
                target.discard().await;
                return failed(&error);
            }
        };
        // Only now is it shown as complete: its last byte is written.
        match target.finish(&name).await {
            Ok(()) => Phase::Done(done),
            Err(error) => failed(&error),
        }
    }
}

fn failed(error: &ClientError) -> Phase {
    match error {
        ClientError::Cancelled => Phase::Stopped,
        error => Phase::Failed(explain(error)),
    }
}

/// The card.
#[component]
pub(super) fn Download() -> impl IntoView {
    let vault = use_vault();
    let making = Making::new();
    let shared = RwSignal::new(false);
    // Nobody is left to be told; the file that was begun is given up.
    on_cleanup(move || {
        making.cancel.try_with_value(Cancel::cancel);
    });
    let begin = move |()| {
        if let Some(open) = vault.keys() {
            making.begin(open, shared.get_untracked());
        }
    };
    let running = Memo::new(move |_| making.phase.get() == Phase::Running);
    view! {
        <Card title=t!(data.download).to_owned()>
            <div class="stack">
                <p>{t!(data.download_note)}</p>
                <Banner tone=Tone::Info><p>{t!(data.download_plain)}</p></Banner>
                <CheckBox value=shared>{t!(data.download_shared)}</CheckBox>
                <div class="banner-actions">
                    <Button glyph=Glyph::Download busy=running on_click=begin>{t!(data.download_start)}</Button>
                    {move || running.get().then(|| view! {
                        <Button
                            kind=ButtonKind::Secondary
                            on_click=move |()| { making.cancel.try_with_value(Cancel::cancel); }
                        >
                            {t!(data.download_cancel)}
                        </Button>
                    })}
                </div>
                {move || running.get().then(|| view! { <HowFar now=making.now/> })}
                <div aria-live="polite">{move || outcome(making.phase.get())}</div>
            </div>
        </Card>
    }
}

#[component]
fn HowFar(now: RwSignal<ArchiveProgress>) -> impl IntoView {
    let label = Signal::derive(move || {
        now.with(|now| {
            t!(data.download_progress, done = now.done, reports = now.reports, written = format_size(now.written))
        })
    });
    let part = Signal::derive(move || now.with(|now| (now.reports > 0).then(|| now.done as f64 / now.reports as f64)));
    let detail = Signal::derive(move || {
        now.with(|now| match now.file.is_empty() {
            true => t!(data.download_at, title = now.title),
            false => {
                let percent = (now.file_done * 100).checked_div(now.file_size).unwrap_or(100);
                t!(data.download_file, title = now.title, file = now.file, percent = percent)
            }
        })
    });
    view! { <Progress label part detail/> }
}

fn outcome(phase: Phase) -> AnyView {
    match phase {
        Phase::Rest | Phase::Running => ().into_any(),
        Phase::Stopped => view! { <Banner tone=Tone::Info><p>{t!(data.download_stopped)}</p></Banner> }.into_any(),
        Phase::Failed(why) => {
            view! { <Banner tone=Tone::Danger><p>{t!(data.download_failed, why = why)}</p></Banner> }.into_any()
        }
        Phase::Done(done) => {
            let size = format_size(done.bytes);
            let said = t!(data.download_done, reports = done.reports, files = done.files, size = size);
            view! {
                <Banner tone=Tone::Good><p>{said}</p></Banner>
                {(!done.left_out.is_empty()).then(|| view! { <Missing left_out=done.left_out/> })}
            }
            .into_any()
        }
    }
}

#[component]
fn Missing(left_out: Vec<LeftOut>) -> impl IntoView {
    let line = |left: LeftOut| view! { <li>{left.what}": "{left.why}</li> };
    view! {
        <Banner tone=Tone::Warn title=t!(data.download_missing)>
            <ul class="plain-list">{left_out.into_iter().map(line).collect_view()}</ul>
            <p>{t!(data.download_missing_note)}</p>
        </Banner>
    }
}
