//! `hs edit`: change a report; what is saved is its next version.

use client::{
    ClientError, Conflict, DraftFile, OpenDraft, UploadState, Vault, VersionInfo,
    bulk::{Control, native::FileSource},
    content::Field,
    native::Native,
};
use serde_json::json;

use super::push::{file_name, go_on, is_interruption};
use crate::{
    args::{Edit, Side},
    context::Context,
    error::{CliError, Result},
    output::time,
    progress,
};

/// Runs it.
pub async fn run(context: &Context, args: &Edit) -> Result<()> {
    for file in &args.add {
        if !file.is_file() {
            return Err(CliError::Argument(format!("{} is not a file", file.display())));
        }
    }
    let (id, saved) = context
        .with_vault(async |vault| {
            let id = super::report_id(vault, &args.report).await?;
            if args.discard {
                vault.delete_draft(&id).await?;
            }
            let draft = vault.edit_report(&id).await?;
            let begun_before = draft.is_stored();
            if begun_before && !args.go_on {
                let detail = "you have begun to change this report before: --continue goes on with that, --discard \
                              throws it away";
                return Err(CliError::Argument(detail.to_owned()));
            }
            if let Err(error) = apply(context, &draft, args).await {
                if is_interruption(&error) {
                    let how = format!(
                        "Your changes are kept with what was uploaded. Go on: hs edit {id} --continue --add FILE…"
                    );
                    context.output.warning("draft_kept", &how);
                } else if !begun_before {
                    // What was begun by this command alone leaves nothing behind.
                    vault.delete_draft(&id).await?;
                }
                return Err(error);
            }
            merge(context, vault, &draft, args.merge).await?;
            Ok((id, draft.save_version(&Control::none()).await?.latest))
        })
        .await?;
    context.output.result(&json!({ "report_id": id, "version": saved }), |_| {
        format!("Version {saved} of report {id} is saved; the versions before stay.")
    });
    Ok(())
}

/// What is named changes, the rest stays.
async fn apply(context: &Context, draft: &OpenDraft<Native>, args: &Edit) -> Result<()> {
    let mut fields = draft.fields();
    let changes = [
        (Field::Title, &args.title),
        (Field::ReportNumber, &args.about.report_id),
        (Field::PatientName, &args.about.patient_name),
        (Field::PatientId, &args.about.patient_id),
        (Field::Kind, &args.findings.kind),
        (Field::Diagnosis, &args.findings.diagnosis),
        (Field::TreatmentPlan, &args.findings.treatment_plan),
        (Field::Prescription, &args.findings.prescription),
    ];
    for (field, text) in changes {
        if let Some(text) = text {
            fields.set(field, text.clone());
        }
    }
    draft.set_fields(fields)?;
    for name in &args.remove {
        let named: Vec<u32> = draft.files().iter().filter(|file| file.name == *name).map(|file| file.part).collect();
        if named.is_empty() {
            return Err(CliError::Argument(format!("the report has no file {name:?}")));
        }
        for part in named {
            draft.remove_file(part).await?;
        }
    }
    // Several files may have one name: each is of one file of the draft.
    let mut taken = Vec::new();
    for path in &args.add {
        let name = file_name(path);
        let size = tokio::fs::metadata(path).await?.len();
        let (bar, control) = progress::bar(context.output, &name, size);
        let part = add(context, draft, &name, &FileSource::Path(path.clone()), (&taken[..], &control)).await?;
        taken.push(part);
        bar.finish();
    }
    Ok(())
}

/// Adds a file, or goes on with it where a change was interrupted: then it may have been uploaded by half, or wholly.
async fn add(
    context: &Context,
    draft: &OpenDraft<Native>,
    name: &str,
    source: &FileSource,
    (taken, control): (&[u32], &Control),
) -> Result<u32> {
    let known = |file: &DraftFile| !file.is_kept() && file.name == name.trim() && !taken.contains(&file.part);
    for file in draft.files().into_iter().filter(known) {
        if file.state == UploadState::Started {
            go_on(context, draft, &file, source, control).await?;
            return Ok(file.part);
        }
        match draft.resume_file(file.part, source, control).await {
            // Another file of the same name.
            Err(ClientError::SourceChanged) => {}
            done => return Ok(done.map(|()| file.part)?),
        }
    }
    Ok(draft.add_file(name, source, control).await?)
}

/// Brings in what somebody saved since the changes were begun, where one says whose text counts.
async fn merge(context: &Context, vault: &Vault<Native>, draft: &OpenDraft<Native>, side: Option<Side>) -> Result<()> {
    let Some(conflict) = draft.conflict().await? else { return Ok(()) };
    let Some(side) = side else {
        draft.save().await?;
        let people = vault.report_people(&draft.id()).await?.items;
        let name = people.into_iter().find(|account| account.id == conflict.theirs.author).map(|account| account.name);
        context.output.note(&told(&conflict, &name.unwrap_or_else(|| "somebody".to_owned())));
        return Err(ClientError::VersionMoved { latest: conflict.theirs.version }.into());
    };
    let side = match side {
        Side::Mine => client::Side::Mine,
        Side::Theirs => client::Side::Theirs,
    };
    draft.merge(&conflict, |field| if field.is_contested() { side } else { field.usual() })?;
    Ok(())
}

fn told(conflict: &Conflict, author: &str) -> String {
    let VersionInfo { version, time: at, .. } = &conflict.theirs;
    let mut lines = vec![format!("{author} has saved version {version} ({}):", time(*at))];
    for field in &conflict.fields {
        let mark = if field.is_contested() { "both changed it" } else { "one side changed it" };
        lines.push(format!("\n{} ({mark})", field.field));
        lines.push(format!("  before  {}", field.base));
        lines.push(format!("  theirs  {}", field.theirs));
        lines.push(format!("  mine    {}", field.mine));
    }
    lines.extend(conflict.files.iter().map(super::versions::file_line));
    lines.push("\nYour changes are kept. `--continue --merge mine` (or theirs) saves both together.".to_owned());
    lines.join("\n")
}
