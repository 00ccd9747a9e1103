//! `hs canary`: an account with one report that holds nothing of anybody. By it a server's restore drills try whether what was
//! restored opens: with the canary's own key, by the program that people open their reports with.

use std::{fs, path::Path};

use api_types::{ReportId, accounts::Role};
use client::{
    Client, NoSecondFactor, PatientChoice, SignUp, Vault,
    bulk::{
        Control,
        native::{FileSink, FileSource, OpenedFile},
    },
    content::ReportFields,
    native::Native,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::{Zeroize, Zeroizing};

use super::account::link_from;
use crate::{
    args::{Canary, CanaryMake},
    context::{Context, device},
    error::{CliError, Result},
    profile::write_private,
};

/// Words of the password, and of what the report says: 132 random bits.
const WORDS: usize = 12;
/// Lines of the report's file.
const LINES: usize = 2000;

/// What opens the canary, and what it must hold.
#[derive(Serialize, Deserialize)]
struct CanaryFile {
    email: String,
    password: String,
    /// Servers read this, and no more.
    report: ReportId,
    /// What the report says.
    code: String,
}

impl Drop for CanaryFile {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

/// Runs it.
pub async fn run(context: &Context, command: &Canary) -> Result<()> {
    match command {
        Canary::Make(args) => make(context, args).await,
        Canary::Open { file } => open(context, file).await,
    }
}

async fn make(context: &Context, args: &CanaryMake) -> Result<()> {
    if args.file.exists() {
        return Err(CliError::Argument("that file exists already; nothing was made".to_owned()));
    }
    let link = args.link_fd.map(link_from).transpose()?;
    let client = context.outside(None)?;
    // Nobody is to recover it: a new canary is made instead.
    let kit = client.new_kit();
    let (password, code) = (words(&client), words(&client));
    let vault = client
        .sign_up(SignUp {
            name: "Canary",
            email: &args.email,
            password: &password,
            role: Role::Patient,
            kit: &kit,
            token: link.as_ref().map(|link| link.token.as_str()),
            device: device(),
        })
        .await?;
    let report = write(&vault, &code).await?;
    let file = CanaryFile { email: args.email.clone(), password: password.to_string(), report, code: code.to_string() };
    let text = Zeroizing::new(serde_json::to_string(&file).unwrap_or_default());
    write_private(&args.file, text.as_bytes())?;
    vault.sign_out().await?;
    context.output.result(&json!({ "report_id": report }), |_| {
        format!("The canary is report {report}. {} opens it: for the server that tries restores.", args.file.display())
    });
    Ok(())
}

/// Random words.
fn words(client: &Client<Native>) -> Zeroizing<String> {
    let words = client.new_kit().words();
    Zeroizing::new(words.into_iter().take(WORDS).collect::<Vec<_>>().join(" "))
}

async fn write(vault: &Vault<Native>, code: &str) -> Result<ReportId> {
    let fields = ReportFields {
        report_number: code.to_owned(),
        title: "Canary".to_owned(),
        patient_name: "Nobody".to_owned(),
        ..ReportFields::default()
    };
    let draft = vault.begin_draft(PatientChoice::Account(vault.account_id()), fields).await?;
    draft.add_file("canary.txt", &FileSource::Bytes(content(code).into()), &Control::none()).await?;
    Ok(draft.complete().await?.id)
}

/// What the report's file holds.
fn content(code: &str) -> Vec<u8> {
    (0..LINES).map(|line| format!("{line} {code}\n")).collect::<String>().into_bytes()
}

async fn open(context: &Context, path: &Path) -> Result<()> {
    let text = Zeroizing::new(fs::read(path)?);
    // What serde says of it could hold a part of it.
    let form = |_| CliError::Argument(format!("{} is no file of `hs canary make`", path.display()));
    let file: CanaryFile = serde_json::from_slice(&text).map_err(form)?;
    let client = context.outside(None)?;
    let vault = client.sign_in(&file.email, &file.password, device(), &NoSecondFactor).await?;
    let opened = compare(&vault, &file).await;
    let ended = vault.sign_out().await;
    opened?;
    ended?;
    context
        .output
        .result(&json!({ "report_id": file.report }), |_| "The canary opens, and holds what was put in.".to_owned());
    Ok(())
}

/// Opens all of it, verified as everywhere, and compares it with what was put in.
async fn compare(vault: &Vault<Native>, file: &CanaryFile) -> Result<()> {
    vault.check_log().await?;
    let report = vault.report(&file.report).await?;
    let number = report.newest().map(|newest| newest.version).unwrap_or(1);
    let version = vault.version(&report, number).await?;
    let part = version.content.files.first().map(|listed| listed.part).ok_or(CliError::Canary)?;
    let opened = vault.download(&version, part, FileSink::Bytes(Vec::new()), &Control::none()).await?;
    let same = version.content.fields.report_number == file.code;
    match opened {
        OpenedFile::Bytes(bytes) if same && bytes == content(&file.code) => Ok(()),
        _ => Err(CliError::Canary),
    }
}
