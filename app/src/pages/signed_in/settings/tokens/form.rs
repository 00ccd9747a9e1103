//! A new token: its name, what it reaches, when it ends.

use api_types::tokens::{NewApiToken, Scope};
use leptos::prelude::*;

use super::Tokens;
use crate::{
    components::{Button, ButtonKind, CheckBox, Glyph, SelectField},
    pages::signed_in::settings::{name_form::NameForm, once::lives},
    t,
    vault::{Attempt, Keys},
};

/// Days until the end, where nothing else is chosen.
const USUAL_DAYS: &str = "30";

fn says(scope: Scope) -> &'static str {
    match scope {
        Scope::AccountRead => t!(tokens.account_read),
        Scope::PeopleRead => t!(tokens.people_read),
        Scope::ReportsRead => t!(tokens.reports_read),
        Scope::ReportsWrite => t!(tokens.reports_write),
        Scope::SharesWrite => t!(tokens.shares_write),
        Scope::AuditRead => t!(tokens.audit_read),
        Scope::ReportsSend => t!(devices.title),
    }
}

/// The form.
#[component]
pub(super) fn NewToken(tokens: Tokens) -> impl IntoView {
    let attempt = Attempt::new();
    let (name, days) = (RwSignal::new(String::new()), RwSignal::new(USUAL_DAYS.to_owned()));
    let scopes = Scope::ALL.map(|scope| (scope, RwSignal::new(false)));
    let no_scope = RwSignal::new(None::<&'static str>);
    let others = move |()| {
        let none = !scopes.iter().any(|(_, chosen)| chosen.get_untracked());
        no_scope.set(none.then(|| t!(tokens.scopes_needed)));
        !none
    };
    let make = move |name: String| {
        let chosen = scopes.iter().filter(|(_, chosen)| chosen.get_untracked()).map(|(scope, _)| *scope);
        let expires_in_days = days.get_untracked().parse().unwrap_or_default();
        let new = NewApiToken { name, scopes: chosen.collect(), expires_in_days };
        let work = move |open: Keys| {
            let new = new.clone();
            async move { open.create_api_token(&new).await }
        };
        tokens.proving.run(attempt, work, move |made| tokens.made(made));
    };
    let choice = |(scope, chosen): (Scope, RwSignal<bool>)| view! { <CheckBox value=chosen>{says(scope)}</CheckBox> };
    view! {
        <NameForm id="token-name" label=t!(tokens.name) hint=t!(tokens.name_hint) name attempt others on_submit=make>
            <fieldset class="field">
                <legend class="field-label">{t!(tokens.scopes)}</legend>
                <div class="stack-s">{scopes.map(choice).into_iter().collect_view()}</div>
                {move || no_scope.get().map(|says| view! { <p class="field-error" role="alert">{says}</p> })}
            </fieldset>
            <SelectField id="token-days" label=t!(tokens.ends_in) value=days options=lives()/>
            <div class="page-actions">
                <Button submit=true busy=attempt.busy glyph=Glyph::Key>{t!(tokens.make)}</Button>
                <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=move |()| tokens.back()>
                    {t!(common.cancel)}
                </Button>
            </div>
        </NameForm>
    }
}
