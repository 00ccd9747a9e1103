//! Signing in, or creating an account, as whom an identity provider verified. The session that begins is locked: what
//! unlocks is the account's own, and no provider has it.

use api_types::{
    AccountId, ErrorCode, UnixMillis,
    accounts::{AccountStatus, Role},
    audit::Action,
    identities::{IdentitySignIn, WaitingIdentity},
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceResult,
    audit::{EventDraft, enum_name},
    mail::MailKind,
    middleware::Caller,
    oidc::VerifiedIdentity,
    policy::Actor,
    services::{
        fields::{self, Email},
        identities, notices,
        second_factor::{self, Asks, Beside},
        sessions::{self, Proved},
        sign_in::{self, NewSession},
    },
    storage::{
        accounts,
        db::WriteTx,
        identities::{self as rows, IdentityRow, TicketRow},
    },
};

/// What waits for the browser's next request. Names and addresses that could not be an account's are left out.
pub fn ticket(provider: String, identity: VerifiedIdentity, token_hash: [u8; 32], expires_at: UnixMillis) -> TicketRow {
    let email = identity.email.and_then(|text| fields::email("/email", &text).ok());
    let name = identity.name.and_then(|text| fields::name("/name", &text).ok());
    TicketRow {
        token_hash,
        provider,
        issuer: identity.issuer,
        subject: identity.subject,
        email: email.map(|email| email.shown),
        email_verified: identity.email_verified,
        name: name.map(|name| name.shown),
        expires_at,
    }
}

/// Whom an identity is here.
#[derive(Debug)]
pub enum Resolved {
    /// It is linked.
    Linked(IdentityRow),
    /// It isn't; an account has its address, and both provider and account have verified that.
    SameAddress(AccountId),
    /// Nobody yet.
    Nobody,
}

/// Finds out whom. An address that the provider hasn't verified shows nothing of who has an account here.
pub async fn resolve(conn: &impl ConnectionTrait, ticket: &TicketRow) -> ServiceResult<Resolved> {
    if let Some(known) = rows::find(conn, &ticket.issuer, &ticket.subject).await? {
        return Ok(Resolved::Linked(known));
    }
    let email = verified_email(ticket)?;
    let Some(row) = accounts::by_email(conn, &email.key).await? else { return Ok(Resolved::Nobody) };
    // Whoever made an account with somebody else's address, and never showed that they read its mail, must not get its
    // owner's sign-ins; nothing is linked to an account that was switched off; and administrators, who can act on others
    // without keys, say themselves whom they trust.
    let may = matches!(row.status, AccountStatus::Active | AccountStatus::Pending) && row.role != Role::Administrator;
    // Its owner removed one of this provider, or another has come into the address there: that one's subject is the account's.
    let may = may && !rows::knew(conn, row.id, &ticket.issuer).await?;
    match row.email_verified_at {
        Some(_) if may => Ok(Resolved::SameAddress(row.id)),
        _ => Err(ErrorCode::IdentityNotLinked.into()),
    }
}

fn verified_email(ticket: &TicketRow) -> ServiceResult<Email> {
    let email = ticket.email.as_deref().filter(|_| ticket.email_verified).ok_or(ErrorCode::IdentityEmailUnverified)?;
    fields::email("/email", email)
}

/// The ticket of a browser, by its cookie's hash, or what that becomes to link.
pub async fn waiting(state: &AppState, browser: Option<[u8; 32]>) -> ServiceResult<TicketRow> {
    let browser = browser.ok_or(ErrorCode::IdentityExpired)?;
    let found = rows::ticket(state.db.read(), browser).await?;
    // A provider that went from the configuration signs in nobody any more.
    let counts = |ticket: &TicketRow| {
        state.clock.now() < ticket.expires_at && state.identity_providers.get(&ticket.provider).is_some()
    };
    let found = found.filter(counts);
    Ok(found.ok_or(ErrorCode::IdentityExpired)?)
}

/// `GET /sign-in/identity`.
pub async fn describe(state: &AppState, browser: Option<[u8; 32]>) -> ServiceResult<WaitingIdentity> {
    let ticket = waiting(state, browser).await?;
    let email = verified_email(&ticket)?.shown;
    Ok(WaitingIdentity { provider_name: state.identity_providers.name_of(&ticket.issuer), email, name: ticket.name })
}

