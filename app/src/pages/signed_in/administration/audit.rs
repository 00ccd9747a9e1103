//! `/administration/audit`: everything that happened, newest first, with filters.

use std::collections::BTreeMap;

use api_types::{AccountId, audit::Outcome};
use client::{
    AccountNames, CheckedEvent, ClientError, EventPage, ExplainedEvent, Mark, Purposes,
    export::{self, Format},
};
use leptos::prelude::*;

use super::{Administrators, broken::Broken};
use crate::{
    browser,
    components::{
        Badge, Banner, Button, ButtonKind, Card, Chip, Glyph, SelectField, SkeletonRows, TextField, Time, TimeStyle,
        Toasts, Tone, use_toasts,
    },
    pages::signed_in::{
        action::{ACTIONS, action_name},
        log_mark::LogMark,
        save_as::{SaveAs, save},
        via::TokenNames,
    },
    t,
    vault::{Attempt, Keys, Vault, admin, explain_to_administrator, use_vault},
};

/// The audit.
#[component]
pub fn AuditPage() -> impl IntoView {
    view! { <Administrators><Audit/></Administrators> }
}

/// What is shown, and whether its chain holds.
#[derive(Clone, Copy)]
struct Log {
    events: RwSignal<Vec<CheckedEvent>>,
    next: RwSignal<Option<u64>>,
    /// Of a list without a filter: how many of its entries the server removed for their age.
    removed: RwSignal<Option<u64>>,
    broken: RwSignal<Option<String>>,
    attempt: Attempt,
    saving: Attempt,
    filter: Filter,
    vault: Vault,
    toasts: Toasts,
    names: TokenNames,
}

#[derive(Clone, Copy)]
struct Filter {
    who: RwSignal<String>,
    what: RwSignal<String>,
    outcome: RwSignal<String>,
    /// The first day and the last, as date fields have them; empty for all.
    from: RwSignal<String>,
    to: RwSignal<String>,
}

/// Person, action, outcome, first and last day.
type Values = [String; 5];

/// No filter.
const EVERYTHING: [&str; 5] = [""; 5];
/// Only what was refused.
const DENIED: [&str; 5] = ["", "", "denied", "", ""];

impl Filter {
    fn new() -> Self {
        Self {
            who: RwSignal::new(String::new()),
            what: RwSignal::new(String::new()),
            outcome: RwSignal::new(String::new()),
            from: RwSignal::new(String::new()),
            to: RwSignal::new(String::new()),
        }
    }

    fn values(self) -> Values {
        [self.who, self.what, self.outcome, self.from, self.to].map(|value| value.get())
    }

    /// Whether the last day lies before the first: nothing could be found.
    fn is_reversed(self) -> bool {
        // As text they are in the order of the calendar.
        let (from, to) = (self.from.get(), self.to.get());
        !from.is_empty() && !to.is_empty() && to < from
    }

    /// Whether it shows what was denied, and nothing else is filtered.
    fn is_denied(self) -> bool {
        self.values() == DENIED
    }

    fn set(self, values: [&str; 5]) {
        for (signal, value) in [self.who, self.what, self.outcome, self.from, self.to].into_iter().zip(values) {
            signal.set(value.to_owned());
        }
    }

    fn ask(self, before: Option<u64>) -> admin::EventFilter {
        let what = self.what.get_untracked();
        admin::EventFilter {
            before,
            actor: self.who.get_untracked().parse::<AccountId>().ok(),
            action: ACTIONS.iter().copied().find(|action| format!("{action:?}") == what),
            outcome: match self.outcome.get_untracked().as_str() {
                "success" => Some(Outcome::Success),
                "denied" => Some(Outcome::Denied),
                _ => None,
            },
            from: begins(&self.from.get_untracked(), 0),
            until: begins(&self.to.get_untracked(), 1),
        }
    }
}

/// When a day begins. A year that is still being typed, `0002`, is no filter yet.
fn begins(day: &str, later: u32) -> Option<i64> {
    browser::start_of_day(day, later).filter(|time| *time >= 0)
}

