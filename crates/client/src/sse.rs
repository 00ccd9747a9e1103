//! Server-sent events (WHATWG HTML, section 9.2), as much as `GET /api/v1/live` uses.

use api_types::live::LiveEvent;
use futures::{Stream, StreamExt, stream};

use crate::{
    error::{ClientError, Result},
    transport::ByteStream,
};

/// Longest event that is kept; the server's are under 200 bytes.
const EVENT_MAX: usize = 64 * 1024;
/// Longest id that is kept and given back.
const ID_MAX: usize = 64;

/// An event, and where it stands among its account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveMessage {
    /// To be given back as `Last-Event-ID` by who goes on behind it.
    pub id: Option<String>,
    /// What.
    pub event: LiveEvent,
}

/// Parses the `data:` of one event, for a page that uses `EventSource`.
pub fn parse_event(data: &str) -> Option<LiveEvent> {
    serde_json::from_str(data).ok()
}

/// Cuts a byte stream into events.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    data: String,
    id: Option<String>,
}

impl SseParser {
    /// Takes bytes in, gives finished events out. Comments, other fields and foreign data are skipped.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<LiveMessage> {
        let mut out = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() < EVENT_MAX {
                    self.line.push(*byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            out.extend(self.line(String::from_utf8_lossy(&line).trim_end_matches('\r')));
        }
        out
    }

    fn line(&mut self, line: &str) -> Option<LiveMessage> {
        if line.is_empty() {
            let (data, id) = (std::mem::take(&mut self.data), self.id.take());
            return parse_event(&data).map(|event| LiveMessage { id, event });
        }
        let (field, value) = line.split_once(':')?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" if self.data.len() + value.len() <= EVENT_MAX => self.data.push_str(value),
            // It goes into a header again.
            "id" if value.len() <= ID_MAX && value.bytes().all(|byte| byte.is_ascii_graphic()) => {
                self.id = Some(value.to_owned());
            }
            _ => {}
        }
        None
    }
}

/// Events out of a body; ends when the body does. An error ends it too: connect again behind the last id.
pub(crate) fn events(body: ByteStream) -> impl Stream<Item = Result<LiveMessage>> {
    let start = (body, SseParser::default(), std::collections::VecDeque::new(), false);
    stream::unfold(start, |(mut body, mut parser, mut ready, mut ended)| async move {
        loop {
            if let Some(event) = ready.pop_front() {
                return Some((event, (body, parser, ready, ended)));
            }
            if ended {
                return None;
            }
            match body.next().await {
                None => ended = true,
                Some(Ok(bytes)) => ready.extend(parser.push(&bytes).into_iter().map(Ok)),
                Some(Err(e)) => {
                    ended = true;
                    ready.push_back(Err(ClientError::from(e)));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::live::LiveKind;

    #[test]
    fn events_are_cut_anywhere() {
        let text = b": hello\n\nevent: live\nid: 7.ab\ndata: {\"kind\":\"resync\"}\r\n\r\nevent: live\nid: 8.cd\ndata: nonsense\n\n\
            data: {\"kind\":\ndata: \"share_arrived\"}\n\n";
        for step in 1..text.len() {
            let mut parser = SseParser::default();
            let messages: Vec<_> = text.chunks(step).flat_map(|c| parser.push(c)).collect();
            let seen: Vec<_> = messages.iter().map(|it| (it.id.as_deref(), it.event.kind)).collect();
            assert_eq!(seen, [(Some("7.ab"), LiveKind::Resync), (None, LiveKind::ShareArrived)], "step {step}");
        }
    }

    #[test]
    fn an_id_that_no_header_takes_is_none() {
        for id in ["", "a b", "a\u{7f}", "\u{e9}", &"x".repeat(ID_MAX + 1)] {
            let text = format!("id: {id}\ndata: {{\"kind\":\"resync\"}}\n\n");
            let messages = SseParser::default().push(text.as_bytes());
            assert_eq!(messages.len(), 1);
            assert!(messages[0].id.as_deref().unwrap_or_default().is_empty(), "{id}");
        }
    }
}
