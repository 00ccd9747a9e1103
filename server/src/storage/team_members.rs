//! `team_members`: whoever a team's newest roster names, with what they said to it.

use api_types::{AccountId, TeamId, UnixMillis, teams::TeamMemberState};
use entities::team_members::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};

use super::DbResult;
use crate::audit::enum_name;

/// A member.
#[derive(Debug, Clone)]
pub struct MemberRow {
    /// The team.
    pub team: TeamId,
    /// Who.
    pub account: AccountId,
    /// Whether they sign rosters.
    pub manager: bool,
    /// Where they stand.
    pub state: TeamMemberState,
    /// Epoch of the team's key when they joined last.
    pub since_epoch: i32,
    /// By which they left.
    pub leave_statement: Option<Vec<u8>>,
    /// When they were added.
    pub created_at: UnixMillis,
}

fn row(model: Model) -> DbResult<MemberRow> {
    const TABLE: &str = "team_members";
    Ok(MemberRow {
        team: TeamId(super::id(TABLE, "team_id", &model.team_id)?),
        account: AccountId(super::id(TABLE, "account_id", &model.account_id)?),
        manager: model.manager,
        state: super::name(TABLE, "state", &model.state)?,
        since_epoch: model.since_epoch,
        leave_statement: model.leave_statement,
        created_at: model.created_at,
    })
}

/// The members of a team, those added first first.
pub async fn of_team(conn: &impl ConnectionTrait, team: TeamId) -> DbResult<Vec<MemberRow>> {
    let query = Entity::find().filter(Column::TeamId.eq(team.0.to_vec()));
    let found = query.order_by_asc(Column::CreatedAt).order_by_asc(Column::AccountId).all(conn).await?;
    found.into_iter().map(row).collect()
}

/// The memberships of an account.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<MemberRow>> {
    let found = Entity::find().filter(Column::AccountId.eq(account.0.to_vec())).all(conn).await?;
    found.into_iter().map(row).collect()
}

/// One member.
pub async fn get(conn: &impl ConnectionTrait, team: TeamId, account: AccountId) -> DbResult<Option<MemberRow>> {
    Entity::find_by_id((team.0.to_vec(), account.0.to_vec())).one(conn).await?.map(row).transpose()
}

/// Stores a member, in the place of what there was.
pub async fn put(conn: &impl ConnectionTrait, member: &MemberRow) -> DbResult<()> {
    let model = ActiveModel {
        team_id: Set(member.team.0.to_vec()),
        account_id: Set(member.account.0.to_vec()),
        manager: Set(member.manager),
        state: Set(enum_name(&member.state)),
        since_epoch: Set(member.since_epoch),
        leave_statement: Set(member.leave_statement.clone()),
        created_at: Set(member.created_at),
    };
    let conflict = OnConflict::columns([Column::TeamId, Column::AccountId])
        .update_columns([Column::Manager, Column::State, Column::SinceEpoch, Column::LeaveStatement])
        .to_owned();
    Entity::insert(model).on_conflict(conflict).exec_without_returning(conn).await?;
    Ok(())
}

/// Somebody is a manager from now on, or none any more.
pub async fn set_manager(conn: &impl ConnectionTrait, team: TeamId, account: AccountId, manager: bool) -> DbResult<()> {
    Entity::update_many()
        .col_expr(Column::Manager, Expr::value(manager))
        .filter(Column::TeamId.eq(team.0.to_vec()))
        .filter(Column::AccountId.eq(account.0.to_vec()))
        .exec(conn)
        .await?;
    Ok(())
}

/// Somebody is gone.
pub async fn delete(conn: &impl ConnectionTrait, team: TeamId, account: AccountId) -> DbResult<()> {
    Entity::delete_by_id((team.0.to_vec(), account.0.to_vec())).exec(conn).await.map(drop)
}
