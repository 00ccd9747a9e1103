//! A gateway for text messages in the test itself: Twilio's, or a webhook. It takes what is rightly authenticated, and can be
//! told to fail.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Form, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use server::{
    config::Config,
    sms::{GatewayConfig, SmsConfig, TwilioConfig, TwilioSender, WebhookConfig},
};
use sha2::Sha256;
use tokio::sync::mpsc;

use crate::{
    harness::Server,
    honest_client::{Person, clinic},
};

const ACCOUNT: &str = "AC17";
/// Of which nothing may stay.
pub const TOKEN: &str = "marked-auth-token";
/// The same.
pub const SECRET: &str = "marked-webhook-secret-of-enough-bytes";
const FROM: &str = "+15005550006";
const SERVICE: &str = "MG17";
/// How long a message may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing must come.
const QUIET: Duration = Duration::from_millis(900);

/// What the gateway does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Takes,
    Answers(u16),
    Hangs,
}

/// A message that it took.
#[derive(Debug, Clone)]
pub struct Message {
    pub to: String,
    pub text: String,
    /// The webhook's.
    pub id: Option<String>,
}

impl Message {
    /// The code, of the line that browsers read.
    pub fn code(&self) -> String {
        let (_, code) = self.text.lines().last().unwrap().split_once(" #").unwrap();
        assert!(self.text.starts_with(code) && code.len() == 6, "{}", self.text);
        code.to_owned()
    }
}

/// The gateway.
pub struct Gateway {
    port: u16,
    shared: Arc<Shared>,
    messages: tokio::sync::Mutex<mpsc::UnboundedReceiver<Message>>,
}

struct Shared {
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    sender: mpsc::UnboundedSender<Message>,
}

impl Gateway {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, messages) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { mood: Mutex::new(Mood::Takes), asked: AtomicUsize::new(0), sender });
        let app = Router::new()
            .route("/base/2010-04-01/Accounts/{sid}/Messages.json", post(twilio))
            .route("/sms", post(webhook))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { port, shared, messages: tokio::sync::Mutex::new(messages) }
    }

    /// From now on.
    pub fn is(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// How often it was asked, rightly.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    pub fn twilio(&self) -> GatewayConfig {
        self.twilio_from(TwilioSender::From(FROM.into()))
    }

    pub fn twilio_by_service(&self) -> GatewayConfig {
        self.twilio_from(TwilioSender::Service(SERVICE.into()))
    }

    fn twilio_from(&self, sender: TwilioSender) -> GatewayConfig {
        GatewayConfig::Twilio(TwilioConfig {
            base_url: format!("http://127.0.0.1:{}/base/", self.port).parse().unwrap(),
            account_sid: ACCOUNT.into(),
            auth_token: TOKEN.to_owned().into(),
            sender,
        })
    }

    pub fn webhook(&self) -> GatewayConfig {
        GatewayConfig::Webhook(WebhookConfig {
            url: format!("http://127.0.0.1:{}/sms", self.port).parse().unwrap(),
            secret: SECRET.as_bytes().to_vec().into(),
        })
    }

    /// As an operator names it.
    pub fn config(&self) -> SmsConfig {
        SmsConfig { gateway: self.twilio(), prefixes: Vec::new(), daily: 500, daily_per_number: 10 }
    }

    /// A server that sends with it, with limits of the test's making.
    pub async fn server_with(&self, change: impl FnOnce(&mut SmsConfig)) -> Server {
        let mut sms = self.config();
        change(&mut sms);
        Server::start_with(|config: &mut Config| config.sms = Some(sms)).await
    }

    /// The next message that it took.
    pub async fn next(&self) -> Message {
        let next = tokio::time::timeout(PATIENCE, async { self.messages.lock().await.recv().await }).await;
        next.expect("no message came").unwrap()
    }

    /// Nothing more comes.
    pub async fn nothing(&self) {
        let more = tokio::time::timeout(QUIET, async { self.messages.lock().await.recv().await }).await;
        assert!(more.is_err(), "unexpected: {more:?}");
    }

    /// Waits until it was asked so often.
    pub async fn until_asked(&self, times: usize) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.asked() < times {
            assert!(tokio::time::Instant::now() < deadline, "asked {} times", self.asked());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Adds a number to an account whose session is confirmed.
    pub async fn add(&self, person: &Person, number: &str) {
        person.add_phone(number).await.unwrap();
        person.verify_phone(&self.next().await.code()).await.unwrap();
    }
}

/// A gateway, a server that sends with it, and who is there.
pub async fn opened() -> (Gateway, Server, [Person; 3]) {
    opened_with(|_| ()).await
}

/// With limits of the test's making.
pub async fn opened_with(change: impl FnOnce(&mut SmsConfig)) -> (Gateway, Server, [Person; 3]) {
    let gateway = Gateway::start().await;
    let server = gateway.server_with(change).await;
    let people = clinic(&server).await;
    (gateway, server, people)
}

impl Shared {
    async fn take(&self, message: Message) -> StatusCode {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Takes => {
                self.sender.send(message).unwrap();
                StatusCode::CREATED
            }
            Mood::Answers(status) => StatusCode::from_u16(status).unwrap(),
            Mood::Hangs => {
                tokio::time::sleep(Duration::from_secs(600)).await;
                StatusCode::CREATED
            }
        }
    }
}

async fn twilio(
    State(shared): State<Arc<Shared>>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    Form(mut form): Form<HashMap<String, String>>,
) -> StatusCode {
    let right = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
    let authorized = headers.get("authorization").is_some_and(|value| value.as_bytes() == right.as_bytes());
    let says = |name: &str, value: &str| form.get(name).is_some_and(|said| said == value);
    let sender = says("From", FROM) || says("MessagingServiceSid", SERVICE);
    if !authorized || sid != ACCOUNT || !sender || form.len() != 3 {
        return StatusCode::UNAUTHORIZED;
    }
    let (to, text) = (form.remove("To").unwrap(), form.remove("Body").unwrap());
    shared.take(Message { to, text, id: None }).await
}

async fn webhook(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let age = server::clock::now_ms() / 1000 - timestamp.parse::<i64>().unwrap_or_default();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&body);
    let signature = header("webhook-signature").strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
    let signed = signature.is_some_and(|signature| mac.verify_slice(&signature).is_ok());
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !signed || !(-5..=60).contains(&age) || json["id"] != id || header("content-type") != "application/json" {
        return StatusCode::UNAUTHORIZED;
    }
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    shared.take(Message { to: text("to"), text: text("text"), id: Some(text("id")) }).await
}
