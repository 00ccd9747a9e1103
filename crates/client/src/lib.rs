//! The honest HealthSecure client: every flow of the product, written once. The page, `hs` and the server's tests use it.
//!
//! It decides what to ask, verifies every answer and refuses lies by name ([`Refusal`]). It does no I/O of its own: a
//! [`Platform`] brings a transport, a clock, a place for Argon2id and a mover of bulk bytes. It holds no screen texts
//! beyond its errors' English, and persists nothing: sealed bytes go to the server, or to the caller to keep.
//!
//! # States
//!
//! ```text
//! Client<P>  ── sign_up / sign_in / recover ──────────────▶ Vault<P>      (unlocked: holds the account key)
//!   │                                                       │  ▲
//!   └── resume (a session lives: cookie or token) ─▶ SignedIn<P> (locked) ── unlock / unlock_with ──┘
//! ```
//!
//! - [`Client`] (anonymous): [`Client::instance`], [`Client::look_up_invitation`], [`Client::sign_up`],
//!   [`Client::sign_in`], [`Client::recover`], [`Client::resume`].
//! - [`SignedIn`] (locked): who it is, [`SignedIn::unlock`] with the password, [`SignedIn::unlock_with`] an account key
//!   that the caller kept in an operating system's keyring, [`SignedIn::sign_out`].
//! - [`Vault`] (unlocked): everything else. Cheap to clone, all methods take `&self`, so tasks of a page may share it.
//!   [`Vault::lock`] gives back a [`SignedIn`]; dropping the last clone wipes the keys.
//!
//! # Flows of a vault
//!
//! | File | Methods of [`Vault`] |
//! |---|---|
//! | `vault/account.rs` | `me`, `refresh`, `sessions`, `end_session`, `end_other_sessions`, `sign_out`, `account_key`, `remembered` |
//! | `vault/people.rs` | `find_doctors(name)`, `find_by_email(email)`, `person(id)`, `fingerprint(id)`, `mark_verified(id)` |
//! | `drafts/` | `begin_draft(patient, fields)`, `drafts`, `open_draft(id)`, `save_draft(&draft)`, `delete_draft(id)`, `set_patient`, `add_file(&draft, name, source, control)`, `resume_file`, `remove_file`, `complete(&draft)` |
//! | `reports/list.rs` | `list(query) -> ListPage`, `export_cache(rows)`, `import_cache(bytes)` |
//! | `reports/open.rs` | `report(id) -> OpenReport`, `version(&report, version) -> OpenVersion`, `download(&version, part, sink, control)` |
//! | `sharing/` | `share(id, Share) -> Shared`, `pending_shares`, `redeem(grant, code)`, `request_again(grant)`, `revoke(report, grant)`, `access(report) -> Vec<AccessRow>`, `pending_rekeys`, `rekey(report, control)` |
//! | `patients.rs` | `invite_patient(report, email)`, `claim_reports(token, secret)` |
//! | `audit.rs` | `report_events(id)` |
//! | `admin.rs` | `accounts`, `approve`, `refuse`, `invite`, `invitations`, `withdraw_invitation`, `events` |
//! | `live.rs` | `live() -> Stream<LiveEvent>` |
//!
//! Long or large work takes a [`bulk::Control`]: progress callback and [`bulk::Cancel`].
//!
//! # What is remembered
//!
//! Pinned keys, the newest access head and manifest seen of each report, and draft counters live in the sealed client
//! state on the server. Instance id, organisation key and the state's own counter come back from
//! [`Vault::remembered`]: not secret, to be kept where the program runs and given to [`Client::with_memory`], so that a
//! server can't roll back the state itself.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod admin;
pub mod api;
pub mod bulk;
mod code;
pub mod content;
mod drafts;
mod error;
pub mod heavy;
mod ids;
mod links;
mod live;
mod memory;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub mod native;
mod people;
mod platform;
mod refusal;
mod reports;
mod session;
mod sharing;
pub mod sse;
mod state;
pub mod transport;
mod vault;

pub use admin::{AccountPage, AccountRow, EventPage, Invited};
pub use crypto::account::{AccountKey, RecoveryKit};
pub use drafts::{DraftFile, DraftRow, OpenDraft, PatientChoice, ReportDraft, UploadState};
pub use error::{ClientError, Result};
pub use links::SignUpLink;
pub use memory::Memory;
pub use people::{Fingerprint, Person, Verification};
pub use platform::{Environment, MaybeSend, MaybeSendFuture, MaybeSync, Platform, Rng, SystemClock};
pub use refusal::Refusal;
pub use reports::{
    Access, ListPage, OpenReport, OpenVersion, ReportEvents, ReportRow, SealedRows, VersionInfo, event_hash,
};
pub use session::{Client, Device, Recover, SignUp, SignedIn};
pub use sharing::{AccessRow, AccessStatus, AccessWho, Claimed, PendingShare, Share, Shared};
pub use vault::Vault;
