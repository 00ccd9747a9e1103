//! `hs send`: what a device's machine runs. It needs no account and no profile: the device's file is all it has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use client::{
    ClientError, DeviceFile, DeviceMemory, SendFile, Sender, bulk::native::FileSource, content::ReportFields,
    native::Native,
};
use serde_json::json;

use crate::{
    args::SendReport,
    context::{Context, PATIENCE},
    error::{CliError, Result},
    output::Output,
    profile::write_private,
    progress,
};

/// Runs it.
pub async fn run(context: &Context, args: &SendReport) -> Result<()> {
    for file in &args.files {
        if !file.is_file() {
            return Err(CliError::Argument(format!("{} is not a file", file.display())));
        }
    }
    warn_of_readers(context.output, &args.device);
    let file = DeviceFile::parse(&zeroize::Zeroizing::new(fs::read_to_string(&args.device)?))?;
    let platform = Native::new(file.server()).map_err(ClientError::from)?.patient(PATIENCE);
    let sender = Sender::open(platform, &file, kept(&args.device)?).await?;
    let sent = send(context.output, &sender, args).await;
    // What was learnt of the server counts whatever became of the report.
    keep(&args.device, &sender.remembered())?;
    let id = sent.map_err(|error| stopped(&args.device, &sender, error))?;
    context.output.result(&json!({ "report_id": id, "files": args.files.len() }), |_| format!("Report {id} is sent."));
    Ok(())
}

async fn send(output: Output, sender: &Sender<Native>, args: &SendReport) -> client::Result<api_types::ReportId> {
    let mut sources = Vec::new();
    for path in &args.files {
        let size = fs::metadata(path).map_err(|_| ClientError::Source)?.len();
        let (bar, control) = progress::bar(output, &file_name(path), size);
        sources.push((file_name(path), FileSource::Path(path.clone()), control, bar));
    }
    let files: Vec<SendFile<'_, Native>> =
        sources.iter().map(|(name, source, control, _)| SendFile { name, source, control }).collect();
    let id = sender.send(args.patient.as_deref(), fields(args), &files).await?;
    sources.iter().for_each(|(.., bar)| bar.finish());
    Ok(id)
}

fn fields(args: &SendReport) -> ReportFields {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    ReportFields {
        report_number: text(&args.report_id),
        title: args.title.clone().unwrap_or_else(|| args.files.first().map(|f| file_name(f)).unwrap_or_default()),
        patient_name: text(&args.patient_name),
        patient_id: text(&args.patient_id),
        kind: text(&args.kind),
        diagnosis: text(&args.diagnosis),
        ..ReportFields::default()
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Beside the device's file.
fn beside(device: &Path, end: &str) -> PathBuf {
    let mut name = device.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn kept(device: &Path) -> Result<Option<DeviceMemory>> {
    let path = beside(device, ".seen.json");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let damaged =
                |_| CliError::Argument(format!("{} is damaged; restore it, or add the device anew", path.display()));
            serde_json::from_str(&text).map(Some).map_err(damaged)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn keep(device: &Path, memory: &DeviceMemory) -> Result<()> {
    let text = serde_json::to_string(memory).unwrap_or_default();
    Ok(write_private(&beside(device, ".seen.json"), text.as_bytes())?)
}

/// Where the server's log doesn't hold, the evidence is kept.
fn stopped(device: &Path, sender: &Sender<Native>, error: ClientError) -> CliError {
    let Some(stopped) = sender.stopped() else { return error.into() };
    let path = beside(device, ".log-evidence.json");
    match write_private(&path, stopped.evidence.to_json().as_bytes()) {
        Ok(()) => CliError::Stopped(stopped.refusal, path),
        Err(error) => error.into(),
    }
}

/// Whoever reads the file sends in the owner's name.
#[cfg(unix)]
fn warn_of_readers(output: Output, path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        let says = format!("others on this machine can read {}: chmod 600 it", path.display());
        output.warning("device_file_readable", &says);
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: Output, _: &Path) {}
