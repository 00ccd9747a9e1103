//! `log_key_entries`: the keys tree's leaves in their order. Entry n is leaf n.

use std::collections::HashMap;

use api_types::{AccountId, TeamId, accounts::AccountStatus};
use entities::{
    accounts, key_records,
    log_key_entries::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, sea_query::Expr,
};
use tlog::leaf::{KeyTreeLeaf, Label};

use super::DbResult;
use crate::audit::enum_name;

/// A leaf to be.
#[derive(Debug, Clone)]
pub struct Entry {
    account: AccountId,
    /// Of a key record; none for a binding and for a roster.
    epoch: Option<u32>,
    /// Of a roster.
    team: Option<TeamId>,
    leaf: KeyTreeLeaf,
}

impl Entry {
    /// An account has this key record.
    pub fn key(account: AccountId, epoch: u32, record: &[u8]) -> Self {
        Self { account, epoch: Some(epoch), team: None, leaf: KeyTreeLeaf::key(&account.0, epoch, record) }
    }

    /// The e-mail address that the label stands for belongs to this account.
    pub fn binding(account: AccountId, label: Label) -> Self {
        Self { account, epoch: None, team: None, leaf: KeyTreeLeaf::binding(label, &account.0) }
    }

    /// A team has this roster, which the account signed: a leaf like that of a key record.
    pub fn roster(account: AccountId, team: TeamId, seq: u32, roster: &[u8]) -> Self {
        Self { account, epoch: None, team: Some(team), leaf: KeyTreeLeaf::key(&team.0, seq, roster) }
    }

    fn at(&self, seq: u64) -> DbResult<ActiveModel> {
        let epoch = self.epoch.map(i32::try_from).transpose();
        Ok(ActiveModel {
            seq: Set(number(seq)?),
            account_id: Set(self.account.0.to_vec()),
            epoch: Set(epoch.map_err(|_| super::corrupt("log_key_entries", "epoch"))?),
            data: Set(self.leaf.to_bytes()),
            team_id: Set(self.team.map(|team| team.0.to_vec())),
        })
    }
}

/// Rows of one `INSERT`, and of one `IN`.
const ROWS: usize = 500;

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait) -> DbResult<u64> {
    let newest = Entity::find().select_only().column(Column::Seq).order_by_desc(Column::Seq).limit(1);
    Ok(newest.into_tuple::<i64>().one(conn).await?.map_or(0, |seq| seq.unsigned_abs() + 1))
}

/// Appends entries, in a write transaction: they are there if what they are about is.
pub async fn append(conn: &impl ConnectionTrait, entries: &[Entry]) -> DbResult<()> {
    let mut seq = count(conn).await?;
    for some in entries.chunks(ROWS) {
        let rows = (seq..).zip(some).map(|(seq, entry)| entry.at(seq)).collect::<DbResult<Vec<_>>>()?;
        Entity::insert_many(rows).exec_without_returning(conn).await?;
        seq += some.len() as u64;
    }
    Ok(())
}

/// Places and data from a place on, in their order.
pub async fn from(conn: &impl ConnectionTrait, seq: u64, most: u64) -> DbResult<Vec<(u64, Vec<u8>)>> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let found = Entity::find().filter(Column::Seq.gte(seq)).order_by_asc(Column::Seq).limit(most).all(conn).await?;
    Ok(found.into_iter().map(|entry| (entry.seq.unsigned_abs(), entry.data)).collect())
}

/// The data of the entries of an account's key records, by epoch.
pub async fn of_records(conn: &impl ConnectionTrait, account: &[u8]) -> DbResult<Vec<(i32, Vec<u8>)>> {
    Entity::find()
        .select_only()
        .columns([Column::Epoch, Column::Data])
        .filter(Column::AccountId.eq(account.to_vec()))
        .filter(Column::Epoch.is_not_null())
        .order_by_asc(Column::Epoch)
        .into_tuple()
        .all(conn)
        .await
}

/// The leaves of accounts' key records, epoch 0 first.
pub async fn key_leaves(conn: &impl ConnectionTrait, ids: &[AccountId]) -> DbResult<HashMap<AccountId, Vec<u64>>> {
    let mut leaves: HashMap<AccountId, Vec<u64>> = HashMap::new();
    for some in ids.chunks(ROWS) {
        let found: Vec<(Vec<u8>, i64)> = Entity::find()
            .select_only()
            .column(Column::AccountId)
            .column(Column::Seq)
            .filter(Column::AccountId.is_in(some.iter().map(|id| id.0.to_vec())))
            .filter(Column::Epoch.is_not_null())
            .order_by_asc(Column::Epoch)
            .into_tuple()
            .all(conn)
            .await?;
        for (id, seq) in found {
            let id = AccountId(super::id("log_key_entries", "account_id", &id)?);
            leaves.entry(id).or_default().push(seq.unsigned_abs());
        }
    }
    Ok(leaves)
}

