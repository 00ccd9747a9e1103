//! SeaORM entities: one module a table, fields as the migrations define them.
//!
//! Only the server's `storage` names them. No queries, no rules; identifiers are byte strings, times are Unix
//! milliseconds, and anything sealed or signed is a blob that this crate never looks into.
#![forbid(unsafe_code)]

pub mod access_entries;
pub mod account_escrows;
pub mod accounts;
pub mod api_tokens;
pub mod audit_events;
pub mod blob_garbage;
pub mod ceremonies;
pub mod closed_accounts;
pub mod devices;
pub mod drafts;
pub mod email_changes;
pub mod email_verifications;
pub mod emergency_contacts;
pub mod escrow_keys;
pub mod former_addresses;
pub mod grant_seeds;
pub mod grants;
pub mod identities;
pub mod identity_flows;
pub mod identity_tickets;
pub mod instance;
pub mod invitations;
pub mod key_records;
pub mod log_key_entries;
pub mod log_tiles;
pub mod log_trees;
pub mod opaque_records;
pub mod organisation_key_wraps;
pub mod outbox;
pub mod part_segments;
pub mod parts;
pub mod passkeys;
pub mod phone_codes;
pub mod phones;
pub mod recovery_codes;
pub mod recovery_shares;
pub mod recovery_splits;
pub mod rekey_queue;
pub mod report_access;
pub mod reports;
pub mod role_policies;
pub mod second_factors;
pub mod sessions;
pub mod sign_up_codes;
pub mod team_key_wraps;
pub mod team_members;
pub mod team_rosters;
pub mod teams;
pub mod throttles;
pub mod upload_segments;
pub mod uploads;
pub mod versions;
pub mod ways_in;
pub mod wraps;

/// Calls `$each!(module)` for every entity: tests and tools that must not forget one.
#[macro_export]
macro_rules! for_each_entity {
    ($each:ident) => {
        $each!(access_entries);
        $each!(account_escrows);
        $each!(accounts);
        $each!(api_tokens);
        $each!(audit_events);
        $each!(blob_garbage);
        $each!(ceremonies);
        $each!(closed_accounts);
        $each!(devices);
        $each!(drafts);
        $each!(email_changes);
        $each!(email_verifications);
        $each!(emergency_contacts);
        $each!(escrow_keys);
        $each!(former_addresses);
        $each!(grant_seeds);
        $each!(grants);
        $each!(identities);
        $each!(identity_flows);
        $each!(identity_tickets);
        $each!(instance);
        $each!(invitations);
        $each!(key_records);
        $each!(log_key_entries);
        $each!(log_tiles);
        $each!(log_trees);
        $each!(opaque_records);
        $each!(organisation_key_wraps);
        $each!(outbox);
        $each!(part_segments);
        $each!(parts);
        $each!(passkeys);
        $each!(phone_codes);
        $each!(phones);
        $each!(recovery_codes);
        $each!(recovery_shares);
        $each!(recovery_splits);
        $each!(rekey_queue);
        $each!(report_access);
        $each!(reports);
        $each!(role_policies);
        $each!(second_factors);
        $each!(sessions);
        $each!(sign_up_codes);
        $each!(team_key_wraps);
        $each!(team_members);
        $each!(team_rosters);
        $each!(teams);
        $each!(throttles);
        $each!(upload_segments);
        $each!(uploads);
        $each!(versions);
        $each!(ways_in);
        $each!(wraps);
    };
}
