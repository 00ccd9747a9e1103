//! What a command prints: text for people, or one JSON value for programs. Standard output carries the result alone;
//! progress and questions go to standard error.

use serde::Serialize;

use crate::error::CliError;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// For programs.
    pub json: bool,
}

impl Output {
    /// Prints a result: as JSON, or by `text`.
    pub fn result<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            println!("{}", serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
        } else {
            println!("{}", shown(&text(value)));
        }
    }

    /// Says something on the way, to people only.
    pub fn note(self, text: &str) {
        if !self.json {
            eprintln!("{}", shown(text));
        }
    }

    /// Says how far something is, to programs too: they have to do something now.
    pub fn step(self, code: &str, text: &str) {
        if self.json {
            eprintln!("{}", serde_json::json!({ "step": { "code": code, "message": text } }));
        } else {
            eprintln!("{}", shown(text));
        }
    }

    /// Says something that nobody may overlook, to programs too.
    pub fn warning(self, code: &str, text: &str) {
        if self.json {
            eprintln!("{}", serde_json::json!({ "warning": { "code": code, "message": text } }));
        } else {
            eprintln!("hs: WARNING: {}", shown(text));
        }
    }

    /// Prints an error.
    pub fn error(self, error: &CliError) {
        if self.json {
            let body = serde_json::json!({ "error": { "code": error.code(), "message": error.to_string() } });
            eprintln!("{body}");
        } else {
            eprintln!("hs: {}", shown(&error.to_string()));
        }
    }
}

/// Text as a terminal may have it. Names and fields came from somebody else: what moves the cursor, changes the terminal
/// or turns the order of letters round becomes a mark.
fn shown(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mark = |c: char| if (c.is_control() && c != '\n' && c != '\t') || turns(c) { '\u{fffd}' } else { c };
    text.chars().map(mark).collect()
}

/// A cell of a table is one line.
fn cell(text: &str) -> String {
    shown(text).replace(['\n', '\t'], " ")
}

/// A plain table: columns as wide as their widest cell, no rule that a narrow terminal would break.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    let mut widths: Vec<usize> = head.iter().map(|h| h.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (cell, width) in cells.zip(&widths) {
            out.push_str(cell);
            out.push_str(&" ".repeat(width - cell.chars().count() + 2));
        }
        out.trim_end().to_owned()
    };
    let mut out = vec![line(&mut head.iter().copied())];
    out.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    out.join("\n")
}

/// A time in UTC, to the minute.
pub fn time(unix_millis: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    time::OffsetDateTime::from_unix_timestamp(unix_millis.div_euclid(1000))
        .ok()
        .and_then(|t| t.format(&format).ok())
        .unwrap_or_else(|| unix_millis.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_aligns_by_characters_not_bytes() {
        let text = table(&["NAME", "DATE"], &[vec!["Zieliński".into(), "1".into()], vec!["Ng".into(), "2".into()]]);
        assert_eq!(text, "NAME       DATE\nZieliński  1\nNg         2");
    }

    #[test]
    fn text_from_outside_does_not_reach_the_terminal_as_it_is() {
        let hostile = "Ann\u{1b}[2J\u{9b}1A\u{202e}nnA\nB";
        assert_eq!(shown(hostile), "Ann\u{fffd}[2J\u{fffd}1A\u{fffd}nnA\nB");
        let text = table(&["NAME"], &[vec![hostile.into()]]);
        assert_eq!(text.lines().count(), 2, "no row is two rows");
        assert_eq!(shown("Jos\u{e9}\u{200f}\tZieli\u{144}ski"), "Jos\u{e9}\u{200f}\tZieli\u{144}ski");
    }

    #[test]
    fn times_are_said_in_utc() {
        assert_eq!(time(0), "1970-01-01 00:00 UTC");
        assert_eq!(time(1_795_413_540_000), "2026-11-23 05:59 UTC");
    }
}
