//! The API, driven over HTTP against a real server: one binary, a file per concern.
#![allow(clippy::unwrap_used)]

mod growing_log;
mod harness;
mod person;
mod scene;
mod sealing;
mod taking;
mod tree;
mod witness_harness;
mod world;

mod access;
mod accounts;
mod audit;
mod binary;
mod body_limits;
mod drafts;
mod find_by_key;
mod framing;
mod grants;
mod honest_client;
mod in_flight;
mod invitations;
mod list;
mod live;
mod log;
mod log_client;
mod log_keys;
mod log_keys_client;
mod log_kill;
mod log_sequencer;
mod openapi;
mod parts;
mod recovery;
mod redeem;
mod repeats;
mod reports;
mod sessions;
mod sign_in;
mod sign_up;
mod throttling;
mod uploads;
mod witness;
mod witness_binary;
mod witnessed;
mod witnesses;
