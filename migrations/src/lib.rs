//! The schema of the HealthSecure server, for SQLite and PostgreSQL alike.
//!
//! Migrations are the truth about the schema; `entities` follows them, and a test there compares the two. A
//! migration that has shipped is never edited: expand first, contract in a later release. Identifiers are byte
//! strings, times are Unix milliseconds. No queries, no data.
#![forbid(unsafe_code)]

mod ddl;
mod m20261123_000001_accounts;
mod m20261123_000002_audit;
mod m20261123_000003_reports;
mod m20261126_000004_log;
mod m20261126_000005_log_keys;
mod m20261126_000006_audit_time;
mod m20261126_000007_read_requests;
mod m20261126_000008_second_factors;
mod m20261127_000009_passkeys;
mod m20261127_000010_mail;
mod m20261127_000011_identities;
mod m20261127_000012_session_places;
mod m20261127_000014_phones;
mod m20261127_000015_api_tokens;
mod m20261127_000016_emergency_contacts;
mod m20261127_000018_email_changes;
mod m20261127_000019_closed_accounts;
mod m20261127_000020_recovery_shares;
mod m20261127_000021_teams;
mod m20261127_000022_devices;
mod m20261127_000023_escrow;
mod m20261127_000025_backups;
mod m20261127_000026_drafts_by_author;
mod m20261127_000027_servers;
mod m20261127_000028_quotas;
mod m20261127_000030_drills_and_scrubs;
mod m20261127_000034_mail_refusals;
mod m20261127_000035_sign_up_codes;
mod m20261127_000036_damaged_blobs_looked_at;
mod m20261128_000037_segment_checksums;
mod m20261128_000038_list_rows;
mod m20261129_000039_listed_revisions;
mod m20261129_000040_ceremonies_index;
mod m20261129_000041_list_fields;
mod m20261129_000042_damaged_rows;

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

/// Every migration, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_accounts::Migration),
            Box::new(m20261123_000002_audit::Migration),
            Box::new(m20261123_000003_reports::Migration),
            Box::new(m20261126_000004_log::Migration),
            Box::new(m20261126_000005_log_keys::Migration),
            Box::new(m20261126_000006_audit_time::Migration),
            Box::new(m20261126_000007_read_requests::Migration),
            Box::new(m20261126_000008_second_factors::Migration),
            Box::new(m20261127_000009_passkeys::Migration),
            Box::new(m20261127_000010_mail::Migration),
            Box::new(m20261127_000011_identities::Migration),
            Box::new(m20261127_000012_session_places::Migration),
            Box::new(m20261127_000014_phones::Migration),
            Box::new(m20261127_000015_api_tokens::Migration),
            Box::new(m20261127_000016_emergency_contacts::Migration),
            Box::new(m20261127_000018_email_changes::Migration),
            Box::new(m20261127_000019_closed_accounts::Migration),
            Box::new(m20261127_000020_recovery_shares::Migration),
            Box::new(m20261127_000021_teams::Migration),
            Box::new(m20261127_000022_devices::Migration),
            Box::new(m20261127_000023_escrow::Migration),
            Box::new(m20261127_000025_backups::Migration),
            Box::new(m20261127_000026_drafts_by_author::Migration),
            Box::new(m20261127_000027_servers::Migration),
            Box::new(m20261127_000028_quotas::Migration),
            Box::new(m20261127_000030_drills_and_scrubs::Migration),
            Box::new(m20261127_000034_mail_refusals::Migration),
            Box::new(m20261127_000035_sign_up_codes::Migration),
            Box::new(m20261127_000036_damaged_blobs_looked_at::Migration),
            Box::new(m20261128_000037_segment_checksums::Migration),
            Box::new(m20261128_000038_list_rows::Migration),
            Box::new(m20261129_000039_listed_revisions::Migration),
            Box::new(m20261129_000040_ceremonies_index::Migration),
            Box::new(m20261129_000041_list_fields::Migration),
            Box::new(m20261129_000042_damaged_rows::Migration),
        ]
    }
}
