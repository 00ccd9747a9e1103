//! The leaf of an audit event.

use entities::audit_events::Model;
use tlog::leaf::EventOpening;

use crate::{
    audit_hash,
    storage::{self, DbResult, corrupt},
};

/// What the event's leaf commits to; `None` while it has no salt.
pub fn opening(event: &Model) -> DbResult<Option<EventOpening>> {
    let Some(salt) = &event.salt else { return Ok(None) };
    let salt = storage::id("audit_events", "salt", salt)?;
    let bytes = audit_hash::canonical(event)?.to_bytes();
    EventOpening::new(salt, bytes).map(Some).map_err(|_| corrupt("audit_events", "subject"))
}
