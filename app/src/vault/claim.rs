//! Reports that an invitation hands over: claimed once the vault is open, and again until it worked.

use std::cell::RefCell;

use api_types::{B64, ErrorCode};
use wasm_bindgen_futures::spawn_local;

use super::{Keys, Vault, explain};
use crate::{browser, t};

/// An invitation that still has to be used by a vault.
#[derive(Clone)]
pub(super) struct Arrival {
    /// Binds the invitation to an account that existed before; a new account is bound by its sign-up.
    pub token: Option<String>,
    /// Opens the reports; 32 bytes, base64url.
    pub secret: Option<String>,
}

thread_local! {
    static ARRIVAL: RefCell<Option<Arrival>> = const { RefCell::new(None) };
}

/// Pauses between tries, in milliseconds.
const PAUSES: [i32; 4] = [0, 2_000, 8_000, 30_000];

/// Keeps an invitation until a vault opens. In memory only.
pub(super) fn keep(arrival: Arrival) {
    ARRIVAL.set(Some(arrival));
}

/// Uses the kept invitation, if there is one.
pub(super) fn claim(vault: Vault, keys: Keys) {
    let Some(mut arrival) = ARRIVAL.take() else { return };
    spawn_local(async move {
        let mut problem = None;
        for pause in PAUSES {
            browser::sleep(pause).await;
            match once(&keys, &mut arrival).await {
                Ok(0) => return,
                Ok(count) => return vault.toasts.done(t!(sign_up.claimed, count = count)),
                Err(error) if error.is_transient() => problem = Some(error),
                Err(error) => {
                    problem = Some(error);
                    break;
                }
            }
        }
        if let Some(error) = problem {
            // Unlocking tries it again.
            if error.is_transient() {
                keep(arrival);
            }
            vault.toasts.problem(format!("{} {}", t!(sign_up.claim_failed), explain(&error)));
        }
    });
}

/// How many reports came over. An invitation binds once: when its answer was lost, or the reports did not come over, the
/// next try goes on from there.
async fn once(keys: &Keys, arrival: &mut Arrival) -> client::Result<usize> {
    let bound = match &arrival.token {
        Some(token) => keys.accept_invitation(token).await,
        None => Ok(()),
    };
    match bound {
        Ok(()) => arrival.token = None,
        // Used up, perhaps by this very account: then its reports can be claimed.
        Err(ref error) if error.problem() == Some(ErrorCode::InvitationInvalid) => {}
        Err(error) => return Err(error),
    }
    let Some(secret) = arrival.secret.as_deref().and_then(B64::decode) else { return bound.map(|()| 0) };
    let claimed = keys.claim_reports(&secret.0).await?;
    match claimed.failed.into_iter().next() {
        Some((_, error)) => Err(error),
        None if claimed.reports.is_empty() => bound.map(|()| 0),
        None => Ok(claimed.reports.len()),
    }
}
