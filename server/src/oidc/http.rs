//! Requests to identity providers: no redirects, bounded in time and size, and over TLS unless on this machine.

use std::{pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, Request, redirect};

use crate::config::is_safe_url;

const CONNECT: Duration = Duration::from_secs(5);
/// For a whole answer.
const WHOLE: Duration = Duration::from_secs(8);
/// Discovery documents, key sets and token answers have a few kilobytes.
const MOST: usize = 256 * 1024;

/// Why there is no answer. Addresses stand in no message: one can hold a code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// An address that others on the way could read or answer for.
    #[error("an address of the provider is neither https nor on this machine")]
    Insecure,
    /// More than any answer has.
    #[error("the provider's answer is larger than {MOST} bytes")]
    TooLarge,
    /// No connection, or none that is trusted.
    #[error("{0}")]
    Failed(String),
}

/// What sends them.
#[derive(Debug, Clone)]
pub struct Http(Client);

impl Http {
    /// With limits.
    pub fn new() -> Result<Self, reqwest::Error> {
        let builder = Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT).timeout(WHOLE);
        builder.build().map(Self)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = Request::try_from(request).map_err(failed)?;
        if !is_safe_url(request.url()) {
            return Err(HttpError::Insecure);
        }
        let mut answer = self.0.execute(request).await.map_err(failed)?;
        let mut response = HttpResponse::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if response.body().len() + piece.len() > MOST {
                return Err(HttpError::TooLarge);
            }
            response.body_mut().extend_from_slice(&piece);
        }
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn failed(error: reqwest::Error) -> HttpError {
    HttpError::Failed(error.without_url().to_string())
}
