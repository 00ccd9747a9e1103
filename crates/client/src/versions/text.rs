//! Two texts side by side, line by line; within lines that face each other, the words that differ.

use similar::{ChangeTag, DiffOp, TextDiff};

/// Lines beyond which texts are only set side by side: finding what they share would take long.
const LINES_MAX: usize = 2_000;
/// Bytes of a line beyond which it is marked as a whole.
const LINE_MAX: usize = 8_000;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSpan {
    /// What it says.
    pub text: String,
    /// The other text has something else here.
    pub changed: bool,
}

/// Two lines that face each other; one may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    /// Of the text before.
    pub before: Option<Vec<TextSpan>>,
    /// Of the text after.
    pub after: Option<Vec<TextSpan>>,
}

impl TextRow {
    /// Whether both texts have this line.
    pub fn is_same(&self) -> bool {
        self.before == self.after
    }
}

/// Sets two texts side by side.
pub fn side_by_side(before: &str, after: &str) -> Vec<TextRow> {
    let (left, right): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if left.len().max(right.len()) > LINES_MAX {
        return facing(&left, &right);
    }
    let diff = TextDiff::from_slices(&left[..], &right[..]);
    let mut rows = Vec::new();
    for op in diff.ops() {
        match *op {
            DiffOp::Equal { old_index, len, .. } => {
                rows.extend(left[old_index..old_index + len].iter().map(|line| same(line)));
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                rows.extend(facing(&left[old_index..old_index + old_len], &[]));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                rows.extend(facing(&[], &right[new_index..new_index + new_len]));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                rows.extend(facing(&left[old_index..old_index + old_len], &right[new_index..new_index + new_len]));
            }
        }
    }
    rows
}

fn span(text: &str, changed: bool) -> TextSpan {
    TextSpan { text: text.to_owned(), changed }
}

fn same(line: &str) -> TextRow {
    let line = vec![span(line, false)];
    TextRow { before: Some(line.clone()), after: Some(line) }
}

/// Lines that differ: the first faces the first, and so on.
fn facing(before: &[&str], after: &[&str]) -> Vec<TextRow> {
    let row = |at: usize| match (before.get(at), after.get(at)) {
        (Some(before), Some(after)) => words(before, after),
        (before, after) => {
            let whole = |line: &&str| vec![span(line, true)];
            TextRow { before: before.map(whole), after: after.map(whole) }
        }
    };
    (0..before.len().max(after.len())).map(row).collect()
}

fn words(before: &str, after: &str) -> TextRow {
    if before == after {
        return same(before);
    }
    if before.len().max(after.len()) > LINE_MAX {
        return TextRow { before: Some(vec![span(before, true)]), after: Some(vec![span(after, true)]) };
    }
    let diff = TextDiff::from_words(before, after);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => {
                push(&mut left, change.value(), false);
                push(&mut right, change.value(), false);
            }
            ChangeTag::Delete => push(&mut left, change.value(), true),
            ChangeTag::Insert => push(&mut right, change.value(), true),
        }
    }
    TextRow { before: Some(left), after: Some(right) }
}

/// Adds a piece, to the one before where that is of its kind.
fn push(line: &mut Vec<TextSpan>, text: &str, changed: bool) {
    match line.last_mut() {
        Some(last) if last.changed == changed => last.text.push_str(text),
        _ => line.push(span(text, changed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[TextRow]) -> Vec<String> {
        let line = |line: &Option<Vec<TextSpan>>| match line {
            None => "-".to_owned(),
            Some(spans) => {
                spans.iter().map(|s| if s.changed { format!("[{}]", s.text) } else { s.text.clone() }).collect()
            }
        };
        rows.iter().map(|row| format!("{} | {}", line(&row.before), line(&row.after))).collect()
    }

    #[test]
    fn lines_face_each_other() {
        let rows = side_by_side("one\ntake 5 mg daily\nlast", "one\ntake 10 mg daily\nlast\nmore");
        let expected = ["one | one", "take [5] mg daily | take [10] mg daily", "last | last", "- | [more]"];
        assert_eq!(told(&rows), expected);
        assert_eq!(rows.iter().filter(|row| row.is_same()).count(), 2);
    }

    #[test]
    fn nothing_faces_something() {
        assert!(side_by_side("", "").is_empty());
        assert_eq!(told(&side_by_side("", "a\nb")), ["- | [a]", "- | [b]"]);
        assert_eq!(told(&side_by_side("gone", "")), ["[gone] | -"]);
        assert_eq!(told(&side_by_side("a\n\nb", "a\nb")), ["a | a", "[] | -", "b | b"]);
    }

    /// What somebody else wrote must not keep a page busy.
    #[test]
    fn long_texts_are_set_side_by_side_all_the_same() {
        let text = |word: &str| (0..LINES_MAX + 1).map(|n| format!("{word}{n}\n")).collect::<String>();
        let rows = side_by_side(&text("a"), &text("b"));
        assert_eq!(rows.len(), LINES_MAX + 1);
        assert_eq!(told(&rows[..1]), ["[a0] | [b0]"]);
        let long = "word ".repeat(LINE_MAX);
        let rows = side_by_side(&long, &format!("{long}more"));
        assert!(rows.len() == 1 && rows[0].before.as_ref().is_some_and(|line| line.len() == 1 && line[0].changed));
    }
}
