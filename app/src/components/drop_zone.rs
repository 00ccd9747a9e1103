//! Where files are dropped or chosen.

use leptos::{html, prelude::*};

use super::{Glyph, Icon};
use crate::t;

/// A place to drop files; a click or Enter opens the browser's own chooser. Hands over the files, reads nothing.
#[component]
pub fn DropZone(
    /// Unique in the page.
    id: &'static str,
    /// What may be dropped.
    #[prop(into)]
    hint: String,
    /// Gets every file, in order.
    #[prop(into)]
    on_files: Callback<Vec<web_sys::File>>,
) -> impl IntoView {
    let over = RwSignal::new(false);
    let node = NodeRef::<html::Input>::new();
    let give = move |list: Option<web_sys::FileList>| {
        let files: Vec<_> =
            list.map(|list| (0..list.length()).filter_map(|i| list.get(i)).collect()).unwrap_or_default();
        if !files.is_empty() {
            on_files.run(files);
        }
    };
    let dropped = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(false);
        give(event.data_transfer().and_then(|data| data.files()));
    };
    let chosen = move |_| {
        if let Some(input) = node.get() {
            give(input.files());
            // So that the same file can be chosen again.
            input.set_value("");
        }
    };
    view! {
        <label
            class="drop"
            for=id
            data-over=move || if over.get() { "true" } else { "false" }
            on:dragover=move |event| { event.prevent_default(); over.set(true); }
            on:dragleave=move |_| over.set(false)
            on:drop=dropped
        >
            <Icon glyph=Glyph::Upload/>
            <span><strong>{t!(common.drop_title)}</strong>" "{t!(common.drop_or)}</span>
            <span class="field-hint">{hint}</span>
            <input id=id node_ref=node class="sr-only" type="file" multiple on:change=chosen/>
        </label>
    }
}
