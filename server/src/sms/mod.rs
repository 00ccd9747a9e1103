//! Text messages with one-time codes: how a code is made and written, and the gateways that take it.
//!
//! A service stores a code's row with what asks for it (`services::phone_codes`); `outbox` sends it after the commit, and
//! again as long as the code lives. Nothing here delays or fails a request. A code stands neither in the database nor in
//! a log: it is made of its row and a key outside of the database when it is sent, and again when one is typed.

mod gateway;
mod http;
mod key;
mod number;
pub mod outbox;
mod settings;
mod text;
mod twilio;
mod webhook;

pub use gateway::{NotSent, Sms, SmsGateway, gateway};
pub use key::{CodePurpose, SmsKey};
pub use number::{Number, NumberError};
pub use settings::{GatewayConfig, SmsConfig, SmsConfigError, TwilioConfig, TwilioSender, WebhookConfig, read};
