//! A log read whole, from outside and without an account: every leaf, every tile, and the root made of them anew. What was
//! verified is handed back to be kept: the next reading holds the server to it.

use api_types::instance::Instance;
use bytes::Bytes;
use futures::future::join_all;
use tlog::{
    checkpoint::SignedCheckpoint,
    cosignature::Cosigned,
    note::VerifierKey,
    tile::{Bundle, BundleId, Edge, FULL, Resource, Tile, TileId},
};

use super::{
    EVENTS, Evidence, Halt, KEYS, KeptLog, Stopped, Tree, Witnesses,
    files::{Files, Source},
    view::{Looked, View},
};
use crate::{
    error::{ClientError, Result},
    platform::{Environment, MaybeSync, Platform},
    refusal::Refusal,
    session::{Client, LogKeys},
};

/// Bundles fetched at once, each with its tile.
const AT_ONCE: u64 = 4;
/// How long to wait where the server asks for patience, in milliseconds, and how often for one file.
const PATIENCE: u32 = 1_000;
const TRIES: usize = 120;

/// What to check.
#[derive(Debug, Clone)]
pub struct LogCheck {
    /// Which tree.
    pub tree: Tree,
    /// The log's key; else the one that is pinned, else the one that the server names. It must be the pinned one.
    pub key: Option<String>,
    /// Witnesses that must have cosigned, not long ago.
    pub witnesses: Witnesses,
    /// What an earlier reading kept ([`WholeLog::kept`]). It counts beside what this device remembers.
    pub kept: Option<KeptLog>,
}

impl Default for LogCheck {
    fn default() -> Self {
        Self { tree: EVENTS, key: None, witnesses: Witnesses::default(), kept: None }
    }
}

/// A log that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeLog {
    /// Its name.
    pub origin: String,
    /// The key that signed it.
    pub key: String,
    /// Leaves.
    pub size: u64,
    /// The root, base64.
    pub root: String,
    /// Tiles compared.
    pub tiles: u64,
    /// Known witnesses that cosigned, with the time that each states (Unix seconds).
    pub cosigned: Vec<(String, u64)>,
    /// Leaves of the newest checkpoint that was kept, if there was one: the log goes on from it, and from the others.
    pub continues: Option<u64>,
    /// What to keep until the next reading: the key, and the checkpoint as it was signed.
    pub kept: KeptLog,
}

/// What reading a log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFound {
    /// Everything belongs together.
    Whole(WholeLog),
    /// Something doesn't.
    Stopped(Box<Stopped>),
}

/// A reading under way.
struct Reading<'s, S> {
    source: &'s S,
    view: View,
    edge: Edge,
    tiles: u64,
}

impl<P: Platform> Client<P> {
    /// Reads all of a log and checks it: the log's signature and the witnesses', that it goes on from the checkpoints that
    /// were kept, every tile against the leaves, and the root. `progress` hears how many leaves of how many are read. Needs
    /// no account.
    ///
    /// # Errors
    /// No connection; no log; keys that can't be read. What is wrong with the log is no error: [`LogFound::Stopped`].
    pub async fn verify_log(&self, check: &LogCheck, progress: impl Fn(u64, u64) + MaybeSync) -> Result<LogFound> {
        match self.read_log(check, progress).await {
            Ok(whole) => Ok(LogFound::Whole(whole)),
            Err(Halt::Stop(stopped)) => Ok(LogFound::Stopped(stopped)),
            Err(Halt::Error(error)) => Err(error),
        }
    }

    async fn read_log(&self, check: &LogCheck, progress: impl Fn(u64, u64) + MaybeSync) -> Result<WholeLog, Halt> {
        let device = self.memory().logs.get(check.tree.name).cloned();
        let pinned: Vec<KeptLog> = device.into_iter().chain(check.kept.clone()).collect();
        let source = Patient { files: Files::new(self.platform().transport(), check.tree), client: self };
        let key = self.key_of(check, &pinned, &source).await?;
        let verifier: VerifierKey = key.parse().map_err(|_| ClientError::Internal("the log's key can't be read"))?;
        let quorum = check.witnesses.quorum().map_err(|_| ClientError::Internal("a witness's key can't be read"))?;
        let view = View::new(check.tree, verifier, check.witnesses.clone(), quorum);
        let before: Vec<SignedCheckpoint> = pinned.iter().filter_map(|kept| kept.open(view.log())).collect();
        let continues = before.iter().map(|kept| kept.checkpoint.size()).max();
        let now = u64::try_from(self.shared().now()).unwrap_or(0) / 1_000;
        let reading = Reading { source: &source, view, edge: Edge::new(), tiles: 0 };
        let whole = reading.run(&before, now, progress).await?;
        // The start of a server is an event; its first key comes with the first account.
        if whole.size == 0 && check.tree == EVENTS {
            return Err(no_log(check.tree).into());
        }
        Ok(WholeLog { key, continues, ..whole })
    }

