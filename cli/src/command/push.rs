//! `hs push`: seal files into a report.

use std::path::Path;

use api_types::{AccountId, ErrorCode, ReportId};
use client::{
    ClientError, DraftFile, OpenDraft, PatientChoice, Person, Vault,
    bulk::{Control, native::FileSource},
    content::ReportFields,
    native::Native,
};
use serde::Serialize;

use super::key::{KeyState, look_at};
use crate::{
    args::Push,
    context::Context,
    error::{CliError, Result},
    interrupt, progress,
};

#[derive(Serialize)]
struct Pushed {
    report_id: ReportId,
    files: usize,
    #[serde(flatten)]
    patient: Option<ForPatient>,
}

/// The patient who was found, whose the report is now.
#[derive(Serialize)]
struct ForPatient {
    patient: AccountId,
    #[serde(flatten)]
    key: KeyState,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

/// Runs it. A draft whose connection broke, or that was stopped, is kept to go on with; where a file fails otherwise it is
/// deleted: no half report stays behind.
pub async fn run(context: &Context, args: &Push) -> Result<()> {
    for file in &args.files {
        if !file.is_file() {
            return Err(CliError::Argument(format!("{} is not a file", file.display())));
        }
    }
    let (report_id, patient) = context
        .with_vault(async |vault| match &args.resume {
            Some(draft) => Ok((resume(context, vault, draft, args).await?, None)),
            None => begin(context, vault, args).await,
        })
        .await?;
    let pushed = Pushed { report_id, files: args.files.len(), patient };
    context.output.result(&pushed, |pushed| format!("Report {} is complete.", pushed.report_id));
    Ok(())
}

/// The report, and the patient who was found for it.
async fn begin(context: &Context, vault: &Vault<Native>, args: &Push) -> Result<(ReportId, Option<ForPatient>)> {
    let patient = patient(vault, args).await?.map(|person| told(context, &person));
    let choice = patient.as_ref().map_or_else(|| own_or_new(vault), |found| PatientChoice::Account(found.patient));
    let draft = vault.begin_draft(choice, fields(args)).await?;
    let id = draft.id();
    context.output.note(&format!("Draft {id}: whatever interrupts this, `hs push --resume {id} FILE…` goes on."));
    match finish(context, &draft, args).await {
        Err(error) if !is_interruption(&error) => {
            vault.delete_draft(&id).await?;
            Err(error)
        }
        other => Ok((other?, patient)),
    }
}

async fn resume(context: &Context, vault: &Vault<Native>, draft: &str, args: &Push) -> Result<ReportId> {
    let id: ReportId = draft.parse().map_err(|_| CliError::Argument(format!("{draft:?} is not the id of a draft")))?;
    let draft = match vault.open_draft(&id).await {
        Err(error) if error.problem() == Some(ErrorCode::NotFound) => return became(context, vault, &id, error).await,
        found => found?,
    };
    if draft.base().is_some() {
        let detail = format!("that is a change of a report that is there: hs edit {id} --continue goes on with it");
        return Err(CliError::Argument(detail));
    }
    finish(context, &draft, args).await
}

/// The report that a draft has become where the run before got as far as that, and was interrupted before it knew.
async fn became(context: &Context, vault: &Vault<Native>, id: &ReportId, gone: ClientError) -> Result<ReportId> {
    let Ok(report) = vault.report(id).await else { return Err(gone.into()) };
    context.output.note("That draft is a report by now. Nothing was added to it.");
    Ok(report.id)
}

/// Fills the draft and completes it; says how to go on where that was interrupted.
async fn finish(context: &Context, draft: &OpenDraft<Native>, args: &Push) -> Result<ReportId> {
    let outcome = completed(context, draft, args).await;
    if outcome.as_ref().is_err_and(is_interruption) {
        let id = draft.id();
        let how = format!("Draft {id} is kept with what was uploaded. Go on: hs push --resume {id} FILE…");
        context.output.warning("draft_kept", &how);
    }
    outcome
}

async fn completed(context: &Context, draft: &OpenDraft<Native>, args: &Push) -> Result<ReportId> {
    let whole = async {
        fill(context, draft, args).await?;
        Ok::<_, CliError>(draft.complete().await?.id)
    };
    tokio::select! {
        done = whole => done,
        () = interrupt::first() => Err(ClientError::Cancelled.into()),
    }
}

pub(super) fn is_interruption(error: &CliError) -> bool {
    matches!(error, CliError::Client(error) if error.is_transient() || matches!(error, ClientError::Cancelled))
}

async fn patient(vault: &Vault<Native>, args: &Push) -> Result<Option<Person>> {
    let Some(email) = &args.patient else { return Ok(None) };
    let person = vault.find_by_email(email).await?;
    person.map(Some).ok_or_else(|| CliError::Argument(format!("nobody has an account as {email}")))
}

/// Whose the report will be, said before anything is sealed to them.
fn told(context: &Context, person: &Person) -> ForPatient {
    let address = match person.email_verified {
        Some(false) => "\nNobody has shown yet that they read the mail of this address.",
        _ => "",
    };
    let key = look_at(context, person);
    context.output.note(&format!("The report will belong to {}.{}{address}", person.name, key.says()));
    ForPatient { patient: person.id, key, email_verified: person.email_verified }
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
        report_number: text(&args.about.report_id),
        title: args.title.clone().unwrap_or_else(|| args.files.first().map(|f| file_name(f)).unwrap_or_default()),
        patient_name: text(&args.about.patient_name),
        patient_id: text(&args.about.patient_id),
        kind: text(&args.findings.kind),
        diagnosis: text(&args.findings.diagnosis),
        treatment_plan: text(&args.findings.treatment_plan),
        prescription: text(&args.findings.prescription),
    }
}

async fn fill(context: &Context, draft: &OpenDraft<Native>, args: &Push) -> Result<()> {
    // Several files may have one name: each is of one file of the draft.
    let mut taken = Vec::new();
    for path in &args.files {
        let name = file_name(path);
        let size = tokio::fs::metadata(path).await?.len();
        let (bar, control) = progress::bar(context.output, &name, size);
        let source = FileSource::Path(path.clone());
        let known = draft.files().into_iter().find(|file| file.name == name.trim() && !taken.contains(&file.part));
        let part = match known {
            None => draft.add_file(&name, &source, &control).await?,
            Some(file) => {
                go_on(context, draft, &file, &source, &control).await?;
                file.part
            }
        };
        taken.push(part);
        bar.finish();
    }
    Ok(())
}

/// A file that changed since its upload began meets no key that the old content met.
pub(super) async fn go_on(
    context: &Context,
    draft: &OpenDraft<Native>,
    file: &DraftFile,
    source: &FileSource,
    control: &Control,
) -> Result<()> {
    match draft.resume_file(file.part, source, control).await {
        Err(error @ ClientError::SourceChanged) => {
            let what =
                format!("{} changed since its upload began. All of it is sealed anew, under a new key.", file.name);
            context.output.warning(&error.code(), &what);
            Ok(draft.replace_file(file.part, source, control).await?)
        }
        done => Ok(done?),
    }
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
