//! Events as a file: made in this browser, offered by it, and nowhere else.

use client::export::Format;
use leptos::prelude::*;

use crate::{browser, components::Toasts, t};

/// What a format is called.
fn format_name(format: Format) -> &'static str {
    match format {
        Format::Csv => t!(access.csv),
        Format::Json => t!(access.json),
        Format::Fhir => t!(access.fhir),
    }
}

/// A button for each format.
#[component]
pub fn SaveAs(
    /// Makes the file of a format.
    #[prop(into)]
    on_save: Callback<Format>,
    /// Is at it.
    #[prop(optional, into)]
    busy: Signal<bool>,
) -> impl IntoView {
    let button = move |format: Format| {
        let name = format_name(format);
        view! {
            <button
                type="button"
                class="btn btn-secondary btn-small"
                aria-label=t!(access.save_as_format, format = name)
                disabled=busy
                on:click=move |_| on_save.run(format)
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="save-as no-print" role="group" aria-label=t!(access.save_as)>
            <span class="field-hint" aria-hidden="true">{t!(access.save_as)}</span>
            {Format::ALL.map(button).collect_view()}
        </div>
    }
}

/// Offers a file, and says what it holds.
pub fn save(toasts: Toasts, stem: &str, format: Format, text: &str) {
    match browser::save_bytes(&format.file_name(stem), text.as_bytes()) {
        Ok(()) => toasts.done(t!(access.saved)),
        Err(_) => toasts.problem(t!(access.not_saved)),
    }
}
