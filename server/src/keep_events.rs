//! How long audit events are kept. What is older is removed from the database, not from the tree (docs/log.md).

use std::str::FromStr;

use api_types::{UnixMillis, limits::KEEP_EVENTS_MIN_DAYS};

use crate::clock::DAY;

/// How long audit events are kept: at least six years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepEvents {
    days: u32,
}

/// Why a text doesn't say how long events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeepEventsError {
    /// Not a time.
    #[error("a number of years or days is needed, for instance 7y or 2557d")]
    Malformed,
    /// Shorter than the law allows.
    #[error(
        "events are kept for at least six years, {KEEP_EVENTS_MIN_DAYS} days (45 CFR 164.316(b)(2)(i) and 164.528(a)); \
         people's programs refuse a record that ends earlier"
    )]
    TooShort,
}

impl KeepEvents {
    /// As days.
    pub fn days(self) -> u32 {
        self.days
    }

    /// Events before this are too old. It moves at midnight (UTC): what is removed in a day is written down in few events.
    pub fn limit(self, now: UnixMillis) -> UnixMillis {
        (now.div_euclid(DAY) - i64::from(self.days)) * DAY
    }
}

impl FromStr for KeepEvents {
    type Err = KeepEventsError;

    fn from_str(text: &str) -> Result<Self, KeepEventsError> {
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or(KeepEventsError::Malformed)?;
        let (number, unit) = text.split_at(split);
        let number: u32 = number.parse().map_err(|_| KeepEventsError::Malformed)?;
        let days = match unit.trim() {
            "d" | "day" | "days" => Some(number),
            "y" | "year" | "years" => days_of_years(number),
            _ => None,
        };
        let days = days.ok_or(KeepEventsError::Malformed)?;
        if days < KEEP_EVENTS_MIN_DAYS { Err(KeepEventsError::TooShort) } else { Ok(Self { days }) }
    }
}

/// With the most leap days that so many years can have.
fn days_of_years(years: u32) -> Option<u32> {
    years.checked_mul(365)?.checked_add(years / 4 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> Result<u32, KeepEventsError> {
        text.parse().map(KeepEvents::days)
    }

    #[test]
    fn years_and_days_are_read() {
        assert_eq!(days("6y"), Ok(KEEP_EVENTS_MIN_DAYS));
        assert_eq!((days("7 years"), days("2557d"), days("10y")), (Ok(2557), Ok(2557), Ok(3653)));
    }

    #[test]
    fn less_than_six_years_has_an_error_of_its_own() {
        for text in ["5y", "0d", "2191 days", "1 year"] {
            assert_eq!(days(text), Err(KeepEventsError::TooShort), "{text}");
        }
        for text in ["", "7", "y", "-7y", "7.5y", "7m", "99999999999y", "4000000000y"] {
            assert_eq!(days(text), Err(KeepEventsError::Malformed), "{text}");
        }
    }

    #[test]
    fn the_limit_is_a_midnight_and_never_too_late() {
        let keep: KeepEvents = "6y".parse().unwrap();
        let now = 2_000_000_000_123;
        assert_eq!(keep.limit(now) % DAY, 0);
        let age = now - keep.limit(now);
        assert!((2192 * DAY..2193 * DAY).contains(&age));
    }
}
