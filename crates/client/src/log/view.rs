//! One log as this session sees it. It goes forward only; each step is proved.

use std::collections::BTreeSet;

use bytes::Bytes;
use crypto::defence::Defence;
use tlog::{
    Hash,
    checkpoint::{Log, OpenCheckpointError, SignedCheckpoint},
    cosignature::{Cosigned, Quorum, QuorumError},
    merkle::ConsistencyError,
    note::{Note, OpenError, Verifier, VerifierKey},
    proof::ProofFile,
    tile::{BundleId, FULL, Resource, TileId},
};

use super::{
    Halt, KeptLog, Tree, Witnesses,
    evidence::{Draft, Evidence},
    files::Source,
    tiles::{Authentic, Fault},
};
use crate::{error::ClientError, refusal::Refusal};

/// Longest checkpoint's text, bytes: three lines, and some that nobody needs. It is kept in the sealed client state.
pub(crate) const MAX_TEXT: usize = 1024;

/// Seconds of an hour.
const HOUR: u64 = 3_600;
/// From this age on the witnesses' word doesn't count. The server has a tree that rests cosigned anew every few minutes.
const STALE_HOURS: u64 = 24;

/// A leaf that somebody says is in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Its place, from 0.
    pub index: u64,
    /// Its hash ([`tlog::leaf_hash`]).
    pub leaf: Hash,
}

/// A log, its pinned key, and the newest tree that was verified.
pub(crate) struct View {
    tree: Tree,
    key: VerifierKey,
    log: Log,
    witnesses: Witnesses,
    quorum: Quorum,
    head: Option<Head>,
}

/// The newest tree of this session.
struct Head {
    signed: SignedCheckpoint,
    leaves: Authentic,
}

/// How one look at the checkpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    /// This is the newest tree, and it holds all that was seen before.
    Verified,
    /// There is none yet, and none was seen before.
    Empty,
    /// The log's own word, not cosigned by enough witnesses yet.
    Unwitnessed {
        /// Witnesses that cosigned.
        found: usize,
    },
}

impl View {
    /// A log under its pinned key.
    pub fn new(tree: Tree, key: VerifierKey, witnesses: Witnesses, quorum: Quorum) -> Self {
        let log = Log::new(key.name().as_str(), vec![key.clone()]);
        Self { tree, key, log, witnesses, quorum, head: None }
    }

