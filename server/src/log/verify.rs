//! `healthsecure log verify`.

use std::path::Path;

use super::{Compared, LogError, check, check_entries, key};
use crate::{
    database_url::DatabaseUrl,
    secrets::SecretsDir,
    storage::{
        db::Db,
        log::{self, Tree},
    },
};

/// What was found whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Events.
    pub events: Compared,
    /// Keys and bindings.
    pub keys: Compared,
}

/// Compares all that is stored of both trees, events and keys too.
///
/// # Errors
/// [`LogError::Damaged`] says what doesn't belong to the rest; [`LogError::Open`] what hinders looking at it.
pub async fn verify(database: &DatabaseUrl, data: &Path) -> Result<Verified, LogError> {
    verify_in(&Db::open_existing(database).await?, data).await
}

/// As [`verify`], of a database that is open.
///
/// # Errors
/// As there.
pub async fn verify_in(db: &Db, data: &Path) -> Result<Verified, LogError> {
    let secrets = SecretsDir::open(data, false)?;
    let events = verify_tree(db, &secrets, Tree::Events).await?;
    let keys = verify_tree(db, &secrets, Tree::Keys).await?;
    Ok(Verified { events, keys })
}

async fn verify_tree(db: &Db, secrets: &SecretsDir, tree: Tree) -> Result<Compared, LogError> {
    let Some(head) = log::head(db.read(), tree).await?.filter(|head| head.size > 0) else {
        return Ok(Compared::default());
    };
    let key = key::existing(secrets, tree, &head)?;
    check(db.read(), tree, &key.verifier()).await?;
    check_entries(db.read(), tree).await
}
