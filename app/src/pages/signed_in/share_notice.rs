//! Stands above every page once a share of this account's recovery was opened, until the shares are removed: an opened share
//! is no secret any more.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    components::{Banner, Tone, sentence},
    t,
    vault::{OpenedShare, use_vault},
};

/// One message for each share.
#[component]
pub fn ShareNotice() -> impl IntoView {
    let opened = use_vault().opened_shares;
    move || opened.get().into_iter().map(|share| view! { <Opened share/> }).collect_view()
}

#[component]
fn Opened(share: OpenedShare) -> impl IntoView {
    view! {
        <div class="mb-4">
            <Banner tone=Tone::Danger title=t!(recovery_shares.notice_title, name = share.name)>
                <p>{sentence(t!(recovery_shares.notice_text), share.at)}</p>
                <p><A href="/settings/security">{t!(recovery_shares.notice_link)}</A></p>
            </Banner>
        </div>
    }
}
