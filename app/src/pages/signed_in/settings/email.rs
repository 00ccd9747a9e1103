//! Whether the account's e-mail address is verified, and one more link.

use api_types::{UnixMillis, live::LiveKind};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

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
}

/// The address; nothing where the server sends no mail and never did.
#[component]
pub(super) fn EmailAddress() -> impl IntoView {
    let vault = use_vault();
    let address = Loaded::new(vault, |open: Keys| async move {
        let mail = open.api().get_instance().await?.mail;
        let account = open.api().get_account().await?;
        Ok(Address { email: account.email, verified_at: account.email_verified_at, mail })
    });
    vault.on_live(move |event| {
        if matches!(event.kind, LiveKind::AccountChanged | LiveKind::Resync) {
            address.again();
        }
    });
    let shown = Memo::new(move |_| address.value.get().filter(|it| it.mail || it.verified_at.is_some()));
    move || {
        shown.get().map(|address| {
            view! {
                <Card title=t!(settings.address).to_owned()>
                    {match address.verified_at {
                        Some(at) => view! { <Verified email=address.email at/> }.into_any(),
                        None => view! { <Unverified email=address.email/> }.into_any(),
                    }}
                </Card>
            }
        })
    }
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
