//! The hashes of the audit: where this server's rows meet `crypto::audit`, which says what is hashed.

use entities::audit_events::Model;
use sha2::{Digest, Sha256};

use crate::storage::DbResult;

/// The chain value before the first event, of the whole log and of every report.
pub const CHAIN_START: [u8; 32] = [0; 32];

/// SHA-256 of an event: every field but `hash` and `chain`.
pub fn event(row: &Model) -> DbResult<[u8; 32]> {
    let mut hasher = Sha256::new();
    hasher.update(b"healthsecure/v1/audit-event\0");
    field(&mut hasher, &row.seq.to_be_bytes());
    field(&mut hasher, &row.time.to_be_bytes());
    field(&mut hasher, row.actor.as_deref().unwrap_or_default());
    field(&mut hasher, row.session.as_deref().unwrap_or_default());
    field(&mut hasher, row.action.as_bytes());
    field(&mut hasher, row.outcome.as_bytes());
    field(&mut hasher, row.report_id.as_deref().unwrap_or_default());
    field(&mut hasher, &row.report_seq.unwrap_or(0).to_be_bytes());
    field(&mut hasher, row.report_prev.as_deref().unwrap_or_default());
    field(&mut hasher, row.subject.as_bytes());
    Ok(hasher.finalize().into())
}

/// The whole log's chain value after an event.
pub fn chain(before: &[u8; 32], event: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"healthsecure/v1/audit-chain\0");
    field(&mut hasher, before);
    field(&mut hasher, event);
    hasher.finalize().into()
}

fn field(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u32).to_be_bytes());
    hasher.update(bytes);
}
