//! Audit events: their canonical bytes, hashes and chains. No key needed.

mod request;

#[cfg(feature = "batch")]
pub use request::Unverified;
pub use request::{Asked, READ_REQUEST_TOLERANCE, ReadRequest, RequestError, VerifiedRequests, what};

use thiserror::Error;

use crate::{
    encoding::{DecodeError, Reader, UnixMillis, VERSION, Writer, context, sha256, split_version},
    ids::{AccountId, EventId, Hash32, InstanceId, ReportId, SessionId},
};

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// Done.
    Allowed = 1,
    /// Refused for want of entitlement.
    Denied = 2,
    /// Entitled, but it failed.
    Failed = 3,
}

impl Outcome {
    fn from_tag(tag: u8) -> Result<Self, DecodeError> {
        match tag {
            1 => Ok(Self::Allowed),
            2 => Ok(Self::Denied),
            3 => Ok(Self::Failed),
            other => Err(DecodeError::UnknownTag { field: "outcome", tag: other.into() }),
        }
    }
}

/// An event's place in its report's own chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportLink {
    /// The report.
    pub report: ReportId,
    /// 1, 2, 3 … among the report's events.
    pub seq: u64,
    /// Hash of the report's event before; the report id for the first.
    pub previous: Hash32,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Names it.
    pub id: EventId,
    /// When the server recorded it.
    pub time: UnixMillis,
    /// Who acted; none for an anonymous request or the server itself.
    pub actor: Option<AccountId>,
    /// The actor's session.
    pub session: Option<SessionId>,
    /// What happened: 1 to 64 characters of `a`–`z`, `0`–`9`, `.`, `-` and `_`.
    pub kind: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The report it concerns.
    pub report: Option<ReportLink>,
    /// Ids it concerns: grants, accounts, or all reports that a list delivered.
    pub subjects: Vec<Vec<u8>>,
    /// How many requests it stands for; above 1 for summed denials.
    pub count: u32,
    /// Short detail without personal content, at most 200 bytes.
    pub detail: String,
    /// Of a reading: the reader's signed request ([`ReadRequest`]). Absent in other events, and in those from before.
    pub request: Option<Vec<u8>>,
}

const LIMIT: usize = 4 * 1024 * 1024;
const MAX_SUBJECTS: usize = 100_000;
const MAX_REQUEST: usize = 1024;

impl AuditEvent {
    fn body(&self) -> Vec<u8> {
        let mut w = Writer::body();
        w.bytes(self.id.as_ref())
            .time(self.time)
            .bytes(self.actor.as_ref().map_or(&[][..], |a| a.as_ref()))
            .bytes(self.session.as_ref().map_or(&[][..], |s| s.as_ref()))
            .text(&self.kind)
            .u8(self.outcome as u8)
            .nested(|w| {
                if let Some(link) = &self.report {
                    w.bytes(link.report.as_ref()).u64(link.seq).bytes(link.previous.as_ref());
                }
            })
            .nested(|w| {
                for subject in &self.subjects {
                    w.bytes(subject);
                }
            })
            .u32(self.count)
            .text(&self.detail);
        // Only where there is one, so that events from before it keep their hashes.
        if let Some(request) = &self.request {
            w.bytes(request);
        }
        w.finish()
    }

    /// Stored form: `version ‖ fields`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = self.body();
        let mut out = Vec::with_capacity(1 + body.len());
        out.push(VERSION);
        out.extend_from_slice(&body);
        out
    }

    /// Reads a stored event.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(split_version(bytes)?);
        let event = Self {
            id: EventId(r.array("event")?),
            time: r.time("time")?,
            actor: r.optional("actor")?.map(AccountId),
            session: r.optional("session")?.map(SessionId),
            kind: r.text("kind", 64)?,
            outcome: Outcome::from_tag(r.u8("outcome")?)?,
            report: read_link(r.nested("report", 256)?)?,
            subjects: read_subjects(r.nested("subjects", LIMIT)?)?,
            count: r.u32("count")?,
            detail: r.text("detail", 200)?,
            request: if r.is_empty() { None } else { Some(r.bytes("request", MAX_REQUEST)?.to_vec()) },
        };
        r.finish()?;
        if event.request.as_ref().is_some_and(Vec::is_empty) {
            return Err(DecodeError::Invalid { field: "request" });
        }
        let fine = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-_".contains(&c);
        if event.kind.is_empty() || !event.kind.bytes().all(fine) {
            return Err(DecodeError::Invalid { field: "kind" });
        }
        Ok(event)
    }

    /// SHA-256 of `context("audit-event") ‖ fields`.
    pub fn hash(&self) -> Hash32 {
        let mut input = context("audit-event");
        input.extend_from_slice(&self.body());
        sha256(&input)
    }
}

