//! The log in a session: looked at when it starts and whenever something newer is shown; a refusal stays.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use crypto::defence::Defence;
use futures::{lock::MutexGuard as AsyncGuard, task::AtomicWaker};
use tlog::{checkpoint::SignedCheckpoint, note::VerifierKey};

use super::{
    Evidence, Halt, KeptLog, Stopped, Tree, Witnesses,
    files::Files,
    listing::Removed,
    view::{Looked, View},
};
use crate::{
    error::{ClientError, Result},
    platform::{Environment, Platform},
    refusal::Refusal,
    vault::Vault,
};

/// How long to wait before each further look for something that isn't there yet, in milliseconds. The server publishes
/// within a second.
const PAUSES: [u32; 6] = [120, 200, 300, 500, 800, 1_000];

/// One tree's view in a session.
pub(crate) struct Guard {
    pub tree: Tree,
    /// The key that the server names.
    said: Option<String>,
    view: futures::lock::Mutex<Option<View>>,
    stopped: Mutex<Option<Stopped>>,
    /// Who waits for that.
    waiting: AtomicWaker,
    /// Whether this session has asked for the newest checkpoint to be saved.
    saved: AtomicBool,
    /// Leaves that are beyond the newest tree: since when (Unix milliseconds).
    late: Mutex<BTreeMap<u64, i64>>,
    /// Of the tree of events: what of them the server says that it removed.
    removed: Mutex<Removed>,
}

/// A view while one task uses it; there is one.
pub(crate) struct Open<'v>(AsyncGuard<'v, Option<View>>);

impl Open<'_> {
    pub fn view(&mut self) -> Result<&mut View> {
        self.0.as_mut().ok_or(ClientError::Internal("the log is not open"))
    }
}

impl Guard {
    /// A tree whose key the server says is this.
    pub fn new(tree: Tree, said: Option<String>) -> Self {
        let (view, stopped) = (futures::lock::Mutex::new(None), Mutex::default());
        let (waiting, saved) = (AtomicWaker::new(), AtomicBool::new(false));
        let (late, removed) = (Mutex::default(), Mutex::default());
        Self { tree, said, view, stopped, waiting, saved, late, removed }
    }

    /// Why the session is to end, if it is.
    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on with another view, which saw at least as much.
    pub async fn replace(&self, view: View) {
        *self.view.lock().await = Some(view);
    }

    pub fn late(&self) -> MutexGuard<'_, BTreeMap<u64, i64>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn removed(&self) -> MutexGuard<'_, Removed> {
        self.removed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves of the newest tree that this session verified; waits for whoever uses the view.
    pub async fn size(&self) -> u64 {
        self.view.lock().await.as_ref().map_or(0, View::size)
    }

    /// Takes a halt as the caller's error. The first refusal stays for good.
    pub fn settle<A>(&self, outcome: Result<A, Halt>) -> Result<A> {
        match outcome {
            Ok(value) => Ok(value),
            Err(Halt::Error(error)) => Err(error),
            Err(Halt::Stop(stop)) => {
                let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
                let refusal = stopped.get_or_insert(*stop).refusal.clone();
                drop(stopped);
                self.waiting.wake();
                Err(refusal.into())
            }
        }
    }
}

impl<P: Platform> Vault<P> {
    /// Holds the server to its past: fetches the newest checkpoint of its public log and proves that it goes on from the one
    /// kept, on this device and in the account. Call it once a vault is open, beside whatever else is done. After a
    /// refusal drop the vault: [`Vault::stopped`] says why and has the evidence.
    ///
    /// # Errors
    /// The refusals of [`Refusal::stops_session`]; no connection, which says nothing.
    pub async fn check_log(&self) -> Result<()> {
        self.look(self.events_log(), None).await.map(drop)?;
        self.look(self.key_log().guard(), None).await.map(drop)
    }

    /// The refusal by which this session ends, if there was one.
    pub fn stopped(&self) -> Option<Stopped> {
        self.events_log().stopped().or_else(|| self.key_log().guard().stopped())
    }

    /// Refuses to go on in a session that is to end.
    pub(crate) fn refuse_if_stopped(&self) -> Result<(), Refusal> {
        self.stopped().map_or(Ok(()), |stopped| Err(stopped.refusal))
    }

