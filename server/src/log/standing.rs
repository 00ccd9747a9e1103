//! How the log stands with a witness: what it said of the newest head, what it is being asked, and whether a head waits
//! for it.
//!
//! A head waits for who answered last time, somewhat longer than that took. Who is silent or slow is asked all the same,
//! one request at a time, and what it says is taken up when it comes.

use std::{sync::Arc, time::Duration};

use api_types::UnixMillis;
use tlog::{
    checkpoint::CheckpointError,
    note::{Note, Signature},
};
use tokio::{task::Id, time::Instant};

use crate::witnesses::{Gathered, Witness, Witnesses};

/// The longest that a head waits for a witness. One that takes longer isn't waited for until it has answered sooner.
pub(super) const MOST: Duration = Duration::from_secs(2);
/// So long it waits even for one that is quick: with the rest of the way it stays within a second.
const LEAST: Duration = Duration::from_millis(500);
/// Between them it waits so many times what the last answer took.
const TIMES: u32 = 3;
/// One that failed is not asked again before.
const REST: UnixMillis = 30_000;
/// A head that doesn't move is cosigned anew, so that the witnesses' times say that it is still the newest.
const REFRESH: UnixMillis = 300_000;

/// What came of asking.
#[derive(Debug)]
pub struct Said {
    /// The note that was asked about, with the witness's line if it gave one.
    pub gathered: Result<Gathered, CheckpointError>,
    /// How long it took.
    pub took: Duration,
}

/// What a witness did when it was last asked.
#[derive(Debug)]
enum Last {
    Unasked,
    Cosigned(UnixMillis),
    Failed(UnixMillis),
}

/// A witness of a log.
#[derive(Debug)]
pub struct Standing {
    witness: Witness,
    /// It alone.
    asks: Arc<Witnesses>,
    /// Its cosignature of the newest head.
    line: Option<Signature>,
    under_way: Option<(Id, Instant)>,
    /// How long a head waits for it, if any does.
    patience: Option<Duration>,
    last: Last,
}

impl Standing {
    /// One that nothing is known of: the first head waits for it.
    pub fn new(witness: Witness, asks: Witnesses) -> Self {
        let asks = Arc::new(asks);
        Self { witness, asks, line: None, under_way: None, patience: Some(MOST), last: Last::Unasked }
    }

    /// What asks it.
    pub fn asks(&self) -> Arc<Witnesses> {
        Arc::clone(&self.asks)
    }

    /// Its cosignature of the newest head.
    pub fn line(&self) -> Option<&Signature> {
        self.line.as_ref()
    }

    /// There is another newest head. Of it the witness has said what stands under this note.
    pub fn turn_to(&mut self, shown: Option<&Note>) {
        self.line = shown.and_then(|note| self.line_in(note));
    }

    /// Whether to ask it now: it isn't being asked, doesn't rest, and hasn't cosigned the newest head lately. A time that
    /// is yet to come is of a clock that was set back.
    pub fn is_due(&self, now: UnixMillis) -> bool {
        let within = |time: UnixMillis, since: UnixMillis| (0..time).contains(&(now - since));
        let left_alone = match self.last {
            Last::Unasked => false,
            Last::Cosigned(at) => self.line.is_some() && within(REFRESH, at),
            Last::Failed(at) => within(REST, at),
        };
        self.under_way.is_none() && !left_alone
    }

    /// This task asks it from now on.
    pub fn asked(&mut self, task: Id) {
        self.under_way = Some((task, Instant::now()));
    }

    /// Whether this task asks it.
    pub fn is_asked_by(&self, task: Id) -> bool {
        self.under_way.is_some_and(|(id, _)| id == task)
    }

    /// Until when a head waits for what it is being asked.
    pub fn awaited_until(&self) -> Option<Instant> {
        let (_, begun) = self.under_way?;
        Some(begun + self.patience?)
    }

    /// It had its time. Nothing waits for it until it has answered.
    pub fn wait_no_more(&mut self) {
        if self.under_way.is_some() {
            self.patience = None;
        }
    }

