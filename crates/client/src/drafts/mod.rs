//! Drafts: sealed, saved and resumed, kept where they couldn't be saved; files uploaded; completed as version 1, or saved as the
//! next version of a report.

mod change;
mod complete;
mod conflict;
mod draft;
mod files;
mod handle;
mod ledger;
mod store;
mod unsaved;

pub(crate) use complete::{Sealed, check_size, describe, describe_part0, seal_part0, wraps_for};
pub use conflict::{Conflict, FieldConflict, Side};
pub(crate) use draft::{Base, Kept};
pub use draft::{DraftFile, DraftRow, PatientChoice, ReportDraft, UploadState};
pub(crate) use files::create_upload;
pub use handle::OpenDraft;
pub(crate) use handle::is_open;
pub use unsaved::{TakenBack, UnsavedDraft};
