//! `/api/v1/reports/{id}/events` and `/api/v1/admin/events`: the audit.

use crate::{AccountId, B64, ReportId, SessionId, UnixMillis, body};

body! {
    /// What happened.
    pub enum Action {
        /// Account created.
        SignUp,
        /// Session begun.
        SignIn,
        /// Session ended.
        SignOut,
        /// Account opened with the recovery kit.
        Recover,
        /// Account approved.
        Approve,
        /// Account refused.
        Refuse,
        /// Invitation made.
        Invite,
        /// Invitation used or withdrawn.
        InvitationChange,
        /// Accounts looked up.
        LookUp,
        /// Account's own data changed.
        AccountChange,
        /// Reports listed; the subject has number and hash of the ids delivered. On a report: a list delivered this version
        /// of it, title and fields, to somebody who doesn't own it, for the first time.
        List,
        /// Report metadata read.
        Read,
        /// Sealed fields or a part delivered.
        Open,
        /// Report or version created.
        Create,
        /// Grant made.
        Share,
        /// Code tried or redeemed.
        Redeem,
        /// Bearer grant claimed: custody passed.
        Claim,
        /// Grant revoked.
        Revoke,
        /// Re-keyed.
        Rekey,
        /// Report erased for everybody.
        Erase,
        /// A team's grant went on under the team's next key.
        TeamKey,
        /// Team made.
        TeamCreate,
        /// Team's roster changed: somebody added, removed, made a manager.
        TeamRoster,
        /// Invitation into a team accepted.
        TeamJoin,
        /// Team left, or its invitation declined.
        TeamLeave,
        /// Draft saved.
        DraftSave,
        /// Draft deleted.
        DraftDelete,
        /// Upload begun, committed or abandoned.
        Upload,
        /// Audit read.
        AuditRead,
        /// Server started, set up or configured.
        System,
    }
}

body! {
    /// How it ended.
    pub enum Outcome {
        /// Done.
        Success,
        /// Refused.
        Denied,
    }
}

/// The header that carries a reader's signed request (docs/protocol.md, Audit events), base64url without padding. Every
/// request that reads a report or lists reports has one.
pub const READ_REQUEST: &str = "healthsecure-read-request";

body! {
    /// One audit event, with what is needed to check its place in the chains.
    pub struct AuditEvent {
        /// Position in the whole log, from 0. Given to administrators and to those entitled alike: it says nothing else.
        pub seq: u64,
        /// When.
        pub time: UnixMillis,
        /// Who; absent for anonymous.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub actor: Option<AccountId>,
        /// That person's name now.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub actor_name: Option<String>,
        /// By which session.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub session: Option<SessionId>,
        /// What.
        pub action: Action,
        /// How it ended.
        pub outcome: Outcome,
        /// On which report.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub report_id: Option<ReportId>,
        /// Position in the report's own chain, from 1.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub report_seq: Option<u64>,
        /// Hash of the report's event before it; the report id for the first.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub report_prev: Option<B64>,
        /// Ids and numbers only, `key=value` separated by spaces: grant, version, part, count, code.
        pub subject: String,
        /// SHA-256 of the event, as `crypto::audit` computes it: its id is `seq` as 16 bytes, its kind the action's
        /// name, its detail the subject, its count 1, without subjects.
        pub hash: B64,
        /// The whole log's chain value after this event (administrators).
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub chain: Option<B64>,
        /// The leaf that stands for it in the public tree under `/log/events` (docs/log.md), from 0. It is there within a
        /// second of the event. Absent, with `salt` and `event`, in an event of an earlier version that has none yet.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub leaf_index: Option<u64>,
        /// 32 random bytes: the leaf's data are SHA-256(`salt` ‖ `event`).
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub salt: Option<B64>,
        /// Of a reading: the reader's signed request, as it came in the header `healthsecure-read-request`. Absent in other
        /// events, and in those of an earlier version.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub request: Option<B64>,
        /// The event's stored form (docs/protocol.md), which says the same as the fields above.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub event: Option<B64>,
    }
}

body! {
    /// A page of events.
    pub struct AuditEventList {
        /// Newest first.
        pub items: Vec<AuditEvent>,
        /// Pass as `before` for older ones.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub next: Option<u64>,
    }
}
