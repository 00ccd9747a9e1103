//! A report's record that lacks something ends the session. What it leaves behind.
//!
//! Each event names the hash of the one before it, and the public log commits to all of both. So an event that the log holds
//! proves what stands in its own place of the record and in the one below. That the server showed something else there, or
//! nothing, nobody but its reader can say. Where no such event is at hand the evidence is their word alone, and says so.

use api_types::{B64, ReportId, audit::AuditEvent};
use crypto::{audit::AuditEvent as Stored, ids::Hash32};
use serde::{Deserialize, Serialize};
use tlog::leaf::EventOpening;

use super::{
    EVENTS, Evidence, Halt, LeafShown,
    evidence::Draft,
    files::{Files, Source},
    opening::{Opened, open},
    view::{Claim, View},
};
use crate::{
    error::{ClientError, Result},
    platform::Platform,
    refusal::Refusal,
    reports::canonical,
    vault::Vault,
};

/// What is in a file with a leaf.
const PROVED: &str = "The log proves what stands in this place of the record. That the server showed something else there, \
     or nothing, is the word of whoever saved this file.";
/// What is in one without.
const STATED: &str = "This is the statement of whoever saved this file, and no proof: what they saw of the record, and \
     what the server showed.";

/// An event of a report's record that was seen.
#[derive(Debug, Clone)]
pub(crate) struct SeenEvent {
    /// Its number in the record.
    pub seq: u64,
    pub hash: Hash32,
    /// Its leaf, where this session has it.
    pub leaf: Option<LeafShown>,
    /// It was seen so long ago that it may have been removed for its age.
    pub may_be_gone: bool,
}

/// A place in a report's record, as it was seen and as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordShown {
    /// The report.
    pub report: ReportId,
    /// The place, from 1; 0 where the first event doesn't begin with the report's id.
    pub number: u64,
    /// Stored form of the event that the server shows there, if it shows one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub there: Option<B64>,
    /// The hash that it shows with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub named: Option<B64>,
    /// Hash of the event that was seen there before, if one was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<B64>,
    /// Whether the log proves what must stand there.
    pub proved: bool,
    /// What the file proves and what it doesn't, for its reader.
    pub word: String,
}

impl RecordShown {
    /// The hash that must stand in this place, by an event of the same record.
    pub(super) fn due(&self, event: &Stored) -> Option<Hash32> {
        let link = event.report.filter(|link| link.report.0 == self.report.0)?;
        if link.seq == self.number {
            return Some(event.hash());
        }
        (link.seq.checked_sub(1)? == self.number).then_some(link.previous)
    }

    /// Whether just that is shown there.
    pub(super) fn has(&self, due: &Hash32) -> bool {
        // Before the first event stands the report.
        if self.number == 0 {
            return due.0 == self.report.0;
        }
        let there = self.there.as_ref().and_then(|there| Stored::parse(&there.0).ok());
        let named = self.named.as_ref().is_some_and(|named| named.0[..] == due.0[..]);
        named && there.is_some_and(|there| there.hash() == *due)
    }
}

/// A record that doesn't hold.
#[derive(Debug)]
pub(crate) struct BrokenRecord<'a> {
    pub report: ReportId,
    pub refusal: Refusal,
    /// The place, by its number in the record.
    pub number: u64,
    /// The leaf of an event that says what must stand there: the one that was seen there, or the one above.
    pub by: Option<LeafShown>,
    /// What the server shows there.
    pub there: Option<&'a AuditEvent>,
    /// Hash of what was seen there before.
    pub seen: Option<Hash32>,
}

impl BrokenRecord<'_> {
    fn shown(&self, proved: bool) -> RecordShown {
        RecordShown {
            report: self.report,
            number: self.number,
            there: self.there.and_then(canonical).map(|event| B64(event.to_bytes())),
            named: self.there.map(|event| event.hash.clone()),
            seen: self.seen.map(|hash| B64(hash.0.to_vec())),
            proved,
            word: if proved { PROVED } else { STATED }.to_owned(),
        }
    }

    /// With the log's word, where it has one; else as a statement.
    async fn halt(self, source: &impl Source, view: &mut View) -> Halt {
        match self.proved(source, view).await {
            Ok(Some(halt)) | Err(halt @ Halt::Stop(_)) => halt,
            Ok(None) | Err(Halt::Error(_)) => self.stated(view.draft(None)),
        }
    }

    async fn proved(&self, source: &impl Source, view: &mut View) -> Result<Option<Halt>, Halt> {
        let Some(leaf) = &self.by else { return Ok(None) };
        let Some(claim) = claim_of(leaf) else { return Ok(None) };
        if !view.holds(source, &[claim]).await?.contains(&claim.index) {
            return Ok(None);
        }
        let draft = view.draft(Some(claim.index)).leaf(leaf.clone()).record(self.shown(true));
        Ok(Some(draft.stop(self.refusal.clone())).filter(is_sound))
    }

    fn stated(self, draft: Draft) -> Halt {
        let record = self.shown(false);
        draft.record(record).stop(self.refusal)
    }
}

