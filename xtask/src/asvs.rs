//! docs/compliance/asvs.md: its rows are the standard's requirements, and the tests that it names exist. A claim that nothing
//! checks is a promise.

use std::{collections::BTreeMap, fs, path::Path};

use crate::Outcome;

const TABLE: &str = "docs/compliance/asvs.md";

/// Number and level of every requirement of levels 1 and 2 in chapters 6 and 7 of OWASP ASVS v5.0.0, as released.
const REQUIREMENTS: [(&str, &str); 53] = [
    ("6.1.1", "1"),
    ("6.1.2", "2"),
    ("6.1.3", "2"),
    ("6.2.1", "1"),
    ("6.2.2", "1"),
    ("6.2.3", "1"),
    ("6.2.4", "1"),
    ("6.2.5", "1"),
    ("6.2.6", "1"),
    ("6.2.7", "1"),
    ("6.2.8", "1"),
    ("6.2.9", "2"),
    ("6.2.10", "2"),
    ("6.2.11", "2"),
    ("6.2.12", "2"),
    ("6.3.1", "1"),
    ("6.3.2", "1"),
    ("6.3.3", "2"),
    ("6.3.4", "2"),
    ("6.4.1", "1"),
    ("6.4.2", "1"),
    ("6.4.3", "2"),
    ("6.4.4", "2"),
    ("6.5.1", "2"),
    ("6.5.2", "2"),
    ("6.5.3", "2"),
    ("6.5.4", "2"),
    ("6.5.5", "2"),
    ("6.6.1", "2"),
    ("6.6.2", "2"),
    ("6.6.3", "2"),
    ("6.8.1", "2"),
    ("6.8.2", "2"),
    ("6.8.3", "2"),
    ("6.8.4", "2"),
    ("7.1.1", "2"),
    ("7.1.2", "2"),
    ("7.1.3", "2"),
    ("7.2.1", "1"),
    ("7.2.2", "1"),
    ("7.2.3", "1"),
    ("7.2.4", "1"),
    ("7.3.1", "2"),
    ("7.3.2", "2"),
    ("7.4.1", "1"),
    ("7.4.2", "1"),
    ("7.4.3", "2"),
    ("7.4.4", "2"),
    ("7.4.5", "2"),
    ("7.5.1", "2"),
    ("7.5.2", "2"),
    ("7.6.1", "2"),
    ("7.6.2", "2"),
];

/// What a row says of itself, and whether it must name a test.
const MET: [(&str, bool); 4] = [("yes", true), ("in part", true), ("no", false), ("–", false)];

/// Checks the table of this workspace.
pub fn check() -> Outcome {
    check_in(Path::new("."))
}

fn check_in(root: &Path) -> Outcome {
    let text = fs::read_to_string(root.join(TABLE)).map_err(|e| format!("{TABLE}: {e}"))?;
    let rows = rows(&text);
    let mut wrong = differences(&rows);
    let mut tests = 0;
    for row in &rows {
        match named(row) {
            Ok(named) => {
                tests += named.len();
                wrong.extend(named.iter().filter_map(|test| missing(root, row, test)));
            }
            Err(reason) => wrong.push(reason),
        }
    }
    if wrong.is_empty() {
        return Ok(format!("{TABLE}: {} requirements, and the {tests} tests that they name", rows.len()));
    }
    Err(format!("{TABLE}:\n  {}", wrong.join("\n  ")))
}

/// A requirement in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row<'a> {
    id: &'a str,
    level: &'a str,
    met: &'a str,
    how: &'a str,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    text.lines().filter_map(row_of).collect()
}

fn row_of(line: &str) -> Option<Row<'_>> {
    let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
    let [id, level, met, how] = cells[..] else { return None };
    id.starts_with(|c: char| c.is_ascii_digit()).then_some(Row { id, level, met, how })
}

/// Where the rows aren't the requirements.
fn differences(rows: &[Row<'_>]) -> Vec<String> {
    let mut found = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in rows {
        if found.insert(row.id, row.level).is_some() {
            wrong.push(format!("{} stands twice", row.id));
        }
        if !MET.iter().any(|(met, _)| *met == row.met) {
            wrong.push(format!("{} is met “{}”, which is none of the words for it", row.id, row.met));
        }
    }
    for (id, level) in REQUIREMENTS {
        match found.remove(id) {
            None => wrong.push(format!("{id} is missing")),
            Some(other) if other != level => wrong.push(format!("{id} is of level {level}, not {other}")),
            Some(_) => {}
        }
    }
    wrong.extend(found.keys().map(|id| format!("{id} is no requirement of these chapters and levels")));
    wrong
}

/// A test, by its file and name.
#[derive(Debug, PartialEq, Eq)]
struct Test<'a> {
    file: &'a str,
    name: &'a str,
}

