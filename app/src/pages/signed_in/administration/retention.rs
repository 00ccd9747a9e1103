//! How long reports of each kind are kept: rules that the organisation's key signs and owners' browsers apply.

use client::{RetentionPolicy, RetentionRule};
use leptos::prelude::*;

use crate::{
    components::{Banner, Button, Card, TextArea, Tone, use_toasts},
    pages::signed_in::prove::Proving,
    t,
    vault::{Attempt, Keys, Loaded, use_vault},
};

/// Stands for every kind that no other rule names.
const OTHERS: &str = "*";

/// Rules as they are edited, one a line.
fn text(rules: &[RetentionRule]) -> String {
    let line = |rule: &RetentionRule| {
        let kind = if rule.kind.is_empty() { OTHERS } else { &rule.kind };
        format!("{kind} = {}", rule.years)
    };
    rules.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The rules of a text, or the line that is none.
fn parse(text: &str) -> Result<Vec<RetentionRule>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let rule = |line: &str| {
        let (kind, years) = line.rsplit_once('=')?;
        let kind = kind.trim();
        let years = years.trim().parse().ok()?;
        let named = !kind.is_empty();
        let kind = if kind == OTHERS { String::new() } else { kind.to_owned() };
        named.then_some(RetentionRule { kind, years })
    };
    lines.map(|line| rule(line).ok_or_else(|| line.to_owned())).collect()
}

/// The card.
#[component]
pub(super) fn RetentionRules(proving: Proving) -> impl IntoView {
    let stored = Loaded::new(use_vault(), |open: Keys| async move { open.retention_policy().await });
    let form = move |policy: Option<RetentionPolicy>| {
        let rules = policy.map(|policy| policy.rules).unwrap_or_default();
        view! { <Form rules proving/> }
    };
    view! {
        <Card title=t!(data.policy_kept).to_owned()>
            <div class="stack">
                <p>{t!(data.policy_kept_note)}</p>
                {stored.show(t!(administration.failed), 2, form)}
            </div>
        </Card>
    }
}

#[component]
fn Form(rules: Vec<RetentionRule>, proving: Proving) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let typed = RwSignal::new(text(&rules));
    let wrong = RwSignal::new(None::<String>);
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        wrong.set(None);
        let rules = match parse(&typed.get_untracked()) {
            Ok(rules) => rules,
            Err(line) => return wrong.set(Some(t!(data.policy_kept_bad, line = line))),
        };
        let work = move |open: Keys| {
            let rules = rules.clone();
            async move { open.set_retention_policy(rules).await }
        };
        proving.run(attempt, work, move |()| toasts.done(t!(data.policy_kept_saved)));
    };
    view! {
        <form class="form" novalidate on:submit=save>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <TextArea
                id="retention-rules"
                label=t!(data.policy_kept_rules)
                value=typed
                hint=t!(data.policy_kept_hint)
                error=wrong
                optional=true
            />
            <div class="form-end"><Button submit=true busy=attempt.busy>{t!(data.policy_kept_save)}</Button></div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_edited_one_a_line() {
        let typed = "\n Laboratory = 10\nA=B = 3\n* = 30\n";
        let rules = parse(typed).expect("rules");
        let said: Vec<_> = rules.iter().map(|rule| (rule.kind.as_str(), rule.years)).collect();
        assert_eq!(said, [("Laboratory", 10), ("A=B", 3), ("", 30)]);
        assert_eq!(text(&rules), "Laboratory = 10\nA=B = 3\n* = 30");
        assert_eq!(parse("").map(|rules| rules.len()), Ok(0), "no rules any more");
        for bad in ["Laboratory", "= 10", "x = ten", "x = -1"] {
            assert_eq!(parse(bad).err().as_deref(), Some(bad));
        }
    }
}
