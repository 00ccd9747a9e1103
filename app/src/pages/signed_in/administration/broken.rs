//! The audit doesn't hold together: what its administrator, whom everybody else is told to ask, is to do.

use leptos::prelude::*;

use crate::{
    components::{Banner, Tone},
    t,
};

/// What was found, and what to do; docs/operations.md has the same at length.
#[component]
pub(super) fn Broken(
    /// Where it breaks.
    why: String,
) -> impl IntoView {
    view! {
        <Banner tone=Tone::Danger>{t!(administration.audit_broken, why = why)}</Banner>
        <h3>{t!(administration.broken_title)}</h3>
        <ol class="to-do">
            <li>{t!(administration.broken_stop)}</li>
            <li>{t!(administration.broken_keep)}</li>
            <li>{t!(administration.broken_compare)}</li>
        </ol>
        <p class="field-hint">{t!(administration.broken_read)}</p>
    }
}
