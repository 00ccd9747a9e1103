//! A line of a record: who did what, when and why, and whose word that is.

use std::collections::BTreeSet;

use api_types::audit::{Action, Outcome};
use client::oversight::Visit;
use leptos::prelude::*;

use super::{
    access_line::purpose_phrase,
    did::did,
    log_mark::{LogMark, ReaderNote},
};
use crate::{
    components::{Badge, Time, TimeStyle, Tone},
    t,
};

/// "version 2", "versions 1, 2".
fn versions_phrase(versions: &BTreeSet<u32>) -> Option<String> {
    let list = versions.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    match versions.len() {
        0 => None,
        1 => Some(t!(access.account_version, versions = list)),
        _ => Some(t!(access.account_versions, versions = list)),
    }
}

/// One visit.
#[component]
pub fn VisitRow(
    /// What was done.
    visit: Visit,
    /// By whom, as the sentence begins.
    who: String,
    /// With which report, where the record is of several: its address and title.
    #[prop(optional)]
    report: Option<(Option<String>, String)>,
    /// What stood in a session's place.
    via: Signal<Option<String>>,
) -> impl IntoView {
    let Visit { event, purposes, versions, count, mark, reader, .. } = visit;
    let denied = event.outcome == Outcome::Denied;
    let listed = versions_phrase(&versions).filter(|_| event.action == Action::List);
    view! {
        <li class="row row-plain">
            <div class="row-main">
                <span><strong>{who}</strong>" "{did(&event)}</span>
                {report.map(|(href, title)| view! { <span class="row-text"><a href=href>{title}</a></span> })}
                <span class="row-text">
                    <Time at=event.time style=TimeStyle::DateTime/>
                    {listed.map(|versions| view! { " · "{versions} })}
                    {purpose_phrase(&purposes).map(|phrase| view! { " · "{phrase} })}
                    {move || via.get().map(|via| view! { " · "{via} })}
                    {(count > 1).then(|| view! { " · "{t!(report.event_count, count = count)} })}
                </span>
            </div>
            <div class="row-end">
                {denied.then(|| view! { <Badge tone=Tone::Danger>{t!(administration.audit_denied)}</Badge> })}
                <ReaderNote reader/>
                <LogMark mark/>
            </div>
        </li>
    }
}
