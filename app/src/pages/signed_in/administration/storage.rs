//! The card of stored files and signed records: whether they are what was stored, and which are not.

use api_types::storage::{BlobHealth, DamagedBlob, DamagedRow as StoredRow, Scrub, StorageStatus};
use leptos::prelude::*;

use super::backups::span;
use crate::{
    browser::format_size,
    components::{Badge, Banner, Card, Glyph, Icon, Row, Rows, Time, TimeStyle, Tone},
    t,
};

/// The card.
#[component]
pub(super) fn StorageCard(status: StorageStatus) -> impl IntoView {
    let StorageStatus { every, next_at, running, last, named, damaged_count, damaged, restores, .. } = status;
    let (rows_count, rows) = (status.damaged_rows_count, status.damaged_rows);
    let badge = move || match damaged_count + rows_count {
        0 => view! { <Badge tone=Tone::Good glyph=Glyph::Check>{t!(backups.stored_whole)}</Badge> }.into_any(),
        count => {
            let says = t!(backups.stored_damaged, count = count);
            view! { <Badge tone=Tone::Danger glyph=Glyph::Alert>{says}</Badge> }.into_any()
        }
    };
    let every = every.map_or_else(|| t!(backups.stored_off).to_owned(), span);
    let unlisted = damaged_count.saturating_sub(damaged.len() as u64);
    view! {
        <Card title=t!(backups.stored).to_owned() actions=badge>
            <div class="stack">
                <p>{t!(backups.stored_lead)}</p>
                {(damaged_count > 0).then(|| view! { <Damaged damaged unlisted restores/> })}
                {(rows_count > 0).then(|| view! { <DamagedRecords count=rows_count rows/> })}
                <dl class="facts facts-wide">
                    {running.map(|scrub| view! { <Running scrub named/> })}
                    <Last last/>
                    <div><dt>{t!(backups.stored_every)}</dt><dd>{every}</dd></div>
                    {next_at.map(|at| view! { <div><dt>{t!(backups.next)}</dt><dd><Time at=at style=TimeStyle::Relative/></dd></div> })}
                </dl>
            </div>
        </Card>
    }
}

#[component]
fn Damaged(damaged: Vec<DamagedBlob>, unlisted: u64, restores: bool) -> impl IntoView {
    let what = if restores { t!(backups.stored_damaged_restores) } else { t!(backups.stored_damaged_by_hand) };
    let row = |blob| view! { <DamagedRow blob/> };
    view! {
        <Banner tone=Tone::Danger title=t!(backups.stored_damaged_title)>{what}</Banner>
        <Rows label=t!(backups.stored_damaged_title).to_owned()>{damaged.into_iter().map(row).collect_view()}</Rows>
        {(unlisted > 0).then(|| view! { <p>{t!(backups.stored_more, count = unlisted)}</p> })}
    }
}

#[component]
fn DamagedRow(blob: DamagedBlob) -> impl IntoView {
    let health = match blob.health {
        BlobHealth::Missing => t!(backups.stored_missing),
        BlobHealth::Changed => t!(backups.stored_changed),
        BlobHealth::Unreadable => t!(backups.stored_unreadable),
    };
    let of = match blob.report_id {
        Some(id) => t!(backups.stored_report, id = id),
        None => t!(backups.stored_upload).to_owned(),
    };
    let found_at = blob.found_at;
    let text = move || view! { <span class="id">{of.clone()}</span>" · "<Time at=found_at style=TimeStyle::DateTime/> };
    view! {
        <Row lead=|| view! { <span class="tile"><Icon glyph=Glyph::Alert/></span> } title=blob.blob text>
            <Badge tone=Tone::Danger>{health}</Badge>
        </Row>
    }
}

#[component]
fn DamagedRecords(count: u64, rows: Vec<StoredRow>) -> impl IntoView {
    let unlisted = count.saturating_sub(rows.len() as u64);
    let row = |row| view! { <DamagedRecord row/> };
    view! {
        <Banner tone=Tone::Danger title=t!(backups.rows_damaged_title)>{t!(backups.rows_damaged_text)}</Banner>
        <Rows label=t!(backups.rows_damaged_title).to_owned()>{rows.into_iter().map(row).collect_view()}</Rows>
        {(unlisted > 0).then(|| view! { <p>{t!(backups.stored_more, count = unlisted)}</p> })}
    }
}

#[component]
fn DamagedRecord(row: StoredRow) -> impl IntoView {
    let of = match row.report_id {
        Some(id) => t!(backups.stored_report, id = id),
        None => t!(backups.rows_account).to_owned(),
    };
    let found_at = row.found_at;
    let text = move || view! { <span class="id">{of.clone()}</span>" · "<Time at=found_at style=TimeStyle::DateTime/> };
    view! {
        <Row lead=|| view! { <span class="tile"><Icon glyph=Glyph::Alert/></span> } title=row.row text>
            <Badge tone=Tone::Danger>{t!(backups.row_damaged)}</Badge>
        </Row>
    }
}

#[component]
fn Running(scrub: Scrub, named: u64) -> impl IntoView {
    let far = t!(backups.stored_progress, blobs = scrub.blobs, named = named, bytes = format_size(scrub.bytes));
    view! { <div><dt>{t!(backups.stored_running)}</dt><dd>{far}</dd></div> }
}

#[component]
fn Last(last: Option<Scrub>) -> impl IntoView {
    let Some(last) = last else {
        return view! { <div><dt>{t!(backups.stored_last)}</dt><dd>{t!(backups.stored_never)}</dd></div> }.into_any();
    };
    let said =
        t!(backups.stored_last_text, blobs = last.blobs, bytes = format_size(last.bytes), damaged = last.damaged);
    let rows = t!(backups.rows_compared, rows = last.rows, damaged = last.damaged_rows);
    let at = last.ended_at.unwrap_or(last.began_at);
    view! {
        <div>
            <dt>{t!(backups.stored_last)}</dt>
            <dd><Time at=at style=TimeStyle::DateTime/><br/>{said}<br/>{rows}</dd>
        </div>
    }
    .into_any()
}
