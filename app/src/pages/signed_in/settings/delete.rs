//! `/settings/delete`: what goes with the account, what stays, and its end.

use std::sync::Arc;

use api_types::AccountId;
use client::ReportRow;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::leaving::{TeamsFirst, TypedAddress};
use crate::{
    components::{BackLink, Banner, Button, ButtonKind, Card, Page, Tone},
    pages::signed_in::{
        in_backups::HeldByBackups,
        prove::{ProveDialog, Proving},
    },
    t,
    vault::{Attempt, Keys, index, reports::title_of, use_vault},
};

/// Most reports that are named; the list of reports has them all.
const NAMED: usize = 20;

/// The page.
#[component]
pub fn DeleteAccountPage() -> impl IntoView {
    view! {
        <BackLink href="/settings" label=t!(leaving.back)/>
        <Page title=t!(leaving.title).to_owned()>
            <div class="stack">
                <Banner tone=Tone::Danger><p>{t!(leaving.lead)}</p></Banner>
                <TeamsFirst/>
                <Goes/>
                <Own/>
                <Confirmation/>
            </div>
        </Page>
    }
}

/// Whose the reader's reports are.
fn parted(index: index::Index, me: Option<AccountId>) -> (Vec<Arc<ReportRow>>, usize) {
    let rows = index.rows.get();
    let own: Vec<_> = rows.iter().filter(|row| Some(row.report.owner) == me).map(|row| row.report.clone()).collect();
    let received = rows.len() - own.len();
    (own, received)
}

/// What goes and what stays.
#[component]
fn Goes() -> impl IntoView {
    let (index, me) = (index::use_index(), use_vault().who().map(|who| who.account_id));
    let goes = move || {
        let (own, received) = parted(index, me);
        view! {
            <ul class="plain-list">
                <li>{match index.is_complete() {
                    true => t!(leaving.goes_own, count = own.len()),
                    false => t!(leaving.goes_own_uncounted).to_owned(),
                }}</li>
                <li>{t!(leaving.goes_received, count = received)}</li>
                <li>{t!(leaving.goes_account)}</li>
                <li>{t!(leaving.goes_trust)}</li>
            </ul>
        }
    };
    view! {
        <Card title=t!(leaving.goes).to_owned()>{goes}</Card>
        <Card title=t!(leaving.stays).to_owned()>
            <ul class="plain-list">
                <li>{t!(leaving.stays_record)}</li>
                <li>{t!(leaving.stays_keys)}</li>
                <li>{t!(leaving.stays_address)}</li>
                <li>{t!(leaving.stays_copies)}</li>
                <li><HeldByBackups/></li>
            </ul>
        </Card>
    }
}

/// The reports that are erased, each to be opened before.
#[component]
fn Own() -> impl IntoView {
    let (index, me) = (index::use_index(), use_vault().who().map(|who| who.account_id));
    let list = move || {
        let (own, _) = parted(index, me);
        let all = index.is_complete();
        if all && own.is_empty() {
            return view! { <p>{t!(leaving.save_none)}</p> }.into_any();
        }
        let more = own.len().saturating_sub(NAMED);
        let named = own.into_iter().take(NAMED).map(|report| {
            view! { <li><a href=format!("/reports/{}", report.id)>{title_of(&report.fields)}</a></li> }
        });
        view! {
            {(!all).then(|| view! { <Banner tone=Tone::Warn>{t!(leaving.save_partial)}</Banner> })}
            <p>{t!(leaving.save_text)}</p>
            <ul class="plain-list">{named.collect_view()}</ul>
            {(more > 0).then(|| view! { <p class="field-hint">{t!(leaving.save_more, count = more)}</p> })}
        }
        .into_any()
    };
    view! { <Card title=t!(leaving.save).to_owned()>{list}</Card> }
}

/// The address typed anew; then the password, where it wasn't proved lately.
#[component]
fn Confirmation() -> impl IntoView {
    let vault = use_vault();
    let proving = Proving::new(vault);
    let email = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = email.get_untracked();
        let work = move |keys: Keys| {
            let typed = typed.clone();
            async move { vault.last_deed(t!(leaving.deleted), keys.delete_account(&typed)).await }
        };
        proving.run(attempt, work, move |()| {
            spawn_local(async move {
                // The account is gone: so is what this browser kept of it.
                index::clear_cache().await;
                vault.session_over();
            });
        });
    };
    view! {
        <Card title=t!(leaving.confirm).to_owned()>
            <form class="form" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <TypedAddress id="delete-email" email/>
                <div><Button submit=true kind=ButtonKind::Danger busy=attempt.busy>{t!(leaving.submit)}</Button></div>
            </form>
        </Card>
        <ProveDialog proving/>
    }
}
