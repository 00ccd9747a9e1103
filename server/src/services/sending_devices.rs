//! Devices: machines that only send. Their owner signs for each and for its end; a token of its own lets it in, to
//! sending alone.
//!
//! A device's token ends when the device is removed, at its time, and with everything that ends API tokens: a new password, kit or
//! account key, a recovery, and the owner's being disabled. What it sent before stays.

use std::collections::{BTreeSet, HashMap};

use api_types::{
    AccountId, ApiTokenId, B64, ErrorCode, UnixMillis,
    accounts::PublicAccount,
    audit::Action,
    devices::{
        DEVICE_NAME_MAX_CHARS, DEVICES_MAX, Device, DeviceAdded, DeviceList, DeviceState, NewDevice, RemoveDevice,
        ReportDevice,
    },
    tokens::Scope,
};
use crypto::{
    account::{self, DeviceError, DeviceRecord, DeviceRemoval},
    ids,
    sign::Signed,
};
use sea_orm::ConnectionTrait;
use zeroize::Zeroizing;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    mail::MailKind,
    policy::Actor,
    random,
    services::{
        confirmation, fields, notices, token_text,
        verify::{self, CLOCK_LEEWAY},
    },
    storage::{
        self, accounts,
        api_tokens::{self, ApiTokenRow},
        devices::{self, DeviceRow},
    },
};

fn change(actor: &Actor, what: &str, device: AccountId) -> EventDraft {
    EventDraft::by(actor, Action::AccountChange).with("what", what).with("device", device)
}

fn invalid(pointer: &str, error: &DeviceError) -> ServiceError {
    ServiceError::because(ErrorCode::InvalidSignature, format!("{pointer}: {error}"))
}

/// What is said of a device is said now, so that an old word makes and removes none.
fn of_now(pointer: &'static str, time: UnixMillis, now: UnixMillis) -> ServiceResult<()> {
    verify::not_ahead(pointer, time, now)?;
    if time < now - CLOCK_LEEWAY {
        return Err(ServiceError::field(pointer, "its time is long past; is this device's clock right?"));
    }
    Ok(())
}

fn describe(row: DeviceRow, has_token: bool, now: UnixMillis) -> Device {
    let state = match (now >= row.expires_at, has_token) {
        (true, _) => DeviceState::Expired,
        (false, false) => DeviceState::Ended,
        (false, true) => DeviceState::Active,
    };
    Device { id: row.id, record: B64(row.record), state, last_sent_at: row.last_sent_at }
}

/// `GET /account/devices`.
pub async fn list(state: &AppState, actor: &Actor) -> ServiceResult<DeviceList> {
    let rows = devices::of_account(state.db.read(), actor.account).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "devices")).await?;
    let now = state.clock.now();
    Ok(DeviceList { items: rows.into_iter().map(|(row, has_token)| describe(row, has_token, now)).collect() })
}

/// `POST /account/devices`. The only time that its token's text is anywhere but with the device; its key never is here.
pub async fn add(state: &AppState, actor: &Actor, body: NewDevice) -> ServiceResult<DeviceAdded> {
    actor.may_add_devices()?;
    let record = check(state, actor, &body.record.0).await?;
    confirmation::confirmed(state, actor).await?;
    let session = storage::sessions::get(state.db.read(), actor.session).await?.ok_or(ErrorCode::SignedOut)?;
    let now = state.clock.now();
    let id = AccountId(ids::AccountId::of_device(&record).0);
    let row = DeviceRow {
        id,
        owner: actor.account,
        record: record.as_bytes().to_vec(),
        removal: None,
        created_at: now,
        expires_at: record.claimed().expires_at,
        last_sent_at: None,
    };
    let (token, secret) = (ApiTokenId(random::bytes()?), Zeroizing::new(random::bytes::<32>()?));
    let secret = token_text::write(token, &secret);
    let token = ApiTokenRow {
        id: token,
        account: actor.account,
        name: String::new(),
        token_hash: random::token_hash(&secret),
        scopes: [Scope::ReportsSend].into_iter().collect(),
        second_factor: session.second_factor,
        created_at: now,
        expires_at: row.expires_at,
        last_used_at: None,
        last_place: None,
        device: Some(id),
    };
    store(state, actor, &row, &token).await?;
    Ok(DeviceAdded { device: describe(row, true, now), secret })
}