#[component]
fn Audit() -> impl IntoView {
    let log = Log {
        events: RwSignal::new(Vec::new()),
        next: RwSignal::new(None),
        removed: RwSignal::new(None),
        broken: RwSignal::new(None),
        attempt: Attempt::new(),
        saving: Attempt::new(),
        filter: Filter::new(),
        vault: use_vault(),
        toasts: use_toasts(),
        names: TokenNames::of_reader(),
    };
    let people = RwSignal::new(None::<AccountNames>);
    if let Some(open) = log.vault.keys() {
        wasm_bindgen_futures::spawn_local(async move {
            // Only the filter's names: without them the rest of the page works.
            if let Ok(names) = admin::names(&open).await {
                people.try_set(Some(names));
            }
        });
    }
    let fetch = move |fresh: bool| fetch(log, fresh);
    Effect::new(move |before: Option<Values>| {
        let now = log.filter.values();
        if before.as_ref() != Some(&now) && !log.filter.is_reversed() {
            fetch(true);
        }
        now
    });
    let on_save = move |format: Format| save_filtered(log, format);
    // A file of what can't be had, or doesn't hold, would say the same.
    let can_save = Memo::new(move |_| log.broken.with(Option::is_none) && log.failed().is_none());
    view! {
        <Card title=t!(administration.audit_title).to_owned() flush=true>
            <div class="card-note stack">
                <p>{t!(administration.audit_note)}</p>
                <Filters filter=log.filter people/>
                <Chain log/>
                {move || can_save.get().then(|| view! { <SaveAs on_save busy=log.saving.busy/> })}
                {move || log.failed().map(|problem| view! { <Failed problem again=move || fetch(true)/> })}
            </div>
            <Events log/>
            {move || log.attempt.busy.get().then(|| view! { <SkeletonRows count=3/> })}
            {move || log.next.get().is_some().then(|| view! {
                <p class="card-note">
                    <Button kind=ButtonKind::Secondary class="btn-small" busy=log.attempt.busy on_click=move |()| fetch(false)>
                        {t!(administration.audit_older)}
                    </Button>
                </p>
            })}
        </Card>
    }
}

impl Log {
    /// Shows nothing: what was there answered another question.
    fn clear(self) {
        self.events.try_update(|events| events.clear());
        self.next.try_set(None);
        self.removed.try_set(None);
        self.broken.try_set(None);
    }

    /// Shows one more page.
    fn add(self, page: EventPage) {
        self.events.try_update(|events| events.extend(page.items));
        self.next.try_set(page.next);
        self.removed.try_update(|sum| *sum = page.removed.map(|removed| removed.saturating_add(sum.unwrap_or(0))));
    }

    /// What was checked of the rows, and how that stands.
    fn says(self) -> (Tone, String) {
        let (count, found) =
            self.events.with(|events| (events.len(), events.iter().filter(|item| item.mark == Mark::Verified).count()));
        // A filter that was just chosen counts at once.
        match self.removed.get().filter(|_| self.filter.values() == EVERYTHING) {
            Some(0) => (Tone::Good, t!(administration.audit_verified, count = count)),
            Some(removed) => (Tone::Plain, t!(administration.audit_removed, count = count, removed = removed)),
            None => (Tone::Plain, t!(administration.audit_part, count = count, found = found)),
        }
    }

    /// Why there is nothing to show, if the list can't be had.
    fn failed(self) -> Option<String> {
        let nothing = self.events.with(Vec::is_empty) && self.broken.with(Option::is_none);
        self.attempt.problem.get().filter(|_| nothing)
    }
}

fn fetch(log: Log, fresh: bool) {
    let Some(open) = log.vault.keys() else { return };
    if !log.attempt.begin() {
        return;
    }
    let before = if fresh { None } else { log.next.get_untracked() };
    let filter = log.filter.ask(before);
    let asked = untrack(|| log.filter.values());
    wasm_bindgen_futures::spawn_local(async move {
        let page = admin::events(&open, &filter).await;
        log.vault.keep_memory();
        if fresh {
            log.clear();
        }
        match page {
            Ok(page) => {
                log.add(page);
                log.attempt.done();
            }
            Err(error) => {
                // Only what was refused is broken; a lost connection is not.
                if matches!(error, ClientError::Refused(_)) {
                    log.broken.try_set(Some(explain_to_administrator(&error)));
                }
                log.attempt.failed(explain_to_administrator(&error));
                // Without rows it stands in their place.
                if !fresh {
                    log.toasts.problem(explain_to_administrator(&error));
                }
            }
        }
        // Filtered by something else meanwhile: what came isn't what is asked for now.
        let wanted = untrack(|| log.filter.who.try_get().map(|_| (log.filter.values(), log.filter.is_reversed())));
        if let Some((now, false)) = wanted
            && now != asked
        {
            fetch(log, true);
        }
    });
}

