//! Every log that a witness follows, and the one place where it cosigns: for each log one request at a time, and only
//! what is stored already.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use tlog::{
    checkpoint::Log,
    cosignature::{CosignError, Cosigner},
    note::{Note, NoteError, Verifier, VerifierKey, signature_lines},
    witness::{Accepted, Received, Refusal, RequestError, Witness},
};
use tokio::sync::Mutex;

use super::record::{Record, RecordError, Records, origin_hash};
use crate::clock::now_ms;

/// Why a checkpoint isn't cosigned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotCosigned {
    /// The request's own fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The record can't be read or written: nothing leaves.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The clock, or the scheme.
    #[error(transparent)]
    Cosign(#[from] CosignError),
    /// The task ended without a result.
    #[error("the task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// A log's keys and its record.
#[derive(Debug)]
struct Followed {
    keys: Vec<VerifierKey>,
    path: PathBuf,
    record: Arc<Mutex<Record>>,
}

/// All logs, and the witness's key.
#[derive(Debug)]
pub struct Register {
    witness: Witness,
    key: Cosigner,
    logs: BTreeMap<String, Followed>,
}

impl Register {
    /// Reads what was cosigned of each log. Keys of one name are one log's.
    pub fn open(records: &Records, key: Cosigner, logs: &[VerifierKey]) -> Result<Self, RecordError> {
        let mut keys: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
        for log in logs {
            keys.entry(log.name().as_str().to_owned()).or_default().push(log.clone());
        }
        let witness = Witness::new(keys.iter().map(|(origin, keys)| Log::new(origin, keys.clone())));
        let follow = |(origin, keys): (String, Vec<VerifierKey>)| {
            let record = records.of(&origin, key.key())?;
            let path = record.path().to_owned();
            Ok((origin, Followed { keys, path, record: Arc::new(Mutex::new(record)) }))
        };
        let logs = keys.into_iter().map(follow).collect::<Result<_, RecordError>>()?;
        Ok(Self { witness, key, logs })
    }

    /// Cosigns what the body of an `add-checkpoint` asks for; gives the signature lines.
    pub async fn add_checkpoint(&self, body: &[u8]) -> Result<String, NotCosigned> {
        let received = self.witness.receive(body)?;
        let unknown = || Refusal::UnknownLog(received.origin().to_owned());
        let log = self.logs.get(received.origin()).ok_or_else(unknown)?;
        let mut record = Arc::clone(&log.record).lock_owned().await;
        let (key, note) = (self.key.clone(), lines_of(&received, &log.keys)?);
        // A task that nobody can drop: a client that leaves must not let the next request in before this one is stored.
        let task = move || advance(&mut record, &received, note, &key);
        tokio::task::spawn_blocking(task).await?
    }

    /// The file with the newest cosigned checkpoint of the log whose origin has this hash, if it is followed.
    pub fn published(&self, hash: &str) -> Option<&Path> {
        self.logs.iter().find(|(origin, _)| origin_hash(origin) == hash).map(|(_, log)| log.path.as_path())
    }
}

/// Decides, stores, and only then gives the cosignature out.
fn advance(record: &mut Record, received: &Received, note: Note, key: &Cosigner) -> Result<String, NotCosigned> {
    let accepted = decide(record, received)?;
    let seconds = u64::try_from(now_ms() / 1000).unwrap_or(0);
    let lines = accepted.cosign(std::slice::from_ref(key), seconds)?;
    let note = with_lines(note, &lines).map_err(malformed)?;
    record.replace(&note, accepted.head())?;
    let (origin, size) = (received.origin(), accepted.head().size);
    tracing::info!(origin, size, "cosigned");
    Ok(lines)
}

fn decide(record: &mut Record, received: &Received) -> Result<Accepted, NotCosigned> {
    let last = record.head()?;
    received.decide(last.as_ref()).map_err(|refusal| {
        if refusal.is_evidence() {
            let (origin, size) = (received.origin(), received.request().checkpoint().size());
            tracing::warn!(origin, size, %refusal, "not consistent with what was cosigned before");
        }
        refusal.into()
    })
}

/// The checkpoint with the log's own lines, one for each of its keys: nobody else's signature was looked at.
fn lines_of(received: &Received, keys: &[VerifierKey]) -> Result<Note, Refusal> {
    let signed = received.request().note();
    let mut note = Note::unsigned(signed.text().to_owned()).map_err(malformed)?;
    for key in keys {
        if let Some(line) = signed.signatures().iter().find(|line| line.is_of(key)) {
            note.add(line.clone()).map_err(malformed)?;
        }
    }
    Ok(note)
}

/// Adds the cosignature. What couldn't be read again must not be stored.
fn with_lines(mut note: Note, lines: &str) -> Result<Note, NoteError> {
    for line in signature_lines(lines.as_bytes())? {
        note.add(line)?;
    }
    Note::parse(note.to_string().as_bytes())
}

fn malformed(error: NoteError) -> Refusal {
    Refusal::Malformed(RequestError::Note(error))
}
