//! Recovery shares: who holds them, whose was opened, removing.

mod split;

use api_types::accounts::AccountStatus;
use client::{Holder, Split};
use leptos::prelude::*;

pub(super) use split::SplitRecovery;

use super::{Screen, Security};
use crate::{
    components::{
        Avatar, Badge, Banner, Button, ButtonKind, Card, Confirm, Glyph, LinkButton, Row, Rows, Tone, sentence,
        use_toasts,
    },
    t,
    vault::{Attempt, Keys},
};

/// The card.
#[component]
pub(super) fn RecoveryShares(security: Security) -> impl IntoView {
    let removing = RwSignal::new(false);
    let shown = move |split: Option<Split>| match split {
        Some(split) => view! { <Shown split removing/> }.into_any(),
        None => view! { <Nothing security/> }.into_any(),
    };
    view! {
        <Card title=t!(recovery_shares.title).to_owned()>
            <div class="stack">
                <p>{t!(recovery_shares.note)}</p>
                {security.split.show(t!(security.failed), 1, shown)}
                <div><LinkButton href="/trusted" kind=ButtonKind::Quiet>{t!(recovery_shares.held)}</LinkButton></div>
            </div>
        </Card>
        <Remove security open=removing/>
    }
}

#[component]
fn Nothing(security: Security) -> impl IntoView {
    view! {
        <div class="stack">
            <p class="field-hint">{t!(recovery_shares.none)}</p>
            <div>
                <Button kind=ButtonKind::Secondary glyph=Glyph::People on_click=move |()| security.show(Screen::Shares)>
                    {t!(recovery_shares.split)}
                </Button>
            </div>
        </div>
    }
}

#[component]
fn Shown(split: Split, removing: RwSignal<bool>) -> impl IntoView {
    let opened = split.holders.iter().any(|holder| holder.opened_at.is_some());
    let note = opened.then(|| view! { <Banner tone=Tone::Danger>{t!(recovery_shares.opened_note)}</Banner> });
    let short = split.is_short().then(|| {
        let says = t!(recovery_shares.short_text, left = split.left(), count = split.threshold);
        view! { <Banner tone=Tone::Danger title=t!(recovery_shares.short_title)>{says}</Banner> }
    });
    let needed = t!(recovery_shares.needed, count = split.threshold, all = split.holders.len());
    let row = |holder: Holder| view! { <HolderRow holder/> };
    let rows = split.holders.into_iter().map(row).collect_view();
    view! {
        <div class="stack">
            {short}
            {note}
            <p>{needed}" · "{sentence(t!(recovery_shares.since), split.created_at)}</p>
            <div class="framed"><Rows label=t!(recovery_shares.list).to_owned()>{rows}</Rows></div>
            <div>
                <Button kind=ButtonKind::DangerQuiet on_click=move |()| removing.set(true)>
                    {t!(recovery_shares.remove)}
                </Button>
            </div>
        </div>
    }
}

#[component]
fn HolderRow(holder: Holder) -> impl IntoView {
    let (status, opened_at) = (holder.person.status, holder.opened_at);
    let (title, lead) = (holder.person.name.clone(), holder.person.name);
    let text = move || opened_at.map(|at| sentence(t!(recovery_shares.opened_at), at).into_any());
    let (tone, says) = match (status, opened_at) {
        // Their share opens nothing any more, or not now.
        (AccountStatus::Deleted, _) => (Tone::Danger, t!(common.status_deleted)),
        (AccountStatus::Disabled, _) => (Tone::Warn, t!(common.status_disabled)),
        (_, Some(_)) => (Tone::Danger, t!(recovery_shares.opened)),
        (_, None) => (Tone::Good, t!(recovery_shares.sealed)),
    };
    view! {
        <Row lead=move || view! { <Avatar name=lead.clone()/> } title text>
            <Badge tone>{says}</Badge>
        </Row>
    }
}

/// "Remove?", and what that means.
#[component]
fn Remove(security: Security, open: RwSignal<bool>) -> impl IntoView {
    let toasts = use_toasts();
    let attempt = Attempt::new();
    let remove = move |()| {
        let split = security.split.value.get_untracked().flatten();
        let Some(way_in) = split.map(|split| split.way_in) else { return };
        let work = move |keys: Keys| async move { keys.remove_recovery_split(&way_in).await };
        security.proving.run(attempt, work, move |()| {
            toasts.done(t!(recovery_shares.removed));
            open.try_set(false);
            security.split.again();
        });
    };
    view! {
        <Confirm
            id="remove-shares"
            open
            title=Signal::stored(t!(recovery_shares.remove_title).to_owned())
            action=t!(recovery_shares.remove)
            busy=attempt.busy
            on_confirm=remove
        >
            <p>{t!(recovery_shares.remove_text)}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}
