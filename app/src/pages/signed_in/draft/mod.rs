//! `/reports/new` and `/drafts/:id`: writing a report. The draft begins with the first word or file, is saved sealed while
//! it is written, and becomes a report when it is completed. `/reports/:id/edit`: changing one, by a draft of its next version.

mod change;
mod conflict;
mod editor;
mod files;
mod finish;
mod form;
mod patient;
mod progress;
mod typed_before;

use api_types::ReportId;
use client::ClientError;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use wasm_bindgen_futures::spawn_local;

use crate::{
    components::{BackLink, Banner, Button, ButtonKind, Card, Empty, Glyph, LinkButton, Page, SkeletonRows, Tone},
    t,
    vault::{
        drafts::{Session, use_drafts},
        explain, reports, use_vault,
    },
};
use editor::Editor;

/// `/reports/new`.
#[component]
pub fn NewReportPage() -> impl IntoView {
    view! {
        <BackLink href="/reports" label=t!(draft.back)/>
        <Page title=t!(draft.new_title).to_owned() lead=t!(draft.lead).to_owned()><Editor session=None/></Page>
    }
}

/// What `/drafts/:id` found.
#[derive(Clone)]
enum Found {
    Waiting,
    Draft,
    Gone,
    Failed(String),
    Never(String),
}

/// `/drafts/:id`. Another id in the address is another draft.
#[component]
pub fn EditDraftPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<ReportId>().ok()));
    move || match id.get() {
        Some(id) => view! { <OneDraft id/> }.into_any(),
        None => view! { <Gone/> }.into_any(),
    }
}

/// `/reports/:id/edit`. Another id in the address is another report.
#[component]
pub fn EditReportPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<ReportId>().ok()));
    move || match id.get() {
        Some(id) => view! { <OneChange id/> }.into_any(),
        None => view! { <Gone/> }.into_any(),
    }
}

#[component]
fn OneChange(id: ReportId) -> impl IntoView {
    let vault = use_vault();
    let drafts = use_drafts();
    let found = RwSignal::new(Found::Waiting);
    let session = StoredValue::new_local(None::<Session>);
    let load = move || {
        let Some(open) = vault.keys() else { return };
        found.set(Found::Waiting);
        spawn_local(async move {
            let outcome = drafts.edit(&open, &id).await;
            found.try_set(match outcome {
                Ok(opened) => {
                    session.try_set_value(Some(opened));
                    Found::Draft
                }
                Err(error) if reports::is_end(&error) => Found::Never(t!(report.ended_before).to_owned()),
                Err(error @ (ClientError::NotAllowed | ClientError::NewestUnseen)) => Found::Never(explain(&error)),
                Err(error) => Found::Failed(explain(&error)),
            });
        });
    };
    load();
    let back = format!("/reports/{id}");
    view! {
        <BackLink href=back.clone() label=t!(versions.back)/>
        {move || match found.get() {
            Found::Waiting => view! { <Card flush=true><SkeletonRows count=5/></Card> }.into_any(),
            Found::Gone => view! { <Gone/> }.into_any(),
            Found::Failed(why) => view! { <Failed why again=load/> }.into_any(),
            Found::Never(why) => view! { <Never why back=back.clone()/> }.into_any(),
            Found::Draft => view! {
                <Page title=t!(versions.edit_title).to_owned() lead=t!(versions.edit_lead).to_owned()>
                    <Editor session=session.get_value()/>
                </Page>
            }
            .into_any(),
        }}
    }
}

/// The reader may not change it.
#[component]
fn Never(why: String, back: String) -> impl IntoView {
    view! {
        <Page title=t!(versions.no_edit_title).to_owned()>
            <Card flush=true>
                <Empty glyph=Glyph::Edit title=t!(versions.no_edit_title)>
                    <p>{why}</p>
                    <LinkButton href=back>{t!(versions.back)}</LinkButton>
                </Empty>
            </Card>
        </Page>
    }
}

#[component]
fn OneDraft(id: ReportId) -> impl IntoView {
    let vault = use_vault();
    let drafts = use_drafts();
    let found = RwSignal::new(Found::Waiting);
    let session = StoredValue::new_local(None::<Session>);
    let load = move || {
        let Some(open) = vault.keys() else { return };
        found.set(Found::Waiting);
        spawn_local(async move {
            let outcome = drafts.open(&open, &id).await;
            found.try_set(match outcome {
                Ok(opened) => {
                    session.try_set_value(Some(opened));
                    Found::Draft
                }
                Err(ClientError::Refused(refusal)) => Found::Failed(explain(&ClientError::Refused(refusal))),
                Err(error) if reports::is_end(&error) => Found::Gone,
                Err(error) => Found::Failed(explain(&error)),
            });
        });
    };
    load();
    move || match found.get() {
        Found::Waiting => view! { <Card flush=true><SkeletonRows count=5/></Card> }.into_any(),
        Found::Gone => view! { <Gone/> }.into_any(),
        Found::Failed(why) | Found::Never(why) => view! { <Failed why again=load/> }.into_any(),
        Found::Draft => view! {
            <BackLink href="/reports" label=t!(draft.back)/>
            <Page title=t!(draft.edit_title).to_owned() lead=t!(draft.lead).to_owned()>
                <Editor session=session.get_value()/>
            </Page>
        }
        .into_any(),
    }
}

#[component]
fn Gone() -> impl IntoView {
    view! {
        <Page title=t!(draft.not_found_title).to_owned()>
            <Card flush=true>
                <Empty glyph=Glyph::Edit title=t!(draft.not_found_title)>
                    <p>{t!(draft.not_found)}</p>
                    <LinkButton href="/reports">{t!(draft.back)}</LinkButton>
                </Empty>
            </Card>
        </Page>
    }
}

#[component]
fn Failed(why: String, again: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    view! {
        <Page title=t!(draft.edit_title).to_owned()>
            <Banner tone=Tone::Warn title=t!(errors.unexpected_title)>
                <p>{why}</p>
                <div class="banner-actions">
                    <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| again()>{t!(common.retry)}</Button>
                </div>
            </Banner>
        </Page>
    }
}
