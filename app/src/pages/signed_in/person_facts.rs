//! Somebody in a list: who they are, and what is proven about them.

use client::{NewKeys, Person, Verification};
use leptos::prelude::*;

use crate::{
    browser::format_date,
    components::{Avatar, Badge, Glyph, Tone, role_name},
    t,
};

/// Since when somebody has other keys than their first ones. A signature of the ones before is all that new keys need: whoever
/// knows of a theft, or of none, must be able to tell.
fn said(new: NewKeys) -> String {
    let when = format_date(new.since);
    match new.times {
        1 => t!(contacts.new_keys, when = when),
        times => t!(contacts.new_keys_again, times = times, when = when),
    }
}

/// Name, role, whether the organisation confirmed them, whether their key was compared and is still the one.
#[component]
pub fn PersonFacts(
    person: Person,
    /// They are the reader, who compares no key with themselves.
    #[prop(optional)]
    own: bool,
) -> impl IntoView {
    let approval = match person.approved {
        true => Some(view! { <Badge tone=Tone::Good glyph=Glyph::Check>{t!(share.approved)}</Badge> }.into_any()),
        false if person.role == api_types::accounts::Role::Doctor => {
            Some(view! { <Badge tone=Tone::Warn>{t!(share.not_approved)}</Badge> }.into_any())
        }
        false => None,
    };
    let key = match person.verification {
        _ if own => view! { <Badge tone=Tone::Plain>{t!(report.you_subject)}</Badge> },
        Verification::Verified => {
            view! { <Badge tone=Tone::Good glyph=Glyph::Shield>{t!(report.key_verified)}</Badge> }
        }
        _ => view! { <Badge tone=Tone::Warn>{t!(report.key_unverified)}</Badge> },
    };
    let new = person.new_keys().filter(|_| !own);
    let since_compared = new
        .is_some_and(|new| new.since_compared)
        .then(|| view! { <Badge tone=Tone::Warn>{t!(contacts.since_compared)}</Badge> });
    let address = (person.email_verified == Some(false))
        .then(|| view! { <Badge tone=Tone::Warn>{t!(share.address_unverified)}</Badge> });
    view! {
        <Avatar name=person.name.clone()/>
        <span class="row-main">
            <span class="row-title">{person.name}</span>
            <span class="row-text">{role_name(person.role)}</span>
            {new.map(|new| view! { <span class="row-text">{said(new)}</span> })}
            <span class="row-badges">{approval}{key}{since_compared}{address}</span>
        </span>
    }
}
