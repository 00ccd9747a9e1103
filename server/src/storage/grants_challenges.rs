//! Challenges of access codes, in `ceremonies`: one at a time for each grant, each good for one try.

use api_types::{AccountId, GrantId, SessionId, UnixMillis};
use entities::ceremonies::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::DbResult;

const KIND: &str = "redeem";

/// For whom a challenge was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// The grant to redeem.
    pub grant: GrantId,
    /// Who redeems.
    pub account: AccountId,
    /// In which session.
    pub session: SessionId,
}

/// Stores a challenge; an earlier one for the same grant is void.
pub async fn insert(
    conn: &impl ConnectionTrait,
    random: [u8; 32],
    challenge: Challenge,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> DbResult<()> {
    Entity::delete_many()
        .filter(Column::Kind.eq(KIND))
        .filter(Column::AccountId.eq(challenge.account.0.to_vec()))
        .filter(Column::Subject.eq(challenge.grant.0.to_vec()))
        .exec(conn)
        .await?;
    let row = ActiveModel {
        id: Set(random.to_vec()),
        kind: Set(KIND.to_owned()),
        account_id: Set(Some(challenge.account.0.to_vec())),
        subject: Set(Some(challenge.grant.0.to_vec())),
        state: Set(challenge.session.0.to_vec()),
        created_at: Set(now),
        expires_at: Set(expires_at),
    };
    Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

/// Takes a challenge: it is gone afterwards, whatever it is used for. Whether it was good.
pub async fn take(
    conn: &impl ConnectionTrait,
    random: [u8; 32],
    challenge: Challenge,
    now: UnixMillis,
) -> DbResult<bool> {
    let Some(row) = Entity::find_by_id(random.to_vec()).one(conn).await? else { return Ok(false) };
    Entity::delete_by_id(random.to_vec()).exec(conn).await?;
    Ok(row.kind == KIND
        && row.expires_at > now
        && row.account_id.as_deref() == Some(&challenge.account.0)
        && row.subject.as_deref() == Some(&challenge.grant.0)
        && row.state == challenge.session.0)
}

/// Forgets challenges that nobody used.
pub async fn forget_expired(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    Entity::delete_many().filter(Column::Kind.eq(KIND)).filter(Column::ExpiresAt.lte(now)).exec(conn).await?;
    Ok(())
}
