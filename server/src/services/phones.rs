//! One's own phone number: add it by a code, say what it is for, remove it. An account has one. No key depends on it, so
//! nothing is sealed anew.

use api_types::{
    ErrorCode, SecondFactorId,
    audit::Action,
    phones::{AddPhone, OwnPhone, Phone, PhoneCodeSent, UsePhone, VerifyPhone},
    second_factors::RecoveryCodes,
};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    error::is_unique_violation,
    mail::MailKind,
    middleware::Address,
    policy::{Actor, CONFIRMED_FOR},
    random,
    services::{
        confirmation, notices, phone_codes, second_factor,
        second_factors::{self, after_removal, change, tell_changed},
        sessions,
        throttle::{self, Tried},
    },
    sms::{CodePurpose, Number},
    storage::{
        self,
        db::WriteTx,
        phone_codes as codes,
        phones::{self as rows, PhoneRow},
    },
};

/// `GET /account/phone`.
pub async fn get(state: &AppState, actor: &Actor) -> ServiceResult<OwnPhone> {
    let phone = rows::get(state.db.read(), actor.account).await?.map(|row| Phone {
        number: row.number.as_str().to_owned(),
        second_factor: row.second_factor,
        sign_in: row.sign_in,
        verified_at: row.verified_at,
        last_used_at: row.last_used_at,
    });
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "phone")).await?;
    Ok(OwnPhone { phone })
}

/// `POST /account/phone`.
pub async fn add(state: &AppState, actor: &Actor, body: AddPhone) -> ServiceResult<PhoneCodeSent> {
    let config = phone_codes::config(state)?;
    let number = phone_codes::number(&body.number)?;
    if !config.reaches(&number) {
        return Err(ServiceError::field("/number", "this server sends no codes to numbers of that country"));
    }
    confirmation::confirmed_to_secure(state, actor).await?;
    let ending = number.ending().to_owned();
    let expires_at = phone_codes::send_verification(state, actor, number).await?;
    Ok(PhoneCodeSent { ending, expires_at })
}

/// `POST /account/phone/verify`. A number in the place of another is used as that was; it signs in only where it does so to
/// no other account, and where its holder is in breach of no policy. The same one once more stays what it is.
pub async fn verify(state: &AppState, actor: &Actor, from: Address, body: VerifyPhone) -> ServiceResult<()> {
    phone_codes::config(state)?;
    confirmation::confirmed_to_secure(state, actor).await?;
    throttle::count_from(state, Tried::CodeFrom, from).await?;
    let expired = ErrorCode::PhoneCodeExpired;
    let sent = codes::of_account(state.db.read(), actor.account, CodePurpose::Verify).await?.ok_or(expired)?;
    let code = phone_codes::check(state, &sent.id, &body.code).await?;
    let mut tx = confirmation::begin_write(state, actor).await?;
    if !codes::take(tx.conn(), &code.id).await? {
        return Err(expired.into());
    }
    codes::void_all(tx.conn(), actor.account).await?;
    let before = rows::get(tx.conn(), actor.account).await?;
    if let Some(same) = before.as_ref().filter(|before| before.number == code.number) {
        let again = PhoneRow { verified_at: state.clock.now(), ..same.clone() };
        rows::put(tx.conn(), &again).await?;
        tx.record(change(actor, "phone_verified").with("factor", again.id)).await?;
    } else {
        replace(state, actor, &mut tx, (before, code.number)).await?;
    }
    tell_changed(&mut tx, actor);
    tx.commit().await?;
    sessions::changed(state, actor.account);
    Ok(())
}

async fn replace(
    state: &AppState,
    actor: &Actor,
    tx: &mut WriteTx,
    (before, number): (Option<PhoneRow>, Number),
) -> ServiceResult<()> {
    let taken = rows::signs_in(tx.conn(), &number).await?.is_some_and(|other| other != actor.account);
    let may = actor.may_sign_in_by_phone().is_ok();
    let phone = PhoneRow {
        account: actor.account,
        id: SecondFactorId(random::bytes()?),
        number,
        second_factor: before.as_ref().is_some_and(|before| before.second_factor),
        sign_in: before.as_ref().is_some_and(|before| before.sign_in) && may && !taken,
        verified_at: state.clock.now(),
        last_used_at: None,
    };
    rows::put(tx.conn(), &phone).await?;
    let what = if before.is_some() { "phone_replaced" } else { "phone_added" };
    tx.record(change(actor, what).with("factor", phone.id)).await?;
    notices::tell_id(state, tx, actor.account, MailKind::PhoneAdded).await
}

