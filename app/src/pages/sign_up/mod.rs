//! Create account: who you are; where mail is sent, the code that was mailed to the address; the recovery kit; two of its words.
//! Before the last step nothing is sent but the address and its code.

mod account;
mod check;
mod code;
mod kit;

// Settings make a kit as well.
#[cfg(feature = "hydrate")]
pub(super) use {
    check::{TwoWordFields, TwoWords},
    kit::KitWords,
};

use api_types::{accounts::Role, identities::WaitingIdentity, invitations::InvitationInfo};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Banner, Empty, Gate, Glyph, LinkButton, Tone, role_name},
    t,
    vault::{Attempt, NewAccount, Vault, use_vault},
};

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Account,
    Code,
    Kit,
    Check,
}

/// How the reader came: the address may carry a set-up or invitation token in its fragment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Door {
    /// The server is being asked.
    #[default]
    Checking,
    /// Open sign-up, no invitation.
    Open {
        /// Whether the address is to be proved by a code.
        asks_code: bool,
    },
    /// With an invitation, or the set-up link.
    Invited(InvitationInfo),
    /// The link has expired, was withdrawn or used.
    Dead,
    /// The organisation takes nobody without an invitation.
    Closed,
}

/// Where a link waits while its reader is at an identity provider.
pub(crate) const INVITATION: &str = "invitation";

/// What has been typed so far; in memory only.
#[derive(Clone, Copy)]
struct Form {
    step: RwSignal<Step>,
    door: RwSignal<Door>,
    name: RwSignal<String>,
    email: RwSignal<String>,
    password: RwSignal<String>,
    role: RwSignal<String>,
    words: RwSignal<Vec<String>>,
    /// Whether the link is an invitation, not the set-up link.
    invited: StoredValue<bool>,
    /// Token and secret of the link.
    token: StoredValue<Option<String>>,
    secret: StoredValue<Option<String>>,
    /// Whom an identity provider verified: the account is made of that.
    identity: RwSignal<Option<WaitingIdentity>>,
    with_identity: Attempt,
    attempt: Attempt,
}

impl Form {
    fn new() -> Self {
        Self {
            step: RwSignal::new(Step::Account),
            door: RwSignal::default(),
            name: RwSignal::default(),
            email: RwSignal::default(),
            password: RwSignal::default(),
            role: RwSignal::new("patient".to_owned()),
            words: RwSignal::default(),
            invited: StoredValue::new(false),
            token: StoredValue::new(None),
            secret: StoredValue::new(None),
            identity: RwSignal::new(None),
            with_identity: Attempt::new(),
            attempt: Attempt::new(),
        }
    }

    /// The role that the account gets: the invitation's, else the chosen one.
    fn role(self) -> Role {
        match self.door.get_untracked() {
            Door::Invited(info) => info.role,
            _ if self.role.with_untracked(|role| role == "doctor") => Role::Doctor,
            _ => Role::Patient,
        }
    }

    fn new_account(self) -> NewAccount {
        NewAccount {
            name: self.name.get_untracked().trim().to_owned(),
            email: self.email.get_untracked().trim().to_owned(),
            password: self.password.get_untracked(),
            role: self.role(),
            words: self.words.get_untracked(),
            token: self.token.get_value(),
            secret: self.secret.get_value(),
            identity: self.identity.with_untracked(Option::is_some),
            set_up: matches!(self.door.get_untracked(), Door::Invited(info) if info.set_up),
        }
    }

    /// Whether the address is to be proved by a code.
    fn asks_code(self) -> bool {
        let asks = self.door.with(|door| match door {
            Door::Open { asks_code } => *asks_code,
            Door::Invited(info) => info.asks_code,
            Door::Checking | Door::Dead | Door::Closed => false,
        });
        asks && self.identity.with(Option::is_none)
    }

