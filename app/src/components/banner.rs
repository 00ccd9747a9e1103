//! A message that stays in the page.

use leptos::prelude::*;

use super::{Icon, Tone};

/// A message: what happened, what to do. Danger and warnings are announced.
#[component]
pub fn Banner(
    /// How it stands.
    #[prop(default = Tone::Info)]
    tone: Tone,
    /// One line.
    #[prop(optional, into)]
    title: Option<String>,
    /// The rest; buttons go into a `<div class="banner-actions">`.
    children: Children,
) -> impl IntoView {
    let role = matches!(tone, Tone::Danger | Tone::Warn).then_some("alert");
    view! {
        <div class=format!("banner banner-{}", tone.suffix()) role=role>
            <Icon glyph=tone.glyph()/>
            <div class="banner-body">
                {title.map(|title| view! { <p class="banner-title">{title}</p> })}
                {children()}
            </div>
        </div>
    }
}
