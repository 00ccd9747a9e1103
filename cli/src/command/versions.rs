//! `hs versions` and `hs restore`.

use api_types::ReportId;
use client::{
    Comparison, FileChange, TextRow, TextSpan, bulk::Control, compare_versions, content::FileEntry, side_by_side,
};
use serde::Serialize;
use serde_json::json;

use crate::{
    args::{Restore, Versions},
    context::Context,
    error::{CliError, Result},
    output::{table, time},
};

/// Runs it.
pub async fn run(context: &Context, command: &Versions) -> Result<()> {
    match command {
        Versions::List { report } => list(context, report).await,
        Versions::Compare { report, before, after } => compare(context, report, *before, *after).await,
    }
}

#[derive(Serialize)]
struct Row {
    version: u32,
    revision: u32,
    author: api_types::AccountId,
    author_name: String,
    time: i64,
    files: usize,
}

async fn list(context: &Context, report: &str) -> Result<()> {
    let rows = context
        .with_vault(async |vault| {
            let id = super::report_id(vault, report).await?;
            let open = vault.report(&id).await?;
            let people = vault.report_people(&id).await?.items;
            let person =
                |author| people.iter().find(|account| account.id == author).map(|account| account.name.clone());
            let device = |author: &api_types::AccountId| {
                vault.sent_by(author).map(|by| format!("{}, a device of {}", by.name, by.owner_name))
            };
            let row = |info: &client::VersionInfo| Row {
                version: info.version,
                revision: info.revision,
                author: info.author,
                author_name: person(info.author).or_else(|| device(&info.author)).unwrap_or_default(),
                time: info.time,
                files: info.files,
            };
            Ok(open.versions.iter().rev().map(row).collect::<Vec<_>>())
        })
        .await?;
    context.output.result(&rows, |rows| {
        let row =
            |row: &Row| vec![row.version.to_string(), row.author_name.clone(), time(row.time), row.files.to_string()];
        table(&["VERSION", "AUTHOR", "SAVED", "FILES"], &rows.iter().map(row).collect::<Vec<_>>())
    });
    Ok(())
}

async fn compare(context: &Context, report: &str, before: u32, after: Option<u32>) -> Result<()> {
    let compared = context
        .with_vault(async |vault| {
            let id = super::report_id(vault, report).await?;
            let open = vault.report(&id).await?;
            let after = after.or_else(|| open.newest().map(|newest| newest.version)).unwrap_or(before);
            if after == before {
                return Err(CliError::Argument("name two different versions".to_owned()));
            }
            Ok(compare_versions(&vault.version(&open, before).await?, &vault.version(&open, after).await?))
        })
        .await?;
    context.output.result(&Compared::from(&compared), |_| text(&compared));
    Ok(())
}

/// For programs.
#[derive(Serialize)]
struct Compared {
    before: u32,
    after: u32,
    fields: Vec<serde_json::Value>,
    files: Vec<serde_json::Value>,
    same_files: usize,
}

impl From<&Comparison> for Compared {
    fn from(compared: &Comparison) -> Self {
        let field = |change: &client::FieldChange| json!({ "field": change.field.as_str(), "before": change.before, "after": change.after });
        let file = |change: &FileChange| match change {
            FileChange::Added(file) => json!({ "change": "added", "after": file }),
            FileChange::Removed(file) => json!({ "change": "removed", "before": file }),
            FileChange::Changed { before, after } => json!({ "change": "changed", "before": before, "after": after }),
            FileChange::Renamed { before, after } => json!({ "change": "renamed", "before": before, "after": after }),
        };
        Self {
            before: compared.before.version,
            after: compared.after.version,
            fields: compared.fields.iter().map(field).collect(),
            files: compared.files.iter().map(file).collect(),
            same_files: compared.same_files,
        }
    }
}

/// A changed file in one line.
pub(super) fn file_line(change: &FileChange) -> String {
    let sized = |file: &FileEntry| format!("{} ({} bytes)", file.name, file.size);
    match change {
        FileChange::Added(file) => format!("+ {}", sized(file)),
        FileChange::Removed(file) => format!("- {}", sized(file)),
        FileChange::Changed { before, after } => {
            format!("~ {} ({} bytes, then {})", after.name, before.size, after.size)
        }
        FileChange::Renamed { before, after } => format!("~ {} is {} now", before.name, after.name),
    }
}

fn text(compared: &Comparison) -> String {
    let mut lines = vec![format!("Version {} → version {}", compared.before.version, compared.after.version)];
    for change in &compared.fields {
        lines.push(format!("\n{}:", change.field));
        for TextRow { before, after } in side_by_side(&change.before, &change.after) {
            match before == after {
                true => lines.extend(before.map(|line| format!("    {}", joined(&line)))),
                false => {
                    lines.extend(before.map(|line| format!("  - {}", joined(&line))));
                    lines.extend(after.map(|line| format!("  + {}", joined(&line))));
                }
            }
        }
    }
    if !compared.files.is_empty() {
        lines.push("\nfiles:".to_owned());
        lines.extend(compared.files.iter().map(|change| format!("  {}", file_line(change))));
    }
    if compared.fields.is_empty() && compared.files.is_empty() {
        lines.push("Both hold the same.".to_owned());
    }
    lines.join("\n")
}

fn joined(line: &[TextSpan]) -> String {
    line.iter().map(|span| span.text.as_str()).collect()
}

/// `hs restore`.
pub async fn restore(context: &Context, args: &Restore) -> Result<()> {
    let (id, latest) = context
        .with_vault(async |vault| {
            let id: ReportId = super::report_id(vault, &args.report).await?;
            let latest = vault.report(&id).await?.latest;
            Ok((id, vault.restore_version(&id, args.number, latest, &Control::none()).await?.latest))
        })
        .await?;
    let number = args.number;
    context.output.result(&json!({ "report_id": id, "version": latest, "restores": number }), |_| {
        format!("Version {latest} of report {id} holds what version {number} held; the versions in between stay.")
    });
    Ok(())
}