/// Entries that a file may have: more are not held in memory at once.
const MOST: usize = 20_000;

/// Everything that the filter leaves, page by page, as a file.
fn save_filtered(log: Log, format: Format) {
    let Some(open) = log.vault.keys() else { return };
    if !log.saving.begin() {
        return;
    }
    let filter = log.filter.ask(None);
    wasm_bindgen_futures::spawn_local(async move {
        match all(&open, filter).await {
            Ok((events, whole)) => {
                let reports = BTreeMap::new();
                let context = export::Context { origin: &admin::origin(), reports: &reports, removed_before: None };
                save(log.toasts, t!(access.file_audit), format, &export::export(&events, format, context));
                if !whole {
                    log.toasts.problem(t!(administration.audit_cut, count = MOST));
                }
            }
            Err(error) => log.toasts.problem(explain_to_administrator(&error)),
        }
        log.saving.done();
    });
}

/// The entries, and whether they are all that there are.
async fn all(open: &Keys, mut filter: admin::EventFilter) -> client::Result<(Vec<ExplainedEvent>, bool)> {
    let mut events = Vec::new();
    loop {
        let page = admin::events(open, &filter).await?;
        // Administrators see no access chain, so no purposes.
        events.extend(open.explain(&Purposes::default(), page.items));
        match page.next {
            // Each page must go further down, or a server could keep us here for ever.
            Some(next) if filter.before.is_none_or(|before| next < before) && events.len() < MOST => {
                filter.before = Some(next);
            }
            next => return Ok((events, next.is_none())),
        }
    }
}

#[component]
fn Filters(filter: Filter, people: RwSignal<Option<AccountNames>>) -> impl IntoView {
    let who = Signal::derive(move || {
        let mut options = vec![(String::new(), t!(administration.audit_person_all).to_owned())];
        people.with(|people| {
            let people = people.iter().flat_map(|people| &people.items);
            options.extend(people.map(|(id, name)| (id.to_string(), name.clone())));
        });
        options
    });
    let cut =
        move || people.with(|people| people.as_ref().filter(|people| !people.whole).map(|people| people.items.len()));
    let what = Signal::derive(|| {
        let all = (String::new(), t!(administration.audit_all).to_owned());
        std::iter::once(all).chain(ACTIONS.iter().map(|a| (format!("{a:?}"), action_name(*a).to_owned()))).collect()
    });
    let outcome = Signal::derive(|| {
        let option = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        vec![
            option("", t!(administration.audit_any_outcome)),
            option("success", t!(administration.audit_success)),
            option("denied", t!(administration.audit_denied)),
        ]
    });
    let reversed = Signal::derive(move || filter.is_reversed().then(|| t!(administration.audit_reversed).to_owned()));
    view! {
        <div class="filters">
            <SelectField id="audit-who" label=t!(administration.audit_who) value=filter.who options=who/>
            <SelectField id="audit-what" label=t!(administration.audit_what) value=filter.what options=what/>
            <SelectField id="audit-outcome" label=t!(administration.audit_outcome) value=filter.outcome options=outcome/>
            <TextField id="audit-from" kind="date" label=t!(administration.audit_from) value=filter.from/>
            <TextField id="audit-to" kind="date" label=t!(administration.audit_to) value=filter.to error=reversed/>
        </div>
        {move || cut().map(|count| view! { <p>{t!(administration.audit_people_cut, count = count)}</p> })}
        <div class="form-end" role="group" aria-label=t!(administration.audit_presets)>
            <Chip pressed=Signal::derive(move || filter.values() == EVERYTHING) on_click=move |()| filter.set(EVERYTHING)>
                {t!(administration.audit_everything)}
            </Chip>
            <Chip pressed=Signal::derive(move || filter.is_denied()) on_click=move |()| filter.set(DENIED)>
                {t!(administration.audit_denied_attempts)}
            </Chip>
        </div>
    }
}

