//! Telephone numbers.

use std::fmt;

/// A number in the form of E.164: `+`, its country's code, at most 15 digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

/// What is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number begins with + and its country's code, for instance +49 151 23456789")]
pub struct NumberError;

/// Fewest digits: the shortest that lead to a phone, with their country's code.
const FEWEST: usize = 8;
/// Most digits (E.164).
const MOST: usize = 15;
/// Longest text that is looked at.
const TEXT_MAX: usize = 40;

impl Number {
    /// Reads one, as people write it.
    ///
    /// # Errors
    /// [`NumberError`]
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let rest = Some(text.trim()).filter(|text| text.len() <= TEXT_MAX);
        let rest = rest.and_then(|text| text.strip_prefix('+')).ok_or(NumberError)?;
        let digits: String = rest.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
        let ok = (FEWEST..=MOST).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if ok { Ok(Self(format!("+{digits}"))) } else { Err(NumberError) }
    }

    /// `+4915123456789`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last two digits: enough for its holder to know which.
    pub fn ending(&self) -> &str {
        &self.0[self.0.len() - 2..]
    }
}

/// In no log.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number(…{})", self.ending())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for text in ["+4915123456789", " +49 151 234-567.89 ", "+49 (151) 23456789", "+49/151/23456789"] {
            assert_eq!(Number::parse(text).unwrap().as_str(), "+4915123456789", "{text}");
        }
        assert_eq!(Number::parse("+4915123456789").unwrap().ending(), "89");
        assert_eq!(format!("{:?}", Number::parse("+4915123456789").unwrap()), "Number(…89)");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "4915123456789",
            "004915123456789",
            "015123456789",
            "+0915123456789",
            "+1234567",
            "+1234567890123456",
            "+49151234x6789",
            "+49 ١٥١ ٢٣٤٥٦٧٨٩",
            "++4915123456789",
            "+49151;23456789",
            "+4915123456789\n+4915123456780",
            "+                                               4915123456789",
        ] {
            assert_eq!(Number::parse(text), Err(NumberError), "{text:?}");
        }
    }
}
