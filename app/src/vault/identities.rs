//! Leaving for an identity provider, and coming back.

use api_types::identities::{IdentityProvider, WaitingIdentity};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{Attempt, Vault, explain, explain_identity, program};
use crate::{browser, pages::INVITATION, t};

/// How long leaving may take, in milliseconds.
const LEAVING: i32 = 8_000;

impl Vault {
    /// The identity providers that the server asks. Where it can't be reached there are none: the password is asked for all
    /// the same.
    pub fn identity_providers(self, providers: RwSignal<Vec<IdentityProvider>>) {
        spawn_local(async move {
            if let Ok(instance) = self.client().instance().await
                && !instance.identity_providers.is_empty()
            {
                providers.try_set(instance.identity_providers);
            }
        });
    }

    /// Leaves for an identity provider. The attempt runs on while the browser goes.
    pub fn leave_for_identity(self, provider: String, attempt: Attempt) {
        if !attempt.begin() {
            return;
        }
        spawn_local(async move {
            match self.client().start_identity(&provider).await {
                Ok(place) => {
                    browser::go(&place);
                    // A browser that keeps the page shows it again to who turns back there.
                    browser::sleep(LEAVING).await;
                    attempt.done();
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

    /// Whether an identity provider verified somebody; where it didn't, the attempt says why. The address is cleared.
    pub fn came_back(self, attempt: Attempt) -> bool {
        let Some(says) = browser::fragment_value(&browser::take_fragment(), "identity") else { return false };
        // Taken whatever came of it: on a shared machine the next person must not find it.
        let link = browser::take_session(INVITATION);
        if says != "verified" {
            match link {
                // Back to where the invitation is used, which says why.
                Some(link) => browser::go(&format!("/sign-up#{link}&identity={says}")),
                None => attempt.problem.set(Some(explain_identity(&says).to_owned())),
            }
            return false;
        }
        if let Some(link) = link
            && let Some(token) = browser::fragment_value(&link, "invite")
        {
            self.keep_invitation(token, browser::fragment_value(&link, "secret"));
        }
        true
    }

    /// Says what came of a trip to an identity provider.
    pub fn say_identity(self, code: &str, attempt: Attempt) {
        attempt.problem.set(Some(explain_identity(code).to_owned()));
    }

    /// Signs in as whom an identity provider verified. The vault stays locked, and says so.
    pub fn sign_in_with_identity(self, attempt: Attempt) {
        if !attempt.begin() {
            return;
        }
        let step = self.second_step;
        spawn_local(async move {
            let entered = program::enter(program::identity(self.client(), step)).await;
            let gave_up = step.end();
            match entered {
                Ok(session) => {
                    self.came_in(session, t!(identities.locked));
                    attempt.done();
                }
                Err(_) if gave_up => attempt.done(),
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }

    /// Whom an identity provider verified, to make an account of.
    pub fn waiting_identity(self, identity: RwSignal<Option<WaitingIdentity>>, attempt: Attempt) {
        spawn_local(async move {
            match self.client().waiting_identity().await {
                Ok(found) => {
                    identity.try_set(Some(found));
                }
                Err(error) => attempt.failed(explain(&error)),
            }
        });
    }
}
