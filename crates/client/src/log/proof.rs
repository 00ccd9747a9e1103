//! Proof files of events (c2sp.org/tlog-proof): an event with its opening, and the way from its leaf to a signed checkpoint. Who is
//! given one checks it without an account and without the server.

use std::{fmt, slice};

use api_types::audit::AuditEvent;
use crypto::audit::AuditEvent as Stored;
use tlog::{
    checkpoint::{Log, OpenCheckpointError},
    cosignature::{Quorum, QuorumError},
    leaf::EventOpening,
    note::{OpenError, Verifier, VerifierKey},
    proof::{ProofError, ProofFile, ProofFileError},
};

use super::{
    EVENTS, LeafShown, Mark,
    files::Files,
    opening::{Opened, open},
};
use crate::{
    error::{ClientError, Result},
    platform::Platform,
    vault::Vault,
};

/// Why a file proves no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventProofError {
    /// Not a proof file.
    #[error("this is no proof file that this program can read: {0}")]
    Form(#[from] ProofFileError),
    /// It has no opening of an event, or one that can't be read.
    #[error("the proof has no event in it that this program can read")]
    Unopened,
    /// The event says that it stands elsewhere.
    #[error("the proof is about another place in the log than that of the event in it")]
    Elsewhere,
    /// It leads from the event to no checkpoint that counts.
    #[error("the proof does not hold: {0}")]
    Broken(#[from] ProofError),
}

impl EventProofError {
    /// Stable name. What is wrong with a log's checkpoint is called as the refusals of it are.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "proof_form",
            Self::Unopened => "proof_unopened",
            Self::Elsewhere => "proof_elsewhere",
            Self::Broken(ProofError::Checkpoint(
                OpenCheckpointError::WrongOrigin(_) | OpenCheckpointError::Open(OpenError::NoKnownSignature),
            )) => "log_signer_unknown",
            Self::Broken(ProofError::Checkpoint(_)) => "log_checkpoint_forged",
            Self::Broken(ProofError::Quorum(QuorumError::TooFew { .. })) => "log_too_few_witnesses",
            Self::Broken(ProofError::Quorum(_)) => "log_cosignature_forged",
            Self::Broken(_) => "proof_of_another_leaf",
        }
    }
}

/// A proof file of an event. What it says is verified by [`EventProof::check`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventProof {
    file: ProofFile,
    opening: EventOpening,
    event: Stored,
}

/// An event that a log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenEvent {
    /// What happened, as it was recorded.
    pub event: Stored,
    /// Its place in the log, from 0.
    pub index: u64,
    /// Name of the log.
    pub origin: String,
    /// Leaves of the tree that holds it.
    pub size: u64,
    /// Root of that tree, base64.
    pub root: String,
    /// Known witnesses that vouch for that tree, with the time that each states (Unix seconds).
    pub cosigned: Vec<(String, u64)>,
}

impl EventProof {
    /// Reads a file.
    ///
    /// # Errors
    /// [`EventProofError`], never [`EventProofError::Broken`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EventProofError> {
        Self::new(ProofFile::parse(bytes)?)
    }

    /// Opens the leaf by what stands beside the proof.
    fn new(file: ProofFile) -> Result<Self, EventProofError> {
        let opening = file.extra().and_then(|extra| EventOpening::parse(extra).ok());
        let opening = opening.ok_or(EventProofError::Unopened)?;
        let event = Stored::parse(opening.event()).map_err(|_| EventProofError::Unopened)?;
        // Leaf n is event n.
        if event.id.0 != u128::from(file.index()).to_be_bytes() {
            return Err(EventProofError::Elsewhere);
        }
        Ok(Self { file, opening, event })
    }

    /// Checks that the log with this key holds exactly this event, and that enough of the witnesses vouch for the tree. When they
    /// did so doesn't matter: what a log held once it holds for ever.
    ///
    /// # Errors
    /// [`EventProofError::Broken`].
    pub fn check(&self, key: &VerifierKey, witnesses: &Quorum) -> Result<ProvenEvent, EventProofError> {
        self.check_with(&Log::new(key.name().as_str(), vec![key.clone()]), witnesses)
    }

    fn check_with(&self, log: &Log, witnesses: &Quorum) -> Result<ProvenEvent, EventProofError> {
        let proven = self.file.verify(&self.opening.commitment().leaf_hash(), log, witnesses)?;
        Ok(ProvenEvent {
            event: self.event.clone(),
            index: proven.index,
            origin: proven.checkpoint.origin().to_owned(),
            size: proven.checkpoint.size(),
            root: proven.checkpoint.root().to_string(),
            cosigned: proven.cosigned.into_iter().map(|witness| (witness.name.to_string(), witness.time)).collect(),
        })
    }
}

