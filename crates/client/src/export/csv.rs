//! RFC 4180.

use super::{CheckedEvent, Context, REMOVED, iso, mark, name};

const HEADING: &str = "number,time,person_id,person,action,outcome,report_id,details,in_public_log,leaf\r\n";

pub fn write(events: &[CheckedEvent], context: Context<'_>) -> String {
    let lines = events.iter().map(|checked| {
        let event = &checked.event;
        let fields = [
            event.seq.to_string(),
            iso(event.time),
            event.actor.map(|id| id.to_string()).unwrap_or_default(),
            event.actor_name.clone().unwrap_or_default(),
            name(&event.action),
            name(&event.outcome),
            event.report_id.map(|id| id.to_string()).unwrap_or_default(),
            event.subject.clone(),
            mark(checked).to_owned(),
            event.leaf_index.map(|leaf| leaf.to_string()).unwrap_or_default(),
        ];
        fields.map(|text| field(&text)).join(",") + "\r\n"
    });
    let removed = context.removed_before.map(|before| format!(",{},,,{REMOVED},,,,,\r\n", iso(before)));
    HEADING.to_owned() + &lines.chain(removed).collect::<String>()
}

/// Quoted where it must be. A field that a spreadsheet would take for a formula is made text: names are other people's.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
