//! `/administration/escrow`: the escrow key, who put their account in escrow under it, asking, and after the delay opening.

mod accounts;
mod key;
mod making;
mod opening;

use api_types::{AccountId, live::LiveKind};
use leptos::prelude::*;

use super::Administrators;
use crate::{
    pages::signed_in::{
        prove::{ProveDialog, Proving},
        question::Question,
    },
    t,
    vault::{
        Keys, Loaded,
        admin::{self, EscrowList},
        use_vault,
    },
};
use accounts::Accounts;
use key::KeyCard;
use making::Making;
use opening::{Opened, Opening};

/// Escrow.
#[component]
pub fn EscrowPage() -> impl IntoView {
    view! { <Administrators lead=t!(escrow_admin.lead)><Escrow/></Administrators> }
}

/// Whose account it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    id: AccountId,
    name: String,
}

/// What the page shows.
#[derive(Clone)]
enum Screen {
    Overview,
    /// A new key: its words, and two of them asked back.
    Making,
    /// The escrow words are asked for.
    Opening(Named),
    /// What they opened: 24 words for somebody.
    Opened(Named, Vec<String>),
}

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Desk {
    list: Loaded<EscrowList>,
    proving: Proving,
    screen: RwSignal<Screen>,
    /// "Ask for the account?"
    asking: Question<Named>,
}

impl Desk {
    fn back(self) {
        self.list.again();
        self.screen.try_set(Screen::Overview);
        request_animation_frame(|| crate::browser::focus("main"));
    }
}

#[component]
fn Escrow() -> impl IntoView {
    let vault = use_vault();
    let desk = Desk {
        list: Loaded::new(vault, |open: Keys| async move { admin::escrows(&open, None).await }),
        proving: Proving::new(vault),
        screen: RwSignal::new(Screen::Overview),
        asking: Question::new(),
    };
    vault.on_live(move |event| {
        if matches!(event.kind, LiveKind::EscrowChanged | LiveKind::Resync) {
            desk.list.again();
        }
    });
    let screen = move || match desk.screen.get() {
        Screen::Overview => view! { <Overview desk/> }.into_any(),
        Screen::Making => view! { <Making desk/> }.into_any(),
        Screen::Opening(of) => view! { <Opening desk of/> }.into_any(),
        Screen::Opened(of, words) => view! { <Opened desk of words/> }.into_any(),
    };
    view! { {screen} <ProveDialog proving=desk.proving/> }
}

#[component]
fn Overview(desk: Desk) -> impl IntoView {
    let shown = move |list: EscrowList| {
        view! {
            <div class="stack">
                <KeyCard desk published=list.key/>
                <Accounts desk first=list.items next=list.next/>
            </div>
        }
    };
    desk.list.show(t!(administration.failed), 4, shown)
}
