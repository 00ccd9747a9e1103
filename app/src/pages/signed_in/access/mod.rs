//! `/access`: over all of the reader's own reports, who can see what since when and who did what, when and why; each line
//! verified in this browser. And the account of it on paper.

mod account;
mod disclosures;
mod ending;
mod load;
mod people;
mod record;

use api_types::accounts::Role;
use leptos::prelude::*;

pub use disclosures::DisclosuresPage;

use crate::{
    components::{Banner, Button, ButtonKind, Card, Empty, Glyph, LinkButton, Page, SkeletonRows, Tone},
    pages::home_of,
    t,
    vault::use_vault,
};
use ending::Endings;
use load::Load;
use people::People;
use record::Record;

/// `/access`.
#[component]
pub fn AccessPage() -> impl IntoView {
    match not_for_this_role() {
        Some(refused) => refused,
        None => view! { <Overview/> }.into_any(),
    }
}

/// Administrators own no reports.
fn not_for_this_role() -> Option<AnyView> {
    let role = use_vault().who().map(|who| who.role);
    if role != Some(Role::Administrator) {
        return None;
    }
    let home = role.map_or("/", home_of);
    Some(
        view! {
            <Page title=t!(access.title).to_owned()>
                <Empty glyph=Glyph::Eye title=t!(errors.no_permission_title)>
                    <p>{t!(access.administrators)}</p>
                    <LinkButton href=home>{t!(errors.not_found_home)}</LinkButton>
                </Empty>
            </Page>
        }
        .into_any(),
    )
}

#[component]
fn Overview() -> impl IntoView {
    let load = Load::new();
    let endings = Endings::new(load);
    let actions = || {
        view! {
            <LinkButton kind=ButtonKind::Secondary glyph=Glyph::Print href="/access/disclosures">
                {t!(access.to_disclosures)}
            </LinkButton>
        }
    };
    // Read where it is used, so that lines survive more of them.
    let kind = Memo::new(move |_| match load.items.with(Vec::is_empty) {
        false => Content::There,
        true if load.is_done() && load.refused.with(Vec::is_empty) => Content::Nothing,
        true if load.problem.with(Option::is_some) || load.list_problem().is_some() || load.is_done() => {
            Content::Problem
        }
        true => Content::Waiting,
    });
    view! {
        <Page title=t!(access.title).to_owned() lead=t!(access.lead).to_owned() actions>
            <Problems load/>
            {move || match kind.get() {
                Content::Waiting => view! { <Waiting/> }.into_any(),
                Content::Problem => ().into_any(),
                Content::Nothing => view! { <Nothing/> }.into_any(),
                Content::There => view! { <People load endings/> <Record load/> <More load/> }.into_any(),
            }}
        </Page>
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Waiting,
    Problem,
    Nothing,
    There,
}

#[component]
fn Waiting() -> impl IntoView {
    view! {
        <Card title=t!(access.people).to_owned() flush=true><SkeletonRows count=3/></Card>
        <Card title=t!(access.record).to_owned() flush=true><SkeletonRows count=5/></Card>
    }
}

/// No report of one's own yet.
#[component]
fn Nothing() -> impl IntoView {
    view! {
        <Empty glyph=Glyph::Eye title=t!(access.nothing_title)>
            <p>{t!(access.nothing)}</p>
            <LinkButton kind=ButtonKind::Secondary href="/reports">{t!(access.to_reports)}</LinkButton>
        </Empty>
    }
}

/// What could not be fetched, and what didn't verify.
#[component]
fn Problems(load: Load) -> impl IntoView {
    let problem = move || load.problem.get().or_else(|| load.list_problem());
    let failed = move || {
        problem().map(|why| {
            view! {
                <Banner tone=Tone::Warn title=t!(access.failed)>
                    <p>{why}</p>
                    <div class="banner-actions">
                        <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| load.retry()>{t!(common.retry)}</Button>
                    </div>
                </Banner>
            }
        })
    };
    let refused = move || {
        let one = |(_, title, why): (_, String, String)| view! { <li><strong>{title}</strong>": "{why}</li> };
        let list = load.refused.get();
        (!list.is_empty()).then(|| {
            view! {
                <Banner tone=Tone::Danger title=t!(access.refused)><ul>{list.into_iter().map(one).collect_view()}</ul></Banner>
            }
        })
    };
    view! { {failed} {refused} }
}

/// How much of it this is, and a way to the rest.
#[component]
fn More(load: Load) -> impl IntoView {
    let there = move || load.items.with(Vec::len);
    let says = move || match (there(), load.left()) {
        (1, 0) => t!(access.all_one).to_owned(),
        (there, 0) => t!(access.all, count = there),
        (there, left) => t!(access.some, count = there, left = left),
    };
    view! {
        <div class="form-end">
            <p class="field-hint" role="status">{says}</p>
            {move || (load.left() > 0).then(|| view! {
                <Button kind=ButtonKind::Secondary class="btn-small" busy=load.busy on_click=move |()| load.more()>
                    {t!(access.more)}
                </Button>
            })}
        </div>
    }
}
