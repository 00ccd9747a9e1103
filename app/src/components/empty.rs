//! Nothing here yet, or nothing any more.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// Says why there is nothing and what to do about it.
#[component]
pub fn Empty(
    /// A picture.
    glyph: Glyph,
    /// One line.
    #[prop(into)]
    title: String,
    /// The rest: a sentence, buttons.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-mark"><Icon glyph/></span>
            <h2>{title}</h2>
            {children()}
        </div>
    }
}
