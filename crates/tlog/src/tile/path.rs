//! What a log serves below its prefix, and where (tlog-tiles, “APIs”).

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::id::{BundleId, FULL, InvalidId, TileId};
use crate::text::decimal;

/// Why a path names nothing that a log serves.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// Neither `checkpoint` nor below `tile/`.
    #[error("not a path of a log")]
    Unknown,
    /// The level is no decimal in its shortest form.
    #[error("the level is not a number")]
    Level,
    /// The index isn't made of elements of three digits, all but the last after an `x`.
    #[error("the index is not made of x000/000")]
    Index,
    /// The index has elements of zeroes that it doesn't need.
    #[error("the index is longer than it must be")]
    LongIndex,
    /// The width is no decimal from 1 to 255 in its shortest form. (Full tiles have no suffix.)
    #[error("the width is not a number from 1 to 255")]
    Width,
    /// The numbers name no tile.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

/// A file of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// The newest checkpoint: the one file that changes.
    Checkpoint,
    /// A tile of hashes.
    Tile(TileId),
    /// A bundle of entries.
    Bundle(BundleId),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Tile(id) => {
                write!(f, "tile/{}/", id.level())?;
                write_place(f, id.index(), id.width())
            }
            Self::Bundle(id) => {
                f.write_str("tile/entries/")?;
                write_place(f, id.index(), id.width())
            }
        }
    }
}

fn write_place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut elements = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        elements.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    elements.reverse();
    f.write_str(&elements.join("/"))?;
    if width < FULL { write!(f, ".p/{width}") } else { Ok(()) }
}

impl FromStr for Resource {
    type Err = PathError;

    /// Reads a path without leading slash, in its one form.
    fn from_str(path: &str) -> Result<Self, PathError> {
        if path == "checkpoint" {
            return Ok(Self::Checkpoint);
        }
        let (level, place) =
            path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(PathError::Unknown)?;
        if level == "entries" {
            let (index, width) = read_place(place)?;
            return Ok(Self::Bundle(BundleId::new(index, width)?));
        }
        let level = decimal(level).ok_or(PathError::Level)?;
        let level = u8::try_from(level).map_err(|_| PathError::Level)?;
        let (index, width) = read_place(place)?;
        Ok(Self::Tile(TileId::new(level, index, width)?))
    }
}

fn read_place(place: &str) -> Result<(u64, u16), PathError> {
    let Some((index, width)) = place.split_once(".p/") else { return Ok((read_index(place)?, FULL)) };
    let width = decimal(width).filter(|w| (1..FULL.into()).contains(w)).ok_or(PathError::Width)?;
    Ok((read_index(index)?, width as u16))
}

fn read_index(text: &str) -> Result<u64, PathError> {
    let (upper, last) = text.rsplit_once('/').map_or((None, text), |(upper, last)| (Some(upper), last));
    let mut index = 0_u64;
    for element in upper.into_iter().flat_map(|u| u.split('/')) {
        let digits = three_digits(element.strip_prefix('x').ok_or(PathError::Index)?)?;
        if index == 0 && digits == 0 {
            return Err(PathError::LongIndex);
        }
        index = next(index, digits)?;
    }
    next(index, three_digits(last)?)
}

fn three_digits(text: &str) -> Result<u64, PathError> {
    let fine = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
    if fine { text.parse().map_err(|_| PathError::Index) } else { Err(PathError::Index) }
}

fn next(index: u64, digits: u64) -> Result<u64, PathError> {
    let next = index.checked_mul(1000).and_then(|i| i.checked_add(digits));
    next.ok_or(PathError::Id(InvalidId::Index(u64::MAX)))
}
