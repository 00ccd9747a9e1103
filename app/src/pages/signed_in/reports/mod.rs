//! `/reports`: drafts, then every report the reader can open, searched and filtered here because only here they are readable.

mod drafts;
pub mod dropping;
mod filters;
mod list;
mod row;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    components::{Banner, Button, ButtonKind, Card, Clock, Empty, Glyph, Page, SkeletonRows, Tone},
    t,
    vault::{
        index::{Index, Phase, Row, use_index},
        use_vault,
    },
};
use api_types::accounts::Role;
use drafts::Drafts;
use dropping::DropAnywhere;
use filters::{Filters, Search};
use list::List;

/// Reports.
#[component]
pub fn ReportsPage() -> impl IntoView {
    let index = use_index();
    let search = Search::new();
    let navigate = use_navigate();
    let new = Callback::new(move |()| navigate("/reports/new", NavigateOptions::default()));
    let actions = move || view! { <Button glyph=Glyph::Plus on_click=new>{t!(reports.new)}</Button> };
    view! {
        <Page title=t!(reports.title).to_owned() actions>
            <Trouble index/>
            {move || search.shows_drafts().then(|| view! { <Drafts search/> })}
            {move || search.shows_completed().then(|| view! { <Completed index search new/> })}
            {move || (!search.shows_completed() && index.drafts.with(Vec::is_empty)).then(|| view! {
                <Card flush=true><Nothing index search/></Card>
            })}
        </Page>
        <DropAnywhere/>
    }
}

/// No connection, keys being changed, reports that were refused.
#[component]
fn Trouble(index: Index) -> impl IntoView {
    let refused = move || {
        index.refused.with(|refused| {
            let why = refused.first().map(|(_, why)| why.clone())?;
            Some(match refused.len() {
                1 => t!(reports.refused_one, why = why),
                count => t!(reports.refused, count = count, why = why),
            })
        })
    };
    view! {
        {move || index.problem.get().map(|problem| view! {
            <Banner tone=Tone::Warn title=t!(reports.failed_title)>
                <p>{problem}</p>
                {move || index.rows.with(|rows| !rows.is_empty()).then(|| view! { <p>{t!(reports.stale)}</p> })}
                <div class="banner-actions">
                    <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| index.refresh()>{t!(common.retry)}</Button>
                </div>
            </Banner>
        })}
        {move || refused().map(|text| view! { <Banner tone=Tone::Danger title=t!(reports.not_opened)>{text}</Banner> })}
        {move || index.rekeying.get().then(|| view! { <Banner tone=Tone::Info>{t!(reports.rekey_running)}</Banner> })}
    }
}

/// The card with search, filters and rows.
#[component]
fn Completed(index: Index, search: Search, new: Callback<()>) -> impl IntoView {
    let clock = expect_context::<Clock>();
    // What has expired since it was fetched is gone, whatever the server still says.
    let live = Memo::new(move |_| {
        let now = clock.0.get();
        let over = |row: &Row| row.report.expires_at > 0 && now > 0 && row.report.expires_at <= now;
        index.rows.get().iter().filter(|row| !over(row)).cloned().collect::<Vec<_>>()
    });
    let found =
        Memo::new(move |_| live.with(|rows| rows.iter().filter(|row| search.takes(row)).cloned().collect::<Vec<_>>()));
    let total = move || live.with(Vec::len);
    let content = move || match (total(), found.with(Vec::is_empty), index.phase.get()) {
        (0, _, Phase::Waiting) if index.problem.with(Option::is_none) => view! { <SkeletonRows count=8/> }.into_any(),
        (0, _, Phase::Waiting) => ().into_any(),
        (0, ..) => view! { <NoReports new/> }.into_any(),
        (_, true, _) => view! { <Nothing index search/> }.into_any(),
        (_, false, _) => view! { <List found/> }.into_any(),
    };
    // The list must survive a change of its rows; only another kind of content begins anew.
    let kind = Memo::new(move |_| (total() == 0, found.with(Vec::is_empty), index.phase.get() == Phase::Waiting));
    let count = move || match (found.with(Vec::len), total()) {
        (1, 1) => t!(reports.count_one).to_owned(),
        (found, total) if found == total => t!(reports.count, count = total),
        (found, total) => t!(reports.count_of, count = found, total = total),
    };
    view! {
        <Card flush=true>
            <div class="card-note">
                <Filters search index/>
                <p class="field-hint report-count" role="status">{move || (total() > 0).then(count)}</p>
            </div>
            {move || {
                // Read, not only tracked: a memo that nobody reads never learns that it changed.
                kind.get();
                untrack(content)
            }}
        </Card>
    }
}

/// Nothing was ever written or shared.
#[component]
fn NoReports(new: Callback<()>) -> impl IntoView {
    let role = use_vault().who().map(|who| who.role);
    let text = if role == Some(Role::Patient) { t!(reports.empty_patient) } else { t!(reports.empty_doctor) };
    view! {
        <Empty glyph=Glyph::Report title=t!(reports.empty_title)>
            <p>{text}</p>
            <Button kind=ButtonKind::Secondary glyph=Glyph::Plus on_click=new>{t!(reports.new)}</Button>
        </Empty>
    }
}

/// The search or a filter leaves nothing.
#[component]
fn Nothing(index: Index, search: Search) -> impl IntoView {
    view! {
        <Empty glyph=Glyph::Search title=t!(reports.nothing_title)>
            <p>{t!(reports.nothing)}</p>
            {move || (index.phase.get() != Phase::Complete).then(|| view! { <p><strong>{t!(reports.partial)}</strong></p> })}
            <Button kind=ButtonKind::Secondary on_click=move |()| search.clear()>{t!(reports.clear)}</Button>
        </Empty>
    }
}
