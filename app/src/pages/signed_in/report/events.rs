//! Who opened it: the report's own events, checked link by link in this browser.

use api_types::audit::{Action, AuditEvent, Outcome};
use client::{CheckedEvent, ClientError, Mark, ReportEvents};
use leptos::prelude::*;

use super::handle::Handle;
use crate::{
    browser,
    components::{Badge, Banner, Button, ButtonKind, Card, Glyph, Time, TimeStyle, Tone},
    pages::signed_in::{
        action::action_name,
        log_mark::{LogMark, weakest},
    },
    t,
    vault::{Keys, Loaded, explain, use_vault},
};

/// Events fetched for the check.
const MOST: usize = 5_000;
/// Events shown at first, and more with each tap.
const STEP: usize = 20;

/// Looks of one person that are no further apart are one visit, in milliseconds.
const VISIT: i64 = 15 * 60 * 1000;

/// What the check found.
#[derive(Debug, Clone)]
enum Checked {
    Whole(ReportEvents),
    Broken(String),
}

/// The list with its mark.
#[component]
pub(super) fn Events(handle: Handle) -> impl IntoView {
    let (id, vault) = (handle.id, use_vault());
    let list = Loaded::new(vault, move |open: Keys| async move {
        let events = open.report_events(&id, MOST).await;
        vault.keep_memory();
        match events {
            Ok(events) => Ok(Checked::Whole(events)),
            Err(error @ ClientError::Refused(_)) => {
                vault.heed(&error);
                Ok(Checked::Broken(explain(&error)))
            }
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

/// Events that are one to a reader: a page asks several times for what its reader looks at once.
#[derive(Clone)]
struct Visit {
    /// The newest of them; an opened file says more than a look.
    event: AuditEvent,
    /// Time of the oldest.
    since: i64,
    count: usize,
    /// What the public log says of all of them.
    mark: Mark,
}

/// How much a look says, more with each; none for what isn't a look.
fn look(event: &AuditEvent) -> Option<u8> {
    match (event.action, event.outcome) {
        (_, Outcome::Denied) => None,
        (Action::AuditRead, _) => Some(0),
        (Action::Read, _) => Some(1),
        (Action::Open, _) => Some(2),
        _ => None,
    }
}

impl Visit {
    fn takes(&self, older: &AuditEvent) -> bool {
        let same = self.event.actor == older.actor && self.since - older.time <= VISIT;
        same && look(&self.event).is_some() && look(older).is_some()
    }
}

/// Newest first, as the events are.
fn visits(events: &[CheckedEvent]) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for CheckedEvent { event, mark } in events {
        match visits.iter_mut().rev().find(|visit| visit.takes(event)) {
            Some(visit) => {
                visit.since = event.time;
                visit.count += 1;
                visit.mark = weakest([visit.mark, *mark].into_iter());
                if look(event) > look(&visit.event) {
                    visit.event.action = event.action;
                }
            }
            None => visits.push(Visit { event: event.clone(), since: event.time, count: 1, mark: *mark }),
        }
    }
    visits
}

#[component]
fn Record(handle: Handle, events: ReportEvents, shown: RwSignal<usize>) -> impl IntoView {
    let items = visits(&events.items);
    let (complete, count) = (events.complete, items.len());
    let removed = events.removed_before.map(browser::format_date);
    let items = StoredValue::new(items);
    let rows = move || {
        let row = |visit: &Visit| view! { <EventRow handle visit=visit.clone()/> };
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
    }
}

/// What somebody did, as the rest of a sentence that begins with their name.
fn did(event: &AuditEvent) -> String {
    let text = match (event.action, event.outcome) {
        (Action::Redeem, Outcome::Denied) => t!(report.event_redeem_denied),
        (action, Outcome::Denied) => return format!("{}: {}", t!(report.event_denied), action_name(action)),
        (Action::Open, _) => t!(report.event_open),
        (Action::Read, _) => t!(report.event_read),
        (Action::List, _) => t!(report.event_list),
        (Action::Create, _) => t!(report.event_create),
        (Action::Share, _) => t!(report.event_share),
        (Action::Redeem, _) => redeeming(&event.subject),
        (Action::Claim, _) => t!(report.event_claim),
        (Action::Revoke, _) => t!(report.event_revoke),
        (Action::Rekey, _) => t!(report.event_rekey),
        (Action::Upload, _) => t!(report.event_upload),
        (Action::AuditRead, _) => t!(report.event_audit),
        (action, _) => action_name(action),
    };
    text.to_owned()
}

/// The steps of redeeming, as the server names them in the event's subject.
fn redeeming(subject: &str) -> &'static str {
    match subject.split(' ').find_map(|pair| pair.strip_prefix("what=")) {
        Some("challenge") => t!(report.event_redeem_begun),
        Some("seed") => t!(report.event_redeem_done),
        Some("reseal") => t!(report.event_reseal),
        Some("request_again") => t!(report.event_code_again),
        _ => t!(report.event_redeem),
    }
}

#[component]
fn EventRow(handle: Handle, visit: Visit) -> impl IntoView {
    let Visit { event, count, mark, .. } = visit;
    let own = use_vault().who().map(|who| who.account_id);
    let who = match event.actor {
        None => t!(report.somebody).to_owned(),
        Some(id) if Some(id) == own => t!(report.you_subject).to_owned(),
        Some(id) => event.actor_name.clone().or_else(|| handle.view(|view| view.name(&id))).unwrap_or_default(),
    };
    let denied = event.outcome == Outcome::Denied;
    view! {
        <li class="row row-plain">
            <div class="row-main">
                <span><strong>{who}</strong>" "{did(&event)}</span>
                <span class="row-text">
                    <Time at=event.time style=TimeStyle::DateTime/>
                    {(count > 1).then(|| view! { " · "{t!(report.event_count, count = count)} })}
                </span>
            </div>
            <div class="row-end">
                {denied.then(|| view! { <Badge tone=Tone::Danger>{t!(administration.audit_denied)}</Badge> })}
                <LogMark mark/>
            </div>
        </li>
    }
}
