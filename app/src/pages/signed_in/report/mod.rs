//! `/reports/:id`: a report, its versions and files, who has access, who opened it. When access ends while it is open,
//! everything of it leaves the page at once.

mod ended;
mod erase;
mod events;
mod fields;
mod files;
mod handle;
mod invite;
mod older;
mod people;
mod share;
mod unopened;
mod versions;
mod viewer;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::{
    components::{
        BackLink, Badge, Banner, Button, ButtonKind, Card, Glyph, LinkButton, Page, Skeleton, SkeletonRows, Time,
        TimeStyle, Tone, use_toasts,
    },
    t,
    vault::{Attempt, explain, index, reports, use_vault},
};
use ended::{Ended, Erased};
use erase::EraseDialog;
use events::Events;
use fields::Fields;
use files::Files;
use handle::{Handle, Shown};
use invite::Invite;
use older::Older;
use people::People;
use share::ShareDialog;
use unopened::Unopened;
use versions::Versions;

/// `/reports/:id`.
#[component]
pub fn ReportPage() -> impl IntoView {
    view! { <ReportRoute sharing=false/> }
}

/// `/reports/:id/share`: the same with the share dialog open.
#[component]
pub fn SharePage() -> impl IntoView {
    view! { <ReportRoute sharing=true/> }
}

/// Another id in the address is another report: everything of the one before goes.
#[component]
fn ReportRoute(sharing: bool) -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse().ok()));
    move || match id.get() {
        Some(id) => view! { <OneReport id sharing/> }.into_any(),
        None => view! { <Ended while_open=false/> }.into_any(),
    }
}

#[component]
fn OneReport(id: api_types::ReportId, sharing: bool) -> impl IntoView {
    let handle = Handle::new(id);
    let share = RwSignal::new(sharing);
    view! {
        <BackLink href="/reports" label=t!(report.back)/>
        {move || match handle.shown.get() {
            Shown::Waiting => view! { <Waiting/> }.into_any(),
            Shown::Open => view! { <Open handle share/> }.into_any(),
            Shown::Ended { while_open } => view! { <Ended while_open/> }.into_any(),
            Shown::Erased(why) => view! { <Erased why/> }.into_any(),
            Shown::Refused(why) => view! { <Refused why/> }.into_any(),
            Shown::Unreachable(why) => view! { <Unreachable why handle/> }.into_any(),
        }}
    }
}

#[component]
fn Waiting() -> impl IntoView {
    view! {
        <div class="page-head" role="status" aria-label=t!(report.loading)><Skeleton class="w-60 h-8"/></div>
        <Card flush=true><SkeletonRows count=5/></Card>
    }
}

#[component]
fn Refused(why: String) -> impl IntoView {
    view! {
        <Page title=t!(report.refused_title).to_owned()>
            <Banner tone=Tone::Danger title=t!(errors.verification_title)>
                <p>{why}</p>
                <p>{t!(errors.verification)}</p>
            </Banner>
        </Page>
    }
}

#[component]
fn Unreachable(why: String, handle: Handle) -> impl IntoView {
    view! {
        <Page title=t!(report.offline).to_owned()>
            <Banner tone=Tone::Warn title=t!(report.offline)>
                <p>{why}</p>
                <div class="banner-actions">
                    <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| handle.load()>{t!(common.retry)}</Button>
                </div>
            </Banner>
        </Page>
    }
}

