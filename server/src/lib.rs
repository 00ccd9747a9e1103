//! The HealthSecure server: REST under `/api/v1`, its OpenAPI document, live events and the page.
//!
//! It stores and passes on what clients sealed; it holds no key that opens any of it, and it is built without
//! `crypto/open`. From the outside in: `router` and `middleware` frame a request, `api` parses and answers,
//! `services` hold the rules and the transactions, `policy` decides who may, `storage` is the only place that
//! names a table. Every action is an audit event (`audit`), durable before it is acknowledged.
#![forbid(unsafe_code)]

pub mod api;
pub mod audit;
pub mod audit_hash;
pub mod background;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod data_folder;
pub mod database_args;
pub mod database_url;
pub mod docs;
pub mod error;
pub mod group;
pub mod keep;
pub mod keep_events;
pub mod live;
pub mod log;
pub mod mail;
pub mod membership;
pub mod middleware;
pub mod migrate_to;
pub mod oidc;
pub mod openapi;
pub mod outbox_task;
#[cfg(feature = "page")]
pub mod page;
pub mod policy;
pub mod private_file;
pub mod random;
pub mod router;
pub mod scopes;
pub mod scrub;
pub mod secrets;
pub mod serve;
pub mod services;
pub mod size;
pub mod sms;
pub mod state;
pub mod storage;
pub mod upkeep;
pub mod witness;
pub mod witnesses;

pub use error::{ServiceError, ServiceResult};
pub use state::AppState;
