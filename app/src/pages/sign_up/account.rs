//! Step 1: name, e-mail, password, role.

use api_types::limits::{EMAIL_MAX, NAME_MAX_CHARS, PASSWORD_MIN_CHARS};
use leptos::prelude::*;

use super::{Door, Form};
use crate::{
    components::{Banner, Button, Card, Choice, Choices, PasswordField, TextField, Tone},
    pages::identity::IdentityButtons,
    t,
    vault::{Attempt, Judge, use_vault},
};

/// What is wrong with each field; all are checked, so that nobody learns of them one by one.
#[derive(Clone, Copy)]
struct Problems {
    name: RwSignal<Option<String>>,
    email: RwSignal<Option<String>>,
    password: RwSignal<Option<String>>,
    again: RwSignal<Option<String>>,
}

impl Problems {
    /// With what is wrong with the password, which takes longer to find.
    fn check(self, form: Form, again: &str, password: Option<String>) -> bool {
        let say = |wrong: bool, text: &str| wrong.then(|| text.to_owned());
        self.name.set(say(form.name.with_untracked(|name| name.trim().is_empty()), t!(common.field_required)));
        let email = form.email.with_untracked(|email| looks_like_email(email.trim()));
        self.email.set(say(!email, t!(sign_up.email_bad)));
        self.password.set(password);
        self.again.set(say(form.password.with_untracked(|typed| typed != again), t!(sign_up.password_differs)));
        let all =
            [(self.name, "name"), (self.email, "email"), (self.password, "password"), (self.again, "password-again")];
        let first = all.iter().find(|(problem, _)| problem.with_untracked(Option::is_some));
        if let Some((_, id)) = first {
            crate::browser::focus(id);
        }
        first.is_none()
    }
}

/// Something before and after one `@`, no spaces; the server decides.
fn looks_like_email(text: &str) -> bool {
    let well_formed = |(user, host): (&str, &str)| !user.is_empty() && !host.is_empty() && !host.contains('@');
    text.len() <= EMAIL_MAX && !text.contains(char::is_whitespace) && text.split_once('@').is_some_and(well_formed)
}

/// The form.
#[component]
pub(super) fn Account(form: Form) -> impl IntoView {
    let vault = use_vault();
    let again = RwSignal::new(form.password.get_untracked());
    let problems = Problems {
        name: RwSignal::new(None),
        email: RwSignal::new(None),
        password: RwSignal::new(None),
        again: RwSignal::new(None),
    };
    let ready = crate::pages::use_ready();
    let waits = Signal::derive(move || !ready.get() || form.door.with(|door| *door == Door::Checking));
    let bound = Signal::derive(move || {
        form.identity.with(Option::is_some)
            || form.door.with(|door| matches!(door, Door::Invited(info) if info.email.is_some()))
    });
    let known = Signal::derive(move || vec![form.name.get(), form.email.get()]);
    let judge = Judge::new(form.password, Signal::stored(PASSWORD_MIN_CHARS), known);
    let attempt = Attempt::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        judge.then(attempt, move |password| {
            if problems.check(form, &again.get_untracked(), password) {
                if form.words.with_untracked(Vec::is_empty) {
                    form.words.set(vault.new_kit());
                }
                form.go_on(vault, attempt);
            }
        });
    };
    let roles = || {
        vec![
            Choice {
                value: "patient".into(),
                title: t!(sign_up.patient).into(),
                text: t!(sign_up.patient_text).into(),
            },
            Choice { value: "doctor".into(), title: t!(sign_up.doctor).into(), text: t!(sign_up.doctor_text).into() },
        ]
    };
    let role = move || {
        let asks = form.door.with(|door| !matches!(door, Door::Invited(_)));
        asks.then(|| view! { <Choices id="role" label=t!(sign_up.role) value=form.role choices=roles()/> })
    };
    view! {
        <Card>
            {move || form.with_identity.problem.get().map(|problem| view! { <div class="mb-4"><Banner tone=Tone::Danger>{problem}</Banner></div> })}
            <form class="form" method="dialog" on:submit=submit novalidate>
                {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
                {role}
                <TextField
                    id="name"
                    label=t!(sign_up.name)
                    value=form.name
                    hint=t!(sign_up.name_hint)
                    error=problems.name
                    autocomplete="name"
                    max=NAME_MAX_CHARS
                />
                <TextField
                    id="email"
                    label=t!(sign_up.email)
                    value=form.email
                    error=problems.email
                    kind="email"
                    autocomplete="username"
                    max=EMAIL_MAX
                    disabled=bound
                />
                <PasswordField
                    id="password"
                    label=t!(sign_up.password)
                    value=form.password
                    hint=t!(sign_up.password_hint, min = PASSWORD_MIN_CHARS)
                    error=problems.password
                    meter=judge
                    autocomplete="new-password"
                />
                <PasswordField
                    id="password-again"
                    label=t!(sign_up.password_again)
                    value=again
                    error=problems.again
                    autocomplete="new-password"
                />
                <Button submit=true busy=attempt.busy disabled=waits class="btn-wide">{t!(sign_up.submit)}</Button>
            </form>
            {move || (ready.get() && form.identity.with(Option::is_none)).then(|| view! {
                <IdentityButtons attempt=form.with_identity other=waits first=true on_leave=move |()| form.keep_link()/>
            })}
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in ["a@b", "amara.lindqvist+x@klinik.example", "ü@ü.example"] {
            assert!(looks_like_email(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c"] {
            assert!(!looks_like_email(bad), "{bad}");
        }
    }
}
