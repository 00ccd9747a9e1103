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
//! - [`Client`] (anonymous): [`Client::instance`], [`Client::look_up_invitation`], [`Client::sign_up`] (where the server
//!   asks for it after [`Client::ask_sign_up_code`] and [`Client::prove_address`]: [`Client::sign_up_with_code`]),
//!   [`Client::sign_in`], [`Client::recover`], [`Client::resume`].
//! - [`SignedIn`] (locked): who it is, [`SignedIn::unlock`] with the password, [`SignedIn::unlock_with`] an account key
//!   that the caller kept in an operating system's keyring, [`SignedIn::sign_out`].
//! - [`Vault`] (unlocked): everything else. Cheap to clone, all methods take `&self`, so tasks of a page may share it.
//!   [`Vault::lock`] gives back a [`SignedIn`]; dropping the last clone wipes the keys.
//!
//! # Flows of a vault
//!
//! | Where | Methods of [`Vault`] |
//! |---|---|
//! | `vault/` | [`Vault::me`], [`Vault::refresh`], [`Vault::sessions`], [`Vault::end_session`], [`Vault::end_other_sessions`], [`Vault::sign_out`], [`Vault::account_key`], [`Vault::remembered`], [`Vault::save_state`], [`Vault::unsaved`] |
//! | `people.rs` | [`Vault::find_doctors`], [`Vault::find_by_email`], [`Vault::find_by_qr`], [`Vault::person`], [`Vault::fingerprint`], [`Vault::mark_verified`], [`Vault::verify_by_qr`] |
//! | `contacts.rs` | [`Vault::contacts`] |
//! | `new_keys.rs` | [`Person::new_keys`]: since when somebody has other keys than their first, and whether they were compared before |
//! | `drafts/` | [`Vault::begin_draft`], [`Vault::new_report`], [`Vault::drafts`], [`Vault::open_draft`], [`Vault::set_patient`], [`Vault::delete_draft`]; then on the [`OpenDraft`]: [`OpenDraft::set_fields`], [`OpenDraft::type_in`], [`OpenDraft::save`], [`OpenDraft::add_file`], [`OpenDraft::prepare_file`], [`OpenDraft::resume_file`], [`OpenDraft::replace_file`], [`OpenDraft::remove_file`], [`OpenDraft::complete`] |
//! | `drafts/` that couldn't be saved | [`OpenDraft::unsaved`], [`Vault::unsaved_draft`] before the vault locks, [`Vault::take_back`] once it is open again |
//! | `drafts/` of a report that is there | [`Vault::edit_report`], [`OpenDraft::save_version`]; where somebody saved meanwhile [`OpenDraft::conflict`], [`OpenDraft::merge`] |
//! | `versions/` | [`compare_versions`], [`side_by_side`], [`Vault::restore_version`] |
//! | `reports/` | [`Vault::list`], [`Vault::list_all`] (or [`Vault::list_sealed`] and [`Vault::open_rows`] a few at a time), [`Vault::export_cache`], [`Vault::import_cache`], [`Vault::report`], [`Vault::read`], [`Vault::version`], [`Vault::download`], [`Vault::report_events`], [`Vault::explain`] |
//! | `sharing/` | [`Vault::share`], [`Vault::pending_shares`], [`Vault::redeem`], [`Vault::request_again`], [`Vault::access`], [`Vault::revoke`], [`Vault::pending_rekeys`], [`Vault::may_need_rekey`], [`Vault::remembered_rekeys`], [`Vault::rekey`], [`Vault::accept_invitation`], [`Vault::claim_reports`] |
//! | `oversight/` | [`Vault::oversee`], and what an owner sees of all their reports: people, visits, an accounting of disclosures |
//! | `passkey.rs` | [`Client::sign_in_with_passkey`], [`Client::passkey_proof`], [`SignedIn::unlock_with_passkey`], [`Vault::add_passkey`], [`Vault::remove_passkey`], [`Vault::confirm_with_passkey`]; an [`Authenticator`] brings the passkeys |
//! | `emergency.rs` | [`Vault::emergency_contacts`], [`Vault::add_emergency_contact`], [`Vault::remove_emergency_contact`], [`Vault::refuse_emergency`]; [`Vault::trusted_by`], [`Vault::accept_trust`], [`Vault::decline_trust`], [`Vault::ask_emergency`], [`Vault::emergency_words`], used by [`Client::recover`] |
//! | `recovery_shares.rs` | [`Vault::recovery_split`], [`Vault::split_recovery`], [`Vault::remove_recovery_split`]; [`Vault::held_shares`], [`Vault::open_share`], used by [`Client::recover_with_shares`] |
//! | `escrow.rs` | [`Vault::escrow`], [`EscrowOffer::confirm`], [`Vault::turn_on_escrow`], [`Vault::turn_off_escrow`], [`Vault::refuse_escrow`] |
//! | `escrow_admin.rs` | [`Vault::new_escrow_words`], [`Vault::make_escrow_key`], [`Vault::end_escrow_key`], [`Vault::escrows`], [`Vault::ask_escrow`], [`Vault::open_escrow`], used by [`Client::recover`] |
//! | `identity.rs` | [`Client::start_identity`], [`Client::waiting_identity`], [`Client::sign_in_with_identity`], [`Client::sign_up_with_identity`], [`Vault::identities`], [`Vault::link_identity`], [`Vault::identity_to_link`], [`Vault::link_waiting_identity`], [`Vault::remove_identity`] |
//! | `tokens.rs` | [`Vault::api_tokens`], [`Vault::create_api_token`], [`Vault::remove_api_token`]; a program gives one to [`Client::resume`] and the account key to [`SignedIn::unlock_with`] |
//! | `devices/` | [`Vault::devices`], [`Vault::add_device`], [`Vault::remove_device`], [`Vault::sent_by`]; a machine opens its [`DeviceFile`] as a [`Sender`] |
//! | `phone.rs` | [`Client::start_phone`], [`Client::sign_in_with_phone`], [`Vault::phone`], [`Vault::add_phone`], [`Vault::verify_phone`], [`Vault::use_phone`], [`Vault::remove_phone`] |
//! | `email_change.rs` | [`Vault::change_email`], [`Vault::email_change`], [`Vault::cancel_email_change`]; [`Client::answer_email_change`] by the mailed links |
//! | `closing.rs` | [`Vault::delete_account`], [`Vault::pause_account`], [`Vault::request_removal`], [`Vault::erased_in_backups`]; [`Vault::erase_report`] is in `sharing/` |
//! | `teams/` | [`Vault::teams`], [`Vault::find_teams`], [`Vault::team`], [`Vault::create_team`], [`Vault::add_to_team`], [`Vault::set_team_manager`], [`Vault::remove_from_team`], [`Vault::rename_team`], [`Vault::dissolve_team`], [`Vault::managed_alone`], [`Vault::accept_team`], [`Vault::leave_team`], [`Vault::tend_teams`]; [`Vault::share_with_team`] |
//! | `admin.rs` | [`Vault::accounts`], [`Vault::account_names`], [`Vault::approve`], [`Vault::refuse`], [`Vault::invite`], [`Vault::invite_patient`], [`Vault::invitations`], [`Vault::withdraw_invitation`], [`Vault::events`] |
//! | `log/` | [`Vault::check_log`], [`Vault::stopped`], [`Vault::log_head`], [`Vault::ask_for_witnesses`], [`Vault::prove_event`]; [`Vault::report_events`] and [`Vault::events`] mark each event |
//! | `archive/` | [`Vault::archive`]: all of the account's data as one ZIP, streamed to an [`archive::ArchiveTarget`] |
//! | `quota.rs` | [`Vault::space`]: what the account stores and may, before an upload begins |
//! | `retention.rs` | [`Vault::retention_policy`], [`Vault::set_retention_policy`], [`Vault::all_due`]: the organisation's rules on how long reports are kept |
//! | `live.rs` | [`Vault::live`] and [`LiveCursor`], opened again after [`LivePauses`]; a page with `EventSource` uses [`sse::parse_event`] |
//!
//! Long or large work takes a [`bulk::Control`]: progress callback and [`bulk::Cancel`].
//!
//! # What is remembered
//!
//! Pinned keys, the newest access head and manifest seen of each report, the newest event of each of the newest few hundred, and
//! draft counters live in the sealed client state on the server. Instance id, organisation key and the state's own counter come back from
//! [`Vault::remembered`]: not secret, to be kept where the program runs and given to [`Client::with_memory`], so that a
//! server can't roll back the state itself. The public log's key and newest checkpoint are kept in both.
//!
//! # When the log doesn't hold
//!
//! Once a vault is open, call [`Vault::check_log`] beside whatever else is done. Where it, or any other flow, ends in a
//! refusal of [`Refusal::stops_session`], drop the vault and show [`Vault::stopped`]: why, and the evidence to save.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod admin;
pub mod api;
pub mod archive;
pub mod bulk;
mod closing;
mod code;
mod contacts;
pub mod content;
mod devices;
mod drafts;
mod email_change;
mod emergency;
mod error;
mod escrow;
mod escrow_admin;
pub mod export;
pub mod heavy;
mod identity;
mod ids;
mod key_code;
mod key_log;
mod links;
mod live;
pub mod log;
mod memory;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub mod native;
mod new_keys;
pub mod oversight;
mod passkey;
mod people;
mod phone;
mod platform;
mod quota;
mod recovery_shares;
mod refusal;
mod reports;
mod retention;
mod session;
mod sharing;
pub mod sse;
mod state;
mod teams;
mod tokens;
pub mod transport;
mod vault;
mod versions;

