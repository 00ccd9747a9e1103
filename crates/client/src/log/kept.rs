//! What is kept of a log between sessions, on the device and in the sealed client state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tlog::{
    checkpoint::{Checkpoint, Log, SignedCheckpoint},
    note::Note,
};

use crate::refusal::Refusal;

/// The log's key, pinned when it was first seen, and the newest checkpoint that was verified. Public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLog {
    /// `name+id+base64` (c2sp.org/signed-note); the name is the log's origin.
    pub key: String,
    /// The checkpoint as it was signed; none while the log was empty.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub checkpoint: Option<String>,
}

impl KeptLog {
    /// Leaves of the checkpoint, as kept.
    pub fn size(&self) -> u64 {
        let note = self.checkpoint.as_ref().and_then(|text| Note::parse(text.as_bytes()).ok());
        note.and_then(|note| note.text().parse::<Checkpoint>().ok()).map_or(0, |checkpoint| checkpoint.size())
    }

    /// The checkpoint, if the log signed it. What was damaged where it was kept says nothing.
    pub(crate) fn open(&self, log: &Log) -> Option<SignedCheckpoint> {
        log.open(self.checkpoint.as_ref()?.as_bytes()).ok()
    }
}

/// Takes what another device kept: the longer of two. Whether one continues the other is for the next look at the log to
/// prove, from both.
///
/// # Errors
/// [`Refusal::LogSignerUnknown`]: the two were shown different keys.
pub(crate) fn merge_kept(
    ours: &mut BTreeMap<String, KeptLog>,
    theirs: BTreeMap<String, KeptLog>,
) -> Result<(), Refusal> {
    for (tree, theirs) in theirs {
        let ours = ours.entry(tree).or_insert_with(|| theirs.clone());
        if ours.key != theirs.key {
            return Err(Refusal::LogSignerUnknown);
        }
        if ours.size() < theirs.size() {
            *ours = theirs;
        }
    }
    Ok(())
}
