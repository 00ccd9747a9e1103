//! How far something is.

use leptos::prelude::*;

/// A bar with what it is about and how it goes on. `part` is 0 to 1; `None` where it isn't known.
#[component]
pub fn Progress(
    /// What is going on.
    #[prop(into)]
    label: Signal<String>,
    /// How far.
    #[prop(into)]
    part: Signal<Option<f64>>,
    /// Speed, time left.
    #[prop(optional, into)]
    detail: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="progress">
            <progress
                max="1"
                aria-label=move || label.get()
                prop:value=move || part.get().unwrap_or_default()
                value=move || part.get().map(|part| part.to_string())
            ></progress>
            <div class="progress-text">
                <span>{move || label.get()}</span>
                <span>{move || detail.get()}</span>
            </div>
        </div>
    }
}
