//! `hs access`: who has access, who opened it.

use std::collections::BTreeMap;

use api_types::{
    SessionId,
    audit::{Action, AuditEvent, Outcome},
};
use client::{
    AccessRow, AccessWho, ActorName, CheckedEvent, ExplainedEvent, Mark, Vault, Via,
    export::{self, Format},
    native::Native,
};
use serde::Serialize;

use crate::{
    args::{Access, Export},
    context::Context,
    error::Result,
    output::{table, time},
};

/// Newest events shown.
const EVENTS: usize = 200;

#[derive(Serialize)]
struct Shown {
    access: Vec<Line>,
    events: Vec<Event>,
    /// Whether the events' hash chain was checked down to the report's first.
    verified_to_the_first: bool,
    /// Events before this time were removed from the server for their age.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_before: Option<i64>,
}

#[derive(Serialize)]
struct Event {
    /// With the name by which this client knows its actor; without one for others.
    #[serde(flatten)]
    event: AuditEvent,
    /// What the server calls an actor whom this client doesn't know.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_name_unverified: Option<String>,
    /// Under which purposes it was done, by the report's signed access chain.
    purposes: Vec<String>,
    /// Whether the public log holds it.
    log: &'static str,
    /// Of a reading: whose word it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<&'static str>,
    /// What stood in a session's place: an API token, by its name where it is one's own; a device, with whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<String>,
}

impl Event {
    fn new(vault: &Vault<Native>, tokens: &BTreeMap<SessionId, String>, explained: ExplainedEvent) -> Self {
        let ExplainedEvent { checked: CheckedEvent { event, mark, reader }, who, purposes } = explained;
        let via = via(vault, tokens, &event);
        let (actor_name, actor_name_unverified) = match who {
            Some(ActorName::Known(name)) => (Some(name), None),
            Some(ActorName::ServerSays(name)) => (None, Some(name)),
            None => (None, None),
        };
        let event = AuditEvent { actor_name, ..event };
        let reading = reader.map(export::reader_word);
        Self { event, actor_name_unverified, purposes, log: word(mark), reading, via }
    }

    /// Its actor, for a table.
    fn who(&self) -> String {
        let known = self.event.actor_name.clone().map(ActorName::Known);
        let name = known.or_else(|| self.actor_name_unverified.clone().map(ActorName::ServerSays));
        let nameless = || self.event.actor.map_or("somebody not signed in".to_owned(), |id| id.to_string());
        let who = name.map_or_else(nameless, |name| name.to_string());
        self.via.as_ref().map_or(who.clone(), |via| format!("{who} ({via})"))
    }
}

/// A token's name is its owner's word: nobody else is given it.
fn via(vault: &Vault<Native>, tokens: &BTreeMap<SessionId, String>, event: &AuditEvent) -> Option<String> {
    match Via::of(event)? {
        Via::ApiToken => {
            let own = event.session.filter(|_| event.actor == Some(vault.account_id()));
            let name = own.and_then(|session| tokens.get(&session));
            Some(name.map_or_else(|| "API token".to_owned(), |name| format!("API token {name}")))
        }
        Via::Device => {
            let by = vault.sent_by(&event.actor?)?;
            Some(format!("device of {}", by.owner_name))
        }
    }
}

/// What the log says of an event.
fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Verified => "verified",
        Mark::Pending => "pending",
        Mark::Unlogged => "not in a log",
        Mark::Unchecked => "not checked",
    }
}

#[derive(Serialize)]
struct Line {
    grant_id: api_types::GrantId,
    who: String,
    right: api_types::grants::Right,
    status: String,
    expires_at: i64,
}

impl From<&AccessRow> for Line {
    fn from(row: &AccessRow) -> Self {
        let who = match &row.who {
            AccessWho::Person(person) => person.name.clone(),
            AccessWho::Account(id) => id.to_string(),
            AccessWho::Invitation(_) => "the patient, once they arrive".to_owned(),
            AccessWho::Team(team) if team.members.is_empty() => format!("team {} (dissolved)", team.name),
            AccessWho::Team(team) => format!("team {} ({} members)", team.name, team.members.len()),
        };
        let status = format!("{:?}", row.status).to_lowercase();
        Self { grant_id: row.grant, who, right: row.right, status, expires_at: row.expires_at }
    }
}

