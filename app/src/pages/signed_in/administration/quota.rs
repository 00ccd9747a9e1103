//! How much accounts may store: all of them (Policies), or one (People).

use api_types::{
    AccountId,
    limits::QUOTA_MIN,
    quotas::{AccountQuota, QuotaDefault, QuotaRule, SetQuota},
};
use client::Space;
use leptos::prelude::*;

use crate::{
    browser::format_size,
    components::{Banner, Button, Card, Dialog, SelectField, TextField, Tone, use_toasts},
    pages::signed_in::{prove::Proving, question::Question, space::SpaceBar},
    t,
    vault::{Attempt, Keys, Loaded, admin::PersonRow, use_vault},
};

/// Bytes of a gigabyte, as file managers mostly count.
const GIGA: f64 = 1e9;
/// Above it a number isn't meant.
const MOST: f64 = 1e9;

fn key(rule: QuotaRule) -> &'static str {
    match rule {
        QuotaRule::Inherited => "inherited",
        QuotaRule::Unlimited => "unlimited",
        QuotaRule::Limited => "limited",
    }
}

fn rule_of(key: &str) -> QuotaRule {
    match key {
        "unlimited" => QuotaRule::Unlimited,
        "limited" => QuotaRule::Limited,
        _ => QuotaRule::Inherited,
    }
}

/// Gigabytes as typed, in bytes.
fn bytes(text: &str) -> Option<u64> {
    let giga: f64 = text.trim().replace(',', ".").parse().ok()?;
    let bytes = (0.0..=MOST).contains(&giga).then(|| (giga * GIGA).round() as u64)?;
    (bytes >= QUOTA_MIN).then_some(bytes)
}

/// What was said, what counts, and another.
#[component]
fn QuotaForm(
    /// Unique in the page.
    id: &'static str,
    rule: QuotaRule,
    limit: Option<u64>,
    /// What "inherited" means here.
    inherited: &'static str,
    attempt: Attempt,
    #[prop(into)] on_save: Callback<SetQuota>,
) -> impl IntoView {
    let chosen = RwSignal::new(key(rule).to_owned());
    let known = limit.filter(|_| rule == QuotaRule::Limited).map(|limit| (limit as f64 / GIGA).to_string());
    let size = RwSignal::new(known.unwrap_or_default());
    let wrong = RwSignal::new(None::<String>);
    let options = Signal::derive(move || {
        let option = |rule: QuotaRule, text: &str| (key(rule).to_owned(), text.to_owned());
        vec![
            option(QuotaRule::Inherited, inherited),
            option(QuotaRule::Limited, t!(data.quota_limited)),
            option(QuotaRule::Unlimited, t!(data.quota_unlimited)),
        ]
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let rule = rule_of(&chosen.get_untracked());
        let typed = (rule == QuotaRule::Limited).then(|| bytes(&size.get_untracked()));
        wrong.set(None);
        match typed {
            Some(None) => wrong.set(Some(t!(data.quota_size_bad).to_owned())),
            typed => on_save.run(SetQuota { rule, bytes: typed.flatten() }),
        }
    };
    let limited = move || chosen.with(|chosen| rule_of(chosen) == QuotaRule::Limited);
    let now = limit.map_or_else(|| t!(data.quota_none).to_owned(), format_size);
    let rule_id = if id == "default-quota" { "default-quota-rule" } else { "account-quota-rule" };
    view! {
        <form class="form" novalidate on:submit=save>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <p class="field-hint">{t!(data.quota_now, limit = now)}</p>
            <SelectField id=rule_id label=t!(data.quota_rule) value=chosen options/>
            {move || limited().then(|| view! {
                <TextField id label=t!(data.quota_size) value=size inputmode="decimal" error=wrong/>
            })}
            <div class="form-end"><Button submit=true busy=attempt.busy>{t!(data.quota_save)}</Button></div>
        </form>
    }
}

/// Of every account.
#[component]
pub(super) fn DefaultQuota(proving: Proving) -> impl IntoView {
    let toasts = use_toasts();
    let stored = Loaded::new(use_vault(), |open: Keys| async move { open.api().get_default_quota().await });
    let attempt = Attempt::new();
    let save = move |set: SetQuota| {
        let work = move |open: Keys| {
            let set = set.clone();
            async move { open.api().put_default_quota(&set).await }
        };
        proving.run(attempt, work, move |()| {
            toasts.done(t!(data.quota_saved));
            stored.again();
        });
    };
    let form = move |QuotaDefault { rule, limit }: QuotaDefault| {
        view! { <QuotaForm id="default-quota" rule limit inherited=t!(data.quota_inherited) attempt on_save=save/> }
    };
    view! {
        <Card title=t!(data.policy_quota).to_owned()>
            <div class="stack">
                <p>{t!(data.policy_quota_note)}</p>
                {stored.show(t!(administration.failed), 2, form)}
            </div>
        </Card>
    }
}

/// Of the person that the question is about.
#[component]
pub(super) fn PersonSpace(question: Question<PersonRow>, proving: Proving) -> impl IntoView {
    let title = move || question.about().map(|person| person.account.account.name).unwrap_or_default();
    view! {
        <Dialog
            id="space"
            open=question.open
            title=Signal::derive(move || t!(data.quota_title, name = title()))
        >
            {move || {
                let id = question.about().map(|person| person.account.account.id);
                id.map(|id| view! { <OneSpace id question proving/> })
            }}
        </Dialog>
    }
}

#[component]
fn OneSpace(id: AccountId, question: Question<PersonRow>, proving: Proving) -> impl IntoView {
    let toasts = use_toasts();
    let stored = Loaded::new(use_vault(), move |open: Keys| async move { open.api().get_account_quota(&id).await });
    let attempt = Attempt::new();
    let save = move |set: SetQuota| {
        let work = move |open: Keys| {
            let set = set.clone();
            async move { open.api().put_account_quota(&id, &set).await }
        };
        proving.run(attempt, work, move |()| {
            toasts.done(t!(data.quota_saved));
            question.done();
        });
    };
    let form = move |AccountQuota { rule, used, limit }: AccountQuota| {
        view! {
            <SpaceBar space=Space { used, limit }/>
            <QuotaForm id="account-quota" rule limit inherited=t!(data.quota_inherited_account) attempt on_save=save/>
        }
    };
    stored.show(t!(administration.failed), 2, form)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn gigabytes_are_read_as_people_type_them() {
        assert_eq!(
            (bytes("20"), bytes(" 0.5 "), bytes("1,5")),
            (Some(20_000_000_000), Some(500_000_000), Some(1_500_000_000))
        );
        for bad in ["", "x", "0", "0.01", "-1", "NaN", "inf", "1e300"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }
}
