//! What a refusal leaves behind: a file that anyone can check without an account and without the server. It holds public
//! notes and tiles, and of an event its stored form; nothing secret and nothing out of a report.

use std::collections::BTreeMap;

use api_types::B64;
use bytes::Bytes;
use crypto::audit::AuditEvent as Stored;
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use tlog::{
    checkpoint::{Log, SignedCheckpoint},
    leaf::EventOpening,
    note::{Verifier, VerifierKey},
    tile::{Resource, TileId},
};

use super::{
    Halt, Stopped, Tree, Witnesses,
    files::Source,
    record::RecordShown,
    tiles::{Authentic, Fault},
    view::MAX_TEXT,
};
use crate::{error::Result as ClientResult, refusal::Refusal};

/// Form of the file.
const FORMAT: &str = "healthsecure-log-evidence/1";

/// The file, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `healthsecure-log-evidence/1`.
    pub format: String,
    /// The refusal's name ([`Refusal::code`]).
    pub code: String,
    /// The same in words.
    pub says: String,
    /// Name of the tree.
    pub tree: String,
    /// The log's pinned key, `name+id+base64`; empty where the server never named one.
    pub key: String,
    /// Another key that the server names instead; empty where it names none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub other_key: Option<String>,
    /// The signed checkpoint that was seen before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kept: Option<String>,
    /// The checkpoint that the server shows now, as it came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shown: Option<String>,
    /// Files of the tree that is shown, by their path below the log's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub files: BTreeMap<String, B64>,
    /// The file in question; where it isn't among `files` it was not given out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked: Option<String>,
    /// The leaf in question.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub leaf: Option<LeafShown>,
    /// The witnesses asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub witnesses: Option<Witnesses>,
    /// The place in a report's record; `leaf` is then of an event that says what stands there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<RecordShown>,
}

/// A leaf as the server showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafShown {
    /// Its place, from 0, as the server says.
    pub index: u64,
    /// What it is made of: `0x01 ‖ salt ‖ event`, as the server says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub opening: Option<B64>,
    /// The stored form of the event that the server showed, where that is another.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub displayed: Option<B64>,
}