/// Whether whoever is given the evidence finds what it says.
fn is_sound(halt: &Halt) -> bool {
    matches!(halt, Halt::Stop(stopped) if stopped.evidence.check().is_ok())
}

fn claim_of(leaf: &LeafShown) -> Option<Claim> {
    let opening = EventOpening::parse(&leaf.opening.as_ref()?.0).ok()?;
    Some(Claim { index: leaf.index, leaf: opening.commitment().leaf_hash() })
}

/// An event's leaf, if its opening is of just this event.
pub(crate) fn leaf_shown(event: &AuditEvent) -> Option<LeafShown> {
    match open(event) {
        Opened::Leaf { shown, .. } => Some(shown),
        _ => None,
    }
}

impl<P: Platform> Vault<P> {
    /// Ends the session over a record that doesn't hold, and says why.
    ///
    /// # Errors
    /// Always: the refusal, or that of the log where this doesn't hold either.
    pub(crate) async fn refuse_record<A>(&self, broken: BrokenRecord<'_>) -> Result<A> {
        let guard = self.events_log();
        let files = Files::new(self.platform().transport(), EVENTS);
        let wanted = broken.by.as_ref().map(|leaf| leaf.index);
        let halt = match self.look(guard, wanted).await {
            Err(error @ ClientError::Refused(_)) => return Err(error),
            Ok(Some(mut log)) => broken.halt(&files, log.view()?).await,
            Ok(None) | Err(_) => {
                let key = self.memory().logs.get(EVENTS.name).map(|kept| kept.key.clone());
                broken.stated(Evidence::draft(EVENTS, &key.unwrap_or_default()))
            }
        };
        guard.settle(Err(halt))
    }
}

#[cfg(test)]
mod tests {
    use crypto::{
        audit::{Outcome, ReportLink},
        ids::{EventId, ReportId as Report},
    };
    use tlog::{
        checkpoint::Checkpoint,
        leaf::SALT_LEN,
        note::{KeyName, SigningKey},
        tile::{Edge, Resource},
    };

    use super::*;
    use crate::log::{EvidenceError, Stopped};

    const REPORT: [u8; 32] = [7; 32];

    fn stored(number: u64, previous: Hash32, detail: &str) -> Stored {
        Stored {
            id: EventId(u128::from(number).to_be_bytes()),
            time: 1_700_000_000_000,
            actor: None,
            session: None,
            kind: "open".to_owned(),
            outcome: Outcome::Allowed,
            report: Some(ReportLink { report: Report(REPORT), seq: number, previous }),
            subjects: Vec::new(),
            count: 1,
            detail: detail.to_owned(),
            request: None,
        }
    }

    /// A record of three events. Event n is leaf n; leaf 0 is of something else.
    fn record() -> Vec<Stored> {
        let mut previous = Hash32(REPORT);
        let mut chain = Vec::new();
        for number in 1..=3 {
            let event = stored(number, previous, "version=1");
            previous = event.hash();
            chain.push(event);
        }
        chain
    }

    fn opening(event: &Stored) -> EventOpening {
        EventOpening::new([3; SALT_LEN], event.to_bytes()).expect("a short event")
    }

    fn leaf(event: &Stored, index: u64) -> LeafShown {
        LeafShown { index, opening: Some(B64(opening(event).to_bytes())), displayed: None }
    }

    /// What is shown at a place.
    fn place(number: u64, there: Option<&Stored>) -> RecordShown {
        RecordShown {
            report: ReportId(REPORT),
            number,
            there: there.map(|event| B64(event.to_bytes())),
            named: there.map(|event| B64(event.hash().0.to_vec())),
            seen: None,
            proved: true,
            word: PROVED.to_owned(),
        }
    }

