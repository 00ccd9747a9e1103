//! Splitting the secret, sealing each share to its contact, and opening one.

use rand_core::CryptoRng;
use vsss_rs::Gf256;

use super::{RecoveryShare, RecoverySplit, SHARE_HOLDERS, ShareHolder, SplitError};
use crate::{
    account::{EpochKeys, KeyChain, Keyring, RecoveryKit},
    encoding::{DecodeError, UnixMillis, Writer, sha256},
    ids::{AccountId, Hash32, WayInId},
    kem::{Suite, hpke_open, hpke_seal},
    secret::{Secret, SecretBytes},
    sign::Signed,
};

/// What a statement says of a share, so that a wrong one is known without another.
pub(super) fn commitment(way_in: &WayInId, index: u8, value: &Secret<32>) -> Hash32 {
    let mut w = Writer::with_context("recovery-share-commitment");
    w.bytes(way_in.as_ref()).u8(index).bytes(value.expose());
    let bytes = SecretBytes::new(w.finish());
    sha256(bytes.expose())
}

/// The shares, in order. Share i is the polynomials' values at i, a byte each.
fn shares(secret: &RecoveryKit, threshold: u8, count: usize, rng: &mut impl CryptoRng) -> Option<Vec<Secret<32>>> {
    let split = Gf256::split_bytes(usize::from(threshold), count, secret.entropy().expose(), &mut *rng).ok()?;
    let split: Vec<_> = split.into_iter().map(SecretBytes::new).collect();
    let value = |(share, index): (&SecretBytes, u8)| match share.expose() {
        [at, value @ ..] if *at == index => Secret::from_slice(value),
        _ => None,
    };
    split.iter().zip(1u8..).map(value).collect()
}

/// Splits the secret of a way in among contacts, any `threshold` of whom open it; seals each share to its contact's newest
/// key, and signs who holds which. Gives the sealed shares in the order of the contacts.
///
/// # Errors
/// [`SplitError::Unsound`], [`SplitError::WrongKey`].
pub fn split_recovery(
    (account, keys): (AccountId, &EpochKeys),
    way_in: WayInId,
    secret: &RecoveryKit,
    (contacts, threshold): (&[&KeyChain], u8),
    time: UnixMillis,
    rng: &mut impl CryptoRng,
) -> Result<(Signed<RecoverySplit>, Vec<Vec<u8>>), SplitError> {
    if !SHARE_HOLDERS.contains(&contacts.len()) {
        return Err(SplitError::Unsound(DecodeError::Invalid { field: "holders" }));
    }
    let mut split = RecoverySplit { account, way_in, threshold, holders: Vec::new(), epoch: keys.epoch, time };
    split.holders = contacts.iter().zip(1u8..).map(|(contact, index)| holder(contact, index)).collect();
    split.is_sound().map_err(SplitError::Unsound)?;
    let values = shares(secret, threshold, contacts.len(), rng);
    let values = values.ok_or(SplitError::Unsound(DecodeError::Invalid { field: "threshold" }))?;
    let mut sealed = Vec::with_capacity(values.len());
    for (at, (contact, value)) in contacts.iter().zip(&values).enumerate() {
        let info = split.info(&split.holders[at]);
        let one = hpke_seal(contact.recipient(), None, &info, value.expose(), rng).map_err(|_| SplitError::WrongKey)?;
        let holder = &mut split.holders[at];
        holder.sealed_hash = sha256(&one);
        holder.commitment = commitment(&way_in, holder.index, value);
        sealed.push(one);
    }
    Ok((Signed::sign(split, &keys.signing), sealed))
}

fn holder(contact: &KeyChain, index: u8) -> ShareHolder {
    let to = contact.recipient();
    ShareHolder {
        contact: contact.account(),
        contact_epoch: contact.epoch(),
        suite: to.suite(),
        key_hash: to.hash(),
        index,
        sealed_hash: Hash32([0; 32]),
        commitment: Hash32([0; 32]),
    }
}

/// Opens a contact's share of a verified statement, with the key of the epoch that it names.
///
/// # Errors
/// [`SplitError::WrongKey`] where none is theirs; [`SplitError::WrongShare`].
pub fn open_share(
    statement: &Signed<RecoverySplit>,
    sealed: &[u8],
    (contact, keyring): (&KeyChain, &Keyring),
) -> Result<RecoveryShare, SplitError> {
    let split = statement.claimed();
    let holder = split.held_by(&contact.account()).filter(|holder| holder.names_key_of(contact));
    let holder = holder.ok_or(SplitError::WrongKey)?;
    if sha256(sealed) != holder.sealed_hash {
        return Err(SplitError::WrongShare);
    }
    let keys = keyring.epoch(holder.contact_epoch).map_err(|_| SplitError::WrongKey)?;
    let private = match holder.suite {
        Suite::XWing => &keys.xwing,
        Suite::X25519 => &keys.x25519,
    };
    let opened = hpke_open(private, None, &split.info(holder), sealed).map_err(|_| SplitError::WrongShare)?;
    let value = Secret::from_slice(opened.expose()).ok_or(SplitError::WrongShare)?;
    if commitment(&split.way_in, holder.index, &value) != holder.commitment {
        return Err(SplitError::WrongShare);
    }
    Ok(RecoveryShare::new(statement.split_id(), split.threshold, holder.index, value))
}
