//! The versions, newest first; another one can be shown.

use leptos::prelude::*;

use super::handle::Handle;
use crate::{
    components::{Badge, Button, ButtonKind, Card, CopyButton, LinkButton, Time, TimeStyle, Tone, use_toasts},
    t,
    vault::Attempt,
};

/// In the place of a button to show it.
fn closed() -> impl IntoView {
    view! { <Badge tone=Tone::Danger>{t!(report.version_refused)}</Badge> }
}

/// A version of which nothing is known for certain but its number.
fn unverified(version: u32) -> impl IntoView {
    view! {
        <li class="row row-plain">
            <div class="row-main"><span class="row-title">{t!(report.version, version = version)}</span></div>
            <div class="row-end">{closed()}</div>
        </li>
    }
}

/// Author and time of each version.
#[component]
pub(super) fn Versions(handle: Handle) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let show = move |version: u32| handle.switch(version, attempt, toasts);
    let rows = move || {
        handle.view(|view| {
            let shown = view.version.as_ref().map(|version| version.info.version);
            let refused = |version: u32| view.refused.iter().any(|(refused, _)| *refused == version);
            let row = |info: &client::VersionInfo| {
                let (version, time, revision) = (info.version, info.time, info.revision);
                let author = view.name(&info.author);
                let act = match Some(version) == shown {
                    true => view! { <Badge tone=Tone::Info>{t!(report.version_current)}</Badge> }.into_any(),
                    false if refused(version) => closed().into_any(),
                    false => view! {
                        <Button kind=ButtonKind::Quiet class="btn-small" disabled=attempt.busy on_click=move |()| show(version)>
                            {t!(report.show_word)}<span class="sr-only">" "{t!(report.version, version = version)}</span>
                        </Button>
                    }
                    .into_any(),
                };
                view! {
                    <li class="row row-plain">
                        <div class="row-main">
                            <span class="row-title">{t!(report.version, version = version)}</span>
                            <span class="row-text">
                                {author}", "<Time at=time style=TimeStyle::DateTime/>
                                {(revision > 0).then(|| view! { " · "{t!(report.version_rekeyed, count = revision)} })}
                            </span>
                        </div>
                        <div class="row-end">{act}</div>
                    </li>
                }
            };
            let known = |version: u32| view.report.versions.iter().any(|info| info.version == version);
            let unknown = view.refused.iter().map(|(version, _)| *version).filter(|version| !known(*version));
            (unknown.map(unverified).collect_view(), view.report.versions.iter().rev().map(row).collect_view())
        })
    };
    view! {
        <Card title=t!(report.versions).to_owned() flush=true>
            <ul class="rows" role="list" aria-label=t!(report.versions)>{rows}</ul>
            <p class="card-note form-end">
                <LinkButton kind=ButtonKind::Quiet class="btn-small" href=format!("/reports/{}/versions", handle.id)>{t!(versions.all)}</LinkButton>
                <CopyButton text=handle.id.to_string() kind=ButtonKind::Quiet label=t!(report.copy_id)/>
            </p>
        </Card>
    }
}
