//! `healthsecure witness`: a program of its own that cosigns other people's logs (c2sp.org/tlog-witness). It has neither
//! the server's database nor its secrets. What it decides is `tlog::witness`; the rest is here:
//!
//! | Module | What it is |
//! |---|---|
//! | [`cli`] | its options, and `witness key` |
//! | [`key`] | its private key, a file |
//! | [`record`] | what it last cosigned of a log, a file that is durable before a cosignature leaves |
//! | [`register`] | one request at a time for each log |
//! | [`api`] | HTTP |
//! | [`serve`] | from a configuration to a listening witness |

pub mod api;
pub mod cli;
pub mod key;
pub mod record;
pub mod register;
pub mod serve;

use std::{net::SocketAddr, path::PathBuf};

use tlog::note::{KeyName, VerifierKey};

use crate::{config::Tls, state::StartError};

/// What a witness's operator decides.
#[derive(Debug, Clone)]
pub struct WitnessConfig {
    /// Its key and what it last cosigned lie here.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The name of its key; needed when the key is made.
    pub name: Option<KeyName>,
    /// Keys of the logs it follows. A key's name is its log's origin; keys of one name are one log's.
    pub logs: Vec<VerifierKey>,
    /// TLS, where no proxy does it.
    pub tls: Option<Tls>,
}

/// Why a witness can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// A folder, a socket, or another process.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its key.
    #[error(transparent)]
    Key(#[from] key::KeyFileError),
    /// What it last cosigned.
    #[error(transparent)]
    Record(#[from] record::RecordError),
    /// It would cosign nothing.
    #[error("say which logs to follow: --log and a log's verifier key, once for each")]
    NoLogs,
}