/// The list can't be had now.
#[component]
fn Failed(problem: String, again: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    view! {
        <Banner tone=Tone::Warn title=t!(administration.failed)>
            <p>{problem}</p>
            <div class="banner-actions">
                <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| again()>
                    {t!(common.retry)}
                </Button>
            </div>
        </Banner>
    }
}

/// What the check of the chain found.
#[component]
fn Chain(log: Log) -> impl IntoView {
    move || match log.broken.get() {
        Some(why) => view! { <Broken why/> }.into_any(),
        None => log
            .events
            .with(|events| !events.is_empty())
            .then(|| {
                let (tone, says) = log.says();
                match tone {
                    Tone::Good => {
                        view! { <p role="status"><Badge tone glyph=Glyph::Shield>{says}</Badge></p> }.into_any()
                    }
                    _ => view! { <p role="status" class="field-hint">{says}</p> }.into_any(),
                }
            })
            .into_any(),
    }
}

/// Their roles are said, since on a phone they are drawn as no table.
#[component]
fn Events(log: Log) -> impl IntoView {
    // That none matches is said only of an answer.
    let answered = move || !log.attempt.busy.get() && log.attempt.problem.with(Option::is_none);
    let empty = move || log.events.with(Vec::is_empty) && answered();
    let any = Memo::new(move |_| log.events.with(|events| !events.is_empty()));
    let table = move || {
        view! {
            <div class="table-wrap" role="region" aria-label=t!(administration.audit_table) tabindex="0">
                <table class="table table-events" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th scope="col" role="columnheader">{t!(administration.audit_when)}</th>
                            <th scope="col" role="columnheader">{t!(administration.audit_who)}</th>
                            <th scope="col" role="columnheader">{t!(administration.audit_what)}</th>
                            <th scope="col" role="columnheader">{t!(administration.audit_outcome)}</th>
                            <th scope="col" role="columnheader">{t!(administration.audit_subject)}</th>
                            <th scope="col" role="columnheader">{t!(log.column)}</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">
                        <For each=move || log.events.get() key=|item| (item.event.seq, item.mark) children=move |item| view! { <EventRow item names=log.names/> }/>
                    </tbody>
                </table>
            </div>
        }
    };
    view! {
        {move || any.get().then(table)}
        {move || empty().then(|| view! { <p class="card-note">{t!(administration.audit_none)}</p> })}
    }
}

#[component]
fn EventRow(item: CheckedEvent, names: TokenNames) -> impl IntoView {
    let CheckedEvent { event, mark, .. } = item;
    let (via, device) = (names.beside(&event), names.device(&event, event.actor_name.clone()));
    let who = device.or(event.actor_name).or_else(|| event.actor.map(|id| short(&id.to_string())));
    let who = who.unwrap_or_else(|| t!(administration.audit_nobody).to_owned());
    let (tone, outcome) = match event.outcome {
        Outcome::Success => (Tone::Plain, t!(administration.audit_success)),
        Outcome::Denied => (Tone::Danger, t!(administration.audit_denied)),
    };
    let report = event.report_id.map(|id| {
        let whole = id.to_string();
        view! { <span class="id" title=whole.clone()>{t!(administration.audit_report, id = short(&whole))}</span>" " }
    });
    view! {
        <tr role="row">
            <td role="cell"><Time at=event.time style=TimeStyle::DateTime/></td>
            <td role="cell">{who}{move || via.get().map(|via| view! { " "<span class="row-text">{via}</span> })}</td>
            <td role="cell">{action_name(event.action)}</td>
            <td role="cell"><Badge tone>{outcome}</Badge></td>
            <td role="cell">{report}<span class="id">{event.subject}</span></td>
            <td role="cell"><LogMark mark/></td>
        </tr>
    }
}

/// The first characters of an id, enough to tell two apart by eye.
fn short(id: &str) -> String {
    id.chars().take(8).collect()
}
