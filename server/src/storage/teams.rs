//! `teams`, `team_rosters`, `team_key_wraps`: what was signed, and the teams' keys sealed to their members.

use api_types::{AccountId, ReportId, TeamId, UnixMillis};
use entities::{grants, team_key_wraps, team_members, team_rosters, teams, wraps};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, LikeExpr},
};

use super::{
    DbResult,
    grants::Grant,
    log_keys::{self, Entry},
};

pub use entities::{team_key_wraps::Model as KeyRow, teams::Model as TeamRow};

/// Rows in one statement.
const BATCH: usize = 200;

/// A team.
pub async fn get(conn: &impl ConnectionTrait, id: TeamId) -> DbResult<Option<TeamRow>> {
    teams::Entity::find_by_id(id.0.to_vec()).one(conn).await
}

/// A new team.
pub async fn insert(conn: &impl ConnectionTrait, team: TeamRow) -> DbResult<()> {
    teams::Entity::insert(team.into_active_model().reset_all()).exec_without_returning(conn).await?;
    Ok(())
}

/// What the newest roster says.
pub async fn put(conn: &impl ConnectionTrait, team: TeamRow) -> DbResult<()> {
    use teams::Column;
    teams::Entity::update_many()
        .col_expr(Column::Name, Expr::value(team.name))
        .col_expr(Column::NameKey, Expr::value(team.name_key))
        .col_expr(Column::Seq, Expr::value(team.seq))
        .col_expr(Column::KeyEpoch, Expr::value(team.key_epoch))
        .filter(Column::Id.eq(team.id))
        .exec(conn)
        .await?;
    Ok(())
}

/// Nobody finds it by its name any more.
pub async fn hide(conn: &impl ConnectionTrait, id: TeamId) -> DbResult<()> {
    teams::Entity::update_many()
        .col_expr(teams::Column::NameKey, Expr::value(""))
        .filter(teams::Column::Id.eq(id.0.to_vec()))
        .exec(conn)
        .await
        .map(drop)
}

/// Teams one of the words of whose name begins with the normalised text.
pub async fn by_name(conn: &impl ConnectionTrait, name_key: &str, limit: u64) -> DbResult<Vec<TeamRow>> {
    let escaped = name_key.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let like = |pattern: String| teams::Column::NameKey.like(LikeExpr::new(pattern).escape('\\'));
    teams::Entity::find()
        .filter(Condition::any().add(like(format!("{escaped}%"))).add(like(format!("% {escaped}%"))))
        .order_by_asc(teams::Column::NameKey)
        .order_by_asc(teams::Column::Id)
        .limit(limit)
        .all(conn)
        .await
}

/// Teams by their ids, by name.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<Vec<u8>>) -> DbResult<Vec<TeamRow>> {
    let found = teams::Entity::find().filter(teams::Column::Id.is_in(ids));
    found.order_by_asc(teams::Column::NameKey).order_by_asc(teams::Column::Id).all(conn).await
}

/// The signed rosters of a team with their leaves in the keys tree, the first one first.
pub async fn rosters(conn: &impl ConnectionTrait, team: TeamId) -> DbResult<Vec<(Vec<u8>, u64)>> {
    let found: Vec<(Vec<u8>, i64)> = team_rosters::Entity::find()
        .select_only()
        .column(team_rosters::Column::Roster)
        .column(team_rosters::Column::Leaf)
        .filter(team_rosters::Column::TeamId.eq(team.0.to_vec()))
        .order_by_asc(team_rosters::Column::Seq)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(found.into_iter().map(|(roster, leaf)| (roster, leaf.unsigned_abs())).collect())
}