impl fmt::Display for EventProof {
    /// The file, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.fmt(f)
    }
}

impl<P: Platform> Vault<P> {
    /// A file that proves to others that the public log holds this event, under the newest checkpoint and with the cosignatures
    /// that came with it. It tells all that the event says, to whoever has it.
    ///
    /// # Errors
    /// [`ClientError::Missing`] for an event that the log hasn't published yet; the refusals of
    /// [`crate::Refusal::stops_session`]; no connection.
    pub async fn prove_event(&self, event: &AuditEvent) -> Result<EventProof> {
        let guard = self.events_log();
        let Some(mut log) = self.look(guard, event.leaf_index).await? else { return Err(not_published()) };
        let view = log.view()?;
        let found = self.find(guard, view, slice::from_ref(event)).await;
        if guard.settle(found)? != [Mark::Verified] {
            return Err(not_published());
        }
        let Opened::Leaf { claim, shown: LeafShown { opening: Some(opening), .. } } = open(event) else {
            return Err(not_published());
        };
        let files = Files::new(self.platform().transport(), EVENTS);
        let file = guard.settle(view.proof_of(&files, claim.index).await)?;
        let wrong = |_| ClientError::Internal("the log's proof has a wrong form");
        let file = file.with_extra(opening.0).map_err(|_| ClientError::Internal("an event is too long for a proof"))?;
        let proof = EventProof::new(file).map_err(wrong)?;
        proof.check_with(view.log(), &Quorum::none()).map_err(wrong)?;
        Ok(proof)
    }
}

fn not_published() -> ClientError {
    ClientError::Missing { what: "A leaf of this event in the public log" }
}

#[cfg(test)]
mod tests {
    use crypto::{audit::Outcome, ids::EventId};
    use tlog::{
        checkpoint::Checkpoint,
        cosignature::Cosigner,
        leaf::SALT_LEN,
        merkle::{InclusionError, prove_inclusion},
        note::{KeyName, SigningKey},
        tile::{Edge, TileMap, Tiles},
    };

    use super::*;

    const SIZE: u64 = 300;
    const AT: u64 = 257;
    const TIME: u64 = 1_700_000_000;

    fn stored(seq: u64, detail: &str) -> Stored {
        Stored {
            id: EventId(u128::from(seq).to_be_bytes()),
            time: 1_700_000_000_000,
            actor: None,
            session: None,
            kind: "open".to_owned(),
            outcome: Outcome::Allowed,
            report: None,
            subjects: Vec::new(),
            count: 1,
            detail: detail.to_owned(),
            request: None,
        }
    }

    fn opening(seq: u64, detail: &str) -> EventOpening {
        EventOpening::new([3; SALT_LEN], stored(seq, detail).to_bytes()).expect("a short event")
    }

    fn name(text: &str) -> KeyName {
        KeyName::new(text).expect("a name")
    }

    fn signer(seed: u8) -> SigningKey {
        SigningKey::from_seed(name("health.example/log/events"), &[seed; 32])
    }

    fn witness(n: u8) -> Cosigner {
        Cosigner::ed25519(name(&format!("witness.example/{n}")), &[n; 32])
    }

    fn quorum(required: usize) -> Quorum {
        Quorum::new(required, [1, 2].map(|n| witness(n).key()).to_vec()).expect("two witnesses")
    }

    /// A proof of event `AT`, cosigned by the first witness, without its opening.
    fn bare() -> ProofFile {
        let (mut edge, mut tiles) = (Edge::new(), TileMap::new());
        (0..SIZE).for_each(|seq| edge.push(opening(seq, "version=1").commitment().leaf_hash()));
        edge.take().iter().for_each(|(id, tile)| tiles.insert(id, tile.clone()));
        let inclusion = prove_inclusion(&Tiles::new(&tiles, SIZE), AT, SIZE).expect("every tile is there");
        let checkpoint = Checkpoint::new("health.example/log/events", SIZE, edge.root()).expect("a checkpoint");
        let mut note = checkpoint.sign(&signer(7)).expect("a short note");
        note.add(witness(1).cosign(&checkpoint, TIME).expect("a time")).expect("two lines");
        ProofFile::new(AT, inclusion, note).expect("a proof")
    }

