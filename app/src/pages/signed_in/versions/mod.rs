//! `/reports/:id/versions`: every version with author and time, two of them compared, one brought back.

mod compare;
mod list;
mod side_by_side;

use std::{collections::HashMap, rc::Rc};

use api_types::{AccountId, ReportId, live::LiveKind};
use client::{OpenReport, VersionInfo};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use wasm_bindgen_futures::spawn_local;

use crate::{
    components::{BackLink, Banner, Button, ButtonKind, Card, Page, SkeletonRows, Tone},
    t,
    vault::{Vault, explain, reports, use_vault},
};
use compare::Compare;
use list::List;
pub(super) use side_by_side::{FileChanges, SideBySide, field_name};

/// What the page shows.
#[derive(Clone)]
enum Shown {
    Waiting,
    Open(Opened),
    Failed(String),
}

/// A verified report and the names of its people.
#[derive(Clone)]
struct Opened {
    report: Rc<OpenReport>,
    names: Rc<HashMap<AccountId, String>>,
    me: AccountId,
}

impl Opened {
    fn name(&self, id: &AccountId) -> String {
        if *id == self.me {
            return t!(report.you).to_owned();
        }
        self.names.get(id).cloned().unwrap_or_else(|| id.to_string().chars().take(8).collect())
    }

    /// Whether the reader may bring a version back.
    fn may_restore(&self) -> bool {
        let sees_newest = self.report.newest().is_some_and(|newest| newest.version == self.report.latest);
        sees_newest && self.report.right != api_types::grants::Right::View
    }

    fn versions(&self) -> &[VersionInfo] {
        &self.report.versions
    }
}

/// `Copy` handle of the page's report.
#[derive(Clone, Copy)]
struct Handle {
    id: ReportId,
    shown: RwSignal<Shown, LocalStorage>,
    vault: Vault,
}

impl Handle {
    fn new(id: ReportId) -> Self {
        let handle = Self { id, shown: RwSignal::new_local(Shown::Waiting), vault: use_vault() };
        handle.load();
        handle.vault.on_live(move |event| {
            let this = event.report_id == Some(id);
            match event.kind {
                LiveKind::ReportChanged | LiveKind::AccessEnded if this => handle.load(),
                LiveKind::Resync => handle.load(),
                _ => {}
            }
        });
        handle
    }

    fn load(self) {
        let Some(open) = self.vault.keys() else { return };
        spawn_local(async move {
            let outcome = async {
                let report = open.report(&self.id).await?;
                let names = reports::names(&open, &self.id).await?;
                Ok(Opened { report: Rc::new(report), names: Rc::new(names), me: open.account_id() })
            };
            let outcome: client::Result<Opened> = outcome.await;
            // What was verified stays if the network fails, not if access has ended.
            let keeps = self.shown.try_with_untracked(|shown| matches!(shown, Shown::Open(_))) == Some(true);
            match outcome {
                Ok(opened) => drop(self.shown.try_set(Shown::Open(opened))),
                Err(error) if keeps && error.is_transient() => {}
                Err(error) if reports::is_end(&error) => {
                    self.shown.try_set(Shown::Failed(t!(report.ended_before).to_owned()));
                }
                Err(error) => drop(self.shown.try_set(Shown::Failed(explain(&error)))),
            }
        });
    }
}

/// `/reports/:id/versions`. Another id in the address is another report.
#[component]
pub fn VersionsPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<ReportId>().ok()));
    move || match id.get() {
        Some(id) => view! { <OneReport id/> }.into_any(),
        None => view! { <Banner tone=Tone::Warn>{t!(report.ended_before)}</Banner> }.into_any(),
    }
}

#[component]
fn OneReport(id: ReportId) -> impl IntoView {
    let handle = Handle::new(id);
    // Both are numbers as a field holds them; empty until the report is there.
    let pair = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    view! {
        <BackLink href=format!("/reports/{id}") label=t!(versions.back)/>
        <Page title=t!(versions.title).to_owned() lead=t!(versions.lead).to_owned()>
            {move || match handle.shown.get() {
                Shown::Waiting => view! { <Card flush=true><SkeletonRows count=3/></Card> }.into_any(),
                Shown::Failed(why) => view! { <Failed why handle/> }.into_any(),
                Shown::Open(opened) => view! {
                    <List handle opened=opened.clone() pair/>
                    <Compare handle opened pair/>
                }
                .into_any(),
            }}
        </Page>
    }
}

#[component]
fn Failed(why: String, handle: Handle) -> impl IntoView {
    view! {
        <Banner tone=Tone::Warn>
            <p>{why}</p>
            <div class="banner-actions">
                <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| handle.load()>{t!(common.retry)}</Button>
            </div>
        </Banner>
    }
}
