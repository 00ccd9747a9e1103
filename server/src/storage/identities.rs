//! `identities`, `identity_flows`, `identity_tickets`: who signs in by a provider, and what waits meanwhile.

use api_types::{AccountId, IdentityId, SessionId, UnixMillis};
use entities::{identities, identity_flows, identity_tickets};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};

use super::DbResult;

/// An identity that signs in to an account.
#[derive(Debug, Clone)]
pub struct IdentityRow {
    /// Its id.
    pub id: IdentityId,
    /// Whose.
    pub account: AccountId,
    /// The provider's issuer.
    pub issuer: String,
    /// Whom it means by it.
    pub subject: String,
    /// The address that it knew when it was linked.
    pub email: Option<String>,
    /// When that was.
    pub created_at: UnixMillis,
    /// When it last signed in.
    pub last_used_at: Option<UnixMillis>,
}

fn identity(model: identities::Model) -> DbResult<IdentityRow> {
    Ok(IdentityRow {
        id: IdentityId(super::id("identities", "id", &model.id)?),
        account: AccountId(super::id("identities", "account_id", &model.account_id)?),
        issuer: model.issuer,
        subject: model.subject,
        email: model.email,
        created_at: model.created_at,
        last_used_at: model.last_used_at,
    })
}

/// Stores a new one.
pub async fn insert(conn: &impl ConnectionTrait, identity: &IdentityRow) -> DbResult<()> {
    let model = identities::ActiveModel {
        id: Set(identity.id.0.to_vec()),
        account_id: Set(identity.account.0.to_vec()),
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        email: Set(identity.email.clone()),
        created_at: Set(identity.created_at),
        last_used_at: Set(identity.last_used_at),
        removed_at: Set(None),
    };
    identities::Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// The one that an issuer means by a subject.
pub async fn find(conn: &impl ConnectionTrait, issuer: &str, subject: &str) -> DbResult<Option<IdentityRow>> {
    let query = identities::Entity::find().filter(identities::Column::RemovedAt.is_null());
    let query = query.filter(identities::Column::Issuer.eq(issuer));
    query.filter(identities::Column::Subject.eq(subject)).one(conn).await?.map(identity).transpose()
}

/// An account's, oldest first.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<IdentityRow>> {
    let query = identities::Entity::find().filter(identities::Column::AccountId.eq(account.0.to_vec()));
    let query = query.filter(identities::Column::RemovedAt.is_null());
    let found = query.order_by_asc(identities::Column::CreatedAt).all(conn).await?;
    found.into_iter().map(identity).collect()
}

/// How many an account has.
pub async fn count(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    let query = identities::Entity::find().filter(identities::Column::AccountId.eq(account.0.to_vec()));
    query.filter(identities::Column::RemovedAt.is_null()).count(conn).await
}

/// Whether an account has one of an issuer, or had one that was removed.
pub async fn knew(conn: &impl ConnectionTrait, account: AccountId, issuer: &str) -> DbResult<bool> {
    let query = identities::Entity::find().filter(identities::Column::AccountId.eq(account.0.to_vec()));
    Ok(query.filter(identities::Column::Issuer.eq(issuer)).count(conn).await? > 0)
}

/// Forgets that one was removed: it is about to be linked anew.
pub async fn forget_removed(conn: &impl ConnectionTrait, issuer: &str, subject: &str) -> DbResult<()> {
    let removed = identities::Entity::delete_many().filter(identities::Column::RemovedAt.is_not_null());
    let removed = removed.filter(identities::Column::Issuer.eq(issuer));
    removed.filter(identities::Column::Subject.eq(subject)).exec(conn).await.map(drop)
}

/// It signed in.
pub async fn used(conn: &impl ConnectionTrait, id: IdentityId, now: UnixMillis) -> DbResult<()> {
    let query = identities::Entity::update_many().col_expr(identities::Column::LastUsedAt, Expr::value(Some(now)));
    query.filter(identities::Column::Id.eq(id.0.to_vec())).exec(conn).await.map(drop)
}

/// Removes one of an account. Says whether it was there.
pub async fn remove(
    conn: &impl ConnectionTrait,
    account: AccountId,
    id: IdentityId,
    now: UnixMillis,
) -> DbResult<bool> {
    let query = identities::Entity::update_many().col_expr(identities::Column::RemovedAt, Expr::value(Some(now)));
    let own = query.filter(identities::Column::AccountId.eq(account.0.to_vec()));
    let own = own.filter(identities::Column::RemovedAt.is_null());
    Ok(own.filter(identities::Column::Id.eq(id.0.to_vec())).exec(conn).await?.rows_affected == 1)
}

