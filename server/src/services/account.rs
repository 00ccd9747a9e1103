//! One's own account.

use api_types::{
    AccountId, B64, ErrorCode, UnixMillis,
    accounts::{AccountStatus, EmailBinding, OwnAccount, PutClientState, Role, WayIn},
    audit::Action,
    limits::CLIENT_STATE_MAX,
    live::LiveKind,
};

use crypto::sign::Signed;
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    live,
    policy::Actor,
    services::{fields, second_factor},
    storage::{
        self,
        accounts::{self, AccountRow},
        log_keys, organisation_key_wraps, policies, ways_in,
    },
};

/// `GET /account`: all that is needed to unlock.
pub async fn get(state: &AppState, actor: &Actor) -> ServiceResult<OwnAccount> {
    let row = accounts::get(state.db.read(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    let account = own(state, row).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "account")).await?;
    Ok(account)
}

/// An account as its holder gets it.
pub async fn own(state: &AppState, row: AccountRow) -> ServiceResult<OwnAccount> {
    let conn = state.db.read();
    let public = accounts::public(conn, std::slice::from_ref(&row)).await?;
    let public = public.into_iter().next().ok_or_else(|| ServiceError::Internal("an account without itself".into()))?;
    let wrap = match row.role {
        Role::Administrator => organisation_key_wraps::get(conn, row.id).await?,
        _ => None,
    };
    let required = policies::second_factor_roles(conn).await?.contains(&row.role);
    Ok(OwnAccount {
        removal_at: removal_at(conn, &row).await?,
        second_factor_due: required && !second_factor::has(conn, row.id).await?,
        public,
        binding: binding(state, &row).await?,
        email: row.email,
        email_verified_at: row.email_verified_at,
        ways_in: ways_in::of(conn, row.id).await?,
        keyring: B64(row.keyring),
        client_state: B64(row.client_state),
        client_state_counter: row.client_state_counter.unsigned_abs(),
        organisation_key_wrap: wrap.map(B64),
        created_at: row.created_at,
    })
}

/// When an account is removed, where that was asked for: only a disabled one is.
pub async fn removal_at(conn: &impl ConnectionTrait, row: &AccountRow) -> ServiceResult<Option<UnixMillis>> {
    if row.status != AccountStatus::Disabled {
        return Ok(None);
    }
    Ok(storage::closing::waiting(conn, &[row.id]).await?.remove(&row.id))
}

/// What shows that an account's e-mail is its own, for those who know the address.
pub async fn binding(state: &AppState, row: &AccountRow) -> ServiceResult<Option<EmailBinding>> {
    let (label, proof) = state.labels.of_account(&row.email_key)?;
    let leaf = log_keys::binding_leaf(state.db.read(), row.id, &label).await?;
    Ok(leaf.map(|leaf_index| EmailBinding { leaf_index, proof: B64(proof.to_vec()) }))
}

/// `PUT /account/client-state`. Also in breach of a policy: what a session that only adds a second factor saw (keys, the log's
/// newest checkpoint) must not be lost with it, or this server could show something older the next time. It opens nothing.
pub async fn put_client_state(state: &AppState, actor: &Actor, body: PutClientState) -> ServiceResult<()> {
    actor.may_secure_account()?;
    fields::blob("/sealed", &body.sealed.0, CLIENT_STATE_MAX)?;
    let counter = counter("/counter", body.counter)?;
    let mut tx = state.db.begin_write().await?;
    // A session that ended with a change of the account key must not store what is sealed under the old one.
    storage::sessions::get(tx.conn(), actor.session).await?.ok_or(ErrorCode::SignedOut)?;
    if generation(tx.conn(), actor.account).await? != Some(body.generation) {
        return Err(ErrorCode::CounterStale.into());
    }
    if !accounts::put_client_state(tx.conn(), actor.account, body.sealed.0, counter).await? {
        return Err(ErrorCode::CounterStale.into());
    }
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "client_state").with("counter", counter);
    tx.record(event).await?;
    tx.tell(actor.account, live::event(LiveKind::AccountChanged));
    tx.commit().await
}

/// Of the account key that the stored ways in hold.
pub async fn generation(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<Option<u32>> {
    let ways = ways_in::of(conn, account).await?;
    ways.first().map(|way| generation_of(account, way)).transpose()
}

/// Of the account key that a verified way in holds.
pub fn generation_of(account: AccountId, way: &WayIn) -> ServiceResult<u32> {
    let parsed = Signed::<crypto::account::WayIn>::parse(&way.record.0);
    let way = parsed.map_err(|error| ServiceError::Internal(format!("a stored way in of {account}: {error}")))?;
    Ok(way.claimed().generation)
}

/// A counter that fits its column.
pub fn counter(pointer: &'static str, counter: u64) -> ServiceResult<i64> {
    i64::try_from(counter).map_err(|_| ServiceError::field(pointer, "not a counter"))
}
