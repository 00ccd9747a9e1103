//! `healthsecure log verify`.

use std::path::Path;

use super::{LogError, check, check_entries, key};
use crate::{
    secrets::SecretsDir,
    storage::{
        db::Db,
        log::{self, Tree},
    },
};

/// How many leaves each tree has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Events.
    pub events: u64,
    /// Keys and bindings.
    pub keys: u64,
}

/// Compares all that is stored of both trees, events and keys too.
///
/// # Errors
/// [`LogError::Damaged`] says what doesn't belong to the rest.
pub async fn verify(database_url: &str, data: &Path) -> Result<Sizes, LogError> {
    let db = Db::open(database_url).await?;
    let secrets = SecretsDir::open(data, false)?;
    let events = verify_tree(&db, &secrets, Tree::Events).await?;
    let keys = verify_tree(&db, &secrets, Tree::Keys).await?;
    Ok(Sizes { events, keys })
}

async fn verify_tree(db: &Db, secrets: &SecretsDir, tree: Tree) -> Result<u64, LogError> {
    let Some(head) = log::head(db.read(), tree).await?.filter(|head| head.size > 0) else { return Ok(0) };
    let key = key::existing(secrets, tree, &head)?;
    check(db.read(), tree, &key.verifier()).await?;
    check_entries(db.read(), tree).await
}
