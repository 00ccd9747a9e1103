//! Events as the API has them, with their marks, purposes and their report's title.

use serde_json::{Value, json};

use super::{Context, ExplainedEvent, REMOVED, mark, reader_word};

pub fn write(events: &[ExplainedEvent], context: Context<'_>) -> String {
    let removed = context.removed_before.map(|before| json!({ REMOVED: true, "before": before }));
    let items: Vec<Value> = events
        .iter()
        .map(|explained| {
            let mut event = json!(explained.checked.event);
            event["in_public_log"] = mark(&explained.checked).into();
            event["purposes"] = json!(explained.purposes);
            if let Some(reader) = explained.checked.reader {
                event["reading"] = reader_word(reader).into();
            }
            if let Some(about) = context.about(explained).filter(|about| !about.title.is_empty()) {
                event["report_title"] = about.title.as_str().into();
            }
            event
        })
        .chain(removed)
        .collect();
    format!("{:#}\n", Value::Array(items))
}