    /// The key given, else the one that the server names. Whatever key is pinned must be the same.
    async fn key_of(&self, check: &LogCheck, pinned: &[KeptLog], source: &impl Source) -> Result<String, Halt> {
        let key = match &check.key {
            Some(key) => Some(key.clone()),
            None => key_named(check.tree, &self.api().get_instance().await?),
        };
        let other = pinned.iter().find(|kept| key.as_ref() != Some(&kept.key));
        match (other, key) {
            (Some(kept), key) => Err(other_signer(check.tree, kept, key, source).await),
            (None, Some(key)) => Ok(key),
            (None, None) => Err(no_log(check.tree).into()),
        }
    }
}

/// The key that a server says a tree has.
fn key_named(tree: Tree, instance: &Instance) -> Option<String> {
    let named = LogKeys::of(instance);
    if tree == KEYS { named.keys } else { named.events }
}

/// The refusal of a log under another key than the one that was kept, with what is shown now.
async fn other_signer(tree: Tree, kept: &KeptLog, other: Option<String>, source: &impl Source) -> Halt {
    let mut draft = Evidence::draft(tree, &kept.key).other_key(&other.unwrap_or_default());
    if let Some(checkpoint) = &kept.checkpoint {
        draft = draft.kept(checkpoint);
    }
    draft.shown_by(source).await.stop(Refusal::LogSignerUnknown)
}

fn no_log(tree: Tree) -> ClientError {
    let what = if tree == KEYS { "The server's public log of keys" } else { "The server's public log" };
    ClientError::Missing { what }
}

impl<S: Source> Reading<'_, S> {
    /// `now` in Unix seconds.
    async fn run(
        mut self,
        before: &[SignedCheckpoint],
        now: u64,
        progress: impl Fn(u64, u64),
    ) -> Result<WholeLog, Halt> {
        match self.view.look(self.source, before).await? {
            Looked::Verified => self.view.refuse_stale(now)?,
            Looked::Empty => return Ok(self.whole(Vec::new())),
            Looked::Unwitnessed { found } => return Err(self.view.unwitnessed(self.source, found).await),
        }
        let size = self.view.size();
        let bundles = size.div_ceil(FULL.into());
        for first in (0..bundles).step_by(AT_ONCE as usize) {
            let some = (first..bundles.min(first + AT_ONCE)).filter_map(|index| BundleId::in_tree(index, size));
            self.bundles(size, some.collect()).await?;
            progress(self.edge.size(), size);
        }
        let newest = self.view.newest().map(|(signed, cosigned)| (*signed.checkpoint.root(), cosigned));
        match newest {
            Some((root, cosigned)) if self.edge.root() == root => Ok(self.whole(cosigned)),
            _ => Err(self.view.draft(None).stop(Refusal::LogTileForged { path: Resource::Checkpoint.to_string() })),
        }
    }

    /// What was read, found to be the tree that was signed.
    fn whole(&self, cosigned: Vec<Cosigned>) -> WholeLog {
        WholeLog {
            origin: self.view.log().origin().to_owned(),
            key: String::new(),
            size: self.edge.size(),
            root: self.edge.root().to_string(),
            tiles: self.tiles,
            cosigned: cosigned.into_iter().map(|witness| (witness.name.to_string(), witness.time)).collect(),
            continues: None,
            kept: self.view.kept(),
        }
    }

    async fn bundles(&mut self, size: u64, ids: Vec<BundleId>) -> Result<(), Halt> {
        let source = self.source;
        let fetched = join_all(ids.iter().map(|id| source.file(Resource::Bundle(*id)))).await;
        for (id, bytes) in ids.into_iter().zip(fetched) {
            let bytes = bytes?;
            let bundle = bytes.as_ref().and_then(|bytes| Bundle::parse(&id, bytes).ok());
            let Some(bundle) = bundle else { return Err(self.view.bad_bundle(source, &id, bytes).await) };
            bundle.leaf_hashes().into_iter().for_each(|leaf| self.edge.push(leaf));
            let made: Vec<(TileId, Tile)> = self.edge.take();
            let made = made.into_iter().filter(|(id, _)| id.is_of(size)).collect();
            if let Some((tile, served)) = self.unequal(made).await? {
                return Err(self.view.bad_tile(source, &tile, served, &id, bytes).await);
            }
        }
        Ok(())
    }

    /// Of the tiles that the leaves make, the first that is served otherwise.
    async fn unequal(&mut self, made: Vec<(TileId, Tile)>) -> Result<Option<(TileId, Option<Bytes>)>, Halt> {
        let source = self.source;
        let served = join_all(made.iter().map(|(id, _)| source.file(Resource::Tile(*id)))).await;
        for ((id, tile), served) in made.into_iter().zip(served) {
            let served = served?;
            if served.as_deref() != Some(&tile.to_bytes()[..]) {
                return Ok(Some((id, served)));
            }
            self.tiles += 1;
        }
        Ok(None)
    }
}

/// The server's files, asked for again where it says that they were too many.
struct Patient<'c, P: Platform> {
    files: Files<'c, P::Transport>,
    client: &'c Client<P>,
}

impl<P: Platform> Source for Patient<'_, P> {
    async fn file(&self, file: Resource) -> Result<Option<Bytes>> {
        for _ in 0..TRIES {
            match self.files.file(file).await {
                Err(error) if error.problem() == Some(api_types::ErrorCode::Throttled) => {
                    self.client.platform().environment().pause(PATIENCE).await;
                }
                answer => return answer,
            }
        }
        self.files.file(file).await
    }
}
