//! Live events: what a transaction tells stands in `live_events`, written by it; every open stream reads its own account's
//! rows there, from the place on where it is. So an event reaches a stream once, whichever server wrote it, and a page whose
//! line broke goes on at another server.
//!
//! Here streams are only woken: by the commits of this server, by PostgreSQL's NOTIFY for those of others, and, since a
//! notification may be lost, by looking twice a second whether there is more.
//!
//! Events carry ids only; the client fetches what it may see.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use api_types::{
    AccountId, GrantId, ReportId, UnixMillis,
    live::{LiveEvent, LiveKind},
};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    ServiceResult,
    clock::HOUR,
    database_url::DatabaseUrl,
    storage::{DbResult, db::Db, live_events},
};

/// So long events are kept: a page that was away for longer fetches everything anew.
pub const KEPT_FOR: UnixMillis = HOUR;
/// The channel of NOTIFY.
pub const CHANNEL: &str = "healthsecure_live";
/// How often one looks for events of other servers whose notification didn't come.
const LOOK: Duration = Duration::from_millis(500);
/// Where there are no others.
const LOOK_ALONE: Duration = Duration::from_secs(5);
/// Before another try after a failure.
const AGAIN: Duration = Duration::from_secs(2);
/// An id is a hash of keys, so no account has this one.
const NOBODY: AccountId = AccountId([0; 32]);

/// The streams that are open here.
#[derive(Debug)]
pub struct Live {
    listeners: Arc<Listeners>,
    stop: CancellationToken,
    /// Ends the tasks with the server's state, however that ends.
    _with_state: DropGuard,
}

/// What wakes them, by account; nothing any more once the server stops.
#[derive(Debug)]
struct Listeners(Mutex<Option<HashMap<AccountId, watch::Sender<()>>>>);

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, Option<HashMap<AccountId, watch::Sender<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody listens; those who left are forgotten.
    fn any(&self) -> bool {
        self.lock().as_mut().is_some_and(|all| {
            all.retain(|_, sender| sender.receiver_count() > 0);
            !all.is_empty()
        })
    }

    fn wake(&self, accounts: &[AccountId]) {
        if let Some(all) = &*self.lock() {
            for sender in accounts.iter().filter_map(|account| all.get(account)) {
                sender.send_replace(());
            }
        }
    }

    fn wake_all(&self) {
        if let Some(all) = &*self.lock() {
            for sender in all.values() {
                sender.send_replace(());
            }
        }
    }
}

/// Makes sure that there is a place before the first event: a page that was told of nothing yet has one to go on from, too.
///
/// # Errors
/// The database's.
pub async fn begin(db: &Db) -> ServiceResult<()> {
    if live_events::newest(db.read()).await?.is_some() {
        return Ok(());
    }
    let mut tx = db.begin_write().await?;
    // Another server may have been faster.
    if live_events::newest(tx.conn()).await?.is_none() {
        tx.tell(NOBODY, event(LiveKind::Resync));
    }
    tx.commit().await
}

impl Live {
    /// Starts looking.
    pub fn start(db: Db, url: &DatabaseUrl) -> Self {
        let listeners = Arc::new(Listeners(Mutex::new(Some(HashMap::new()))));
        let stop = CancellationToken::new();
        let look = if url.is_sqlite() { LOOK_ALONE } else { LOOK };
        if !url.is_sqlite() {
            tokio::spawn(stop.clone().run_until_cancelled_owned(hear(db.clone(), url.clone())));
        }
        tokio::spawn(stop.clone().run_until_cancelled_owned(run(db, Arc::clone(&listeners), look)));
        Self { listeners, stop: stop.clone(), _with_state: stop.drop_guard() }
    }

    /// Wakes whenever there may be more for an account; fails when the server stops. Whoever reads their place in the table
    /// after this call misses nothing.
    pub fn subscribe(&self, account: AccountId) -> watch::Receiver<()> {
        match &mut *self.listeners.lock() {
            Some(all) => all.entry(account).or_insert_with(|| watch::channel(()).0).subscribe(),
            None => watch::channel(()).1,
        }
    }

