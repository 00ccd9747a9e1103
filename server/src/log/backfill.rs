//! Accounts from before the keys tree get their entries: all in one transaction, in the order in which they came.

use super::{Labels, LogError};
use crate::storage::{
    db::Db,
    log_keys::{self, Entry},
};

/// Appends what is missing: the bindings, oldest account first, then the key records. Nothing, where nothing is.
///
/// # Errors
/// [`LogError::Service`]; nothing was appended.
pub async fn backfill(db: &Db, labels: &Labels) -> Result<(), LogError> {
    if log_keys::unbound(db.read()).await?.is_empty() && log_keys::unlogged(db.read()).await?.is_empty() {
        return Ok(());
    }
    let tx = db.begin_write().await?;
    let bindings = log_keys::unbound(tx.conn()).await?.into_iter();
    let bindings = bindings.map(|(account, email)| Ok(Entry::binding(account, labels.label(&email)?)));
    log_keys::append(tx.conn(), &bindings.collect::<Result<Vec<_>, LogError>>()?).await?;
    loop {
        let records = log_keys::unlogged(tx.conn()).await?;
        if records.is_empty() {
            break;
        }
        log_keys::append(tx.conn(), &records).await?;
    }
    Ok(tx.commit().await?)
}
