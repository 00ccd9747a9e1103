//! Sends what waits in the outbox, in a task of its own: right after the commit that queued it, and again, after a growing
//! pause, as long as the mail server doesn't take it. What that refuses for itself, the message or whom it is for, or puts off
//! again and again, is given up after days; what waits because the mail server fails, or was set up wrong, never is.
//!
//! A message is taken in hand by a lease before it is sent, so that of several servers on one database one sends it. A
//! server that dies between sending and noting that leaves the message to be sent twice, under the same Message-ID.

use std::time::Duration;

use api_types::UnixMillis;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{
    Mailer, NotSent,
    compose::{Composed, compose},
    mailer::LONGEST,
};
use crate::{
    AppState, ServiceResult,
    audit::enum_name,
    clock::{AHEAD, DAY, HOUR, MINUTE},
    outbox_task::OutboxTask,
    services::notices,
    storage::{
        lease_time::{self, Times},
        outbox::{self, Leased, OutboxRow},
    },
};

/// Messages taken in hand at once.
const BATCH: u64 = 16;
/// Connections to the mail server at once.
const AT_ONCE: usize = 4;
/// So long nobody else takes what is in hand: longer than a batch can take.
const LEASE: UnixMillis = 10 * MINUTE;
const _: () = assert!(LEASE > (BATCH as i64 / AT_ONCE as i64) * LONGEST.as_millis() as i64);
/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: UnixMillis = MINUTE;
/// The longest pause.
const LONGEST_PAUSE: UnixMillis = 4 * HOUR;
/// So long a message is tried that is refused for itself, and for good.
pub const TRIED_FOR: UnixMillis = 3 * DAY;
/// So long one is tried that is put off each time (RFC 5321, section 4.5.4.1).
pub const PUT_OFF_FOR: UnixMillis = 5 * DAY;
/// How often is looked without being woken: other servers queue as well.
const EVERY: Duration = Duration::from_secs(60);

/// Starts it, where mail is sent at all.
pub fn start(state: AppState) -> Option<OutboxTask> {
    state.mailer.as_ref()?;
    let cut = "messages were being sent when the server ended; they are sent again later";
    Some(OutboxTask::spawn(|stop| run(state, stop), cut))
}

async fn run(state: AppState, stop: CancellationToken) {
    let Some(mailer) = &state.mailer else { return };
    if let Err(error) = hurry(&state).await {
        tracing::error!(%error, "what waited for the mail server waits until its next turn");
    }
    while !stop.is_cancelled() {
        let pause = match round(&state, mailer, &stop).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "the outbox failed; it is tried again in a minute");
                EVERY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = state.db.mail().notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whoever starts a server may have mended what kept mail from leaving.
async fn hurry(state: &AppState) -> ServiceResult<()> {
    let tx = state.db.begin_write().await?;
    outbox::hurry(tx.conn(), state.clock.now()).await?;
    tx.commit().await
}

/// Sends all that is due. Gives the time until there may be more.
async fn round(state: &AppState, mailer: &Mailer, stop: &CancellationToken) -> ServiceResult<Duration> {
    while !stop.is_cancelled() {
        let batch = claim(state).await?;
        if batch.is_empty() {
            break;
        }
        let ended = stream::iter(batch).map(|held| deliver(state, mailer, held)).buffer_unordered(AT_ONCE);
        ended
            .for_each(async |ended| {
                if let Err(error) = ended {
                    tracing::error!(%error, "a message could not be dealt with; it is tried again later");
                }
            })
            .await;
    }
    let now = Times::now(state.db.read(), &state.clock).await?;
    let left = outbox::next_in(state.db.read(), now).await?.unwrap_or(UnixMillis::MAX);
    Ok(Duration::from_millis(left.clamp(1_000, 60_000).unsigned_abs()))
}

/// A message in hand until then, by the database's clock.
struct InHand {
    row: OutboxRow,
    until: UnixMillis,
}

impl InHand {
    fn lease(&self) -> Leased<'_> {
        (&self.row.id, self.until)
    }
}

