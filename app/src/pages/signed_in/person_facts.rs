//! Somebody in a list: who they are, and what is proven about them.

use client::{Person, Verification};
use leptos::prelude::*;

use crate::{
    components::{Avatar, Badge, Glyph, Tone, role_name},
    t,
};

/// Name, role, whether the organisation confirmed them, whether their key was compared.
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
    let address = (person.email_verified == Some(false))
        .then(|| view! { <Badge tone=Tone::Warn>{t!(share.address_unverified)}</Badge> });
    view! {
        <Avatar name=person.name.clone()/>
        <span class="row-main">
            <span class="row-title">{person.name}</span>
            <span class="row-text">{role_name(person.role)}</span>
            <span class="row-badges">{approval}{key}{address}</span>
        </span>
    }
}
