//! What each tree is made of: the audit, or the entries of keys; in their order, none left out.

use entities::audit_events::Model;
use sea_orm::ConnectionTrait;

use super::{LogError, leaf::opening};
use crate::storage::{DbResult, log::Tree, log_events, log_keys};

/// What is to be a leaf.
#[derive(Debug)]
pub struct Entry {
    /// Its position.
    pub place: u64,
    /// What the leaf is made of.
    pub data: Vec<u8>,
    /// An event of an earlier version, with the salt that it was just given.
    salted: Option<Model>,
}

/// What one is called where it is damaged.
pub fn noun(tree: Tree) -> &'static str {
    match tree {
        Tree::Events => "event",
        Tree::Keys => "key or address",
    }
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait, tree: Tree) -> DbResult<u64> {
    match tree {
        Tree::Events => log_events::count(conn).await,
        Tree::Keys => log_keys::count(conn).await,
    }
}

/// Entries from a position on.
pub async fn from(conn: &impl ConnectionTrait, tree: Tree, place: u64, most: u64) -> Result<Vec<Entry>, LogError> {
    match tree {
        Tree::Events => log_events::from(conn, place, most).await?.into_iter().map(of_event).collect(),
        Tree::Keys => Ok(log_keys::from(conn, place, most).await?.into_iter().map(of_key).collect()),
    }
}

/// Stores what an entry needs beside its leaf. False where that is there already, which must not be exchanged.
pub async fn keep(conn: &impl ConnectionTrait, entry: &Entry) -> DbResult<bool> {
    match &entry.salted {
        Some(event) => log_events::keep_salt(conn, event).await,
        None => Ok(true),
    }
}

fn of_key((place, data): (u64, Vec<u8>)) -> Entry {
    Entry { place, data, salted: None }
}

fn of_event(mut event: Model) -> Result<Entry, LogError> {
    let place = event.seq.unsigned_abs();
    let old = event.salt.is_none();
    if old {
        log_events::give_salt(&mut event)?;
    }
    let opening = opening(&event)?.ok_or_else(|| LogError::Damaged(format!("event {place} has no salt")))?;
    Ok(Entry { place, data: opening.commitment().0.to_vec(), salted: old.then_some(event) })
}
