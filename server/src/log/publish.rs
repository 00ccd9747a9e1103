//! Shows a head to people, after the witnesses were asked to cosign it.
//!
//! Without witnesses the newest head is what people see. With them it is the newest that they were asked about, with the
//! lines of those that answered. For whom it waits, and how long, `standing` says. What another says late goes under that
//! head if it is still shown then; else it is asked about the one that is.

use std::{future::pending, sync::Arc};

use tlog::note::Note;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{Instant, timeout_at},
};

use super::{
    LogError,
    standing::{MOST, Said, Standing},
    store,
};
use crate::{
    storage::{
        db::Db,
        log::{self, Fence, Head, Tree},
    },
    witnesses::{Witness, Witnesses},
};

/// The one that publishes a tree.
#[derive(Debug)]
pub struct Publisher {
    db: Db,
    tree: Tree,
    witnesses: Vec<Standing>,
    /// What they are being asked, one request each at most.
    under_way: JoinSet<Said>,
    newest: Option<Newest>,
}

/// The newest head, as who holds this lease is to show it.
#[derive(Debug)]
struct Newest {
    fence: Fence,
    size: u64,
    /// As the log signed it.
    note: Note,
    /// As people see it.
    shown: Option<String>,
}

impl Publisher {
    /// One that asks these witnesses.
    ///
    /// # Errors
    /// [`LogError::Witnesses`] when TLS can't be set up.
    pub fn new(db: Db, tree: Tree, witnesses: Vec<Witness>) -> Result<Self, LogError> {
        let each = Witnesses::new(witnesses.clone()).map_err(|e| LogError::Witnesses(e.to_string()))?.each();
        let witnesses = witnesses.into_iter().zip(each).map(|(witness, asks)| Standing::new(witness, asks)).collect();
        Ok(Self { db, tree, witnesses, under_way: JoinSet::new(), newest: None })
    }

    /// Publishes the newest head, with what is there of cosignatures, unless that is what people see already.
    ///
    /// # Errors
    /// [`LogError::Stale`] where another server has taken over the log.
    pub async fn publish(&mut self, fence: Fence) -> Result<(), LogError> {
        let head = log::head(self.db.read(), self.tree).await?.filter(|head| head.size > 0);
        let Some(head) = head else { return Ok(()) };
        self.turn_to(fence, &head).await?;
        self.gather().await;
        self.show().await
    }

    /// Waits until a witness has answered for which no head waits. For ever where none is being asked.
    pub async fn heard(&mut self) {
        match self.under_way.join_next_with_id().await {
            Some(said) => self.hear(said),
            None => pending().await,
        }
    }

    /// Lets go of whatever is being asked.
    pub async fn end(mut self) {
        self.under_way.shutdown().await;
    }

    /// Goes on with this head. Cosignatures of an older one are of no use to it. Those that are shown with this one
    /// already, by whoever held the lease, stay.
    async fn turn_to(&mut self, fence: Fence, head: &Head) -> Result<(), LogError> {
        if self.newest.as_ref().is_some_and(|newest| newest.fence == fence && newest.size >= head.size) {
            return Ok(());
        }
        let note = Note::parse(head.checkpoint.as_bytes())?;
        let shown = log::published(self.db.read(), self.tree).await?;
        let shown = shown.and_then(|shown| Note::parse(shown.as_bytes()).ok());
        let shown = shown.filter(|shown| shown.text() == note.text());
        for witness in &mut self.witnesses {
            witness.turn_to(shown.as_ref());
        }
        self.newest = Some(Newest { fence, size: head.size, note, shown: None });
        Ok(())
    }

    /// Asks whom it is time to ask, and waits for those that a head waits for.
    async fn gather(&mut self) {
        // One that is asked about the head before is waited for, and asked anew: for both together no longer than for one.
        let most = Instant::now() + MOST;
        loop {
            self.ask();
            let Some(until) = self.awaited_until() else { return };
            match timeout_at(until.min(most), self.under_way.join_next_with_id()).await {
                Ok(Some(said)) => self.hear(said),
                Ok(None) => return,
                Err(_) => return self.witnesses.iter_mut().for_each(Standing::wait_no_more),
            }
        }
    }

    /// One that is shown waits for nobody.
    fn awaited_until(&self) -> Option<Instant> {
        self.newest.as_ref().filter(|newest| newest.shown.is_none())?;
        self.witnesses.iter().filter_map(Standing::awaited_until).max()
    }

    fn ask(&mut self) {
        let Some(newest) = &self.newest else { return };
        let now = self.db.clock().now();
        for witness in self.witnesses.iter_mut().filter(|witness| witness.is_due(now)) {
            let asking = ask(witness.asks(), self.db.clone(), self.tree, (newest.note.clone(), newest.size));
            witness.asked(self.under_way.spawn(asking).id());
        }
    }

    fn hear(&mut self, said: Result<(Id, Said), JoinError>) {
        let (task, said) = match said {
            Ok((task, said)) => (task, Some(said)),
            Err(error) => {
                tracing::error!(tree = self.tree.name(), %error, "a witness could not be asked");
                (error.id(), None)
            }
        };
        let newest = self.newest.as_ref().map(|newest| &newest.note);
        if let Some(witness) = self.witnesses.iter_mut().find(|witness| witness.is_asked_by(task)) {
            witness.hear(said.as_ref(), newest, self.db.clock().now());
        }
    }

    async fn show(&mut self) -> Result<(), LogError> {
        let Some(newest) = &mut self.newest else { return Ok(()) };
        let mut note = newest.note.clone();
        for line in self.witnesses.iter().filter_map(Standing::line) {
            // A note that is full stays without it.
            let _ = note.add(line.clone());
        }
        let note = note.to_string();
        if newest.shown.as_ref() == Some(&note) {
            return Ok(());
        }
        // Before the writer's turn is asked for: while a tree rests, who has lost it looks again and again.
        if !log::is_held(self.db.read(), self.tree, newest.fence).await? {
            return Err(LogError::Stale);
        }
        let tx = self.db.begin_write().await?;
        if !log::show(tx.conn(), self.tree, newest.fence, note.clone()).await? {
            return Err(LogError::Stale);
        }
        tx.commit().await?;
        newest.shown = Some(note);
        Ok(())
    }
}

/// Asks a witness about a head of so many leaves.
async fn ask(witness: Arc<Witnesses>, db: Db, tree: Tree, (note, size): (Note, u64)) -> Said {
    let begun = Instant::now();
    let prove = |old| store::consistency(db.read(), tree, old, size);
    let gathered = witness.cosign(&note, prove).await;
    Said { gathered, took: begun.elapsed() }
}
