//! What is dropped: snapshots for their age, what unfinished backups left, and objects that no snapshot needs any more.
//!
//! Only whoever holds the lease sweeps. What is needed is told by the indexes: where one of a snapshot is missing, nothing is
//! deleted but what its age drops.

use std::collections::HashSet;

use super::{BackupError, Keep, Repository};

/// Sweeps; says how many snapshots went.
pub async fn run(repository: &Repository, keep: Option<Keep>) -> Result<usize, BackupError> {
    let contents = repository.contents().await?;
    let dropped = keep.map(|keep| keep.dropped(&contents.snapshots)).unwrap_or_default();
    for id in dropped.iter().chain(contents.indexes.difference(&contents.snapshots)) {
        repository.drop_snapshot(id).await?;
    }
    let mut needed = HashSet::new();
    for id in contents.snapshots.difference(&dropped) {
        let Some(index) = repository.index(id).await? else {
            tracing::error!(
                "a snapshot's index is missing or damaged: objects that nobody needs stay in the repository"
            );
            return Ok(dropped.len());
        };
        needed.extend(index.names().map(str::to_owned));
    }
    for name in contents.objects.keys().filter(|name| !needed.contains(*name)) {
        repository.drop_object(name).await?;
    }
    Ok(dropped.len())
}
