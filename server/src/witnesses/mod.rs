//! The log's side of witnessing: sends a signed checkpoint to the witnesses that are configured, and gathers what they
//! cosign (c2sp.org/tlog-witness, “add-checkpoint”).
//!
//! A witness is trusted with nothing. Its answer is bounded in time and length, and only a line that its own key made over
//! this very checkpoint is added to the note. Whether enough did is [`tlog::cosignature::Quorum`]'s to say: of the note, so
//! that the log and its clients judge alike.

mod answer;
mod exchange;
mod witness;

use std::{
    fmt::Display,
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures::future::join_all;
use tlog::{
    checkpoint::{Checkpoint, CheckpointError},
    cosignature::Cosigned,
    merkle::ConsistencyProof,
    note::{KeyName, Note, NoteError, Signature, SignatureError},
};

pub use answer::MAX_ANSWER;
pub use witness::{InvalidWitness, Witness};

/// For everything that one witness is asked about one checkpoint.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Exchanges about one checkpoint: one is usual, a second when the witness has another size than remembered, a third when
/// someone else was quicker meanwhile.
const TRIES: usize = 3;

/// Why a witness's cosignature isn't there.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WitnessFailure {
    /// No answer in time.
    #[error("it didn't answer in time")]
    TimedOut,
    /// No connection, or it broke.
    #[error("it can't be reached: {0}")]
    Unreachable(String),
    /// The answer is longer than [`MAX_ANSWER`].
    #[error("its answer is too long")]
    TooLong,
    /// It says that the log forked, or that the proof is wrong.
    #[error("it says that the checkpoint isn't consistent with what it cosigned before")]
    Inconsistent,
    /// It has seen more of the log than the checkpoint says: the log was set back, or the witness lies.
    #[error("it says that it has seen {size} leaves, more than the checkpoint has")]
    Ahead {
        /// What it says it has seen, leaves.
        size: u64,
    },
    /// It names one size after the other, or refuses the one that it named.
    #[error("it doesn't keep to a size")]
    Unsettled,
    /// Any other refusal.
    #[error("it answered with status {0}")]
    Status(u16),
    /// A size that isn't one, or lines that are none.
    #[error("its answer has a wrong form")]
    Malformed,
    /// Lines of other keys only.
    #[error("its answer has no line of its key")]
    NoLine,
    /// A line in its name that its key didn't make over this checkpoint.
    #[error("its cosignature is false: {0}")]
    False(SignatureError),
    /// A cosignature that states no time.
    #[error("its cosignature has no time")]
    NoTime,
    /// The note has no room for another line.
    #[error(transparent)]
    NoRoom(#[from] NoteError),
    /// The log can't prove what the witness asks for.
    #[error("there is no proof from {old} leaves: {reason}")]
    NoProof {
        /// What the witness has, leaves.
        old: u64,
        /// Why.
        reason: String,
    },
}

/// A checkpoint with all that was gathered.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// The note, with a line more for each witness in `cosigned`.
    pub note: Note,
    /// Who cosigned, and when they say it was.
    pub cosigned: Vec<Cosigned>,
    /// Who didn't, and why.
    pub failed: Vec<(KeyName, WitnessFailure)>,
}

/// The witnesses that a log sends its checkpoints to.
#[derive(Debug)]
pub struct Witnesses {
    http: reqwest::Client,
    asked: Vec<Asked>,
    timeout: Duration,
}

/// A witness, and the size that it had when it last cosigned: what the next proof leads from.
#[derive(Debug)]
struct Asked {
    witness: Witness,
    last: AtomicU64,
}

