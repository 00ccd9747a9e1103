//! `ceremonies`: what waits between two requests of one ceremony, whichever servers they reach.
//!
//! A row's key is the SHA-256 of the id that the client was given: whoever reads the table goes on with nobody's ceremony.
//! Access codes have theirs in `grants_challenges`.

use api_types::{AccountId, UnixMillis};
use entities::ceremonies::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, Statement};
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
    /// Answering with a passkey, asked for by who is signed in to nothing.
    Passkey,
    /// Answering with a passkey in a session. Of a kind of its own: no stranger makes it full.
    OwnPasskey,
}

impl CeremonyKind {
    /// All of them.
    const ALL: [Self; 5] = [Self::SignIn, Self::Recovery, Self::PasskeyRegistration, Self::Passkey, Self::OwnPasskey];

    fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Recovery => "recovery",
            Self::PasskeyRegistration => "passkey_registration",
            Self::Passkey => "passkey",
            Self::OwnPasskey => "own_passkey",
        }
    }

    /// The column that says who holds how many of a kind that is full.
    fn held_by(self) -> &'static str {
        match self {
            // All are alike: what strangers may begin of these is bounded before (`services::throttle::Shared`).
            Self::SignIn | Self::Recovery => "kind",
            Self::PasskeyRegistration | Self::OwnPasskey => "account_id",
            Self::Passkey => "subject",
        }
    }
}

/// What waits.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// Whose, if that is an account.
    pub account: Option<AccountId>,
    /// From which network it was asked for, as a keyed hash, where that counts.
    pub network: Option<Vec<u8>>,
    /// What the second request needs to know of the first; nothing that is secret.
    pub state: Vec<u8>,
    /// Until when.
    pub ends_at: UnixMillis,
}

fn key(id: &[u8]) -> Vec<u8> {
    Sha256::digest(id).to_vec()
}

/// Lets one wait; where there are `most` of its kind already, some of these make room.
pub async fn insert(
    conn: &impl ConnectionTrait,
    (kind, most): (CeremonyKind, u64),
    id: &[u8],
    ceremony: Ceremony,
    now: UnixMillis,
) -> DbResult<()> {
    if Entity::find().filter(Column::Kind.eq(kind.name())).count(conn).await? >= most {
        make_room(conn, (kind, most)).await?;
    }
    let row = ActiveModel {
        id: Set(key(id)),
        kind: Set(kind.name().to_owned()),
        account_id: Set(ceremony.account.map(|account| account.0.to_vec())),
        subject: Set(ceremony.network),
        state: Set(ceremony.state),
        created_at: Set(now),
        expires_at: Set(ceremony.ends_at),
    };
    Entity::insert(row).exec_without_returning(conn).await.map(drop)
}

/// Of whoever holds most of a kind those go that end first, one in a hundred at once, so that this is done seldom: who fills it
/// pushes out their own, and nobody's who has few.
async fn make_room(conn: &impl ConnectionTrait, (kind, most): (CeremonyKind, u64)) -> DbResult<()> {
    let (held_by, some) = (kind.held_by(), (most / 100).max(1));
    let sql = format!(
        "DELETE FROM ceremonies WHERE id IN (SELECT id FROM (SELECT id, expires_at, ROW_NUMBER() OVER \
         (PARTITION BY {held_by} ORDER BY expires_at DESC, id) AS place FROM ceremonies WHERE kind = $1) held \
         ORDER BY place DESC, expires_at, id LIMIT {some})"
    );
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [kind.name().into()]);
    conn.execute_raw(statement).await.map(drop)
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
    match row.account_id.map(|id| super::id("ceremonies", "account_id", &id).map(AccountId)).transpose() {
        Ok(account) => Ok(Some(Ceremony { account, network: row.subject, state: row.state, ends_at: row.expires_at })),
        // Whoever it was begins anew; others in the same transaction go on.
        Err(error) => {
            tracing::error!(%error, "what waited between two requests is damaged, and was left out");
            Ok(None)
        }
    }
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
