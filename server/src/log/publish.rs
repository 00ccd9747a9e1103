//! Shows a head to people, after the witnesses were asked to cosign it.
//!
//! Without witnesses the newest head is what people see. With them it is the newest that they were asked about: one that
//! fails holds the others up once, for a moment, and is then left alone for a while.

use std::time::{Duration, Instant};

use tlog::note::Note;

use super::{LogError, store};
use crate::{
    storage::{
        db::Db,
        log::{self, Fence, Head, Tree},
    },
    witnesses::{Gathered, Witness, Witnesses},
};

/// A witness that takes longer doesn't count this time.
const WAIT: Duration = Duration::from_secs(2);
/// One that failed is not asked again before, so that it delays nobody.
const REST: Duration = Duration::from_secs(30);
/// A head that doesn't move is cosigned anew, so that the witnesses' times say that it is still the newest.
const REFRESH: Duration = Duration::from_secs(300);

/// The one that publishes a tree.
#[derive(Debug)]
pub struct Publisher {
    db: Db,
    tree: Tree,
    witnesses: Witnesses,
    shown: Option<Shown>,
}

/// What was published last.
#[derive(Debug)]
struct Shown {
    size: u64,
    /// How many cosigned.
    cosigned: usize,
    /// When this is worth another try.
    again: Instant,
}

impl Publisher {
    /// One that asks these witnesses.
    ///
    /// # Errors
    /// [`LogError::Witnesses`] when TLS can't be set up.
    pub fn new(db: Db, tree: Tree, witnesses: Vec<Witness>) -> Result<Self, LogError> {
        let witnesses = Witnesses::new(witnesses).map_err(|e| LogError::Witnesses(e.to_string()))?;
        Ok(Self { db, tree, witnesses: witnesses.with_timeout(WAIT).with_rest(REST), shown: None })
    }

    /// Publishes the newest head, unless that is what people see already.
    ///
    /// # Errors
    /// [`LogError::Stale`] where another server has taken over the log.
    pub async fn publish(&mut self, fence: Fence) -> Result<(), LogError> {
        let head = log::head(self.db.read(), self.tree).await?.filter(|head| head.size > 0);
        let Some(head) = head.filter(|head| self.is_due(head.size)) else { return Ok(()) };
        let gathered = self.gather(&head).await?;
        let (cosigned, failed) = (gathered.cosigned.len(), gathered.failed.len());
        // A witness that is away now doesn't take back what it said of the same head.
        if self.shown.as_ref().is_none_or(|shown| shown.size < head.size || shown.cosigned <= cosigned) {
            self.show(fence, gathered.note.to_string()).await?;
            self.shown = Some(Shown { size: head.size, cosigned, again: Instant::now() });
        }
        if let Some(shown) = &mut self.shown {
            shown.again = Instant::now() + if failed == 0 { REFRESH } else { REST };
        }
        Ok(())
    }

    fn is_due(&self, size: u64) -> bool {
        self.shown.as_ref().is_none_or(|shown| shown.size < size || shown.again <= Instant::now())
    }

    async fn gather(&self, head: &Head) -> Result<Gathered, LogError> {
        let note: Note = Note::parse(head.checkpoint.as_bytes())?;
        let prove = |old| store::consistency(self.db.read(), self.tree, old, head.size);
        Ok(self.witnesses.cosign(&note, prove).await?)
    }

    async fn show(&self, fence: Fence, note: String) -> Result<(), LogError> {
        let tx = self.db.begin_write().await?;
        if !log::show(tx.conn(), self.tree, fence, note).await? {
            return Err(LogError::Stale);
        }
        Ok(tx.commit().await?)
    }
}
