//! `hs disclosures`: who received what of one's own reports, when and why (45 CFR 164.528).

use client::{
    ActorName, Mark, Vault,
    log::LogHead,
    native::Native,
    oversight::{Accounting, Disclosure, DisclosureKind, Overseen, Period, Subject, account_for},
};
use serde::Serialize;
use time::{Date, OffsetDateTime};

use crate::{
    args::Disclosures,
    context::Context,
    error::{CliError, Result},
    output::{table, time},
};

#[derive(Serialize)]
struct Shown {
    /// The first and the last day, UTC, both included.
    from: String,
    to: String,
    disclosures: Vec<Line>,
    reports: usize,
    /// Of those, how many were erased since: what they were called is gone, so they stand in it by their id.
    erased: usize,
    events: usize,
    /// Of those events, how many are in the public log.
    verified: usize,
    /// Reports whose events could not be followed down to the first.
    incomplete: Vec<String>,
    log: Option<Head>,
}

#[derive(Serialize)]
struct Line {
    what: &'static str,
    person_id: String,
    /// As this client knows them.
    person: Option<String>,
    /// What the server calls one whom this client doesn't know.
    #[serde(skip_serializing_if = "Option::is_none")]
    person_unverified: Option<String>,
    report_id: String,
    title: String,
    kind: String,
    versions: Vec<u32>,
    purposes: Vec<String>,
    first: i64,
    last: i64,
    times: usize,
    verified: bool,
}

#[derive(Serialize)]
struct Head {
    origin: String,
    size: u64,
    root: String,
}

impl From<Disclosure> for Line {
    fn from(line: Disclosure) -> Self {
        let what = match line.what {
            DisclosureKind::Opened => "opened",
            DisclosureKind::Listed => "title and fields, with a list",
            DisclosureKind::AccessGiven => "access given",
        };
        Self {
            what,
            person_id: line.recipient.to_string(),
            person: line.name,
            person_unverified: line.server_says,
            report_id: line.report.to_string(),
            title: line.title,
            kind: line.kind,
            versions: line.versions,
            purposes: line.purposes,
            first: line.first,
            last: line.last,
            times: line.count,
            verified: line.mark == Mark::Verified,
        }
    }
}

/// The days asked for; all that may be, where none are.
fn period(args: &Disclosures, today: Date) -> Result<Period> {
    let whole = Period::whole(today);
    let or = |given: &Option<String>, whole: Date| given.clone().unwrap_or_else(|| whole.to_string());
    let period = Period::parse(&or(&args.from, whole.from), &or(&args.to, whole.to), today);
    period.map_err(|error| CliError::Argument(error.to_string()))
}

/// Midnight before a day, UTC, in Unix milliseconds.
fn begins(day: Date) -> i64 {
    day.midnight().assume_utc().unix_timestamp().saturating_mul(1000)
}

/// One's own reports with their titles and kinds, those that were erased behind the others.
async fn own_reports(vault: &Vault<Native>) -> Result<Vec<(Overseen, String, String)>> {
    let mut found: Vec<(Overseen, String, String)> = Vec::new();
    for row in super::all_reports(vault).await? {
        if let Some(overseen) = vault.oversee(&row.id, usize::MAX).await? {
            found.push((overseen, row.fields.title, row.fields.kind));
        }
    }
    let there: Vec<_> = found.iter().map(|(overseen, ..)| overseen.report).collect();
    for id in vault.erased_reports(&there).await? {
        if let Some(overseen) = vault.oversee_erased(&id, usize::MAX).await? {
            found.push((overseen, format!("Erased report {id}"), String::new()));
        }
    }
    Ok(found)
}

/// Runs it.
pub async fn run(context: &Context, args: &Disclosures) -> Result<()> {
    let today = OffsetDateTime::now_utc().date();
    let period = period(args, today)?;
    let shown = context
        .with_vault(async |vault| {
            let found = own_reports(vault).await?;
            let log = vault.log_head().await?.map(|LogHead { origin, size, root, .. }| Head { origin, size, root });
            let subjects: Vec<Subject<'_>> =
                found.iter().map(|(overseen, title, kind)| Subject { overseen, title, kind }).collect();
            let until = period.to.next_day().map_or(i64::MAX, begins);
            let account = account_for(&subjects, begins(period.from), until, !args.each);
            Ok(shown(period, account, log))
        })
        .await?;
    context.output.result(&shown, text);
    Ok(())
}

fn shown(period: Period, account: Accounting, log: Option<Head>) -> Shown {
    Shown {
        from: period.from.to_string(),
        to: period.to.to_string(),
        disclosures: account.lines.into_iter().map(Line::from).collect(),
        reports: account.reports,
        erased: account.erased,
        events: account.events,
        verified: account.verified,
        incomplete: account.incomplete.iter().map(ToString::to_string).collect(),
        log,
    }
}

fn text(shown: &Shown) -> String {
    let mut out = format!("Disclosures from {} to {} (UTC), both included\n\n", shown.from, shown.to);
    let rows = shown.disclosures.iter().map(|line| {
        let when =
            if line.times == 1 { time(line.first) } else { format!("{} – {}", time(line.first), time(line.last)) };
        let server_says = || line.person_unverified.clone().map(|name| ActorName::ServerSays(name).to_string());
        let who = line.person.clone().or_else(server_says).unwrap_or_else(|| line.person_id.clone());
        let verified = if line.verified { "yes" } else { "no" };
        let what = format!("{} ({})", line.title, line.what);
        vec![when, line.times.to_string(), who, what, line.purposes.join(", "), verified.to_owned()]
    });
    let rows: Vec<_> = rows.collect();
    out.push_str(&match rows.is_empty() {
        true => "Nothing was disclosed to anybody else.".to_owned(),
        false => table(&["WHEN", "TIMES", "RECEIVED BY", "WHAT", "PURPOSE", "VERIFIED"], &rows),
    });
    let (verified, events, reports) = (shown.verified, shown.events, shown.reports);
    out.push_str(&format!("\n\n{verified} of {events} events of {reports} reports were found in the public log."));
    if let Some(Head { origin, size, root }) = &shown.log {
        out.push_str(&format!("\nLog {origin}, {size} entries, root {root}"));
    }
    if !shown.incomplete.is_empty() {
        let count = shown.incomplete.len();
        out.push_str(&format!(
            "\nThe events of {count} reports don't reach down to their first: older ones may be missing."
        ));
    }
    if shown.erased > 0 {
        let count = shown.erased;
        out.push_str(&format!("\n{count} of these reports were erased: their titles and kinds are gone with them."));
    }
    out.push_str("\nPaper copies, and what was passed on after opening a report, are not known.");
    out
}
