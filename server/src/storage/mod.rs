//! The only place that names tables. Functions take a connection (the read pool, or a write transaction) and plain
//! values; rules and authorisation are the services' part.

pub mod account_now;
pub mod accounts;
pub mod api_tokens;
pub mod audit;
mod audit_time;
pub mod backups;
pub mod blob_garbage;
pub mod blobs;
pub mod ceremonies;
pub mod checksums;
pub mod closing;
pub mod connect;
pub mod copy;
pub mod damaged_blobs;
pub mod damaged_rows;
pub mod db;
pub mod devices;
pub mod drafts;
pub mod drills;
pub mod email_changes;
pub mod email_verifications;
pub mod emergency;
pub mod erasure;
pub mod escrow;
pub mod failure;
pub mod former_addresses;
pub mod grants;
pub mod grants_challenges;
pub mod identities;
pub mod instance;
mod integrity;
pub mod invitations;
pub mod key_records;
pub mod lease_time;
pub mod live_events;
pub mod log;
pub mod log_events;
pub mod log_keys;
pub mod migrate;
mod open_file;
pub mod organisation_key_wraps;
pub mod outbox;
pub mod passkeys;
pub mod phone_codes;
pub mod phones;
pub mod policies;
pub mod quotas;
pub mod recovery_shares;
pub mod report_rows;
pub mod reports;
pub mod reports_access;
pub mod reports_list;
pub mod retention;
pub mod retention_rules;
pub mod scrubs;
pub mod second_factors;
pub mod servers;
pub mod sessions;
pub mod settling;
pub mod sign_up_codes;
pub mod signed_rows;
pub mod team_members;
pub mod teams;
pub mod throttle;
pub mod uploads;
pub mod versions;
pub mod versions_rekey;
pub mod ways_in;
pub mod wraps;

/// What storage functions return.
pub type DbResult<T> = Result<T, sea_orm::DbErr>;

/// A stored value that breaks the schema's own rules: somebody edited the database.
pub fn corrupt(table: &str, column: &str) -> sea_orm::DbErr {
    sea_orm::DbErr::Custom(format!("{table}.{column} holds a value that this version doesn't know"))
}

/// An identifier read back from its column.
pub fn id<const N: usize>(table: &str, column: &str, bytes: &[u8]) -> DbResult<[u8; N]> {
    bytes.try_into().map_err(|_| corrupt(table, column))
}

/// An enum read back from its column.
pub fn name<T: serde::de::DeserializeOwned>(table: &str, column: &str, text: &str) -> DbResult<T> {
    crate::audit::enum_from_name(text).ok_or_else(|| corrupt(table, column))
}