    /// On with the recovery kit, or with the code first.
    fn go_on(self, vault: Vault, attempt: Attempt) {
        let address = self.email.with_untracked(|email| email.trim().to_owned());
        match untrack(|| self.asks_code()) && !vault.has_proved(&address) {
            true => self.ask_code(vault, attempt, Callback::new(move |()| self.step.set(Step::Code))),
            false => self.step.set(Step::Kit),
        }
    }

    fn ask_code(self, vault: Vault, attempt: Attempt, asked: Callback<()>) {
        let address = self.email.with_untracked(|email| email.trim().to_owned());
        vault.ask_sign_up_code(address, self.token.get_value(), attempt, asked);
    }

    /// Keeps the link for the way back from an identity provider: in this tab, until it is read.
    fn keep_link(self) {
        let Some(token) = self.token.get_value() else { return };
        let key = if self.invited.get_value() { "invite" } else { "setup" };
        let secret = self.secret.get_value().map(|secret| format!("&secret={secret}")).unwrap_or_default();
        crate::browser::store_session(INVITATION, &format!("{key}={token}{secret}"));
    }

    fn set_up(self) -> bool {
        self.door.with(|door| matches!(door, Door::Invited(info) if info.set_up))
    }
}

/// `/sign-up`.
#[component]
pub fn SignUp() -> impl IntoView {
    let vault = use_vault();
    let form = Form::new();
    let arrive = move |fragment: &str| {
        // Back from an identity provider: with the invitation that it was left with.
        let says = crate::browser::fragment_value(fragment, "identity");
        let back = says.as_deref() == Some("verified");
        let kept = back.then(|| crate::browser::take_session(INVITATION)).flatten();
        match says {
            Some(_) if back => vault.waiting_identity(form.identity, form.with_identity),
            Some(code) => vault.say_identity(&code, form.with_identity),
            None => {}
        }
        let fragment = kept.as_deref().unwrap_or(fragment);
        let value = |key| crate::browser::fragment_value(fragment, key);
        form.invited.set_value(value("invite").is_some());
        form.token.set_value(value("setup").or_else(|| value("invite")));
        form.secret.set_value(value("secret"));
        vault.open_door(form.token.get_value(), form.door);
    };
    Effect::new(move |_| {
        arrive(&crate::browser::take_fragment());
        // A link that is opened where this page is open already changes nothing but the fragment.
        let another = window_event_listener_untyped("hashchange", move |_| {
            let fragment = crate::browser::take_fragment();
            if ["setup", "invite"].iter().any(|key| crate::browser::fragment_value(&fragment, key).is_some()) {
                arrive(&fragment);
            }
        });
        on_cleanup(move || another.remove());
    });
    // Somebody with an account keeps it: the invitation is used with it.
    let navigate = leptos_router::hooks::use_navigate();
    Effect::new(move |_| {
        let Some(role) = vault.state.with(|state| state.who().map(|who| who.role)) else { return };
        if let Some(token) = form.token.get_value()
            && form.invited.get_value()
            && form.words.with_untracked(Vec::is_empty)
        {
            vault.keep_invitation(token, form.secret.get_value());
        }
        navigate(super::home_of(role), leptos_router::NavigateOptions { replace: true, ..Default::default() });
    });
    Effect::new(move |_| {
        if let Door::Invited(info) = form.door.get()
            && let Some(email) = info.email
        {
            form.email.set(email);
        }
    });
    Effect::new(move |_| {
        let Some(identity) = form.identity.get() else { return };
        let elsewhere = form.door.with(|door| match door {
            Door::Invited(info) => {
                info.email.as_ref().is_some_and(|email| !email.eq_ignore_ascii_case(&identity.email))
            }
            _ => false,
        });
        if elsewhere {
            // The invitation is for another address: the account can't be made of this identity.
            form.identity.set(None);
            return form.with_identity.problem.set(Some(t!(identities.other_address).to_owned()));
        }
        form.email.set(identity.email);
        if form.name.with_untracked(String::is_empty) {
            form.name.set(identity.name.unwrap_or_default());
        }
    });
    let title = Signal::derive(move || {
        match form.step.get() {
            Step::Account if form.set_up() => t!(sign_up.setup_title),
            Step::Account => t!(sign_up.title),
            Step::Code => t!(sign_up.code_title),
            Step::Kit => t!(sign_up.kit_title),
            Step::Check => t!(sign_up.check_title),
        }
        .to_owned()
    });
    let lead = Signal::derive(move || match form.step.get() {
        Step::Account if form.set_up() => t!(sign_up.setup_lead).to_owned(),
        Step::Account => t!(sign_up.lead).to_owned(),
        Step::Code => t!(sign_up.code_lead, email = form.email.get().trim()),
        Step::Kit => t!(sign_up.kit_lead).to_owned(),
        Step::Check => t!(sign_up.check_lead).to_owned(),
    });
    let step = move || match (form.door.get(), form.step.get()) {
        (Door::Dead, _) => shut(t!(sign_up.link_dead_title), t!(sign_up.link_dead)).into_any(),
        (Door::Closed, _) => shut(t!(sign_up.closed_title), t!(sign_up.closed)).into_any(),
        (_, Step::Account) => view! { <account::Account form/> }.into_any(),
        (_, Step::Code) => view! { <code::Code form/> }.into_any(),
        (_, Step::Kit) => view! { <kit::Kit form/> }.into_any(),
        (_, Step::Check) => view! { <check::Check form/> }.into_any(),
    };
    view! {
        <Title text=t!(sign_up.page_title)/>
        <Gate title lead wide=true>
            <Stepper form/>
            <Invited door=form.door/>
            <Verified identity=form.identity/>
            {step}
            <p class="gate-foot no-print">{t!(sign_up.have_account)}" "<a href="/sign-in">{t!(sign_up.sign_in)}</a></p>
        </Gate>
    }
    .into_any()
}

