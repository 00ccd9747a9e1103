//! Which devices an account was signed in on: by what the client calls itself, and whether it is a browser or a program.
//!
//! Remembered for 90 days after the last sign-in, as a keyed hash, and as long as a session there is open.

use api_types::{AccountId, UnixMillis, sessions::Carrier};

use crate::{
    AppState, ServiceResult,
    audit::enum_name,
    clock::DAY,
    services::throttle,
    storage::{self, db::WriteTx},
};

/// So long a device is remembered after a sign-in.
const REMEMBERED_FOR: UnixMillis = 90 * DAY;

/// Remembers a device. Says whether it was known before. To be asked before its new session is stored.
pub async fn remember(
    state: &AppState,
    tx: &WriteTx,
    account: AccountId,
    carrier: Carrier,
    device: &str,
) -> ServiceResult<bool> {
    // Without mail nobody is told, and nothing has to be remembered.
    if state.mailer.is_none() {
        return Ok(true);
    }
    let subject = [&account.0[..], enum_name(&carrier).as_bytes(), &[0], device.as_bytes()].concat();
    let known = throttle::remembers(state, tx.conn(), "Device", &subject).await?;
    let open = storage::sessions::of_account(tx.conn(), account).await?;
    let open = open.iter().any(|session| session.carrier == carrier && session.device == device);
    throttle::remember(state, tx, "Device", &subject, state.clock.now() + REMEMBERED_FOR).await?;
    Ok(known || open)
}