/// The leaf that binds the e-mail of this label to an account: one of several, where the account had others before.
pub async fn binding_leaf(conn: &impl ConnectionTrait, account: AccountId, label: &Label) -> DbResult<Option<u64>> {
    let leaf = KeyTreeLeaf::binding(label.clone(), &account.0);
    let found = Entity::find()
        .select_only()
        .column(Column::Seq)
        .filter(Column::AccountId.eq(account.0.to_vec()))
        .filter(Column::Epoch.is_null())
        .filter(Column::Data.eq(leaf.to_bytes()))
        .order_by_asc(Column::Seq)
        .limit(1);
    Ok(found.into_tuple::<i64>().one(conn).await?.map(i64::unsigned_abs))
}

/// What is bound to the account that was bound last.
#[derive(Debug)]
pub struct Bound {
    /// Place of the newest binding.
    pub seq: u64,
    /// Of the account that was bound last and still has an address.
    pub known: Option<Known>,
}

/// An account with a known address, and what binds it.
#[derive(Debug)]
pub struct Known {
    /// The data of every leaf that binds an e-mail to that account.
    pub data: Vec<Vec<u8>>,
    /// The account's normalised e-mail now: one of them has its label.
    pub email_key: String,
}

/// The newest binding, and those of the account that was bound last and isn't deleted: a deleted one's address is known to
/// nobody any more.
pub async fn newest_binding(conn: &impl ConnectionTrait) -> DbResult<Option<Bound>> {
    let bindings = || Entity::find().filter(Column::Epoch.is_null()).filter(Column::TeamId.is_null());
    let newest = bindings().order_by_desc(Column::Seq).limit(1).one(conn).await?;
    let Some(Model { seq, .. }) = newest else { return Ok(None) };
    let there = accounts::Entity::find().select_only().column(accounts::Column::Id);
    let there = there.filter(accounts::Column::Status.ne(enum_name(&AccountStatus::Deleted))).into_query();
    let of_those = bindings().filter(Column::AccountId.in_subquery(there)).order_by_desc(Column::Seq).limit(1);
    let known = match of_those.one(conn).await? {
        Some(Model { account_id, .. }) => Some(known(conn, account_id).await?),
        None => None,
    };
    Ok(Some(Bound { seq: seq.unsigned_abs(), known }))
}

async fn known(conn: &impl ConnectionTrait, account_id: Vec<u8>) -> DbResult<Known> {
    let bindings = Entity::find().filter(Column::Epoch.is_null());
    let of_account = bindings.filter(Column::AccountId.eq(account_id.clone())).all(conn).await?;
    let account = accounts::Entity::find_by_id(account_id).one(conn).await?;
    let account = account.ok_or_else(|| super::corrupt("log_key_entries", "account_id"))?;
    let data = of_account.into_iter().map(|entry| entry.data).collect();
    Ok(Known { data, email_key: account.email_key })
}

/// Accounts whose e-mail no entry binds to them, with that e-mail, normalised; oldest first.
pub async fn unbound(conn: &impl ConnectionTrait) -> DbResult<Vec<(AccountId, String)>> {
    let bound = Entity::find()
        .select_only()
        .column(Column::AccountId)
        .filter(Column::Epoch.is_null())
        .filter(Column::TeamId.is_null());
    let found: Vec<(Vec<u8>, String)> = accounts::Entity::find()
        .select_only()
        .column(accounts::Column::Id)
        .column(accounts::Column::EmailKey)
        .filter(accounts::Column::Id.not_in_subquery(bound.into_query()))
        .order_by_asc(accounts::Column::CreatedAt)
        .order_by_asc(accounts::Column::Id)
        .into_tuple()
        .all(conn)
        .await?;
    let account = |(id, email): (Vec<u8>, String)| Ok((AccountId(super::id("accounts", "id", &id)?), email));
    found.into_iter().map(account).collect()
}

/// Key records that have no entry, as the entries that they lack; oldest first, at most 500.
pub async fn unlogged(conn: &impl ConnectionTrait) -> DbResult<Vec<Entry>> {
    use key_records::{Column as Of, Entity as Records};
    let there = Entity::find()
        .select_only()
        .column(Column::Seq)
        .filter(Expr::col((Entity, Column::AccountId)).eq(Expr::col((Records, Of::AccountId))))
        .filter(Expr::col((Entity, Column::Epoch)).eq(Expr::col((Records, Of::Epoch))));
    let found = Records::find()
        .filter(Expr::exists(there.into_query()).not())
        .order_by_asc(Of::CreatedAt)
        .order_by_asc(Of::AccountId)
        .order_by_asc(Of::Epoch)
        .limit(ROWS as u64)
        .all(conn)
        .await?;
    found.iter().map(entry_of).collect()
}

fn entry_of(record: &key_records::Model) -> DbResult<Entry> {
    let account = AccountId(super::id("key_records", "account_id", &record.account_id)?);
    let epoch = u32::try_from(record.epoch).map_err(|_| super::corrupt("key_records", "epoch"))?;
    Ok(Entry::key(account, epoch, &record.record))
}

/// As the database counts.
fn number(n: u64) -> DbResult<i64> {
    i64::try_from(n).map_err(|_| super::corrupt("log_key_entries", "seq"))
}
