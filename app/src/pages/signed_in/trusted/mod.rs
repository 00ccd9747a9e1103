//! `/trusted`: who trusts this account as an emergency contact, asking, and the words once the delay has run; and the shares
//! of others' recovery that it holds.

mod person;
mod shares;
mod words;

use api_types::live::LiveKind;
use client::{EmergencyLink, HeldShare};
use leptos::prelude::*;

use super::{
    prove::{ProveDialog, Proving},
    question::Question,
    sure::{Deed, Sure},
};
use crate::{
    components::{Banner, Card, Empty, Glyph, LinkButton, Page, Rows, Toasts, Tone, use_toasts},
    pages::signed_in::delay::days,
    t,
    vault::{Attempt, Keys, Loaded, explain, use_vault},
};
use person::TrustRow;
use shares::{HeldShares, Share, ShownShare};
use words::{Shown, Words};

/// Somebody who trusts, or why what the server says of one is refused.
type Line = Result<EmergencyLink, String>;

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Trusted {
    list: Loaded<Vec<Line>>,
    proving: Proving,
    toasts: Toasts,
    attempt: Attempt,
    /// "Ask to open?"
    asking: Question<EmergencyLink>,
    /// "No emergency contact any more?"
    leaving: Question<EmergencyLink>,
    /// The words that are being shown.
    shown: RwSignal<Option<Shown>>,
    held: Loaded<Vec<shares::Line>>,
    /// "Show your share?"
    showing: Question<HeldShare>,
    /// The share that is being shown.
    share: RwSignal<Option<ShownShare>>,
}

async fn ask(open: Keys) -> client::Result<Vec<Line>> {
    let links = open.trusted_by().await?;
    Ok(links.into_iter().map(|link| link.map_err(|error| explain(&error))).collect())
}

/// People who trust this account.
#[component]
pub fn TrustedPage() -> impl IntoView {
    let vault = use_vault();
    let trusted = Trusted {
        list: Loaded::new(vault, ask),
        proving: Proving::new(vault),
        toasts: use_toasts(),
        attempt: Attempt::new(),
        asking: Question::new(),
        leaving: Question::new(),
        shown: RwSignal::new(None),
        held: Loaded::new(vault, shares::ask),
        showing: Question::new(),
        share: RwSignal::new(None),
    };
    vault.on_live(move |event| {
        if matches!(event.kind, LiveKind::EmergencyChanged | LiveKind::Resync) {
            trusted.list.again();
        }
        if matches!(event.kind, LiveKind::RecoverySharesChanged | LiveKind::Resync) {
            trusted.held.again();
        }
    });
    let screen = move || match (trusted.shown.get(), trusted.share.get()) {
        (Some(shown), _) => view! { <Words trusted shown/> }.into_any(),
        (None, Some(shown)) => view! { <Share trusted shown/> }.into_any(),
        (None, None) => view! { <Overview trusted/> }.into_any(),
    };
    view! { {screen} <ProveDialog proving=trusted.proving/> }
}

#[component]
fn Overview(trusted: Trusted) -> impl IntoView {
    let attempt = trusted.attempt;
    let again = move || trusted.list.again();
    let list = move |lines: Vec<Line>| view! { <List trusted lines/> };
    view! {
        <Page title=t!(trusted.title).to_owned() lead=t!(trusted.lead)>
            {move || attempt.problem.get().map(|problem| view! { <Banner tone=Tone::Danger>{problem}</Banner> })}
            <Card flush=true>{trusted.list.show(t!(trusted.failed), 2, list)}</Card>
            <HeldShares trusted/>
            <div><LinkButton href="/settings/security">{t!(trusted.own)}</LinkButton></div>
        </Page>
        <Sure proving=trusted.proving deed=asking() question=trusted.asking work=ask_to_open again/>
        <Sure proving=trusted.proving deed=leaving() question=trusted.leaving work=decline again/>
    }
}

#[component]
fn List(trusted: Trusted, lines: Vec<Line>) -> impl IntoView {
    if lines.is_empty() {
        return view! { <Empty glyph=Glyph::People title=t!(trusted.none_title)><p>{t!(trusted.none)}</p></Empty> }
            .into_any();
    }
    let row = move |line: Line| match line {
        Ok(link) => view! { <TrustRow trusted link/> }.into_any(),
        Err(why) => {
            view! { <li><Banner tone=Tone::Danger title=t!(trusted.refused)><p>{why}</p></Banner></li> }.into_any()
        }
    };
    view! { <Rows label=t!(trusted.title).to_owned()>{lines.into_iter().map(row).collect_view()}</Rows> }.into_any()
}

/// "Ask to open?", and what follows.
fn asking() -> Deed<EmergencyLink> {
    Deed {
        id: "ask-emergency",
        action: t!(trusted.ask),
        title: |link| t!(trusted.ask_title, name = link.person.name),
        text: |link| vec![t!(trusted.ask_text, name = link.person.name, days = days(link.delay_days))],
        done: |link, ()| t!(trusted.asked_toast, name = link.person.name),
    }
}

async fn ask_to_open(open: Keys, link: EmergencyLink) -> client::Result<()> {
    open.ask_emergency(&link.way_in).await
}

/// "No emergency contact any more?", and what that means.
fn leaving() -> Deed<EmergencyLink> {
    Deed {
        id: "leave-emergency",
        action: t!(trusted.leave),
        title: |link| t!(trusted.leave_title, name = link.person.name),
        text: |link| vec![t!(trusted.leave_text, name = link.person.name)],
        done: |link, ()| t!(trusted.left, name = link.person.name),
    }
}

async fn decline(open: Keys, link: EmergencyLink) -> client::Result<()> {
    open.decline_trust(&link.way_in).await
}
