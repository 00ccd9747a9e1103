//! `ways_in`, `opaque_records`: what opens an account.

use api_types::{
    AccountId, B64, UnixMillis, WayInId,
    accounts::{WayIn, WayInKind},
};
use entities::{opaque_records, ways_in};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Statement,
    sea_query::OnConflict,
};

use super::DbResult;
use crate::audit::enum_name;

/// Stores a way in.
pub async fn insert(conn: &impl ConnectionTrait, account: AccountId, way: &WayIn) -> DbResult<()> {
    let model = ways_in::ActiveModel {
        id: Set(way.id.0.to_vec()),
        account_id: Set(account.0.to_vec()),
        kind: Set(enum_name(&way.kind)),
        label: Set(way.label.clone()),
        record: Set(way.record.0.clone()),
        proof_key: Set(way.proof_key.clone().map(|key| key.0)),
        created_at: Set(way.created_at),
    };
    ways_in::Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// An account's ways in, oldest first.
pub async fn of(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<WayIn>> {
    let found = ways_in::Entity::find()
        .filter(ways_in::Column::AccountId.eq(account.0.to_vec()))
        .order_by_asc(ways_in::Column::CreatedAt)
        .order_by_asc(ways_in::Column::Kind)
        .all(conn)
        .await?;
    found.into_iter().map(way_in).collect()
}

/// Those of an account that are proved by a key of their own; where there is no such account, somebody else's: reading them takes
/// as long, and nobody learns by that whether there is one.
pub async fn proved(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<WayIn>> {
    let sql = "SELECT w.* FROM ways_in w WHERE w.proof_key IS NOT NULL AND w.account_id = COALESCE(\
               (SELECT a.id FROM accounts a WHERE a.id = $1), (SELECT a.id FROM accounts a ORDER BY a.id LIMIT 1))";
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [account.0.to_vec().into()]);
    let found = ways_in::Model::find_by_statement(statement).all(conn).await?;
    found.into_iter().map(way_in).collect()
}

fn way_in(model: ways_in::Model) -> DbResult<WayIn> {
    Ok(WayIn {
        id: WayInId(super::id("ways_in", "id", &model.id)?),
        kind: super::name::<WayInKind>("ways_in", "kind", &model.kind)?,
        label: model.label,
        record: B64(model.record),
        proof_key: model.proof_key.map(B64),
        created_at: model.created_at,
    })
}

/// Removes every way in of an account, before new ones are stored in the same transaction.
pub async fn delete_all(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    let query = ways_in::Entity::delete_many().filter(ways_in::Column::AccountId.eq(account.0.to_vec()));
    query.exec(conn).await.map(drop)
}

/// The OPAQUE record of an account. One row comes in any case: finishing a sign-in takes the same time with and without an account.
pub async fn opaque_record(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Option<Vec<u8>>> {
    let sql = "SELECT (SELECT record FROM opaque_records WHERE account_id = $1) AS record";
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [account.0.to_vec().into()]);
    let Some(row) = conn.query_one_raw(statement).await? else { return Ok(None) };
    row.try_get("", "record")
}

/// Stores or replaces the OPAQUE record of an account.
pub async fn put_opaque_record(
    conn: &impl ConnectionTrait,
    account: AccountId,
    record: Vec<u8>,
    now: UnixMillis,
) -> DbResult<()> {
    use opaque_records::Column;
    let model =
        opaque_records::ActiveModel { account_id: Set(account.0.to_vec()), record: Set(record), updated_at: Set(now) };
    let replace = OnConflict::column(Column::AccountId).update_columns([Column::Record, Column::UpdatedAt]).to_owned();
    opaque_records::Entity::insert(model).on_conflict(replace).exec_without_returning(conn).await.map(drop)
}
