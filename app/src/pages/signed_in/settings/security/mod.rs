//! `/settings/security`: password, recovery kit, emergency contacts, recovery shares, escrow, second factor. Each is changed on a
//! screen of its own.

mod authenticator;
mod codes;
mod emergency;
mod enrol;
mod escrow;
mod factors;
mod identities;
mod keys;
mod kit;
mod passkey;
mod password;
mod phone;
mod recovery_shares;

use api_types::{identities::IdentityToLink, live::LiveKind, second_factors::SecondFactorList};
use client::{EmergencyLink, EscrowStanding, Split};
use leptos::prelude::*;

pub use enrol::EnrolPage;

use super::SettingsFrame;
use crate::{
    browser,
    components::{Button, ButtonKind, Card, Glyph, Page, use_toasts},
    pages::signed_in::{
        prove::{ProveDialog, Proving},
        question::Question,
    },
    t,
    vault::{Attempt, Keys, Loaded, use_vault},
};

/// What the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Screen {
    Overview,
    Password,
    Kit,
    Authenticator,
    Passkey,
    Phone,
    PhoneAgain,
    Emergency,
    Shares,
    Escrow,
    Codes,
}

/// What the screens share.
#[derive(Clone, Copy)]
struct Security {
    screen: RwSignal<Screen>,
    proving: Proving,
    factors: Loaded<SecondFactorList>,
    identities: Loaded<identities::Known>,
    /// Whom an identity provider named, before they are linked.
    to_link: Question<IdentityToLink>,
    phone: Loaded<phone::Known>,
    /// The number that a code was sent to before it becomes a second factor.
    phone_again: RwSignal<Option<phone::Again>>,
    emergency: Loaded<Vec<EmergencyLink>>,
    split: Loaded<Option<Split>>,
    escrow: Loaded<EscrowStanding>,
    /// Recovery codes that were just made.
    codes: RwSignal<Vec<String>>,
}

impl Security {
    /// Another screen; its beginning gets the focus, unless a field of it takes it.
    fn show(self, screen: Screen) {
        // After an answer that came when the page was left already.
        if self.screen.try_set(screen).is_some() {
            return;
        }
        let has_field = matches!(
            screen,
            Screen::Password
                | Screen::Authenticator
                | Screen::Passkey
                | Screen::Phone
                | Screen::PhoneAgain
                | Screen::Emergency
                | Screen::Shares
                | Screen::Escrow
        );
        if !has_field {
            request_animation_frame(|| browser::focus("main"));
        }
    }

    fn back(self) {
        self.codes.try_set(Vec::new());
        self.factors.again();
        self.phone.again();
        self.emergency.again();
        self.split.again();
        self.escrow.again();
        self.show(Screen::Overview);
    }

    /// Recovery codes came: they are shown once.
    fn show_codes(self, codes: Vec<String>) {
        self.codes.try_set(codes);
        self.show(Screen::Codes);
    }
}

/// Security.
#[component]
pub fn SecurityPage() -> impl IntoView {
    let vault = use_vault();
    let security = Security {
        screen: RwSignal::new(Screen::Overview),
        proving: Proving::new(vault),
        factors: Loaded::new(vault, |open: Keys| async move { open.second_factors().await }),
        identities: Loaded::new(vault, identities::ask),
        to_link: Question::new(),
        phone: Loaded::new(vault, phone::ask),
        phone_again: RwSignal::new(None),
        emergency: Loaded::new(vault, |open: Keys| async move { open.emergency_contacts().await }),
        split: Loaded::new(vault, |open: Keys| async move { open.recovery_split().await }),
        escrow: Loaded::new(vault, |open: Keys| async move { open.escrow().await }),
        codes: RwSignal::new(Vec::new()),
    };
    identities::came_back(security);
    vault.on_live(move |event| {
        if matches!(event.kind, LiveKind::AccountChanged | LiveKind::Resync) {
            security.factors.again();
            security.phone.again();
        }
        if matches!(event.kind, LiveKind::EmergencyChanged | LiveKind::Resync) {
            security.emergency.again();
        }
        if matches!(event.kind, LiveKind::RecoverySharesChanged | LiveKind::Resync) {
            security.split.again();
        }
        if matches!(event.kind, LiveKind::EscrowChanged | LiveKind::Resync) {
            security.escrow.again();
        }
    });
    let screen = move || match security.screen.get() {
        Screen::Overview => view! { <Overview security/> }.into_any(),
        Screen::Password => view! { <password::ChangePassword security/> }.into_any(),
        Screen::Kit => view! { <kit::NewKit security/> }.into_any(),
        Screen::Authenticator => view! { <AddScreen security/> }.into_any(),
        Screen::Passkey => view! { <PasskeyScreen security/> }.into_any(),
        Screen::Phone => view! { <PhoneScreen security/> }.into_any(),
        Screen::PhoneAgain => view! { <PhoneAgainScreen security/> }.into_any(),
        Screen::Emergency => view! { <EmergencyScreen security/> }.into_any(),
        Screen::Shares => view! { <SharesScreen security/> }.into_any(),
        Screen::Escrow => view! { <EscrowScreen security/> }.into_any(),
        Screen::Codes => view! { <CodesScreen security/> }.into_any(),
    };
    view! { {screen} <ProveDialog proving=security.proving/> }
}

