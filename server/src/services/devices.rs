//! Which devices an account was signed in on: by the token that the device shows, and by nothing that it says of itself.
//!
//! Remembered for 90 days after the last sign-in, as a keyed hash of account and token: nobody who reads the table learns
//! which accounts share a device.

use api_types::{AccountId, UnixMillis};

use crate::{AppState, ServiceResult, clock::DAY, middleware::DeviceToken, services::throttle, storage::db::WriteTx};

/// So long a device is remembered after a sign-in.
const REMEMBERED_FOR: UnixMillis = 90 * DAY;

/// Remembers a device. Says whether it was known before: one that shows nothing is new each time.
pub async fn remember(
    state: &AppState,
    tx: &WriteTx,
    account: AccountId,
    device: Option<DeviceToken>,
) -> ServiceResult<bool> {
    // Without mail nobody is told, and nothing has to be remembered.
    if state.mailer.is_none() {
        return Ok(true);
    }
    let Some(device) = device else { return Ok(false) };
    let subject = [account.0, device.hash()].concat();
    let known = throttle::remembers(state, tx.conn(), "Device", &subject).await?;
    throttle::remember(state, tx, "Device", &subject, state.clock.now() + REMEMBERED_FOR).await?;
    Ok(known)
}
