//! A new password.

use api_types::limits::{PASSWORD_MIN_CHARS, PASSWORD_MIN_CHARS_WITH_FACTOR};
use client::ClientError;
use leptos::prelude::*;

use super::Security;
use crate::{
    browser,
    components::{Banner, Button, ButtonKind, Card, Page, PasswordField, Tone, use_toasts},
    pages::signed_in::locked::UserName,
    t,
    vault::{Attempt, Judge, use_vault},
};

/// The form; the same rules as where an account is made.
#[component]
pub(super) fn ChangePassword(security: Security) -> impl IntoView {
    let toasts = use_toasts();
    let who = use_vault().who();
    let (name, email) = who.map(|who| (who.name, who.email)).unwrap_or_default();
    let known = StoredValue::new(vec![name, email.clone()]);
    let (password, again) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (weak, differs) = (RwSignal::new(None), RwSignal::new(None));
    let attempt = Attempt::new();
    let beside = Signal::derive(move || {
        security.factors.value.with(|list| list.as_ref().is_some_and(|l| l.items.iter().any(|factor| !factor.weaker)))
    });
    let min = Signal::derive(move || if beside.get() { PASSWORD_MIN_CHARS_WITH_FACTOR } else { PASSWORD_MIN_CHARS });
    let judge = Judge::new(password, min, Signal::derive(move || known.get_value()));
    let right = move |problem: Option<String>| {
        let enough = problem.is_none();
        let same = again.with_untracked(|again| password.with_untracked(|typed| again == typed));
        weak.set(problem);
        differs.set((!same).then(|| t!(sign_up.password_differs).to_owned()));
        if !enough {
            browser::focus("new-password");
        } else if !same {
            browser::focus("new-password-again");
        }
        enough && same
    };
    let change = move || {
        let work = move |open: crate::vault::Keys| async move {
            match password.try_get_untracked() {
                Some(password) => open.change_password(&password).await,
                None => Err(ClientError::Cancelled),
            }
        };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(security.password_done));
            security.back();
        });
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        judge.then(attempt, move |problem| {
            if right(problem) {
                change();
            }
        });
    };
    let hint = if beside.get_untracked() {
        t!(sign_up.password_hint_beside, min = PASSWORD_MIN_CHARS_WITH_FACTOR, alone = PASSWORD_MIN_CHARS)
    } else {
        t!(sign_up.password_hint, min = PASSWORD_MIN_CHARS)
    };
    view! {
        <Page title=t!(security.password_change).to_owned() lead=t!(security.password_lead).to_owned()>
            <Card>
                <form class="form form-narrow" method="dialog" on:submit=submit novalidate>
                    {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                    <UserName email/>
                    <PasswordField
                        id="new-password"
                        label=t!(security.password_new)
                        value=password
                        hint
                        error=weak
                        meter=judge
                        autocomplete="new-password"
                        focus=true
                    />
                    <PasswordField
                        id="new-password-again"
                        label=t!(security.password_again)
                        value=again
                        error=differs
                        autocomplete="new-password"
                    />
                    <div class="page-actions">
                        <Button submit=true busy=attempt.busy>{t!(security.password_save)}</Button>
                        <Button kind=ButtonKind::Quiet disabled=attempt.busy on_click=move |()| security.back()>
                            {t!(common.cancel)}
                        </Button>
                    </div>
                    <p class="field-hint" role="status">{move || attempt.busy.get().then_some(t!(security.password_working))}</p>
                </form>
            </Card>
        </Page>
    }
}
