//! What a new account brings, verified as far as that goes without keys.

use api_types::{
    AccountId, UnixMillis,
    accounts::{Role, WayIn, WayInKind},
    limits::KEYRING_MAX,
    sign_up::NewWayIn,
};
use crypto::{
    account::{self, KeyChain, RoleStatement, verify_way_in},
    ids,
    sign::{PublicSigningKey, Signed},
};

use super::verify::{not_ahead, parse};
use crate::{ServiceError, ServiceResult, services::fields};

/// Largest wrap of the organisation key's seed, bytes.
const ORGANISATION_WRAP_MAX: usize = 4096;

/// The epoch-0 record: self-signed, and the account id its hash.
pub fn first_key_record(account: AccountId, record: &[u8], now: UnixMillis) -> ServiceResult<KeyChain> {
    let parsed = parse::<account::KeyRecord>("/key_record", record)?;
    not_ahead("/key_record", parsed.claimed().created_at, now)?;
    let chain = KeyChain::verify(vec![parsed]).map_err(|error| invalid("key_record", &error))?;
    if chain.account().0 != account.0 {
        return Err(ServiceError::field("/account_id", "not the SHA-256 of the key record"));
    }
    Ok(chain)
}

/// A way in: signed by the account, of its kind, and under the id that its record names.
pub fn way_in(
    pointer: &'static str,
    new: NewWayIn,
    kind: WayInKind,
    chain: &KeyChain,
    now: UnixMillis,
) -> ServiceResult<WayIn> {
    let record = parse::<account::WayIn>(pointer, &new.record.0)?;
    let signed = verify_way_in(&record, chain).map_err(|error| invalid(pointer, &error))?;
    not_ahead(pointer, signed.time, now)?;
    let (wanted, label) = match kind {
        WayInKind::Password => (account::WayInKind::Password, "Password"),
        WayInKind::RecoveryKit => (account::WayInKind::RecoveryKit, "Recovery kit"),
        WayInKind::Passkey => (account::WayInKind::Passkey, "Passkey"),
        WayInKind::EmergencyContact => (account::WayInKind::EmergencyContact, "Emergency contact"),
        WayInKind::RecoveryShares => (account::WayInKind::RecoveryShares, "Recovery shares"),
        WayInKind::Escrow => (account::WayInKind::Escrow, "Escrow"),
    };
    if signed.kind != wanted || signed.id.0 != new.id.0 {
        return Err(ServiceError::field(pointer, "its record is of another kind or id"));
    }
    let proof_key = new.proof_key.as_ref().map(|key| key.0.as_slice());
    if signed.proof_key.as_ref().map(|key| &key.0[..]) != proof_key {
        return Err(ServiceError::field(pointer, "its proof key is not the one in its record"));
    }
    if super::recovery::recovers(kind) != proof_key.is_some() {
        return Err(ServiceError::field(pointer, "a way in by words has a proof key, another has none"));
    }
    Ok(WayIn {
        id: new.id,
        kind,
        label: label.to_owned(),
        record: new.record,
        proof_key: new.proof_key,
        created_at: now,
    })
}

/// An approval: signed under the organisation key over this instance, account, name and role.
pub fn approval(
    pointer: &'static str,
    blob: &[u8],
    organisation_key: &[u8; 32],
    instance: &[u8; 16],
    said: (AccountId, &str, Role),
    now: UnixMillis,
) -> ServiceResult<()> {
    let (account, name, role) = said;
    let statement: Signed<RoleStatement> = parse(pointer, blob)?;
    let verified = statement
        .verify_role(&PublicSigningKey(*organisation_key), &ids::InstanceId(*instance), &ids::AccountId(account.0))
        .map_err(|error| invalid(pointer, &error))?;
    not_ahead(pointer, verified.time, now)?;
    if verified.name != name || verified.role != crypto_role(role) {
        return Err(ServiceError::field(pointer, "it says another name or role than the account has"));
    }
    Ok(())
}

/// The wrap of the organisation key's seed: opaque here, only its length is checked.
pub fn organisation_wrap(pointer: &'static str, wrap: &[u8]) -> ServiceResult<()> {
    fields::blob(pointer, wrap, ORGANISATION_WRAP_MAX)
}

/// A sealed keyring: opaque here.
pub fn keyring(pointer: &'static str, sealed: &[u8]) -> ServiceResult<()> {
    fields::blob(pointer, sealed, KEYRING_MAX)
}

fn crypto_role(role: Role) -> account::Role {
    match role {
        Role::Administrator => account::Role::Administrator,
        Role::Doctor => account::Role::Doctor,
        Role::Patient => account::Role::Patient,
    }
}

fn invalid(what: &str, error: &dyn std::fmt::Display) -> ServiceError {
    let what = what.trim_start_matches('/');
    ServiceError::because(api_types::ErrorCode::InvalidSignature, format!("{what}: {error}"))
}
