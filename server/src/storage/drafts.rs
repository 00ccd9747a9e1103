//! `drafts`: sealed, one of each author for a report.

use api_types::{AccountId, ReportId, UnixMillis};
use entities::drafts::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use super::DbResult;

/// An author's draft.
pub async fn get(conn: &impl ConnectionTrait, report: ReportId, author: AccountId) -> DbResult<Option<Model>> {
    Entity::find_by_id((report.0.to_vec(), author.0.to_vec())).one(conn).await
}

/// Whether anybody has a draft of a report.
pub async fn any(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<bool> {
    Ok(Entity::find().filter(Column::ReportId.eq(report.0.to_vec())).count(conn).await? > 0)
}

/// An author's drafts, last saved first.
pub async fn list(conn: &impl ConnectionTrait, author: AccountId) -> DbResult<Vec<Model>> {
    Entity::find().filter(Column::Author.eq(author.0.to_vec())).order_by_desc(Column::UpdatedAt).all(conn).await
}

/// The lengths of an author's drafts but one, sealed.
pub async fn lengths_beside(conn: &impl ConnectionTrait, author: AccountId, but: ReportId) -> DbResult<Vec<u64>> {
    let lengths: Vec<i64> = Entity::find()
        .select_only()
        .expr(Expr::cust("length(sealed)").cast_as("bigint"))
        .filter(Column::Author.eq(author.0.to_vec()))
        .filter(Column::ReportId.ne(but.0.to_vec()))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(lengths.into_iter().map(i64::unsigned_abs).collect())
}

/// A new draft.
pub async fn insert(
    conn: &impl ConnectionTrait,
    (report, author): (ReportId, AccountId),
    counter: i64,
    sealed: Vec<u8>,
    now: UnixMillis,
) -> DbResult<()> {
    let row = ActiveModel {
        report_id: Set(report.0.to_vec()),
        author: Set(author.0.to_vec()),
        counter: Set(counter),
        created_at: Set(now),
        updated_at: Set(now),
        sealed: Set(sealed),
    };
    Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

/// Replaces the sealed bytes.
pub async fn update(
    conn: &impl ConnectionTrait,
    (report, author): (ReportId, AccountId),
    counter: i64,
    sealed: Vec<u8>,
    now: UnixMillis,
) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::Sealed, Expr::value(sealed))
        .col_expr(Column::Counter, Expr::value(counter))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::ReportId.eq(report.0.to_vec()))
        .filter(Column::Author.eq(author.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(())
}

/// Reports and authors of drafts that were last saved before a time, oldest first; not what is sealed in them, which may be much.
pub async fn saved_before(
    conn: &impl ConnectionTrait,
    time: UnixMillis,
    limit: u64,
) -> DbResult<Vec<(ReportId, AccountId)>> {
    let found: Vec<(Vec<u8>, Vec<u8>)> = Entity::find()
        .select_only()
        .columns([Column::ReportId, Column::Author])
        .filter(Column::UpdatedAt.lt(time))
        .order_by_asc(Column::UpdatedAt)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    let ids = |(report, author): (Vec<u8>, Vec<u8>)| -> DbResult<(ReportId, AccountId)> {
        Ok((ReportId(super::id("drafts", "report_id", &report)?), AccountId(super::id("drafts", "author", &author)?)))
    };
    found.into_iter().map(ids).collect()
}

/// Deletes an author's draft; whether there was one.
pub async fn delete(conn: &impl ConnectionTrait, report: ReportId, author: AccountId) -> DbResult<bool> {
    Ok(Entity::delete_by_id((report.0.to_vec(), author.0.to_vec())).exec(conn).await?.rows_affected > 0)
}