/// The report itself. Its parts read the view from the handle, so that a refresh changes them in place.
#[component]
fn Open(handle: Handle, share: RwSignal<bool>) -> impl IntoView {
    let may_share = Memo::new(move |_| handle.view(|view| view.may_share()).unwrap_or(false));
    let owns = Memo::new(move |_| handle.view(|view| view.is_owner()).unwrap_or(false));
    let may_edit = Memo::new(move |_| handle.view(|view| view.may_edit()).unwrap_or(false));
    let erasing = RwSignal::new(false);
    let actions = move || {
        view! {
            {move || may_edit.get().then(|| view! {
                <LinkButton kind=ButtonKind::Secondary glyph=Glyph::Edit href=format!("/reports/{}/edit", handle.id)>{t!(versions.edit)}</LinkButton>
            })}
            {move || may_share.get().then(|| view! {
                <Button glyph=Glyph::Share on_click=move |()| share.set(true)>{t!(report.share)}</Button>
            })}
            <Button kind=ButtonKind::Secondary glyph=Glyph::Print on_click=move |()| crate::browser::print()>{t!(report.print)}</Button>
            {move || owns.get().then(|| view! {
                <Button kind=ButtonKind::DangerQuiet glyph=Glyph::Trash on_click=move |()| erasing.set(true)>{t!(report.erase)}</Button>
            })}
        }
    };
    let shown = Memo::new(move |_| handle.version(|_, _| ()).is_some());
    let title = RwSignal::new(String::new());
    Effect::new(move |_| {
        if let Some(now) = handle.view(|view| view.title()) {
            title.set(now);
        }
    });
    view! {
        <Page title window_title=t!(report.fields) actions>
            <Head handle/>
            <Unopened handle/>
            <Older handle/>
            <Rekey handle/>
            <Invite handle/>
            <div class="cols">
                <div class="stack">
                    {move || shown.get().then(|| view! { <Fields handle/> <Files handle/> })}
                </div>
                <div class="stack no-print">
                    <People handle/>
                    <Versions handle/>
                    <Events handle/>
                </div>
            </div>
        </Page>
        {move || may_share.get().then(|| view! { <ShareDialog handle open=share/> })}
        {move || owns.get().then(|| view! { <EraseDialog handle open=erasing/> })}
    }
}

/// Status, date, author, owner, end.
#[component]
fn Head(handle: Handle) -> impl IntoView {
    move || {
        handle.view(|view| {
            let owner = view.name(&view.report.access.owner());
            let written = view
                .version
                .as_ref()
                .map(|version| (version.info.version, version.info.time, view.name(&version.info.author)));
            let end = view.ends_at();
            let restores = view.version.as_ref().and_then(|version| version.content.restores);
            view! {
                <p class="report-head">
                    {written.map(|(version, time, author)| view! {
                        <Badge tone=Tone::Good glyph=Glyph::Check>{t!(report.completed)}</Badge>
                        <span>{t!(report.version, version = version)}</span>
                        <span>{t!(report.date)}" "<Time at=time style=TimeStyle::DateTime/></span>
                        <span>{t!(report.author)}" "<strong>{author}</strong></span>
                    })}
                    <span>{t!(report.belongs)}" "<strong>{owner}</strong></span>
                    {restores.map(|version| view! { <Badge tone=Tone::Info>{t!(versions.restores, version = version)}</Badge> })}
                    {end.map(|end| view! {
                        <Badge tone=Tone::Warn glyph=Glyph::Clock>{t!(reports.ends, when = "")}<Time at=end style=TimeStyle::Relative/></Badge>
                    })}
                </p>
            }
        })
    }
}

/// New keys are due, or being made.
#[component]
fn Rekey(handle: Handle) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let index = index::use_index();
    let attempt = Attempt::new();
    let id = handle.id;
    let change = move |()| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        wasm_bindgen_futures::spawn_local(async move {
            match reports::rekey(&open, &id).await {
                Ok(_) => toasts.done(t!(report.rekey_done)),
                Err(error) => toasts.problem(explain(&error)),
            }
            attempt.done();
            handle.refresh();
        });
    };
    move || {
        let (pending, owner) = handle.view(|view| (view.rekey_pending(), view.is_owner()))?;
        let running = index.rekeying.get() || attempt.busy.get();
        (pending && owner).then(|| {
            view! {
                <Banner tone=Tone::Info>
                    <p>{if running { t!(report.rekey_running) } else { t!(report.rekey_own) }}</p>
                    {(!running).then(|| view! {
                        <div class="banner-actions">
                            <Button kind=ButtonKind::Secondary class="btn-small" on_click=change>{t!(report.rekey_now)}</Button>
                        </div>
                    })}
                </Banner>
            }
        })
    }
}