#[component]
fn Overview(security: Security) -> impl IntoView {
    view! {
        <SettingsFrame>
            <Card title=t!(security.password).to_owned()>
                <div class="stack-s">
                    <p>{t!(security.password_note)}</p>
                    <div>
                        <Button kind=ButtonKind::Secondary on_click=move |()| security.show(Screen::Password)>
                            {t!(security.password_change)}
                        </Button>
                    </div>
                </div>
            </Card>
            <Card title=t!(security.kit).to_owned()>
                <div class="stack-s">
                    <p>{t!(security.kit_note)}</p>
                    <div>
                        <Button kind=ButtonKind::Secondary glyph=Glyph::Key on_click=move |()| security.show(Screen::Kit)>
                            {t!(security.kit_make)}
                        </Button>
                    </div>
                </div>
            </Card>
            <emergency::EmergencyContacts security/>
            <recovery_shares::RecoveryShares security/>
            <escrow::EscrowCard security/>
            <factors::Factors security/>
            <phone::PhoneCard security/>
            <identities::Identities security/>
            <keys::OwnKeys security/>
        </SettingsFrame>
    }
}

#[component]
fn AddScreen(security: Security) -> impl IntoView {
    let toasts = use_toasts();
    let added = move |(name, codes): (String, Vec<String>)| {
        if !codes.is_empty() {
            return security.show_codes(codes);
        }
        // A second app brings none: those of the first one stay good.
        toasts.done(t!(security.app_done, name = name));
        security.back();
    };
    view! {
        <Page title=t!(security.factor_add).to_owned() lead=t!(security.app_lead).to_owned()>
            <authenticator::AddAuthenticator proving=security.proving added on_cancel=move |()| security.back()/>
        </Page>
    }
}

#[component]
fn PasskeyScreen(security: Security) -> impl IntoView {
    let toasts = use_toasts();
    let added = move |made: passkey::Added| {
        let says = match made.unlocks {
            true => t!(security.passkey_done, name = made.name),
            false => t!(security.passkey_done_locked, name = made.name),
        };
        toasts.done(says);
        if made.codes.is_empty() { security.back() } else { security.show_codes(made.codes) }
    };
    view! {
        <Page title=t!(security.passkey_add).to_owned() lead=t!(security.passkey_lead).to_owned()>
            <passkey::AddPasskey proving=security.proving attempt=Attempt::new() added on_cancel=move |()| security.back()/>
        </Page>
    }
}

#[component]
fn PhoneScreen(security: Security) -> impl IntoView {
    let toasts = use_toasts();
    let added = move |()| {
        toasts.done(t!(phones.added));
        security.back();
    };
    view! {
        <Page title=t!(phones.add).to_owned() lead=t!(phones.add_lead).to_owned()>
            <phone::AddPhone proving=security.proving added on_cancel=move |()| security.back()/>
        </Page>
    }
}

#[component]
fn PhoneAgainScreen(security: Security) -> impl IntoView {
    let again = security.phone_again.get_untracked();
    view! {
        <Page title=t!(phones.factor_on).to_owned() lead=t!(phones.again_lead).to_owned()>
            {again.map(|again| view! { <phone::VerifyAgain security again/> })}
        </Page>
    }
}

#[component]
fn EmergencyScreen(security: Security) -> impl IntoView {
    view! {
        <Page title=t!(emergency.add).to_owned() lead=t!(emergency.add_lead).to_owned()>
            <emergency::TrustSomebody security/>
        </Page>
    }
}

#[component]
fn SharesScreen(security: Security) -> impl IntoView {
    view! {
        <Page title=t!(recovery_shares.split).to_owned() lead=t!(recovery_shares.split_lead).to_owned()>
            <recovery_shares::SplitRecovery security/>
        </Page>
    }
}

#[component]
fn EscrowScreen(security: Security) -> impl IntoView {
    view! {
        <Page title=t!(escrow.turn_on).to_owned() lead=t!(escrow.turn_on_lead).to_owned()>
            <escrow::TurnOn security/>
        </Page>
    }
}

#[component]
fn CodesScreen(security: Security) -> impl IntoView {
    view! {
        <Page title=t!(security.codes_title).to_owned() lead=t!(security.codes_lead).to_owned()>
            <codes::Codes codes=security.codes.get_untracked() on_kept=move |()| security.back()/>
        </Page>
    }
}
