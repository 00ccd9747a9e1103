//! Codes that prove an address before it has an account, where mail is sent: nobody but who reads its mail learns whether it has
//! one already.
//!
//! A code counts once, for ten minutes and five tries, and for whoever has the secret of the answer. One that is asked for
//! later voids none: a stranger must not keep the address's owner from signing up by asking as well. An address that has an
//! account is told so by mail, and every code typed for it is wrong.

use api_types::{
    ErrorCode, UnixMillis,
    sign_up::{AskSignUpCode, CheckSignUpCode, SignUpCodeAsked},
};
use sea_orm::ConnectionTrait;
use tlog::leaf::Label;

use crate::{
    AppState, ServiceError, ServiceResult,
    clock::{HOUR, MINUTE},
    mail::MailKind,
    middleware::{Address, Caller},
    random,
    services::{
        fields::{self, Email},
        invitations,
        notices::{self, Notice},
        sign_up,
        throttle::{self, Attempt, Known, Shared, Standing, Tried},
    },
    storage::{
        accounts,
        db::WriteTx,
        former_addresses,
        invitations::InvitationRow,
        sign_up_codes::{self as rows, SignUpCodeRow},
    },
};

/// Life of a code.
const LIFE: UnixMillis = 10 * MINUTE;
/// So long an address that was proved waits for its account: a recovery kit is written down meanwhile.
const PROVED_FOR: UnixMillis = HOUR;
/// Wrong tries that end a code.
const TRIES: i32 = 5;

/// Whether whoever signs up has to prove the address by a code. Who has the set-up link runs the server; who has a mailed
/// invitation's token reads that mail.
pub fn are_asked(state: &AppState, invitation: Option<&InvitationRow>, token: Option<&str>) -> bool {
    let stands_for_it = |row: &InvitationRow| row.set_up || invitations::came_by_mail(row, token);
    state.mailer.is_some() && !invitation.is_some_and(stands_for_it)
}

/// `POST /sign-up/code`. Takes the same steps for every address.
pub async fn ask(state: &AppState, from: Address, body: AskSignUpCode) -> ServiceResult<SignUpCodeAsked> {
    let email = fields::email("/email", &body.email)?.mailbox();
    throttle::count_from(state, Tried::SignUpCodeFrom, from).await?;
    let token = body.invitation.as_deref();
    let invitation = sign_up::admit(state, token).await?;
    if !are_asked(state, invitation.as_ref(), token) {
        return Err(ServiceError::because(ErrorCode::Conflict, "no code is needed here"));
    }
    if let Some(invitation) = &invitation {
        invitations::for_address(invitation, &email)?;
    }
    count(state, &email, from).await?;
    let label = state.labels.label(&email.key)?;
    let (secret, secret_hash) = random::token()?;
    let expires_at = state.clock.now() + LIFE;
    let mut tx = state.db.begin_write().await?;
    let taken = is_taken(tx.conn(), &email, &label).await?;
    let code = SignUpCodeRow {
        id: random::bytes()?,
        secret_hash,
        address_key: email.key.clone(),
        mailed: !taken,
        tries: 0,
        proved: false,
        expires_at,
    };
    let kind = if taken { MailKind::SignUpTaken } else { MailKind::SignUpCode };
    // Where the mailbox has too many messages already, nobody is told: another answer would tell of a stranger's mailbox.
    notices::queue(state, &mut tx, Notice { kind, account: None, subject: Some(code.id), to: email }).await?;
    rows::insert(tx.conn(), &code).await?;
    tx.commit().await?;
    Ok(SignUpCodeAsked { secret, expires_at })
}

/// Counts a message for whoever asks for it, and for all together, who have it in turns: whoever asks first whenever they may
/// keeps nobody else from having one.
async fn count(state: &AppState, email: &Email, from: Address) -> ServiceResult<()> {
    let known = Known { of: email.key.as_bytes(), caller: Caller { from, device: None } };
    let own = Attempt::new(state).of(Tried::SignUpCode, &known.own(Standing::Stranger));
    own.share(Shared::SignUpCode, known.of, known, Standing::Stranger).count().await
}

/// Whether an address is an account's, or was. Both are looked for, whatever is found.
async fn is_taken(conn: &impl ConnectionTrait, email: &Email, label: &Label) -> ServiceResult<bool> {
    let now = accounts::id_by_email(conn, &email.key).await?;
    let before = former_addresses::holder(conn, label).await?;
    Ok(now.is_some() || before.is_some())
}

/// `POST /sign-up/code/check`. A wrong code ends alike for every address.
pub async fn check(state: &AppState, from: Address, body: CheckSignUpCode) -> ServiceResult<()> {
    throttle::count_from(state, Tried::SignUpCodeFrom, from).await?;
    // The writer's: of several tries at once each is counted before the next is looked at.
    let tx = state.db.begin_write().await?;
    let now = state.clock.now();
    let found = rows::by_secret(tx.conn(), &random::token_hash(&body.secret)).await?;
    let lives = |row: &SignUpCodeRow| now < row.expires_at && row.tries < TRIES;
    let row = found.filter(lives).ok_or(ErrorCode::SignUpCodeExpired)?;
    let right = state.mail_key.is_sign_up_code(&row, &body.code)?;
    if !right || !row.mailed {
        rows::count_try(tx.conn(), &row.id).await?;
        tx.commit().await?;
        return Err(ErrorCode::SignUpCodeWrong.into());
    }
    // Typed once more, as after an answer that was lost, it gives no new time.
    if !row.proved {
        rows::prove(tx.conn(), &row.id, now + PROVED_FOR).await?;
    }
    tx.commit().await
}

/// The proof of a new account's address.
#[derive(Debug)]
pub struct Proof([u8; 16]);

/// The address that was proved with a secret: it must be the new account's.
pub async fn proof(state: &AppState, secret: Option<&str>, email: &Email) -> ServiceResult<Proof> {
    let secret = secret.ok_or(ErrorCode::SignUpCodeRequired)?;
    let found = rows::by_secret(state.db.read(), &random::token_hash(secret)).await?;
    let lives = |row: &SignUpCodeRow| row.proved && state.clock.now() < row.expires_at;
    let row = found.filter(lives).ok_or(ErrorCode::SignUpCodeExpired)?;
    match row.address_key == email.key {
        true => Ok(Proof(row.id)),
        false => Err(ServiceError::field("/email", "the address that the code was mailed to")),
    }
}

impl Proof {
    /// With the account: it serves once.
    pub async fn take(&self, tx: &WriteTx) -> ServiceResult<()> {
        let taken = rows::take(tx.conn(), &self.0).await?;
        if taken { Ok(()) } else { Err(ErrorCode::SignUpCodeExpired.into()) }
    }
}
