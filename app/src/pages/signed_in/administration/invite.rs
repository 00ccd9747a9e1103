//! Inviting: whom, as what, for how long; then the link, once.

use api_types::accounts::Role;
use leptos::prelude::*;

use crate::{
    components::{Banner, Button, ButtonKind, Choice, Choices, Dialog, SelectField, TextField, Time, TimeStyle, Tone},
    pages::signed_in::{
        link::HandOver,
        prove::{ProveDialog, Proving},
    },
    t,
    vault::{Attempt, Keys, admin, use_vault},
};

const DAY: i64 = 24 * 3_600_000;

/// A made invitation: its link and when it ends.
#[derive(Clone)]
struct Made {
    link: String,
    expires_at: i64,
    /// Whether it is being mailed as well.
    mailed: bool,
}

/// Asks, makes, shows the link.
#[component]
pub(super) fn InviteDialog(open: RwSignal<bool>, #[prop(into)] on_made: Callback<()>) -> impl IntoView {
    let made = RwSignal::new(None::<Made>);
    let proving = Proving::new(use_vault());
    Effect::new(move |_| {
        if open.get() {
            made.set(None);
        }
    });
    let title = Signal::derive(move || match made.with(Option::is_some) {
        true => t!(administration.invite_ready).to_owned(),
        false => t!(administration.invite_title).to_owned(),
    });
    view! {
        <Dialog id="invite" open title>
            {move || match made.get() {
                None => view! { <Ask proving made on_made/> }.into_any(),
                Some(made) => view! { <Ready made open/> }.into_any(),
            }}
        </Dialog>
        <ProveDialog proving/>
    }
}

#[component]
fn Ask(proving: Proving, made: RwSignal<Option<Made>>, on_made: Callback<()>) -> impl IntoView {
    let role = RwSignal::new("doctor".to_owned());
    let email = RwSignal::new(String::new());
    let life = RwSignal::new("7".to_owned());
    let attempt = Attempt::new();
    let make = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let typed = email.get_untracked();
        let days: i64 = life.get_untracked().parse().unwrap_or(7);
        let role = role_of(&role.get_untracked());
        let work = move |open: Keys| {
            let typed = typed.clone();
            async move { admin::invite(&open, role, &typed, days * DAY).await }
        };
        proving.run(attempt, work, move |created: client::Invited| {
            made.try_set(Some(Made {
                link: created.link.to_string(),
                expires_at: created.invitation.expires_at,
                mailed: created.mailed,
            }));
            on_made.run(());
        });
    };
    view! {
        <form class="form" method="dialog" on:submit=make>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <Choices id="invite-role" label=t!(administration.invite_role) value=role choices=roles()/>
            <TextField
                id="invite-email"
                label=t!(administration.invite_email)
                value=email
                kind="email"
                optional=true
                hint=t!(administration.invite_email_hint)
            />
            <SelectField id="invite-life" label=t!(administration.invite_expiry) value=life options=Signal::derive(lives)/>
            <div class="dialog-actions">
                <Button submit=true busy=attempt.busy>{t!(administration.invite_make)}</Button>
            </div>
        </form>
    }
}

fn role_of(key: &str) -> Role {
    match key {
        "administrator" => Role::Administrator,
        "patient" => Role::Patient,
        _ => Role::Doctor,
    }
}

fn roles() -> Vec<Choice> {
    let choice =
        |value: &str, title: &str, text: &str| Choice { value: value.into(), title: title.into(), text: text.into() };
    vec![
        choice("doctor", t!(administration.invite_role_doctor), t!(administration.invite_role_doctor_text)),
        choice("patient", t!(administration.invite_role_patient), t!(administration.invite_role_patient_text)),
        choice("administrator", t!(administration.invite_role_admin), t!(administration.invite_role_admin_text)),
    ]
}

fn lives() -> Vec<(String, String)> {
    [
        ("1", t!(administration.expiry_day)),
        ("7", t!(administration.expiry_week)),
        ("30", t!(administration.expiry_month)),
    ]
    .map(|(key, text)| (key.to_owned(), text.to_owned()))
    .to_vec()
}

#[component]
fn Ready(made: Made, open: RwSignal<bool>) -> impl IntoView {
    view! {
        <p>{t!(administration.invite_once)}</p>
        {made.mailed.then(|| view! { <p>{t!(administration.invite_mailed)}</p> })}
        <HandOver id="invitation-link" link=made.link label=t!(administration.invite_link) qr=t!(administration.invite_qr)/>
        <p class="field-hint">{t!(report.invite_ends)}" "<Time at=made.expires_at style=TimeStyle::DateTime/></p>
        <div class="dialog-actions">
            <Button kind=ButtonKind::Secondary on_click=move |()| open.set(false)>{t!(administration.invite_done)}</Button>
        </div>
    }
}
