//! `hs push`: seal files into a report.

use std::path::Path;

use client::{OpenDraft, PatientChoice, Vault, bulk::native::FileSource, content::ReportFields, native::Native};
use serde_json::json;

use crate::{
    args::Push,
    context::Context,
    error::{CliError, Result},
    progress,
};

/// Runs it. Where a file fails the draft is deleted: no half report stays behind.
pub async fn run(context: &Context, args: &Push) -> Result<()> {
    for file in &args.files {
        if !file.is_file() {
            return Err(CliError::Argument(format!("{} is not a file", file.display())));
        }
    }
    let id = context
        .with_vault(async |vault| {
            let patient = patient(vault, args).await?;
            let draft = vault.begin_draft(patient, fields(args)).await?;
            match fill(context, &draft, args).await {
                Ok(()) => Ok(draft.complete().await?.id),
                Err(error) => {
                    vault.delete_draft(&draft.id()).await?;
                    Err(error)
                }
            }
        })
        .await?;
    context
        .output
        .result(&json!({ "report_id": id, "files": args.files.len() }), |_| format!("Report {id} is complete."));
    Ok(())
}

async fn patient(vault: &Vault<Native>, args: &Push) -> Result<PatientChoice> {
    let Some(email) = &args.patient else { return Ok(own_or_new(vault)) };
    let person = vault.find_by_email(email).await?;
    let person = person.ok_or_else(|| CliError::Argument(format!("nobody has an account as {email}")))?;
    Ok(PatientChoice::Account(person.id))
}

/// A patient's own report is about themself; a doctor's is about someone who has no account yet.
fn own_or_new(vault: &Vault<Native>) -> PatientChoice {
    match vault.who().role {
        api_types::accounts::Role::Patient => PatientChoice::Account(vault.account_id()),
        _ => PatientChoice::New,
    }
}

fn fields(args: &Push) -> ReportFields {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    ReportFields {
        report_number: text(&args.report_id),
        title: args.title.clone().unwrap_or_else(|| args.files.first().map(|f| file_name(f)).unwrap_or_default()),
        patient_name: text(&args.patient_name),
        patient_id: text(&args.patient_id),
        kind: text(&args.kind),
        diagnosis: text(&args.diagnosis),
        treatment_plan: text(&args.treatment_plan),
        prescription: text(&args.prescription),
    }
}

async fn fill(context: &Context, draft: &OpenDraft<Native>, args: &Push) -> Result<()> {
    for path in &args.files {
        let name = file_name(path);
        let size = tokio::fs::metadata(path).await?.len();
        let (bar, control) = progress::bar(context.output, &name, size);
        draft.add_file(&name, &FileSource::Path(path.clone()), &control).await?;
        bar.finish();
    }
    Ok(())
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
