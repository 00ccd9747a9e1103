//! Which events, and which entries of keys, aren't the ones that their leaves stand for: a bundle at a time, for the scrub.

use std::{collections::BTreeMap, ops::Range};

use entities::audit_events::Model;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use tlog::tile::{BundleId, FULL};

use super::{data::split, leaf::opening};
use crate::{
    audit_hash,
    storage::{
        DbResult,
        failure::is_of_the_row,
        log::{self, Row, Tree},
        log_events, log_keys,
        retention::Removed,
    },
};

/// What a look at entries found.
#[derive(Debug)]
pub struct Looked {
    /// Behind the last one.
    pub end: u64,
    /// Bytes that were compared.
    pub bytes: u64,
    /// Those that are not what the tree holds.
    pub damaged: Vec<u64>,
}

/// Compares entries from a place on, to the end of its bundle; nothing where the tree has no such leaf yet. What can't be read is
/// asked for again, so not in a transaction: PostgreSQL answers nothing more in one that met such a row.
pub async fn look(conn: &impl ConnectionTrait, tree: Tree, place: u64) -> DbResult<Option<Looked>> {
    let size = log::head(conn, tree).await?.map_or(0, |head| head.size);
    let bundle = BundleId::in_tree(place / u64::from(FULL), size).filter(|_| place < size);
    let Some(bundle) = bundle else { return Ok(None) };
    let first = bundle.index() * u64::from(FULL);
    let places = place..first + u64::from(bundle.width());
    let row = match log::tile(conn, tree, Row::Data, bundle.index()).await {
        Err(error) if is_of_the_row(&error) => None,
        row => row?,
    };
    let Some(leaves) = row.and_then(|row| split(tree, &row, bundle.width())) else {
        // The bundle itself is damaged: nothing can be compared with it.
        return Ok(Some(Looked { end: places.end, bytes: 0, damaged: places.collect() }));
    };
    let leaves: BTreeMap<u64, Vec<u8>> = (first..).zip(leaves).filter(|(place, _)| places.contains(place)).collect();
    let (bytes, damaged) = match tree {
        Tree::Events => events(conn, places.clone(), &leaves).await?,
        Tree::Keys => keys(conn, places.clone(), &leaves).await?,
    };
    Ok(Some(Looked { end: places.end, bytes, damaged }))
}

async fn keys(
    conn: &impl ConnectionTrait,
    places: Range<u64>,
    leaves: &BTreeMap<u64, Vec<u8>>,
) -> DbResult<(u64, Vec<u64>)> {
    let found = read_keys(conn, places.clone()).await?;
    let bytes = found.values().map(|data| data.len() as u64).sum();
    Ok((bytes, places.filter(|place| found.get(place) != leaves.get(place)).collect()))
}

/// Entries by their places, without those that can't be read.
async fn read_keys(conn: &impl ConnectionTrait, places: Range<u64>) -> DbResult<BTreeMap<u64, Vec<u8>>> {
    match log_keys::from(conn, places.start, places.end - places.start).await {
        Ok(found) => return Ok(found.into_iter().collect()),
        Err(error) if is_of_the_row(&error) => {}
        Err(error) => return Err(error),
    }
    let mut found = BTreeMap::new();
    for asked in places {
        match log_keys::from(conn, asked, 1).await {
            Ok(entry) => found.extend(entry),
            Err(error) if is_of_the_row(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn events(
    conn: &impl ConnectionTrait,
    places: Range<u64>,
    leaves: &BTreeMap<u64, Vec<u8>>,
) -> DbResult<(u64, Vec<u64>)> {
    let found = read_events(conn, places.start.saturating_sub(2)..places.end).await?;
    let (mut before, mut removed) = (whole_before(&found, places.start), None::<u64>);
    let (mut bytes, mut damaged) = (0, Vec::new());
    for place in places {
        let is_whole = match found.get(&place) {
            Some(Some(event)) => {
                bytes += length(event);
                let is_whole = leaves.get(&place).is_some_and(|leaf| is_event(event, leaf) && follows(before, event));
                // One that is damaged says nothing of the next.
                before = is_whole.then_some(event);
                is_whole
            }
            Some(None) => false,
            None => {
                let through = match removed {
                    Some(through) => through,
                    None => *removed.insert(removed_through(conn).await?),
                };
                place < through
            }
        };
        if !is_whole {
            damaged.push(place);
        }
    }
    Ok((bytes, damaged))
}

/// The event before a place, where its hash and its value of the chain hold.
fn whole_before(found: &BTreeMap<u64, Option<Model>>, place: u64) -> Option<&Model> {
    let at = |back: u64| found.get(&place.checked_sub(back)?)?.as_ref();
    at(1).filter(|event| is_hashed(event) && follows(at(2), event))
}

/// Events by their places, nothing for one that can't be read: it must not hide the others of its bundle.
async fn read_events(conn: &impl ConnectionTrait, places: Range<u64>) -> DbResult<BTreeMap<u64, Option<Model>>> {
    let place = |event: &Model| event.seq.unsigned_abs();
    match log_events::from(conn, places.start, places.end - places.start).await {
        Ok(found) => return Ok(found.into_iter().map(|event| (place(&event), Some(event))).collect()),
        Err(error) if is_of_the_row(&error) => {}
        Err(error) => return Err(error),
    }
    let mut found = BTreeMap::new();
    for asked in places {
        match log_events::at(conn, asked).await {
            Ok(event) => found.extend(event.map(|event| (asked, Some(event)))),
            Err(error) if is_of_the_row(&error) => drop(found.insert(asked, None)),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Before which place events may have been removed for their age. Where that can't be read none that is missing is told of: the
/// event that says so is found by its own leaf.
async fn removed_through(conn: &impl ConnectionTrait) -> DbResult<u64> {
    match Removed::load(conn).await {
        Ok(removed) => Ok(removed.through),
        Err(error) if is_of_the_row(&error) => Ok(u64::MAX),
        Err(error) => Err(error),
    }
}

/// Whether it is the event that the leaf stands for, and what stands beside it fits it.
fn is_event(event: &Model, leaf: &[u8]) -> bool {
    let committed = opening(event).is_ok_and(|opening| opening.is_some_and(|it| it.commitment().0[..] == *leaf));
    committed && is_hashed(event) && event.details.as_ref().is_none_or(|ids| names(&event.subject, ids))
}

/// Whether its hash is its own.
fn is_hashed(event: &Model) -> bool {
    audit_hash::event(event).is_ok_and(|hash| hash[..] == event.hash[..])
}

/// Whether the subject is of these ids, that a list delivered, where it had room to say so.
fn names(subject: &str, ids: &[u8]) -> bool {
    let digest = subject.split(' ').find_map(|said| said.strip_prefix("ids_sha256="));
    digest.is_none_or(|digest| digest == hex::encode(Sha256::digest(ids)))
}

/// Whether its value of the whole log's chain continues the one before, where both are there.
fn follows(before: Option<&Model>, event: &Model) -> bool {
    let (Some(before), Ok(hash)) = (before, <[u8; 32]>::try_from(&event.hash[..])) else { return true };
    let Ok(chain) = <[u8; 32]>::try_from(&before.chain[..]) else { return true };
    before.seq + 1 != event.seq || event.chain.is_empty() || audit_hash::chain(&chain, &hash)[..] == event.chain[..]
}

fn length(event: &Model) -> u64 {
    let beside = [&event.details, &event.request].into_iter().flatten().map(Vec::len).sum::<usize>();
    (event.subject.len() + beside) as u64
}
