//! `key_records`: accounts' public keys, epoch by epoch.

use std::collections::HashMap;

use api_types::{AccountId, B64, UnixMillis};
use entities::key_records;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{
    DbResult,
    log_keys::{self, Entry},
};

/// The key records of accounts, epoch 0 first.
pub async fn of(conn: &impl ConnectionTrait, ids: &[AccountId]) -> DbResult<HashMap<AccountId, Vec<B64>>> {
    let mut records: HashMap<AccountId, Vec<B64>> = HashMap::new();
    for chunk in ids.chunks(500) {
        let found = key_records::Entity::find()
            .filter(key_records::Column::AccountId.is_in(chunk.iter().map(|id| id.0.to_vec())))
            .order_by_asc(key_records::Column::Epoch)
            .all(conn)
            .await?;
        for record in found {
            let id = AccountId(super::id("key_records", "account_id", &record.account_id)?);
            records.entry(id).or_default().push(B64(record.record));
        }
    }
    Ok(records)
}

/// An account's newest key record, as received.
pub async fn newest(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Option<Vec<u8>>> {
    let query = key_records::Entity::find().filter(key_records::Column::AccountId.eq(account.0.to_vec()));
    let newest = query.order_by_desc(key_records::Column::Epoch).one(conn).await?;
    Ok(newest.map(|record| record.record))
}

/// Stores a key record, in the keys tree too.
pub async fn insert(
    conn: &impl ConnectionTrait,
    account: AccountId,
    epoch: u32,
    record: &[u8],
    now: UnixMillis,
) -> DbResult<()> {
    let entry = Entry::key(account, epoch, record);
    let epoch = i32::try_from(epoch).map_err(|_| super::corrupt("key_records", "epoch"))?;
    let model = key_records::ActiveModel {
        account_id: Set(account.0.to_vec()),
        epoch: Set(epoch),
        record: Set(record.to_vec()),
        created_at: Set(now),
    };
    key_records::Entity::insert(model).exec_without_returning(conn).await?;
    log_keys::append(conn, &[entry]).await
}
