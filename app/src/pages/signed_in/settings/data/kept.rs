//! What has been kept for as long as the organisation says: found here, where the kinds are known.

use api_types::ReportId;
use client::{DueReport, DueReports, RetentionPolicy, RetentionRule};
use leptos::prelude::*;

use crate::{
    browser::format_date,
    components::{Banner, Button, ButtonKind, Card, Tone},
    t,
    vault::{Attempt, Keys, Loaded, explain, use_vault},
};

/// What a look came to.
#[derive(Clone)]
struct Found {
    due: Vec<DueReport>,
    /// Reports that could not be looked at, and why.
    unread: Vec<(ReportId, String)>,
}

impl From<DueReports> for Found {
    fn from(all: DueReports) -> Self {
        let unread = all.unread.into_iter().map(|(report, why)| (report, explain(&why))).collect();
        Self { due: all.due, unread }
    }
}

/// The card; nothing where the organisation has no rules.
#[component]
pub(super) fn Kept() -> impl IntoView {
    let policy = Loaded::new(use_vault(), |open: Keys| async move { open.retention_policy().await });
    let card = |policy: Option<RetentionPolicy>| {
        let policy = policy.filter(|policy| !policy.rules.is_empty());
        policy.map(|policy| view! { <Rules policy/> })
    };
    policy.show(t!(settings.failed), 2, card)
}

fn rule(rule: &RetentionRule) -> impl IntoView + use<> {
    let kind = if rule.kind.is_empty() { t!(data.kept_others).to_owned() } else { rule.kind.clone() };
    view! { <li>{t!(data.kept_rule, kind = kind, years = rule.years)}</li> }
}

#[component]
fn Rules(policy: RetentionPolicy) -> impl IntoView {
    let vault = use_vault();
    let attempt = Attempt::new();
    let found = RwSignal::new(None::<Found>);
    let rules: Vec<_> = policy.rules.iter().map(rule).collect();
    let policy = StoredValue::new(policy);
    let look = move |()| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let policy = policy.get_value();
        wasm_bindgen_futures::spawn_local(async move {
            match open.all_due(&policy).await {
                Ok(all) => {
                    attempt.done();
                    found.try_set(Some(all.into()));
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    view! {
        <Card title=t!(data.kept).to_owned()>
            <div class="stack">
                <p>{t!(data.kept_note)}</p>
                <ul class="plain-list">{rules}</ul>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                <div><Button kind=ButtonKind::Secondary busy=attempt.busy on_click=look>{t!(data.kept_look)}</Button></div>
                <div aria-live="polite">{move || found.get().map(list)}</div>
            </div>
        </Card>
    }
}

fn list(Found { due, unread }: Found) -> AnyView {
    let unread = (!unread.is_empty()).then(|| view! { <NotLookedAt unread/> });
    view! { {due_list(due)} {unread} }.into_any()
}

fn due_list(due: Vec<DueReport>) -> AnyView {
    if due.is_empty() {
        return view! { <p>{t!(data.kept_none)}</p> }.into_any();
    }
    let line = |due: DueReport| {
        let title = if due.title.is_empty() { t!(report.untitled).to_owned() } else { due.title };
        view! {
            <li>
                <a href=format!("/reports/{}", due.report)>{title}</a>
                " · "{due.kind}" · "{t!(data.kept_since, when = format_date(due.kept_until))}
            </li>
        }
    };
    view! {
        <p>{t!(data.kept_due)}</p>
        <ul class="plain-list">{due.into_iter().map(line).collect_view()}</ul>
    }
    .into_any()
}

#[component]
fn NotLookedAt(unread: Vec<(ReportId, String)>) -> impl IntoView {
    let line = |(report, why): (ReportId, String)| {
        view! { <li><a href=format!("/reports/{report}")>{t!(report.untitled)}</a>": "{why}</li> }
    };
    view! {
        <Banner tone=Tone::Warn title=t!(data.kept_unread)>
            <ul class="plain-list">{unread.into_iter().map(line).collect_view()}</ul>
        </Banner>
    }
}