/// Stores a roster, in the keys tree too. In a write transaction.
pub async fn add_roster(
    conn: &impl ConnectionTrait,
    (team, seq): (TeamId, u32),
    author: AccountId,
    roster: &[u8],
    now: UnixMillis,
) -> DbResult<()> {
    let number = |n: u64| i64::try_from(n).map_err(|_| super::corrupt("team_rosters", "leaf"));
    let leaf = number(log_keys::count(conn).await?)?;
    log_keys::append(conn, &[Entry::roster(author, team, seq, roster)]).await?;
    let row = team_rosters::ActiveModel {
        team_id: Set(team.0.to_vec()),
        seq: Set(i32::try_from(seq).map_err(|_| super::corrupt("team_rosters", "seq"))?),
        roster: Set(roster.to_vec()),
        leaf: Set(leaf),
        created_at: Set(now),
    };
    team_rosters::Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

/// The team's keys, sealed to a member.
pub async fn keys_for(conn: &impl ConnectionTrait, team: TeamId, account: AccountId) -> DbResult<Vec<Vec<u8>>> {
    use team_key_wraps::Column;
    team_key_wraps::Entity::find()
        .select_only()
        .column(Column::Wrap)
        .filter(Column::TeamId.eq(team.0.to_vec()))
        .filter(Column::AccountId.eq(account.0.to_vec()))
        .order_by_asc(Column::KeyEpoch)
        .into_tuple()
        .all(conn)
        .await
}

/// Stores keys sealed to members.
pub async fn add_keys(conn: &impl ConnectionTrait, keys: Vec<KeyRow>) -> DbResult<()> {
    for batch in keys.chunks(BATCH) {
        let rows = batch.iter().cloned().map(|key| key.into_active_model().reset_all());
        team_key_wraps::Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// Forgets the keys that were sealed to somebody who is gone.
pub async fn delete_keys(conn: &impl ConnectionTrait, team: TeamId, account: AccountId) -> DbResult<()> {
    use team_key_wraps::Column;
    team_key_wraps::Entity::delete_many()
        .filter(Column::TeamId.eq(team.0.to_vec()))
        .filter(Column::AccountId.eq(account.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(())
}

fn live_grants(team: TeamId, now: UnixMillis) -> sea_orm::Select<grants::Entity> {
    use grants::Column;
    grants::Entity::find()
        .filter(Column::TeamId.eq(team.0.to_vec()))
        .filter(Column::RevokedAt.is_null())
        .filter(Condition::any().add(Column::EndsAt.eq(0)).add(Column::EndsAt.gt(now)))
}

/// The live grants of a team.
pub async fn grants(conn: &impl ConnectionTrait, team: TeamId, now: UnixMillis) -> DbResult<Vec<Grant>> {
    live_grants(team, now).all(conn).await
}

/// What a team was granted ends, and the keys that were sealed to it go. The signed entries stay.
pub async fn end_grants(conn: &impl ConnectionTrait, team: TeamId, now: UnixMillis) -> DbResult<()> {
    use grants::Column;
    let held = grants::Entity::find().select_only().column(Column::Id).filter(Column::TeamId.eq(team.0.to_vec()));
    let keys = wraps::Entity::delete_many().filter(wraps::Column::GrantId.in_subquery(held.into_query()));
    keys.exec(conn).await?;
    grants::Entity::update_many()
        .col_expr(Column::EndsAt, Expr::value(now))
        .filter(Column::TeamId.eq(team.0.to_vec()))
        .filter(Condition::any().add(Column::EndsAt.eq(0)).add(Column::EndsAt.gt(now)))
        .exec(conn)
        .await
        .map(drop)
}

/// The live grants of a team that the chain says are under an earlier key than this.
pub async fn grants_behind(
    conn: &impl ConnectionTrait,
    team: &TeamRow,
    now: UnixMillis,
    limit: u64,
) -> DbResult<Vec<Grant>> {
    let id = TeamId(super::id("teams", "id", &team.id)?);
    let behind = live_grants(id, now).filter(grants::Column::TeamEpoch.lt(team.key_epoch));
    behind.order_by_asc(grants::Column::CreatedAt).order_by_asc(grants::Column::Id).limit(limit).all(conn).await
}

/// The teams to which grants of a report were made, also those that ended.
pub async fn of_report(conn: &impl ConnectionTrait, report: ReportId) -> DbResult<Vec<TeamId>> {
    let found: Vec<Vec<u8>> = grants::Entity::find()
        .select_only()
        .column(grants::Column::TeamId)
        .distinct()
        .filter(grants::Column::ReportId.eq(report.0.to_vec()))
        .filter(grants::Column::TeamId.is_not_null())
        .into_tuple()
        .all(conn)
        .await?;
    found.iter().map(|id| super::id("grants", "team_id", id).map(TeamId)).collect()
}

/// How many teams somebody belongs to.
pub async fn count_of(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    use sea_orm::PaginatorTrait;
    team_members::Entity::find().filter(team_members::Column::AccountId.eq(account.0.to_vec())).count(conn).await
}
