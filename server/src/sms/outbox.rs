//! Sends the codes that wait, in a task of its own: right after the commit that asked for them, and again, after a growing
//! pause, as long as the code lives and the gateway doesn't take it.
//!
//! A code is taken in hand by a lease before it is sent, so that of several servers on one database one sends it.

use std::time::Duration;

use api_types::UnixMillis;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{NotSent, Sms, SmsGateway, http::WHOLE, text::text};
use crate::{
    AppState, ServiceResult,
    audit::enum_name,
    clock::MINUTE,
    outbox_task::OutboxTask,
    storage::{
        lease_time::{self, Times},
        phone_codes::{self, CodeRow},
    },
};

/// Messages taken in hand at once.
const BATCH: u64 = 16;
/// Connections to the gateway at once.
const AT_ONCE: usize = 4;
/// So long nobody else takes what is in hand: longer than a batch can take.
const LEASE: UnixMillis = MINUTE;
const _: () = assert!(LEASE > (BATCH as i64 / AT_ONCE as i64) * WHOLE.as_millis() as i64);
/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: UnixMillis = 5_000;
/// The longest pause.
const LONGEST_PAUSE: UnixMillis = 2 * MINUTE;
/// How often is looked without being woken: other servers ask for codes as well.
const EVERY: Duration = Duration::from_secs(15);
/// How long after a code was asked for it is sent.
const AFTER: Duration = Duration::from_millis(100);

/// Starts it, where there is a gateway.
pub fn start(state: AppState) -> Option<OutboxTask> {
    state.sms.as_ref()?;
    let cut = "codes were being sent when the server ended";
    Some(OutboxTask::spawn(|stop| run(state, stop), cut))
}

async fn run(state: AppState, stop: CancellationToken) {
    let Some(gateway) = &state.sms else { return };
    while !stop.is_cancelled() {
        let pause = match round(&state, gateway.as_ref(), &stop).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "sending codes to phones failed; it is tried again soon");
                EVERY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            // Not while the request that asked for it is being answered: that would take longer than one that sends nothing.
            () = state.db.sms().notified() => tokio::time::sleep(AFTER).await,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends all that is due. Gives the time until there may be more.
async fn round(state: &AppState, gateway: &dyn SmsGateway, stop: &CancellationToken) -> ServiceResult<Duration> {
    while !stop.is_cancelled() {
        let batch = claim(state).await?;
        if batch.is_empty() {
            break;
        }
        let ended = stream::iter(batch).map(|held| deliver(state, gateway, held)).buffer_unordered(AT_ONCE);
        ended
            .for_each(async |ended| {
                if let Err(error) = ended {
                    tracing::error!(%error, "a code could not be dealt with; it is tried again later");
                }
            })
            .await;
    }
    let now = Times::now(state.db.read(), &state.clock).await?;
    let next = phone_codes::next_in(state.db.read(), now).await?;
    let most = UnixMillis::try_from(EVERY.as_millis()).unwrap_or(MINUTE);
    let left = next.unwrap_or(most).clamp(500, most);
    Ok(Duration::from_millis(left.unsigned_abs()))
}

/// Takes what is due in hand.
async fn claim(state: &AppState) -> ServiceResult<Vec<(CodeRow, UnixMillis)>> {
    let now = Times::now(state.db.read(), &state.clock).await?;
    let until = now.leases + LEASE;
    // Looked for without the writer: mostly there is nothing.
    let due = phone_codes::due(state.db.read(), now, BATCH).await?;
    let mut claimed = Vec::with_capacity(due.len());
    if due.is_empty() {
        return Ok(claimed);
    }
    let tx = state.db.begin_write().await?;
    for row in due {
        if phone_codes::lease(tx.conn(), &row.id, now, until).await? {
            claimed.push((row, until));
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

async fn deliver(state: &AppState, gateway: &dyn SmsGateway, (row, until): (CodeRow, UnixMillis)) -> ServiceResult<()> {
    // A server that was asleep leaves it to whoever has it in hand by now.
    let now = lease_time::now(state.db.read(), &state.clock).await?;
    if now + WHOLE.as_millis() as UnixMillis > until {
        return Ok(());
    }
    let held = (&row.id, until);
    let code = state.sms_key.code(&row)?;
    let sms = Sms { id: row.id, to: row.number.clone(), text: text(row.purpose, &state.config.origin.host(), &code) };
    let sent = gateway.send(&sms).await;
    let (kind, attempts) = (enum_name(&row.purpose), row.attempts.saturating_add(1));
    let tx = state.db.begin_write().await?;
    match sent {
        Ok(()) => phone_codes::sent(tx.conn(), held).await?,
        Err(why) if why.is_permanent() => {
            tracing::error!(message = hex::encode(row.id), kind, attempts, %why, "a code for a phone was given up");
            phone_codes::sent(tx.conn(), held).await?;
        }
        Err(why) => {
            tracing::warn!(message = hex::encode(row.id), kind, attempts, %why, "a code was not taken; it is tried again");
            let at = state.clock.now() + pause(attempts, why);
            phone_codes::put_off(tx.conn(), held, attempts, at).await?;
        }
    }
    tx.commit().await
}

/// A gateway that asks for patience gets more of it.
fn pause(attempts: i32, why: NotSent) -> UnixMillis {
    let first = if why == NotSent::Refused(429) { 2 * FIRST_PAUSE } else { FIRST_PAUSE };
    let doubled = u32::try_from(attempts - 1).ok().and_then(|times| first.checked_shl(times.min(20)));
    doubled.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_seconds_to_minutes() {
        let soon = |attempts| pause(attempts, NotSent::Timeout) / 1000;
        assert_eq!([1, 2, 3, 5, 6, 1000, i32::MAX].map(soon), [5, 10, 20, 80, 120, 120, 120]);
        assert_eq!(pause(1, NotSent::Refused(429)), 10_000);
    }
}
