//! The account's own keys: how old they are, and new ones in their place; and a new account key where one is due.

use leptos::prelude::*;

use super::Security;
use crate::{
    components::{Banner, Button, ButtonKind, Card, Confirm, Glyph, Tone, sentence, use_toasts},
    t,
    vault::{Attempt, Keys, use_vault},
};

/// The card, and the question before new ones are made.
#[component]
pub(super) fn OwnKeys(security: Security) -> impl IntoView {
    let vault = use_vault();
    let toasts = use_toasts();
    let (open, attempt) = (RwSignal::new(false), Attempt::new());
    let made = RwSignal::new(vault.keys().map(|keys| keys.key_epoch()));
    let due = RwSignal::new(vault.keys().is_some_and(|keys| keys.is_account_key_due()));
    let rotate = move |()| {
        let work = |keys: Keys| async move { keys.rotate_keys().await.map(|()| keys.key_epoch()) };
        security.proving.run(attempt, work, move |epoch| {
            toasts.done(t!(new_keys.done));
            open.try_set(false);
            made.try_set(Some(epoch));
            due.try_set(false);
        });
    };
    let age = move || {
        made.get().map(|(epoch, at)| {
            let times = (epoch > 0).then(|| view! { " "{t!(new_keys.times, count = epoch)} });
            view! { <p class="field-hint">{sentence(t!(new_keys.made), at)}{times}</p> }
        })
    };
    view! {
        <Card title=t!(new_keys.title).to_owned()>
            <div class="stack-s">
                {move || due.get().then(|| view! { <AccountKeyDue security due/> })}
                <p>{t!(new_keys.note)}</p>
                {age}
                <div>
                    <Button kind=ButtonKind::Secondary glyph=Glyph::Key on_click=move |()| open.set(true)>
                        {t!(new_keys.make)}
                    </Button>
                </div>
            </div>
        </Card>
        <Confirm
            id="new-keys"
            open
            title=t!(new_keys.ask).to_owned()
            action=t!(new_keys.make)
            busy=attempt.busy
            on_confirm=rotate
        >
            <p>{t!(new_keys.text)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}

/// A passkey that opened the account went without a new account key, and signing in could not make one.
#[component]
fn AccountKeyDue(
    security: Security,
    /// Set to false once it is made.
    due: RwSignal<bool>,
) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let make = move |()| {
        let work = |keys: Keys| async move { keys.rotate_account_key().await };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(new_keys.due_done));
            due.try_set(false);
        });
    };
    view! {
        <Banner tone=Tone::Warn title=t!(new_keys.due_title)>
            <p>{t!(new_keys.due_text)}</p>
            {move || attempt.problem.get().map(|problem| view! { <p class="field-error" role="alert">{problem}</p> })}
            <div class="banner-actions">
                <Button kind=ButtonKind::Secondary class="btn-small" busy=attempt.busy on_click=make>
                    {t!(new_keys.due_make)}
                </Button>
            </div>
        </Banner>
    }
}
