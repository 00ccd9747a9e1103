//! Invitations: made by administrators for anyone and by doctors for patients; used once.

use api_types::{
    ErrorCode, InvitationId, UnixMillis,
    accounts::{AccountStatus, Role},
    audit::Action,
    invitations::{CreateInvitation, CreatedInvitation, Invitation, InvitationInfo, InvitationList, InvitationToken},
};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    clock::{DAY, HOUR},
    mail::MailKind,
    middleware::Address,
    policy::Actor,
    random,
    services::{
        confirmation,
        fields::{self, Email},
        notices::{self, Notice},
        sign_up_codes,
        throttle::{self, Tried},
    },
    storage::{
        accounts,
        db::WriteTx,
        grants,
        invitations::{self, InvitationRow},
    },
};

/// Life of an invitation where nothing is asked.
const LIFE: UnixMillis = 7 * DAY;
/// Rows of the list.
const LIST_MAX: u64 = 500;
/// Longest token that is looked at; ours have 43 characters.
const TOKEN_MAX: usize = 128;

/// `POST /invitations`.
pub async fn create(state: &AppState, actor: &Actor, body: CreateInvitation) -> ServiceResult<CreatedInvitation> {
    actor.may_invite(body.role)?;
    // Whoever comes by it is active at once: a session that was stolen, or that a provider vouched for, is not enough.
    if body.role != Role::Patient {
        confirmation::confirmed(state, actor).await?;
    }
    let life = body.expires_in.unwrap_or(LIFE);
    if !(HOUR..=30 * DAY).contains(&life) {
        return Err(ServiceError::field("/expires_in", "1 hour to 30 days, in milliseconds"));
    }
    if body.placeholder.is_some() && body.role != Role::Patient {
        return Err(ServiceError::field("/placeholder", "only a patient's invitation has one"));
    }
    let email = body.email.map(|text| fields::email("/email", &text)).transpose()?;
    let (token, token_hash) = random::token()?;
    let now = state.clock.now();
    let mut row = InvitationRow {
        id: InvitationId(random::bytes()?),
        token_hash,
        set_up: false,
        role: body.role,
        email: email.as_ref().map(|email| email.key.clone()),
        placeholder: body.placeholder,
        created_by: Some(actor.account),
        created_at: now,
        expires_at: now + life,
        used_by: None,
        withdrawn_at: None,
        mail_token_hash: None,
    };
    let mut tx = state.db.begin_write().await?;
    if row.role != Role::Patient {
        confirmation::still(tx.conn(), actor).await?;
    }
    if let Some(placeholder) = row.placeholder {
        actor.may_invite_for(&grants::makers_for(tx.conn(), placeholder).await?)?;
    }
    let mailed = match email {
        Some(email) => mail(state, actor, &mut tx, &mut row, email).await?,
        None => false,
    };
    invitations::insert(tx.conn(), &row).await?;
    let event = EventDraft::by(actor, Action::Invite).with("invitation", row.id).with("role", enum_name(&row.role));
    tx.record(if mailed { event.with("mailed", true) } else { event }).await?;
    tx.commit().await?;
    let invitation = describe(state, vec![row]).await?.pop();
    let invitation = invitation.ok_or_else(|| ServiceError::Internal("the invitation is gone".into()))?;
    Ok(CreatedInvitation { token, mailed, invitation })
}

/// Mails an administrator's invitation, with a token of its own: whoever uses that one reads the address's mail. One for a
/// placeholder isn't mailed: the secret that goes with it never passes through the server. Says whether it is mailed.
async fn mail(
    state: &AppState,
    actor: &Actor,
    tx: &mut WriteTx,
    row: &mut InvitationRow,
    to: Email,
) -> ServiceResult<bool> {
    if actor.role != Role::Administrator || row.placeholder.is_some() || state.mailer.is_none() {
        return Ok(false);
    }
    let now = state.clock.now();
    if throttle::free_at(state, tx, Tried::InvitationMail, &actor.account.0, now).await? > now {
        return Ok(false);
    }
    let token = state.mail_key.invitation(row.id, &to.key)?;
    let notice = Notice { kind: MailKind::Invitation, account: None, subject: Some(row.id.0), to };
    let mailed = notices::queue(state, tx, notice).await?;
    if mailed {
        throttle::book(state, tx, Tried::InvitationMail, &actor.account.0, now).await?;
        row.mail_token_hash = Some(random::token_hash(&token));
    }
    Ok(mailed)
}

/// `GET /invitations`: one's own; administrators see all.
pub async fn list(state: &AppState, actor: &Actor) -> ServiceResult<InvitationList> {
    actor.may_invite(Role::Patient)?;
    let of = (actor.role != Role::Administrator).then_some(actor.account);
    let rows = invitations::list(state.db.read(), of, LIST_MAX).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let items = describe(state, rows).await?;
    let event = EventDraft::by(actor, Action::Read).with("what", "invitations");
    state.audit.record(event.delivered(ids.iter().map(|id| &id.0[..]))).await?;
    Ok(InvitationList { items })
}

