//! `/live`: server-sent events. Ids only; the client fetches what it may see.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use api_types::{audit::Action, live::LiveKind};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::stream;
use tokio::{
    sync::watch,
    time::{Instant, Interval},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    live,
    middleware::Holder,
    policy::Actor,
    services::{
        in_flight::{Slot, What},
        sessions,
    },
    storage::live_events::{self, LiveRow, Position},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live))
}

/// A comment that keeps proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How often a silent stream looks whether its session still lives.
const LOOK: Duration = Duration::from_secs(60);
/// Events that are read at once.
const PAGE: u64 = 100;
/// Where a page says how far it had heard.
const LAST_EVENT_ID: &str = "last-event-id";

/// What changes for the caller, as it changes. Goes on behind `Last-Event-ID`, whichever server gave that; without it, or where it
/// is too old, it begins with `resync`. Ends with the session.
#[utoipa::path(get, path = "/live", tag = "live", security(("bearer" = []), ("cookie" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was heard")),
    responses((status = 200, description = "A stream; each event's `data` is a LiveEvent, and its `id` says where it stands",
        body = String, content_type = "text/event-stream")))]
async fn live(
    State(state): State<AppState>,
    Holder(actor): Holder,
    headers: HeaderMap,
) -> ServiceResult<impl IntoResponse> {
    let slot = state.in_flight.enter(What::Live, &actor)?;
    let heard = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()?.parse().ok());
    let listening = Listening::begin(state.clone(), actor, slot, heard).await?;
    state.audit.record(EventDraft::by(&actor, Action::Read).with("what", "live")).await?;
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("still here");
    Ok(Sse::new(stream::unfold(listening, Listening::next)).keep_alive(keep_alive))
}

/// A stream, and how far it is.
struct Listening {
    state: AppState,
    actor: Actor,
    /// It is held as long as the stream is there.
    _slot: Slot,
    woken: watch::Receiver<()>,
    look: Interval,
    /// The first event, where everything has to be fetched anew.
    first: Option<Event>,
    /// Everything up to it was read.
    read: i64,
    /// What was read and isn't sent yet.
    ready: VecDeque<LiveRow>,
    /// Whether there may be more to read.
    more: bool,
}

impl Listening {
    async fn begin(state: AppState, actor: Actor, slot: Slot, heard: Option<Position>) -> ServiceResult<Self> {
        // Before the place is read: what is written from then on wakes.
        let woken = state.live.subscribe(actor.account);
        let heard = match heard {
            Some(place) if live_events::holds(state.db.read(), place).await? => Some(place),
            _ => None,
        };
        let (first, read) = match heard {
            Some(place) => (None, place.id),
            None => {
                let newest = live_events::newest(state.db.read()).await?;
                (Some(resync(newest)), newest.map_or(0, |newest| newest.id))
            }
        };
        let look = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
        Ok(Self { state, actor, _slot: slot, woken, look, first, read, ready: VecDeque::new(), more: true })
    }

    /// The next event; nothing more once the session has ended, the server stops, or the database is away: the page comes
    /// back with the last id.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.take() {
                return if self.is_open().await { Some((Ok(event), self)) } else { None };
            }
            if self.more {
                self.fill().await?;
                continue;
            }
            tokio::select! {
                woken = self.woken.changed() => {
                    woken.ok()?;
                    self.more = true;
                }
                _ = self.look.tick() => {
                    if !self.is_open().await {
                        return None;
                    }
                }
            }
        }
    }

    fn take(&mut self) -> Option<Event> {
        self.first.take().or_else(|| self.ready.pop_front().map(|row| sse(&row)))
    }

    async fn fill(&mut self) -> Option<()> {
        let rows = live_events::after(self.state.db.read(), self.actor.account, self.read, PAGE).await.ok()?;
        self.more = rows.len() as u64 == PAGE;
        self.read = rows.last().map_or(self.read, |row| row.position.id);
        self.ready.extend(rows);
        Some(())
    }

    /// Looked at before every event: nobody is told anything by a session that has ended, wherever it was ended.
    async fn is_open(&self) -> bool {
        matches!(sessions::still(&self.state, &self.actor).await, Ok(Some(_)))
    }
}

fn sse(row: &LiveRow) -> Event {
    let event = Event::default().event("live").id(row.position.to_string()).json_data(&row.event);
    event.unwrap_or_else(|_| Event::default().comment("an event could not be written"))
}

/// From here on.
fn resync(newest: Option<Position>) -> Event {
    let event = Event::default().event("live");
    let event = newest.map_or(event.clone(), |place| event.id(place.to_string()));
    let event = event.json_data(live::event(LiveKind::Resync));
    event.unwrap_or_else(|_| Event::default().comment("an event could not be written"))
}
