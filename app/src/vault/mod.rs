//! The unlocked session. The only place of the page that holds keys or plaintext; everything in it is dropped (and keys
//! are wiped) when it locks.
//!
//! [`Vault`] is a `Copy` handle on reactive state that exists on both sides; on the server it stays
//! [`VaultState::Unknown`] for ever. What needs keys or the network is compiled for the browser only.

mod attempt;
mod judge;
mod new_account;
mod second_step;
mod stop;

// The browser's half.
#[cfg(feature = "hydrate")]
mod address;
#[cfg(feature = "hydrate")]
pub mod admin;
#[cfg(feature = "hydrate")]
mod archive;
#[cfg(feature = "hydrate")]
mod bulk;
#[cfg(feature = "hydrate")]
mod claim;
#[cfg(feature = "hydrate")]
pub mod drafts;
#[cfg(feature = "hydrate")]
mod emergency;
#[cfg(feature = "hydrate")]
mod explain;
#[cfg(feature = "hydrate")]
mod heavy;
#[cfg(feature = "hydrate")]
mod identities;
#[cfg(feature = "hydrate")]
pub mod idle;
#[cfg(feature = "hydrate")]
pub mod index;
#[cfg(feature = "hydrate")]
mod key_watch;
#[cfg(feature = "hydrate")]
mod live;
#[cfg(feature = "hydrate")]
mod loaded;
#[cfg(feature = "hydrate")]
mod message;
#[cfg(feature = "hydrate")]
mod passkeys;
#[cfg(feature = "hydrate")]
mod patience;
#[cfg(feature = "hydrate")]
mod phones;
#[cfg(feature = "hydrate")]
mod platform;
#[cfg(feature = "hydrate")]
mod pool;
#[cfg(feature = "hydrate")]
pub mod program;
#[cfg(feature = "hydrate")]
pub mod reports;
#[cfg(feature = "hydrate")]
mod saving;
#[cfg(feature = "hydrate")]
mod session;
#[cfg(feature = "hydrate")]
pub mod shares;
#[cfg(feature = "hydrate")]
mod sink;
#[cfg(feature = "hydrate")]
mod store;
#[cfg(feature = "hydrate")]
mod teams;
#[cfg(feature = "hydrate")]
mod unsaved;
#[cfg(feature = "hydrate")]
pub mod worker;

use api_types::sessions::WhoAmI;
use leptos::prelude::*;

pub use attempt::Attempt;
pub use judge::{Judge, Verdict};
pub use new_account::NewAccount;
pub use second_step::{Asked, SecondStep, Why};
pub use stop::Stop;
#[cfg(feature = "hydrate")]
pub use {
    archive::WebArchive,
    bulk::WebBulk,
    emergency::{AskedFor, OpenedShare},
    explain::{explain, explain_identity, explain_to_administrator},
    key_watch::Warnings,
    loaded::Loaded,
    passkeys::BrowserPasskeys,
    platform::WebPlatform,
    session::Keys,
    sink::Sink,
};

/// Where the vault stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VaultState {
    /// Not asked yet; the server always renders this.
    #[default]
    Unknown,
    /// No session.
    SignedOut,
    /// A session, no keys.
    Locked(WhoAmI),
    /// A session and its keys.
    Unlocked(WhoAmI),
}

impl VaultState {
    /// Whose session it is.
    pub fn who(&self) -> Option<&WhoAmI> {
        match self {
            Self::Unknown | Self::SignedOut => None,
            Self::Locked(who) | Self::Unlocked(who) => Some(who),
        }
    }
}

/// The handle; from [`use_vault`].
#[derive(Clone, Copy)]
pub struct Vault {
    /// Where it stands. Read it in a view; only the vault writes it.
    pub state: RwSignal<VaultState>,
    /// Why it is locked or signed out, to be shown once: idle, ended elsewhere.
    pub notice: RwSignal<Option<String>>,
    /// Why the session was stopped: shown in the place of every page until it is dismissed.
    pub stop: RwSignal<Option<Stop>>,
    /// The second step of the way in that runs.
    pub second_step: SecondStep,
    /// Somebody whose role needs a second factor is adding one: that page stays until they have kept their recovery codes.
    pub enrolling: RwSignal<bool>,
    /// Shares that wait to be redeemed.
    pub waiting: RwSignal<usize>,
    /// Whether this account is in escrow with its organisation.
    pub escrowed: RwSignal<bool>,
    /// Whether the last request reached the server.
    pub online: RwSignal<bool>,
    /// Where it says what happened on its own.
    #[cfg(feature = "hydrate")]
    toasts: crate::components::Toasts,
    /// The server said that the session is over.
    #[cfg(feature = "hydrate")]
    ended: RwSignal<bool>,
    /// The server said that a second factor has to be added first.
    #[cfg(feature = "hydrate")]
    due: RwSignal<bool>,
    /// What the log of keys has that it shouldn't.
    #[cfg(feature = "hydrate")]
    pub warnings: RwSignal<Warnings>,
    /// Emergency contacts who ask for this account.
    #[cfg(feature = "hydrate")]
    pub asked_for: RwSignal<Vec<AskedFor>>,
    /// Shares of this account's recovery that were opened.
    #[cfg(feature = "hydrate")]
    pub opened_shares: RwSignal<Vec<OpenedShare>>,
    /// An administrator who asks for this account out of escrow.
    #[cfg(feature = "hydrate")]
    pub asked_escrow: RwSignal<Option<AskedFor>>,
    #[cfg(feature = "hydrate")]
    hearing: live::Hearing,
    #[cfg(feature = "hydrate")]
    inner: StoredValue<session::Inner, LocalStorage>,
}