/// `PUT /account/phone`. Where it becomes the first second factor it brings recovery codes.
pub async fn use_for(state: &AppState, actor: &Actor, body: UsePhone) -> ServiceResult<RecoveryCodes> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let mut tx = confirmation::begin_write(state, actor).await?;
    let before = rows::get(tx.conn(), actor.account).await?.ok_or(ErrorCode::NotFound)?;
    let starts = (body.second_factor && !before.second_factor) || (body.sign_in && !before.sign_in);
    if starts {
        phone_codes::config(state)?;
    }
    // Of a number that was verified a while ago nobody knows who has it today, so this session would not have proved it.
    let fresh = (0..=CONFIRMED_FOR).contains(&(state.clock.now() - before.verified_at));
    if body.second_factor && !before.second_factor && !fresh {
        return Err(ErrorCode::PhoneCodeRequired.into());
    }
    let had_one = second_factor::has(tx.conn(), actor.account).await?;
    let after = PhoneRow { second_factor: body.second_factor, sign_in: body.sign_in, ..before.clone() };
    if after.sign_in && !before.sign_in {
        actor.may_sign_in_by_phone()?;
    }
    match rows::put(tx.conn(), &after).await {
        Err(error) if is_unique_violation(&error) => return Err(ErrorCode::PhoneTaken.into()),
        other => other?,
    }
    if after.sign_in != before.sign_in {
        let what = if after.sign_in { "phone_signs_in" } else { "phone_signs_in_no_more" };
        tx.record(change(actor, what).with("factor", after.id)).await?;
        notices::tell_id(state, &mut tx, actor.account, MailKind::PhoneSignInChanged).await?;
        codes::void_of_account(tx.conn(), actor.account, CodePurpose::SignIn).await?;
    }
    let made = match (before.second_factor, after.second_factor) {
        (false, true) => factor_added(state, actor, &mut tx, (&after, had_one)).await?,
        (true, false) => {
            factor_removed(state, actor, &mut tx, &after).await?;
            Vec::new()
        }
        _ => Vec::new(),
    };
    tell_changed(&mut tx, actor);
    tx.commit().await?;
    sessions::changed(state, actor.account);
    Ok(RecoveryCodes { codes: made })
}

async fn factor_added(
    state: &AppState,
    actor: &Actor,
    tx: &mut WriteTx,
    (phone, had_one): (&PhoneRow, bool),
) -> ServiceResult<Vec<String>> {
    let made = if had_one { Vec::new() } else { second_factors::new_codes(state, actor, tx).await? };
    // A code of it was typed just now.
    storage::sessions::prove_second_factor(tx.conn(), actor.session).await?;
    let ended = storage::sessions::delete_unproved(tx.conn(), actor.account, actor.session).await?;
    storage::api_tokens::delete_unproved(tx.conn(), actor.account).await?;
    let event = change(actor, "second_factor_added").with("factor", phone.id).with("kind", "phone");
    tx.record(event.with("sessions_ended", ended)).await?;
    notices::tell_id(state, tx, actor.account, MailKind::SecondFactorAdded).await?;
    Ok(made)
}

async fn factor_removed(state: &AppState, actor: &Actor, tx: &mut WriteTx, phone: &PhoneRow) -> ServiceResult<()> {
    codes::void_of_account(tx.conn(), actor.account, CodePurpose::SecondFactor).await?;
    after_removal(tx, actor).await?;
    tx.record(change(actor, "second_factor_removed").with("factor", phone.id)).await?;
    notices::tell_id(state, tx, actor.account, MailKind::SecondFactorRemoved).await
}

/// Where that second factor is the phone, it is none from now on; the number stays. Says whether it was.
pub async fn stop_factor(tx: &WriteTx, actor: &Actor, id: SecondFactorId) -> ServiceResult<bool> {
    let Some(phone) = rows::factor(tx.conn(), actor.account).await?.filter(|phone| phone.id == id) else {
        return Ok(false);
    };
    codes::void_of_account(tx.conn(), actor.account, CodePurpose::SecondFactor).await?;
    rows::put(tx.conn(), &PhoneRow { second_factor: false, ..phone }).await?;
    Ok(true)
}

/// `DELETE /account/phone`.
pub async fn remove(state: &AppState, actor: &Actor) -> ServiceResult<()> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let mut tx = state.db.begin_write().await?;
    let phone = rows::get(tx.conn(), actor.account).await?.ok_or(ErrorCode::NotFound)?;
    rows::delete(tx.conn(), actor.account).await?;
    codes::void_all(tx.conn(), actor.account).await?;
    if phone.second_factor {
        after_removal(&tx, actor).await?;
    }
    let event = change(actor, "phone_removed").with("factor", phone.id);
    tx.record(event.with("second_factor", phone.second_factor).with("sign_in", phone.sign_in)).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::PhoneRemoved).await?;
    tell_changed(&mut tx, actor);
    tx.commit().await?;
    sessions::changed(state, actor.account);
    Ok(())
}
