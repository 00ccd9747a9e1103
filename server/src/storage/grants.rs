//! `grants` and `grant_seeds`: the chain's grants with what the server alone keeps.

use api_types::{AccountId, GrantId, PlaceholderId, ReportId, UnixMillis, grants::Right};
use entities::{grant_seeds, grants, invitations};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, OnConflict, Query},
};

use super::DbResult;

pub use entities::grants::Model as Grant;

/// A grant.
pub async fn get(conn: &impl ConnectionTrait, id: GrantId) -> DbResult<Option<Grant>> {
    grants::Entity::find_by_id(id.0.to_vec()).one(conn).await
}

/// Every grant of a report, newest first.
pub async fn of_report(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<Vec<Grant>> {
    grants::Entity::find()
        .filter(grants::Column::ReportId.eq(report.0.to_vec()))
        .order_by_desc(grants::Column::Seq)
        .all(conn)
        .await
}

/// Who made the grants that stand for a placeholder.
pub async fn makers_for(conn: &impl ConnectionTrait, placeholder: PlaceholderId) -> DbResult<Vec<AccountId>> {
    let makers: Vec<Vec<u8>> = grants::Entity::find()
        .select_only()
        .column(grants::Column::GrantedBy)
        .distinct()
        .filter(grants::Column::Placeholder.eq(placeholder.0.to_vec()))
        .into_tuple()
        .all(conn)
        .await?;
    makers.iter().map(|maker| super::id("grants", "granted_by", maker).map(AccountId)).collect()
}

/// New grants.
pub async fn insert(conn: &impl ConnectionTrait, new: Vec<Grant>) -> DbResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let rows = new.into_iter().map(|grant| grant.into_active_model().reset_all());
    grants::Entity::insert_many(rows).exec_without_returning(conn).await?;
    Ok(())
}

fn update(ids: &[GrantId]) -> sea_orm::UpdateMany<grants::Entity> {
    let ids = ids.iter().map(|id| id.0.to_vec());
    grants::Entity::update_many().filter(grants::Column::Id.is_in(ids))
}

/// Marks grants as revoked and forgets their seeds.
pub async fn revoke(conn: &impl ConnectionTrait, ids: &[GrantId], now: UnixMillis) -> DbResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
    update(ids).col_expr(grants::Column::RevokedAt, Expr::value(now)).exec(conn).await?;
    let ids = ids.iter().map(|id| id.0.to_vec());
    grant_seeds::Entity::delete_many().filter(grant_seeds::Column::GrantId.is_in(ids)).exec(conn).await?;
    Ok(())
}

/// The code was right.
pub async fn proved(conn: &impl ConnectionTrait, id: GrantId, now: UnixMillis) -> DbResult<()> {
    update(&[id]).col_expr(grants::Column::ProvedAt, Expr::value(now)).exec(conn).await?;
    Ok(())
}

/// The code was right and the seed is stored: the grant is live.
pub async fn redeemed(conn: &impl ConnectionTrait, id: GrantId, now: UnixMillis) -> DbResult<()> {
    update(&[id]).col_expr(grants::Column::RedeemedAt, Expr::value(now)).exec(conn).await?;
    Ok(())
}

/// A bearer grant has a holder now.
pub async fn claimed(conn: &impl ConnectionTrait, id: GrantId, by: AccountId, now: UnixMillis) -> DbResult<()> {
    update(&[id])
        .col_expr(grants::Column::Recipient, Expr::value(by.0.to_vec()))
        .col_expr(grants::Column::RedeemedAt, Expr::value(now))
        .exec(conn)
        .await?;
    Ok(())
}

/// Sets what grants are worth: an own grant counts as less once custody has passed.
pub async fn set_right(conn: &impl ConnectionTrait, ids: &[GrantId], right: Right) -> DbResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
    update(ids).col_expr(grants::Column::Right, Expr::value(crate::audit::enum_name(&right))).exec(conn).await?;
    Ok(())
}

/// A team's grant goes on under a later key of the team.
pub async fn set_team_epoch(conn: &impl ConnectionTrait, id: GrantId, key_epoch: i32) -> DbResult<()> {
    update(&[id]).col_expr(grants::Column::TeamEpoch, Expr::value(key_epoch)).exec(conn).await?;
    Ok(())
}

/// Sets the number of tries left.
pub async fn set_tries(conn: &impl ConnectionTrait, id: GrantId, tries_left: i32) -> DbResult<()> {
    update(&[id]).col_expr(grants::Column::TriesLeft, Expr::value(tries_left)).exec(conn).await?;
    Ok(())
}

/// The recipient asks for a new code.
pub async fn requested(conn: &impl ConnectionTrait, id: GrantId, now: UnixMillis) -> DbResult<()> {
    update(&[id]).col_expr(grants::Column::RequestedAt, Expr::value(now)).exec(conn).await?;
    Ok(())
}

/// Grants to an account that are not live yet or no longer: unredeemed codes to it, and unclaimed bearer grants for
/// the placeholders that its invitations carried. Newest first.
pub async fn waiting_for(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<Grant>> {
    use grants::Column;
    let placeholders = Query::select()
        .column(invitations::Column::Placeholder)
        .from(invitations::Entity)
        .and_where(invitations::Column::UsedBy.eq(account.0.to_vec()))
        .and_where(invitations::Column::Placeholder.is_not_null())
        .to_owned();
    let codes = Condition::all().add(Column::Recipient.eq(account.0.to_vec())).add(Column::Kind.eq("code"));
    let bearers = Condition::all()
        .add(Column::Recipient.is_null())
        .add(Column::Kind.eq("bearer"))
        .add(Expr::col(Column::Placeholder).in_subquery(placeholders));
    grants::Entity::find()
        .filter(Column::RevokedAt.is_null())
        .filter(Column::RedeemedAt.is_null())
        .filter(Condition::any().add(codes).add(bearers))
        .order_by_desc(Column::CreatedAt)
        .all(conn)
        .await
}

/// The seed sealed to recipient and code.
pub async fn sealed_seed(conn: &impl ConnectionTrait, id: GrantId) -> DbResult<Option<Vec<u8>>> {
    let row = grant_seeds::Entity::find_by_id(id.0.to_vec()).one(conn).await?;
    Ok(row.and_then(|row| row.sealed_seed))
}

/// Stores the seed sealed to recipient and code.
pub async fn put_sealed_seed(conn: &impl ConnectionTrait, id: GrantId, sealed: Vec<u8>) -> DbResult<()> {
    let row =
        grant_seeds::ActiveModel { grant_id: Set(id.0.to_vec()), sealed_seed: Set(Some(sealed)), seed: Set(None) };
    grant_seeds::Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

/// The seed as its holder resealed it.
pub async fn seed(conn: &impl ConnectionTrait, id: GrantId) -> DbResult<Option<Vec<u8>>> {
    let row = grant_seeds::Entity::find_by_id(id.0.to_vec()).one(conn).await?;
    Ok(row.and_then(|row| row.seed))
}

/// Stores the seed as its holder resealed it.
pub async fn put_seed(conn: &impl ConnectionTrait, id: GrantId, seed: Vec<u8>) -> DbResult<()> {
    let row = grant_seeds::ActiveModel { grant_id: Set(id.0.to_vec()), sealed_seed: Set(None), seed: Set(Some(seed)) };
    let conflict = OnConflict::column(grant_seeds::Column::GrantId).update_column(grant_seeds::Column::Seed).to_owned();
    grant_seeds::Entity::insert(row).on_conflict(conflict).exec_without_returning(conn).await?;
    Ok(())
}