    /// Ends every stream: the server stops.
    pub fn close(&self) {
        *self.listeners.lock() = None;
        self.stop.cancel();
    }
}

async fn run(db: Db, listeners: Arc<Listeners>, look: Duration) {
    let mut seen = None;
    loop {
        tokio::select! {
            () = db.live().notified() => {}
            () = sleep(look) => {}
        }
        if let Err(error) = pass_on(&db, &listeners, &mut seen).await {
            tracing::warn!(%error, "live events can't be read; they are looked for again");
            sleep(AGAIN).await;
        }
    }
}

/// Wakes those for whom there is something above the id that was seen last.
async fn pass_on(db: &Db, listeners: &Listeners, seen: &mut Option<i64>) -> DbResult<()> {
    if !listeners.any() {
        *seen = None;
        return Ok(());
    }
    let newest = live_events::newest(db.read()).await?.map_or(0, |newest| newest.id);
    match *seen {
        Some(seen) if seen == newest => {}
        Some(seen) if seen < newest => {
            let accounts = live_events::accounts(db.read(), seen, newest).await?;
            listeners.wake(&accounts);
        }
        // Nobody looked until now, or the database was set back.
        _ => listeners.wake_all(),
    }
    *seen = Some(newest);
    Ok(())
}

/// Hears of other servers' commits.
async fn hear(db: Db, url: DatabaseUrl) {
    loop {
        if let Err(error) = listen(&db, &url).await {
            tracing::warn!(%error, "PostgreSQL's notifications don't come; live events are looked for twice a second");
        }
        sleep(AGAIN).await;
    }
}

async fn listen(db: &Db, url: &DatabaseUrl) -> Result<(), sea_orm::SqlxError> {
    let options: PgConnectOptions = url.expose().parse()?;
    // A connection of its own, which waits for as long as it takes.
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = pool.connect_with(options.application_name("healthsecure")).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // One that the connection was lost for is as good as one that came: there may be more.
        let _ = listener.try_recv().await?;
        db.live().notify_one();
    }
}

/// An event about no report.
pub fn event(kind: LiveKind) -> LiveEvent {
    LiveEvent { kind, report_id: None, grant_id: None, session_id: None }
}

/// An event about a report.
pub fn report_event(kind: LiveKind, report: ReportId, grant: Option<GrantId>) -> LiveEvent {
    LiveEvent { report_id: Some(report), grant_id: grant, ..event(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Live {
        let stop = CancellationToken::new();
        let listeners = Arc::new(Listeners(Mutex::new(Some(HashMap::new()))));
        Live { listeners, stop: stop.clone(), _with_state: stop.drop_guard() }
    }

    #[tokio::test]
    async fn only_the_named_account_is_woken() {
        let live = live();
        let (a, b) = (AccountId([1; 32]), AccountId([2; 32]));
        let (to_a, to_b) = (live.subscribe(a), live.subscribe(b));
        live.listeners.wake(&[a, AccountId([3; 32])]);
        assert!(to_a.has_changed().unwrap() && !to_b.has_changed().unwrap());
        assert!(!live.subscribe(a).has_changed().unwrap(), "what was before is no news");
        live.listeners.wake_all();
        assert!(to_b.has_changed().unwrap());
    }

    #[tokio::test]
    async fn listeners_that_left_are_forgotten() {
        let live = live();
        drop(live.subscribe(AccountId([1; 32])));
        assert!(!live.listeners.any());
        let stays = live.subscribe(AccountId([1; 32]));
        assert!(live.listeners.any());
        drop(stays);
    }

    #[tokio::test]
    async fn a_server_that_stops_ends_streams_and_begins_none() {
        let live = live();
        let mut open = live.subscribe(AccountId([1; 32]));
        live.close();
        assert!(open.changed().await.is_err());
        assert!(live.subscribe(AccountId([1; 32])).changed().await.is_err());
    }
}
