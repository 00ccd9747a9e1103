//! What goes with a report: everything but its genesis, its access chain and its audit.

use api_types::{AccountId, ReportId, UnixMillis, teams::TeamMemberState};
use entities::{
    drafts, grant_seeds, grants, part_segments, parts, rekey_queue, reports, team_members, versions, wraps,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::Expr,
};

use super::DbResult;
use crate::audit::enum_name;

/// Deletes keys, versions and what was drafted of a report, ends its grants, and says which blobs held its ciphertext:
/// they are the caller's to mark.
pub async fn wipe(conn: &impl ConnectionTrait, report: ReportId, now: UnixMillis) -> DbResult<Vec<String>> {
    let id = report.0.to_vec();
    let blobs = part_segments::Entity::find()
        .select_only()
        .column(part_segments::Column::BlobKey)
        .filter(part_segments::Column::ReportId.eq(id.clone()))
        .into_tuple()
        .all(conn)
        .await?;
    macro_rules! delete_of {
        ($($entity:ident),*) => {$(
            $entity::Entity::delete_many().filter($entity::Column::ReportId.eq(id.clone())).exec(conn).await?;
        )*};
    }
    delete_of!(part_segments, parts, versions, wraps, rekey_queue, drafts);
    let granted = grants::Entity::find().select_only().column(grants::Column::Id);
    let granted = granted.filter(grants::Column::ReportId.eq(id.clone())).into_query();
    let seeds = grant_seeds::Entity::delete_many().filter(grant_seeds::Column::GrantId.in_subquery(granted));
    seeds.exec(conn).await?;
    grants::Entity::update_many()
        .col_expr(grants::Column::RevokedAt, Expr::value(now))
        .filter(grants::Column::ReportId.eq(id.clone()))
        .filter(grants::Column::RevokedAt.is_null())
        .exec(conn)
        .await?;
    reports::Entity::update_many()
        .col_expr(reports::Column::ErasedAt, Expr::value(Some(now)))
        .col_expr(reports::Column::UpdatedAt, Expr::value(now))
        .filter(reports::Column::Id.eq(id))
        .exec(conn)
        .await?;
    Ok(blobs)
}

/// Whether a report was ever granted to an account, or to a team that it belongs to.
pub async fn was_granted(conn: &impl ConnectionTrait, report: ReportId, account: AccountId) -> DbResult<bool> {
    use team_members::Column as Of;
    let teams =
        team_members::Entity::find().select_only().column(Of::TeamId).filter(Of::AccountId.eq(account.0.to_vec()));
    let teams = teams.filter(Of::State.eq(enum_name(&TeamMemberState::Member))).into_query();
    let to = Condition::any()
        .add(grants::Column::Recipient.eq(account.0.to_vec()))
        .add(grants::Column::TeamId.in_subquery(teams));
    let granted = grants::Entity::find().filter(grants::Column::ReportId.eq(report.0.to_vec())).filter(to);
    Ok(granted.count(conn).await? > 0)
}
