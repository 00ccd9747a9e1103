//! The attacks by name. docs/attacks.md has a section for each; `tests/suite` runs those against the client, and browser tests
//! (`end2end`) those against the page alone.

use crypto::defence::Defence;

/// What stops an attack, and the name of the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wall {
    /// The defence.
    pub defence: Defence,
    /// [`client::Refusal::code`] of what the person is told, or `alarm`.
    pub refusal: &'static str,
}

/// An attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attack {
    /// Its name, as in docs/attacks.md.
    pub name: &'static str,
    /// What stands in its way, in the order in which it runs into them.
    pub walls: &'static [Wall],
}

const fn wall(defence: Defence, refusal: &'static str) -> Wall {
    Wall { defence, refusal }
}

macro_rules! attacks {
    ($($constant:ident = $name:literal: [$($defence:ident => $refusal:literal),+];)+) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            pub const $constant: Attack =
                Attack { name: $name, walls: &[$(wall(Defence::$defence, $refusal)),+] };
        )+
        /// All of them.
        pub const ATTACKS: &[Attack] = &[$($constant),+];
    };
}

attacks! {
    KEY_SWAP = "key-swap": [AccountId => "key_record"];
    KEY_HISTORY_FORK = "key-history-fork": [PinnedKeys => "key_record_changed"];
    FORGED_SUCCESSION = "forged-succession": [KeySuccession => "key_record"];
    KEY_ROLLBACK = "key-rollback": [PinnedKeys => "key_record_changed"];
    WITHHELD_KEY = "withheld-key": [NewestKey => "key_record_older"];
    UNLOGGED_KEY = "unlogged-key": [KeyLogged => "key_not_logged"];
    DENIED_KEY_LOG = "denied-key-log": [KeyLogNamed => "log_denied", KeyLogged => "key_not_logged"];
    ADDRESS_SWAP = "address-swap": [AddressBound => "address_not_bound"];
    UNPROVED_ADDRESS = "unproved-address": [AddressProved => "address_unproved"];
    LABEL_KEY_SWAP = "label-key-swap": [LabelKey => "label_key_changed"];
    TWO_KEYS_FOR_ONE_ADDRESS = "two-keys-for-one-address": [OwnNameWatched => "alarm"];
    CONTRADICTED_CODE = "contradicted-code": [
        KeyCodeAnswered => "key_code_contradicted",
        KeyCodeCompared => "key_record_changed"
    ];
    FORGED_APPROVAL = "forged-approval": [ApprovalSignature => "approval_forged"];
    ORGANISATION_KEY_SWAP = "organisation-key-swap": [PinnedOrganisation => "organisation_key_changed"];
    PLANTED_ORGANISATION_KEY = "planted-organisation-key": [OrganisationKeyPair => "organisation_key_forged"];
    FORGED_RETENTION_RULES = "forged-retention-rules": [RulesSigned => "retention_rules_forged"];
    RETENTION_RULES_ROLLBACK = "retention-rules-rollback": [RulesSeen => "retention_rules_older"];
    PRETENDED_DELETION = "pretended-deletion": [ClosingSigned => "closing_forged"];
    FORGED_RECOVERY_KEY = "forged-recovery-key": [WayInSignature => "way_in_forged"];
    VOIDED_KIT = "voided-kit": [WayInGeneration => "way_in_behind"];
    RETURNED_PASSKEY = "returned-passkey": [WayInKnown => "way_in_behind"];
    REPLAYED_REGISTRATION = "replayed-registration": [WayInSeen => "way_in_behind", StateCounter => "state_behind"];
    SWAPPED_EMERGENCY_CONTACT = "swapped-emergency-contact": [EmergencySigned => "emergency_forged"];
    FORGED_DEVICE = "forged-device": [DeviceSigned => "device_forged"];
    SWAPPED_SHARE_CONTACT = "swapped-share-contact": [SplitSigned => "shares_forged"];
    SWAPPED_ESCROW_KEY = "swapped-escrow-key": [EscrowKeySigned => "escrow_forged"];
    ENDED_ESCROW_KEY = "ended-escrow-key": [EscrowKeySeen => "escrow_key_older"];
    PRETENDED_ESCROW_END = "pretended-escrow-end": [EscrowSigned => "escrow_forged"];
    KDF_DOWNGRADE = "kdf-downgrade": [KdfFloor => "weak_kdf"];
    KDF_EXHAUSTION = "kdf-exhaustion": [KdfCeiling => "excessive_kdf"];
    KEYRING_ROLLBACK = "keyring-rollback": [KeyringCurrent => "keyring_behind"];
    INSTANCE_SWAP = "instance-swap": [PinnedInstance => "instance_changed"];
    STATE_ROLLBACK = "state-rollback": [StateCounter => "state_behind"];
    RELABELLED_STATE = "relabelled-state": [CounterBound => "state_forged"];
    DRAFT_ROLLBACK = "draft-rollback": [StateCounter => "draft_forged"];
    INVENTED_REPORT = "invented-report": [
        GenesisSigned => "genesis_forged",
        EntrySignature => "grant_injected",
        ManifestSignature => "manifest_forged",
        AuthorStatement => "statement_forged"
    ];
    FORGED_GRANT = "forged-grant": [EntrySignature => "grant_injected"];
    REVOCATION_CUT_OUT = "revocation-cut-out": [AccessOrder => "access_chain_broken"];
    INJECTED_TEAM_MEMBER = "injected-team-member": [RosterSigned => "team_roster_forged"];
    ROSTER_ROLLBACK = "roster-rollback": [RosterSeen => "team_roster_older"];
    UNLOGGED_ROSTER = "unlogged-roster": [KeyLogged => "team_not_logged"];
    PRETENDED_LEAVE = "pretended-leave": [LeaveSigned => "team_leave_forged"];
    REMOVED_MEMBER = "removed-member": [TeamMembership => "grant_unknown"];
    EXPIRED_GRANT = "expired-grant": [GrantLiveness => "expired_grant_presented"];
    REVOKED_GRANT = "revoked-grant": [GrantLiveness => "revoked_grant_replayed"];
    PRETENDED_ERASURE = "pretended-erasure": [ErasureSigned => "erasure_forged"];
    ACCESS_ROLLBACK = "access-rollback": [AccessHead => "access_head_older"];
    ACCESS_FORK = "access-fork": [AccessHead => "access_head_forked"];
    MANIFEST_ROLLBACK = "manifest-rollback": [ManifestSeen => "manifest_older"];
    MANIFEST_FORK = "manifest-fork": [ManifestSeen => "manifest_forked"];
    VERSION_SUPPRESSED = "version-suppressed": [VersionsComplete => "version_left_out"];
    VERSION_CUT_OUT = "version-cut-out": [
        ManifestOrder => "manifest_chain_broken",
        VersionsComplete => "version_left_out"
    ];
    WRAP_TRANSPLANT = "wrap-transplant": [WrapBinding => "wrap_forged", KeyCommitment => "wrap_forged"];
    WRAP_ROLLBACK = "wrap-rollback": [WrapBinding => "wrap_forged", KeyCommitment => "wrap_forged"];
    VERSION_TRANSPLANT = "version-transplant": [
        ManifestSignature => "manifest_forged",
        WrapBinding => "wrap_forged",
        PartPlace => "statement_forged",
        AuthorStatement => "statement_forged"
    ];
    REPORT_TRANSPLANT = "report-transplant": [
        ManifestSignature => "manifest_forged",
        WrapBinding => "wrap_forged",
        PartPlace => "statement_forged",
        AuthorStatement => "statement_forged"
    ];
    PART_TRANSPLANT = "part-transplant": [
        ManifestSignature => "manifest_forged",
        PartPlace => "part_forged",
        AuthorStatement => "content_changed"
    ];
    TRUNCATION = "truncation": [
        RangeLength => "part_forged",
        PartEnd => "part_forged",
        SegmentHash => "part_forged",
        AuthorStatement => "content_changed"
    ];
    INVENTED_READING = "invented-reading": [ReadRequest => "reading_forged"];
    BORROWED_REQUEST = "borrowed-request": [ReadRequest => "reading_forged"];
    SUPPRESSED_EVENT = "suppressed-event": [EventChain => "events_broken"];
    SUPPRESSED_NEWEST_EVENT = "suppressed-newest-event": [EventChain => "events_broken"];
    SUPPRESSED_BEGINNING = "suppressed-beginning": [EventAge => "events_broken"];
    REWRITTEN_EVENT = "rewritten-event": [EventChain => "events_broken", LogOpening => "log_event_changed"];
    INVENTED_HISTORY = "invented-history": [LogInclusion => "log_event_missing"];
    DENIED_LOG = "denied-log": [LogNamed => "log_denied"];
    FORKED_LOG = "forked-log": [LogContinuity => "log_forked"];
    LOG_ROLLBACK = "log-rollback": [LogContinuity => "log_rolled_back", EventChain => "events_broken"];
    LOG_SIGNER_SWAP = "log-signer-swap": [LogKey => "log_signer_unknown"];
    FORGED_CHECKPOINT = "forged-checkpoint": [CheckpointSigned => "log_checkpoint_forged"];
    FORGED_TILE = "forged-tile": [LogTiles => "log_tile_forged"];
    UNKNOWN_WITNESS = "unknown-witness": [WitnessQuorum => "log_too_few_witnesses"];
    FORGED_COSIGNATURE = "forged-cosignature": [CosignatureSigned => "log_cosignature_forged"];
    STALE_CHECKPOINT = "stale-checkpoint": [WitnessFreshness => "log_stale"];
}