fn read_link(mut r: Reader<'_>) -> Result<Option<ReportLink>, DecodeError> {
    if r.is_empty() {
        return Ok(None);
    }
    let link = ReportLink {
        report: ReportId(r.array("report")?),
        seq: r.u64("report seq")?,
        previous: Hash32(r.array("report previous")?),
    };
    r.finish()?;
    Ok(Some(link))
}

fn read_subjects(mut r: Reader<'_>) -> Result<Vec<Vec<u8>>, DecodeError> {
    let mut out = Vec::new();
    while !r.is_empty() {
        if out.len() == MAX_SUBJECTS {
            return Err(DecodeError::TooLong { field: "subjects", limit: MAX_SUBJECTS });
        }
        out.push(r.bytes("subject", 64)?.to_vec());
    }
    Ok(out)
}

/// Start of an instance's chain: SHA-256 of `context("audit-chain-start") ‖ instance`.
pub fn chain_start(instance: &InstanceId) -> Hash32 {
    let mut w = Writer::with_context("audit-chain-start");
    w.bytes(instance.as_ref());
    w.sha256()
}

/// The chain after one more event: SHA-256 of `context("audit-chain") ‖ chain before ‖ event hash`.
pub fn chain_next(before: &Hash32, event: &Hash32) -> Hash32 {
    let mut w = Writer::with_context("audit-chain");
    w.bytes(before.as_ref()).bytes(event.as_ref());
    w.sha256()
}

/// Why events don't form the chain they should.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditError {
    /// The chain's value after event `index` is another.
    #[error("the audit chain breaks at event {index}")]
    BrokenChain {
        /// From 0.
        index: usize,
    },
    /// An event of the report is missing, doubled or out of order.
    #[error("event {found} of the report stands where {expected} belongs")]
    ReportGap {
        /// Number that belongs there.
        expected: u64,
        /// Number found.
        found: u64,
    },
    /// An event doesn't name the report's event before.
    #[error("event {seq} of the report does not follow the one before")]
    ReportFork {
        /// Its number.
        seq: u64,
    },
    /// An event is not of the report.
    #[error("an event is of another report")]
    WrongReport,
}

/// Checks events against the chain values recorded beside them, going on from `start`. Gives the last value.
///
/// # Errors
/// [`AuditError::BrokenChain`].
pub fn verify_chain<'a>(
    start: Hash32,
    events: impl IntoIterator<Item = (&'a AuditEvent, &'a Hash32)>,
) -> Result<Hash32, AuditError> {
    let mut value = start;
    for (index, (event, recorded)) in events.into_iter().enumerate() {
        value = chain_next(&value, &event.hash());
        if value != *recorded {
            return Err(AuditError::BrokenChain { index });
        }
    }
    Ok(value)
}

/// Checks a report's events: numbers without gaps, each naming the one before. `after` is the last one known
/// (0 and the report id for none). Gives number and hash of the last.
///
/// # Errors
/// [`AuditError`].
pub fn verify_report_events<'a>(
    report: &ReportId,
    after: (u64, Hash32),
    events: impl IntoIterator<Item = &'a AuditEvent>,
) -> Result<(u64, Hash32), AuditError> {
    let (mut seq, mut previous) = after;
    for event in events {
        let link = event.report.as_ref().filter(|l| l.report == *report).ok_or(AuditError::WrongReport)?;
        if link.seq != seq + 1 {
            return Err(AuditError::ReportGap { expected: seq + 1, found: link.seq });
        }
        if link.previous != previous {
            return Err(AuditError::ReportFork { seq: link.seq });
        }
        (seq, previous) = (link.seq, event.hash());
    }
    Ok((seq, previous))
}
