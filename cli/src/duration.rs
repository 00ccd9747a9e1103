//! Durations as people write them: `90m`, `24h`, `30d`.

/// A text that is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is a number with m, h or d, for instance 24h or 7d")]
pub struct BadDuration;

/// Milliseconds.
pub fn parse(text: &str) -> Result<i64, BadDuration> {
    let unit = text.get(text.len().saturating_sub(1)..).ok_or(BadDuration)?;
    let number = &text[..text.len() - unit.len()];
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return Err(BadDuration),
    };
    let number: i64 = number.parse().map_err(|_| BadDuration)?;
    if number <= 0 {
        return Err(BadDuration);
    }
    number.checked_mul(minutes * 60_000).ok_or(BadDuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_hours_and_days() {
        assert_eq!(parse("24h"), Ok(24 * 3_600_000));
        assert_eq!(parse("30d"), Ok(30 * 24 * 3_600_000));
        assert_eq!(parse("90m"), Ok(90 * 60_000));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "h", "24", "-1h", "0h", "1.5h", "99999999999999999d", "é"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