/// What stops an attack on the page, and how a browser test takes it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageWall {
    /// What docs/attacks.md calls it.
    pub name: &'static str,
    /// What stands in a test that shows the attack without it.
    pub without: &'static str,
}

/// An attack that the client has no part in: the browser stops it, by what the server's answers and the page tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageAttack {
    /// Its name, as in docs/attacks.md and in the titles of its tests.
    pub name: &'static str,
    /// The files of its tests, below `end2end`.
    pub specs: &'static [&'static str],
    /// What stands in its way, in the order in which it runs into them.
    pub walls: &'static [PageWall],
}

const fn stops(name: &'static str, without: &'static str) -> PageWall {
    PageWall { name, without }
}

macro_rules! page_attacks {
    ($($name:literal in $specs:ident: [$($wall:expr),+];)+) => {
        /// All of them.
        pub const PAGE_ATTACKS: &[PageAttack] =
            &[$(PageAttack { name: $name, specs: $specs, walls: &[$($wall),+] }),+];
    };
}

const HTML: &[&str] = &["tests/html.spec.ts"];
const HEADERS: &[&str] = &["tests/headers.spec.ts"];
const WALLS: &[&str] = &["tests/walls.spec.ts"];
const FILES: &[&str] = &["tests/hostile-files.spec.ts", "tools/hostile.spec.ts"];
const POLICY: PageWall = stops("`Content-Security-Policy`", "[CSP]");

