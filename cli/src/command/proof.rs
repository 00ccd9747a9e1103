//! `hs audit proof` and `hs audit check-proof`: one event of the public log, proved to somebody else.

use std::{fs, path::PathBuf};

use client::{
    Witnesses,
    log::{EVENTS, EventProof, ProvenEvent, VerifierKey},
};
use crypto::audit::Outcome;
use serde::Serialize;

use super::audit::{Cosigned, asked};
use crate::{
    args::{AuditCheckProof, AuditProof},
    context::Context,
    error::{CliError, Result},
    output::time,
    profile::write_private,
};

#[derive(Serialize)]
struct Written {
    file: String,
    /// Place of the event in the log, from 0.
    index: u64,
    /// The log's key, as this profile knows it.
    key: String,
}

/// Writes the proof of one event of a report.
pub async fn write(context: &Context, args: &AuditProof) -> Result<()> {
    let (index, key, proof) = context
        .with_vault(async |vault| {
            let report = super::report_id(vault, &args.report).await?;
            let events = vault.report_events(&report, usize::MAX).await?;
            let number = Some(args.event);
            let found = events.items.iter().find(|item| item.event.report_seq == number);
            let event = &found.ok_or_else(|| unknown(args.event))?.event;
            let proof = vault.prove_event(event).await?;
            let key = vault.remembered().logs.remove(EVENTS.name).map(|kept| kept.key).unwrap_or_default();
            Ok((event.seq, key, proof))
        })
        .await?;
    let file = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("event-{index}.tlog-proof")));
    write_private(&file, proof.to_string().as_bytes())?;
    let written = Written { file: file.display().to_string(), index, key };
    context.output.result(&written, |written| {
        format!(
            "The proof is in {}. Whoever has it can read the event. It is checked with\n\
             hs audit check-proof {} --key '{}'\n\
             Who checks it takes the key from a source that they trust.",
            written.file, written.file, written.key
        )
    });
    Ok(())
}

fn unknown(number: u64) -> CliError {
    CliError::Argument(format!("the report has no event {number} here: `hs access` shows which it has"))
}

/// An event that a log holds.
#[derive(Serialize)]
struct Proven {
    log: String,
    key: String,
    index: u64,
    size: u64,
    root: String,
    cosigned: Vec<Cosigned>,
    event: Event,
}

/// What it says.
#[derive(Serialize)]
struct Event {
    time: i64,
    actor: Option<String>,
    session: Option<String>,
    action: String,
    outcome: &'static str,
    report_id: Option<String>,
    report_seq: Option<u64>,
    subject: String,
}

impl Proven {
    fn new(proven: ProvenEvent, key: &VerifierKey) -> Self {
        let ProvenEvent { event, index, origin, size, root, cosigned } = proven;
        let outcome = match event.outcome {
            Outcome::Allowed => "success",
            Outcome::Denied => "denied",
            Outcome::Failed => "failed",
        };
        let event = Event {
            time: event.time,
            actor: event.actor.map(|id| id.to_string()),
            session: event.session.map(|id| id.to_string()),
            action: event.kind,
            outcome,
            report_id: event.report.map(|link| link.report.to_string()),
            report_seq: event.report.map(|link| link.seq),
            subject: event.detail,
        };
        Self { log: origin, key: key.to_string(), index, size, root, cosigned: Cosigned::all(cosigned), event }
    }
}

/// Checks a proof file, without a server.
pub fn check(context: &Context, args: &AuditCheckProof) -> Result<()> {
    let (key, witnesses) = trusted(context, args)?;
    let quorum = witnesses.quorum().map_err(|error| CliError::Argument(error.to_string()))?;
    let proof = EventProof::parse(&fs::read(&args.file)?)?;
    let proven = Proven::new(proof.check(&key, &quorum)?, &key);
    context.output.result(&proven, text);
    Ok(())
}

/// Whose word counts: theirs who are named on the command line, or who this profile's server is held to.
fn trusted(context: &Context, args: &AuditCheckProof) -> Result<(VerifierKey, Witnesses)> {
    let named = asked(&args.witnesses, args.require)?;
    if let Some(key) = &args.key {
        return Ok((parsed(key)?, named));
    }
    let memory = context.memory()?;
    let kept = memory.logs.get(EVENTS.name);
    let kept = kept.ok_or_else(|| CliError::Argument("no key of a log is known here: pass --key".to_owned()))?;
    let witnesses = if args.witnesses.is_empty() { memory.witnesses.clone() } else { named };
    Ok((parsed(&kept.key)?, witnesses))
}

fn parsed(key: &str) -> Result<VerifierKey> {
    key.parse::<VerifierKey>().map_err(|error| CliError::Argument(format!("--key: {error}")))
}

fn text(proven: &Proven) -> String {
    let event = &proven.event;
    let who = event.actor.clone().unwrap_or_else(|| "nobody who was signed in".to_owned());
    let mut lines = vec![
        "The log holds this event.".to_owned(),
        format!("When      {}", time(event.time)),
        format!("Who       {who}"),
        format!("What      {}, {}", event.action, event.outcome),
    ];
    if let (Some(report), Some(number)) = (&event.report_id, event.report_seq) {
        lines.push(format!("Report    {report}, its event {number}"));
    }
    if !event.subject.is_empty() {
        lines.push(format!("Detail    {}", event.subject));
    }
    lines.extend([
        format!("Log       {}", proven.log),
        format!("Place     {}, of {} entries", proven.index, proven.size),
        format!("Root      {}", proven.root),
        format!("Key       {}", proven.key),
    ]);
    lines.extend(Cosigned::lines(&proven.cosigned));
    lines.join("\n")
}