    /// The log under its pinned key.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Leaves of the newest tree that was verified in this session.
    pub fn size(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.leaves.size())
    }

    /// What to keep until next time, after a look.
    pub fn kept(&self) -> KeptLog {
        let checkpoint = self.head.as_ref().and_then(|head| bare(&head.signed, &self.key));
        KeptLog { key: self.key.to_string(), checkpoint }
    }

    /// Fetches the newest checkpoint and verifies it: the log's signature, the witnesses', and that its tree begins with
    /// this session's newest and with each of `before`.
    pub async fn look(&mut self, source: &impl Source, before: &[SignedCheckpoint]) -> Result<Looked, Halt> {
        let mut before: Vec<SignedCheckpoint> = before.to_vec();
        before.extend(self.head.as_ref().map(|head| head.signed.clone()));
        let Some(bytes) = source.file(Resource::Checkpoint).await? else { return self.nothing(&before) };
        let signed = self.open(&bytes)?;
        if let Some(found) = self.cosigned(&signed)? {
            return Ok(Looked::Unwitnessed { found });
        }
        if self.head.is_some() && before.iter().all(|seen| seen.checkpoint == signed.checkpoint) {
            return Ok(Looked::Verified);
        }
        if !Defence::LogContinuity.holds() {
            before.clear();
        }
        self.refuse_rollback(&signed, &before)?;
        let old = self.head.as_ref().map(|head| &head.leaves);
        let loaded = Authentic::load(source, &signed.checkpoint, old).await;
        let mut leaves = loaded.map_err(|fault| self.fault(&signed, None, fault))?;
        for old in &before {
            self.prove(source, &signed, &mut leaves, old).await?;
        }
        self.head = Some(Head { signed, leaves });
        Ok(Looked::Verified)
    }

    /// Says which of these leaves are where they are said to be, in the newest tree. Those that it doesn't reach yet are left
    /// out.
    pub async fn holds(&mut self, source: &impl Source, claims: &[Claim]) -> Result<BTreeSet<u64>, Halt> {
        let Some(Head { signed, mut leaves }) = self.head.take() else { return Ok(BTreeSet::new()) };
        let within: Vec<u64> = claims.iter().map(|claim| claim.index).filter(|index| *index < leaves.size()).collect();
        let read = leaves.read(source, within.iter().copied()).await;
        let right = claims.iter().filter(|claim| leaves.leaf(claim.index) == Some(claim.leaf));
        let right = right.map(|claim| claim.index).collect();
        let read = read.map_err(|fault| self.fault(&signed, Some(&leaves), fault));
        self.head = Some(Head { signed, leaves });
        read.map(|()| right)
    }

    /// The proof that the newest tree holds the leaf at a place, with the checkpoint as it came.
    pub async fn proof_of(&mut self, source: &impl Source, index: u64) -> Result<ProofFile, Halt> {
        let Some(Head { signed, mut leaves }) = self.head.take() else { return Err(no_head()) };
        let proof = leaves.inclusion(source, index).await;
        let proof = proof.map_err(|fault| self.fault(&signed, Some(&leaves), fault));
        let file = proof.map(|proof| ProofFile::new(index, proof, signed.note.clone()));
        self.head = Some(Head { signed, leaves });
        file?.map_err(|_| ClientError::Internal("the log's proof has a wrong form").into())
    }

    /// The data of the leaves of a bundle, as far as the newest tree has them.
    pub async fn entries(&mut self, source: &impl Source, place: u64) -> Result<Vec<Vec<u8>>, Halt> {
        let Some(Head { signed, mut leaves }) = self.head.take() else { return Ok(Vec::new()) };
        let entries = leaves.entries(source, place).await;
        let entries = entries.map_err(|fault| self.fault(&signed, Some(&leaves), fault));
        self.head = Some(Head { signed, leaves });
        entries
    }

    /// The newest checkpoint that was verified, and the witnesses asked for that cosigned it.
    pub fn newest(&self) -> Option<(&SignedCheckpoint, Vec<Cosigned>)> {
        let signed = &self.head.as_ref()?.signed;
        Some((signed, self.quorum.check(&signed.note).ok()?))
    }

    /// The refusal of a bundle that can't be read, or whose leaves aren't those of its tile.
    pub async fn bad_bundle(&mut self, source: &impl Source, id: &BundleId, bytes: Option<Bytes>) -> Halt {
        let Some(Head { signed, mut leaves }) = self.head.take() else { return no_head() };
        let path = Resource::Bundle(*id).to_string();
        let first = id.index().saturating_mul(FULL.into());
        let read = leaves.read(source, [first].into_iter()).await;
        let halt = match read {
            Err(fault) => self.fault(&signed, Some(&leaves), fault),
            Ok(()) => {
                let draft = self.blank().shown(&signed.note.to_string()).tiles(leaves.way_of([first].into_iter()));
                draft.asked(&path, bytes.map(|bytes| bytes.to_vec())).stop(Refusal::LogTileForged { path })
            }
        };
        self.head = Some(Head { signed, leaves });
        halt
    }

    /// The refusal of a tile that isn't what the leaves make; or of the bundle, where the tile is the signed tree's.
    pub async fn bad_tile(
        &mut self,
        source: &impl Source,
        tile: &TileId,
        served: Option<Bytes>,
        id: &BundleId,
        bytes: Option<Bytes>,
    ) -> Halt {
        let Some(Head { signed, mut leaves }) = self.head.take() else { return no_head() };
        let read = leaves.tile(source, tile).await;
        let same = read.is_ok() && leaves.bytes(tile).as_deref() == served.as_deref();
        let halt = read.err().map(|fault| self.fault(&signed, Some(&leaves), fault));
        self.head = Some(Head { signed, leaves });
        match halt {
            Some(halt) => halt,
            None if same => self.bad_bundle(source, id, bytes).await,
            None => {
                let path = Resource::Tile(*tile).to_string();
                self.draft(None).asked(&path, served.map(|b| b.to_vec())).stop(Refusal::LogTileForged { path })
            }
        }
    }

    /// The evidence that a leaf isn't where it is said to be, to be filled in.
    pub fn draft(&self, index: Option<u64>) -> Draft {
        let draft = self.blank();
        let Some(head) = &self.head else { return draft };
        draft.shown(&head.signed.note.to_string()).tiles(head.leaves.way_of(index.into_iter()))
    }

    fn blank(&self) -> Draft {
        Evidence::draft(self.tree, &self.key.to_string())
    }

    /// No checkpoint: fine as long as none was seen.
    fn nothing(&self, before: &[SignedCheckpoint]) -> Result<Looked, Halt> {
        let newest = before.iter().max_by_key(|signed| signed.checkpoint.size());
        match newest.filter(|signed| signed.checkpoint.size() > 0) {
            None => Ok(Looked::Empty),
            Some(seen) => {
                let refusal = Refusal::LogRolledBack { seen: seen.checkpoint.size(), shown: 0 };
                Err(self.blank().kept(&seen.note.to_string()).stop(refusal))
            }
        }
    }

    /// Opens a checkpoint under the pinned key.
    fn open(&self, bytes: &[u8]) -> Result<SignedCheckpoint, Halt> {
        let too_long = || Refusal::LogCheckpointForged { why: "the checkpoint is too long".to_owned() };
        let opened = match self.log.open(bytes) {
            Err(OpenCheckpointError::Open(OpenError::BadSignature { .. })) if !Defence::CheckpointSigned.holds() => {
                as_claimed(bytes)
            }
            opened => opened,
        };
        let refusal = match opened {
            Ok(signed) if signed.note.text().len() <= MAX_TEXT => return Ok(signed),
            Ok(_) => too_long(),
            Err(error) => not_opened(error),
        };
        Err(self.blank().shown(&String::from_utf8_lossy(bytes)).stop(refusal))
    }

    /// Gives the number of witnesses that cosigned, where it is too small.
    fn cosigned(&self, signed: &SignedCheckpoint) -> Result<Option<usize>, Halt> {
        if !Defence::WitnessQuorum.holds() {
            return Ok(None);
        }
        match self.quorum.check(&signed.note) {
            Ok(_) => Ok(None),
            Err(QuorumError::TooFew { found, .. }) => Ok(Some(found)),
            Err(_) if !Defence::CosignatureSigned.holds() => Ok(None),
            Err(other) => {
                let refusal = Refusal::LogCosignatureForged { why: other.to_string() };
                let draft = self.blank().shown(&signed.note.to_string());
                Err(draft.witnesses(&self.witnesses).stop(refusal))
            }
        }
    }

    /// The refusal of a tree that the witnesses vouched for long ago: what happened since may be hidden. `now` in Unix seconds.
    pub fn refuse_stale(&self, now: u64) -> Result<(), Halt> {
        let Some(head) = self.head.as_ref().filter(|_| Defence::WitnessFreshness.holds()) else { return Ok(()) };
        let mut times: Vec<u64> =
            self.quorum.check(&head.signed.note).unwrap_or_default().iter().map(|cosigned| cosigned.time).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        // As new as the oldest of the newest k: fewer could be made to vouch for what was.
        let vouched = self.quorum.required().checked_sub(1).and_then(|last| times.get(last).copied());
        match vouched.map(|vouched| now.saturating_sub(vouched) / HOUR).filter(|hours| *hours >= STALE_HOURS) {
            None => Ok(()),
            Some(hours) => {
                let draft = self.blank().shown(&head.signed.note.to_string());
                Err(draft.witnesses(&self.witnesses).stop(Refusal::LogStale { hours }))
            }
        }
    }

    /// The refusal for want of witnesses, where waiting didn't help.
    pub async fn unwitnessed(&self, source: &impl Source, found: usize) -> Halt {
        let refusal = Refusal::LogTooFewWitnesses { required: self.quorum.required() as u64, found: found as u64 };
        let shown = source.file(Resource::Checkpoint).await.ok().flatten().unwrap_or_default();
        self.blank().shown(&String::from_utf8_lossy(&shown)).witnesses(&self.witnesses).stop(refusal)
    }

    fn refuse_rollback(&self, signed: &SignedCheckpoint, before: &[SignedCheckpoint]) -> Result<(), Halt> {
        let shown = signed.checkpoint.size();
        let longer = before.iter().find(|seen| seen.checkpoint.size() > shown);
        longer.map_or(Ok(()), |seen| {
            let refusal = Refusal::LogRolledBack { seen: seen.checkpoint.size(), shown };
            Err(self.two(seen, signed).stop(refusal))
        })
    }

    /// Both notes, for evidence.
    fn two(&self, seen: &SignedCheckpoint, shown: &SignedCheckpoint) -> Draft {
        self.blank().kept(&seen.note.to_string()).shown(&shown.note.to_string())
    }

    /// Proves that a new tree begins with an old one. The proof is made of tiles that lead to the new root, so where it
    /// doesn't lead to the old one the log itself has signed two histories.
    async fn prove(
        &self,
        source: &impl Source,
        new: &SignedCheckpoint,
        leaves: &mut Authentic,
        old: &SignedCheckpoint,
    ) -> Result<(), Halt> {
        let proof = leaves.consistency(source, old.checkpoint.size()).await;
        let proof = proof.map_err(|fault| self.fault(new, Some(leaves), fault))?;
        let (from, to) = (&old.checkpoint, &new.checkpoint);
        match proof.verify(from.size(), from.root(), to.size(), to.root()) {
            Ok(()) | Err(ConsistencyError::OldIsEmpty) => Ok(()),
            Err(_) => {
                let draft = self.two(old, new).tiles(leaves.all());
                Err(draft.stop(Refusal::LogForked { seen: from.size() }))
            }
        }
    }

    /// A file that isn't the signed tree's.
    fn fault(&self, signed: &SignedCheckpoint, leaves: Option<&Authentic>, fault: Fault) -> Halt {
        match fault {
            Fault::Error(error) => Halt::Error(error),
            Fault::Forged { file, bytes, beside } => {
                let path = file.to_string();
                let mut draft = self.blank().shown(&signed.note.to_string()).tiles(beside.into_iter());
                if let (Some(leaves), Resource::Tile(id)) = (leaves, file) {
                    draft = draft.tiles(leaves.way_of(first_leaf(&id).into_iter()));
                }
                draft.asked(&path, bytes).stop(Refusal::LogTileForged { path })
            }
        }
    }
}

