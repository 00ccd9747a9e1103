//! `invitations`: made by people, and the set-up link. Tokens are stored as SHA-256 only.

use api_types::{AccountId, InvitationId, PlaceholderId, UnixMillis, accounts::Role};
use entities::invitations::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use super::DbResult;
use crate::audit::enum_name;

/// An invitation.
#[derive(Debug, Clone)]
pub struct InvitationRow {
    /// Its id.
    pub id: InvitationId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// The link of the first administrator.
    pub set_up: bool,
    /// The role it gives.
    pub role: Role,
    /// Only this e-mail may use it; normalised.
    pub email: Option<String>,
    /// The patient placeholder whose reports it hands over.
    pub placeholder: Option<PlaceholderId>,
    /// Who made it; nobody for the set-up link.
    pub created_by: Option<AccountId>,
    /// When.
    pub created_at: UnixMillis,
    /// When it ends.
    pub expires_at: UnixMillis,
    /// Who used it.
    pub used_by: Option<AccountId>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<UnixMillis>,
    /// SHA-256 of the token that was mailed to its address, another than the one that was shown.
    pub mail_token_hash: Option<[u8; 32]>,
}

impl InvitationRow {
    /// Whether it can be used now.
    pub fn open(&self, now: UnixMillis) -> bool {
        self.used_by.is_none() && self.withdrawn_at.is_none() && now < self.expires_at
    }
}

fn row(model: Model) -> DbResult<InvitationRow> {
    let account =
        |column, id: Option<Vec<u8>>| id.map(|id| super::id("invitations", column, &id).map(AccountId)).transpose();
    Ok(InvitationRow {
        id: InvitationId(super::id("invitations", "id", &model.id)?),
        token_hash: super::id("invitations", "token_hash", &model.token_hash)?,
        set_up: model.set_up,
        role: super::name("invitations", "role", &model.role)?,
        email: model.email,
        placeholder: model
            .placeholder
            .map(|p| super::id("invitations", "placeholder", &p).map(PlaceholderId))
            .transpose()?,
        created_by: account("created_by", model.created_by)?,
        created_at: model.created_at,
        expires_at: model.expires_at,
        used_by: account("used_by", model.used_by)?,
        withdrawn_at: model.withdrawn_at,
        mail_token_hash: model
            .mail_token_hash
            .map(|hash| super::id("invitations", "mail_token_hash", &hash))
            .transpose()?,
    })
}

/// Stores a new one.
pub async fn insert(conn: &impl ConnectionTrait, invitation: &InvitationRow) -> DbResult<()> {
    let model = ActiveModel {
        id: Set(invitation.id.0.to_vec()),
        token_hash: Set(invitation.token_hash.to_vec()),
        set_up: Set(invitation.set_up),
        role: Set(enum_name(&invitation.role)),
        email: Set(invitation.email.clone()),
        placeholder: Set(invitation.placeholder.map(|p| p.0.to_vec())),
        created_by: Set(invitation.created_by.map(|a| a.0.to_vec())),
        created_at: Set(invitation.created_at),
        expires_at: Set(invitation.expires_at),
        used_by: Set(None),
        used_at: Set(None),
        withdrawn_at: Set(None),
        mail_token_hash: Set(invitation.mail_token_hash.map(Vec::from)),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// The one that a token opens, shown or mailed, used or not.
pub async fn by_token(conn: &impl ConnectionTrait, token_hash: &[u8; 32]) -> DbResult<Option<InvitationRow>> {
    let hash = token_hash.to_vec();
    let either = Condition::any().add(Column::TokenHash.eq(hash.clone())).add(Column::MailTokenHash.eq(hash));
    let found = Entity::find().filter(either).one(conn).await?;
    found.map(row).transpose()
}

/// By its id.
pub async fn get(conn: &impl ConnectionTrait, id: InvitationId) -> DbResult<Option<InvitationRow>> {
    Entity::find_by_id(id.0.to_vec()).one(conn).await?.map(row).transpose()
}

/// Those of a person, or everyone's; newest first, without the set-up link.
pub async fn list(
    conn: &impl ConnectionTrait,
    created_by: Option<AccountId>,
    limit: u64,
) -> DbResult<Vec<InvitationRow>> {
    let mut query = Entity::find().filter(Column::SetUp.eq(false)).filter(Column::WithdrawnAt.is_null());
    if let Some(account) = created_by {
        query = query.filter(Column::CreatedBy.eq(account.0.to_vec()));
    }
    let found = query.order_by_desc(Column::CreatedAt).limit(limit).all(conn).await?;
    found.into_iter().map(row).collect()
}

/// Marks an open one as used. Says whether this call did: two can't use the same.
pub async fn use_up(
    conn: &impl ConnectionTrait,
    id: InvitationId,
    account: AccountId,
    now: UnixMillis,
) -> DbResult<bool> {
    let done = Entity::update_many()
        .col_expr(Column::UsedBy, Expr::value(Some(account.0.to_vec())))
        .col_expr(Column::UsedAt, Expr::value(Some(now)))
        .filter(Column::Id.eq(id.0.to_vec()))
        .filter(Column::UsedBy.is_null())
        .filter(Column::WithdrawnAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Withdraws an open one. Says whether it was open.
pub async fn withdraw(conn: &impl ConnectionTrait, id: InvitationId, now: UnixMillis) -> DbResult<bool> {
    let done = Entity::update_many()
        .col_expr(Column::WithdrawnAt, Expr::value(Some(now)))
        .filter(Column::Id.eq(id.0.to_vec()))
        .filter(Column::UsedBy.is_null())
        .filter(Column::WithdrawnAt.is_null())
        .exec(conn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Removes the set-up links of earlier starts.
pub async fn delete_set_up_links(conn: &impl ConnectionTrait) -> DbResult<()> {
    Entity::delete_many().filter(Column::SetUp.eq(true)).filter(Column::UsedBy.is_null()).exec(conn).await.map(drop)
}

/// Removes those that ended before a time: used, withdrawn or expired. What binds a placeholder to an account stays, and so
/// does the set-up link.
pub async fn delete_ended_before(conn: &impl ConnectionTrait, time: UnixMillis) -> DbResult<u64> {
    let ended =
        Condition::any().add(Column::UsedAt.lt(time)).add(Column::WithdrawnAt.lt(time)).add(Column::ExpiresAt.lt(time));
    let rows = Entity::delete_many().filter(Column::SetUp.eq(false)).filter(Column::Placeholder.is_null());
    Ok(rows.filter(ended).exec(conn).await?.rows_affected)
}

/// Whether a placeholder was bound to an account by an invitation.
pub async fn binds(conn: &impl ConnectionTrait, placeholder: PlaceholderId, account: AccountId) -> DbResult<bool> {
    let found = Entity::find()
        .filter(Column::Placeholder.eq(placeholder.0.to_vec()))
        .filter(Column::UsedBy.eq(account.0.to_vec()))
        .limit(1)
        .one(conn)
        .await?;
    Ok(found.is_some())
}
