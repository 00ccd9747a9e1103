//! `hs pull`: fetch, verify, decrypt.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use api_types::ErrorCode;
use client::{
    OpenVersion, Vault,
    bulk::{
        Control,
        native::{FileSink, hash_file},
    },
    content::ReportFields,
    native::Native,
};
use serde::Serialize;

use crate::{
    args::Pull,
    context::Context,
    error::{CliError, Result},
    progress,
};

#[derive(Serialize)]
struct Pulled {
    report_id: api_types::ReportId,
    version: u32,
    fields: ReportFields,
    files: Vec<PathBuf>,
}

/// Runs it.
pub async fn run(context: &Context, args: &Pull) -> Result<()> {
    let pulled = context
        .with_vault(async |vault| {
            let id = super::report_id(vault, &args.report).await?;
            let report = vault.report(&id).await?;
            let number = args.at.or_else(|| report.newest().map(|v| v.version)).unwrap_or(1);
            let version = vault.version(&report, number).await?;
            let files = if args.fields_only { Vec::new() } else { files(context, vault, &version, &args.out).await? };
            Ok(Pulled { report_id: id, version: number, fields: version.content.fields.clone(), files })
        })
        .await?;
    context.output.result(&pulled, text);
    Ok(())
}

async fn files(context: &Context, vault: &Vault<Native>, version: &OpenVersion, out: &Path) -> Result<Vec<PathBuf>> {
    tokio::fs::create_dir_all(out).await?;
    let mut written = BTreeMap::new();
    for file in &version.content.files {
        let target = out.join(safe_name(&file.name)?);
        if is_there(version, file.part, &target).await? {
            context.output.note(&format!("{} is there already, as its author signed it.", target.display()));
            written.insert(file.part, target);
            continue;
        }
        let (bar, control) = progress::bar(context.output, &file.name, file.size);
        let fetched = download(vault, version, file.part, &target, &control).await;
        if let Err(CliError::Client(error)) = &fetched
            && error.is_transient_for_reading()
        {
            let how = format!("What was fetched of {} is kept. The same command goes on from there.", file.name);
            context.output.warning("partial_kept", &how);
        }
        fetched?;
        bar.finish();
        written.insert(file.part, target);
    }
    Ok(written.into_values().collect())
}

/// Whether the very file stands there: from an earlier run that was interrupted later.
async fn is_there(version: &OpenVersion, part: u32, target: &Path) -> Result<bool> {
    if !target.is_file() {
        return Ok(false);
    }
    let (len, plain) = hash_file(target).await?;
    Ok(version.is_content(part, len, &plain))
}

/// Under its new keys where the owner changed them meanwhile.
async fn download(
    vault: &Vault<Native>,
    version: &OpenVersion,
    part: u32,
    target: &Path,
    control: &Control,
) -> Result<()> {
    let refused = match vault.download(version, part, FileSink::create(target).await?, control).await {
        Ok(_) => return Ok(()),
        Err(refused) if refused.problem() == Some(ErrorCode::NotFound) => refused,
        Err(other) => return Err(other.into()),
    };
    let Some(now) = vault.rekeyed(version).await? else { return Err(refused.into()) };
    vault.download(&now, part, FileSink::create(target).await?, control).await?;
    Ok(())
}

/// A name that came from somebody else must stay a name: no path, nothing hidden.
fn safe_name(name: &str) -> Result<&str> {
    let fine = !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\', '\0'])
        && !name.chars().any(char::is_control);
    if fine { Ok(name) } else { Err(CliError::Argument(format!("the file name {name:?} can't be written safely"))) }
}

fn text(pulled: &Pulled) -> String {
    let f = &pulled.fields;
    let fields = [
        ("Title", &f.title),
        ("Report ID", &f.report_number),
        ("Patient", &f.patient_name),
        ("Patient ID", &f.patient_id),
        ("Kind", &f.kind),
        ("Diagnosis", &f.diagnosis),
        ("Treatment plan", &f.treatment_plan),
        ("Prescription", &f.prescription),
    ];
    let mut out: Vec<String> =
        fields.iter().filter(|(_, v)| !v.is_empty()).map(|(name, v)| format!("{name:<15} {v}")).collect();
    out.extend(pulled.files.iter().map(|path| format!("{:<15} {}", "Written", path.display())));
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_from_outside_cannot_leave_the_folder() {
        for name in ["", "..", ".ssh", ".a.pdf.hs-partial", "../x", "a/b", "a\\b", "a\nb", "a\0b"] {
            assert!(safe_name(name).is_err(), "{name:?}");
        }
        assert!(safe_name("Befund Müller (2).pdf").is_ok());
    }
}
