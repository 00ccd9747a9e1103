//! The mark: a report sheet, folded and sealed by its own pulse line.

use leptos::prelude::*;

use crate::t;

/// The mark alone.
#[component]
pub fn BrandMark() -> impl IntoView {
    view! {
        <svg class="brand-mark" width="30" height="30" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <path class="brand-sheet" d="M8 2h11l9 9v13a6 6 0 0 1-6 6H10a6 6 0 0 1-6-6V6a4 4 0 0 1 4-4Z"></path>
            <path class="brand-fold" d="M19 2l9 9h-6a3 3 0 0 1-3-3V2Z"></path>
            <path class="brand-line" d="M8.5 20h3.2l2.3-5.5 3.6 9 2.3-3.5h3.6"></path>
        </svg>
    }
}

/// The mark with the name, leading home.
#[component]
pub fn Brand(
    /// Where it leads.
    #[prop(default = "/")]
    href: &'static str,
) -> impl IntoView {
    view! {
        <a class="brand" href=href>
            <BrandMark/>
            {t!(common.product)}
        </a>
    }
}
