//! What is said on every signed-in page: alarms, that the account is to be sealed anew, and of live events shares that arrive,
//! codes asked for, how many wait.

use api_types::{
    accounts::Role,
    grants::GrantState,
    live::{LiveEvent, LiveKind},
};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, components::A, hooks::use_navigate};
use wasm_bindgen_futures::spawn_local;

use crate::{
    components::{Banner, Tone, use_toasts},
    t,
    vault::{Vault, use_vault},
};

/// An alarm that nobody has acknowledged stands above every page; so does, as no alarm, that none could be seen.
#[component]
pub fn AlarmNotice() -> impl IntoView {
    let warnings = use_vault().warnings;
    let open = Memo::new(move |_| warnings.with(|warnings| (warnings.open(), warnings.refused.clone())));
    let unread = Memo::new(move |_| warnings.with(|warnings| warnings.refused.is_none() && warnings.unread()));
    let alarm = move || {
        let (alarms, refused) = open.get();
        (alarms || refused.is_some()).then(|| {
            view! {
                <div class="mb-4">
                    <Banner tone=Tone::Danger title=t!(alarms.banner_title)>
                        <p>{refused.unwrap_or_else(|| t!(alarms.banner_one).to_owned())}</p>
                        <p><A href="/alarms">{t!(alarms.banner_link)}</A></p>
                    </Banner>
                </div>
            }
        })
    };
    let unread = move || {
        unread.get().then(|| {
            view! {
                <div class="mb-4">
                    <Banner title=t!(alarms.unread_title)>
                        <p>{t!(alarms.unread_notice)}</p>
                        <p><A href="/alarms">{t!(alarms.title)}</A></p>
                    </Banner>
                </div>
            }
        })
    };
    view! {
        {alarm}
        {unread}
    }
}

/// The account is to be sealed under a new key, which signing in could not do; goes once the account has one.
#[component]
pub fn AccountKeyNotice() -> impl IntoView {
    let vault = use_vault();
    let due = Memo::new(move |_| {
        // Said anew whenever the account was changed.
        vault.state.track();
        vault.keys().is_some_and(|keys| keys.is_account_key_due())
    });
    move || {
        due.get().then(|| {
            view! {
                <div class="mb-4">
                    <Banner tone=Tone::Warn title=t!(new_keys.due_title)>
                        <p>{t!(new_keys.due_text)}</p>
                        <p><A href="/settings/security">{t!(new_keys.due_link)}</A></p>
                    </Banner>
                </div>
            }
        })
    }
}

/// Counts what waits, and says what happens.
#[component]
pub fn LiveNotices() -> impl IntoView {
    let vault = use_vault();
    if vault.who().is_none_or(|who| who.role == Role::Administrator) {
        return;
    }
    let toasts = use_toasts();
    let navigate = use_navigate();
    let go = Callback::new(move |to: String| navigate(&to, NavigateOptions::default()));
    count(vault);
    vault.on_live(move |event: LiveEvent| match event.kind {
        LiveKind::ShareArrived => {
            toasts.done_with(t!(shared.arrived_any), t!(shared.arrived_open), move || go.run("/shared".to_owned()));
            count(vault);
        }
        LiveKind::CodeRequested => {
            let report = event.report_id;
            toasts.done_with(t!(shared.code_requested), t!(shared.code_requested_open), move || {
                go.run(report.map_or_else(|| "/reports".to_owned(), |id| format!("/reports/{id}")));
            });
        }
        LiveKind::ShareRedeemed => toasts.done(t!(shared.redeemed_toast)),
        LiveKind::AccessEnded | LiveKind::ReportChanged | LiveKind::Resync => count(vault),
        LiveKind::AccountChanged
        | LiveKind::SessionsChanged
        | LiveKind::SessionBegan
        | LiveKind::EmergencyChanged
        | LiveKind::RecoverySharesChanged
        | LiveKind::EscrowChanged
        | LiveKind::TeamChanged => {}
    });
}

/// Shares that wait for their code, beside "Shared with me". Without an answer the number stays as it is.
fn count(vault: Vault) {
    let Some(open) = vault.keys() else { return };
    spawn_local(async move {
        if let Ok(shares) = open.pending_shares().await {
            let waiting = shares.iter().filter(|share| share.state == GrantState::Pending).count();
            vault.waiting.try_set(waiting);
        }
    });
}