/// Takes what is due in hand.
async fn claim(state: &AppState) -> ServiceResult<Vec<InHand>> {
    let now = Times::now(state.db.read(), &state.clock).await?;
    let until = now.leases + LEASE;
    // Looked for without the writer: mostly there is nothing.
    let due = outbox::due(state.db.read(), now, BATCH).await?;
    let mut claimed = Vec::with_capacity(due.len());
    if due.is_empty() {
        return Ok(claimed);
    }
    let tx = state.db.begin_write().await?;
    for row in due {
        if outbox::lease(tx.conn(), &row.id, now, until).await? {
            claimed.push(InHand { row, until });
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

async fn deliver(state: &AppState, mailer: &Mailer, held: InHand) -> ServiceResult<()> {
    // A server that was asleep leaves it to whoever has it in hand by now.
    let now = lease_time::now(state.db.read(), &state.clock).await?;
    if now + LONGEST.as_millis() as UnixMillis > held.until {
        return Ok(());
    }
    let message = match compose(state, mailer, &held.row).await? {
        Composed::Message(message) => message,
        Composed::Useless => return done(state, &held, false).await,
        Composed::Impossible => return fail(state, &held, "no message can be made of it").await,
    };
    match mailer.send(*message).await {
        Ok(()) => done(state, &held, true).await,
        Err(why) => not_sent(state, held, why).await,
    }
}

/// There is nothing to send any more; whether the mail server showed that it works.
async fn done(state: &AppState, held: &InHand, sent: bool) -> ServiceResult<()> {
    let tx = state.db.begin_write().await?;
    outbox::delete(tx.conn(), held.lease()).await?;
    if sent {
        outbox::works(tx.conn(), state.clock.now()).await?;
    }
    tx.commit().await
}

/// Given up is only what is refused for itself, for days. What waits for a mail server that fails waits as long as that takes.
async fn not_sent(state: &AppState, held: InHand, why: NotSent) -> ServiceResult<()> {
    let now = state.clock.now();
    let refused_since = if why.is_servers() { held.row.refused_since } else { Some(refused_since(&held.row, now)) };
    if !why.is_servers() && refused_since.is_some_and(|since| now - since >= tried_for(why)) {
        return fail(state, &held, &why.to_string()).await;
    }
    let InHand { row, until } = held;
    let attempts = row.attempts.saturating_add(1);
    let failing_since = row.failing_since.filter(|since| *since <= now + AHEAD).unwrap_or(now);
    let failing_since = why.is_servers().then_some(failing_since);
    let due_at = now + pause(attempts, why);
    let put_off = OutboxRow { attempts, due_at, refused_since, failing_since, ..row };
    let tx = state.db.begin_write().await?;
    if !why.is_servers() {
        outbox::works(tx.conn(), now).await?;
    }
    outbox::put_off(tx.conn(), until, &put_off).await?;
    tx.commit().await?;
    let (message, kind) = (hex::encode(put_off.id), enum_name(&put_off.kind));
    tracing::warn!(message, kind, attempts, %why, "mail was not taken; it is tried again");
    if let Some(hours) = failing_since.map(|since| (now - since) / HOUR).filter(|hours| *hours > 0) {
        tracing::error!(hours, %why, "the mail server has been failing; what waits for it is kept");
    }
    Ok(())
}

async fn fail(state: &AppState, held: &InHand, why: &str) -> ServiceResult<()> {
    let row = &held.row;
    let kind = enum_name(&row.kind);
    tracing::error!(message = hex::encode(row.id), kind, attempts = row.attempts, why, "mail was given up");
    let tx = state.db.begin_write().await?;
    outbox::fail(tx.conn(), held.lease(), row.attempts.saturating_add(1), state.clock.now()).await?;
    outbox::keep_failed(tx.conn(), &row.address_key, row.kind, notices::KEPT).await?;
    tx.commit().await
}

/// Since when one is refused that is refused now. The time for which the mail server failed doesn't count, and nor does one that
/// is still to come: a clock was ahead then.
fn refused_since(row: &OutboxRow, now: UnixMillis) -> UnixMillis {
    let since = row.refused_since.filter(|since| *since <= now + AHEAD).unwrap_or(now);
    let failed = row.failing_since.map_or(0, |since| (now - since).max(0));
    (since + failed).min(now)
}

fn tried_for(why: NotSent) -> UnixMillis {
    if why.is_permanent() { TRIED_FOR } else { PUT_OFF_FOR }
}

/// A refusal for good is asked again as well, but seldom: it may be the mail server that is set up wrong.
fn pause(attempts: i32, why: NotSent) -> UnixMillis {
    let doubled = u32::try_from(attempts - 1).ok().and_then(|times| FIRST_PAUSE.checked_shl(times.min(20)));
    if why.is_permanent() { LONGEST_PAUSE } else { doubled.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_a_minute_to_hours() {
        let soon = |attempts| pause(attempts, NotSent::Refused(451)) / MINUTE;
        assert_eq!([1, 2, 3, 8, 9, 1000, i32::MAX].map(soon), [1, 2, 4, 128, 240, 240, 240]);
        assert_eq!(pause(1, NotSent::Refused(550)), LONGEST_PAUSE);
        assert_eq!(pause(1, NotSent::Closed(535)), MINUTE, "somebody may be mending it");
        assert_eq!(pause(1, NotSent::NoConnection), MINUTE);
    }
}
