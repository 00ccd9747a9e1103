//! A webhook of the operator's own: JSON, signed as Standard Webhooks (standardwebhooks.com, version 1) says, for which
//! there are libraries in most languages. The id is the same for every try.

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{FutureExt, future::BoxFuture};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use sha2::Sha256;

use super::{
    NotSent, Sms, SmsGateway, WebhookConfig,
    http::{self, Http},
};
use crate::clock::now_ms;

pub(super) struct Webhook {
    http: Http,
    config: WebhookConfig,
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    to: &'a str,
    text: &'a str,
}

impl Webhook {
    pub fn new(http: Http, config: WebhookConfig) -> Self {
        Self { http, config }
    }

    async fn deliver(&self, sms: &Sms) -> Result<(), NotSent> {
        let id = hex::encode(sms.id);
        let body = Body { id: &id, to: sms.to.as_str(), text: &sms.text };
        let body = serde_json::to_string(&body).map_err(|_| NotSent::Impossible)?;
        let timestamp = (now_ms() / 1000).to_string();
        let signature = sign(&self.config.secret, &id, &timestamp, &body).ok_or(NotSent::Impossible)?;
        let request = self.http.post(self.config.url.clone()).header(CONTENT_TYPE, "application/json");
        let request = request.header("webhook-id", &id).header("webhook-timestamp", timestamp);
        http::send(request.header("webhook-signature", signature).body(body)).await
    }
}

/// `v1,` ‖ base64 of HMAC-SHA-256(secret, id ‖ `.` ‖ timestamp ‖ `.` ‖ body).
fn sign(secret: &[u8], id: &str, timestamp: &str, body: &str) -> Option<String> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).ok()?;
    for text in [id, ".", timestamp, ".", body] {
        mac.update(text.as_bytes());
    }
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

impl SmsGateway for Webhook {
    fn send<'a>(&'a self, sms: &'a Sms) -> BoxFuture<'a, Result<(), NotSent>> {
        self.deliver(sms).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }
}
