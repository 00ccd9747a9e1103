//! Another e-mail address for an account: asked for in a confirmed session, and done once both addresses have confirmed by
//! a mailed link ([`super::email_change_answer`]).
//!
//! The address is no input of the sealing: OPAQUE names the account by its id. So password, recovery kit and keys stay.
//! Nobody learns here whether an address is taken: a change to one waits like any other, and nothing is mailed to it.

use api_types::{
    AccountId, ErrorCode, UnixMillis,
    audit::Action,
    email_change::{EmailChange, PendingEmailChange, StartEmailChange},
    live::LiveKind,
};
use sea_orm::ConnectionTrait;
use tlog::leaf::Label;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::DAY,
    live,
    mail::MailKind,
    policy::Actor,
    random,
    services::{
        confirmation,
        fields::{self, Email},
        notices::{self, Notice},
        throttle::{self, Tried},
    },
    storage::{
        accounts::{self, AccountRow},
        db::WriteTx,
        email_changes::{self, ChangeRow},
        former_addresses,
    },
};

/// How long the two addresses have.
const LIFE: UnixMillis = DAY;

/// `GET /account/email/change`.
pub async fn get(state: &AppState, actor: &Actor) -> ServiceResult<EmailChange> {
    let now = state.clock.now();
    let row = email_changes::of_account(state.db.read(), actor.account).await?.filter(|row| now < row.expires_at);
    let pending = row.map(|row| PendingEmailChange {
        old_confirmed: row.old_confirmed_at.is_some(),
        new_confirmed: row.new_confirmed_at.is_some(),
        expires_at: row.expires_at,
        email: row.address,
    });
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "email_change")).await?;
    Ok(EmailChange { pending })
}

/// `POST /account/email/change`.
pub async fn start(state: &AppState, actor: &Actor, body: StartEmailChange) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    if state.mailer.is_none() {
        return Err(ServiceError::because(ErrorCode::Conflict, "this server sends no mail"));
    }
    let new = fields::email("/email", &body.email)?;
    let label = state.labels.label(&new.key)?;
    let account = accounts::get(state.db.read(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    if account.email_key == new.key {
        return Err(ServiceError::field("/email", "the account has this address already"));
    }
    throttle::count(state, Tried::EmailChange, &actor.account.0).await?;
    let mut tx = confirmation::begin_write(state, actor).await?;
    let change = ChangeRow {
        id: random::bytes()?,
        account: account.id,
        old_key: account.email_key.clone(),
        address: new.shown.clone(),
        address_key: new.key.clone(),
        expires_at: state.clock.now() + LIFE,
        old_confirmed_at: None,
        new_confirmed_at: None,
    };
    email_changes::replace(tx.conn(), &change).await?;
    let taken = is_taken(tx.conn(), account.id, &new.key, &label).await?;
    mail_links(state, &mut tx, (&account, &change), (!taken).then_some(new)).await?;
    tx.record(EventDraft::by(actor, Action::AccountChange).with("what", "email_change_started")).await?;
    tx.tell(actor.account, live::event(LiveKind::AccountChanged));
    tx.commit().await
}

/// To each of the two addresses its own link. Where one's mailbox has too many messages already, nobody is told: asking
/// again later helps, and another answer would tell of a stranger's mailbox.
async fn mail_links(
    state: &AppState,
    tx: &mut WriteTx,
    (account, change): (&AccountRow, &ChangeRow),
    new: Option<Email>,
) -> ServiceResult<()> {
    let old = Notice {
        kind: MailKind::EmailChangeOld,
        account: Some(account.id),
        subject: Some(change.id),
        to: notices::address(account),
    };
    notices::queue(state, tx, old).await?;
    if let Some(to) = new {
        let new = Notice { kind: MailKind::EmailChangeNew, account: Some(account.id), subject: Some(change.id), to };
        notices::queue(state, tx, new).await?;
    }
    Ok(())
}

/// Whether an address is another account's, or was.
pub async fn is_taken(
    conn: &impl ConnectionTrait,
    account: AccountId,
    email_key: &str,
    label: &Label,
) -> ServiceResult<bool> {
    let holders = [accounts::id_by_email(conn, email_key).await?, former_addresses::holder(conn, label).await?];
    Ok(holders.into_iter().flatten().any(|holder| holder != account))
}

/// `DELETE /account/email/change`. Needs no confirmation: it leaves everything as it is.
pub async fn cancel(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    actor.may_secure_account()?;
    let mut tx = state.db.begin_write().await?;
    if !email_changes::delete_of(tx.conn(), actor.account).await? {
        return Err(ErrorCode::NotFound.into());
    }
    tx.record(EventDraft::by(actor, Action::AccountChange).with("what", "email_change_cancelled")).await?;
    tx.tell(actor.account, live::event(LiveKind::AccountChanged));
    tx.commit().await
}
