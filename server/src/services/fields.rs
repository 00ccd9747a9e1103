//! Fields that people type, made canonical or refused with what is allowed.

use api_types::limits::{EMAIL_MAX, NAME_MAX_CHARS};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{ServiceError, ServiceResult};

/// An e-mail as typed (trimmed) and as compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// To show and to write to.
    pub shown: String,
    /// NFC, lower case.
    pub key: String,
}

impl Email {
    /// The address to write to before anybody has shown that it is theirs: as typed, where that differs from what is compared in
    /// the case of ASCII letters alone. Other letters fall together when they are compared (two capital thetas become one
    /// small one), and as typed could lead to another's mailbox.
    pub fn mailbox(self) -> Self {
        let same = self.shown.to_ascii_lowercase() == self.key;
        if same { self } else { Self { shown: self.key.clone(), ..self } }
    }
}

/// Checks an e-mail: one `@` with something before and a host after it, no white space or control characters. Whether
/// it exists isn't the question.
pub fn email(pointer: &'static str, text: &str) -> ServiceResult<Email> {
    let shown: String = text.trim().nfc().collect();
    let refuse = |detail: &str| Err(ServiceError::field(pointer, detail));
    if shown.len() > EMAIL_MAX {
        return refuse("an e-mail address has at most 254 bytes");
    }
    if shown.chars().any(|c| c.is_control() || c.is_whitespace() || is_invisible(c)) {
        return refuse("an e-mail address has no spaces");
    }
    let Some((local, host)) = shown.split_once('@') else { return refuse("an e-mail address has an @") };
    if local.is_empty() || local.len() > 64 || !is_host(host) {
        return refuse("an e-mail address looks like jane@example.org");
    }
    let key = shown.to_lowercase().nfc().collect();
    Ok(Email { shown, key })
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-') || is_combining_mark(c))
}

/// A name as shown (trimmed, NFC, single spaces) and as searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As shown.
    pub shown: String,
    /// Lower case, without accents.
    pub key: String,
}

/// Checks a full name.
pub fn name(pointer: &'static str, text: &str) -> ServiceResult<Name> {
    let shown = short_text(pointer, text, NAME_MAX_CHARS)?;
    Ok(Name { key: search_key(&shown), shown })
}

/// One line: trimmed, NFC, runs of spaces as one, 1 to `max` characters, nothing invisible.
pub fn short_text(pointer: &'static str, text: &str, max: usize) -> ServiceResult<String> {
    let normal: String = text.nfc().collect();
    let line = normal.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let line = line.trim().to_owned();
    if line.is_empty() || line.chars().count() > max {
        return Err(ServiceError::field(pointer, format!("1 to {max} characters")));
    }
    if line.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err(ServiceError::field(pointer, "no control or invisible characters"));
    }
    Ok(line)
}

/// Characters that make a text look like another: direction overrides, zero-width, separators, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What a name is searched by: lower case, accents dropped.
pub fn search_key(text: &str) -> String {
    let folded: String = text.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    folded.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An opaque byte string within its limit.
pub fn blob(pointer: &'static str, bytes: &[u8], max: usize) -> ServiceResult<()> {
    if bytes.is_empty() || bytes.len() > max {
        return Err(ServiceError::field(pointer, format!("1 to {max} bytes")));
    }
    Ok(())
}

/// A byte string of a fixed length.
pub fn fixed<const N: usize>(pointer: &'static str, bytes: &[u8]) -> ServiceResult<[u8; N]> {
    bytes.try_into().map_err(|_| ServiceError::field(pointer, format!("exactly {N} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_compare_without_case_or_space() {
        let found = email("/email", "  Jane.Doe@Example.ORG ").unwrap();
        assert_eq!((found.shown.as_str(), found.key.as_str()), ("Jane.Doe@Example.ORG", "jane.doe@example.org"));
        assert_eq!(email("/e", "ju\u{308}rg@exämple.de").unwrap().key, "jürg@exämple.de");
    }

    #[test]
    fn mail_goes_where_the_compared_address_leads() {
        let to = |text: &str| email("/email", text).unwrap().mailbox().shown;
        assert_eq!(to(" Jane.Doe@Example.ORG "), "Jane.Doe@Example.ORG");
        assert_eq!(to("jürg@example.org"), "jürg@example.org");
        assert_eq!(to("\u{212a}im@example.org"), "Kim@example.org", "the Kelvin sign is a K by NFC");
        assert_eq!(to("\u{3f4}eo@example.org"), "\u{3b8}eo@example.org");
        assert_eq!(to("\u{398}eo@example.org"), "\u{3b8}eo@example.org", "its twin leads to the same mailbox");
    }

    #[test]
    fn what_is_no_email_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "jane",
            "@example.org",
            "jane@",
            "a@b@c",
            "ja ne@example.org",
            "a@.org",
            "a@b..c",
            "a@-b.c",
            "a\u{200b}@b.c",
            &long,
        ] {
            assert!(email("/email", text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_are_one_visible_line() {
        assert_eq!(
            name("/name", "  José   Müller ").unwrap(),
            Name { shown: "José Müller".into(), key: "jose muller".into() }
        );
        for text in ["", "   ", "a\nb", "a\u{202e}b", "a\u{0}b", &"é".repeat(201)] {
            assert!(name("/name", text).is_err(), "{text:?}");
        }
        assert!(name("/name", &"é".repeat(200)).is_ok());
    }
}
