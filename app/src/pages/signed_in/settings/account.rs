//! `/settings`: profile, key, theme, lock.

use leptos::prelude::*;

use super::{SettingsFrame, email::EmailAddress, leaving::Leaving, theme::Theme};
use crate::{
    components::{Badge, Button, ButtonKind, Card, CopyButton, Glyph, SelectField, Tone, role_name, use_toasts},
    pages::signed_in::contacts::OwnKey,
    t,
    vault::{idle, index, use_vault},
};

/// Account.
#[component]
pub fn SettingsPage() -> impl IntoView {
    view! {
        <SettingsFrame>
            <Profile/>
            <EmailAddress/>
            <OwnKey/>
            <Theme/>
            <Locking/>
            <Leaving/>
        </SettingsFrame>
    }
}

#[component]
fn Profile() -> impl IntoView {
    let Some(open) = use_vault().keys() else { return ().into_any() };
    let who = open.who();
    let id = who.account_id.to_string();
    let approval = match open.me() {
        Ok(me) if me.approved => {
            Some(view! { <Badge tone=Tone::Good glyph=Glyph::Shield>{t!(settings.confirmed)}</Badge> }.into_any())
        }
        Ok(me) if me.role != api_types::accounts::Role::Patient => {
            Some(view! { <Badge tone=Tone::Warn>{t!(settings.unconfirmed)}</Badge> }.into_any())
        }
        _ => None,
    };
    view! {
        <Card title=t!(settings.profile).to_owned()>
            <dl class="facts facts-wide">
                <div><dt>{t!(settings.name)}</dt><dd>{who.name}</dd></div>
                <div><dt>{t!(settings.email)}</dt><dd>{who.email}</dd></div>
                <div><dt>{t!(settings.role)}</dt><dd class="with-badge">{role_name(who.role)}" "{approval}</dd></div>
                <div>
                    <dt>{t!(settings.id)}</dt>
                    <dd class="with-badge">
                        <span class="id">{id.clone()}</span>
                        <CopyButton text=id kind=ButtonKind::Quiet label=t!(settings.copy_id).to_owned()/>
                    </dd>
                </div>
            </dl>
        </Card>
    }
    .into_any()
}

#[component]
fn Locking() -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let clear = move |()| {
        wasm_bindgen_futures::spawn_local(async move {
            index::clear_cache().await;
            toasts.done(t!(settings.cache_cleared));
        });
    };
    let after = RwSignal::new(idle::minutes().to_string());
    Effect::new(move |before: Option<String>| {
        let now = after.get();
        if before.is_some_and(|before| before != now)
            && let Ok(minutes) = now.parse()
        {
            idle::set_minutes(minutes);
        }
        now
    });
    let choice = |minutes: u32| (minutes.to_string(), t!(settings.lock_minutes, minutes = minutes));
    let choices = Signal::derive(move || idle::CHOICES.map(choice).to_vec());
    view! {
        <Card title=t!(settings.vault).to_owned()>
            <div class="stack-s">
                <p>{t!(settings.vault_note)}</p>
                <SelectField id="lock-after" label=t!(settings.lock_after) value=after options=choices/>
                <div><Button kind=ButtonKind::Secondary glyph=Glyph::Lock on_click=move |()| vault.lock()>{t!(settings.lock_now)}</Button></div>
            </div>
        </Card>
        <Card title=t!(settings.cache).to_owned()>
            <div class="stack-s">
                <p>{t!(settings.cache_note)}</p>
                <div><Button kind=ButtonKind::Secondary on_click=clear>{t!(settings.cache_clear)}</Button></div>
            </div>
        </Card>
    }
}