/// A browser that was sent to a provider.
#[derive(Debug, Clone)]
pub struct FlowRow {
    /// SHA-256 of the state.
    pub state_hash: [u8; 32],
    /// SHA-256 of the browser's cookie.
    pub browser_hash: [u8; 32],
    /// The provider's id.
    pub provider: String,
    /// The session whose account the identity is to be linked to.
    pub session: Option<SessionId>,
    /// What the ID token must name.
    pub nonce: String,
    /// PKCE's.
    pub verifier: String,
    /// When it ends.
    pub expires_at: UnixMillis,
}

/// Stores one.
pub async fn insert_flow(conn: &impl ConnectionTrait, flow: FlowRow) -> DbResult<()> {
    let model = identity_flows::ActiveModel {
        state_hash: Set(flow.state_hash.to_vec()),
        browser_hash: Set(flow.browser_hash.to_vec()),
        provider: Set(flow.provider),
        session_id: Set(flow.session.map(|id| id.0.to_vec())),
        nonce: Set(flow.nonce),
        verifier: Set(flow.verifier),
        expires_at: Set(flow.expires_at),
    };
    identity_flows::Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// Takes the flow of a state out, for the browser that began it and the provider that it went to: it serves once. Another's
/// stays.
pub async fn take_flow(
    conn: &impl ConnectionTrait,
    state_hash: [u8; 32],
    (provider, browser_hash): (&str, [u8; 32]),
) -> DbResult<Option<FlowRow>> {
    use identity_flows::{Column, Entity};
    let Some(found) = Entity::find_by_id(state_hash.to_vec()).one(conn).await? else { return Ok(None) };
    let its = Entity::delete_many().filter(Column::StateHash.eq(state_hash.to_vec()));
    let its = its.filter(Column::Provider.eq(provider));
    let taken = its.filter(Column::BrowserHash.eq(browser_hash.to_vec())).exec(conn).await?;
    if taken.rows_affected != 1 {
        return Ok(None);
    }
    let session = found.session_id.map(|id| super::id("identity_flows", "session_id", &id)).transpose()?;
    Ok(Some(FlowRow {
        state_hash,
        browser_hash,
        provider: found.provider,
        session: session.map(SessionId),
        nonce: found.nonce,
        verifier: found.verifier,
        expires_at: found.expires_at,
    }))
}

/// A verified identity that waits for its browser's next request.
#[derive(Debug, Clone)]
pub struct TicketRow {
    /// SHA-256 of the browser's cookie.
    pub token_hash: [u8; 32],
    /// The provider's id.
    pub provider: String,
    /// Its issuer.
    pub issuer: String,
    /// Whom it means.
    pub subject: String,
    /// The address that it knows.
    pub email: Option<String>,
    /// Whether it says that it verified that.
    pub email_verified: bool,
    /// The name that it knows.
    pub name: Option<String>,
    /// When it ends.
    pub expires_at: UnixMillis,
}

/// Stores one.
pub async fn insert_ticket(conn: &impl ConnectionTrait, ticket: TicketRow) -> DbResult<()> {
    let model = identity_tickets::ActiveModel {
        token_hash: Set(ticket.token_hash.to_vec()),
        provider: Set(ticket.provider),
        issuer: Set(ticket.issuer),
        subject: Set(ticket.subject),
        email: Set(ticket.email),
        email_verified: Set(ticket.email_verified),
        name: Set(ticket.name),
        expires_at: Set(ticket.expires_at),
    };
    identity_tickets::Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// The one that waits for a browser.
pub async fn ticket(conn: &impl ConnectionTrait, token_hash: [u8; 32]) -> DbResult<Option<TicketRow>> {
    let found = identity_tickets::Entity::find_by_id(token_hash.to_vec()).one(conn).await?;
    Ok(found.map(|model| TicketRow {
        token_hash,
        provider: model.provider,
        issuer: model.issuer,
        subject: model.subject,
        email: model.email,
        email_verified: model.email_verified,
        name: model.name,
        expires_at: model.expires_at,
    }))
}

/// Takes it out: it serves once. Says whether it was there.
pub async fn take_ticket(conn: &impl ConnectionTrait, token_hash: [u8; 32]) -> DbResult<bool> {
    Ok(identity_tickets::Entity::delete_by_id(token_hash.to_vec()).exec(conn).await?.rows_affected == 1)
}

/// Forgets what nobody came back for.
pub async fn delete_expired(conn: &impl ConnectionTrait, now: UnixMillis) -> DbResult<()> {
    let flows = identity_flows::Entity::delete_many().filter(identity_flows::Column::ExpiresAt.lte(now));
    flows.exec(conn).await?;
    let tickets = identity_tickets::Entity::delete_many().filter(identity_tickets::Column::ExpiresAt.lte(now));
    tickets.exec(conn).await.map(drop)
}