/// Makes [`use_vault`] work below here; in the browser it asks who is signed in.
pub fn provide_vault() {
    let vault = Vault {
        state: RwSignal::default(),
        notice: RwSignal::default(),
        stop: RwSignal::default(),
        second_step: SecondStep::new(),
        enrolling: RwSignal::new(false),
        waiting: RwSignal::new(0),
        escrowed: RwSignal::new(false),
        online: RwSignal::new(true),
        #[cfg(feature = "hydrate")]
        toasts: crate::components::use_toasts(),
        #[cfg(feature = "hydrate")]
        ended: RwSignal::new(false),
        #[cfg(feature = "hydrate")]
        due: RwSignal::new(false),
        #[cfg(feature = "hydrate")]
        warnings: RwSignal::default(),
        #[cfg(feature = "hydrate")]
        asked_for: RwSignal::default(),
        #[cfg(feature = "hydrate")]
        opened_shares: RwSignal::default(),
        #[cfg(feature = "hydrate")]
        asked_escrow: RwSignal::default(),
        #[cfg(feature = "hydrate")]
        hearing: live::Hearing::new(),
        #[cfg(feature = "hydrate")]
        inner: StoredValue::new_local(session::Inner::default()),
    };
    provide_context(vault);
    #[cfg(feature = "hydrate")]
    {
        index::provide_index(vault);
        drafts::provide_drafts(vault);
        Effect::new(move |_| vault.begin());
    }
}

/// The page's vault.
pub fn use_vault() -> Vault {
    expect_context()
}

/// Calls that forms and frames make. On the server nobody clicks: there they do nothing.
#[cfg(not(feature = "hydrate"))]
impl Vault {
    /// Asks the server what a set-up or invitation token is good for; without one, whether sign-up is open.
    pub fn open_door(self, _token: Option<String>, _door: RwSignal<crate::pages::Door>) {}
    /// Verifies an e-mail address by a mailed link's token.
    pub fn verify_email(self, _token: String, _attempt: Attempt, _done: Callback<()>) {}
    /// Confirms a change of an e-mail address by a mailed link's token and side, or stops it.
    pub fn answer_email_change(
        self,
        _link: (String, api_types::email_change::AddressSide, bool),
        _attempt: Attempt,
        _done: Callback<api_types::email_change::EmailChangeAnswered>,
    ) {
    }
    /// Fresh words for a recovery kit.
    pub fn new_kit(self) -> Vec<String> {
        Vec::new()
    }
    /// Has a code mailed to an address, if it has no account; otherwise the mail says so.
    pub fn ask_sign_up_code(self, _email: String, _token: Option<String>, _attempt: Attempt, _asked: Callback<()>) {}
    /// Proves the address by the code that was typed.
    pub fn prove_address(self, _code: String, _attempt: Attempt, _proved: Callback<()>) {}
    /// Whether that address was proved here.
    pub fn has_proved(self, _email: &str) -> bool {
        false
    }
    /// Lets go of the address that was proved.
    pub fn forget_address(self) {}
    /// Creates the account and signs in.
    pub fn sign_up(self, _account: NewAccount, _attempt: Attempt) {}
    /// Keeps an invitation for somebody who has an account already.
    pub fn keep_invitation(self, _token: String, _secret: Option<String>) {}
    /// Signs in, or unlocks when the session lives.
    pub fn sign_in(self, _email: String, _password: String, _attempt: Attempt) {}
    /// Signs in with a passkey.
    pub fn sign_in_with_passkey(self, _attempt: Attempt) {}
    /// The identity providers that the server asks.
    pub fn identity_providers(self, _providers: RwSignal<Vec<api_types::identities::IdentityProvider>>) {}
    /// Leaves for an identity provider.
    pub fn leave_for_identity(self, _provider: String, _attempt: Attempt) {}
    /// Whether an identity provider verified somebody.
    pub fn came_back(self, _attempt: Attempt) -> bool {
        false
    }
    /// Signs in as whom an identity provider verified.
    pub fn sign_in_with_identity(self, _attempt: Attempt) {}

    /// Nobody comes back here.
    pub fn say_identity(self, _code: &str, _attempt: Attempt) {}
    /// Whom an identity provider verified, to make an account of.
    pub fn waiting_identity(
        self,
        _identity: RwSignal<Option<api_types::identities::WaitingIdentity>>,
        _attempt: Attempt,
    ) {
    }
    /// Whether the server sends codes to phones.
    pub fn offers_phone(self, _offered: RwSignal<bool>) {}
    /// Has a code sent to a number, if that signs in to an account.
    pub fn start_phone(self, _number: String, _attempt: Attempt, _sent: RwSignal<bool>) {}
    /// Signs in with the code that was sent.
    pub fn sign_in_with_phone(self, _code: String, _attempt: Attempt) {}
    /// Unlocks with a passkey.
    pub fn unlock_with_passkey(self, _attempt: Attempt) {}
    /// Answers the second step with a passkey.
    pub fn prove_with_passkey(self, _attempt: Attempt) {}
    /// Opens the account with the recovery kit and sets a new password.
    pub fn recover(self, _email: String, _words: String, _password: String, _attempt: Attempt) {}
    /// Opens the account with shares that contacts read out and sets a new password.
    pub fn recover_with_shares(self, _email: String, _shares: Vec<String>, _password: String, _attempt: Attempt) {}
    /// Locks: keys are wiped, the session stays.
    pub fn lock(self) {}
    /// Locks and ends the session.
    pub fn sign_out(self) {}
}
