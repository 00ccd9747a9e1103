//! The audit: what an event says, and the recorder that makes events durable in groups.
//!
//! An event is durable before what it describes is acknowledged. A change records its event in its own transaction
//! (`WriteTx::record`); a read asks the recorder, which writes all events that wait in one transaction, so that one
//! fsync serves many requests. Events hold ids and numbers, never a name, an e-mail, a token or a byte of content.

use std::{
    fmt::{Display, Write},
    sync::Arc,
};

use api_types::{
    AccountId, ErrorCode, ReportId, SessionId, UnixMillis,
    audit::{Action, Outcome},
};

use crate::{
    ServiceResult,
    group::{Group, Work},
    policy::Actor,
    storage::{
        db::{Db, WriteTx},
        reports_access::{self, Listed},
    },
};

/// Longest subject, bytes: what `crypto::audit` takes as detail.
const SUBJECT_MAX: usize = 200;

/// An event before it has its place in the chains.
#[derive(Debug, Clone)]
pub struct EventDraft {
    /// Who; `None` for anonymous and for the server itself.
    pub actor: Option<AccountId>,
    /// By which session.
    pub session: Option<SessionId>,
    /// What.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// On which report: puts the event into that report's own chain.
    pub report: Option<ReportId>,
    /// `key=value` separated by spaces; ids and numbers only.
    pub subject: String,
    /// Ids delivered by a list, concatenated; the subject carries their number and SHA-256, so the hash covers them.
    pub details: Option<Vec<u8>>,
    /// Of a reading: the reader's signed request.
    pub request: Option<Vec<u8>>,
    /// What stands in a session's place.
    by: Option<&'static str>,
}

impl EventDraft {
    /// A successful action of a signed-in person.
    pub fn by(actor: &Actor, action: Action) -> Self {
        let by = match (actor.device_of, actor.token) {
            (Some(_), _) => Some("device"),
            (None, Some(_)) => Some("token"),
            (None, None) => None,
        };
        Self { actor: Some(actor.account), session: Some(actor.session), by, ..Self::anonymous(action) }
    }

    /// A successful action of nobody signed in, or of the server itself.
    pub fn anonymous(action: Action) -> Self {
        Self {
            actor: None,
            session: None,
            action,
            outcome: Outcome::Success,
            report: None,
            subject: String::new(),
            details: None,
            request: None,
            by: None,
        }
    }

    /// Names the actor where there is no session yet (sign-up, sign-in).
    pub fn actor(mut self, account: AccountId, session: Option<SessionId>) -> Self {
        self.actor = Some(account);
        self.session = session;
        self
    }

    /// Puts it into a report's chain. The report must exist.
    pub fn on(mut self, report: ReportId) -> Self {
        self.report = Some(report);
        self
    }

    /// Adds `key=value` to the subject. The value must be an id, a number or a fixed word. A pair that no longer fits
    /// the canonical form's limit is left out.
    pub fn with(mut self, key: &str, value: impl Display) -> Self {
        let before = self.subject.len();
        if !self.subject.is_empty() {
            self.subject.push(' ');
        }
        let _ = write!(self.subject, "{key}={value}");
        if self.subject.len() > SUBJECT_MAX {
            self.subject.truncate(before);
        }
        self
    }

    /// As it is written: with what stood in a session's place at the end of the subject, so that everyone who is shown the
    /// event, and the public log, can tell.
    pub fn complete(mut self) -> Self {
        match self.by.take() {
            Some(by) => self.with("via", by),
            None => self,
        }
    }

    /// Begins the subject: pairs in the form of [`EventDraft::with`].
    pub fn saying(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.subject);
        self
    }

    /// Adds the reader's signed request.
    pub fn requested(mut self, request: Vec<u8>) -> Self {
        self.request = Some(request);
        self
    }

    /// Marks it as refused.
    pub fn denied(mut self, code: ErrorCode) -> Self {
        self.outcome = Outcome::Denied;
        self.with("code", code_name(code))
    }

    /// Names the ids that a list delivered: count and SHA-256 in the subject, the ids in the details.
    pub fn delivered<'a>(mut self, ids: impl IntoIterator<Item = &'a [u8]>) -> Self {
        use sha2::{Digest, Sha256};
        let mut count = 0u32;
        let mut bytes = Vec::new();
        for id in ids {
            count += 1;
            bytes.extend_from_slice(id);
        }
        let digest = hex::encode(Sha256::digest(&bytes));
        if count > 0 {
            self.details = Some(bytes);
        }
        self.with("count", count).with("ids_sha256", digest)
    }
}

/// The snake_case name of a code, as in a problem's `code`.
pub fn code_name(code: ErrorCode) -> String {
    enum_name(&code)
}

/// The snake_case name that serde gives a fieldless variant.
pub fn enum_name<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The variant with a snake_case name.
pub fn enum_from_name<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

