//! Shares of other people's recovery that this account holds: whose, and reading one out.

use client::{HeldShare, RecoveryShare};
use leptos::prelude::*;

use super::Trusted;
use crate::{
    browser,
    components::{
        Avatar, Badge, Banner, Button, ButtonKind, Card, Confirm, CopyButton, Page, Row, Rows, Tone, sentence,
    },
    t,
    vault::{Attempt, Keys, admin::origin, explain},
};

/// A share that fits what its account signed, or why it doesn't.
pub(super) type Line = Result<HeldShare, String>;

/// A share that is being shown.
#[derive(Clone)]
pub(super) struct ShownShare {
    /// Whose account it helps to open.
    name: String,
    text: String,
    threshold: u8,
}

pub(super) async fn ask(open: Keys) -> client::Result<Vec<Line>> {
    let shares = open.held_shares().await?;
    Ok(shares.into_iter().map(|share| share.map_err(|error| explain(&error))).collect())
}

/// The card.
#[component]
pub(super) fn HeldShares(trusted: Trusted) -> impl IntoView {
    let list = move |lines: Vec<Line>| view! { <List trusted lines/> };
    view! {
        <Card title=t!(recovery_shares.held).to_owned()>{trusted.held.show(t!(trusted.failed), 1, list)}</Card>
        <Ask trusted/>
    }
}

#[component]
fn List(trusted: Trusted, lines: Vec<Line>) -> impl IntoView {
    if lines.is_empty() {
        return view! { <p class="field-hint">{t!(recovery_shares.held_none)}</p> }.into_any();
    }
    let row = move |line: Line| match line {
        Ok(share) => view! { <ShareRow trusted share/> }.into_any(),
        Err(why) => {
            view! { <li><Banner tone=Tone::Danger title=t!(recovery_shares.held_refused)><p>{why}</p></Banner></li> }
                .into_any()
        }
    };
    let rows = lines.into_iter().map(row).collect_view();
    view! { <Rows label=t!(recovery_shares.held).to_owned()>{rows}</Rows> }.into_any()
}

#[component]
fn ShareRow(trusted: Trusted, share: HeldShare) -> impl IntoView {
    let name = share.person.name.clone();
    let (title, lead, of) = (name.clone(), name.clone(), name);
    let needed = t!(recovery_shares.held_text, count = share.threshold, all = share.shares);
    let created_at = share.created_at;
    let text = move || view! { {needed.clone()}" · "{sentence(t!(recovery_shares.since), created_at)} }.into_any();
    let badge = share.opened_at.map(|_| view! { <Badge tone=Tone::Warn>{t!(recovery_shares.opened)}</Badge> });
    view! {
        <Row lead=move || view! { <Avatar name=lead.clone()/> } title text>
            {badge}
            <Button
                kind=ButtonKind::Secondary
                class="btn-small"
                busy=trusted.attempt.busy
                on_click=move |()| trusted.showing.ask(share.clone())
            >
                {t!(recovery_shares.show)}<span class="sr-only">" "{of}</span>
            </Button>
        </Row>
    }
}

/// "Show your share?": who asks is what nobody but its holder can make sure of.
#[component]
fn Ask(trusted: Trusted) -> impl IntoView {
    let question = trusted.showing;
    let attempt = Attempt::new();
    let name = move || question.about().map(|share| share.person.name).unwrap_or_default();
    let confirm = move |()| {
        let Some(held) = question.about_untracked() else { return };
        let way_in = held.way_in;
        let work = move |open: Keys| async move { open.open_share(&way_in).await };
        trusted.proving.run(attempt, work, move |share: RecoveryShare| {
            question.done();
            let shown = ShownShare { name: held.person.name, text: share.text(), threshold: share.threshold() };
            trusted.share.try_set(Some(shown));
            trusted.held.again();
            request_animation_frame(|| browser::focus("main"));
        });
    };
    view! {
        <Confirm
            id="show-share"
            open=question.open
            title=Signal::derive(move || t!(recovery_shares.show_title, name = name()))
            action=t!(recovery_shares.show)
            busy=attempt.busy
            on_confirm=confirm
        >
            <p>{move || t!(recovery_shares.show_verify, name = name())}</p>
            <p>{move || t!(recovery_shares.show_told, name = name())}</p>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
        </Confirm>
    }
}

/// The screen.
#[component]
pub(super) fn Share(trusted: Trusted, shown: ShownShare) -> impl IntoView {
    let ShownShare { name, text, threshold } = shown;
    // A line ends between two groups, never in one that is being read out.
    let groups = text.split_inclusive('-').map(|group| view! { {group.to_owned()}<wbr/> }).collect_view();
    let copied = text;
    let lead = t!(recovery_shares.share_lead, name = name, count = threshold);
    let how = t!(recovery_shares.share_how_text, name = name, link = format!("{}/recover/shares", origin()));
    let warn = t!(recovery_shares.share_warn, name = name);
    let hide = move |()| {
        trusted.share.set(None);
        request_animation_frame(|| browser::focus("main"));
    };
    view! {
        <Page title=t!(recovery_shares.share_title, name = name) lead>
            <Card>
                <div class="stack">
                    <Banner tone=Tone::Warn>{warn}</Banner>
                    <p translate="no"><code data-testid="recovery-share">{groups}</code></p>
                    <div class="page-actions no-print">
                        <CopyButton text=copied class="" label=t!(recovery_shares.copy)/>
                        <Button kind=ButtonKind::Quiet on_click=hide>{t!(recovery_shares.hide)}</Button>
                    </div>
                </div>
            </Card>
            <Card title=t!(recovery_shares.share_how, name = name)><p>{how}</p></Card>
        </Page>
    }
}