/// `POST /sign-in/identity`. The second factor is asked for as beside a password. A session of the same account that the
/// request carries ends.
pub async fn sign_in(
    state: &AppState,
    carried: Option<Actor>,
    (caller, browser): (Caller, Option<[u8; 32]>),
    body: IdentitySignIn,
) -> ServiceResult<NewSession> {
    let device = sessions::device(&body.device)?;
    let ticket = waiting(state, browser).await?;
    let account = account_of(&resolve(state.db.read(), &ticket).await?)?;
    let asks = Asks { action: Action::SignIn, beside: Beside::Anything, caller, attempt: &ticket.token_hash };
    let proved = second_factor::check(state, account, body.second_factor.as_ref(), asks).await?;
    let mut tx = state.db.begin_write().await?;
    use_up(&tx, &ticket).await?;
    // Anew, in the transaction of what follows.
    let resolved = resolve(tx.conn(), &ticket).await?;
    let same = account_of(&resolved)? == account;
    // One may have been added since.
    if !same || (proved.is_none() && second_factor::has(tx.conn(), account).await?) {
        return Err(ErrorCode::IdentityExpired.into());
    }
    let row = accounts::get(tx.conn(), account).await?.ok_or(ErrorCode::IdentityExpired)?;
    if let Some(proved) = &proved {
        proved.take(state, &tx).await?;
    }
    let carried = carried.filter(|actor| actor.account == account);
    // A provider's word is no confirmation: for that the account's own secrets have to be proved. Nor does it make the device known
    // (`throttle::know_device`).
    let proves = Proved { second_factor: proved.is_some(), confirmed_at: Some(0) };
    let begun =
        sign_in::begin_instead(state, &mut tx, &row, carried.as_ref(), (body.carrier, device), caller, proves).await?;
    let identity = match resolved {
        Resolved::Linked(identity) => identity.id,
        _ => {
            let event = EventDraft::anonymous(Action::AccountChange).actor(account, Some(begun.row.id));
            let id = identities::insert(state, &tx, account, &ticket).await?;
            tx.record(event.with("what", "identity_linked").with("way", "email").with("identity", id)).await?;
            notices::tell(state, &mut tx, &row, MailKind::IdentityLinked).await?;
            id
        }
    };
    rows::used(tx.conn(), identity, state.clock.now()).await?;
    let event = EventDraft::anonymous(Action::SignIn).actor(account, Some(begun.row.id)).with("way", "identity");
    let mut event = event.with("provider", &ticket.provider).with("identity", identity);
    if let Some(proved) = &proved {
        event = event.with("factor", enum_name(&proved.kind()));
    }
    tx.record(event).await?;
    sessions::tell_begun(&mut tx, &begun, carried.is_some());
    tx.commit().await?;
    sessions::changed(state, begun.row.account);
    NewSession::new(state, begun, row).await
}

fn account_of(resolved: &Resolved) -> ServiceResult<AccountId> {
    match resolved {
        Resolved::Linked(identity) => Ok(identity.account),
        Resolved::SameAddress(account) => Ok(*account),
        Resolved::Nobody => Err(ErrorCode::NotFound.into()),
    }
}

/// A ticket serves once.
pub async fn use_up(tx: &WriteTx, ticket: &TicketRow) -> ServiceResult<()> {
    let taken = rows::take_ticket(tx.conn(), ticket.token_hash).await?;
    if taken { Ok(()) } else { Err(ErrorCode::IdentityExpired.into()) }
}

/// An identity that a new account is made of.
#[derive(Debug)]
pub struct ForSignUp(TicketRow);

/// The identity that waits for this browser, for an account with that address.
pub async fn for_sign_up(state: &AppState, browser: Option<[u8; 32]>, email: &Email) -> ServiceResult<ForSignUp> {
    let ticket = waiting(state, browser).await?;
    if verified_email(&ticket)?.key != email.key {
        return Err(crate::ServiceError::field("/email", "the address that the identity provider verified"));
    }
    Ok(ForSignUp(ticket))
}

impl ForSignUp {
    /// Links it to the account that was just stored. Whoever linked it meanwhile keeps it.
    pub async fn link(&self, state: &AppState, tx: &WriteTx, account: AccountId) -> ServiceResult<()> {
        use_up(tx, &self.0).await?;
        identities::insert(state, tx, account, &self.0).await.map(drop)
    }

    /// Which provider, for the event.
    pub fn provider(&self) -> &str {
        &self.0.provider
    }
}
