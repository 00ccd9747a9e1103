//! The words of one line of "who has access": read from the signed chain, the same on every page.

use api_types::{AccountId, grants::Right};
use client::{AccessRow, AccessStatus, AccessWho, ActorName};
use leptos::prelude::*;

use crate::{
    components::{Badge, Glyph, Icon, Tone},
    t,
};

/// What somebody is called.
pub fn name_of(who: &AccessWho) -> String {
    match who {
        AccessWho::Person(person) => person.name.clone(),
        AccessWho::Account(id) => id.to_string().chars().take(8).collect(),
        AccessWho::Invitation(_) => t!(report.patient_to_come).to_owned(),
        AccessWho::Team(team) => t!(teams.access_name, name = team.name),
    }
}

/// What whoever did something is called; a name that is the server's word alone says so.
pub fn actor_text(who: &ActorName) -> String {
    match who {
        ActorName::Known(name) => name.clone(),
        ActorName::ServerSays(name) => t!(report.name_by_server, name = name),
    }
}

/// Whoever is in a team now, by its signed rosters; nothing for others.
pub fn members_of(who: &AccessWho) -> Option<String> {
    let AccessWho::Team(team) = who else { return None };
    if team.members.is_empty() {
        return Some(t!(teams.access_dissolved).to_owned());
    }
    let name = |(id, name, _): &(AccountId, Option<String>, bool)| {
        name.clone().unwrap_or_else(|| id.to_string().chars().take(8).collect())
    };
    let names = team.members.iter().map(name).collect::<Vec<_>>().join(", ");
    Some(t!(teams.access_members, names = names))
}

/// What a right allows.
pub fn right_word(right: Right) -> &'static str {
    match right {
        Right::View => t!(report.right_view),
        Right::Contribute => t!(report.right_contribute),
        Right::Reshare => t!(report.right_reshare),
        Right::Own => t!(report.right_own),
    }
}

/// Where a grant stands.
pub fn state_badge(row: &AccessRow) -> impl IntoView + use<> {
    let invited = matches!(row.who, AccessWho::Invitation(_));
    let (tone, word) = match row.status {
        AccessStatus::Pending if invited => (Tone::Info, t!(report.state_invited)),
        AccessStatus::Pending => (Tone::Info, t!(report.state_pending)),
        AccessStatus::Live => (Tone::Good, t!(report.state_live)),
        AccessStatus::Expired => (Tone::Plain, t!(report.state_expired)),
        AccessStatus::Locked => (Tone::Danger, t!(report.state_locked)),
        AccessStatus::Revoked => (Tone::Plain, t!(report.state_revoked)),
    };
    view! { <Badge tone>{word}</Badge> }
}

/// What makes somebody a report's own, where that and no aim is the purpose of a grant.
fn standing(purpose: &str) -> Option<&'static str> {
    match purpose {
        "own" | "patient" => Some(t!(access.as_owner)),
        "author" => Some(t!(access.as_author)),
        "custody" => Some(t!(access.as_keeper)),
        _ => None,
    }
}

/// A known purpose in words; another program's as it is.
pub fn purpose_word(purpose: &str) -> String {
    let known = match purpose {
        "treatment" => Some(t!(share.purpose_treatment)),
        "second-opinion" => Some(t!(share.purpose_second_opinion)),
        "referral" => Some(t!(share.purpose_referral)),
        "billing" => Some(t!(share.purpose_billing)),
        other => standing(other),
    };
    known.unwrap_or(purpose).to_owned()
}

/// "For: Treatment, Billing", "As its author"; nothing for none.
pub fn purpose_phrase<'p>(purposes: impl IntoIterator<Item = &'p String>) -> Option<String> {
    let (standings, aims): (Vec<&String>, Vec<&String>) =
        purposes.into_iter().partition(|purpose| standing(purpose).is_some());
    let words = |of: Vec<&String>| of.into_iter().map(|purpose| purpose_word(purpose)).collect::<Vec<_>>().join(", ");
    let aims = Some(words(aims)).filter(|aims| !aims.is_empty()).map(|aims| t!(report.purpose, purpose = aims));
    let said: Vec<String> = aims.into_iter().chain(Some(words(standings)).filter(|said| !said.is_empty())).collect();
    (!said.is_empty()).then(|| said.join(" · "))
}

/// A line that follows from a signed chain that was checked here. An icon is enough to see.
#[component]
pub fn SignedMark() -> impl IntoView {
    view! {
        <span class="badge badge-good" title=format!("{}. {}", t!(log.verified), t!(access.signed_why))>
            <Icon glyph=Glyph::Shield/>
            <span class="sr-only">{t!(log.verified)}</span>
        </span>
    }
}
