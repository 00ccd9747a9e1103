//! Lets a page run only while the vault is open, and shows in its place what has to happen first.

use api_types::accounts::AccountStatus;
use futures::future::LocalBoxFuture;
use leptos::{prelude::*, task::spawn_local};

use super::locked::{NotActive, Opening, SecondFactorDue, Stopped, UnlockForm};
use crate::{
    components::{Banner, Button, ButtonKind, Card, Frame, Skeleton, SkeletonRows, Tone},
    pages::sign_in::SignInForm,
    t,
    vault::{VaultState, use_vault},
};

/// A page's program: it comes from the server when it is first needed.
#[derive(Clone, Copy)]
pub struct Program {
    /// Fetches it; false when it can't be had. Again is cheap, and after a failure it tries again.
    pub fetch: fn() -> LocalBoxFuture<'static, bool>,
    /// The page, once it is fetched; called anew each time the vault opens.
    pub show: fn() -> Option<AnyView>,
}

#[cfg(not(feature = "hydrate"))]
impl Program {
    /// The server has no pages to show.
    pub const fn none() -> Self {
        Self { fetch: || Box::pin(std::future::ready(false)), show: || None }
    }
}

/// The page, or what stands before it. The first render is the same on server and browser: the frame's outline.
#[component]
pub fn Guard(
    /// The page.
    program: Program,
) -> impl IntoView {
    let vault = use_vault();
    // The same state said again must not begin the page anew.
    let kind = Memo::new(move |_| {
        let state = vault.state.get();
        let who = state.who().map(|who| (who.account_id, who.name.clone(), who.role, who.status));
        let due = state.who().is_some_and(|who| who.second_factor_due) || vault.enrolling.get();
        (std::mem::discriminant(&state), who, due)
    });
    move || {
        // Read, not only tracked: a memo that nobody reads never learns that it changed.
        let (.., due) = kind.get();
        if let Some(stop) = vault.stop.get() {
            return view! { <Stopped stop/> }.into_any();
        }
        match vault.state.get_untracked() {
            VaultState::Unknown => view! { <Opening/> }.into_any(),
            VaultState::SignedOut => view! { <SignInForm/> }.into_any(),
            VaultState::Locked(who) => {
                super::fetch_ahead(program);
                view! { <UnlockForm who/> }.into_any()
            }
            VaultState::Unlocked(who) if who.status != AccountStatus::Active => view! { <NotActive who/> }.into_any(),
            VaultState::Unlocked(_) if due => {
                view! { <SecondFactorDue><Fetched program=super::enrolment()/></SecondFactorDue> }.into_any()
            }
            VaultState::Unlocked(who) => view! {
                <Frame
                    name=who.name
                    role=who.role
                    waiting=vault.waiting
                    escrowed=vault.escrowed
                    online=vault.online
                    on_lock=move |()| vault.lock()
                    on_sign_out=move |()| vault.sign_out()
                >
                    {notices()}
                    <Fetched program/>
                </Frame>
            }
            .into_any(),
        }
    }
}

/// The page when it is fetched, and until then its outline.
#[component]
fn Fetched(program: Program) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    let vault = use_vault();
    let here = RwSignal::new(None);
    let fetch = move || {
        here.set(None);
        spawn_local(async move {
            #[cfg(feature = "hydrate")]
            if vault.is_first_page() {
                crate::browser::sleep(0).await;
            }
            here.try_set(Some((program.fetch)().await));
        });
    };
    fetch();
    move || match here.get() {
        None => Some(
            view! { <div class="page-head"><Skeleton class="w-40 h-8"/></div> <Card flush=true><SkeletonRows/></Card> }
                .into_any(),
        ),
        Some(true) => (program.show)(),
        Some(false) => Some(
            view! {
                <Banner tone=Tone::Warn title=t!(errors.page_title)>
                    <p>{t!(errors.page)}</p>
                    <div class="banner-actions">
                        <Button kind=ButtonKind::Secondary class="btn-small" on_click=move |()| fetch()>
                            {t!(common.retry)}
                        </Button>
                    </div>
                </Banner>
            }
            .into_any(),
        ),
    }
}

/// What is said on every page: alarms, that the account is to be sealed anew, emergency contacts and administrators who ask,
/// shares that were opened, and live events.
fn notices() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    view! {
        <super::notices::AlarmNotice/>
        <super::notices::AccountKeyNotice/>
        <super::emergency_notice::EmergencyNotice/>
        <super::escrow_notice::EscrowNotice/>
        <super::share_notice::ShareNotice/>
        <super::notices::LiveNotices/>
        <super::new_session::SignInNotice/>
    }
}
