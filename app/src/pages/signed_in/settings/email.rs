//! Whether the account's e-mail address is verified, one more link, and another address.

use api_types::{UnixMillis, email_change::PendingEmailChange, live::LiveKind};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::email_change::{Change, ChangeDialog};
use crate::{
    components::{Badge, Banner, Button, ButtonKind, Card, Glyph, Time, TimeStyle, Tone, use_toasts},
    t,
    vault::{Attempt, Keys, Loaded, explain, use_vault},
};

/// Where the address stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    email: String,
    verified_at: Option<UnixMillis>,
    /// Whether a link can be sent.
    mail: bool,
    /// The address that is to take its place.
    pending: Option<PendingEmailChange>,
}

/// The address.
#[component]
pub(super) fn EmailAddress() -> impl IntoView {
    let vault = use_vault();
    let address = Loaded::new(vault, |open: Keys| async move {
        let mail = open.api().get_instance().await?.mail;
        let account = open.api().get_account().await?;
        let pending = open.email_change().await?;
        Ok(Address { email: account.email, verified_at: account.email_verified_at, mail, pending })
    });
    vault.on_live(move |event| {
        if matches!(event.kind, LiveKind::AccountChanged | LiveKind::Resync) {
            address.again();
        }
    });
    let again = Callback::new(move |()| address.again());
    let asking = RwSignal::new(false);
    let shown = Memo::new(move |_| address.value.get());
    let card = move || {
        shown.get().map(|Address { email, verified_at, mail, pending }| {
            let stands = match verified_at {
                Some(at) => view! { <Verified email at/> }.into_any(),
                None if mail => view! { <Unverified email/> }.into_any(),
                None => view! { <p>{email}</p> }.into_any(),
            };
            let change = match mail {
                true => view! { <Change pending asking again/> }.into_any(),
                false => view! { <p class="field-hint">{t!(change_email.no_mail)}</p> }.into_any(),
            };
            view! { <Card title=t!(settings.address).to_owned()><div class="stack">{stands}{change}</div></Card> }
        })
    };
    view! { {card} <ChangeDialog open=asking again/> }
}

#[component]
fn Verified(email: String, at: UnixMillis) -> impl IntoView {
    view! {
        <p class="with-badge">
            {email}" "<Badge tone=Tone::Good glyph=Glyph::Check>{t!(settings.address_verified)}</Badge>
        </p>
        <p class="field-hint">{t!(settings.address_verified_note)}" "<Time at style=TimeStyle::DateTime/></p>
    }
}

#[component]
fn Unverified(email: String) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let to = email.clone();
    let send = move |()| {
        let Some(open) = vault.keys() else { return };
        if !attempt.begin() {
            return;
        }
        let to = to.clone();
        spawn_local(async move {
            match open.api().send_email_verification().await {
                Ok(()) => {
                    attempt.done();
                    toasts.done(t!(settings.address_sent, email = to));
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    };
    view! {
        <div class="stack-s">
            <p class="with-badge">{email}" "<Badge tone=Tone::Warn>{t!(settings.address_unverified)}</Badge></p>
            <p class="field-hint">{t!(settings.address_note)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Warn>{problem}</Banner> })}
            <div>
                <Button kind=ButtonKind::Secondary glyph=Glyph::Mail busy=attempt.busy on_click=send>
                    {t!(settings.address_send)}
                </Button>
            </div>
        </div>
    }
}
