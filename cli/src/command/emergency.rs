//! `hs emergency`: who may open this account in an emergency, after a delay that can be refused in.

use api_types::{AccountId, WayInId, emergency::EmergencyState};
use client::{EmergencyLink, Vault, Verification, native::Native};
use serde::Serialize;
use serde_json::json;

use super::{
    key::{KeyState, look_at},
    security::{confirmed, keep},
    share::recipient,
};
use crate::{
    args::Emergency,
    context::Context,
    error::Result,
    output::{table, time},
};

/// Runs it.
pub async fn run(context: &Context, command: &Emergency) -> Result<()> {
    match command {
        Emergency::List => list(context).await,
        Emergency::Trust { person, days } => trust(context, person, *days).await,
        Emergency::Refuse { id } => refuse(context, id).await,
        Emergency::Remove { id } => remove(context, id).await,
    }
}

/// An emergency contact, to one of the two.
#[derive(Serialize)]
pub(super) struct Line {
    id: WayInId,
    name: String,
    key_verified: bool,
    delay_days: u8,
    state: EmergencyState,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_again_at: Option<i64>,
}

impl From<EmergencyLink> for Line {
    fn from(link: EmergencyLink) -> Self {
        Self {
            id: link.way_in,
            key_verified: link.person.verification == Verification::Verified,
            name: link.person.name,
            delay_days: link.delay_days,
            state: link.state,
            asked_at: link.asked_at,
            opens_at: link.opens_at,
            given_at: link.given_at,
            ask_again_at: link.ask_again_at,
        }
    }
}

impl Line {
    fn says(&self) -> &'static str {
        match self.state {
            EmergencyState::Offered => "not answered",
            EmergencyState::Declined => "declined",
            EmergencyState::Accepted => "nothing asked",
            EmergencyState::Asked => "asked",
            EmergencyState::Open if self.given_at.is_some() => "open, words given",
            EmergencyState::Open => "open",
        }
    }
}

/// For people.
pub(super) fn lines(lines: &[Line]) -> String {
    let rows = lines.iter().map(|line| {
        let opens = line.opens_at.map(time).unwrap_or_default();
        let days = format!("{} days", line.delay_days);
        vec![line.id.to_string(), line.name.clone(), days, line.says().to_owned(), opens]
    });
    table(&["ID", "NAME", "DELAY", "STATE", "OPENS"], &rows.collect::<Vec<_>>())
}

async fn list(context: &Context) -> Result<()> {
    let links = context.with_vault(async |vault| Ok(vault.emergency_contacts().await?)).await?;
    let shown: Vec<Line> = links.into_iter().map(Line::from).collect();
    context.output.result(&shown, |shown| lines(shown));
    Ok(())
}

/// One of these, by its id or first characters.
pub(super) fn named(text: &str, links: &[EmergencyLink]) -> Result<WayInId> {
    text.parse().or_else(|_| super::unique("emergency contact", text, links.iter().map(|link| link.way_in)))
}

async fn own(vault: &Vault<Native>, text: &str) -> Result<WayInId> {
    named(text, &vault.emergency_contacts().await?)
}

#[derive(Serialize)]
struct Trusted {
    trusted: AccountId,
    name: String,
    delay_days: u8,
    #[serde(flatten)]
    key: KeyState,
}

async fn trust(context: &Context, text: &str, days: u8) -> Result<()> {
    let trusted = context
        .with_vault(async |vault| {
            let person = recipient(vault, text).await?;
            let key = look_at(context, &person);
            confirmed(context, vault, async || vault.add_emergency_contact(&person.id, days).await).await?;
            Ok(Trusted { trusted: person.id, name: person.name, delay_days: days, key })
        })
        .await?;
    context.output.result(&trusted, |trusted| {
        format!(
            "{} was asked to be your emergency contact. {days} day(s) after they ask they can open this account and \
             everything in it, unless you refuse.{}",
            trusted.name,
            trusted.key.says()
        )
    });
    Ok(())
}

async fn refuse(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = own(vault, text).await?;
            vault.refuse_emergency(&id).await?;
            Ok(id)
        })
        .await?;
    let says = "Refused. They may ask again later; remove them if they should not.";
    context.output.result(&json!({ "refused": id }), |_| says.to_owned());
    Ok(())
}

async fn remove(context: &Context, text: &str) -> Result<()> {
    let id = context
        .with_vault(async |vault| {
            let id = own(vault, text).await?;
            confirmed(context, vault, async || vault.remove_emergency_contact(&id).await).await?;
            keep(context, vault).await?;
            Ok(id)
        })
        .await?;
    let says = "Emergency contact removed. Their words open nothing any more; every other session has ended.";
    context.output.result(&json!({ "removed": id }), |_| says.to_owned());
    Ok(())
}
