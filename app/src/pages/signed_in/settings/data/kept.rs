//! What has been kept for as long as the organisation says: found here, where the kinds are known.

use client::{DueReport, RetentionPolicy, RetentionRule};
use leptos::prelude::*;

use crate::{
    browser::format_date,
    components::{Banner, Button, ButtonKind, Card, Tone},
    t,
    vault::{Attempt, Keys, Loaded, explain, index::use_index, use_vault},
};

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
    let (vault, index) = (use_vault(), use_index());
    let attempt = Attempt::new();
    let found = RwSignal::new(None::<Vec<DueReport>>);
    let rules: Vec<_> = policy.rules.iter().map(rule).collect();
    let policy = StoredValue::new(policy);
    let look = move |()| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let rows = index.rows.get_untracked();
        let policy = policy.get_value();
        wasm_bindgen_futures::spawn_local(async move {
            let mut due = Vec::new();
            for row in rows.iter() {
                match open.due(&policy, &row.report).await {
                    Ok(one) => due.extend(one),
                    Err(error) => return attempt.failed(explain(&error)),
                }
            }
            attempt.done();
            found.try_set(Some(due));
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

fn list(due: Vec<DueReport>) -> AnyView {
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