    fn with(opening: &EventOpening) -> Result<EventProof, EventProofError> {
        EventProof::parse(bare().with_extra(opening.to_bytes()).expect("short").to_string().as_bytes())
    }

    fn honest() -> EventProof {
        with(&opening(AT, "version=1")).expect("an honest proof")
    }

    #[test]
    fn an_event_is_proved_by_its_file_alone() {
        let proof = honest();
        assert_eq!(EventProof::parse(proof.to_string().as_bytes()), Ok(proof.clone()));
        let proven = proof.check(&signer(7).verifier(), &quorum(1)).expect("it holds");
        assert_eq!(proven.event, stored(AT, "version=1"));
        assert_eq!((proven.index, proven.size), (AT, SIZE));
        assert_eq!(proven.origin, "health.example/log/events");
        assert_eq!(proven.cosigned, [("witness.example/1".to_owned(), TIME)]);
        let alone = proof.check(&signer(7).verifier(), &Quorum::none()).expect("the log's word alone");
        assert_eq!((alone.root, alone.cosigned), (proven.root, Vec::new()));
    }

    #[test]
    fn another_event_is_not_proved() {
        let changed = with(&opening(AT, "version=2")).expect("it can be read");
        let refused = changed.check(&signer(7).verifier(), &Quorum::none()).expect_err("another event");
        assert_eq!(refused, EventProofError::Broken(ProofError::Inclusion(InclusionError::RootMismatch)));
        assert_eq!(refused.code(), "proof_of_another_leaf");
        let salted = EventOpening::new([4; SALT_LEN], stored(AT, "version=1").to_bytes()).expect("a short event");
        let salted = with(&salted).expect("it can be read");
        assert!(salted.check(&signer(7).verifier(), &Quorum::none()).is_err(), "under another salt");
        let elsewhere = with(&opening(AT + 1, "version=1")).expect_err("another place");
        assert_eq!((elsewhere.code(), elsewhere), ("proof_elsewhere", EventProofError::Elsewhere));
    }

    #[test]
    fn another_logs_key_proves_nothing() {
        let other = SigningKey::from_seed(name("other.example/log/events"), &[7; 32]);
        for key in [signer(8), other] {
            let refused = honest().check(&key.verifier(), &Quorum::none()).expect_err("another key");
            assert_eq!(refused.code(), "log_signer_unknown", "{refused}");
        }
        let text = honest().to_string();
        let (head, checkpoint) = text.split_once("\n\n").expect("a checkpoint");
        let forged = format!("{head}\n\n{}", checkpoint.replacen("\n300\n", "\n301\n", 1));
        let forged = EventProof::parse(forged.as_bytes()).expect("it can be read");
        let refused = forged.check(&signer(7).verifier(), &Quorum::none()).expect_err("not what was signed");
        assert_eq!(refused.code(), "log_checkpoint_forged", "{refused}");
    }

    #[test]
    fn too_few_witnesses_prove_nothing() {
        let refused = honest().check(&signer(7).verifier(), &quorum(2)).expect_err("one of two");
        assert_eq!(refused, EventProofError::Broken(ProofError::Quorum(QuorumError::TooFew { required: 2, found: 1 })));
        assert_eq!(refused.code(), "log_too_few_witnesses");
        // The same name, and a key that did not sign.
        let stranger = Cosigner::ed25519(name("witness.example/1"), &[9; 32]);
        let strangers = Quorum::new(1, vec![stranger.key()]).expect("one witness");
        let refused = honest().check(&signer(7).verifier(), &strangers).expect_err("a stranger's");
        assert_eq!(refused.code(), "log_too_few_witnesses");
    }

    #[test]
    fn a_file_without_an_event_is_named() {
        assert_eq!(EventProof::parse(bare().to_string().as_bytes()), Err(EventProofError::Unopened));
        let garbage = bare().with_extra(vec![1; 40]).expect("short").to_string();
        assert_eq!(EventProof::parse(garbage.as_bytes()), Err(EventProofError::Unopened));
        let refused = EventProof::parse(b"{}").expect_err("JSON");
        assert_eq!((refused.code(), refused), ("proof_form", EventProofError::Form(ProofFileError::Version)));
    }
}
