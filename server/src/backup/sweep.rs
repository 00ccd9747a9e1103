//! What is dropped: snapshots for their age, what unfinished backups left, and objects that no snapshot needs any more.
//!
//! Only whoever holds the lease sweeps. What is needed is told by the indexes: where one of a snapshot is missing, or something
//! lies there that this version doesn't know, nothing is deleted but what its age drops.

use std::collections::{BTreeSet, HashSet};

use super::{BackupError, Order, Repository, SnapshotId, lease::Lease, repository::Contents};

/// Sweeps; says how many snapshots went.
pub async fn run(repository: &Repository, order: &Order, lease: &Lease) -> Result<usize, BackupError> {
    let contents = repository.contents().await?;
    let dropped = dropped(&contents, order);
    for id in dropped.iter().chain(contents.indexes.difference(&contents.snapshots)) {
        lease.step()?;
        repository.drop_snapshot(id).await?;
    }
    let Some(needed) = needed(repository, &contents, &dropped, lease).await? else { return Ok(dropped.len()) };
    for name in contents.objects.keys().filter(|name| !needed.contains(*name)) {
        lease.step()?;
        repository.drop_object(name).await?;
    }
    Ok(dropped.len())
}

/// Those that nobody keeps. One of a time that is still to come was made by a clock that was ahead: it neither counts nor takes
/// the place of one that does.
fn dropped(contents: &Contents, order: &Order) -> BTreeSet<SnapshotId> {
    let Some(keep) = order.keep else { return BTreeSet::new() };
    let (past, ahead) = contents.by_time(order.clock.now());
    if !ahead.is_empty() {
        tracing::warn!(
            count = ahead.len(),
            "snapshots in the repository are of a time that is still to come: a clock was ahead. They stay until then"
        );
    }
    keep.dropped(&past)
}

/// The names of all objects that a snapshot needs; nothing where that can't be told.
async fn needed(
    repository: &Repository,
    contents: &Contents,
    dropped: &BTreeSet<SnapshotId>,
    lease: &Lease,
) -> Result<Option<HashSet<String>>, BackupError> {
    if contents.unknown > 0 {
        tracing::error!(
            count = contents.unknown,
            "snapshots or indexes in the repository have names that this version doesn't know: another may have made them. \
             Objects that nobody needs stay"
        );
        return Ok(None);
    }
    let mut needed = HashSet::new();
    for id in contents.snapshots.difference(dropped) {
        lease.step()?;
        let Some(index) = repository.index(id).await? else {
            tracing::error!(
                "a snapshot's index is missing or damaged: objects that nobody needs stay in the repository"
            );
            return Ok(None);
        };
        needed.extend(index.names().map(str::to_owned));
    }
    Ok(Some(needed))
}