fn shut(title: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <Empty glyph=Glyph::Mail title>
            <p>{text}</p>
            <LinkButton href="/sign-in">{t!(sign_up.sign_in)}</LinkButton>
        </Empty>
    }
}

/// Who invites, as what.
#[component]
fn Invited(door: RwSignal<Door>) -> impl IntoView {
    move || match door.get() {
        Door::Invited(info) if !info.set_up => {
            let by = info.invited_by.unwrap_or_else(|| t!(common.product).to_owned());
            let title = t!(sign_up.invited_by, name = by, role = role_name(info.role).to_lowercase());
            let text = info.placeholder.map(|_| t!(sign_up.invited_patient));
            view! { <div class="mb-4"><Banner tone=Tone::Good title>{text}</Banner></div> }.into_any()
        }
        _ => ().into_any(),
    }
}

/// As whom an identity provider verified the reader, and what it doesn't get.
#[component]
fn Verified(identity: RwSignal<Option<WaitingIdentity>>) -> impl IntoView {
    move || {
        let WaitingIdentity { provider_name: name, email, .. } = identity.get()?;
        let title = t!(identities.chosen, name = name, email = email);
        let text = t!(identities.chosen_text, name = name);
        Some(view! { <div class="mb-4"><Banner tone=Tone::Good title>{text}</Banner></div> })
    }
}

#[component]
fn Stepper(form: Form) -> impl IntoView {
    let steps = move || if form.asks_code() { 4 } else { 3 };
    let number = move || match form.step.get() {
        Step::Account => 1,
        Step::Code => 2,
        Step::Kit => steps() - 1,
        Step::Check => steps(),
    };
    let mark = move |at: u32| {
        let done = move || if number() >= at { "true" } else { "false" };
        view! { <span data-done=done></span> }
    };
    view! {
        <div class="stepper no-print" role="img" aria-label=move || t!(sign_up.progress, step = number(), steps = steps())>
            {move || (1..=steps()).map(mark).collect_view()}
        </div>
    }
}