    /// Waits until this session is to end, whatever found that out; for one task, which ends it.
    pub async fn when_stopped(&self) -> Stopped {
        poll_fn(|context| {
            // Before it is looked: what comes in between wakes it.
            self.events_log().waiting.register(context.waker());
            self.key_log().guard().waiting.register(context.waker());
            self.stopped().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// A look at the tree; `None` where the server names no key for it, never did, and [`Tree::named`] is switched off. With
    /// `wanted`, waits a moment for that leaf.
    pub(crate) async fn look<'v>(&self, guard: &'v Guard, wanted: Option<u64>) -> Result<Option<Open<'v>>> {
        if let Some(stopped) = guard.stopped() {
            return Err(stopped.refusal.into());
        }
        let mut view = guard.view.lock().await;
        if view.is_none() {
            *view = guard.settle(self.first(guard).await)?;
        }
        let mut open = Open(view);
        if open.0.is_none() {
            return Ok(None);
        }
        let known = wanted.is_some_and(|wanted| wanted < open.0.as_ref().map_or(0, View::size));
        if !known {
            let looked = self.look_until(guard.tree, open.view()?, wanted).await;
            guard.settle(looked)?;
            self.keep(guard, open.view()?.kept());
        }
        Ok(Some(open))
    }

    async fn look_until(&self, tree: Tree, view: &mut View, wanted: Option<u64>) -> Result<(), Halt> {
        let files = Files::new(self.platform().transport(), tree);
        let before = self.seen(tree, view);
        let mut pauses = PAUSES.into_iter();
        loop {
            let looked = view.look(&files, &before).await?;
            let done = match looked {
                Looked::Verified | Looked::Empty => wanted.is_none_or(|wanted| wanted < view.size()),
                Looked::Unwitnessed { .. } => false,
            };
            match (pauses.next().filter(|_| !done), looked) {
                (Some(pause), _) => self.platform().environment().pause(pause).await,
                (None, Looked::Unwitnessed { found }) => return Err(view.unwitnessed(&files, found).await),
                (None, _) => return view.refuse_stale(u64::try_from(self.now()).unwrap_or(0) / 1_000),
            }
        }
    }

    /// What is kept of a tree: on this device, and in the account.
    fn kept(&self, tree: Tree) -> Vec<KeptLog> {
        let device = self.memory().logs.get(tree.name).cloned();
        let account = self.state().logs.get(tree.name).cloned();
        device.into_iter().chain(account).collect()
    }

    /// The checkpoints kept, each once.
    pub(super) fn seen(&self, tree: Tree, view: &View) -> Vec<SignedCheckpoint> {
        let mut seen: Vec<_> = self.kept(tree).iter().filter_map(|kept| kept.open(view.log())).collect();
        seen.dedup_by(|a, b| a.checkpoint == b.checkpoint);
        seen
    }

    /// The view under the key that is pinned, or is now for the first time seen.
    async fn first(&self, guard: &Guard) -> Result<Option<View>, Halt> {
        let witnesses = self.memory().witnesses.clone();
        self.view_with(guard, witnesses).await
    }

    /// The same with other witnesses than the device asks for.
    pub(super) async fn view_with(&self, guard: &Guard, witnesses: Witnesses) -> Result<Option<View>, Halt> {
        let kept = if Defence::LogKey.holds() { self.kept(guard.tree) } else { Vec::new() };
        let Some(pinned) = kept.first().map(|kept| &kept.key).or(guard.said.as_ref()) else {
            return if guard.tree.named.holds() { Err(self.denied(guard.tree).await) } else { Ok(None) };
        };
        let other = kept.iter().map(|kept| &kept.key).find(|key| *key != pinned);
        if guard.said.as_ref() != Some(pinned) || other.is_some() {
            let other = other.or(guard.said.as_ref());
            return Err(self.other_signer(guard.tree, pinned, other).await);
        }
        let quorum = witnesses.quorum().map_err(|_| ClientError::Internal("the witnesses asked for can't be read"))?;
        match pinned.parse::<VerifierKey>() {
            Ok(key) => Ok(Some(View::new(guard.tree, key, witnesses, quorum))),
            Err(error) => {
                let refusal = Refusal::LogCheckpointForged { why: error.to_string() };
                Err(Evidence::draft(guard.tree, pinned).stop(refusal))
            }
        }
    }

    /// The refusal of a log under another key, with what that key has signed.
    async fn other_signer(&self, tree: Tree, pinned: &str, other: Option<&String>) -> Halt {
        let draft = Evidence::draft(tree, pinned).other_key(other.map_or("", String::as_str));
        draft.shown_by(&Files::new(self.platform().transport(), tree)).await.stop(Refusal::LogSignerUnknown)
    }

    /// The refusal of a server that names no key for a tree that every server has, with what is given out of it all the same.
    async fn denied(&self, tree: Tree) -> Halt {
        let draft = Evidence::draft(tree, "");
        draft.shown_by(&Files::new(self.platform().transport(), tree)).await.stop(Refusal::LogDenied)
    }

    /// Ends the session where another device of this account keeps one of the logs under another key: the two were shown
    /// different ones.
    ///
    /// # Errors
    /// [`Refusal::LogSignerUnknown`].
    pub(crate) fn stop_at_other_signer(&self, theirs: &BTreeMap<String, KeptLog>) -> Result<()> {
        for guard in [self.events_log(), self.key_log().guard()] {
            let ours = self.state().logs.get(guard.tree.name).cloned();
            let (Some(ours), Some(theirs)) = (ours, theirs.get(guard.tree.name)) else { continue };
            if ours.key != theirs.key {
                return guard.settle(Err(two_signers(guard.tree, &ours, theirs)));
            }
        }
        Ok(())
    }

    /// Keeps what was verified: on the device at once, in the account with its next save, of which a session makes one.
    fn keep(&self, guard: &Guard, kept: KeptLog) {
        self.memory().logs.insert(guard.tree.name.to_owned(), kept.clone());
        let before = self.state().logs.insert(guard.tree.name.to_owned(), kept.clone());
        if before.as_ref() != Some(&kept) && !guard.saved.swap(true, Ordering::AcqRel) {
            self.touch();
        }
    }
}

/// The refusal of a log of which two devices keep different keys, with the newest that each of these signed.
fn two_signers(tree: Tree, ours: &KeptLog, theirs: &KeptLog) -> Halt {
    let mut draft = Evidence::draft(tree, &ours.key).other_key(&theirs.key);
    if let Some(note) = &ours.checkpoint {
        draft = draft.kept(note);
    }
    if let Some(note) = &theirs.checkpoint {
        draft = draft.shown(note);
    }
    draft.stop(Refusal::LogSignerUnknown)
}
