//! Why a command failed, in words, and its exit code.

use client::ClientError;

/// Everything `hs` fails with. Codes: 1 general, 2 usage (clap), 3 not signed in, 4 refused by this client, 5 refused by the
/// server, 6 no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// The client library's own word.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// Nobody is signed in under this profile.
    #[error("nobody is signed in here: run `hs login --email …` first")]
    NotSignedIn,
    /// No server named.
    #[error("no server: pass --server or set HEALTHSECURE_SERVER")]
    NoServer,
    /// The profile's session is of another server.
    #[error("this profile is signed in at {0}: use another --profile for another server")]
    OtherServer(String),
    /// The profile.
    #[error("{0}")]
    Profile(#[from] crate::profile::ProfileError),
    /// The public log, or the server behind it.
    #[error("{0}\nEvidence is in {1}: show it to whoever runs the server; `hs audit evidence` checks it.")]
    Stopped(client::Refusal, std::path::PathBuf),
    /// Evidence that shows nothing.
    #[error("{0}")]
    Evidence(#[from] client::log::EvidenceError),
    /// A proof file that proves nothing.
    #[error("{0}")]
    Proof(#[from] client::log::EventProofError),
    /// Asking, reading or writing.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The canary holds something else.
    #[error("the canary opens, but it doesn't hold what was put in")]
    Canary,
    /// An argument that parses but makes no sense.
    #[error("{0}")]
    Argument(String),
}

impl CliError {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotSignedIn => 3,
            Self::Client(ClientError::Refused(_))
            | Self::Stopped(..)
            | Self::Evidence(_)
            | Self::Proof(_)
            | Self::Canary => 4,
            Self::Client(ClientError::Problem(_) | ClientError::WrongPassword | ClientError::VersionMoved { .. }) => 5,
            Self::Client(ClientError::Transport(_)) => 6,
            _ => 1,
        }
    }

    /// Stable and machine-readable, for `--json`.
    pub fn code(&self) -> String {
        let code = match self {
            Self::Client(error) => return error.code(),
            Self::Stopped(refusal, _) => refusal.code(),
            Self::Evidence(_) => "evidence",
            Self::Proof(error) => error.code(),
            Self::Canary => "canary",
            Self::NotSignedIn => "not_signed_in",
            Self::NoServer => "no_server",
            Self::OtherServer(_) => "other_server",
            Self::Profile(_) => "profile",
            Self::Io(_) => "io",
            Self::Argument(_) => "argument",
        };
        code.to_owned()
    }
}

/// What every command returns.
pub type Result<T, E = CliError> = std::result::Result<T, E>;