pub use admin::{AccountNames, AccountPage, AccountRow, EventPage, Invited};
pub use closing::InBackups;
pub use contacts::Contact;
pub use crypto::account::{
    AccountKey, CombineError, ESCROW_DELAY_DAYS, EscrowWords, PasskeySecret, RecoveryKit, RecoveryShare, SHARE_HOLDERS,
    SHARE_THRESHOLD_MIN, ShareError,
};
pub use devices::{AddedDevice, DeviceFile, DeviceMemory, OwnDevice, SendFile, Sender, SentBy};
pub use drafts::{
    Conflict, DraftFile, DraftRow, FieldConflict, OpenDraft, PatientChoice, ReportDraft, Side, TakenBack, UnsavedDraft,
    UploadState,
};
pub use emergency::EmergencyLink;
pub use error::{ClientError, Result};
pub use escrow::{ConfirmedEscrow, Escrow, EscrowOffer, EscrowStanding};
pub use escrow_admin::{EscrowPage, EscrowedPerson, PublishedEscrow};
pub use key_code::{KeyCode, KeyCodeError};
pub use key_log::{Alarm, AlarmKind, KeysRead, Scanned, email_key};
pub use links::SignUpLink;
pub use live::{LiveCursor, LivePauses};
pub use log::{CheckedEvent, Evidence, KeptLog, Mark, Stopped, Witnesses};
pub use memory::{Memory, SeenRules};
pub use new_keys::NewKeys;
pub use passkey::{AddedPasskey, Authenticator, ByPasskey, PasskeyAnswer, PasskeyAsk, PasskeyError, PasskeyMade};
pub use people::{Fingerprint, Person, Verification};
pub use platform::{Environment, MaybeSend, MaybeSendFuture, MaybeSync, Platform, Rng, SystemClock};
pub use quota::Space;
pub use recovery_shares::{HeldShare, Holder, Split};
pub use refusal::Refusal;
pub use reports::{
    Access, ActorName, ExplainedEvent, Held, KnownNames, ListPage, OpenReport, OpenVersion, Purposes, ReaderMark,
    Reading, RefusedVersion, ReportEvents, ReportRow, SealedRows, SignedRequest, TeamSight, VersionInfo, event_hash,
};
pub use retention::{DueReport, DueReports, RetentionPolicy, RetentionRule};
pub use session::{
    AskSecondFactor, AskedCode, Client, Device, NoSecondFactor, ProvedAddress, Recover, RecoverWithShares,
    SecondFactorAsked, SignUp, SignedIn, WhyAsked,
};
pub use sharing::{
    AccessRow, AccessStatus, AccessTeam, AccessWho, Claimed, PendingShare, Share, Shared, SharedWithTeam, TeamShare,
};
pub use teams::{CareTeam, CareTeamMember, SoleManaged, Tended};
pub use tokens::Via;
pub use vault::{Unsaved, Vault};
pub use versions::{Comparison, FieldChange, FileChange, TextRow, TextSpan, compare_versions, side_by_side};
