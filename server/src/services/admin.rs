//! Administration: people. It gives no sight of content.

use api_types::{
    AccountId, ErrorCode, UnixMillis,
    accounts::{AccountStatus, AdminAccount, AdminAccountList, ApproveAccount, Role},
    audit::Action,
    limits::PAGE_DEFAULT,
    live::LiveKind,
};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    live,
    mail::MailKind,
    policy::Actor,
    services::{api_tokens, asking, confirmation, notices, second_factor, sessions, signed},
    storage::{
        self,
        accounts::{self, AccountRow},
        db::WriteTx,
        organisation_key_wraps,
    },
};

/// `GET /admin/accounts`.
pub async fn list(
    state: &AppState,
    actor: &Actor,
    status: Option<AccountStatus>,
    before: Option<&str>,
) -> ServiceResult<AdminAccountList> {
    actor.may_administer()?;
    let before = before.map(parse_cursor).transpose()?;
    let limit = u64::from(PAGE_DEFAULT);
    let rows = accounts::list(state.db.read(), status, before, limit).await?;
    let full = rows.len() as u64 == limit;
    let next = rows.last().filter(|_| full).map(|row| format!("{}-{}", row.created_at, row.id));
    let public = accounts::public(state.db.read(), &rows).await?;
    let event = EventDraft::by(actor, Action::LookUp).with("by", "administration");
    state.audit.record(event.delivered(rows.iter().map(|row| &row.id.0[..]))).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let having = second_factor::having(state.db.read(), &ids).await?;
    let removals = storage::closing::waiting(state.db.read(), &ids).await?;
    let items = rows.into_iter().zip(public).map(|(row, account)| AdminAccount {
        second_factor: having.contains(&row.id),
        removal_at: removals.get(&row.id).copied(),
        account,
        email: row.email,
        email_verified_at: row.email_verified_at,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        invited_by: row.invited_by,
    });
    Ok(AdminAccountList { items: items.collect(), next })
}

fn parse_cursor(text: &str) -> ServiceResult<(UnixMillis, AccountId)> {
    let parse = || {
        let (time, id) = text.split_once('-')?;
        Some((time.parse().ok()?, id.parse().ok()?))
    };
    parse().ok_or_else(|| ServiceError::field("/before", "not a cursor that this list gave"))
}

/// `POST /admin/accounts/{id}/approve`: stores the signed approval; whoever waited becomes active.
pub async fn approve(state: &AppState, actor: &Actor, id: AccountId, body: ApproveAccount) -> ServiceResult<()> {
    actor.may_administer()?;
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let row = accounts::get(tx.conn(), id).await?.ok_or(ErrorCode::NotFound)?;
    match row.status {
        AccountStatus::Disabled => return Err(ServiceError::because(ErrorCode::Conflict, "the account is disabled")),
        AccountStatus::Deleted => return Err(ErrorCode::AccountDeleted.into()),
        AccountStatus::Pending | AccountStatus::Active | AccountStatus::Refused => {}
    }
    let instance = storage::instance::load(tx.conn()).await?;
    let key = instance.and_then(|row| row.organisation_key).ok_or(ErrorCode::Conflict)?;
    let said = (id, row.name.as_str(), row.role);
    signed::approval("/approval", &body.approval.0, &key, &state.instance.instance_id, said, now)?;
    accounts::set_status(tx.conn(), id, AccountStatus::Active, Some(body.approval.0)).await?;
    if let Some(wrap) = body.organisation_key_wrap {
        put_wrap(&tx, &row, wrap.0, now).await?;
    }
    tx.record(EventDraft::by(actor, Action::Approve).with("account", id).with("role", enum_name(&row.role))).await?;
    finish(state, tx, id).await
}

async fn put_wrap(tx: &WriteTx, row: &AccountRow, wrap: Vec<u8>, now: UnixMillis) -> ServiceResult<()> {
    if row.role != Role::Administrator {
        return Err(ServiceError::field("/organisation_key_wrap", "only administrators get it"));
    }
    signed::organisation_wrap("/organisation_key_wrap", &wrap)?;
    Ok(organisation_key_wraps::put(tx.conn(), row.id, wrap, now).await?)
}