impl Witnesses {
    /// These witnesses.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn new(witnesses: Vec<Witness>) -> Result<Self, reqwest::Error> {
        let asked = witnesses.into_iter().map(Asked::new).collect();
        Ok(Self { http: exchange::client()?, asked, timeout: TIMEOUT })
    }

    /// Waits at most so long for each witness.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Each by itself, for who asks one without the others.
    pub fn each(self) -> Vec<Self> {
        let Self { http, asked, timeout } = self;
        asked.into_iter().map(|one| Self { http: http.clone(), asked: vec![one], timeout }).collect()
    }

    /// Asks all witnesses at once to cosign a checkpoint that the log signed. `prove` makes the consistency proof from a size
    /// that a witness has, at most the checkpoint's, to the checkpoint. One witness's failure is no other's.
    ///
    /// # Errors
    /// [`CheckpointError`] when the note is no checkpoint.
    pub async fn cosign<P, F, E>(&self, checkpoint: &Note, prove: P) -> Result<Gathered, CheckpointError>
    where
        P: Fn(u64) -> F,
        F: Future<Output = Result<ConsistencyProof, E>>,
        E: Display,
    {
        let size = checkpoint.text().parse::<Checkpoint>()?.size();
        let asked = self.asked.iter().map(|asked| self.ask(asked, checkpoint, size, &prove));
        let answers = join_all(asked).await;
        let mut gathered = Gathered { note: checkpoint.clone(), cosigned: Vec::new(), failed: Vec::new() };
        for (asked, answer) in self.asked.iter().zip(answers) {
            gathered.add(asked.witness.name(), answer);
        }
        Ok(gathered)
    }

    async fn ask<P, F, E>(&self, asked: &Asked, note: &Note, size: u64, prove: &P) -> Result<Line, WitnessFailure>
    where
        P: Fn(u64) -> F,
        F: Future<Output = Result<ConsistencyProof, E>>,
        E: Display,
    {
        let old = Some(asked.last.load(Ordering::Relaxed)).filter(|&old| old <= size).unwrap_or(0);
        let work = self.try_from(&asked.witness, note, (old, size), prove);
        let line = tokio::time::timeout(self.timeout, work).await.unwrap_or(Err(WitnessFailure::TimedOut));
        match &line {
            Ok(_) => asked.last.store(size, Ordering::Relaxed),
            Err(failure) => failure.report(asked.witness.name()),
        }
        line
    }

    /// Goes on from the size that the witness names, within [`TRIES`].
    async fn try_from<P, F, E>(
        &self,
        witness: &Witness,
        note: &Note,
        (mut old, size): (u64, u64),
        prove: &P,
    ) -> Result<Line, WitnessFailure>
    where
        P: Fn(u64) -> F,
        F: Future<Output = Result<ConsistencyProof, E>>,
        E: Display,
    {
        for _ in 0..TRIES {
            let proof = prove(old).await;
            let proof = proof.map_err(|e| WitnessFailure::NoProof { old, reason: e.to_string() })?;
            match exchange::add_checkpoint(&self.http, witness, note, old, proof).await? {
                exchange::Answer::Lines(lines) => return answer::cosignature(&lines, witness.key(), note.text()),
                exchange::Answer::Has(has) if has > size => return Err(WitnessFailure::Ahead { size: has }),
                exchange::Answer::Has(has) if has == old => return Err(WitnessFailure::Unsettled),
                exchange::Answer::Has(has) => old = has,
            }
        }
        Err(WitnessFailure::Unsettled)
    }
}

impl Asked {
    fn new(witness: Witness) -> Self {
        Self { witness, last: AtomicU64::new(0) }
    }
}

impl WitnessFailure {
    /// For the operator. That a witness has seen another history is more than that it is away.
    fn report(&self, witness: &KeyName) {
        let witness = witness.as_str();
        match self {
            Self::Inconsistent | Self::Ahead { .. } => {
                tracing::error!(witness, failure = %self, "a witness has seen another history of the log");
            }
            _ => tracing::warn!(witness, failure = %self, "a witness did not cosign"),
        }
    }
}

/// A cosignature that was verified, and its time.
type Line = (Signature, u64);

impl Gathered {
    fn add(&mut self, name: &KeyName, answer: Result<Line, WitnessFailure>) {
        let added = answer.and_then(|(line, time)| Ok(self.note.add(line).map(|()| time)?));
        match added {
            Ok(time) => self.cosigned.push(Cosigned { name: name.clone(), time }),
            Err(failure) => self.failed.push((name.clone(), failure)),
        }
    }
}
