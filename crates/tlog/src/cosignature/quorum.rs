//! How many witnesses a client asks for: k of the n that it knows (tlog-proof, “Verifying a tlog proof”, step 3).

use std::collections::BTreeSet;

use thiserror::Error;

use super::CosignerKey;
use crate::note::{KeyName, Note, OpenError, Verifier};

/// Why keys make no quorum.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuorumKeysError {
    /// More witnesses are required than known.
    #[error("{required} witnesses are required and {known} are known")]
    TooMany {
        /// Witnesses required.
        required: usize,
        /// Witnesses known, by name.
        known: usize,
    },
    /// One key under two names would be two witnesses.
    #[error("{0} has the key of another witness")]
    SharedKey(KeyName),
}

/// Why the witnesses don't vouch for a checkpoint.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuorumError {
    /// A known witness's line isn't its signature.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Too few of the known witnesses signed.
    #[error("{found} known witnesses cosigned, {required} are required")]
    TooFew {
        /// Witnesses required.
        required: usize,
        /// Witnesses that signed.
        found: usize,
    },
}

/// A witness that cosigned, and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cosigned {
    /// The witness.
    pub name: KeyName,
    /// What it says was the time, Unix seconds; 0 if it doesn't say.
    pub time: u64,
}

/// Known witnesses and how many of them must have cosigned. A witness with several keys counts once.
#[derive(Debug, Clone)]
pub struct Quorum {
    required: usize,
    keys: Vec<CosignerKey>,
}

impl Quorum {
    /// `required` of the witnesses that these keys belong to; 0 asks for none.
    ///
    /// # Errors
    /// [`QuorumKeysError`].
    pub fn new(required: usize, keys: Vec<CosignerKey>) -> Result<Self, QuorumKeysError> {
        let known = keys.iter().map(CosignerKey::name).collect::<BTreeSet<_>>().len();
        if required > known {
            return Err(QuorumKeysError::TooMany { required, known });
        }
        for (n, key) in keys.iter().enumerate() {
            let public = key.vkey().public;
            if keys[..n].iter().any(|k| k.vkey().public == public && k.name() != key.name()) {
                return Err(QuorumKeysError::SharedKey(key.name().clone()));
            }
        }
        Ok(Self { required, keys })
    }

    /// No witnesses: the log's word alone.
    pub fn none() -> Self {
        Self { required: 0, keys: Vec::new() }
    }

    /// Witnesses required.
    pub fn required(&self) -> usize {
        self.required
    }

    /// Verifies all cosignatures of known witnesses, ignores others, and asks for enough. Gives each witness once, with its
    /// latest time, by name.
    ///
    /// # Errors
    /// [`QuorumError`].
    pub fn check(&self, checkpoint: &Note) -> Result<Vec<Cosigned>, QuorumError> {
        let mut cosigned = Vec::new();
        for line in checkpoint.signatures() {
            for key in self.keys.iter().filter(|k| line.is_of(*k)) {
                let time = key.verify_time(checkpoint.text(), &line.bytes).map_err(|reason| line.refused(reason))?;
                cosigned.push(Cosigned { name: line.name.clone(), time });
            }
        }
        cosigned.sort_by(|a, b| (&a.name, b.time).cmp(&(&b.name, a.time)));
        cosigned.dedup_by(|later, first| later.name == first.name);
        if cosigned.len() < self.required {
            return Err(QuorumError::TooFew { required: self.required, found: cosigned.len() });
        }
        Ok(cosigned)
    }
}
