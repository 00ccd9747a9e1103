//! Versions that don't open: which, and why. Who has access, what happened and the versions that open stay on the page.

use leptos::prelude::*;

use super::handle::Handle;
use crate::{
    components::{Banner, Tone},
    t,
};

/// Says it, while there are any.
#[component]
pub(super) fn Unopened(handle: Handle) -> impl IntoView {
    let content = move || {
        handle.view(|view| {
            let rest = match &view.version {
                Some(shown) => t!(report.unopened_shown, version = shown.info.version),
                None => t!(report.unopened_none).to_owned(),
            };
            let line = |(version, why): &(u32, String)| {
                view! { <p><strong>{t!(report.version, version = version)}</strong>" · "{why.clone()}</p> }
            };
            let lines: Vec<_> = view.refused.iter().map(line).collect();
            (!lines.is_empty()).then(|| {
                view! {
                    <Banner tone=Tone::Danger title=t!(report.unopened)>
                        {lines}
                        <p>{rest}</p>
                    </Banner>
                }
            })
        })
    };
    view! { {content} }
}