page_attacks! {
    "html-in-texts" in HTML: [
        stops("texts go in as text", "takeTextForHtml("),
        stops("`Content-Security-Policy`", "['content-security-policy']")
    ];
    "inline-script" in WALLS: [POLICY];
    "compiled-text" in WALLS: [POLICY];
    "foreign-script" in WALLS: [POLICY, stops("`Integrity-Policy`", "[CSP, 'integrity-policy']")];
    "changed-script" in WALLS: [stops("its hash in the document", "withoutHashes")];
    "sent-elsewhere" in WALLS: [POLICY];
    "moved-base" in WALLS: [POLICY];
    "framed-page" in WALLS: [POLICY, stops("`X-Frame-Options`", "[CSP, 'x-frame-options']")];
    "disguised-script" in WALLS: [stops("`X-Content-Type-Options`", "['x-content-type-options']")];
    "watched-visitor" in WALLS: [
        stops("`Referrer-Policy`", "['referrer-policy'"),
        stops("`Cross-Origin-Opener-Policy`", "'cross-origin-opener-policy']")
    ];
    "forged-request" in HEADERS: [stops("the origin is compared", "headers: { origin: clinic.origin }")];
    "script-in-file" in FILES: [stops("only the bytes decide", "runs where a browser takes it for")];
}
