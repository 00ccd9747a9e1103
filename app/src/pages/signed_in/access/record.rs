//! Who did what with the reader's reports, when and under which purpose: every report's events in one order.

use std::collections::{BTreeMap, HashMap};

use api_types::ReportId;
use client::{
    export::{self, About, Format},
    oversight::{Visit, newest_first, visits},
};
use leptos::prelude::*;

use super::load::Load;
use crate::{
    browser,
    components::{Button, ButtonKind, Card, Chip, use_toasts},
    pages::signed_in::{
        access_line::actor_text,
        save_as::{SaveAs, save},
        via::TokenNames,
        visit_row::VisitRow,
    },
    t,
    vault::{admin::origin, use_vault},
};

/// Visits shown at first, and more with each tap.
const STEP: usize = 20;

/// The card.
#[component]
pub(super) fn Record(load: Load) -> impl IntoView {
    let own = use_vault().who().map(|who| who.account_id);
    let (toasts, names) = (use_toasts(), TokenNames::of_reader());
    let (everyone, shown) = (RwSignal::new(false), RwSignal::new(STEP));
    let titles: Memo<HashMap<ReportId, String>> = Memo::new(move |_| {
        load.items.with(|items| items.iter().map(|item| (item.overseen.report, item.title.clone())).collect())
    });
    let found = Memo::new(move |_| {
        let mut all: Vec<Visit> =
            load.items.with(|items| items.iter().flat_map(|item| visits(&item.overseen.events)).collect());
        if !everyone.get() {
            all.retain(|visit| visit.event.actor != own);
        }
        newest_first(&mut all);
        all
    });
    let partial = move || {
        load.items
            .with(|items| items.iter().any(|item| !item.overseen.complete && item.overseen.removed_before.is_none()))
    };
    let removed = move || load.items.with(|items| items.iter().filter_map(|item| item.overseen.removed_before).max());
    let on_save = move |format: Format| {
        let items = load.items.get_untracked();
        let about = |item: &super::load::Item| About { patient: Some(item.overseen.owner), title: item.title.clone() };
        let reports: BTreeMap<_, _> = items.iter().map(|item| (item.overseen.report, about(item))).collect();
        let mut events: Vec<_> = items.iter().flat_map(|item| item.overseen.events.iter().cloned()).collect();
        events.sort_by_key(|explained| std::cmp::Reverse(explained.checked.event.seq));
        let context = export::Context { origin: &origin(), reports: &reports, removed_before: removed() };
        save(toasts, t!(access.file_all), format, &export::export(&events, format, context));
    };
    let rows = move || {
        let row = |visit: &Visit| {
            let title = visit.event.report_id.and_then(|id| titles.with(|titles| titles.get(&id).cloned()));
            view! { <OwnRow names visit=visit.clone() title=title.unwrap_or_default() own=visit.event.actor == own/> }
        };
        found.with(|found| found.iter().take(shown.get()).map(row).collect_view())
    };
    view! {
        <Card title=t!(access.record).to_owned() flush=true>
            <div class="card-note form-end" role="group" aria-label=t!(access.whose)>
                <Chip pressed=Signal::derive(move || !everyone.get()) on_click=move |()| everyone.set(false)>{t!(access.others)}</Chip>
                <Chip pressed=everyone on_click=move |()| everyone.set(true)>{t!(access.everyone)}</Chip>
            </div>
            {move || partial().then(|| view! { <p class="card-note field-hint">{t!(access.record_partial)}</p> })}
            <ul class="rows" role="list" aria-label=t!(access.record)>{rows}</ul>
            {move || found.with(Vec::is_empty).then(|| {
                let says = if load.is_whole() { t!(access.record_none) } else { t!(access.record_none_so_far) };
                view! { <p class="card-note">{says}</p> }
            })}
            {move || (shown.get() < found.with(Vec::len)).then(|| view! {
                <p class="card-note">
                    <Button kind=ButtonKind::Quiet class="btn-small" on_click=move |()| shown.update(|shown| *shown += STEP)>
                        {t!(report.events_more)}
                    </Button>
                </p>
            })}
            {move || removed().map(browser::format_date).map(|date| view! {
                <p class="card-note">{t!(report.events_removed, date = date)}</p>
            })}
            <div class="card-note stack-s">
                <SaveAs on_save/>
                <p class="field-hint">{t!(access.save_note)}</p>
            </div>
        </Card>
    }
}

#[component]
fn OwnRow(names: TokenNames, visit: Visit, title: String, own: bool) -> impl IntoView {
    let event = &visit.event;
    let who = match event.actor {
        None => t!(report.somebody).to_owned(),
        Some(_) if own => t!(report.you_subject).to_owned(),
        Some(id) => {
            let name = visit.who.as_ref().map(actor_text);
            names.device(event, name.clone()).or(name).unwrap_or_else(|| id.to_string().chars().take(8).collect())
        }
    };
    let via = names.beside(event);
    let href = event.report_id.map(|id| format!("/reports/{id}"));
    view! { <VisitRow visit who via report=(href, title)/> }
}
