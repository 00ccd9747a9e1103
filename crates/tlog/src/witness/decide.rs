//! What a witness decides, in the order of the specification.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{AddCheckpoint, RequestError};
use crate::{
    checkpoint::{Checkpoint, CheckpointError, Log},
    cosignature::{CosignError, Cosigner},
    hash::Hash,
    merkle::ConsistencyError,
    note::OpenError,
};

/// What a witness keeps of a log: the largest tree that it cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// Leaves.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

/// Why a witness doesn't cosign. [`Refusal::status`] is the HTTP status, [`Refusal::body`] its body.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The request has a wrong form.
    #[error(transparent)]
    Malformed(#[from] RequestError),
    /// The witness doesn't know the log.
    #[error("the log {0} is not known here")]
    UnknownLog(String),
    /// The log didn't sign it, or a line that names a key of the log is false.
    #[error(transparent)]
    Forbidden(#[from] OpenError),
    /// The witness has another size than the request begins at.
    #[error("the last size cosigned is {size}")]
    Conflict {
        /// What the witness has, leaves.
        size: u64,
    },
    /// A tree without leaves with another root than it can have.
    #[error(transparent)]
    EmptyRoot(#[from] CheckpointError),
    /// From nothing there is nothing to prove.
    #[error("a proof from an empty tree must be empty")]
    ProofFromNothing,
    /// The checkpoint isn't consistent with the one before: the log forked, or the proof is wrong.
    #[error(transparent)]
    Inconsistent(#[from] ConsistencyError),
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Forbidden(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::Conflict { .. } => 409,
            Self::EmptyRoot(_) | Self::ProofFromNothing | Self::Inconsistent(_) => 422,
        }
    }

    /// The body: the size cosigned (`text/x.tlog.size`) with a conflict, else the reason.
    pub fn body(&self) -> String {
        match self {
            Self::Conflict { size } => format!("{size}\n"),
            other => format!("{other}\n"),
        }
    }

    /// Whether a log that signed this forked, or someone sent a false proof in its name: worth keeping as evidence.
    pub fn is_evidence(&self) -> bool {
        self.status() == 422
    }
}

/// The logs that a witness watches.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    logs: BTreeMap<String, Log>,
}

/// A request that its log signed.
#[derive(Debug, Clone)]
pub struct Received(AddCheckpoint);

/// A checkpoint that may be cosigned, once its head is stored.
#[derive(Debug, Clone)]
#[must_use = "store the head, then cosign"]
pub struct Accepted {
    checkpoint: Checkpoint,
}

impl Witness {
    /// A witness of these logs. Of two with one origin the later counts.
    pub fn new(logs: impl IntoIterator<Item = Log>) -> Self {
        Self { logs: logs.into_iter().map(|log| (log.origin().to_owned(), log)).collect() }
    }

    /// Parses a request and verifies the log's signature.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::UnknownLog`], [`Refusal::Forbidden`].
    pub fn receive(&self, body: &[u8]) -> Result<Received, Refusal> {
        let request = AddCheckpoint::parse(body)?;
        let origin = request.checkpoint().origin();
        let log = self.logs.get(origin).ok_or_else(|| Refusal::UnknownLog(origin.to_owned()))?;
        request.note().open(log.keys())?;
        Ok(Received(request))
    }
}

impl Received {
    /// The log: its record is to be read and replaced in one transaction.
    pub fn origin(&self) -> &str {
        self.0.checkpoint().origin()
    }

    /// The request, for instance to keep as evidence.
    pub fn request(&self) -> &AddCheckpoint {
        &self.0
    }

    /// Decides, given what was last cosigned of this log.
    ///
    /// # Errors
    /// [`Refusal::Conflict`], [`Refusal::EmptyRoot`], [`Refusal::ProofFromNothing`], [`Refusal::Inconsistent`].
    pub fn decide(&self, last: Option<&TreeHead>) -> Result<Accepted, Refusal> {
        let (request, new) = (&self.0, self.0.checkpoint());
        let size = last.map_or(0, |l| l.size);
        if request.old_size() != size {
            return Err(Refusal::Conflict { size });
        }
        new.check_empty()?;
        match last {
            Some(last) if size > 0 => request.proof().verify(size, &last.root, new.size(), new.root())?,
            _ if !request.proof().0.is_empty() => return Err(Refusal::ProofFromNothing),
            _ => {}
        }
        Ok(Accepted { checkpoint: new.clone() })
    }
}

impl Accepted {
    /// What to store before answering.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.checkpoint.size(), root: *self.checkpoint.root() }
    }

    /// The body of the answer: a line for each key. Only after [`Accepted::head`] is durable.
    ///
    /// # Errors
    /// [`CosignError`].
    pub fn cosign(&self, keys: &[Cosigner], time: u64) -> Result<String, CosignError> {
        keys.iter().map(|key| key.cosign(&self.checkpoint, time).map(|s| s.to_string())).collect()
    }
}