    /// Evidence under the log that holds the record.
    fn evidence(by: Option<LeafShown>, record_shown: RecordShown) -> Evidence {
        let name = KeyName::new("health.example/log/events").expect("a name");
        let signer = SigningKey::from_seed(name, &[7; 32]);
        let mut edge = Edge::new();
        edge.push(tlog::leaf_hash(b"something else"));
        record().iter().for_each(|event| edge.push(opening(event).commitment().leaf_hash()));
        let checkpoint = Checkpoint::new("health.example/log/events", edge.size(), edge.root()).expect("a checkpoint");
        let note = checkpoint.sign(&signer).expect("a short note");
        let mut draft = Evidence::draft(EVENTS, &signer.verifier().to_string()).shown(&note.to_string());
        draft = draft.tiles(edge.take().into_iter().map(|(id, tile)| (id, tile.to_bytes()))).record(record_shown);
        if let Some(leaf) = by {
            draft = draft.leaf(leaf);
        }
        let Halt::Stop(stopped) = draft.stop(Refusal::EventsBroken { seq: 2 }) else { panic!("it stops") };
        let Stopped { evidence, .. } = *stopped;
        assert_eq!(Evidence::parse(&evidence.to_json()), Ok(evidence.clone()));
        assert!(evidence.files.keys().all(|path| path.parse::<Resource>().is_ok()));
        evidence
    }

    #[test]
    fn the_event_above_proves_a_gap() {
        let chain = record();
        let above = || Some(leaf(&chain[2], 3));
        assert_eq!(evidence(above(), place(2, None)).check(), Ok(()), "nothing is shown there");
        assert_eq!(evidence(above(), place(2, Some(&chain[0]))).check(), Ok(()), "the one below it is");
        let other = stored(2, chain[0].hash(), "version=9");
        assert_eq!(evidence(above(), place(2, Some(&other))).check(), Ok(()), "another one is");
        let honest = evidence(above(), place(2, Some(&chain[1]))).check();
        assert!(matches!(honest, Err(EvidenceError::Contradicted(_))), "{honest:?}");
        let misnamed = RecordShown { named: Some(B64(vec![9; 32])), ..place(2, Some(&chain[1])) };
        assert_eq!(evidence(above(), misnamed).check(), Ok(()), "its hash is another");
    }

    #[test]
    fn the_event_itself_proves_a_cut() {
        let chain = record();
        let itself = || Some(leaf(&chain[2], 3));
        assert_eq!(evidence(itself(), place(3, None)).check(), Ok(()));
        let honest = evidence(itself(), place(3, Some(&chain[2]))).check();
        assert!(matches!(honest, Err(EvidenceError::Contradicted(_))), "{honest:?}");
        let begins = evidence(Some(leaf(&chain[0], 1)), place(0, None)).check();
        assert!(matches!(begins, Err(EvidenceError::Contradicted(_))), "it begins with the report");
    }

    #[test]
    fn what_the_log_does_not_hold_proves_nothing() {
        let chain = record();
        let other = stored(3, Hash32([9; 32]), "version=1");
        for (by, number) in [
            // Never committed to; in another's place; beyond the tree; about another place of the record.
            (leaf(&other, 3), 2),
            (leaf(&chain[2], 2), 2),
            (leaf(&stored(4, chain[2].hash(), "version=1"), 4), 3),
            (leaf(&chain[2], 3), 1),
        ] {
            let refused = evidence(Some(by), place(number, None)).check();
            assert!(matches!(refused, Err(EvidenceError::Contradicted(_))), "{refused:?}");
        }
        let elsewhere = RecordShown { report: ReportId([8; 32]), ..place(2, None) };
        assert!(evidence(Some(leaf(&chain[2], 3)), elsewhere).check().is_err(), "of another report");
        let mut unread = evidence(Some(leaf(&chain[2], 3)), place(2, None));
        unread.files.clear();
        assert_eq!(unread.check(), Err(EvidenceError::Missing("tiles")));
    }

    #[test]
    fn a_statement_says_that_it_is_one() {
        let stated = RecordShown { proved: false, word: STATED.to_owned(), ..place(3, None) };
        assert_eq!(evidence(None, stated).check(), Ok(()));
        let pretended = evidence(None, place(3, None)).check();
        assert!(matches!(pretended, Err(EvidenceError::Contradicted(_))), "{pretended:?}");
        let nothing = Evidence { record: None, ..evidence(None, place(3, None)) };
        assert_eq!(nothing.check(), Err(EvidenceError::Missing("record")));
    }
}