/// What a list delivers of other people's reports that it had not delivered to the account before.
#[derive(Debug)]
pub struct NewlyListed {
    /// Whose list.
    pub account: AccountId,
    /// The versions.
    pub rows: Vec<Listed>,
    /// Becomes an event in each report's own chain, with the version.
    pub event: EventDraft,
}

impl NewlyListed {
    /// Marks the rows, and adds an event for each of which another list hasn't done so meanwhile.
    async fn write(self, tx: &mut WriteTx) -> ServiceResult<()> {
        let marked = reports_access::mark_listed(tx.conn(), self.account, &self.rows).await?;
        for row in self.rows.iter().filter(|row| marked.contains(&row.report)) {
            let event = self.event.clone().on(row.report).with("version", row.version).with("revision", row.revision);
            tx.record(event).await?;
        }
        Ok(())
    }
}

/// What one request asks to have recorded.
#[derive(Debug)]
struct Asked {
    events: Vec<EventDraft>,
    listed: Option<NewlyListed>,
}

/// Records events, those of many requests at once.
#[derive(Debug)]
struct Recording;

impl Work for Recording {
    type Asked = Asked;
    type Answer = ();
    const NAME: &'static str = "audit events";
    // Nobody undoes what they tried by hanging up.
    const FOR_WHO_LEFT: bool = true;

    fn weight(asked: &Asked) -> usize {
        asked.events.len() + asked.listed.as_ref().map_or(0, |listed| listed.rows.len())
    }

    async fn write(tx: &mut WriteTx, _: UnixMillis, group: Vec<Asked>) -> ServiceResult<Vec<()>> {
        let answers = vec![(); group.len()];
        for Asked { events, listed } in group {
            for event in events {
                tx.record(event).await?;
            }
            if let Some(listed) = listed {
                listed.write(tx).await?;
            }
        }
        Ok(answers)
    }
}

/// Hands events to the recorder.
#[derive(Debug, Clone)]
pub struct Audit(Arc<Group<Recording>>);

impl Audit {
    /// Starts the recorder. It ends when the last handle is gone.
    pub fn start(db: Db) -> Self {
        Self(Arc::new(Group::start(db)))
    }

    /// Returns when the event is durable; an error means that it isn't, and the action must not be acknowledged.
    pub async fn record(&self, draft: EventDraft) -> ServiceResult<()> {
        self.record_all(vec![draft]).await
    }

    /// As [`Audit::record`], for several at once.
    pub async fn record_all(&self, events: Vec<EventDraft>) -> ServiceResult<()> {
        if events.is_empty() {
            return Ok(());
        }
        self.ask(Asked { events, listed: None }).await
    }

    /// As [`Audit::record`], of a list, with the events of what it newly delivers.
    pub async fn record_list(&self, event: EventDraft, listed: NewlyListed) -> ServiceResult<()> {
        let listed = Some(listed).filter(|listed| !listed.rows.is_empty());
        self.ask(Asked { events: vec![event], listed }).await
    }

    async fn ask(&self, asked: Asked) -> ServiceResult<()> {
        if leaves_reads_out() {
            return Ok(());
        }
        self.0.ask(asked).await
    }
}

/// Whether reads are served without an event: never, except in a benchmark that asks for it.
#[cfg(not(feature = "unaudited"))]
const fn leaves_reads_out() -> bool {
    false
}

/// Whether reads are served without an event: never, except in a benchmark that asks for it.
#[cfg(feature = "unaudited")]
fn leaves_reads_out() -> bool {
    static OUT: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *OUT.get_or_init(|| std::env::var("HEALTHSECURE_AUDIT_READS").is_ok_and(|value| value == "off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_pairs_in_order() {
        let draft = EventDraft::anonymous(Action::SignIn).with("version", 3).denied(ErrorCode::SignInFailed);
        assert_eq!(draft.subject, "version=3 code=sign_in_failed");
        assert_eq!(draft.outcome, Outcome::Denied);
    }

    #[test]
    fn what_stands_in_a_sessions_place_is_said_last() {
        let draft = EventDraft { by: Some("token"), ..EventDraft::anonymous(Action::Open) };
        assert_eq!(draft.saying("version=1").with("from", 0).complete().subject, "version=1 from=0 via=token");
        assert_eq!(EventDraft::anonymous(Action::Open).saying("version=1").complete().subject, "version=1");
    }

    #[test]
    fn delivered_ids_are_counted_and_hashed() {
        let ids = [[1u8; 32], [2u8; 32]];
        let draft = EventDraft::anonymous(Action::List).delivered(ids.iter().map(|id| &id[..]));
        assert!(draft.subject.starts_with("count=2 ids_sha256="));
        assert_eq!(draft.details.map(|d| d.len()), Some(64));
    }

    #[test]
    fn names_round_trip() {
        assert_eq!(enum_name(&Action::InvitationChange), "invitation_change");
        assert_eq!(enum_from_name::<Action>("draft_save"), Some(Action::DraftSave));
        assert_eq!(enum_from_name::<Action>("nonsense"), None);
    }
}
