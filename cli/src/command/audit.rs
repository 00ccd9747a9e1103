//! `hs audit`: a server's public log, checked from outside.

use std::fs;

use client::{
    Evidence, Witnesses,
    log::{LogCheck, LogFound, VerifierKey, WholeLog},
};
use serde::Serialize;

use crate::{
    args::{Audit, AuditEvidence, AuditVerify, AuditWitnesses},
    context::Context,
    error::{CliError, Result},
    output::time,
    profile::write_private,
};

/// Runs it.
pub async fn run(context: &Context, args: &Audit) -> Result<()> {
    match args {
        Audit::Verify(args) => verify(context, args).await,
        Audit::Evidence(args) => evidence(context, args),
        Audit::Witnesses(args) => witnesses(context, args),
    }
}

#[derive(Serialize)]
struct Verified {
    origin: String,
    key: String,
    size: u64,
    root: String,
    tiles: u64,
    /// Leaves of the checkpoint that this machine had seen before.
    continues: Option<u64>,
    cosigned: Vec<Cosigned>,
}

#[derive(Serialize)]
struct Cosigned {
    witness: String,
    /// Unix seconds, as the witness states.
    time: u64,
}

impl From<WholeLog> for Verified {
    fn from(log: WholeLog) -> Self {
        let cosigned = log.cosigned.into_iter().map(|(witness, time)| Cosigned { witness, time }).collect();
        let WholeLog { origin, key, size, root, tiles, continues, .. } = log;
        Self { origin, key, size, root, tiles, continues, cosigned }
    }
}

async fn verify(context: &Context, args: &AuditVerify) -> Result<()> {
    let client = context.outside(args.url.as_deref())?;
    let witnesses = asked(&args.witnesses, args.require)?;
    let check = LogCheck { key: args.key.clone(), witnesses, ..LogCheck::default() };
    if let Some(key) = &check.key {
        key.parse::<VerifierKey>().map_err(|error| CliError::Argument(format!("--key: {error}")))?;
    }
    let said = std::sync::atomic::AtomicU64::new(0);
    let progress = |done: u64, all: u64| {
        let tenth = done * 10 / all.max(1);
        if said.swap(tenth, std::sync::atomic::Ordering::Relaxed) != tenth && all > 10_000 {
            context.output.note(&format!("{done} of {all} events"));
        }
    };
    match client.verify_log(&check, progress).await? {
        LogFound::Whole(log) => {
            context.output.result(&Verified::from(log), text);
            Ok(())
        }
        LogFound::Stopped(stopped) => {
            write_private(&args.evidence, stopped.evidence.to_json().as_bytes())?;
            Err(CliError::Stopped(stopped.refusal, args.evidence.clone()))
        }
    }
}

fn text(log: &Verified) -> String {
    let mut lines = vec![
        format!("The log is whole: {} events.", log.size),
        format!("Log       {}", log.origin),
        format!("Root      {}", log.root),
        format!("Key       {}", log.key),
        format!("Tiles     {}, each made anew from the leaves", log.tiles),
    ];
    lines.push(match log.continues {
        Some(size) => format!("Before    it goes on from the {size} events that this machine had seen"),
        None => "Before    this machine had not seen it".to_owned(),
    });
    lines.extend(log.cosigned.iter().map(|witness| {
        let at = i64::try_from(witness.time).unwrap_or(i64::MAX).saturating_mul(1000);
        format!("Witness   {}, {}", witness.witness, time(at))
    }));
    if log.cosigned.is_empty() {
        lines.push("Witness   none asked for".to_owned());
    }
    lines.join("\n")
}

/// All of the witnesses named, unless fewer are required.
fn asked(keys: &[String], require: Option<usize>) -> Result<Witnesses> {
    let witnesses = Witnesses { required: require.unwrap_or(keys.len()), keys: keys.to_vec() };
    witnesses.quorum().map_err(|error| CliError::Argument(error.to_string()))?;
    Ok(witnesses)
}

#[derive(Serialize)]
struct Shown {
    code: String,
    says: String,
    log: String,
}

fn evidence(context: &Context, args: &AuditEvidence) -> Result<()> {
    let evidence = Evidence::parse(&fs::read_to_string(&args.file)?)?;
    evidence.check()?;
    let shown = Shown { code: evidence.code, says: evidence.says, log: evidence.key };
    context.output.result(&shown, |shown| {
        format!("The evidence shows what it says: {} ({})\nKey of the log: {}", shown.says, shown.code, shown.log)
    });
    Ok(())
}

fn witnesses(context: &Context, args: &AuditWitnesses) -> Result<()> {
    let new = match args.none {
        true => Some(Witnesses::default()),
        false if args.witnesses.is_empty() => None,
        false => Some(asked(&args.witnesses, args.require)?),
    };
    let memory = context.change_memory(|memory| memory.witnesses = new.unwrap_or(memory.witnesses.clone()))?;
    context.output.result(&memory.witnesses, |witnesses| {
        let mut lines = vec![format!("{} of {} witnesses are required.", witnesses.required, witnesses.keys.len())];
        lines.extend(witnesses.keys.iter().cloned());
        lines.join("\n")
    });
    Ok(())
}