    /// What it said; `None` where asking broke. Only a cosignature of the newest head is of use, and a witness that fails
    /// now doesn't take back what it said of the same head.
    pub fn hear(&mut self, said: Option<&Said>, newest: Option<&Note>, now: UnixMillis) {
        let gathered = said.and_then(|said| said.gathered.as_ref().ok());
        let line = gathered.and_then(|gathered| self.line_in(&gathered.note));
        let of_newest = gathered.zip(newest).is_some_and(|(gathered, newest)| gathered.note.text() == newest.text());
        self.under_way = None;
        self.patience = said.filter(|_| line.is_some()).and_then(|said| patience(said.took));
        self.last = if line.is_some() { Last::Cosigned(now) } else { Last::Failed(now) };
        if of_newest && line.is_some() {
            self.line = line;
        }
    }

    fn line_in(&self, note: &Note) -> Option<Signature> {
        note.signatures().iter().find(|line| line.is_of(self.witness.key())).cloned()
    }
}

/// How long a head waits for who took so long.
fn patience(took: Duration) -> Option<Duration> {
    (took <= MOST).then(|| (took * TIMES).clamp(LEAST, MOST))
}

#[cfg(test)]
mod tests {
    use tlog::{
        Hash,
        checkpoint::Checkpoint,
        cosignature::Cosigner,
        note::{KeyName, SigningKey},
    };

    use super::*;

    fn cosigner() -> Cosigner {
        Cosigner::ed25519(KeyName::new("w.example").unwrap(), &[1; 32])
    }

    fn standing() -> Standing {
        let witness = Witness::new(cosigner().key(), "http://127.0.0.1:1").unwrap();
        Standing::new(witness.clone(), Witnesses::new(vec![witness]).unwrap())
    }

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint::new("log.example", size, Hash([size as u8; 32])).unwrap()
    }

    /// A head as the log signed it.
    fn head(size: u64) -> Note {
        let key = SigningKey::from_seed(KeyName::new("log.example").unwrap(), &[2; 32]);
        checkpoint(size).sign(&key).unwrap()
    }

    /// The witness's cosignature of it.
    fn cosigned(size: u64) -> Said {
        let mut note = head(size);
        note.add(cosigner().cosign(&checkpoint(size), 7).unwrap()).unwrap();
        let gathered = Gathered { note, cosigned: Vec::new(), failed: Vec::new() };
        Said { gathered: Ok(gathered), took: Duration::from_millis(1) }
    }

    #[test]
    fn a_head_waits_as_long_as_the_last_answer_makes_likely() {
        let times = [(1, Some(500)), (300, Some(900)), (900, Some(2_000)), (2_000, Some(2_000)), (2_001, None)];
        for (took, waits) in times {
            assert_eq!(patience(Duration::from_millis(took)), waits.map(Duration::from_millis), "{took}");
        }
    }

    #[test]
    fn one_that_failed_rests_whatever_the_clock_does() {
        let mut standing = standing();
        assert!(standing.is_due(0), "nothing is known of it");
        standing.hear(None, None, 100_000);
        assert_eq!(standing.patience, None);
        assert!([100_000, 129_999].iter().all(|&now| !standing.is_due(now)));
        assert!([130_000, 99_999].iter().all(|&now| standing.is_due(now)));
    }

    #[test]
    fn only_a_cosignature_of_the_newest_head_is_taken_up() {
        let (mut standing, newest) = (standing(), head(6));
        standing.hear(Some(&cosigned(5)), Some(&newest), 0);
        assert!(standing.line().is_none() && standing.is_due(0), "it is asked about the newest at once");
        standing.hear(Some(&cosigned(6)), Some(&newest), 0);
        assert!(standing.line().is_some() && !standing.is_due(0) && standing.is_due(REFRESH));
        standing.hear(None, Some(&newest), REFRESH);
        assert!(standing.line().is_some(), "what it said of the same head stays");
        standing.turn_to(None);
        assert!(standing.line().is_none());
    }
}
