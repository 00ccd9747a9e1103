//! The browser as the client library sees it.

use api_types::ErrorCode;
use client::{
    Platform, SystemClock,
    transport::{Request, Response, Streaming, Transport, TransportError, web::FetchTransport},
};
use leptos::prelude::*;

use super::{bulk::WebBulk, heavy::WorkerHeavy};

/// `fetch` that tells the page whether the server can be reached, when the session has ended elsewhere, and when a
/// second factor became due.
#[derive(Clone, Copy)]
pub struct PageTransport {
    online: RwSignal<bool>,
    /// Set when the server no longer knows the session.
    ended: RwSignal<bool>,
    /// Set when the server wants a second factor to be added before anything else.
    due: RwSignal<bool>,
}

impl PageTransport {
    fn note<A>(&self, answer: &Result<A, TransportError>) {
        let online = !matches!(answer, Err(TransportError::Offline));
        if self.online.try_get_untracked() != Some(online) {
            self.online.try_set(online);
        }
    }

    /// A 401 that says `signed_out`, a 403 that says `second_factor_due`; a wrong password is a 401 too and means nothing of
    /// the kind.
    fn note_refusal(&self, response: &Response) {
        if !matches!(response.status, 401 | 403) {
            return;
        }
        let Ok(problem) = serde_json::from_slice::<api_types::Problem>(&response.body) else { return };
        match problem.code {
            ErrorCode::SignedOut => self.ended.try_set(true),
            ErrorCode::SecondFactorDue => self.due.try_set(true),
            _ => None,
        };
    }
}

impl Transport for PageTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let answer = FetchTransport.send(request).await;
        self.note(&answer);
        if let Ok(response) = &answer {
            self.note_refusal(response);
        }
        answer
    }

    async fn fetch_public(&self, path: &str, limit: usize) -> Result<Response, TransportError> {
        let answer = FetchTransport.fetch_public(path, limit).await;
        self.note(&answer);
        answer
    }

    async fn stream(&self, request: Request) -> Result<Streaming, TransportError> {
        let answer = FetchTransport.stream(request).await;
        // Live events ask for no password: a 401 can only mean that the session has ended.
        if answer.as_ref().is_ok_and(|streaming| streaming.status == 401) {
            self.ended.try_set(true);
        }
        answer
    }
}

/// Fetch, the browser's clock, workers.
pub struct WebPlatform {
    transport: PageTransport,
    bulk: WebBulk,
}

impl WebPlatform {
    pub(super) fn new(online: RwSignal<bool>, ended: RwSignal<bool>, due: RwSignal<bool>) -> Self {
        Self { transport: PageTransport { online, ended, due }, bulk: WebBulk::default() }
    }
}

impl Platform for WebPlatform {
    type Transport = PageTransport;
    type Environment = SystemClock;
    type Heavy = WorkerHeavy;
    type Bulk = WebBulk;

    fn transport(&self) -> &PageTransport {
        &self.transport
    }

    fn environment(&self) -> &SystemClock {
        &SystemClock
    }

    fn heavy(&self) -> &WorkerHeavy {
        &WorkerHeavy
    }

    fn bulk(&self) -> &WebBulk {
        &self.bulk
    }
}