/// Why a file shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// Not JSON of this form.
    #[error("this is no evidence about a log that this program can read")]
    Form,
    /// Something that the claim needs is missing or can't be read.
    #[error("the evidence has no valid {0}")]
    Missing(&'static str),
    /// What is there contradicts the claim.
    #[error("the evidence does not show what it says: {0}")]
    Contradicted(&'static str),
}

/// Evidence that is being put together.
#[derive(Debug, Clone)]
pub(crate) struct Draft(Evidence);

impl Draft {
    /// The checkpoint seen before.
    pub fn kept(mut self, note: &str) -> Self {
        self.0.kept = Some(note.to_owned());
        self
    }

    /// What the server shows.
    pub fn shown(mut self, note: &str) -> Self {
        self.0.shown = Some(note.to_owned());
        self
    }

    /// The checkpoint that is given out, if there is one.
    pub async fn shown_by(self, source: &impl Source) -> Self {
        match source.file(Resource::Checkpoint).await.ok().flatten() {
            Some(shown) => self.shown(&String::from_utf8_lossy(&shown)),
            None => self,
        }
    }

    /// A key other than the pinned one.
    pub fn other_key(mut self, key: &str) -> Self {
        self.0.other_key = Some(key.to_owned());
        self
    }

    /// Tiles of the tree that is shown.
    pub fn tiles(mut self, tiles: impl Iterator<Item = (TileId, Vec<u8>)>) -> Self {
        self.0.files.extend(tiles.map(|(id, bytes)| (Resource::Tile(id).to_string(), B64(bytes))));
        self
    }

    /// The file that was asked for, as it came.
    pub fn asked(mut self, path: &str, bytes: Option<Vec<u8>>) -> Self {
        self.0.asked = Some(path.to_owned());
        self.0.files.extend(bytes.map(|bytes| (path.to_owned(), B64(bytes))));
        self
    }

    /// The leaf in question.
    pub fn leaf(mut self, leaf: LeafShown) -> Self {
        self.0.leaf = Some(leaf);
        self
    }

    /// The witnesses asked for.
    pub fn witnesses(mut self, witnesses: &Witnesses) -> Self {
        self.0.witnesses = Some(witnesses.clone());
        self
    }

    /// The place in a report's record.
    pub fn record(mut self, record: RecordShown) -> Self {
        self.0.record = Some(record);
        self
    }

    /// The refusal that this is about.
    pub fn stop(mut self, refusal: Refusal) -> Halt {
        (self.0.code, self.0.says) = (refusal.code().to_owned(), refusal.to_string());
        Halt::Stop(Box::new(Stopped { refusal, evidence: self.0 }))
    }
}

impl Evidence {
    pub(crate) fn draft(tree: Tree, key: &str) -> Draft {
        let (format, tree, key) = (FORMAT.to_owned(), tree.name.to_owned(), key.to_owned());
        Draft(Self {
            format,
            code: String::new(),
            says: String::new(),
            tree,
            key,
            other_key: None,
            kept: None,
            shown: None,
            files: BTreeMap::new(),
            asked: None,
            leaf: None,
            witnesses: None,
            record: None,
        })
    }

    /// The file's text.
    pub fn to_json(&self) -> String {
        // Texts, numbers and maps with text keys: it can't fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`EvidenceError::Form`].
    pub fn parse(text: &str) -> Result<Self, EvidenceError> {
        let evidence: Self = serde_json::from_str(text).map_err(|_| EvidenceError::Form)?;
        if evidence.format == FORMAT { Ok(evidence) } else { Err(EvidenceError::Form) }
    }

    /// Checks that the file shows what it says, from what is in it alone. What stays the word of whoever saved it: that the
    /// server showed this now, that a file was missing, and (nothing but the leaf binds the server to an event) that it
    /// showed this event. A record without a leaf is its saver's word altogether, and says so ([`RecordShown::word`]).
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn check(&self) -> Result<(), EvidenceError> {
        match self.code.as_str() {
            "log_signer_unknown" => self.check_signer(),
            // That the server said so stays its saver's word.
            "log_denied" => expect(self.key.is_empty() && self.other_key.is_none(), "a key of the log is named"),
            "log_checkpoint_forged" => {
                let fine = self.shown_note().is_ok_and(|shown| shown.note.text().len() <= MAX_TEXT);
                expect(!fine, "the checkpoint is the log's")
            }
            "log_rolled_back" => self.check_rollback(),
            "log_forked" => self.check_fork(),
            "log_tile_forged" => self.check_file(),
            "log_event_changed" => self.check_changed(),
            "log_event_missing" => self.check_missing(),
            "log_too_few_witnesses" | "log_cosignature_forged" => self.check_witnesses(),
            "log_stale" => self.check_vouched(),
            "events_broken" => self.check_record(),
            _ => Err(EvidenceError::Form),
        }
    }

    fn log(&self) -> Result<Log, EvidenceError> {
        let key: VerifierKey = self.key.parse().map_err(|_| EvidenceError::Missing("key"))?;
        Ok(Log::new(key.name().as_str(), vec![key.clone()]))
    }

    fn note(&self, text: Option<&String>, what: &'static str) -> Result<SignedCheckpoint, EvidenceError> {
        let text = text.ok_or(EvidenceError::Missing(what))?;
        self.log()?.open(text.as_bytes()).map_err(|_| EvidenceError::Missing(what))
    }

    fn shown_note(&self) -> Result<SignedCheckpoint, EvidenceError> {
        self.note(self.shown.as_ref(), "checkpoint shown")
    }

    fn kept_note(&self) -> Result<SignedCheckpoint, EvidenceError> {
        self.note(self.kept.as_ref(), "checkpoint seen before")
    }

    fn check_signer(&self) -> Result<(), EvidenceError> {
        self.log()?;
        let other = self.other_key.as_ref().is_some_and(|key| *key != self.key);
        expect(other || self.shown_note().is_err(), "the log signed it")
    }

    fn check_rollback(&self) -> Result<(), EvidenceError> {
        let seen = self.kept_note()?.checkpoint.size();
        let shown = if self.shown.is_some() { self.shown_note()?.checkpoint.size() } else { 0 };
        expect(shown < seen, "the checkpoint shown is not shorter")
    }

    /// The tree that is shown, as far as its files are here.
    fn shown_tree(&self) -> Result<(SignedCheckpoint, Authentic), EvidenceError> {
        let shown = self.shown_note()?;
        let tree = at_once(Authentic::load(self, &shown.checkpoint, None));
        Ok((shown, tree.map_err(|_| EvidenceError::Missing("tiles"))?))
    }

    fn check_fork(&self) -> Result<(), EvidenceError> {
        let (old, (new, mut tree)) = (self.kept_note()?.checkpoint, self.shown_tree()?);
        let new = new.checkpoint;
        let proof = at_once(tree.consistency(self, old.size())).map_err(|_| EvidenceError::Missing("tiles"))?;
        let follows = proof.verify(old.size(), old.root(), new.size(), new.root()).is_ok();
        expect(!follows && old.size() > 0 && old.size() <= new.size(), "the later tree begins with the earlier one")
    }

    /// A file that was given out must not be the tree's.
    fn check_file(&self) -> Result<(), EvidenceError> {
        let shown = self.shown_note()?.checkpoint;
        let asked = self.asked.as_ref().ok_or(EvidenceError::Missing("path"))?;
        if !self.files.contains_key(asked) {
            return Ok(());
        }
        let read = at_once(async {
            let mut tree = Authentic::load(self, &shown, None).await?;
            match asked.parse() {
                Ok(Resource::Tile(id)) if id.is_of(shown.size()) => tree.tile(self, &id).await,
                Ok(Resource::Bundle(id)) => tree.bundle(self, &id).await.map(drop),
                _ => Ok(()),
            }
        });
        match read {
            Err(Fault::Forged { bytes: Some(_), .. }) => Ok(()),
            Err(_) => Err(EvidenceError::Missing("tiles")),
            Ok(()) => Err(EvidenceError::Contradicted("the file is the signed tree's")),
        }
    }

    fn opening(&self) -> Result<(&LeafShown, EventOpening), EvidenceError> {
        let leaf = self.leaf.as_ref().ok_or(EvidenceError::Missing("leaf"))?;
        let bytes = leaf.opening.as_ref().ok_or(EvidenceError::Missing("opening"))?;
        Ok((leaf, EventOpening::parse(&bytes.0).map_err(|_| EvidenceError::Missing("opening"))?))
    }

    fn check_changed(&self) -> Result<(), EvidenceError> {
        let (leaf, opening) = self.opening()?;
        let displayed = leaf.displayed.as_ref().ok_or(EvidenceError::Missing("event displayed"))?;
        expect(displayed.0 != opening.event(), "the event is the one committed to")
    }

    fn check_missing(&self) -> Result<(), EvidenceError> {
        // Without an opening that it had none is a word against another.
        if self.leaf.as_ref().is_some_and(|leaf| leaf.opening.is_none()) {
            return self.shown_note().map(drop);
        }
        let (leaf, opening) = self.opening()?;
        let event = crypto::audit::AuditEvent::parse(opening.event()).map_err(|_| EvidenceError::Missing("event"))?;
        let elsewhere = event.id.0 != u128::from(leaf.index).to_be_bytes();
        let (_, mut tree) = self.shown_tree()?;
        if elsewhere || leaf.index >= tree.size() {
            return Ok(());
        }
        at_once(tree.read(self, [leaf.index].into_iter())).map_err(|_| EvidenceError::Missing("tiles"))?;
        let there = tree.leaf(leaf.index) == Some(opening.commitment().leaf_hash());
        expect(!there, "the leaf is in its place")
    }

    /// The log has what must stand in that place, and something else, or nothing, is shown.
    fn check_record(&self) -> Result<(), EvidenceError> {
        let record = self.record.as_ref().ok_or(EvidenceError::Missing("record"))?;
        if self.leaf.is_none() {
            return expect(!record.proved, "nothing of the log proves it");
        }
        let (leaf, opening) = self.opening()?;
        let event = Stored::parse(opening.event()).map_err(|_| EvidenceError::Missing("event"))?;
        let due = record.due(&event).ok_or(EvidenceError::Contradicted("the event is not about that place"))?;
        let (_, mut tree) = self.shown_tree()?;
        let placed = event.id.0 == u128::from(leaf.index).to_be_bytes() && leaf.index < tree.size();
        expect(placed, "the event is not in the log")?;
        at_once(tree.read(self, [leaf.index].into_iter())).map_err(|_| EvidenceError::Missing("tiles"))?;
        let there = tree.leaf(leaf.index) == Some(opening.commitment().leaf_hash());
        expect(there, "the event is not in the log")?;
        expect(!record.has(&due), "what is shown is what the log has")
    }

    fn check_witnesses(&self) -> Result<(), EvidenceError> {
        let witnesses = self.witnesses.as_ref().ok_or(EvidenceError::Missing("witnesses"))?;
        let quorum = witnesses.quorum().map_err(|_| EvidenceError::Missing("witnesses"))?;
        let enough = quorum.check(&self.shown_note()?.note).is_ok();
        expect(!enough, "enough witnesses cosigned")
    }

    /// When it was shown is the device's word; when the witnesses vouched for it stands in their lines.
    fn check_vouched(&self) -> Result<(), EvidenceError> {
        let vouched = self.check_witnesses() == Err(EvidenceError::Contradicted("enough witnesses cosigned"));
        expect(vouched, "too few witnesses cosigned")
    }
}

fn expect(holds: bool, otherwise: &'static str) -> Result<(), EvidenceError> {
    if holds { Ok(()) } else { Err(EvidenceError::Contradicted(otherwise)) }
}

/// What never waits.
fn at_once<T>(done: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let never = Fault::Error(crate::error::ClientError::Internal("evidence waits for something"));
    done.now_or_never().unwrap_or(Err(never))
}

impl Source for Evidence {
    async fn file(&self, file: Resource) -> ClientResult<Option<Bytes>> {
        Ok(self.files.get(&file.to_string()).map(|bytes| Bytes::copy_from_slice(&bytes.0)))
    }
}
