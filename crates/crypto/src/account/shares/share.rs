//! A share as its contact reads it out, and several of them put together.
//!
//! Text: 72 characters of Crockford base32, in groups of four, over the split's id (8 bytes), threshold and index (4 bits
//! each), value (32 bytes), and a check (4 bytes). The check proves nothing: it tells a mistyped share.

use std::fmt;

use thiserror::Error;
use vsss_rs::Gf256;

use super::{RecoverySplit, SHARE_HOLDERS, SHARE_THRESHOLD_MIN, SPLIT_ID_LEN, SplitId, seal::commitment};
use crate::{
    account::RecoveryKit,
    encoding::{context, sha256},
    secret::{Secret, SecretBytes},
};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const VALUE: usize = 32;
const CHECK: usize = 4;
/// Split id, threshold and index, value.
const BODY: usize = SPLIT_ID_LEN + 1 + VALUE;
/// Characters of a share's text, without what separates the groups.
pub const SHARE_CHARACTERS: usize = (BODY + CHECK) * 8 / 5;

/// Why a text is not a share.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShareError {
    /// Another number of characters than [`SHARE_CHARACTERS`].
    #[error("a share has 72 characters, not {0}")]
    Length(usize),
    /// A character that no share has.
    #[error("character {0} occurs in no share")]
    Character(usize),
    /// All characters exist, but not together.
    #[error("the characters do not belong together: one is wrong, or two are swapped")]
    Mistyped,
}

/// Why shares open nothing together. `at` counts from 1, in the order given.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CombineError {
    /// It isn't a share.
    #[error("share {at}: {why}")]
    Unreadable {
        /// Which.
        at: usize,
        /// Why.
        why: ShareError,
    },
    /// It is there already.
    #[error("share {at} is the same as one before")]
    Doubled {
        /// Which.
        at: usize,
    },
    /// It belongs to another split than the first.
    #[error("share {at} does not belong to the first: it is of another account, or of an older split")]
    Foreign {
        /// Which.
        at: usize,
    },
    /// Not the one that was made: whoever read it out gave another.
    #[error("share {at} is not the one that was made for its holder")]
    Wrong {
        /// Which.
        at: usize,
    },
    /// Fewer than open the account.
    #[error("{need} shares are needed, not {have}")]
    TooFew {
        /// How many there are.
        have: usize,
        /// How many open it.
        need: usize,
    },
}

/// A contact's share of the secret that opens an account.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryShare {
    split: SplitId,
    threshold: u8,
    index: u8,
    value: Secret<VALUE>,
}

impl fmt::Debug for RecoveryShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecoveryShare({} of the split, ..)", self.index)
    }
}

impl RecoveryShare {
    pub(super) fn new(split: SplitId, threshold: u8, index: u8, value: Secret<VALUE>) -> Self {
        Self { split, threshold, index, value }
    }

    /// The split that it is of.
    pub fn split(&self) -> SplitId {
        self.split
    }

    /// How many open the account together.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// Which share it is, from 1.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// Its text: 18 groups of four characters, separated by hyphens.
    pub fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(BODY + CHECK);
        bytes.extend_from_slice(&self.split);
        bytes.push(self.threshold << 4 | self.index);
        bytes.extend_from_slice(self.value.expose());
        bytes.extend_from_slice(&check(&bytes));
        let bytes = SecretBytes::new(bytes);
        let mut text = String::with_capacity(SHARE_CHARACTERS / 4 * 5);
        let (mut bits, mut held, mut written) = (0u32, 0, 0);
        for byte in bytes.expose() {
            bits = bits << 8 | u32::from(*byte);
            held += 8;
            while held >= 5 {
                held -= 5;
                if written > 0 && written % 4 == 0 {
                    text.push('-');
                }
                text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
                written += 1;
            }
        }
        text
    }

    /// Reads a text: any case, white space and hyphens ignored, `O` taken for `0`, `I` and `L` for `1`.
    ///
    /// # Errors
    /// [`ShareError`].
    pub fn parse(typed: &str) -> Result<Self, ShareError> {
        let bytes = decode(typed)?;
        let (body, found) = bytes.expose().split_at(BODY);
        let (split, rest) = body.split_at(SPLIT_ID_LEN);
        let (numbers, value) = rest.split_first().ok_or(ShareError::Mistyped)?;
        let split = split.try_into().map_err(|_| ShareError::Mistyped)?;
        let value = Secret::from_slice(value).ok_or(ShareError::Mistyped)?;
        let (threshold, index) = (numbers >> 4, numbers & 15);
        let is_one = (1..=*SHARE_HOLDERS.end()).contains(&usize::from(index));
        let in_reach = threshold >= SHARE_THRESHOLD_MIN && usize::from(threshold) <= *SHARE_HOLDERS.end();
        match found == check(body) && is_one && in_reach {
            true => Ok(Self { split, threshold, index, value }),
            false => Err(ShareError::Mistyped),
        }
    }
}

