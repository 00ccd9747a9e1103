//! How many independent witnesses must vouch for a checkpoint: k of the n that this device knows.

use serde::{Deserialize, Serialize};
use tlog::{
    cosignature::{Quorum, QuorumKeysError},
    note::KeyError,
};

/// Witnesses, from the device's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnesses {
    /// How many must have cosigned; 0 asks for none.
    pub required: usize,
    /// Their keys, `name+id+base64` (c2sp.org/tlog-cosignature).
    pub keys: Vec<String>,
}

/// Why a configuration names no witnesses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessesError {
    /// A key that can't be read.
    #[error("the witness key {key:?} can't be used: {reason}")]
    Key {
        /// As given.
        key: String,
        /// Why.
        reason: KeyError,
    },
    /// Too few keys, or one key twice.
    #[error(transparent)]
    Keys(#[from] QuorumKeysError),
}

impl Witnesses {
    /// Parses the keys.
    ///
    /// # Errors
    /// [`WitnessesError`].
    pub fn quorum(&self) -> Result<Quorum, WitnessesError> {
        let parse = |key: &String| key.parse().map_err(|reason| WitnessesError::Key { key: key.clone(), reason });
        let keys = self.keys.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Quorum::new(self.required, keys)?)
    }
}