/// A record of now, of this server and the caller's newest key.
async fn check(state: &AppState, actor: &Actor, blob: &[u8]) -> ServiceResult<Signed<DeviceRecord>> {
    let record = verify::parse::<DeviceRecord>("/record", blob)?;
    let claimed = record.claimed();
    of_now("/record", claimed.time, state.clock.now())?;
    if fields::short_text("/record", &claimed.name, DEVICE_NAME_MAX_CHARS)? != claimed.name {
        return Err(ServiceError::field("/record", "its name must be one line without spaces around it"));
    }
    let chain = verify::keys_of(state.db.read(), actor.account).await?;
    if claimed.epoch != chain.epoch() {
        return Err(ErrorCode::CounterStale.into());
    }
    let instance = ids::InstanceId(state.instance.instance_id);
    account::Device::verify(&ids::AccountId::of_device(&record), &record, &instance, &chain)
        .map_err(|error| invalid("record", &error))?;
    Ok(record)
}

async fn store(state: &AppState, actor: &Actor, row: &DeviceRow, token: &ApiTokenRow) -> ServiceResult<()> {
    let mut tx = confirmation::begin_write(state, actor).await?;
    if devices::of_account(tx.conn(), actor.account).await?.len() >= DEVICES_MAX {
        let most = format!("an account has at most {DEVICES_MAX} devices; remove one first");
        return Err(ServiceError::because(ErrorCode::Conflict, most));
    }
    if devices::exists(tx.conn(), row.id).await? {
        return Err(ServiceError::because(ErrorCode::Conflict, "this device was added already"));
    }
    devices::insert(tx.conn(), row).await?;
    api_tokens::insert(tx.conn(), token).await?;
    tx.record(change(actor, "device_added", row.id).with("token", token.id)).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::SendingDeviceAdded).await?;
    tx.commit().await
}

/// `POST /account/devices/{id}/remove`: it ends at once. Taking away needs no confirmation, as with sessions.
pub async fn remove(state: &AppState, actor: &Actor, id: AccountId, body: RemoveDevice) -> ServiceResult<()> {
    actor.may_secure_account()?;
    let now = state.clock.now();
    let row = devices::get(state.db.read(), actor.account, id).await?.ok_or(ErrorCode::NotFound)?;
    let removal = verify::parse::<DeviceRemoval>("/removal", &body.removal.0)?;
    of_now("/removal", removal.claimed().time, now)?;
    let chain = verify::keys_of(state.db.read(), actor.account).await?;
    let record = Signed::parse(&row.record)
        .map_err(|error| ServiceError::Internal(format!("the stored record of device {id}: {error}")))?;
    let instance = ids::InstanceId(state.instance.instance_id);
    let device = account::Device::verify(&ids::AccountId(id.0), &record, &instance, &chain);
    device.and_then(|mut device| device.remove(&removal, &chain)).map_err(|error| invalid("removal", &error))?;
    let mut tx = state.db.begin_write().await?;
    devices::get(tx.conn(), actor.account, id).await?.ok_or(ErrorCode::NotFound)?;
    devices::remove(tx.conn(), id, body.removal.0, now).await?;
    tx.record(change(actor, "device_removed", id)).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::SendingDeviceRemoved).await?;
    tx.commit().await
}

/// The devices among the ids that a report names, each with its owner's keys: for whoever reads the report.
pub async fn of_report(conn: &impl ConnectionTrait, named: &BTreeSet<AccountId>) -> ServiceResult<Vec<ReportDevice>> {
    let rows = devices::by_ids(conn, named).await?;
    let owners: Vec<AccountId> = rows.iter().map(|row| row.owner).collect();
    let people = accounts::public_by_ids(conn, &owners).await?;
    let people: HashMap<AccountId, PublicAccount> = people.into_iter().map(|person| (person.id, person)).collect();
    let device = |row: DeviceRow| -> ServiceResult<ReportDevice> {
        let owner = people.get(&row.owner).cloned();
        let owner = owner.ok_or_else(|| ServiceError::Internal(format!("device {} is nobody's", row.id)))?;
        Ok(ReportDevice { id: row.id, record: B64(row.record), owner, removal: row.removal.map(B64) })
    };
    rows.into_iter().map(device).collect()
}

/// What devices among some ids are called.
pub async fn names(
    conn: &impl ConnectionTrait,
    ids: &BTreeSet<AccountId>,
) -> ServiceResult<HashMap<AccountId, String>> {
    let rows = devices::by_ids(conn, ids).await?;
    let named = rows.into_iter().filter_map(|row| {
        let record = Signed::<DeviceRecord>::parse(&row.record).ok()?;
        Some((row.id, record.claimed().name.clone()))
    });
    Ok(named.collect())
}
