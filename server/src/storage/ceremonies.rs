//! `ceremonies`: what waits between two requests of one ceremony, whichever servers they reach.
//!
//! A row's key is the SHA-256 of the id that the client was given: whoever reads the table goes on with nobody's ceremony.
//! Access codes have theirs in `grants_challenges`.

use api_types::{AccountId, UnixMillis};
use entities::ceremonies::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use sha2::{Digest, Sha256};

use super::DbResult;

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeremonyKind {
    /// Signing in by password, or proving it again.
    SignIn,
    /// Setting a new password by another way in.
    Recovery,
    /// Adding a passkey.
    PasskeyRegistration,
    /// Answering with a passkey.
    Passkey,
}

impl CeremonyKind {
    /// All of them.
    const ALL: [Self; 4] = [Self::SignIn, Self::Recovery, Self::PasskeyRegistration, Self::Passkey];

    fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Recovery => "recovery",
            Self::PasskeyRegistration => "passkey_registration",
            Self::Passkey => "passkey",
        }
    }
}

/// What waits.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// Whose, if that is an account.
    pub account: Option<AccountId>,
    /// What the second request needs to know of the first; nothing that is secret.
    pub state: Vec<u8>,
    /// Until when.
    pub ends_at: UnixMillis,
}

fn key(id: &[u8]) -> Vec<u8> {
    Sha256::digest(id).to_vec()
}

/// Lets one wait; where there are `most` of its kind already, the one that ends first goes.
pub async fn insert(
    conn: &impl ConnectionTrait,
    (kind, most): (CeremonyKind, u64),
    id: &[u8],
    ceremony: Ceremony,
    now: UnixMillis,
) -> DbResult<()> {
    let of_kind = || Entity::find().filter(Column::Kind.eq(kind.name()));
    if of_kind().count(conn).await? >= most
        && let Some(first) = of_kind().order_by_asc(Column::ExpiresAt).limit(1).one(conn).await?
    {
        Entity::delete_by_id(first.id).exec(conn).await?;
    }
    let row = ActiveModel {
        id: Set(key(id)),
        kind: Set(kind.name().to_owned()),
        account_id: Set(ceremony.account.map(|account| account.0.to_vec())),
        subject: Set(None),
        state: Set(ceremony.state),
        created_at: Set(now),
        expires_at: Set(ceremony.ends_at),
    };
    Entity::insert(row).exec_without_returning(conn).await.map(drop)
}

/// Takes one out: it is gone afterwards. `None` where it isn't there, or has ended.
pub async fn take(
    conn: &impl ConnectionTrait,
    kind: CeremonyKind,
    id: &[u8],
    now: UnixMillis,
) -> DbResult<Option<Ceremony>> {
    let key = key(id);
    let found = Entity::find_by_id(key.clone()).filter(Column::Kind.eq(kind.name())).one(conn).await?;
    let Some(row) = found else { return Ok(None) };
    Entity::delete_by_id(key).exec(conn).await?;
    if row.expires_at <= now {
        return Ok(None);
    }
    let account = row.account_id.map(|id| super::id("ceremonies", "account_id", &id).map(AccountId)).transpose()?;
    Ok(Some(Ceremony { account, state: row.state, ends_at: row.expires_at }))
}

/// Forgets those of an account.
pub async fn forget_of(conn: &impl ConnectionTrait, kind: CeremonyKind, account: AccountId) -> DbResult<()> {
    let query = Entity::delete_many().filter(Column::Kind.eq(kind.name()));
    query.filter(Column::AccountId.eq(account.0.to_vec())).exec(conn).await.map(drop)
}

/// Forgets those that nobody went on with.
pub async fn forget_expired(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    let query = Entity::delete_many().filter(Column::Kind.is_in(CeremonyKind::ALL.map(CeremonyKind::name)));
    query.filter(Column::ExpiresAt.lte(now)).exec(conn).await.map(drop)
}
