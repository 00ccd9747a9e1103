//! Emergency contacts, from the contact's side: accepted, declined, asked for, and after the delay the words; and the
//! messages that go out while the delay runs.

use api_types::{
    B64, ErrorCode, WayInId,
    accounts::AccountStatus,
    audit::Action,
    emergency::{EmergencyContactList, EmergencyState, EmergencyWords},
};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    clock::DAY,
    mail::MailKind,
    policy::Actor,
    services::{
        asking::{BATCH, TOLD_OPEN, due},
        confirmation,
        emergency::{ask_again_at, shown, tell},
        notices,
    },
    storage::{
        accounts,
        db::WriteTx,
        emergency::{self, EmergencyRow},
    },
};

/// `GET /trusted`.
pub async fn list(state: &AppState, actor: &Actor) -> ServiceResult<EmergencyContactList> {
    actor.active()?;
    let rows = emergency::of_contact(state.db.read(), actor.account).await?;
    let event = EventDraft::by(actor, Action::LookUp).with("by", "trusted");
    state.audit.record(event.delivered(rows.iter().map(|row| &row.account.0[..]))).await?;
    shown(state, rows, |row| row.account).await
}

/// The row of a contact; to everybody else it isn't there.
async fn own(tx: &WriteTx, actor: &Actor, way_in: WayInId) -> ServiceResult<EmergencyRow> {
    let row = emergency::get(tx.conn(), way_in).await?.ok_or(ErrorCode::NotFound)?;
    actor.may_use_own(row.contact)?;
    Ok(row)
}

fn wrong(detail: &str) -> ServiceError {
    ServiceError::because(ErrorCode::Conflict, detail)
}

fn event(actor: &Actor, what: &str, row: &EmergencyRow) -> EventDraft {
    let event = EventDraft::by(actor, Action::AccountChange).with("what", what);
    event.with("account", row.account).with("way_in", row.way_in)
}

/// `POST /trusted/{way_in_id}/accept`.
pub async fn accept(state: &AppState, actor: &Actor, way_in: WayInId) -> ServiceResult<()> {
    actor.active()?;
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let row = own(&tx, actor, way_in).await?;
    if row.state(now) != EmergencyState::Offered {
        return Err(wrong("it was answered already"));
    }
    let row = EmergencyRow { accepted_at: Some(now), ..row };
    emergency::put(tx.conn(), &row).await?;
    tx.record(event(actor, "emergency_accepted", &row)).await?;
    tell(&mut tx, &row);
    tx.commit().await
}

/// `POST /trusted/{way_in_id}/decline`: also later, whatever was asked for ends then.
pub async fn decline(state: &AppState, actor: &Actor, way_in: WayInId) -> ServiceResult<()> {
    actor.active()?;
    let mut tx = state.db.begin_write().await?;
    let row = own(&tx, actor, way_in).await?;
    if row.declined_at.is_some() {
        return Err(wrong("it was declined already"));
    }
    let row = EmergencyRow { declined_at: Some(state.clock.now()), ..row.unasked() };
    emergency::put(tx.conn(), &row).await?;
    tx.record(event(actor, "emergency_declined", &row)).await?;
    tell(&mut tx, &row);
    tx.commit().await
}

/// An account that was switched off opens for nobody.
async fn not_disabled(tx: &WriteTx, row: &EmergencyRow) -> ServiceResult<()> {
    let owner = accounts::get(tx.conn(), row.account).await?.ok_or(ErrorCode::NotFound)?;
    match owner.status {
        AccountStatus::Disabled => Err(ServiceError::because(ErrorCode::EmergencyNotOpen, "that account is disabled")),
        _ => Ok(()),
    }
}

/// `POST /trusted/{way_in_id}/ask`: the delay begins.
pub async fn ask(state: &AppState, actor: &Actor, way_in: WayInId) -> ServiceResult<()> {
    actor.active()?;
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let row = own(&tx, actor, way_in).await?;
    if row.state(now) != EmergencyState::Accepted {
        return Err(wrong("it can't be asked for as it stands"));
    }
    not_disabled(&tx, &row).await?;
    if let Some(retry_at) = ask_again_at(&row).filter(|at| now < *at) {
        return Err(ServiceError::Throttled { retry_at });
    }
    let opens_at = now + i64::from(row.delay_days) * DAY;
    let row = EmergencyRow { asked_at: Some(now), opens_at: Some(opens_at), given_at: None, told: 0, ..row };
    emergency::put(tx.conn(), &row).await?;
    tx.record(event(actor, "emergency_asked", &row).with("opens_at", opens_at)).await?;
    notices::tell_id(state, &mut tx, row.account, MailKind::EmergencyAsked).await?;
    tell(&mut tx, &row);
    tx.commit().await
}

/// `POST /trusted/{way_in_id}/words`: once the delay has run, to a contact who proved their password lately.
pub async fn words(state: &AppState, actor: &Actor, way_in: WayInId) -> ServiceResult<EmergencyWords> {
    actor.active()?;
    let now = state.clock.now();
    let mut tx = state.db.begin_write().await?;
    let row = own(&tx, actor, way_in).await?;
    if row.state(now) != EmergencyState::Open {
        return Err(ErrorCode::EmergencyNotOpen.into());
    }
    not_disabled(&tx, &row).await?;
    confirmation::confirmed(state, actor).await?;
    tx.record(event(actor, "emergency_words_given", &row)).await?;
    if row.given_at.is_none() {
        emergency::put(tx.conn(), &EmergencyRow { given_at: Some(now), ..row.clone() }).await?;
        notices::tell_id(state, &mut tx, row.account, MailKind::EmergencyWordsGiven).await?;
    }
    tell(&mut tx, &row);
    tx.commit().await?;
    Ok(EmergencyWords { sealed: B64(row.sealed) })
}

/// One round: the messages that are due.
pub async fn remind(state: &AppState) -> ServiceResult<()> {
    let now = state.clock.now();
    let is_due = |row: &EmergencyRow| {
        let times = row.asked_at.zip(row.opens_at);
        times.map(|(asked_at, opens_at)| due(asked_at, opens_at, now)).filter(|due| *due > row.told)
    };
    for row in emergency::asked(state.db.read(), TOLD_OPEN, BATCH).await? {
        if is_due(&row).is_none() {
            continue;
        }
        let mut tx = state.db.begin_write().await?;
        // It may have been refused since.
        let Some(row) = emergency::get(tx.conn(), row.way_in).await? else { continue };
        let Some(told) = is_due(&row) else { continue };
        emergency::put(tx.conn(), &EmergencyRow { told, ..row.clone() }).await?;
        notices::tell_id(state, &mut tx, row.account, MailKind::EmergencyReminder).await?;
        if told == TOLD_OPEN {
            notices::tell_id(state, &mut tx, row.contact, MailKind::EmergencyOpen).await?;
        }
        tell(&mut tx, &row);
        tx.commit().await?;
    }
    Ok(())
}
