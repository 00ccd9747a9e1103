//! reqwest with a bearer token: command line and tests.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures::{StreamExt, stream};
use rand_core::Rng as _;
use reqwest::{Body, header::CONTENT_LENGTH};
use zeroize::Zeroizing;

use super::{
    Method, Request, Response, Streaming, Transport, TransportError,
    pulse::{Pulse, SILENCE},
};

/// Largest answer that is read whole: a page of rows with part 0 each.
const ANSWER_MAX: usize = 512 * 1024 * 1024;

/// Bodies beyond this go out in pieces, so that a slow line is told from a dead one.
const WHOLE_MAX: usize = 64 * 1024;

/// HTTP through reqwest. A transfer without a sign of life for a minute is broken ([`TransportError::TimedOut`]).
pub struct HttpTransport {
    http: reqwest::Client,
    origin: String,
    token: RwLock<Option<Zeroizing<String>>>,
    device: Option<Zeroizing<String>>,
}

/// Shows which device a program runs on; see [`device_token`].
const DEVICE: &str = "healthsecure-device";

/// A new token by which a server knows the device of a program again, for [`HttpTransport::on_device`]. It opens nothing. Who
/// keeps it shows it to one server alone.
pub fn device_token() -> String {
    let mut bytes = Zeroizing::new([0; 32]);
    crate::platform::rng().fill_bytes(&mut *bytes);
    URL_SAFE_NO_PAD.encode(*bytes)
}

impl HttpTransport {
    /// A transport to the server at `origin` (`https://host[:port]`, without a path).
    ///
    /// # Errors
    /// [`TransportError::BadAddress`].
    pub fn new(origin: &str) -> Result<Self, TransportError> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("healthsecure-client/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|_| TransportError::BadAddress)?;
        Self::with_client(http, origin)
    }

    /// As [`Self::new`] with a client of the caller's making (own certificates, proxies).
    ///
    /// # Errors
    /// [`TransportError::BadAddress`].
    pub fn with_client(http: reqwest::Client, origin: &str) -> Result<Self, TransportError> {
        let url = reqwest::Url::parse(origin).map_err(|_| TransportError::BadAddress)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(TransportError::BadAddress);
        }
        Ok(Self { http, origin: url.origin().ascii_serialization(), token: RwLock::new(None), device: None })
    }

    /// Shows this token with each request that may begin a session.
    pub fn on_device(self, token: &str) -> Self {
        Self { device: Some(Zeroizing::new(token.to_owned())), ..self }
    }

    /// The server's origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    fn build(&self, request: Request, pulse: &Pulse) -> reqwest::RequestBuilder {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self.http.request(method, format!("{}{}", self.origin, request.path));
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(token) = self.token.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            builder = builder.bearer_auth(token.as_str());
        }
        if let Some(device) = &self.device
            && request.method == Method::Post
        {
            builder = builder.header(DEVICE, device.as_str());
        }
        match request.body {
            Some(body) if body.len() > WHOLE_MAX => {
                builder.header(CONTENT_LENGTH, body.len()).body(Body::wrap_stream(pulse.pieces(body)))
            }
            Some(body) => builder.body(body),
            None => builder,
        }
    }
}

/// Room to make beforehand. What the other side announces is believed up to a segment's size, so that a segment is not
/// copied while it grows and a lie costs little.
fn expected(announced: Option<u64>) -> usize {
    announced.unwrap_or(0).min(api_types::limits::PART_HEADER + api_types::limits::SEGMENT_CIPHER) as usize
}

fn failure(error: reqwest::Error) -> TransportError {
    if error.is_timeout() {
        return TransportError::TimedOut;
    }
    if error.is_builder() {
        return TransportError::BadAddress;
    }
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(inner) = source {
        if inner.to_string().contains("invalid peer certificate") {
            return TransportError::Untrusted;
        }
        source = inner.source();
    }
    TransportError::Offline
}

/// Sends a request and reads its answer whole, up to `limit` bytes of body.
async fn whole(request: reqwest::RequestBuilder, limit: usize, pulse: &Pulse) -> Result<Response, TransportError> {
    let response = request.send().await.map_err(failure)?;
    pulse.beat();
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let mut body = Vec::with_capacity(expected(response.content_length()).min(limit));
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(failure)?;
        pulse.beat();
        if body.len() + chunk.len() > limit {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body: Bytes::from(body) })
}

impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let pulse = Pulse::new();
        pulse.watch(whole(self.build(request, &pulse), ANSWER_MAX, &pulse)).await
    }

    async fn fetch_public(&self, path: &str, limit: usize) -> Result<Response, TransportError> {
        let (request, pulse) = (self.http.get(format!("{}{path}", self.origin)), Pulse::new());
        pulse.watch(whole(request, limit, &pulse)).await
    }

    async fn stream(&self, request: Request) -> Result<Streaming, TransportError> {
        let pulse = Pulse::new();
        let head = async { self.build(request, &pulse).send().await.map_err(failure) };
        let response = pulse.watch(head).await?;
        let status = response.status().as_u16();
        let body = stream::unfold(Box::pin(response.bytes_stream()), |mut chunks| async move {
            match tokio::time::timeout(SILENCE, chunks.next()).await {
                Ok(next) => next.map(|chunk| (chunk.map_err(failure), chunks)),
                Err(_) => Some((Err(TransportError::TimedOut), chunks)),
            }
        });
        Ok(Streaming { status, body: Box::pin(body) })
    }

    fn set_token(&self, token: Option<&str>) {
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token.map(|t| Zeroizing::new(t.to_owned()));
    }
}
