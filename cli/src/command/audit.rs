//! `hs audit`: a server's public log, checked from outside; evidence about one.

use std::{fs, path::PathBuf};

use client::{
    Client, Evidence, Platform, Witnesses,
    log::{EVENTS, KEYS, LogCheck, LogFound, Tree, VerifierKey, WholeLog},
    native::Native,
};
use serde::Serialize;

use crate::{
    args::{Audit, AuditEvidence, AuditVerify, AuditWitnesses},
    command::proof,
    context::Context,
    error::{CliError, Result},
    output::time,
    profile::write_private,
    seen::SeenLogs,
};

/// Runs it.
pub async fn run(context: &Context, args: &Audit) -> Result<()> {
    match args {
        Audit::Verify(args) => verify(context, args).await,
        Audit::Evidence(args) => evidence(context, args),
        Audit::Proof(args) => proof::write(context, args).await,
        Audit::CheckProof(args) => proof::check(context, args),
        Audit::Witnesses(args) => witnesses(context, args),
    }
}

/// Both trees.
#[derive(Serialize)]
struct Both {
    events: Verified,
    keys: Verified,
    /// The file that the next run goes on from.
    kept: String,
}

#[derive(Serialize)]
struct Verified {
    origin: String,
    key: String,
    size: u64,
    root: String,
    tiles: u64,
    /// Leaves of the newest checkpoint that this machine had seen before.
    continues: Option<u64>,
    cosigned: Vec<Cosigned>,
}

/// A witness, and when it cosigned.
#[derive(Serialize)]
pub(super) struct Cosigned {
    witness: String,
    /// Unix seconds, as the witness states.
    time: u64,
}

impl Cosigned {
    /// Known witnesses, with their times.
    pub(super) fn all(cosigned: Vec<(String, u64)>) -> Vec<Self> {
        cosigned.into_iter().map(|(witness, time)| Self { witness, time }).collect()
    }

    /// A line for each.
    pub(super) fn lines(all: &[Self]) -> Vec<String> {
        if all.is_empty() {
            return vec!["Witness   none asked for".to_owned()];
        }
        let line = |one: &Self| {
            let at = i64::try_from(one.time).unwrap_or(i64::MAX).saturating_mul(1000);
            format!("Witness   {}, {}", one.witness, time(at))
        };
        all.iter().map(line).collect()
    }
}

impl From<WholeLog> for Verified {
    fn from(log: WholeLog) -> Self {
        let WholeLog { origin, key, size, root, tiles, continues, cosigned, .. } = log;
        Self { origin, key, size, root, tiles, continues, cosigned: Cosigned::all(cosigned) }
    }
}

async fn verify(context: &Context, args: &AuditVerify) -> Result<()> {
    let client = context.outside(args.url.as_deref())?;
    let server = client.platform().transport().origin().to_owned();
    let witnesses = asked(&args.witnesses, args.require)?;
    let (events, keys) = (given("--key", args.key.as_ref())?, given("--keys-key", args.keys_key.as_ref())?);
    let seen = SeenLogs::load(&server)?;
    let check = |tree: Tree, key| {
        let (witnesses, kept) = (witnesses.clone(), seen.tree(tree.name).cloned());
        LogCheck { tree, key, witnesses, kept }
    };
    let (events, _) = verify_tree(context, &client, &check(EVENTS, events), args).await?;
    let (keys, kept) = verify_tree(context, &client, &check(KEYS, keys), args).await?;
    let both = Both { events, keys, kept: kept.display().to_string() };
    context.output.result(&both, text);
    Ok(())
}

/// A key from the command line.
fn given(option: &str, key: Option<&String>) -> Result<Option<String>> {
    if let Some(key) = key {
        key.parse::<VerifierKey>().map_err(|error| CliError::Argument(format!("{option}: {error}")))?;
    }
    Ok(key.cloned())
}

/// Reads one tree and keeps what was verified of it; says where.
async fn verify_tree(
    context: &Context,
    client: &Client<Native>,
    check: &LogCheck,
    args: &AuditVerify,
) -> Result<(Verified, PathBuf)> {
    let said = std::sync::atomic::AtomicU64::new(0);
    let name = check.tree.name;
    let progress = |done: u64, all: u64| {
        let tenth = done * 10 / all.max(1);
        if said.swap(tenth, std::sync::atomic::Ordering::Relaxed) != tenth && all > 10_000 {
            context.output.note(&format!("{done} of {all} {name}"));
        }
    };
    match client.verify_log(check, progress).await? {
        LogFound::Whole(log) => {
            let kept = SeenLogs::keep(client.platform().transport().origin(), name, log.kept.clone())?;
            Ok((Verified::from(log), kept))
        }
        LogFound::Stopped(stopped) => {
            write_private(&args.evidence, stopped.evidence.to_json().as_bytes())?;
            context.output.note(&format!("The log of {name} does not hold."));
            Err(CliError::Stopped(stopped.refusal, args.evidence.clone()))
        }
    }
}

fn text(both: &Both) -> String {
    let (events, keys) = (tree_text("events", &both.events), tree_text("keys", &both.keys));
    format!("{events}\n\n{keys}\n\nKept in {}: the next run holds the server to it.", both.kept)
}

fn tree_text(name: &str, log: &Verified) -> String {
    let mut lines = vec![
        format!("The log of {name} is whole: {} entries.", log.size),
        format!("Log       {}", log.origin),
        format!("Root      {}", log.root),
        format!("Key       {}", log.key),
        format!("Tiles     {}, each made anew from the leaves", log.tiles),
    ];
    lines.push(match log.continues {
        Some(size) => format!("Before    it goes on from the {size} entries that this machine had seen"),
        None => "Before    this machine had not seen it".to_owned(),
    });
    lines.extend(Cosigned::lines(&log.cosigned));
    lines.join("\n")
}

/// All of the witnesses named, unless fewer are required.
pub(super) fn asked(keys: &[String], require: Option<usize>) -> Result<Witnesses> {
    let witnesses = Witnesses { required: require.unwrap_or(keys.len()), keys: keys.to_vec() };
    witnesses.quorum().map_err(|error| CliError::Argument(error.to_string()))?;
    Ok(witnesses)
}

#[derive(Serialize)]
struct Shown {
    code: String,
    says: String,
    log: String,
    /// What of it is somebody's word, where the file says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<String>,
}

fn evidence(context: &Context, args: &AuditEvidence) -> Result<()> {
    let evidence = Evidence::parse(&fs::read_to_string(&args.file)?)?;
    evidence.check()?;
    let stated = evidence.record.as_ref().is_some_and(|record| !record.proved);
    let word = evidence.record.map(|record| record.word);
    let shown = Shown { code: evidence.code, says: evidence.says, log: evidence.key, word };
    context.output.result(&shown, |shown| {
        let found = if stated { "The file holds a statement" } else { "The evidence shows what it says" };
        let mut lines = vec![format!("{found}: {} ({})", shown.says, shown.code)];
        lines.push(format!("Key of the log: {}", shown.log));
        lines.extend(shown.word.clone());
        lines.join("\n")
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
