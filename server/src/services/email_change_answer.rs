//! What the two addresses say to a change of an account's e-mail, and the change itself.

use api_types::{
    ErrorCode,
    accounts::AccountStatus,
    audit::Action,
    email_change::{AddressSide, AnswerEmailChange, EmailChangeAnswered},
    live::LiveKind,
};
use tlog::leaf::Label;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    live,
    mail::{MailKind, VerificationToken},
    middleware::Address,
    policy::Actor,
    services::{
        email_change,
        fields::Email,
        notices::{self, Notice},
        throttle::{self, Tried},
    },
    storage::{
        accounts::{self, AccountRow},
        db::WriteTx,
        email_changes::{self, ChangeRow},
        email_verifications, former_addresses,
        log_keys::{self, Entry},
    },
};

/// What an answer makes of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    Stopped,
    /// The other address has yet to confirm.
    Confirmed,
    /// Somebody else got the address meanwhile, or had it all along.
    Taken,
    Changed,
}

impl Became {
    fn name(self) -> &'static str {
        match self {
            Self::Stopped => "email_change_stopped",
            Self::Confirmed => "email_change_confirmed",
            Self::Taken => "email_change_taken",
            Self::Changed => "email_changed",
        }
    }
}

/// `POST /email-change`. Used, ended and unknown links look the same, as do those of a change that another replaced. Whoever
/// is signed in to another account is told, and nothing happens.
pub async fn answer(
    state: &AppState,
    from: Address,
    actor: Option<Actor>,
    body: AnswerEmailChange,
) -> ServiceResult<EmailChangeAnswered> {
    throttle::count_from(state, Tried::EmailVerificationFrom, from).await?;
    let mut tx = state.db.begin_write().await?;
    let (account, change) = find(state, &tx, actor.as_ref(), &body).await?;
    let became = settle(state, &mut tx, (&account, &change), &body).await?;
    let event = EventDraft::anonymous(Action::AccountChange).actor(account.id, actor.map(|actor| actor.session));
    tx.record(event.with("what", became.name()).with("side", enum_name(&body.side))).await?;
    tx.tell(account.id, live::event(LiveKind::AccountChanged));
    tx.commit().await?;
    match became {
        // Both mailboxes are theirs who hear it.
        Became::Taken => Err(ErrorCode::EmailTaken.into()),
        _ => Ok(EmailChangeAnswered { changed: became == Became::Changed }),
    }
}

/// The change that a link belongs to, as long as it can come about, and its account.
async fn find(
    state: &AppState,
    tx: &WriteTx,
    actor: Option<&Actor>,
    body: &AnswerEmailChange,
) -> ServiceResult<(AccountRow, ChangeRow)> {
    let invalid = ErrorCode::EmailChangeInvalid;
    let now = state.clock.now();
    let token = VerificationToken::parse(&body.token).ok_or(invalid)?;
    let change = email_changes::get(tx.conn(), &token.id).await?.filter(|change| now < change.expires_at);
    let change = change.ok_or(invalid)?;
    if !state.mail_key.changes(&token, &change, body.side)? {
        return Err(invalid.into());
    }
    if actor.is_some_and(|actor| actor.account != change.account) {
        let why = "it was made for another account than the one that is signed in here: sign out first";
        return Err(ServiceError::because(invalid, why));
    }
    let account = accounts::get(tx.conn(), change.account).await?.ok_or(invalid)?;
    let stands = account.email_key == change.old_key && account.status != AccountStatus::Disabled;
    if stands { Ok((account, change)) } else { Err(invalid.into()) }
}

/// Does what the answer says. What one side confirmed it can still stop, until the other has confirmed as well.
async fn settle(
    state: &AppState,
    tx: &mut WriteTx,
    (account, change): (&AccountRow, &ChangeRow),
    body: &AnswerEmailChange,
) -> ServiceResult<Became> {
    if body.stop {
        email_changes::delete_of(tx.conn(), account.id).await?;
        return Ok(Became::Stopped);
    }
    if change.confirmed_at(body.side).is_some() {
        return Err(ErrorCode::EmailChangeInvalid.into());
    }
    let other = match body.side {
        AddressSide::Old => AddressSide::New,
        AddressSide::New => AddressSide::Old,
    };
    if change.confirmed_at(other).is_none() {
        email_changes::confirm(tx.conn(), &change.id, body.side, state.clock.now()).await?;
        return Ok(Became::Confirmed);
    }
    email_changes::delete_of(tx.conn(), account.id).await?;
    let label = state.labels.label(&change.address_key)?;
    if email_change::is_taken(tx.conn(), account.id, &change.address_key, &label).await? {
        return Ok(Became::Taken);
    }
    change_address(state, tx, (account, change), label).await?;
    Ok(Became::Changed)
}

/// The account's address, what binds it to the account in the tree of keys, and word of it to both mailboxes. An address
/// that the account had before is bound already: no label stands in the tree twice.
async fn change_address(
    state: &AppState,
    tx: &mut WriteTx,
    (account, change): (&AccountRow, &ChangeRow),
    label: Label,
) -> ServiceResult<()> {
    let now = state.clock.now();
    let left = state.labels.label(&account.email_key)?;
    accounts::set_email(tx.conn(), account.id, (&change.address, &change.address_key), now).await?;
    former_addresses::leave(tx.conn(), &left, account.id, now).await?;
    former_addresses::take_back(tx.conn(), &label).await?;
    if log_keys::binding_leaf(tx.conn(), account.id, &label).await?.is_none() {
        log_keys::append(tx.conn(), &[Entry::binding(account.id, label)]).await?;
    }
    email_verifications::delete_of(tx.conn(), account.id).await?;
    let new = Email { shown: change.address.clone(), key: change.address_key.clone() };
    for (kind, to) in [(MailKind::EmailLeft, notices::address(account)), (MailKind::EmailChanged, new)] {
        notices::queue(state, tx, Notice { kind, account: Some(account.id), subject: None, to }).await?;
    }
    Ok(())
}
