//! Limits that the API states and the page shows. Lengths in UTF-8 bytes unless said otherwise.

/// Longest full name, in characters.
pub const NAME_MAX_CHARS: usize = 200;
/// Longest e-mail address (RFC 5321, section 4.5.3.1.3: a path of 256 with its brackets).
pub const EMAIL_MAX: usize = 254;
/// Shortest password that signs in alone, in characters (NIST SP 800-63B-4, section 3.1.1.2).
pub const PASSWORD_MIN_CHARS: usize = 15;
/// Shortest password where a second factor is asked for beside it, in characters.
pub const PASSWORD_MIN_CHARS_WITH_FACTOR: usize = 8;
/// Longest password, in characters.
pub const PASSWORD_MAX_CHARS: usize = 128;
/// Longest report number, patient name, patient id, kind or title, in characters.
pub const SHORT_FIELD_MAX_CHARS: usize = 200;
/// Longest diagnosis, treatment plan or prescription, in characters.
pub const LONG_FIELD_MAX_CHARS: usize = 20_000;
/// Largest sealed part 0 (the report's fields).
pub const PART0_MAX: usize = 512 * 1024;
/// Largest sealed draft.
pub const DRAFT_MAX: usize = 1024 * 1024;
/// Largest sealed client state.
pub const CLIENT_STATE_MAX: usize = 1024 * 1024;
/// Largest sealed keyring.
pub const KEYRING_MAX: usize = 64 * 1024;
/// Largest single file, plaintext.
pub const FILE_MAX: u64 = 16 * 1024 * 1024 * 1024;
/// Most files in one version.
pub const FILES_MAX: usize = 200;
/// Largest all files of one version together, plaintext: the hashes of their segments must fit a sealed draft.
pub const FILES_TOTAL_MAX: u64 = 48 * 1024 * 1024 * 1024;
/// Most versions of a report. Each has a signed manifest that everybody who opens the report reads.
pub const VERSIONS_MAX: u32 = 500;
/// Plaintext bytes of a segment: 512 chunks of 16 KiB.
pub const SEGMENT_PLAIN: u64 = 512 * 16 * 1024;
/// Ciphertext bytes of a full segment after the first; the first carries the 56-byte header on top.
pub const SEGMENT_CIPHER: u64 = 512 * (16 * 1024 + 16);
/// Bytes of a part's header: salt and commitment.
pub const PART_HEADER: u64 = 56;
/// Largest JSON body where nothing larger is said.
pub const JSON_BODY_MAX: usize = 256 * 1024;
/// Largest JSON body of a report, version or re-key: part 0, manifest, wraps.
pub const REPORT_BODY_MAX: usize = 4 * 1024 * 1024;
/// Shortest life of a share, in milliseconds (1 hour).
pub const SHARE_MIN_MS: i64 = 3_600_000;
/// Default life of a share, in milliseconds (24 hours).
pub const SHARE_DEFAULT_MS: i64 = 24 * 3_600_000;
/// Longest life of a code share, in milliseconds (30 days).
pub const SHARE_MAX_MS: i64 = 30 * 24 * 3_600_000;
/// Wrong codes before a share locks.
pub const CODE_TRIES: u32 = 5;
/// Rows of a list page where the request doesn't say.
pub const PAGE_DEFAULT: u32 = 100;
/// Most rows of a list page.
pub const PAGE_MAX: u32 = 500;
/// Longest name of a team.
pub const TEAM_NAME_MAX: usize = 100;
/// Most members of a team.
pub const TEAM_MEMBERS_MAX: usize = 200;
/// Most teams that somebody belongs to.
pub const TEAMS_MAX: usize = 50;
/// Most rosters of a team: beyond it a new team is made.
pub const TEAM_ROSTERS_MAX: usize = 2_000;
/// Fewest characters of a name search.
pub const SEARCH_MIN_CHARS: usize = 2;
/// Fewest days that a server keeps audit events: six years (45 CFR 164.316(b)(2)(i), 164.528(a)), with the most leap days that
/// they can have. Clients accept a report's record without its beginning only where what is missing is as old as that.
pub const KEEP_EVENTS_MIN_DAYS: u32 = 2_192;
/// Percent of its space from which a person is told that it runs out.
pub const QUOTA_WARN_PERCENT: u64 = 80;
/// Percent from which they are told once more.
pub const QUOTA_URGENT_PERCENT: u64 = 95;
/// Least limit that can be set, in bytes: one full segment, so that something fits.
pub const QUOTA_MIN: u64 = 10 * 1024 * 1024;
