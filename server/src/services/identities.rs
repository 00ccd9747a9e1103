//! The identities that sign in to an account: list, link, remove. None of them unlocks anything, so removing one changes no
//! key.

use api_types::{
    AccountId, ErrorCode, IdentityId,
    audit::Action,
    identities::{Identity, IdentityList, IdentityToLink},
};
use sha2::{Digest, Sha256};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    error::is_unique_violation,
    mail::MailKind,
    oidc::VerifiedIdentity,
    policy::Actor,
    random,
    services::{confirmation, identity_sign_in, notices},
    storage::{
        db::WriteTx,
        identities::{self as rows, IdentityRow, TicketRow},
    },
};

/// Most that an account has.
const MAX: u64 = 20;

/// `GET /account/identities`.
pub async fn list(state: &AppState, actor: &Actor) -> ServiceResult<IdentityList> {
    let found = rows::of_account(state.db.read(), actor.account).await?;
    let describe = |row: IdentityRow| Identity {
        id: row.id,
        provider_name: state.identity_providers.name_of(&row.issuer),
        email: row.email,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    };
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "identities")).await?;
    Ok(IdentityList { items: found.into_iter().map(describe).collect() })
}

/// `DELETE /account/identities/{identity_id}`. Sessions that it began stay: they are ended one by one, like any.
pub async fn remove(state: &AppState, actor: &Actor, id: IdentityId) -> ServiceResult<()> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let mut tx = state.db.begin_write().await?;
    if !rows::remove(tx.conn(), actor.account, id, state.clock.now()).await? {
        return Err(ErrorCode::NotFound.into());
    }
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "identity_removed").with("identity", id);
    tx.record(event).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::IdentityRemoved).await?;
    tx.commit().await
}

/// Under what an identity waits until it is linked: for that browser and that account alone, and never to sign in.
pub fn to_link(browser: [u8; 32], account: AccountId) -> [u8; 32] {
    let text = Sha256::new_with_prefix(b"healthsecure identity to link\0");
    text.chain_update(browser).chain_update(account.0).finalize().into()
}

/// Whether the account has that identity already. One that another account has can't be linked.
pub async fn has(state: &AppState, actor: &Actor, verified: &VerifiedIdentity) -> ServiceResult<bool> {
    actor.may_change_account()?;
    owner_is(rows::find(state.db.read(), &verified.issuer, &verified.subject).await?, actor)
}

fn owner_is(known: Option<IdentityRow>, actor: &Actor) -> ServiceResult<bool> {
    match known {
        Some(known) if known.account != actor.account => Err(ErrorCode::IdentityTaken.into()),
        known => Ok(known.is_some()),
    }
}

/// `GET /account/identities/waiting`.
pub async fn describe_to_link(
    state: &AppState,
    actor: &Actor,
    browser: Option<[u8; 32]>,
) -> ServiceResult<IdentityToLink> {
    let ticket = waiting(state, actor, browser).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "identity_to_link")).await?;
    let provider_name = state.identity_providers.name_of(&ticket.issuer);
    Ok(IdentityToLink { provider_name, email: ticket.email, name: ticket.name })
}

/// `POST /account/identities`: links what waits in this browser for the account that asked for it; one that it has by now
/// stays as it is.
pub async fn link(state: &AppState, actor: &Actor, browser: Option<[u8; 32]>) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let ticket = waiting(state, actor, browser).await?;
    let mut tx = confirmation::begin_write(state, actor).await?;
    identity_sign_in::use_up(&tx, &ticket).await?;
    if owner_is(rows::find(tx.conn(), &ticket.issuer, &ticket.subject).await?, actor)? {
        return tx.commit().await;
    }
    let id = insert(state, &tx, actor.account, &ticket).await?;
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "identity_linked").with("identity", id);
    tx.record(event.with("provider", &ticket.provider)).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::IdentityLinked).await?;
    tx.commit().await
}

async fn waiting(state: &AppState, actor: &Actor, browser: Option<[u8; 32]>) -> ServiceResult<TicketRow> {
    identity_sign_in::waiting(state, browser.map(|browser| to_link(browser, actor.account))).await
}

/// Stores one for an account.
pub async fn insert(
    state: &AppState,
    tx: &WriteTx,
    account: AccountId,
    verified: &TicketRow,
) -> ServiceResult<IdentityId> {
    if rows::count(tx.conn(), account).await? >= MAX {
        return Err(ServiceError::because(ErrorCode::Conflict, format!("an account has at most {MAX} identities")));
    }
    let row = IdentityRow {
        id: IdentityId(random::bytes()?),
        account,
        issuer: verified.issuer.clone(),
        subject: verified.subject.clone(),
        email: verified.email.clone(),
        created_at: state.clock.now(),
        last_used_at: None,
    };
    rows::forget_removed(tx.conn(), &row.issuer, &row.subject).await?;
    match rows::insert(tx.conn(), &row).await {
        Err(error) if is_unique_violation(&error) => Err(ErrorCode::IdentityTaken.into()),
        other => Ok(other.map(|()| row.id)?),
    }
}
