//! Events as the API has them, with their marks.

use serde_json::{Value, json};

use super::{CheckedEvent, Context, REMOVED, mark};

pub fn write(events: &[CheckedEvent], context: Context<'_>) -> String {
    let removed = context.removed_before.map(|before| json!({ REMOVED: true, "before": before }));
    let items: Vec<Value> = events
        .iter()
        .map(|checked| {
            let mut event = json!(checked.event);
            event["in_public_log"] = mark(checked).into();
            event
        })
        .chain(removed)
        .collect();
    format!("{:#}\n", Value::Array(items))
}
