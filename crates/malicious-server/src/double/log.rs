//! The public log of the double: events, their leaves, tiles, checkpoints, cosignatures.

use std::{collections::BTreeSet, sync::MutexGuard};

use api_types::{
    B64, ErrorCode, ReportId,
    audit::{Action, AuditEvent, AuditEventList, Outcome},
};
use bytes::Bytes;
use client::{
    event_hash,
    transport::{Method, Request, Response, TransportError},
};
use crypto::{
    audit::{AuditEvent as Stored, Outcome as StoredOutcome, ReportLink},
    ids::{AccountId, EventId, Hash32, SessionId},
};
use tlog::{
    HASH_LEN,
    checkpoint::Checkpoint,
    cosignature::Cosigner,
    leaf::EventOpening,
    note::{KeyName, SigningKey},
    tile::{Bundle, Edge, FULL, Resource},
};

use super::{Answer, Fake, json, random};

/// Changes a file on its way out.
type FileLie = Box<dyn Fn(&str, Option<Vec<u8>>) -> Option<Vec<u8>> + Send>;

pub struct Log {
    pub key: SigningKey,
    /// What `GET /instance` says.
    pub named: Option<String>,
    pub events: Vec<AuditEvent>,
    /// Events that the tree holds.
    pub published: usize,
    /// Whether the rest gets into it while a client waits.
    pub in_time: bool,
    pub witnesses: Vec<Cosigner>,
    /// Lines of the checkpoint that nobody needs.
    pub extensions: Vec<String>,
    pub lie: Option<FileLie>,
    /// Files that were asked for.
    pub asked: Vec<String>,
    /// The log's files can't be had.
    pub away: bool,
}

pub fn key() -> SigningKey {
    SigningKey::from_seed(KeyName::new("clinic.example/log/events").unwrap(), &random())
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}

impl Log {
    pub fn new() -> Self {
        let key = key();
        let named = Some(key.verifier().to_string());
        let (events, witnesses, asked) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            key,
            named,
            events,
            published: 0,
            in_time: true,
            witnesses,
            extensions: Vec::new(),
            lie: None,
            asked,
            away: false,
        }
    }

    /// Records and publishes an event of a report.
    pub fn record(&mut self, report: ReportId, subject: &str) {
        let of_report = |event: &&AuditEvent| event.report_id == Some(report);
        let last = self.events.iter().rev().find(of_report);
        let (seq, previous) =
            last.map_or((1, B64(report.0.to_vec())), |event| (event.report_seq.unwrap() + 1, event.hash.clone()));
        let event = AuditEvent {
            action: Action::Open,
            report_id: Some(report),
            report_seq: Some(seq),
            report_prev: Some(previous),
            ..self.next(subject, 1_700_000_000_000)
        };
        self.push(event);
    }

    /// Records and publishes what the server did itself.
    pub fn record_system(&mut self, subject: &str, time: i64) {
        self.push(self.next(subject, time));
    }

    /// The next event, of the server itself.
    fn next(&self, subject: &str, time: i64) -> AuditEvent {
        AuditEvent {
            seq: self.events.len() as u64,
            time,
            actor: None,
            actor_name: None,
            session: None,
            action: Action::System,
            outcome: Outcome::Success,
            report_id: None,
            report_seq: None,
            report_prev: None,
            subject: subject.to_owned(),
            hash: B64::default(),
            chain: None,
            leaf_index: Some(self.events.len() as u64),
            salt: Some(B64(random::<32>().to_vec())),
            request: None,
            event: None,
        }
    }

    fn push(&mut self, mut event: AuditEvent) {
        event.hash = B64(event_hash(&event).unwrap().0.to_vec());
        event.event = Some(B64(stored(&event)));
        self.events.push(event);
        self.published = self.events.len();
    }

    fn openings(&self) -> impl Iterator<Item = EventOpening> {
        self.events[..self.published].iter().map(|event| {
            let salt = event.salt.as_ref().unwrap().0[..].try_into().unwrap();
            EventOpening::new(salt, event.event.as_ref().unwrap().0.clone()).unwrap()
        })
    }

    fn edge(&self) -> Edge {
        let mut edge = Edge::new();
        self.openings().for_each(|opening| edge.push(opening.commitment().leaf_hash()));
        edge
    }

    pub fn checkpoint(&self) -> String {
        let edge = self.edge();
        let (vkey, extensions) = (self.key.verifier().to_string(), self.extensions.clone());
        let origin = vkey.split('+').next().unwrap();
        let checkpoint = Checkpoint::with_extensions(origin, edge.size(), edge.root(), extensions).unwrap();
        let mut note = checkpoint.sign(&self.key).unwrap();
        for witness in &self.witnesses {
            note.add(witness.cosign(&checkpoint, 1_700_000_000).unwrap()).unwrap();
        }
        note.to_string()
    }

    /// A file as it is.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.file(path)
    }

    fn file(&self, path: &str) -> Option<Vec<u8>> {
        let id = match path.parse().unwrap() {
            Resource::Checkpoint => return (self.published > 0).then(|| self.checkpoint().into_bytes()),
            Resource::Tile(id) => id,
            Resource::Bundle(id) => {
                let entries = self.openings().skip(usize::from(FULL) * id.index() as usize).take(id.width().into());
                return Some(
                    Bundle::new(entries.map(|opening| opening.commitment().0.to_vec()).collect()).ok()?.to_bytes(),
                );
            }
            other => panic!("{other}"),
        };
        let mut edge = self.edge();
        let found = edge.take().into_iter().find(|(at, _)| (at.level(), at.index()) == (id.level(), id.index()));
        found.and_then(|(_, tile)| Some(tile.to_bytes().get(..HASH_LEN * usize::from(id.width()))?.to_vec()))
    }
}

