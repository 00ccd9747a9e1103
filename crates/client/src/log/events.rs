//! Marks the events that are shown: each is found in the public tree, or said not to be.

use std::collections::BTreeSet;

use api_types::audit::AuditEvent;
use crypto::defence::Defence;

use super::{
    EVENTS, Guard, Halt, LeafShown,
    files::Files,
    opening::{Opened, open},
    view::{Claim, View},
};
use crate::{
    error::{ClientError, Result},
    platform::{AT_ONCE, Environment, Platform},
    refusal::Refusal,
    reports::ReaderMark,
    vault::Vault,
};

/// How long an event may be missing while a session looks for it, in milliseconds. The server publishes within a second.
const MISSING_AFTER: i64 = 60_000;
/// How old an event that isn't in the tree, or has no opening, may say it is, in milliseconds. Generous: clocks differ.
const TOO_OLD: i64 = 86_400_000;

/// Whether an event is in the public log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Its leaf is in its place, under a checkpoint that this session verified.
    Verified,
    /// Too new: the log hasn't published it yet, or its opening. Look again.
    Pending,
    /// The server names no log that could hold it: only where that is let pass, see [`Refusal::LogDenied`].
    Unlogged,
    /// The log could not be read just now. Look again.
    Unchecked,
}

/// An event, and whether the public log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedEvent {
    /// What happened.
    pub event: AuditEvent,
    /// What the log says.
    pub mark: Mark,
    /// Of a reading in a report's own events: whose word it is.
    pub reader: Option<ReaderMark>,
}

/// An event's leaf, as its opening says.
type Leaf = (Claim, LeafShown);

impl<P: Platform> Vault<P> {
    /// Finds each event in the tree.
    ///
    /// # Errors
    /// The refusals of [`Refusal::stops_session`], which end the session. No connection is none: the marks say so.
    pub(crate) async fn mark(&self, items: Vec<AuditEvent>) -> Result<Vec<CheckedEvent>> {
        let marks = match self.marks(&items).await {
            Ok(marks) => marks,
            Err(ClientError::Refused(refusal)) => return Err(refusal.into()),
            Err(_) => vec![Mark::Unchecked; items.len()],
        };
        Ok(items.into_iter().zip(marks).map(|(event, mark)| CheckedEvent { event, mark, reader: None }).collect())
    }

    async fn marks(&self, items: &[AuditEvent]) -> Result<Vec<Mark>> {
        let guard = self.events_log();
        let newest = items.iter().filter_map(|event| event.leaf_index).max();
        let Some(mut view) = self.look(guard, newest).await? else { return Ok(vec![Mark::Unlogged; items.len()]) };
        let outcome = self.find(guard, view.view()?, items).await;
        guard.settle(outcome)
    }

    /// The marks of events in the newest tree that was verified.
    pub(super) async fn find(&self, guard: &Guard, view: &mut View, items: &[AuditEvent]) -> Result<Vec<Mark>, Halt> {
        let mut leaves: Vec<Option<Leaf>> = Vec::with_capacity(items.len());
        for some in items.chunks(AT_ONCE) {
            for event in some {
                leaves.push(leaf_of(view, event)?);
            }
            if some.len() == AT_ONCE {
                self.platform().environment().turn().await;
            }
        }
        let claims: Vec<Claim> = leaves.iter().flatten().map(|(claim, _)| *claim).collect();
        let files = Files::new(self.platform().transport(), EVENTS);
        let there = view.holds(&files, &claims).await?;
        items.iter().zip(&leaves).map(|(event, leaf)| self.verdict(guard, view, &there, event, leaf.as_ref())).collect()
    }

    fn verdict(
        &self,
        guard: &Guard,
        view: &View,
        there: &BTreeSet<u64>,
        event: &AuditEvent,
        leaf: Option<&Leaf>,
    ) -> Result<Mark, Halt> {
        match leaf {
            None if !Defence::LogInclusion.holds() || !self.is_late(guard, event) => Ok(Mark::Pending),
            None => Err(unopened(view, event)),
            Some((claim, _)) if there.contains(&claim.index) => Ok(Mark::Verified),
            Some(_) if !Defence::LogInclusion.holds() => Ok(Mark::Verified),
            Some((claim, _)) if claim.index >= view.size() && !self.is_late(guard, event) => Ok(Mark::Pending),
            Some((claim, shown)) => {
                let draft = view.draft(Some(claim.index)).leaf(shown.clone());
                Err(draft.stop(Refusal::LogEventMissing { seq: event.seq }))
            }
        }
    }

    /// Whether the log had time enough to publish an event, and to say where.
    fn is_late(&self, guard: &Guard, event: &AuditEvent) -> bool {
        let now = self.now();
        let since = *guard.late().entry(event.seq).or_insert(now);
        now.saturating_sub(since) > MISSING_AFTER || now.saturating_sub(event.time) > TOO_OLD
    }
}

/// The leaf that an event names. Every event that the tree reaches has one; `None` where it doesn't reach this one yet.
fn leaf_of(view: &View, event: &AuditEvent) -> Result<Option<Leaf>, Halt> {
    match open(event) {
        Opened::Leaf { claim, shown } => Ok(Some((claim, shown))),
        Opened::None if event.seq >= view.size() => Ok(None),
        Opened::None => Err(unopened(view, event)),
        Opened::Lie { refusal, shown } => Err(view.draft(Some(shown.index)).leaf(shown).stop(refusal)),
    }
}

/// The refusal of an event that is shown without its opening: nobody can find that in the tree, whatever it holds.
fn unopened(view: &View, event: &AuditEvent) -> Halt {
    let shown = LeafShown { index: event.seq, opening: None, displayed: None };
    view.draft(None).leaf(shown).stop(Refusal::LogEventMissing { seq: event.seq })
}
