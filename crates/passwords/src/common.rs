//! The most used passwords: the 100,000 that the UK's National Cyber Security Centre published from Have I Been Pwned
//! (`PwnedPasswordsTop100k.txt`, 2019, Open Government Licence v3.0), without those of fewer than eight characters, which
//! no rule allows. In small letters after NFC, sorted by bytes, one a line. A few Cyrillic ones lost a letter on their way to
//! us and stand in each possible reading.

const LIST: &str = include_str!("../data/common.txt");

/// Whether a password is in the list, in whatever case.
pub(crate) fn holds(password: &str) -> bool {
    let wanted = password.to_lowercase();
    let mut rest = LIST;
    // The line in the middle says in which half to go on.
    while !rest.is_empty() {
        let start = rest.as_bytes()[..rest.len() / 2].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = rest[start..].split('\n').next().unwrap_or_default();
        match wanted.as_str().cmp(line) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => rest = &rest[..start],
            std::cmp::Ordering::Greater => rest = rest.get(start + line.len() + 1..).unwrap_or_default(),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_sorted() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.len() > 46_000, "{}", lines.len());
        assert!(lines.is_sorted());
        assert!(LIST.ends_with('\n'));
        assert!(lines.iter().all(|line| line.chars().count() >= api_types::limits::PASSWORD_MIN_CHARS_WITH_FACTOR));
    }

    #[test]
    fn every_line_is_found_and_no_other() {
        for line in LIST.lines() {
            assert!(holds(line), "{line}");
            assert!(!holds(&format!("{line}\u{7f}")), "{line}");
        }
        assert!(!holds(""));
    }
}
