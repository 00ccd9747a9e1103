//! An account's new keys: the record of the next epoch, with everything under a new account key.

use api_types::{
    AccountId, ErrorCode,
    accounts::{RotateKeys, WayInKind},
};
use crypto::{
    account::{KeyChain, KeyRecord},
    sign::Signed,
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    mail::MailKind,
    policy::Actor,
    services::{
        confirmation,
        rotation::{self, Rotated},
        second_factors::change,
        verify::{self, CLOCK_LEEWAY},
    },
    storage::{accounts, key_records},
};

/// `POST /account/keys`.
pub async fn rotate(state: &AppState, actor: &Actor, body: RotateKeys) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let now = state.clock.now();
    let stored = verify::keys_of(state.db.read(), actor.account).await?;
    let record = verify::parse::<KeyRecord>("/key_record", &body.key_record.0)?;
    let epoch = record.claimed().epoch;
    let keyring = body.rotation.keyring.0.clone();
    if are_there(state.db.read(), actor.account, (&body.key_record.0[..], &keyring[..])).await? {
        return state.audit.record(event(actor, epoch).with("repeated", true)).await;
    }
    let made_at = record.claimed().created_at;
    verify::not_ahead("/key_record", made_at, now)?;
    // What was signed since then by the old keys would count no more.
    if made_at < now - CLOCK_LEEWAY {
        return Err(ServiceError::field("/key_record", "its time is long past; is this device's clock right?"));
    }
    if is_overtaken(&stored, &record) {
        return Err(ErrorCode::CounterStale.into());
    }
    let chain = follow(&stored, record)?;
    let rotated = Rotated::check_under(&chain, now, body.rotation)?;
    let tx = state.db.begin_write().await?;
    if are_there(tx.conn(), actor.account, (&body.key_record.0[..], &keyring[..])).await? {
        confirmation::still(tx.conn(), actor).await?;
        return tx.repeated(event(actor, epoch)).await;
    }
    // Another device may have made new ones meanwhile.
    if verify::keys_of(tx.conn(), actor.account).await?.epoch() != stored.epoch() {
        return Err(ErrorCode::CounterStale.into());
    }
    key_records::insert(tx.conn(), actor.account, epoch, &body.key_record.0, now).await?;
    rotated.keeps(&tx, &[WayInKind::Password, WayInKind::RecoveryKit], None).await?;
    rotation::finish(state, actor, tx, rotated, (event(actor, epoch), MailKind::KeysRotated)).await
}

fn event(actor: &Actor, epoch: u32) -> EventDraft {
    change(actor, "keys").with("epoch", epoch)
}

/// Whether these very keys are the newest, with the keyring that came with them: the same request was sent twice, and the answer to
/// the first one was lost, or both were on their way.
async fn are_there(
    conn: &impl ConnectionTrait,
    account: AccountId,
    (record, keyring): (&[u8], &[u8]),
) -> ServiceResult<bool> {
    if key_records::newest(conn, account).await?.as_deref() != Some(record) {
        return Ok(false);
    }
    Ok(accounts::get(conn, account).await?.is_some_and(|row| row.keyring == keyring))
}

/// Whether the record follows an earlier one than the newest: its maker, who held that one's keys, had not heard of the others.
fn is_overtaken(stored: &KeyChain, record: &Signed<KeyRecord>) -> bool {
    let epoch = record.claimed().epoch;
    let Some(other) = stored.record(epoch).filter(|_| epoch > 0) else { return false };
    let before = stored.records().iter().take_while(|earlier| earlier.claimed().epoch < epoch);
    other.hash() != record.hash() && KeyChain::verify(before.chain([record]).cloned().collect()).is_ok()
}

/// The chain that goes on with the record.
fn follow(stored: &KeyChain, record: Signed<KeyRecord>) -> ServiceResult<KeyChain> {
    let records = stored.records().iter().cloned().chain([record]).collect();
    KeyChain::verify(records)
        .map_err(|error| ServiceError::because(ErrorCode::InvalidSignature, format!("key_record: {error}")))
}
