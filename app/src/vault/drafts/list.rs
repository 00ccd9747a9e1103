//! The list of drafts.

use api_types::ReportId;
use client::{DraftRow, Result, content::ReportFields};

use super::DRAFTS;
use crate::vault::{Keys, explain};

/// A draft in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftItem {
    /// Its id.
    pub id: ReportId,
    /// Title, else number; may be empty.
    pub name: String,
    /// Patient's name; may be empty.
    pub patient: String,
    /// Kind; may be empty.
    pub kind: String,
    /// Last save.
    pub updated_at: i64,
    /// The version that it changes; none for a report that isn't there yet.
    pub base: Option<u32>,
    /// Why it was refused.
    pub problem: Option<String>,
}

/// All drafts, newest first.
pub async fn list(open: &Keys) -> Result<Vec<DraftItem>> {
    if let Some(drafts) = DRAFTS.get() {
        drafts.take_back(open).await;
    }
    let rows = open.drafts().await?;
    let item = |row: DraftRow| {
        let (fields, base, problem) = match row.draft {
            Ok(draft) => (draft.fields.clone(), draft.base(), None),
            Err(error) => (ReportFields::default(), None, Some(explain(&error))),
        };
        let name = if fields.title.trim().is_empty() { fields.report_number } else { fields.title };
        DraftItem {
            id: row.id,
            name,
            patient: fields.patient_name,
            kind: fields.kind,
            updated_at: row.updated_at,
            base,
            problem,
        }
    };
    Ok(rows.into_iter().map(item).collect())
}