/// A checkpoint to keep: with the log's own signature, and none of the lines that anyone may add.
fn bare(signed: &SignedCheckpoint, key: &VerifierKey) -> Option<String> {
    let mut note = Note::unsigned(signed.note.text().to_owned()).ok()?;
    note.add(signed.note.signatures().iter().find(|line| line.is_of(key))?.clone()).ok()?;
    Some(note.to_string())
}

/// A checkpoint as it says of itself.
fn as_claimed(bytes: &[u8]) -> Result<SignedCheckpoint, OpenCheckpointError> {
    let note = Note::parse(bytes)?;
    Ok(SignedCheckpoint { checkpoint: note.text().parse()?, note })
}

/// Nothing was looked at yet.
fn no_head() -> Halt {
    ClientError::Internal("the log was not read").into()
}

/// The first leaf below a tile.
fn first_leaf(id: &TileId) -> Option<u64> {
    id.index().checked_mul(1_u64.checked_shl(8 * (u32::from(id.level()) + 1))?)
}

/// What a checkpoint is refused as that doesn't open under the log's key.
pub(crate) fn not_opened(error: OpenCheckpointError) -> Refusal {
    match error {
        OpenCheckpointError::WrongOrigin(_) | OpenCheckpointError::Open(OpenError::NoKnownSignature) => {
            Refusal::LogSignerUnknown
        }
        other => Refusal::LogCheckpointForged { why: other.to_string() },
    }
}