/// All events of a report, as a file for other programs.
async fn export(context: &Context, args: &Access, format: Export) -> Result<()> {
    let format = match format {
        Export::Csv => Format::Csv,
        Export::Json => Format::Json,
        Export::Fhir => Format::Fhir,
    };
    let origin = context.server()?;
    let file = context
        .with_vault(async |vault| {
            let report = super::report_id(vault, &args.report).await?;
            let access = vault.report(&report).await?.access;
            let events = vault.report_events(&report, usize::MAX).await?;
            let removed_before = events.removed_before;
            let events = vault.explain(&access.purposes(), events.items);
            let about = export::About { patient: Some(access.owner()), title: String::new() };
            let reports = BTreeMap::from([(report, about)]);
            let origin = origin.trim_end_matches('/');
            let context = export::Context { origin, reports: &reports, removed_before };
            Ok(export::export(&events, format, context))
        })
        .await?;
    print!("{file}");
    Ok(())
}

/// Runs it.
pub async fn run(context: &Context, args: &Access) -> Result<()> {
    if let Some(format) = args.export {
        return export(context, args, format).await;
    }
    let shown = context
        .with_vault(async |vault| {
            let report = super::report_id(vault, &args.report).await?;
            let access = vault.access(&report).await?.iter().map(Line::from).collect();
            let purposes = vault.purposes(&report).await?;
            let events = vault.report_events(&report, EVENTS).await?;
            let (verified_to_the_first, removed_before) = (events.complete, events.removed_before);
            let tokens = vault.token_names().await?;
            let explained = vault.explain(&purposes, events.items).into_iter();
            let items = explained.map(|event| Event::new(vault, &tokens, event)).collect();
            Ok(Shown { access, events: items, verified_to_the_first, removed_before })
        })
        .await?;
    context.output.result(&shown, text);
    Ok(())
}

fn text(shown: &Shown) -> String {
    let rows = shown.access.iter().map(|line| {
        let until = if line.expires_at == 0 { "no end".to_owned() } else { time(line.expires_at) };
        vec![super::short(&line.grant_id), line.who.clone(), format!("{:?}", line.right), line.status.clone(), until]
    });
    let mut out = table(&["GRANT", "WHO", "RIGHT", "STATUS", "UNTIL"], &rows.collect::<Vec<_>>());
    let rows = shown.events.iter().map(|line| {
        let event = &line.event;
        vec![
            event.report_seq.map(|number| number.to_string()).unwrap_or_default(),
            time(event.time),
            line.who(),
            what(event),
            line.purposes.join(", "),
            event.subject.clone(),
            line.log.to_owned(),
            line.reading.unwrap_or_default().to_owned(),
        ]
    });
    out.push_str("\n\n");
    out.push_str(&table(
        &["NO", "WHEN", "WHO", "WHAT", "PURPOSE", "", "PUBLIC LOG", "READER"],
        &rows.collect::<Vec<_>>(),
    ));
    let chain = if shown.verified_to_the_first { "down to the report's first event" } else { "for the events shown" };
    out.push_str(&format!("\n\nHash chain verified {chain}."));
    if let Some(before) = shown.removed_before {
        out.push_str(&format!(
            "\nEvents before {} were removed under this server's policy, which lets none go that is younger than six years.",
            time(before)
        ));
    }
    out
}

fn what(event: &AuditEvent) -> String {
    let action = match event.action {
        Action::Open => "opened".to_owned(),
        Action::Read => "read its metadata".to_owned(),
        Action::List => "received title and fields with a list".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    };
    match event.outcome {
        Outcome::Success => action,
        Outcome::Denied => format!("{action} (denied)"),
    }
}
