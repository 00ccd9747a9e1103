//! Events as the API has them, with their marks.

use serde_json::{Value, json};

use super::{CheckedEvent, mark, reader_word};

pub fn write(events: &[CheckedEvent]) -> String {
    let items: Vec<Value> = events
        .iter()
        .map(|checked| {
            let mut event = json!(checked.event);
            event["in_public_log"] = mark(checked).into();
            if let Some(reader) = checked.reader {
                event["reading"] = reader_word(reader).into();
            }
            event
        })
        .collect();
    format!("{:#}\n", Value::Array(items))
}