/// The tests that a row names: "`file`: `name`, `name`". One that says it is met names one, and a file goes with a name.
fn named<'a>(row: &Row<'a>) -> Result<Vec<Test<'a>>, String> {
    let mut named = Vec::new();
    let mut rest = row.how;
    while let Some((token, after)) = quoted(rest) {
        rest = after;
        if !is_file(token) {
            continue;
        }
        let mut lead = ": ";
        while let Some((name, after)) = rest.strip_prefix(lead).filter(|t| t.starts_with('`')).and_then(quoted) {
            if is_file(name) {
                break;
            }
            named.push(Test { file: token, name });
            (rest, lead) = (after, ", ");
        }
        if lead == ": " {
            return Err(format!("{} names {token} and no test in it", row.id));
        }
    }
    if named.is_empty() && MET.contains(&(row.met, true)) {
        return Err(format!("{} is met “{}” and names no test", row.id, row.met));
    }
    Ok(named)
}

/// The first text between backticks, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.split_once('`')?.1.split_once('`')
}

fn is_file(token: &str) -> bool {
    token.contains('/') && !token.contains(' ') && (token.ends_with(".rs") || token.ends_with(".ts"))
}

/// Why a test isn't there.
fn missing(root: &Path, row: &Row<'_>, test: &Test<'_>) -> Option<String> {
    let path = match test.file.split_once('/') {
        Some(("api", file)) => format!("server/tests/api/{file}"),
        Some(("e2e", file)) => format!("end2end/tests/{file}"),
        _ => test.file.to_owned(),
    };
    let Ok(text) = fs::read_to_string(root.join(&path)) else {
        return Some(format!("{} names {path}, which isn't there", row.id));
    };
    let there = if path.ends_with(".ts") { is_browser_test(&text, test.name) } else { is_test(&text, test.name) };
    (!there).then(|| format!("{} names “{}”, which is no test in {path}", row.id, test.name))
}

fn is_browser_test(text: &str, name: &str) -> bool {
    text.contains(&format!("\ntest('{name}'"))
}

fn is_test(text: &str, name: &str) -> bool {
    let Some(at) = text.find(&format!("fn {name}(")) else { return false };
    let before = text[..at].rfind('\n').map_or("", |end| &text[..end]);
    before.lines().rev().take_while(|line| line.trim_start().starts_with("#[")).any(|line| line.contains("test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(how: &str) -> Row<'_> {
        Row { id: "6.1.1", level: "1", met: "yes", how }
    }

    #[test]
    fn the_table_as_it_stands_holds() {
        check_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
    }

    #[test]
    fn rows_that_are_not_the_requirements_are_noticed() {
        let all: Vec<Row<'_>> =
            REQUIREMENTS.iter().map(|&(id, level)| Row { id, level, met: "yes", how: "" }).collect();
        assert!(differences(&all).is_empty());
        assert_eq!(differences(&all[1..]), ["6.1.1 is missing"]);
        assert_eq!(differences(&[&all[..], &all[..1]].concat()), ["6.1.1 stands twice"]);
        let changed = |row: Row<'static>| differences(&[&[row][..], &all[1..]].concat());
        assert_eq!(changed(Row { level: "2", ..all[0] }), ["6.1.1 is of level 1, not 2"]);
        assert_eq!(changed(Row { met: "mostly", ..all[0] }).len(), 1);
        let other = differences(&[&all[..], &[Row { id: "6.7.1", ..all[0] }][..]].concat());
        assert_eq!(other, ["6.7.1 is no requirement of these chapters and levels"]);
        let text = "| # | L | Met | How |\n|---|---|---|---|\n| 6.1.1 | 1 | yes | so |\n";
        assert_eq!(rows(text), [row("so")]);
    }

    #[test]
    fn a_row_that_is_met_names_its_tests() {
        let how =
            "`autocomplete` says it. `api/a.rs`: `one`, `two`; `e2e/b.spec.ts`: `it’s so, and so`, `confirmed` too";
        let test = |file, name| Test { file, name };
        let found = [
            test("api/a.rs", "one"),
            test("api/a.rs", "two"),
            test("e2e/b.spec.ts", "it’s so, and so"),
            test("e2e/b.spec.ts", "confirmed"),
        ];
        assert_eq!(named(&row(how)).unwrap(), found);
        assert_eq!(named(&row("nothing")), Err("6.1.1 is met “yes” and names no test".to_owned()));
        assert_eq!(named(&Row { met: "no", ..row("nothing") }), Ok(Vec::new()));
        for how in ["`api/a.rs`", "`api/a.rs`, `api/b.rs`: `one`", "`api/a.rs`: `api/b.rs`: `one`"] {
            assert_eq!(named(&row(how)), Err("6.1.1 names api/a.rs and no test in it".to_owned()), "{how}");
        }
    }

    #[test]
    fn only_tests_are_tests() {
        let text = "fn helper() {}\n\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn one() {}\n\n    #[test]\n    fn two() {}\n";
        assert!(is_test(text, "one") && is_test(text, "two"));
        assert!(!is_test(text, "helper") && !is_test(text, "three"));
        let browser = "\ntest('a page locks', async () => {});\n// test('nothing', …)\n";
        assert!(is_browser_test(browser, "a page locks") && !is_browser_test(browser, "nothing"));
    }
}
