//! `instance`: the one row that describes this installation.

use api_types::UnixMillis;
use entities::instance::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::{DbResult, db::Db};
use crate::{ServiceError, ServiceResult, clock::now_ms, random};

/// The row's key.
const ONLY: i32 = 1;

/// This installation.
#[derive(Debug, Clone)]
pub struct InstanceRow {
    /// Fixed random id: the OPAQUE server identity.
    pub instance_id: [u8; 16],
    /// Display name.
    pub name: String,
    /// Public half of the organisation key, once set up.
    pub organisation_key: Option<[u8; 32]>,
    /// When the first administrator signed up.
    pub set_up_at: Option<UnixMillis>,
}

/// The row, made on an empty database.
pub async fn load_or_create(db: &Db, name: &str) -> ServiceResult<InstanceRow> {
    if let Some(row) = load(db.read()).await? {
        return Ok(row);
    }
    let id = random::bytes::<16>()?;
    let row = ActiveModel {
        id: Set(ONLY),
        instance_id: Set(id.to_vec()),
        name: Set(name.to_owned()),
        organisation_key: Set(None),
        set_up_at: Set(None),
        created_at: Set(now_ms()),
    };
    let tx = db.begin_write().await?;
    // Another server may start on the same empty database.
    let mut there = OnConflict::column(Column::Id);
    Entity::insert(row).on_conflict(there.do_nothing().to_owned()).exec_without_returning(tx.conn()).await?;
    tx.commit().await?;
    load(db.read()).await?.ok_or_else(|| ServiceError::Internal("the instance row is gone".into()))
}

/// The row.
pub async fn load(conn: &impl ConnectionTrait) -> DbResult<Option<InstanceRow>> {
    let Some(row) = Entity::find_by_id(ONLY).one(conn).await? else { return Ok(None) };
    Ok(Some(InstanceRow {
        instance_id: super::id("instance", "instance_id", &row.instance_id)?,
        name: row.name,
        organisation_key: row.organisation_key.map(|k| super::id("instance", "organisation_key", &k)).transpose()?,
        set_up_at: row.set_up_at,
    }))
}

/// Lets nobody else who asks for this go on until the transaction ends.
pub async fn lock(conn: &impl ConnectionTrait) -> DbResult<()> {
    Entity::find_by_id(ONLY).lock_exclusive().one(conn).await.map(drop)
}

/// Ends the set-up: only the first call does. Says whether this one did.
pub async fn set_up(conn: &impl ConnectionTrait, organisation_key: &[u8; 32], now: UnixMillis) -> DbResult<bool> {
    let done = Entity::update_many()
        .col_expr(Column::OrganisationKey, Expr::value(organisation_key.to_vec()))
        .col_expr(Column::SetUpAt, Expr::value(now))
        .filter(Column::Id.eq(ONLY))
        .filter(Column::SetUpAt.is_null())
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}
