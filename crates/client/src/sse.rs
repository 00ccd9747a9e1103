//! Server-sent events (WHATWG HTML, section 9.2), as much as `GET /api/v1/live` uses.

use api_types::live::LiveEvent;
use futures::{Stream, StreamExt, stream};

use crate::{
    error::{ClientError, Result},
    transport::ByteStream,
};

/// Longest event that is kept; the server's are under 200 bytes.
const EVENT_MAX: usize = 64 * 1024;

/// Parses the `data:` of one event, for a page that uses `EventSource`.
pub fn parse_event(data: &str) -> Option<LiveEvent> {
    serde_json::from_str(data).ok()
}

/// Cuts a byte stream into events.
#[derive(Debug, Default)]
pub struct SseParser {
    line: Vec<u8>,
    data: String,
}

impl SseParser {
    /// Takes bytes in, gives finished events out. Comments, other fields and foreign data are skipped.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<LiveEvent> {
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

    fn line(&mut self, line: &str) -> Option<LiveEvent> {
        if line.is_empty() {
            return parse_event(&std::mem::take(&mut self.data));
        }
        if let Some(data) = line.strip_prefix("data:")
            && self.data.len() + data.len() <= EVENT_MAX
        {
            self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        }
        None
    }
}

/// Events out of a body; ends when the body does. An error ends it too: connect again and treat it as a resync.
pub(crate) fn events(body: ByteStream) -> impl Stream<Item = Result<LiveEvent>> {
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
        let text = b": hello\n\nevent: live\ndata: {\"kind\":\"resync\"}\r\n\r\nevent: live\ndata: nonsense\n\ndata: {\"kind\":\n\
            data: \"share_arrived\"}\n\n";
        for step in 1..text.len() {
            let mut parser = SseParser::default();
            let kinds: Vec<_> = text.chunks(step).flat_map(|c| parser.push(c)).map(|e| e.kind).collect();
            assert_eq!(kinds, [LiveKind::Resync, LiveKind::ShareArrived], "step {step}");
        }
    }
}
