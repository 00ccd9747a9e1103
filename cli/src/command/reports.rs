//! `hs list`.

use client::{PendingShare, ReportRow};
use serde::Serialize;

use crate::{
    context::Context,
    error::Result,
    output::{table, time},
};

#[derive(Serialize)]
struct Listed {
    reports: Vec<ReportRow>,
    /// Shares to redeem.
    pending: Vec<PendingShare>,
}

/// Runs it.
pub async fn list(context: &Context) -> Result<()> {
    let listed = context
        .with_vault(async |vault| {
            Ok(Listed { reports: super::all_reports(vault).await?, pending: vault.pending_shares().await? })
        })
        .await?;
    context.output.result(&listed, text);
    Ok(())
}

fn text(listed: &Listed) -> String {
    if listed.reports.is_empty() && listed.pending.is_empty() {
        return "No reports yet. `hs push FILE` makes one.".to_owned();
    }
    let rows = listed.reports.iter().map(|row| {
        let f = &row.fields;
        vec![super::short(&row.id), f.title.clone(), f.patient_name.clone(), f.kind.clone(), time(row.updated_at)]
    });
    let mut out = table(&["REPORT", "TITLE", "PATIENT", "KIND", "CHANGED"], &rows.collect::<Vec<_>>());
    if !listed.pending.is_empty() {
        let rows = listed.pending.iter().map(|share| {
            let state = format!("{:?}", share.state).to_lowercase();
            vec![super::short(&share.id), share.granted_by_name.clone(), state, time(share.expires_at)]
        });
        out.push_str("\n\nWaiting for an access code (`hs redeem SHARE`):\n");
        out.push_str(&table(&["SHARE", "FROM", "STATE", "EXPIRES"], &rows.collect::<Vec<_>>()));
    }
    out
}
