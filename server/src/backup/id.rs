//! The name of a snapshot: when it was begun, and something random.

use std::{fmt, str::FromStr};

use api_types::UnixMillis;
use chrono::{DateTime, NaiveDateTime};

use super::BackupError;
use crate::{ServiceResult, random};

/// How the time is written: it sorts as the times do.
const TIME: &str = "%Y%m%dT%H%M%S%3fZ";

/// `20261127T094100123Z-5f3a09c1`, UTC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// Of a snapshot that begins now.
    pub fn new(now: UnixMillis) -> ServiceResult<Self> {
        let time = DateTime::from_timestamp_millis(now).unwrap_or_default();
        Ok(Self(format!("{}-{}", time.format(TIME), hex::encode(random::bytes::<4>()?))))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When it was begun, to the millisecond.
    pub fn time(&self) -> UnixMillis {
        time(&self.0).unwrap_or_default()
    }
}

fn time(text: &str) -> Option<UnixMillis> {
    let (time, random) = text.split_once('-')?;
    let is_hex = random.len() == 8 && random.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let time = NaiveDateTime::parse_from_str(time, TIME).ok()?;
    is_hex.then(|| time.and_utc().timestamp_millis())
}

impl FromStr for SnapshotId {
    type Err = BackupError;

    fn from_str(text: &str) -> Result<Self, BackupError> {
        match time(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(BackupError::NoSnapshot(text.to_owned())),
        }
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_their_times_do_and_nothing_else_is_one() {
        let [a, b] = [1_764_000_000_999, 1_764_000_001_000].map(|now| SnapshotId::new(now).unwrap());
        assert!(a < b);
        assert_eq!((a.time(), b.time()), (1_764_000_000_999, 1_764_000_001_000));
        assert_eq!(a.as_str().parse::<SnapshotId>().unwrap(), a);
        for text in [
            "",
            "latest",
            "20261127T094100123Z",
            "20261127T094100Z-5f3a09c1",
            "20261127T094100123Z-5f3a09cG",
            "../20261127T094100123Z-5f3a09c1",
        ] {
            assert!(text.parse::<SnapshotId>().is_err(), "{text}");
        }
    }
}
