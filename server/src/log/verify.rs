//! `healthsecure log verify`.

use std::path::Path;

use super::{LogError, check, check_events, key};
use crate::{
    secrets::SecretsDir,
    storage::{
        db::Db,
        log::{self, Tree},
    },
};

/// Compares all that is stored of the log, the events too. Gives the number of leaves.
///
/// # Errors
/// [`LogError::Damaged`] says what doesn't belong to the rest.
pub async fn verify(database_url: &str, data: &Path) -> Result<u64, LogError> {
    let db = Db::open(database_url).await?;
    let Some(head) = log::head(db.read(), Tree::Events).await?.filter(|head| head.size > 0) else { return Ok(0) };
    let key = key::existing(&SecretsDir::open(data, false)?, &head)?;
    check(db.read(), &key.verifier()).await?;
    check_events(db.read()).await
}
