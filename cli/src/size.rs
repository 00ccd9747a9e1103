//! Sizes as people write them: `500MB`, `20GB`.

/// A text that is not a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a size is a number with MB, GB or TB, for instance 500MB or 20GB")]
pub struct BadSize;

const MEGA: u64 = 1_000_000;

/// Bytes.
pub fn parse(text: &str) -> Result<u64, BadSize> {
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or(BadSize)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| BadSize)?;
    let unit = match unit.trim() {
        "MB" => MEGA,
        "GB" => 1000 * MEGA,
        "TB" => 1_000_000 * MEGA,
        _ => return Err(BadSize),
    };
    number.checked_mul(unit).ok_or(BadSize)
}

/// `1.4 GB`, in powers of a thousand.
pub fn text(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (MEGA, "MB"),
        _ => (1_000 * MEGA, "GB"),
    };
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        assert_eq!((parse("500MB"), parse("20 GB")), (Ok(500_000_000), Ok(20_000_000_000)));
        for bad in ["", "20", "GB", "-1GB", "1.5GB", "20gb", "99999999999999999999GB", "99999999999999TB"] {
            assert_eq!(parse(bad), Err(BadSize), "{bad}");
        }
        assert_eq!(
            (text(0), text(1_450_000), text(20_000_000_000)),
            ("0.0 kB".into(), "1.4 MB".into(), "20.0 GB".into())
        );
    }
}
