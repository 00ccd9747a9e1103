//! Mail that tells an account of something, queued with the change itself and sent after its commit.
//!
//! Somebody who makes something happen again and again must neither flood a mailbox nor fill the disk: of each kind an
//! address gets a few an hour, then one more that waits its turn. At most [`KEPT`] wait in the outbox, and as many that were
//! given up lie there. Where there is no room, the last that waits tells of what happened since in place of what it told of
//! before. Nothing of this ever refuses what is told of.

use api_types::{AccountId, accounts::AccountStatus};

use crate::{
    AppState, ServiceResult,
    mail::MailKind,
    random,
    services::{
        fields::Email,
        throttle::{self, Tried},
    },
    storage::{
        accounts::{self, AccountRow},
        db::WriteTx,
        lease_time::Times,
        outbox::{self, OutboxRow},
    },
};

/// Most messages of a kind that wait for one address in the outbox, and most of those that were given up.
pub const KEPT: usize = 10;

/// A message to be queued.
#[derive(Debug)]
pub struct Notice {
    /// What it tells.
    pub kind: MailKind,
    /// Whom.
    pub account: Option<AccountId>,
    /// The verification, invitation or code at sign-up that its link or code belongs to.
    pub subject: Option<[u8; 16]>,
    /// Where to.
    pub to: Email,
}

/// Tells an account, whose row is at hand.
pub async fn tell(state: &AppState, tx: &mut WriteTx, account: &AccountRow, kind: MailKind) -> ServiceResult<()> {
    let to = address(account);
    queue(state, tx, Notice { kind, account: Some(account.id), subject: None, to }).await.map(drop)
}

/// Tells an account.
pub async fn tell_id(state: &AppState, tx: &mut WriteTx, account: AccountId, kind: MailKind) -> ServiceResult<()> {
    if state.mailer.is_none() {
        return Ok(());
    }
    match accounts::get(tx.conn(), account).await? {
        Some(row) if row.status != AccountStatus::Deleted => tell(state, tx, &row, kind).await,
        _ => Ok(()),
    }
}

/// An account's address.
pub fn address(account: &AccountRow) -> Email {
    Email { shown: account.email.clone(), key: account.email_key.clone() }
}

/// Queues a message, if mail is sent and its address has room for it. Says whether it did.
pub async fn queue(state: &AppState, tx: &mut WriteTx, notice: Notice) -> ServiceResult<bool> {
    if state.mailer.is_none() {
        return Ok(false);
    }
    let Notice { kind, account, subject, ref to } = notice;
    if outbox::count(tx.conn(), &to.key, kind).await? >= KEPT as u64 {
        tracing::warn!(?kind, "an address has so many messages waiting that there is no room for one more");
        return renew(state, tx, notice).await;
    }
    let (tried, bytes) = throttled(kind, &to.key);
    let now = state.clock.now();
    let free_at = throttle::free_at(state, tx, tried, &bytes, now).await?;
    // One more says nothing new beside one that waits for its turn; of shares, beside any that has not left yet.
    let turn = if kind == MailKind::ReportShared { Some(0) } else { Some(now).filter(|_| free_at > now) };
    if let Some(after) = turn
        && outbox::waits(tx.conn(), &to.key, kind, after).await?
    {
        return renew(state, tx, notice).await;
    }
    // A link or a code is asked for by a person, who can ask again.
    if subject.is_some() && free_at > now {
        return Ok(false);
    }
    throttle::book(state, tx, tried, &bytes, free_at).await?;
    let row = OutboxRow {
        refused_since: None,
        failing_since: None,
        id: random::bytes()?,
        kind,
        account,
        subject,
        address: to.shown.clone(),
        address_key: to.key.clone(),
        created_at: now,
        due_at: free_at,
        attempts: 0,
    };
    tx.queue_mail(&row).await?;
    Ok(true)
}

/// Has the last message of a kind that waits for an address tell of this instead, in its turn, one for one: never one that is being
/// sent, which would be two. It is another message, since a server that died may have sent it. A link or a code takes nobody's
/// place: whoever asked for it can ask again.
async fn renew(state: &AppState, tx: &mut WriteTx, notice: Notice) -> ServiceResult<bool> {
    let Notice { kind, account, subject: None, to } = notice else { return Ok(false) };
    let now = Times::now(tx.conn(), &state.clock).await?;
    let Some(last) = outbox::last(tx.conn(), &to.key, kind, now).await? else { return Ok(false) };
    outbox::remove(tx.conn(), &last.id).await?;
    let row = OutboxRow { id: random::bytes()?, account, address: to.shown, created_at: now.own, ..last };
    tx.queue_mail(&row).await?;
    Ok(true)
}

/// Each kind is counted for itself: many of one keep no other from being sent.
fn throttled(kind: MailKind, address_key: &str) -> (Tried, Vec<u8>) {
    let tried = match kind {
        MailKind::ReportShared => Tried::ShareNotice,
        MailKind::SignUpCode | MailKind::SignUpTaken => Tried::CodeNotice,
        _ => Tried::Notice,
    };
    (tried, format!("{kind:?}\0{address_key}").into_bytes())
}
