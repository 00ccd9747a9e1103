//! Moves a tree forward: one round integrates the entries that it hasn't.

use std::time::Duration;

use api_types::UnixMillis;
use tlog::note::SigningKey;
use tokio::time::sleep;

use super::{
    LogError,
    batch::{Batch, Grown},
    check, entry, store,
};
use crate::storage::{
    db::Db,
    lease_time,
    log::{self, Fence, Head, Tree},
};

/// Most leaves of one transaction.
pub(super) const BATCH: u64 = 2048;
/// How long others wait for a holder that is silent. A lease that has lapsed is still good until somebody takes it.
const LEASE: Duration = Duration::from_secs(3);
/// How long to wait for another server that integrates.
const AGAIN: Duration = Duration::from_millis(400);

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// There was nothing to do.
    Idle,
    /// So many leaves were integrated.
    Integrated(u64),
    /// Another server's lease runs.
    Waiting,
}

/// Appends to a tree, while it holds the lease.
#[derive(Debug)]
pub struct Sequencer {
    db: Db,
    tree: Tree,
    key: SigningKey,
    held: Option<Held>,
}

/// The lease, and the tree as it was left.
#[derive(Debug)]
struct Held {
    fence: Fence,
    grown: Grown,
}

impl Sequencer {
    /// One that holds nothing yet.
    pub fn new(db: Db, tree: Tree, key: SigningKey) -> Self {
        Self { db, tree, key, held: None }
    }

    /// The lease, while it is held.
    pub fn fence(&self) -> Option<Fence> {
        self.held.as_ref().map(|held| held.fence)
    }

    /// Takes the lease from whoever has it. Safe at any time: what they still write is refused. A server that starts
    /// does so, in order not to wait for one that was killed.
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn take(&mut self) -> Result<(), LogError> {
        self.held = None;
        let tx = self.db.begin_write().await?;
        let now = lease_time::unmoved(tx.conn()).await?;
        let fence = log::take(tx.conn(), self.tree, until(now)).await?;
        tx.commit().await?;
        self.load(fence).await
    }

    /// As [`Sequencer::take`], where nobody's lease runs.
    async fn take_lapsed(&mut self) -> Result<bool, LogError> {
        let tx = self.db.begin_write().await?;
        let now = lease_time::unmoved(tx.conn()).await?;
        let fence = log::take_lapsed(tx.conn(), self.tree, now, until(now)).await?;
        tx.commit().await?;
        match fence {
            None => Ok(false),
            Some(fence) => self.load(fence).await.map(|()| true),
        }
    }

    /// Reads the tree that this lease goes on from.
    async fn load(&mut self, fence: Fence) -> Result<(), LogError> {
        let head = log::head(self.db.read(), self.tree).await?.unwrap_or(Head { size: 0, checkpoint: String::new() });
        let edge = store::edge(self.db.read(), self.tree, head.size).await?;
        check::head(&head, &edge.root(), &self.key.verifier())?;
        let loose = store::loose(self.db.read(), self.tree, head.size).await?;
        self.held = Some(Held { fence, grown: Grown { tree: self.tree, edge, loose } });
        Ok(())
    }

    /// Integrates up to a batch of leaves.
    ///
    /// # Errors
    /// [`LogError::Stale`] where another sequencer has taken over; nothing was written, and the next round waits for its
    /// lease to lapse. After any error the tree is read anew.
    pub async fn round(&mut self) -> Result<Round, LogError> {
        let integrated = match &self.held {
            Some(held) => held.grown.edge.size(),
            None => log::head(self.db.read(), self.tree).await?.map_or(0, |head| head.size),
        };
        if entry::count(self.db.read(), self.tree).await? <= integrated {
            return Ok(Round::Idle);
        }
        if self.held.is_none() && !self.take_lapsed().await? {
            return Ok(Round::Waiting);
        }
        // Taken out: what a failure leaves behind is not the tree.
        let Some(mut held) = self.held.take() else { return Ok(Round::Waiting) };
        let written = self.integrate(&mut held).await?;
        self.held = Some(held);
        Ok(if written == 0 { Round::Idle } else { Round::Integrated(written) })
    }

    /// Integrates what there is, or waits for whoever has taken over to do it. Until then events of an earlier version have
    /// no opening, without which clients refuse them.
    ///
    /// # Errors
    /// [`LogError`]; what is left is for later rounds.
    pub async fn catch_up(&mut self) -> Result<(), LogError> {
        let there = entry::count(self.db.read(), self.tree).await?;
        loop {
            match self.round().await {
                Ok(Round::Integrated(_)) => {}
                Ok(Round::Idle) => return Ok(()),
                Ok(Round::Waiting) | Err(LogError::Stale) => sleep(AGAIN).await,
                Err(error) => return Err(error),
            }
            if log::head(self.db.read(), self.tree).await?.is_some_and(|head| head.size >= there) {
                return Ok(());
            }
        }
    }

    async fn integrate(&self, held: &mut Held) -> Result<u64, LogError> {
        let before = held.grown.edge.size();
        let entries = entry::from(self.db.read(), self.tree, before, BATCH).await?;
        let count = entries.len() as u64;
        if count == 0 {
            return Ok(0);
        }
        let batch = held.grown.append(entries, &self.key)?;
        self.write(held.fence, before, &batch).await?;
        Ok(count)
    }

    /// All of it or nothing, and nothing without the lease.
    async fn write(&self, fence: Fence, before: u64, batch: &Batch) -> Result<(), LogError> {
        let tx = self.db.begin_write().await?;
        let now = lease_time::unmoved(tx.conn()).await?;
        if !log::publish(tx.conn(), self.tree, fence, before, &batch.head, until(now)).await? {
            return Err(LogError::Stale);
        }
        for entry in &batch.entries {
            if !entry::keep(tx.conn(), entry).await? {
                return Err(LogError::Stale);
            }
        }
        log::put(tx.conn(), self.tree, &batch.tiles).await?;
        Ok(tx.commit().await?)
    }
}

fn until(now: UnixMillis) -> UnixMillis {
    now + LEASE.as_millis() as UnixMillis
}
