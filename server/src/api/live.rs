//! `/live`: server-sent events. Ids only; the client fetches what it may see.

use std::{convert::Infallible, time::Duration};

use api_types::{
    audit::Action,
    live::{LiveEvent, LiveKind},
};
use axum::{
    extract::State,
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, future, stream};
use tokio_stream::wrappers::{BroadcastStream, IntervalStream, errors::BroadcastStreamRecvError};
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
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live))
}

/// A comment that keeps proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How often a silent stream looks whether its session still lives.
const LOOK: Duration = Duration::from_secs(60);

/// What changes for the caller, as it changes. Begins with `resync`; ends with the session.
#[utoipa::path(get, path = "/live", tag = "live", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "A stream; each event's `data` is a LiveEvent", body = String,
        content_type = "text/event-stream")))]
async fn live(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<impl IntoResponse> {
    let slot = state.in_flight.enter(What::Live, &actor)?;
    let events = BroadcastStream::new(state.live.subscribe(actor.account));
    state.audit.record(EventDraft::by(&actor, Action::Read).with("what", "live")).await?;
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("still here");
    Ok(Sse::new(stream_of(state, actor, slot, events)).keep_alive(keep_alive))
}

fn stream_of(
    state: AppState,
    actor: Actor,
    slot: Slot,
    events: BroadcastStream<LiveEvent>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    // An event missed for slowness is as good as any change: fetch anew.
    let heard = events.map(|event| match event {
        Ok(event) => Some(event),
        Err(BroadcastStreamRecvError::Lagged(_)) => Some(live::event(LiveKind::Resync)),
    });
    let looks = IntervalStream::new(tokio::time::interval_at(tokio::time::Instant::now() + LOOK, LOOK)).map(|_| None);
    let first = stream::once(future::ready(Some(live::event(LiveKind::Resync))));
    // When the channel closes (the server stops), so does the stream, whatever the interval does.
    let end = stream::once(future::ready(None::<Option<LiveEvent>>));
    let heard = heard.map(Some).chain(end);
    stream::select(first.chain(looks).map(Some), heard)
        .take_while(|event| future::ready(event.is_some()))
        .filter_map(future::ready)
        // The slot is held as long as the stream is there.
        .scan((state, actor, slot), |(state, actor, _), event| look(state.clone(), *actor, event))
        .filter_map(|event| future::ready(event.as_ref().map(sse)))
}

/// Ends the stream when the session has ended, before the event is sent.
async fn look(state: AppState, actor: Actor, event: Option<LiveEvent>) -> Option<Option<LiveEvent>> {
    match sessions::still(&state, &actor).await {
        Ok(Some(_)) => Some(event),
        Ok(None) | Err(_) => None,
    }
}

fn sse(event: &LiveEvent) -> Result<Event, Infallible> {
    let event = Event::default().event("live").json_data(event);
    Ok(event.unwrap_or_else(|_| Event::default().comment("an event could not be written")))
}
