//! `/administration/backups`: whether there are backups, and what went wrong with one.

use api_types::{
    UnixMillis,
    backups::{BackupPlan, BackupStatus, FailedBackup, GoodBackup},
};
use leptos::prelude::*;

use super::{Administrators, drill::DrillCard, storage::StorageCard};
use crate::{
    browser::{self, format_size},
    components::{Badge, Banner, Card, Glyph, Time, TimeStyle, Tone},
    pages::signed_in::no_backup,
    t,
    vault::{Keys, Loaded, use_vault},
};

const MINUTE: UnixMillis = 60 * 1000;
const HOUR: UnixMillis = 60 * MINUTE;
const DAY: UnixMillis = 24 * HOUR;

/// Backups.
#[component]
pub fn BackupsPage() -> impl IntoView {
    view! { <Administrators><Backups/></Administrators> }
}

#[component]
fn Backups() -> impl IntoView {
    let vault = use_vault();
    let made = Loaded::new(vault, |open: Keys| async move { open.api().get_backups().await });
    let stored = Loaded::new(vault, |open: Keys| async move { open.api().get_storage().await });
    view! {
        {made.show(t!(administration.failed), 4, move |status| view! { <Status status/> })}
        {stored.show(t!(administration.failed), 3, move |status| view! { <StorageCard status/> })}
    }
}

#[component]
fn Status(status: BackupStatus) -> impl IntoView {
    let missing = no_backup::is_missing(&status, browser::now());
    let stands = (status.overdue, status.last.is_some());
    let badge = move || match stands {
        (true, _) => view! { <Badge tone=Tone::Danger glyph=Glyph::Alert>{t!(backups.overdue)}</Badge> }.into_any(),
        (false, true) if missing => {
            view! { <Badge tone=Tone::Danger glyph=Glyph::Alert>{t!(backups.too_old)}</Badge> }.into_any()
        }
        (false, true) => view! { <Badge tone=Tone::Good glyph=Glyph::Check>{t!(backups.good)}</Badge> }.into_any(),
        (false, false) => view! { <Badge tone=Tone::Warn>{t!(backups.none_yet)}</Badge> }.into_any(),
    };
    let BackupStatus { last, failed, running_since, next_at, plan, overdue, drill_plan, drill } = status;
    let none = missing.then(|| if last.is_some() { t!(backups.too_old_text) } else { t!(backups.none_text) });
    view! {
        <Card title=t!(backups.title).to_owned() actions=badge>
            <div class="stack">
                <p>{t!(backups.lead)}</p>
                {overdue.then(|| view! { <Banner tone=Tone::Danger title=t!(backups.overdue)>{t!(backups.overdue_text)}</Banner> })}
                {none.map(|text| view! { <Banner tone=Tone::Warn title=t!(backups.none)>{text}</Banner> })}
                {failed.map(|failed| view! { <Failed failed/> })}
                <dl class="facts facts-wide">
                    {last.map(|last| view! { <Last last/> })}
                    {running_since.map(|at| view! {
                        <div><dt>{t!(backups.running)}</dt><dd><Time at=at style=TimeStyle::DateTime/></dd></div>
                    })}
                    {next_at.map(|at| view! { <div><dt>{t!(backups.next)}</dt><dd><Time at=at style=TimeStyle::Relative/></dd></div> })}
                    <Plan plan/>
                </dl>
            </div>
        </Card>
        <DrillCard plan=drill_plan newest=drill/>
    }
}

#[component]
fn Failed(failed: FailedBackup) -> impl IntoView {
    view! {
        <Banner tone=Tone::Danger title=t!(backups.failed)>
            <p>{failed.error}</p>
            <p><Time at=failed.ended_at style=TimeStyle::DateTime/></p>
        </Banner>
    }
}

#[component]
fn Last(last: GoodBackup) -> impl IntoView {
    let size = t!(backups.size, bytes = format_size(last.bytes), new = format_size(last.new_bytes), blobs = last.blobs);
    view! {
        <div>
            <dt>{t!(backups.last)}</dt>
            <dd><Time at=last.began_at style=TimeStyle::DateTime/><br/><span class="id">{last.snapshot}</span></dd>
        </div>
        <div><dt>{t!(backups.holds)}</dt><dd>{size}</dd></div>
    }
}

#[component]
fn Plan(plan: Option<BackupPlan>) -> impl IntoView {
    let (every, kept) = match plan {
        Some(plan) => (span(plan.every), keeps(&plan)),
        None => (t!(backups.by_hand).to_owned(), t!(backups.kept_by_hand).to_owned()),
    };
    view! {
        <div><dt>{t!(backups.schedule)}</dt><dd>{every}</dd></div>
        <div><dt>{t!(backups.kept)}</dt><dd>{kept}</dd></div>
    }
}

/// How often, in the largest unit that fits.
pub(super) fn span(every: UnixMillis) -> String {
    match every {
        days if days % DAY == 0 => t!(backups.every_days, count = days / DAY),
        hours if hours % HOUR == 0 => t!(backups.every_hours, count = hours / HOUR),
        other => t!(backups.every_minutes, count = other / MINUTE),
    }
}

fn keeps(plan: &BackupPlan) -> String {
    let BackupPlan { keep_hours, keep_days, keep_weeks, .. } = plan;
    if [*keep_hours, *keep_days, *keep_weeks] == [0; 3] {
        return t!(backups.kept_all).to_owned();
    }
    t!(backups.kept_of, hours = keep_hours, days = keep_days, weeks = keep_weeks)
}
