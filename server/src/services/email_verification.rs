//! Verifying that whoever has an account reads the mail of its address.
//!
//! A mailed link counts once, for 24 hours, and only as long as the account has the address that it was sent to. Its
//! token isn't stored (`mail::MailKey`).

use api_types::{ErrorCode, UnixMillis, accounts::VerifyEmail, audit::Action, live::LiveKind};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::{DAY, HOUR},
    live,
    mail::{MailKind, VerificationToken},
    middleware::Address,
    policy::Actor,
    random,
    services::{
        notices::{self, Notice},
        throttle::{self, Tried},
    },
    storage::{
        accounts::{self, AccountRow},
        db::WriteTx,
        email_verifications::{self, VerificationRow},
    },
};

/// Life of a link.
const LIFE: UnixMillis = DAY;

/// `POST /account/email/verification`: mails a link, or one more.
pub async fn send(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    actor.may_change_account()?;
    if state.mailer.is_none() {
        return Err(ServiceError::because(ErrorCode::Conflict, "this server sends no mail"));
    }
    let row = accounts::get(state.db.read(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    if row.email_verified_at.is_some() {
        return Err(ServiceError::because(ErrorCode::Conflict, "the address is verified already"));
    }
    throttle::count(state, Tried::EmailVerification, &actor.account.0).await?;
    let mut tx = state.db.begin_write().await?;
    if !queue(state, &mut tx, &row).await? {
        // Several accounts can have had one address; each of them has its own throttle.
        return Err(ServiceError::Throttled { retry_at: state.clock.now() + HOUR });
    }
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "email_verification_sent");
    tx.record(event).await?;
    tx.commit().await
}

/// Queues a link for an account's address. Says whether it did.
pub async fn queue(state: &AppState, tx: &mut WriteTx, account: &AccountRow) -> ServiceResult<bool> {
    let verification = VerificationRow {
        id: random::bytes()?,
        account: account.id,
        address_key: account.email_key.clone(),
        expires_at: state.clock.now() + LIFE,
    };
    let notice = Notice {
        kind: MailKind::EmailVerification,
        account: Some(account.id),
        subject: Some(verification.id),
        to: notices::address(account),
    };
    let queued = notices::queue(state, tx, notice).await?;
    if queued {
        email_verifications::insert(tx.conn(), &verification).await?;
    }
    Ok(queued)
}

/// `POST /email-verification`. Used, ended and unknown links look the same, as does one for an address that the account
/// no longer has. Whoever is signed in to another account is told, and nothing happens.
pub async fn verify(state: &AppState, from: Address, actor: Option<Actor>, body: VerifyEmail) -> ServiceResult<()> {
    throttle::count_from(state, Tried::EmailVerificationFrom, from).await?;
    let invalid = ErrorCode::EmailVerificationInvalid;
    let token = VerificationToken::parse(&body.token).ok_or(invalid)?;
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let row = email_verifications::get(tx.conn(), &token.id).await?.filter(|row| now < row.expires_at);
    let row = row.ok_or(invalid)?;
    if !state.mail_key.verifies(&token, &row)? {
        return Err(invalid.into());
    }
    if actor.is_some_and(|actor| actor.account != row.account) {
        let why = "it was made for another account than the one that is signed in here: sign out first";
        return Err(ServiceError::because(invalid, why));
    }
    if !accounts::verify_email(tx.conn(), row.account, &row.address_key, now).await? {
        return Err(invalid.into());
    }
    email_verifications::delete_of(tx.conn(), row.account).await?;
    let event = EventDraft::anonymous(Action::AccountChange).actor(row.account, actor.map(|actor| actor.session));
    tx.record(event.with("what", "email_verified").with("way", "link")).await?;
    tx.tell(row.account, live::event(LiveKind::AccountChanged));
    tx.commit().await
}
