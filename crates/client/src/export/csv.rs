//! RFC 4180.

use super::{Context, ExplainedEvent, REMOVED, iso, mark, name, reader_word};

const HEADING: &str =
    "number,time,person_id,person,action,outcome,report_id,details,in_public_log,leaf,reading,purpose,report\r\n";

pub fn write(events: &[ExplainedEvent], context: Context<'_>) -> String {
    let lines = events.iter().map(|explained| {
        let checked = &explained.checked;
        let event = &checked.event;
        let fields = [
            event.seq.to_string(),
            iso(event.time),
            event.actor.map(|id| id.to_string()).unwrap_or_default(),
            explained.who.as_ref().map(ToString::to_string).unwrap_or_default(),
            name(&event.action),
            name(&event.outcome),
            event.report_id.map(|id| id.to_string()).unwrap_or_default(),
            event.subject.clone(),
            mark(checked).to_owned(),
            event.leaf_index.map(|leaf| leaf.to_string()).unwrap_or_default(),
            checked.reader.map(reader_word).unwrap_or_default().to_owned(),
            explained.purposes.join(" "),
            context.about(explained).map(|about| about.title.clone()).unwrap_or_default(),
        ];
        fields.map(|text| field(&text)).join(",") + "\r\n"
    });
    let removed = context.removed_before.map(|before| format!(",{},,,{REMOVED},,,,,,,,\r\n", iso(before)));
    HEADING.to_owned() + &lines.chain(removed).collect::<String>()
}

/// Quoted where it must be.
fn field(text: &str) -> String {
    let text = harmless(text);
    let quoted = text.contains(['"', ',', ';', '\n', '\r']);
    if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// What a spreadsheet would take for a formula is made text: names and titles are other people's. Also behind what some
/// program takes for the end of a cell: which characters those are depends on its language, and quotes that don't stand at
/// the beginning of its own cells mean nothing to it.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        let formula =
            matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}');
        if begins && formula {
            out.push('\'');
        }
        out.push(c);
        begins = matches!(c, ',' | ';' | '\t' | '\r' | '\n') || (begins && c == ' ');
    }
    out
}