/// `DELETE /invitations/{id}`.
pub async fn withdraw(state: &AppState, actor: &Actor, id: InvitationId) -> ServiceResult<()> {
    let mut tx = state.db.begin_write().await?;
    let row = invitations::get(tx.conn(), id).await?.filter(|row| !row.set_up).ok_or(ErrorCode::NotFound)?;
    actor.may_withdraw_invitation(row.created_by.ok_or(ErrorCode::NotFound)?)?;
    if !invitations::withdraw(tx.conn(), id, state.clock.now()).await? {
        return Err(ErrorCode::InvitationInvalid.into());
    }
    tx.record(EventDraft::by(actor, Action::InvitationChange).with("invitation", id).with("change", "withdrawn"))
        .await?;
    tx.commit().await
}

/// `POST /invitations/look-up`: what the sign-up page may know. Anonymous, counted, an event where it finds one.
pub async fn look_up(state: &AppState, from: Address, body: InvitationToken) -> ServiceResult<InvitationInfo> {
    throttle::count_from(state, Tried::InvitationFrom, from).await?;
    let row = open(state, &body.token).await?;
    let event = EventDraft::anonymous(Action::LookUp).with("invitation", row.id);
    state.audit.record(event).await?;
    info(state, row, &body.token).await
}

/// `POST /invitations/accept`: a patient who has an account already takes an invitation's placeholder.
pub async fn accept(state: &AppState, actor: &Actor, body: InvitationToken) -> ServiceResult<InvitationInfo> {
    actor.may_accept_invitation()?;
    throttle::count(state, Tried::LookUp, &actor.account.0).await?;
    let row = open(state, &body.token).await?;
    let own = accounts::get(state.db.read(), actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    let fits = row.role == Role::Patient && row.placeholder.is_some();
    if !fits || row.email.as_ref().is_some_and(|email| *email != own.email_key) {
        return Err(ErrorCode::InvitationInvalid.into());
    }
    let mut tx = state.db.begin_write().await?;
    if !invitations::use_up(tx.conn(), row.id, actor.account, state.clock.now()).await? {
        return Err(ErrorCode::InvitationInvalid.into());
    }
    let event = EventDraft::by(actor, Action::InvitationChange).with("invitation", row.id).with("change", "accepted");
    tx.record(event).await?;
    tx.commit().await?;
    info(state, row, &body.token).await
}

async fn info(state: &AppState, row: InvitationRow, token: &str) -> ServiceResult<InvitationInfo> {
    let asks_code = sign_up_codes::are_asked(state, Some(&row), Some(token));
    let inviter = match row.created_by {
        Some(account) => accounts::get(state.db.read(), account).await?.map(|account| account.name),
        None => None,
    };
    Ok(InvitationInfo {
        set_up: row.set_up,
        role: row.role,
        email: row.email,
        invited_by: inviter,
        placeholder: row.placeholder,
        asks_code,
        expires_at: row.expires_at,
    })
}

/// Whether a token is the one that was mailed to the address which the invitation is for: whoever has it reads that mail.
pub fn came_by_mail(row: &InvitationRow, token: Option<&str>) -> bool {
    let mailed = row.mail_token_hash.filter(|_| row.email.is_some());
    mailed.is_some() && mailed == token.map(random::token_hash)
}

/// Refuses an address that an invitation isn't for.
pub fn for_address(row: &InvitationRow, email: &Email) -> ServiceResult<()> {
    match row.email.as_ref().is_some_and(|bound| *bound != email.key) {
        true => Err(ServiceError::because(ErrorCode::InvitationInvalid, "it is for another e-mail address")),
        false => Ok(()),
    }
}

/// The invitation that a token opens now. Used, ended, withdrawn and unknown look the same, as does one whose maker
/// may no longer invite.
pub async fn open(state: &AppState, token: &str) -> ServiceResult<InvitationRow> {
    if token.len() > TOKEN_MAX {
        return Err(ErrorCode::InvitationInvalid.into());
    }
    let found = invitations::by_token(state.db.read(), &random::token_hash(token)).await?;
    let row = found.filter(|row| row.open(state.clock.now())).ok_or(ErrorCode::InvitationInvalid)?;
    if let Some(maker) = row.created_by {
        let maker = accounts::get(state.db.read(), maker).await?;
        if maker.is_none_or(|maker| maker.status != AccountStatus::Active) {
            return Err(ErrorCode::InvitationInvalid.into());
        }
    }
    Ok(row)
}

async fn describe(state: &AppState, rows: Vec<InvitationRow>) -> ServiceResult<Vec<Invitation>> {
    let makers: Vec<_> = rows.iter().filter_map(|row| row.created_by).collect();
    let names = accounts::names(state.db.read(), &makers).await?;
    let describe = |row: InvitationRow| {
        let created_by = row.created_by?;
        Some(Invitation {
            id: row.id,
            role: row.role,
            email: row.email,
            placeholder: row.placeholder,
            created_by,
            created_by_name: names.get(&created_by).cloned().unwrap_or_default(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_by: row.used_by,
        })
    };
    Ok(rows.into_iter().filter_map(describe).collect())
}
