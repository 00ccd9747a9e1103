//! Numbers of bytes as operators write them.

use std::{fmt, str::FromStr};

use api_types::limits::QUOTA_MIN;

/// Most bytes that an account may store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(u64);

/// Why a text is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// Not a size.
    #[error("a number of MB, GB or TB is needed, for instance 500MB or 20GB")]
    Malformed,
    /// So small that nothing fits.
    #[error("a limit has at least {QUOTA_MIN} bytes")]
    TooSmall,
}

impl Size {
    /// As bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

/// As it is read.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}MB", self.0 / 1_000_000)
    }
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or(SizeError::Malformed)?;
        let (number, unit) = text.split_at(split);
        let number: u64 = number.parse().map_err(|_| SizeError::Malformed)?;
        let unit: u64 = match unit.trim() {
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err(SizeError::Malformed),
        };
        let bytes = number.checked_mul(unit).filter(|bytes| i64::try_from(*bytes).is_ok());
        match bytes.ok_or(SizeError::Malformed)? {
            bytes if bytes < QUOTA_MIN => Err(SizeError::TooSmall),
            bytes => Ok(Self(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_unit() {
        let bytes = |text: &str| text.parse().map(Size::bytes);
        assert_eq!(
            (bytes("500MB"), bytes("20 GB"), bytes("1TB")),
            (Ok(500_000_000), Ok(20_000_000_000), Ok(1_000_000_000_000))
        );
        assert_eq!("20GB".parse().map(|size: Size| size.to_string()), Ok("20000MB".to_owned()));
        for text in ["", "5", "GB", "-1GB", "1.5GB", "1gb", "99999999999999999999GB", "99999999999TB"] {
            assert_eq!(bytes(text), Err(SizeError::Malformed), "{text}");
        }
        assert_eq!(bytes("0GB"), Err(SizeError::TooSmall));
        assert_eq!(bytes("10MB"), Err(SizeError::TooSmall), "less than 10 MiB");
    }
}
