//! A word on how something stands.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// How it stands; never the only sign: the word says it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Look at it.
    Warn,
    /// Wrong or ended.
    Danger,
    /// For information.
    Info,
}

impl Tone {
    /// End of its class names.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Danger => "danger",
            Self::Info => "info",
        }
    }

    pub(super) fn glyph(self) -> Glyph {
        match self {
            Self::Good => Glyph::Check,
            Self::Warn | Self::Danger => Glyph::Alert,
            Self::Plain | Self::Info => Glyph::Info,
        }
    }
}

/// A status.
#[component]
pub fn Badge(
    /// How it stands.
    #[prop(optional)]
    tone: Tone,
    /// An icon before the word.
    #[prop(optional)]
    glyph: Option<Glyph>,
    /// The word.
    children: Children,
) -> impl IntoView {
    view! {
        <span class=format!("badge badge-{}", tone.suffix())>
            {glyph.map(|glyph| view! { <Icon glyph/> })}
            {children()}
        </span>
    }
}
