//! Requests to a gateway: no redirects, bounded in time, and of the answer nothing but its status is read.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Url, redirect};

use super::NotSent;

const CONNECT: Duration = Duration::from_secs(5);
/// For a whole answer.
pub(super) const WHOLE: Duration = Duration::from_secs(12);

/// What sends them.
#[derive(Debug, Clone)]
pub(super) struct Http(Client);

impl Http {
    /// With limits.
    pub fn new() -> Result<Self, reqwest::Error> {
        let builder = Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT).timeout(WHOLE);
        builder.build().map(Self)
    }

    /// A request to be completed.
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.0.post(url)
    }
}

/// Sends it. Anything but a 2xx means that the message wasn't taken.
pub(super) async fn send(request: RequestBuilder) -> Result<(), NotSent> {
    match request.send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(NotSent::Refused(answer.status().as_u16())),
        Err(error) if error.is_timeout() => Err(NotSent::Timeout),
        Err(error) if error.is_builder() => Err(NotSent::Impossible),
        Err(_) => Err(NotSent::NoConnection),
    }
}
