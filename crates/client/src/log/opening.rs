//! An audit event, as it is shown, and the leaf that stands for it.

use api_types::{B64, audit::AuditEvent};
use crypto::defence::Defence;
use tlog::leaf::{EventOpening, SALT_LEN};

use super::{LeafShown, view::Claim};
use crate::{refusal::Refusal, reports::canonical};

/// What an event says of its leaf.
pub(crate) enum Opened {
    /// Nothing. An honest server stores an event with its opening, and gives whoever sees the one the other.
    None,
    /// The leaf commits to exactly what is shown.
    Leaf {
        /// Where it is to be.
        claim: Claim,
        /// For evidence.
        shown: LeafShown,
    },
    /// The leaf commits to something else, or belongs to another event.
    Lie {
        /// What it is refused as.
        refusal: Refusal,
        /// For evidence.
        shown: LeafShown,
    },
}

/// Opens the leaf of an event. What is shown is encoded again and compared to the byte, so that no field can say more or
/// less than the leaf commits to.
pub(crate) fn open(event: &AuditEvent) -> Opened {
    let (index, salt, stored) = match (event.leaf_index, &event.salt, &event.event) {
        (None, None, None) => return Opened::None,
        (Some(index), Some(salt), Some(stored)) => (index, salt, stored),
        _ => return half(event),
    };
    let opening = <[u8; SALT_LEN]>::try_from(&salt.0[..]).ok();
    let opening = opening.and_then(|salt| EventOpening::new(salt, stored.0.clone()).ok());
    let displayed = canonical(event).map(|event| event.to_bytes());
    let Some(opening) =
        opening.filter(|opening| !Defence::LogOpening.holds() || displayed.as_deref() == Some(opening.event()))
    else {
        return changed(event);
    };
    let shown = LeafShown { index, opening: Some(B64(opening.to_bytes())), displayed: None };
    if index != event.seq {
        return Opened::Lie { refusal: Refusal::LogEventMissing { seq: event.seq }, shown };
    }
    Opened::Leaf { claim: Claim { index, leaf: opening.commitment().leaf_hash() }, shown }
}

/// Some of an opening opens nothing.
fn half(event: &AuditEvent) -> Opened {
    let shown = LeafShown { index: event.seq, opening: None, displayed: None };
    Opened::Lie { refusal: Refusal::LogEventMissing { seq: event.seq }, shown }
}

fn changed(event: &AuditEvent) -> Opened {
    let stored = event.event.as_ref().map(|stored| &stored.0[..]).unwrap_or_default();
    let salt = event.salt.as_ref().map(|salt| &salt.0[..]).unwrap_or_default();
    let shown = LeafShown {
        index: event.leaf_index.unwrap_or(event.seq),
        opening: Some(B64([&[tlog::leaf::VERSION], salt, stored].concat())),
        displayed: canonical(event).map(|event| B64(event.to_bytes())),
    };
    Opened::Lie { refusal: Refusal::LogEventChanged { seq: event.seq }, shown }
}
