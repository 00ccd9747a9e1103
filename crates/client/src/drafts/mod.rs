//! Drafts: sealed, saved and resumed; files uploaded; completed as version 1.

mod complete;
mod draft;
mod files;
mod handle;
mod ledger;
mod store;

pub(crate) use complete::{check_size, seal_part0, wraps_for};
pub use draft::{DraftFile, DraftRow, PatientChoice, ReportDraft, UploadState};
pub(crate) use files::create_upload;
pub use handle::OpenDraft;
