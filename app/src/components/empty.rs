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
    /// It is the page's only content: its line is the page's heading.
    #[prop(optional)]
    page: bool,
    /// The rest: a sentence, buttons.
    children: Children,
) -> impl IntoView {
    let heading = if page { view! { <h1>{title}</h1> }.into_any() } else { view! { <h2>{title}</h2> }.into_any() };
    view! {
        <div class="empty">
            <span class="empty-mark"><Icon glyph/></span>
            {heading}
            {children()}
        </div>
    }
}
