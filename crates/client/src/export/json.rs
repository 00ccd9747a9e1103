//! Events as the API has them, with their marks, purposes and their report's title. `actor_name` is the name that this client
//! knows; the server's word stands in `actor_name_unverified`.

use serde_json::{Value, json};

use super::{ActorName, Context, ExplainedEvent, REMOVED, mark, reader_word};

/// Puts the actor's name in the place of the one that came with the event.
fn put_name(event: &mut Value, who: Option<&ActorName>) {
    if let Some(fields) = event.as_object_mut() {
        fields.remove("actor_name");
    }
    match who {
        Some(ActorName::Known(name)) => event["actor_name"] = name.as_str().into(),
        Some(ActorName::ServerSays(name)) => event["actor_name_unverified"] = name.as_str().into(),
        None => {}
    }
}

pub fn write(events: &[ExplainedEvent], context: Context<'_>) -> String {
    let removed = context.removed_before.map(|before| json!({ REMOVED: true, "before": before }));
    let items: Vec<Value> = events
        .iter()
        .map(|explained| {
            let mut event = json!(explained.checked.event);
            put_name(&mut event, explained.who.as_ref());
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
