//! Who opened it: the report's own events, checked link by link in this browser.

use std::collections::BTreeMap;

use client::{
    ClientError, KnownNames, ReportEvents,
    export::{self, About, Format},
    oversight::{Visit, visits},
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::handle::Handle;
use crate::{
    browser,
    components::{Badge, Banner, Button, ButtonKind, Card, Glyph, Tone, use_toasts},
    pages::signed_in::{
        access_line::actor_text,
        save_as::{SaveAs, save},
        via::TokenNames,
        visit_row::VisitRow,
    },
    t,
    vault::{Keys, Loaded, admin::origin, explain, use_vault},
};

/// Events fetched for the check.
const MOST: usize = 5_000;
/// Events shown at first, and more with each tap.
const STEP: usize = 20;

/// What the check found.
#[derive(Debug, Clone)]
enum Checked {
    Whole(ReportEvents),
    Broken(String),
}

/// The list with its mark.
#[component]
pub(super) fn Events(handle: Handle) -> impl IntoView {
    let (id, vault, first) = (handle.id, use_vault(), StoredValue::new(true));
    let list = Loaded::new(vault, move |open: Keys| async move {
        let events = open.report_events(&id, MOST).await;
        // What was seen binds the server in other sessions too, also where this page is just closed. It is saved later if not now.
        if events.is_ok() && first.try_update_value(std::mem::take) == Some(true) {
            spawn_local(async move {
                let _ = open.save_state().await;
            });
        }
        vault.keep_memory();
        match events {
            Ok(events) => Ok(Checked::Whole(events)),
            Err(error @ ClientError::Refused(_)) => Ok(Checked::Broken(explain(&error))),
            Err(error) => Err(error),
        }
    });
    Effect::new(move |before: Option<u32>| {
        let now = handle.changed.get();
        if before.is_some_and(|before| before != now) {
            list.again();
        }
        now
    });
    let shown = RwSignal::new(STEP);
    view! {
        <Card title=t!(report.events).to_owned() flush=true>
            {list.show(t!(report.offline), 3, move |checked| match checked {
                Checked::Broken(why) => view! {
                    <div class="card-note"><Banner tone=Tone::Danger>{t!(report.events_broken, why = why)}</Banner></div>
                }
                .into_any(),
                Checked::Whole(events) => view! { <Record handle events shown/> }.into_any(),
            })}
        </Card>
    }
}

#[component]
fn Record(handle: Handle, events: ReportEvents, shown: RwSignal<usize>) -> impl IntoView {
    let (toasts, names) = (use_toasts(), TokenNames::of_reader());
    // From the chain that was verified when the report was opened.
    let purposes = handle.view_untracked().map(|view| view.report.access.purposes()).unwrap_or_default();
    let (complete, removed_before) = (events.complete, events.removed_before);
    let removed = removed_before.map(browser::format_date);
    let explained = match use_vault().keys() {
        Some(open) => open.explain(&purposes, events.items),
        None => purposes.explain(events.items, &KnownNames::default()),
    };
    let items = visits(&explained);
    let count = items.len();
    let (items, explained) = (StoredValue::new(items), StoredValue::new(explained));
    let on_save = move |format: Format| {
        let Some(view) = handle.view_untracked() else { return };
        let about = About { patient: Some(view.report.access.owner()), title: view.title() };
        let reports = BTreeMap::from([(handle.id, about)]);
        let context = export::Context { origin: &origin(), reports: &reports, removed_before };
        let text = explained.with_value(|events| export::export(events, format, context));
        save(toasts, t!(access.file_report), format, &text);
    };
    let rows = move || {
        let row = |visit: &Visit| view! { <EventRow names visit=visit.clone()/> };
        items.with_value(|items| items.iter().take(shown.get()).map(row).collect_view())
    };
    view! {
        <p class="card-note" role="status">
            {match complete {
                true => view! { <Badge tone=Tone::Good glyph=Glyph::Shield>{t!(report.events_verified)}</Badge> }.into_any(),
                false => view! { <span class="field-hint">{t!(report.events_partial)}</span> }.into_any(),
            }}
        </p>
        <ul class="rows" role="list" aria-label=t!(report.events)>{rows}</ul>
        {(count == 0).then(|| view! { <p class="card-note">{t!(report.events_none)}</p> })}
        {move || (shown.get() < count).then(|| view! {
            <p class="card-note">
                <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| shown.update(|n| *n += STEP)>
                    {t!(report.events_more)}
                </Button>
            </p>
        })}
        {removed.map(|date| view! {
            <p class="card-note">{t!(report.events_removed, date = date)}</p>
        })}
        <div class="card-note"><SaveAs on_save/></div>
    }
}

#[component]
fn EventRow(names: TokenNames, visit: Visit) -> impl IntoView {
    let own = use_vault().who().map(|who| who.account_id);
    let event = &visit.event;
    let who = match event.actor {
        None => t!(report.somebody).to_owned(),
        Some(id) if Some(id) == own => t!(report.you_subject).to_owned(),
        Some(id) => {
            let name = visit.who.as_ref().map(actor_text);
            names.device(event, name.clone()).or(name).unwrap_or_else(|| id.to_string().chars().take(8).collect())
        }
    };
    let via = names.beside(event);
    view! { <VisitRow visit who via/> }
}
