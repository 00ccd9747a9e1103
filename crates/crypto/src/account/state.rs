//! The client state and the local cache: the client's own payloads, sealed by the account key.

use rand_core::CryptoRng;
use thiserror::Error;

use super::AccountKey;
use crate::{
    defence::Defence,
    encoding::{DecodeError, VERSION, split_version},
    format::{Label, SmallError},
    ids::AccountId,
    secret::SecretBytes,
};

/// Why a client state doesn't open.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// Not sealed by this account key for this account and counter.
    #[error(transparent)]
    Sealed(#[from] SmallError),
    /// Not a client state.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Older than one seen before: a roll-back.
    #[error("counter {found} is behind {seen}")]
    RolledBack {
        /// Its counter.
        found: u64,
        /// The counter seen.
        seen: u64,
    },
}

/// What a payload is sealed for: whose it is and its number, so that none is given out under another's.
fn bindings<'a>(owner: &'a [u8], counter: &'a [u8; 8]) -> Vec<&'a [u8]> {
    if Defence::CounterBound.holds() { vec![owner, &counter[..]] } else { vec![owner] }
}

/// Seals a payload with a counter: `version ‖ u64 counter ‖ sealed`. Raise the counter by one with each writing.
pub(crate) fn seal_counted(
    ak: &AccountKey,
    label: Label,
    owner: &[u8],
    counter: u64,
    payload: &[u8],
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&counter.to_be_bytes());
    out.extend_from_slice(&ak.seal(label, &bindings(owner, &counter.to_be_bytes()), payload, rng));
    out
}

/// Opens what [`seal_counted`] made; refuses a counter below `seen`.
pub(crate) fn open_counted(
    ak: &AccountKey,
    label: Label,
    owner: &[u8],
    seen: u64,
    sealed: &[u8],
) -> Result<(u64, SecretBytes), StateError> {
    let rest = split_version(sealed)?;
    let (counter, sealed) = rest.split_first_chunk::<8>().ok_or(DecodeError::Truncated)?;
    let found = u64::from_be_bytes(*counter);
    let payload = ak.open(label, &bindings(owner, counter), sealed)?;
    if found < seen && Defence::StateCounter.holds() {
        return Err(StateError::RolledBack { found, seen });
    }
    Ok((found, payload))
}

/// Seals the client state. `counter` must be above every counter used before.
pub fn seal_state(
    ak: &AccountKey,
    account: &AccountId,
    counter: u64,
    payload: &[u8],
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    seal_counted(ak, Label::ClientState, account.as_ref(), counter, payload, rng)
}

/// Opens a client state; `seen` is the highest counter known from elsewhere (0 for a fresh browser).
///
/// # Errors
/// [`StateError`].
pub fn open_state(
    ak: &AccountKey,
    account: &AccountId,
    seen: u64,
    sealed: &[u8],
) -> Result<(u64, SecretBytes), StateError> {
    open_counted(ak, Label::ClientState, account.as_ref(), seen, sealed)
}

/// Seals an entry of the local cache; `name` says what it holds.
pub fn seal_cache(
    ak: &AccountKey,
    account: &AccountId,
    name: &str,
    payload: &[u8],
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    ak.seal(Label::Cache, &[account.as_ref(), name.as_bytes()], payload, rng)
}

/// Opens an entry of the local cache.
///
/// # Errors
/// [`SmallError`].
pub fn open_cache(ak: &AccountKey, account: &AccountId, name: &str, sealed: &[u8]) -> Result<SecretBytes, SmallError> {
    ak.open(Label::Cache, &[account.as_ref(), name.as_bytes()], sealed)
}
