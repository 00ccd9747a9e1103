//! Times as ISO 8601.

use api_types::UnixMillis;
use time::OffsetDateTime;

/// A time in UTC, `2023-11-14T22:13:20.123Z`; a number of milliseconds where the calendar ends.
pub fn iso(time: UnixMillis) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(time.div_euclid(1_000)) else { return time.to_string() };
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", time.rem_euclid(1_000))
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (time, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MAX, "9223372036854775807"),
        ] {
            assert_eq!(iso(time), text);
        }
    }
}