/// `POST /admin/accounts/{id}/refuse`: for those who wait. Their sessions stay, so that they can see it.
pub async fn refuse(state: &AppState, actor: &Actor, id: AccountId) -> ServiceResult<()> {
    actor.may_administer()?;
    let mut tx = state.db.begin_write().await?;
    let row = accounts::get(tx.conn(), id).await?.ok_or(ErrorCode::NotFound)?;
    if row.status != AccountStatus::Pending {
        return Err(ServiceError::because(ErrorCode::Conflict, "the account does not wait for approval"));
    }
    accounts::set_status(tx.conn(), id, AccountStatus::Refused, None).await?;
    tx.record(EventDraft::by(actor, Action::Refuse).with("account", id)).await?;
    finish(state, tx, id).await
}

/// `POST /admin/accounts/{id}/disable`: somebody left, or their account is in other hands. Their sessions end at once; what they
/// were granted stays in the signed access chains for its owners to revoke.
pub async fn disable(state: &AppState, actor: &Actor, id: AccountId) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    if id == actor.account {
        return Err(ServiceError::because(ErrorCode::Conflict, "nobody disables their own account"));
    }
    let mut tx = switch(state, id, AccountStatus::Active, AccountStatus::Disabled).await?;
    let ended = storage::sessions::delete_others(tx.conn(), id, None).await?;
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "disabled").with("account", id);
    let tokens = api_tokens::end_all(&tx, id).await?;
    tx.record(event.with("sessions_ended", ended).with("tokens_ended", tokens)).await?;
    notices::tell_id(state, &mut tx, id, MailKind::AccountDisabled).await?;
    finish(state, tx, id).await
}

/// `POST /admin/accounts/{id}/enable`: takes that back, a removal that was asked for since, and what was asked of its holder, who
/// could refuse nothing.
pub async fn enable(state: &AppState, actor: &Actor, id: AccountId) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let mut tx = switch(state, id, AccountStatus::Disabled, AccountStatus::Active).await?;
    let mut event = EventDraft::by(actor, Action::AccountChange).with("what", "enabled").with("account", id);
    if storage::closing::withdraw(tx.conn(), id).await? {
        event = event.with("removal", "withdrawn");
    }
    let ended = asking::begin_anew(&tx, id).await?;
    if ended > 0 {
        event = event.with("askings_ended", ended);
    }
    tx.record(event).await?;
    notices::tell_id(state, &mut tx, id, MailKind::AccountEnabled).await?;
    finish(state, tx, id).await
}

/// The account with its new status, in a transaction, where it has the one before.
async fn switch(state: &AppState, id: AccountId, from: AccountStatus, to: AccountStatus) -> ServiceResult<WriteTx> {
    let tx = state.db.begin_write().await?;
    let row = accounts::get(tx.conn(), id).await?.ok_or(ErrorCode::NotFound)?;
    if row.status != from {
        let is = enum_name(&row.status);
        return Err(ServiceError::because(
            ErrorCode::Conflict,
            format!("the account is {is}, not {}", enum_name(&from)),
        ));
    }
    accounts::set_status(tx.conn(), id, to, None).await?;
    Ok(tx)
}

/// `DELETE /admin/accounts/{id}/second-factors`: for someone who lost app and recovery codes. It opens nothing: password or
/// recovery kit are still needed. The account's sessions end. A passkey that opened the account goes; the account key, which nobody but its
/// holder can change, is made anew by their client when they sign in next.
pub async fn remove_second_factors(state: &AppState, actor: &Actor, id: AccountId) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    if id == actor.account {
        return Err(ServiceError::because(ErrorCode::Conflict, "remove your own in your settings"));
    }
    let mut tx = state.db.begin_write().await?;
    if second_factor::remove_all(&tx, id).await? == 0 {
        return Err(ErrorCode::NotFound.into());
    }
    let ended = storage::sessions::delete_others(tx.conn(), id, None).await?;
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "second_factors_removed");
    let tokens = api_tokens::end_all(&tx, id).await?;
    let event = event.with("account", id).with("sessions_ended", ended);
    tx.record(event.with("tokens_ended", tokens)).await?;
    notices::tell_id(state, &mut tx, id, MailKind::SecondFactorsReset).await?;
    finish(state, tx, id).await
}

/// The account's own pages hear of it, and its sessions are read anew.
async fn finish(state: &AppState, mut tx: WriteTx, account: AccountId) -> ServiceResult<()> {
    sessions::tell_changed(&mut tx, account);
    tx.tell(account, live::event(LiveKind::AccountChanged));
    tx.commit().await?;
    sessions::changed(state, account);
    Ok(())
}
