//! `hs export`: all of one's data as one archive.

use std::path::{Path, PathBuf};

use client::{
    ClientError, Vault,
    archive::{ArchiveControl, ArchiveProgress, ArchiveScope, Archived, FileArchive},
    bulk::Cancel,
    native::Native,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{args::ExportAll, context::Context, error::Result, output::Output};

#[derive(Serialize)]
struct Exported {
    file: PathBuf,
    bytes: u64,
    reports: usize,
    files: usize,
    missing: Vec<Missing>,
}

#[derive(Serialize)]
struct Missing {
    what: String,
    why: String,
}

/// Runs it.
pub async fn run(context: &Context, args: &ExportAll) -> Result<()> {
    let scope = ArchiveScope { origin: context.server()?.trim_end_matches('/').to_owned(), shared: args.shared };
    let exported = context.with_vault(async |vault| archive(context, vault, &scope, &args.file).await).await?;
    context.output.result(&exported, text);
    Ok(())
}

async fn archive(context: &Context, vault: &Vault<Native>, scope: &ArchiveScope, file: &Path) -> Result<Exported> {
    let mut target = FileArchive::create(file).await?;
    let cancel = Cancel::default();
    let (bar, control) = bar(context.output, &cancel);
    let stop = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
    let done = vault.archive(scope, &mut target, &control).await;
    stop.abort();
    bar.finish_and_clear();
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            target.discard().await;
            if matches!(error, ClientError::Cancelled) {
                context.output.note("Stopped. There is no archive; nothing that was written is left.");
            }
            return Err(error.into());
        }
    };
    let Archived { reports, files, bytes, left_out } = done;
    let missing = left_out.into_iter().map(|left| Missing { what: left.what, why: left.why }).collect();
    Ok(Exported { file: target.finish().await?, bytes, reports, files, missing })
}

/// What is at hand, for people.
fn bar(output: Output, cancel: &Cancel) -> (ProgressBar, ArchiveControl) {
    if output.json {
        return (ProgressBar::hidden(), ArchiveControl::new(cancel.clone(), |_| ()));
    }
    let style = ProgressStyle::with_template("{pos} of {len} reports  {msg}");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let watched = bar.clone();
    let watch = move |now: &ArchiveProgress| {
        watched.set_length(now.reports as u64);
        watched.set_position(now.done as u64);
        let percent = (now.file_done * 100).checked_div(now.file_size).unwrap_or(100);
        // Titles and names are other people's.
        let shown = |text: &str| text.chars().filter(|c| !c.is_control()).take(40).collect::<String>();
        watched.set_message(match now.file.is_empty() {
            true => shown(&now.title),
            false => format!("{}: {} {percent} %", shown(&now.title), shown(&now.file)),
        });
    };
    (bar, ArchiveControl::new(cancel.clone(), watch))
}

fn text(exported: &Exported) -> String {
    let Exported { file, bytes, reports, files, missing } = exported;
    let mut out = format!("{} ({bytes} bytes): {reports} reports with {files} files.", file.display());
    out.push_str("\nIt is not encrypted: keep it where nobody else reads.");
    if !missing.is_empty() {
        out.push_str("\n\nThis is missing:");
        for Missing { what, why } in missing {
            out.push_str(&format!("\n{what}\n    {why}"));
        }
    }
    out
}
