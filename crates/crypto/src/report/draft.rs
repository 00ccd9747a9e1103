//! Drafts: mutable, sealed by their author's account key, with a counter.

use rand_core::CryptoRng;

use crate::{account::AccountKey, account::StateError, format::Label, ids::ReportId, secret::SecretBytes};

/// Seals a draft. `counter` must be above every counter used for this draft before.
pub fn seal_draft(
    ak: &AccountKey,
    report: &ReportId,
    counter: u64,
    payload: &[u8],
    rng: &mut impl CryptoRng,
) -> Vec<u8> {
    crate::account::seal_counted(ak, Label::Draft, report.as_ref(), counter, payload, rng)
}

/// Opens a draft; `seen` is the highest counter known from elsewhere.
///
/// # Errors
/// [`StateError`].
pub fn open_draft(
    ak: &AccountKey,
    report: &ReportId,
    seen: u64,
    sealed: &[u8],
) -> Result<(u64, SecretBytes), StateError> {
    crate::account::open_counted(ak, Label::Draft, report.as_ref(), seen, sealed)
}
