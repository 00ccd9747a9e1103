//! `servers` and `server_secrets`: who serves this PostgreSQL database, and with which secrets.
//!
//! Leases run by the database's clock, which all of them share.

use std::collections::BTreeMap;

use api_types::UnixMillis;
use entities::{
    server_secrets,
    servers::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, Statement,
    sea_query::{Expr, OnConflict},
};

use super::{DbResult, lease_time};

/// A server.
#[derive(Debug, Clone)]
pub struct ServerRow {
    /// Which.
    pub id: [u8; 16],
    /// Which database it serves.
    pub place: String,
    /// Rises with each start.
    pub fence: i64,
    /// Whether no other may serve beside it.
    pub alone: bool,
    /// What has to be the same on all.
    pub settings: String,
    /// Since when.
    pub started_at: UnixMillis,
}

fn row(model: Model) -> DbResult<ServerRow> {
    Ok(ServerRow {
        id: super::id("servers", "id", &model.id)?,
        place: model.place,
        fence: model.fence,
        alone: model.alone,
        settings: model.settings,
        started_at: model.started_at,
    })
}

/// Of PostgreSQL: which database this is, and what time it is there.
pub async fn place_and_time(conn: &impl ConnectionTrait) -> DbResult<(String, UnixMillis)> {
    let sql = format!("SELECT oid::text, {} FROM pg_database WHERE datname = current_database()", lease_time::SQL);
    let found = conn.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let found = found.ok_or_else(|| DbErr::RecordNotFound("the current database".to_owned()))?;
    Ok((found.try_get_by_index(0)?, found.try_get_by_index(1)?))
}

/// Forgets those whose lease has lapsed, and those of a database that this one was copied from.
pub async fn forget_gone(conn: &impl ConnectionTrait, place: &str, now: UnixMillis) -> DbResult<()> {
    Entity::delete_many().filter(Column::LeaseUntil.lte(now)).exec(conn).await?;
    Entity::delete_many().filter(Column::Place.ne(place)).exec(conn).await.map(drop)
}

/// All that are left.
pub async fn all(conn: &impl ConnectionTrait) -> DbResult<Vec<ServerRow>> {
    Entity::find().all(conn).await?.into_iter().map(row).collect()
}

/// Those of this database whose lease runs. Changes nothing.
pub async fn living(conn: &impl ConnectionTrait) -> DbResult<Vec<ServerRow>> {
    let (place, now) = place_and_time(conn).await?;
    let query = Entity::find().filter(Column::Place.eq(place)).filter(Column::LeaseUntil.gt(now));
    query.all(conn).await?.into_iter().map(row).collect()
}

/// A server, in the place of the same one before.
pub async fn put(conn: &impl ConnectionTrait, server: &ServerRow, lease_until: UnixMillis) -> DbResult<()> {
    let columns =
        [Column::Place, Column::Fence, Column::Alone, Column::Settings, Column::StartedAt, Column::LeaseUntil];
    let row = ActiveModel {
        id: Set(server.id.to_vec()),
        place: Set(server.place.clone()),
        fence: Set(server.fence),
        alone: Set(server.alone),
        settings: Set(server.settings.clone()),
        started_at: Set(server.started_at),
        lease_until: Set(lease_until),
    };
    let conflict = OnConflict::column(Column::Id).update_columns(columns).to_owned();
    Entity::insert(row).on_conflict(conflict).exec_without_returning(conn).await.map(drop)
}

/// Renews a lease. Says whether it was still this one's.
pub async fn renew(conn: &impl ConnectionTrait, id: &[u8; 16], fence: i64, until: UnixMillis) -> DbResult<bool> {
    let query = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(until))
        .filter(Column::Id.eq(id.to_vec()))
        .filter(Column::Fence.eq(fence));
    Ok(query.exec(conn).await?.rows_affected == 1)
}

/// It has ended.
pub async fn leave(conn: &impl ConnectionTrait, id: &[u8; 16], fence: i64) -> DbResult<()> {
    let query = Entity::delete_many().filter(Column::Id.eq(id.to_vec())).filter(Column::Fence.eq(fence));
    query.exec(conn).await.map(drop)
}

/// The secrets that the servers of this database have, by fingerprint.
pub async fn secrets(conn: &impl ConnectionTrait) -> DbResult<BTreeMap<String, [u8; 32]>> {
    let rows = server_secrets::Entity::find().all(conn).await?;
    let secret =
        |row: server_secrets::Model| Ok((row.name, super::id("server_secrets", "fingerprint", &row.fingerprint)?));
    rows.into_iter().map(secret).collect()
}

/// They have this one from now on.
pub async fn put_secret(conn: &impl ConnectionTrait, name: &str, fingerprint: [u8; 32]) -> DbResult<()> {
    use server_secrets::{ActiveModel, Column, Entity};
    let row = ActiveModel { name: Set(name.to_owned()), fingerprint: Set(fingerprint.to_vec()) };
    let conflict = OnConflict::column(Column::Name).update_column(Column::Fingerprint).to_owned();
    Entity::insert(row).on_conflict(conflict).exec_without_returning(conn).await.map(drop)
}
