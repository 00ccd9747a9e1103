//! Leaves of the key tree: a key record, or the binding of an e-mail address to an account. Unsalted, so that everyone who
//! knows an account finds its leaves, and nobody else learns whose they are.

use sha2::{Digest, Sha256};

use super::{LeafError, VERSION, split_version};
use crate::hash::{Hash, leaf_hash};

/// Shortest label, bytes.
pub const MIN_LABEL: usize = 32;
/// Longest label, bytes.
pub const MAX_LABEL: usize = 80;

const KEY: u8 = 1;
const BINDING: u8 = 2;

/// Where an e-mail address stands in the tree: the output of a verifiable random function, 32 to 80 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Vec<u8>);

impl Label {
    /// Checks the length.
    ///
    /// # Errors
    /// [`LeafError::Label`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, LeafError> {
        if (MIN_LABEL..=MAX_LABEL).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(LeafError::Label(bytes.len()))
        }
    }

    /// The label.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a leaf of the key tree says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyTreeLeaf {
    /// An account has this key record.
    Key {
        /// SHA-256 of the account id.
        account: [u8; 32],
        /// The record's epoch.
        epoch: u32,
        /// What stands for the record ([`KeyTreeLeaf::record_hash`]).
        record: [u8; 32],
    },
    /// An e-mail address belongs to this account.
    Binding {
        /// Stands for the address.
        label: Label,
        /// SHA-256 of the account id.
        account: [u8; 32],
    },
}

impl KeyTreeLeaf {
    /// The leaf of a key record: the account's id, the record's epoch and stored bytes.
    pub fn key(account: &[u8; 32], epoch: u32, record: &[u8]) -> Self {
        let record = Self::record_hash(&Sha256::digest(record).into());
        Self::Key { account: Sha256::digest(account).into(), epoch, record }
    }

    /// What stands for a record in its leaf: SHA-256 of the record's hash. Not that hash itself: a first record's is the
    /// account's id, and id and hash together find an account.
    pub fn record_hash(hash: &[u8; 32]) -> [u8; 32] {
        Sha256::digest(hash).into()
    }

    /// The leaf that binds an address to an account's id.
    pub fn binding(label: Label, account: &[u8; 32]) -> Self {
        Self::Binding { label, account: Sha256::digest(account).into() }
    }

    /// The leaf's data: its entry in a bundle. `0x01 ‖ 0x01 ‖ account ‖ epoch u32 BE ‖ record`, or `0x01 ‖ 0x02 ‖ u8 length of
    /// label ‖ label ‖ account`.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Key { account, epoch, record } => {
                [&[VERSION, KEY], &account[..], &epoch.to_be_bytes(), record].concat()
            }
            Self::Binding { label, account } => {
                [&[VERSION, BINDING, label.0.len() as u8], &label.0[..], account].concat()
            }
        }
    }

    /// The hash of the leaf.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }

    /// Reads a leaf's data.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        let (&kind, rest) = split_version(bytes)?.split_first().ok_or(LeafError::Truncated)?;
        let (leaf, rest) = match kind {
            KEY => read_key(rest)?,
            BINDING => read_binding(rest)?,
            other => return Err(LeafError::UnknownKind(other)),
        };
        if rest.is_empty() { Ok(leaf) } else { Err(LeafError::Trailing) }
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), LeafError> {
    bytes.split_first_chunk().ok_or(LeafError::Truncated)
}

fn read_key(bytes: &[u8]) -> Result<(KeyTreeLeaf, &[u8]), LeafError> {
    let (account, rest) = take(bytes)?;
    let (epoch, rest) = take(rest)?;
    let (record, rest) = take(rest)?;
    Ok((KeyTreeLeaf::Key { account: *account, epoch: u32::from_be_bytes(*epoch), record: *record }, rest))
}

fn read_binding(bytes: &[u8]) -> Result<(KeyTreeLeaf, &[u8]), LeafError> {
    let (&len, rest) = bytes.split_first().ok_or(LeafError::Truncated)?;
    if !(MIN_LABEL..=MAX_LABEL).contains(&len.into()) {
        return Err(LeafError::Label(len.into()));
    }
    let (label, rest) = rest.split_at_checked(len.into()).ok_or(LeafError::Truncated)?;
    let (account, rest) = take(rest)?;
    Ok((KeyTreeLeaf::Binding { label: Label(label.to_vec()), account: *account }, rest))
}
