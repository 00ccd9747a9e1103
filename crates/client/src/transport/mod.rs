//! How requests travel. The client says what to send; who implements [`Transport`] owns the socket.

#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub mod native;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod pulse;
#[cfg(all(feature = "web", target_arch = "wasm32"))]
pub mod web;

use std::{future::Future, pin::Pin};

use bytes::Bytes;
use futures::Stream;

use crate::platform::{MaybeSend, MaybeSync};

/// HTTP methods that the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// DELETE.
    Delete,
}

impl Method {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request. Credentials are the transport's business: a cookie in the page, a bearer token natively.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path and query, from the root: `/api/v1/reports?limit=100`. Never holds a secret.
    pub path: String,
    /// Header names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body; absent for GET and most DELETE.
    pub body: Option<Bytes>,
}

impl std::fmt::Debug for Request {
    /// Without the body.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

/// An answer, read whole.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

impl Response {
    /// The first header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// The chunks of a body that has no end yet.
#[cfg(not(target_arch = "wasm32"))]
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;
/// The chunks of a body that has no end yet.
#[cfg(target_arch = "wasm32")]
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>>>>;

/// An answer whose body arrives over time.
pub struct Streaming {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: ByteStream,
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection, or it broke.
    #[error("The server can't be reached. Nothing was lost; check the connection and try again.")]
    Offline,
    /// The server took too long.
    #[error("The server took too long to answer. Nothing was lost; try again.")]
    TimedOut,
    /// The address isn't one of a server.
    #[error("The server's address is not valid.")]
    BadAddress,
    /// The server's certificate isn't trusted.
    #[error("The server's certificate is not trusted. Ask its operator before you go on.")]
    Untrusted,
    /// The answer was larger than any this client asks for.
    #[error("The server's answer is larger than expected.")]
    TooLarge,
}

/// Carries requests to one server.
pub trait Transport: MaybeSync + 'static {
    /// Sends a request and reads the answer whole. Any HTTP status is an answer, not an error.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>> + MaybeSend;

    /// Sends a request whose answer doesn't end (live events).
    fn stream(&self, request: Request) -> impl Future<Output = Result<Streaming, TransportError>> + MaybeSend;

    /// Fetches a file that anyone may read (the log's), by its path from the root: without credentials, not out of a cache, and
    /// never more than `limit` bytes of it.
    fn fetch_public(
        &self,
        path: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Response, TransportError>> + MaybeSend;

    /// Uses this bearer token from now on, or none. A transport that lives on cookies ignores it.
    fn set_token(&self, token: Option<&str>) {
        let _ = token;
    }
}
