//! A server that lies. Each lie is refused by its own name, and the same steps work once it is honest again.

mod access;
mod account;
mod carried;
mod closing;
mod devices;
mod endless;
mod escrow;
mod events;
mod key_log;
mod keys;
mod listing;
mod log;
mod log_event;
mod log_whole;
mod opening;
mod record;
mod rekey;
mod retention;
mod rows;
mod teams;
mod versions;

use client::{ClientError, Refusal};
pub use malicious_server::scene::{Scene, change_report, scene, straight, stranger};

pub fn refusal<T>(result: Result<T, ClientError>) -> Refusal {
    match result {
        Err(ClientError::Refused(refusal)) => refusal,
        Err(other) => panic!("refused otherwise: {other:?}"),
        Ok(_) => panic!("the lie was believed"),
    }
}
