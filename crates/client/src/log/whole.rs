//! A log read whole, from outside and without an account: every leaf, every tile, and the root made of them anew.

use bytes::Bytes;
use futures::future::join_all;
use tlog::{
    checkpoint::SignedCheckpoint,
    note::VerifierKey,
    tile::{Bundle, BundleId, Edge, FULL, Resource, Tile, TileId},
};

use super::{
    EVENTS, Evidence, Halt, KeptLog, Stopped, Tree, Witnesses,
    files::{Files, Source},
    view::{Looked, View},
};
use crate::{
    error::{ClientError, Result},
    platform::{Environment, MaybeSync, Platform},
    refusal::Refusal,
    session::Client,
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
    /// The log's key; else the one that this device has pinned, else the one that the server names.
    pub key: Option<String>,
    /// Witnesses that must have cosigned.
    pub witnesses: Witnesses,
}

impl Default for LogCheck {
    fn default() -> Self {
        Self { tree: EVENTS, key: None, witnesses: Witnesses::default() }
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
    /// Leaves of the checkpoint that this device kept, if it kept one: the log goes on from it.
    pub continues: Option<u64>,
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
    /// Reads all of a log and checks it: the log's signature and the witnesses', that it goes on from the checkpoint that
    /// this device kept, every tile against the leaves, and the root. `progress` hears how many leaves of how many are
    /// read. Needs no account.
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
        let pinned = self.memory().logs.get(check.tree.name).cloned();
        let key = self.key_of(check, pinned.as_ref()).await?;
        let verifier: VerifierKey = key.parse().map_err(|_| ClientError::Internal("the log's key can't be read"))?;
        let quorum = check.witnesses.quorum().map_err(|_| ClientError::Internal("a witness's key can't be read"))?;
        let source = Patient { files: Files::new(self.platform().transport(), check.tree), client: self };
        let view = View::new(check.tree, verifier, check.witnesses.clone(), quorum);
        let before = pinned.filter(|kept| kept.key == key).and_then(|kept| kept.open(view.log()));
        let continues = before.as_ref().map(|kept| kept.checkpoint.size());
        let reading = Reading { source: &source, view, edge: Edge::new(), tiles: 0 };
        Ok(WholeLog { key, continues, ..reading.run(before, progress).await? })
    }

    /// The key given; else the pinned one, which the server must name too; else the one that it names.
    async fn key_of(&self, check: &LogCheck, pinned: Option<&KeptLog>) -> Result<String, Halt> {
        if let Some(key) = &check.key {
            return Ok(key.clone());
        }
        let named = Some(self.api().get_instance().await?.log_key).filter(|key| !key.is_empty());
        match (pinned, named) {
            (Some(kept), named) if named.as_ref() != Some(&kept.key) => {
                let draft = Evidence::draft(check.tree, &kept.key).other_key(&named.unwrap_or_default());
                Err(draft.stop(Refusal::LogSignerUnknown))
            }
            (_, Some(named)) => Ok(named),
            (_, None) => Err(no_log().into()),
        }
    }
}

fn no_log() -> ClientError {
    ClientError::Missing { what: "The server's public log" }
}

impl<S: Source> Reading<'_, S> {
    async fn run(mut self, before: Option<SignedCheckpoint>, progress: impl Fn(u64, u64)) -> Result<WholeLog, Halt> {
        match self.view.look(self.source, before.as_slice()).await? {
            Looked::Verified => {}
            Looked::Empty => return Err(no_log().into()),
            Looked::Unwitnessed { found } => return Err(self.view.unwitnessed(self.source, found).await),
        }
        let size = self.view.size();
        let bundles = size.div_ceil(FULL.into());
        for first in (0..bundles).step_by(AT_ONCE as usize) {
            let some = (first..bundles.min(first + AT_ONCE)).filter_map(|index| BundleId::in_tree(index, size));
            self.bundles(size, some.collect()).await?;
            progress(self.edge.size(), size);
        }
        let (signed, cosigned) = self.view.newest().ok_or_else(no_log)?;
        let checkpoint = &signed.checkpoint;
        if self.edge.root() != *checkpoint.root() {
            return Err(self.view.draft(None).stop(Refusal::LogTileForged { path: Resource::Checkpoint.to_string() }));
        }
        Ok(WholeLog {
            origin: checkpoint.origin().to_owned(),
            key: String::new(),
            size,
            root: checkpoint.root().to_string(),
            tiles: self.tiles,
            cosigned: cosigned.into_iter().map(|witness| (witness.name.to_string(), witness.time)).collect(),
            continues: None,
        })
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