fn check(body: &[u8]) -> [u8; CHECK] {
    let mut input = Vec::with_capacity(64 + BODY);
    input.extend_from_slice(&context("recovery-share-text"));
    input.extend_from_slice(body);
    let input = SecretBytes::new(input);
    let [a, b, c, d, ..] = sha256(input.expose()).0;
    [a, b, c, d]
}

fn decode(typed: &str) -> Result<SecretBytes, ShareError> {
    let typed = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let count = typed.clone().count();
    if count != SHARE_CHARACTERS {
        return Err(ShareError::Length(count));
    }
    let mut bytes = Vec::with_capacity(BODY + CHECK);
    let (mut bits, mut held) = (0u32, 0);
    for (at, char) in (1..).zip(typed) {
        let char = match char.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let value = ALPHABET.iter().position(|known| char::from(*known) == char).ok_or(ShareError::Character(at))?;
        bits = bits << 5 | value as u32;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Ok(SecretBytes::new(bytes))
}

/// What can be said of shares before the account is asked for: all of one split, none twice, enough. Gives the split.
///
/// # Errors
/// [`CombineError`], but never [`CombineError::Wrong`].
pub fn check_together(shares: &[RecoveryShare]) -> Result<SplitId, CombineError> {
    let none = CombineError::TooFew { have: 0, need: usize::from(SHARE_THRESHOLD_MIN) };
    let first = shares.first().ok_or(none)?;
    for (at, share) in shares.iter().enumerate() {
        if share.split != first.split || share.threshold != first.threshold {
            return Err(CombineError::Foreign { at: at + 1 });
        }
        if shares[..at].iter().any(|before| before.index == share.index) {
            return Err(CombineError::Doubled { at: at + 1 });
        }
    }
    enough(shares.len(), first.threshold)?;
    Ok(first.split)
}

fn enough(have: usize, threshold: u8) -> Result<(), CombineError> {
    let need = usize::from(threshold);
    if have >= need { Ok(()) } else { Err(CombineError::TooFew { have, need }) }
}

/// The secret that the shares of a verified statement give together.
///
/// # Errors
/// [`CombineError::Wrong`] for one that the statement isn't about; those of [`check_together`].
pub fn combine_shares(split: &RecoverySplit, shares: &[RecoveryShare]) -> Result<RecoveryKit, CombineError> {
    check_together(shares)?;
    for (share, at) in shares.iter().zip(1..) {
        let holder = split.holders.iter().find(|holder| holder.index == share.index);
        let made = commitment(&split.way_in, share.index, &share.value);
        if share.threshold != split.threshold || holder.is_none_or(|holder| holder.commitment != made) {
            return Err(CombineError::Wrong { at });
        }
    }
    enough(shares.len(), split.threshold)?;
    let mut points: Vec<Vec<u8>> = shares.iter().take(usize::from(split.threshold)).map(point).collect();
    let secret = Gf256::combine_bytes(&points).map(SecretBytes::new);
    points.iter_mut().for_each(zeroize::Zeroize::zeroize);
    let kit = secret.ok().and_then(|secret| RecoveryKit::from_entropy(secret.expose()));
    // Shares of the statement, each once and enough of them, are points of one polynomial.
    kit.ok_or(CombineError::Wrong { at: 1 })
}

/// As the scheme takes it: where, and the values there.
fn point(share: &RecoveryShare) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + VALUE);
    bytes.push(share.index);
    bytes.extend_from_slice(share.value.expose());
    bytes
}
