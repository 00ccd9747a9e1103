//! An account's new keys: the record of the next epoch, with everything under a new account key.

use api_types::{
    ErrorCode,
    accounts::{RotateKeys, WayInKind},
};
use crypto::{
    account::{KeyChain, KeyRecord},
    sign::Signed,
};

use crate::{
    AppState, ServiceError, ServiceResult,
    mail::MailKind,
    policy::Actor,
    services::{
        confirmation,
        rotation::{self, Rotated},
        second_factors::change,
        verify::{self, CLOCK_LEEWAY},
    },
    storage::key_records,
};

/// `POST /account/keys`.
pub async fn rotate(state: &AppState, actor: &Actor, body: RotateKeys) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let now = state.clock.now();
    let stored = verify::keys_of(state.db.read(), actor.account).await?;
    let record = verify::parse::<KeyRecord>("/key_record", &body.key_record.0)?;
    let made_at = record.claimed().created_at;
    verify::not_ahead("/key_record", made_at, now)?;
    // What was signed since then by the old keys would count no more.
    if made_at < now - CLOCK_LEEWAY {
        return Err(ServiceError::field("/key_record", "its time is long past; is this device's clock right?"));
    }
    if is_overtaken(&stored, &record) {
        return Err(ErrorCode::CounterStale.into());
    }
    let (epoch, chain) = follow(&stored, record)?;
    let rotated = Rotated::check_under(&chain, now, body.rotation)?;
    let tx = state.db.begin_write().await?;
    // Another device may have made new ones meanwhile.
    if verify::keys_of(tx.conn(), actor.account).await?.epoch() != stored.epoch() {
        return Err(ErrorCode::CounterStale.into());
    }
    key_records::insert(tx.conn(), actor.account, epoch, &body.key_record.0, now).await?;
    rotated.keeps(&tx, &[WayInKind::Password, WayInKind::RecoveryKit], None).await?;
    let event = change(actor, "keys").with("epoch", epoch);
    rotation::finish(state, actor, tx, rotated, (event, MailKind::KeysRotated)).await
}

/// Whether the record follows an earlier one than the newest: its maker, who held that one's keys, had not heard of the others.
fn is_overtaken(stored: &KeyChain, record: &Signed<KeyRecord>) -> bool {
    let epoch = record.claimed().epoch;
    let Some(other) = stored.record(epoch).filter(|_| epoch > 0) else { return false };
    let before = stored.records().iter().take_while(|earlier| earlier.claimed().epoch < epoch);
    other.hash() != record.hash() && KeyChain::verify(before.chain([record]).cloned().collect()).is_ok()
}

/// The chain that goes on with the record.
fn follow(stored: &KeyChain, record: Signed<KeyRecord>) -> ServiceResult<(u32, KeyChain)> {
    let epoch = record.claimed().epoch;
    let records = stored.records().iter().cloned().chain([record]).collect();
    let chain = KeyChain::verify(records)
        .map_err(|error| ServiceError::because(ErrorCode::InvalidSignature, format!("key_record: {error}")))?;
    Ok((epoch, chain))
}