/// An event's stored form.
pub fn stored(event: &AuditEvent) -> Vec<u8> {
    let link = event.report_id.map(|report| ReportLink {
        report: crypto::ids::ReportId(report.0),
        seq: event.report_seq.unwrap(),
        previous: Hash32(event.report_prev.as_ref().unwrap().0[..].try_into().unwrap()),
    });
    let stored = Stored {
        id: EventId(u128::from(event.seq).to_be_bytes()),
        time: event.time,
        actor: event.actor.map(|actor| AccountId(actor.0)),
        session: event.session.map(|session| SessionId(session.0)),
        kind: serde_json::to_value(event.action).unwrap().as_str().unwrap().to_owned(),
        outcome: StoredOutcome::Allowed,
        report: link,
        subjects: Vec::new(),
        count: 1,
        detail: event.subject.clone(),
        request: event.request.as_ref().map(|request| request.0.clone()),
    };
    stored.to_bytes()
}

impl Fake {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    /// Changes the log.
    pub fn with_log<A>(&self, change: impl FnOnce(&mut Log) -> A) -> A {
        change(&mut self.log())
    }

    /// So many more events of a report.
    pub fn happen(&self, report: ReportId, count: usize) {
        self.with_log(|log| (0..count).for_each(|n| log.record(report, &format!("part={n}"))));
    }

    /// Has the log hold these events of a report, newest first and numbered from 1, behind one of another report, and gives
    /// them their openings.
    pub fn keep_events(&self, events: &mut [AuditEvent]) {
        self.with_log(|log| {
            log.events.clear();
            log.record(ReportId([0; 32]), "part=0");
            for event in events.iter_mut().rev() {
                assert_eq!(event.seq, log.events.len() as u64);
                event.leaf_index = Some(event.seq);
                event.salt = Some(B64(random::<32>().to_vec()));
                event.event = Some(B64(stored(event)));
                log.events.push(event.clone());
            }
            log.published = log.events.len();
        });
    }

    /// From now on every file of the log goes through this.
    pub fn lie_in_files(&self, lie: impl Fn(&str, Option<Vec<u8>>) -> Option<Vec<u8>> + Send + 'static) {
        self.with_log(|log| log.lie = Some(Box::new(lie)));
    }

    pub fn files_asked(&self) -> Vec<String> {
        self.with_log(|log| std::mem::take(&mut log.asked))
    }

    pub(super) fn log_key(&self) -> Option<String> {
        self.log().named.clone()
    }

    pub(super) fn publish_in_time(&self) {
        let mut log = self.log();
        if log.in_time {
            log.published = log.events.len();
        }
    }

    pub(super) fn public(&self, path: &str, limit: usize) -> Result<Response, TransportError> {
        if let Some(path) = path.strip_prefix("/log/keys/") {
            // One witness vouches for both logs.
            let log = self.log();
            return self.with_keys(|keys| keys.serve(path, limit, &log.witnesses));
        }
        let mut log = self.log();
        if log.away {
            return Err(TransportError::Offline);
        }
        let path = path.strip_prefix("/log/events/").unwrap();
        log.asked.push(path.to_owned());
        let file = log.file(path);
        let file = log.lie.as_ref().map_or(file.clone(), |lie| lie(path, file));
        let (status, body) = file.map_or((404, Vec::new()), |file| (200, file));
        if body.len() > limit {
            return Err(TransportError::TooLarge);
        }
        Ok(Response { status, headers: Vec::new(), body: Bytes::from(body) })
    }

    /// A report's events, and everyone's.
    pub(super) fn events(&self, request: &Request, parts: &[&str]) -> Option<Answer> {
        let of = match (request.method, parts) {
            (Method::Get, ["reports", id, "events"]) => Some(id.parse::<ReportId>().unwrap()),
            (Method::Get, ["admin", "events"]) => None,
            _ => return None,
        };
        let log = self.log();
        if log.events.is_empty() {
            return Some(Err(super::no(ErrorCode::NotFound)));
        }
        let items = log.events.iter().rev().filter(|event| of.is_none() || event.report_id == of);
        Some(json(&AuditEventList { items: items.cloned().collect(), next: None }))
    }
}

/// Each file at most once, but for the checkpoint.
pub fn each_once(asked: &[String]) -> bool {
    let tiles: Vec<_> = asked.iter().filter(|path| *path != "checkpoint").collect();
    tiles.iter().collect::<BTreeSet<_>>().len() == tiles.len()
}
