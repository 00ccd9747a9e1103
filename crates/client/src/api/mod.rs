//! The REST contract, typed: one method for each route of `/api/v1`, nothing verified. The flows above it verify.

mod accounts;
mod reports;
mod teams;

pub use accounts::EventFilter;
pub use reports::ListQuery;

use api_types::{B64, Problem, ReportId, audit::READ_REQUEST};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{ClientError, Result},
    reports::SignedRequest,
    transport::{Method, Request, Response, Transport},
};

/// Where the API begins.
pub const PREFIX: &str = "/api/v1";

/// Typed calls over a transport.
pub struct Api<'t, T> {
    transport: &'t T,
}

impl<T> Clone for Api<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Api<'_, T> {}

/// Path of a part's ciphertext.
pub(crate) fn part_path(report: &ReportId, version: u32, revision: u32, part: u32) -> String {
    format!("{PREFIX}/reports/{report}/versions/{version}/revisions/{revision}/parts/{part}")
}

/// Value of a `Content-Digest` header for a SHA-256 (RFC 9530).
pub fn content_digest(sha256: &[u8; 32]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256))
}

/// A query string out of those parameters that are there.
#[derive(Default)]
struct Query(String);

impl Query {
    fn add(mut self, name: &str, value: Option<impl std::fmt::Display>) -> Self {
        if let Some(value) = value {
            self.0.push(if self.0.is_empty() { '?' } else { '&' });
            self.0.push_str(name);
            self.0.push('=');
            percent_encode(&value.to_string(), &mut self.0);
        }
        self
    }
}

/// Everything but unreserved characters (RFC 3986, section 2.3).
fn percent_encode(value: &str, out: &mut String) {
    use std::fmt::Write;
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

/// The snake_case name of a plain enum, as JSON writes it.
fn name_of(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

impl<'t, T: Transport> Api<'t, T> {
    /// Calls through this transport.
    pub fn new(transport: &'t T) -> Self {
        Self { transport }
    }

    async fn send(
        &self,
        method: Method,
        path: String,
        headers: Vec<(&'static str, String)>,
        body: Option<Bytes>,
    ) -> Result<Response> {
        let path = format!("{PREFIX}{path}");
        let response = self.transport.send(Request { method, path, headers, body }).await?;
        match response.status {
            200..=299 => Ok(response),
            status => Err(refusal(status, &response.body)),
        }
    }

    async fn get<A: DeserializeOwned>(&self, path: String) -> Result<A> {
        read(&self.send(Method::Get, path, accept(), None).await?)
    }

    /// A GET that its reader signed.
    async fn read<A: DeserializeOwned>(&self, path: String, request: &SignedRequest) -> Result<A> {
        let mut headers = accept();
        headers.push((READ_REQUEST, request.as_str().to_owned()));
        read(&self.send(Method::Get, path, headers, None).await?)
    }

    async fn delete(&self, path: String) -> Result<()> {
        self.send(Method::Delete, path, accept(), None).await.map(drop)
    }

    async fn write<B: Serialize>(&self, method: Method, path: String, body: &B) -> Result<Response> {
        let json = serde_json::to_vec(body).map_err(|_| ClientError::Internal("a body does not serialise"))?;
        let mut headers = accept();
        headers.push(("content-type", "application/json".to_owned()));
        self.send(method, path, headers, Some(Bytes::from(json))).await
    }

    async fn post<B: Serialize, A: DeserializeOwned>(&self, path: String, body: &B) -> Result<A> {
        read(&self.write(Method::Post, path, body).await?)
    }

    async fn post_unit<B: Serialize>(&self, path: String, body: &B) -> Result<()> {
        self.write(Method::Post, path, body).await.map(drop)
    }

    async fn post_empty<A: DeserializeOwned>(&self, path: String) -> Result<A> {
        read(&self.send(Method::Post, path, accept(), None).await?)
    }

    async fn put<B: Serialize>(&self, path: String, body: &B) -> Result<()> {
        self.write(Method::Put, path, body).await.map(drop)
    }

    async fn put_for<B: Serialize, A: DeserializeOwned>(&self, path: String, body: &B) -> Result<A> {
        read(&self.write(Method::Put, path, body).await?)
    }

    /// `GET /live`, as it arrives; behind an event that was heard, by its id.
    ///
    /// # Errors
    /// As any call.
    pub async fn live(&self, after: Option<&str>) -> Result<crate::transport::ByteStream> {
        let mut headers = vec![("accept", "text/event-stream".to_owned())];
        headers.extend(after.map(|id| ("last-event-id", id.to_owned())));
        let request = Request { method: Method::Get, path: format!("{PREFIX}/live"), headers, body: None };
        let answer = self.transport.stream(request).await?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(ClientError::Answer { status }),
        }
    }
}

fn accept() -> Vec<(&'static str, String)> {
    vec![("accept", "application/json, application/problem+json".to_owned())]
}

fn read<A: DeserializeOwned>(response: &Response) -> Result<A> {
    serde_json::from_slice(&response.body).map_err(|_| ClientError::Answer { status: response.status })
}

/// A refusal is a problem document; anything else isn't this API.
pub(crate) fn refusal(status: u16, body: &[u8]) -> ClientError {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => ClientError::from(problem),
        Err(_) => ClientError::Answer { status },
    }
}

/// base64url text of a byte string, for links.
pub(crate) fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Several byte strings as bodies carry them.
pub(crate) fn b64s<'a>(items: impl IntoIterator<Item = &'a [u8]>) -> Vec<B64> {
    items.into_iter().map(B64::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded() {
        let q = Query::default().add("name", Some("Ann é&=+")).add("before", None::<u64>).add("limit", Some(5));
        assert_eq!(q.0, "?name=Ann%20%C3%A9%26%3D%2B&limit=5");
    }

    #[test]
    fn a_foreign_answer_is_named() {
        assert!(matches!(refusal(502, b"<html>"), ClientError::Answer { status: 502 }));
        let problem = Problem::new(api_types::ErrorCode::CodeLocked);
        let error = refusal(403, &serde_json::to_vec(&problem).expect("a problem serialises"));
        assert_eq!(error.code(), "code_locked");
    }
}
