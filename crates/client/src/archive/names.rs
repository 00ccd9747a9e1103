//! Paths in an archive: safe on every system that may unpack it, and each once. Titles and file names are other people's.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

/// Longest name, in characters; systems take 255 bytes at least.
const LONGEST: usize = 60;
/// Longest ending that stays whole when a name is cut, `.` included.
const ENDING: usize = 12;
/// What Windows takes for a device, with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The names that are taken in a folder, without the difference of upper and lower case.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// A safe name close to what is wanted, that nobody has: `scan.pdf`, then `scan (2).pdf`.
    pub fn take(&mut self, wanted: &str) -> String {
        let name = safe(wanted);
        let (stem, ending) = split(&name);
        let mut free = name.clone();
        let mut n = 2u32;
        while !self.0.insert(fold(&free)) {
            free = format!("{stem} ({n}){ending}");
            n += 1;
        }
        free
    }
}

fn fold(name: &str) -> String {
    name.nfc().flat_map(char::to_lowercase).collect()
}

/// Before and from the last dot on; a name that begins with its only dot, or has a long ending, has none.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name[at..].chars().count() <= ENDING => name.split_at(at),
        _ => (name, ""),
    }
}

/// Whether a character changes the order of letters that are shown.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a character is dropped at both ends of a name: it would hide it, lead out of its folder, or not be kept by a system.
fn falls(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// A name that is a name everywhere: no path, nothing hidden, no device, nothing that can't be typed.
fn safe(wanted: &str) -> String {
    let kept = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if c.is_control() => '_',
        c => c,
    };
    let text: String = wanted.nfc().filter(|c| !turns(*c)).map(kept).collect();
    // In one pass at each end: dots may stand behind white space, and white space behind dots.
    let name = shorten(text.trim_matches(falls));
    let name = if matches!(&name[..], "" | "." | "..") { "unnamed".to_owned() } else { name };
    if is_device(&name) { format!("_{name}") } else { name }
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    let stem: String = stem.chars().take(LONGEST - ending.chars().count()).collect();
    format!("{}{ending}", stem.trim_end_matches(falls))
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim().to_lowercase();
    let numbered = |kind: &str| {
        let number = stem.strip_prefix(kind);
        number.is_some_and(|number| matches!(number.as_bytes(), [b'0'..=b'9']) || ["¹", "²", "³"].contains(&number))
    };
    DEVICES.contains(&&stem[..]) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_numbered_before_their_ending() {
        let mut names = Names::default();
        let taken = ["scan.pdf", "Scan.PDF", "scan.pdf", "scan", "scan (2).pdf", "", "."].map(|name| names.take(name));
        let expected =
            ["scan.pdf", "Scan (2).PDF", "scan (3).pdf", "scan", "scan (2) (2).pdf", "unnamed", "unnamed (2)"];
        assert_eq!(taken, expected);
    }

    #[test]
    fn no_name_leaves_its_folder_or_means_something_to_a_system() {
        for (wanted, name) in [
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..\\x", "_x"),
            (".ssh", "ssh"),
            ("..", "unnamed"),
            ("a\nb\0c", "a_b_c"),
            ("C:\\x", "C__x"),
            ("con", "_con"),
            ("COM1.txt", "_COM1.txt"),
            ("lpt\u{b9}", "_lpt\u{b9}"),
            ("common.txt", "common.txt"),
            ("end. . ", "end"),
            (".\u{a0}..\u{a0}.", "unnamed"),
            (". .ssh", "ssh"),
            ("x.\u{a0}.", "x"),
            ("\u{2003}.\u{3000}..\u{a0}x", "x"),
            ("a .b", "a .b"),
            ("fdp.\u{202e}exe", "fdp.exe"),
            ("u\u{308}ber", "\u{fc}ber"),
            ("what?*.txt", "what__.txt"),
        ] {
            assert_eq!(safe(wanted), name, "{wanted:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let long = format!("{}.pdf", "\u{e9}".repeat(200));
        let name = safe(&long);
        assert!(name.ends_with(".pdf") && name.chars().count() == LONGEST);
        assert!(name.len() < 240, "{} bytes", name.len());
        assert_eq!(safe(&"a".repeat(200)).len(), LONGEST);
        // What a cut leaves at its end falls as well.
        let cut = safe(&format!("{}.\u{a0}.{}.pdf", "a".repeat(LONGEST - 7), "b".repeat(20)));
        assert_eq!(cut, format!("{}.pdf", "a".repeat(LONGEST - 7)));
    }
}
