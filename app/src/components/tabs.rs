//! Tabs: views of one page, or links between sibling pages.

use leptos::{html, prelude::*};
use leptos_router::{components::A, hooks::use_location};
use wasm_bindgen::JsCast;

/// Tabs that switch `value`; the page shows the panel. Arrow keys move between them.
#[component]
pub fn Tabs(
    /// What they switch.
    #[prop(into)]
    label: String,
    /// The chosen key.
    value: RwSignal<&'static str>,
    /// Key and name of each.
    tabs: Vec<(&'static str, String)>,
) -> impl IntoView {
    let keys: Vec<&'static str> = tabs.iter().map(|(key, _)| *key).collect();
    let step = move |event: leptos::ev::KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => keys.len() - 1,
            _ => return,
        };
        let at = keys.iter().position(|key| *key == value.get_untracked()).unwrap_or(0);
        let next = keys[(at + by) % keys.len()];
        value.set(next);
        crate::browser::focus(&format!("tab-{next}"));
    };
    let tab = move |(key, name): (&'static str, String)| {
        let chosen = move || value.get() == key;
        view! {
            <button
                type="button"
                class="tab"
                role="tab"
                id=format!("tab-{key}")
                aria-selected=move || if chosen() { "true" } else { "false" }
                tabindex=move || if chosen() { "0" } else { "-1" }
                on:click=move |_| value.set(key)
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=step>{tabs.into_iter().map(tab).collect_view()}</div>
    }
}

/// Tabs that are links; the one that leads here is marked.
#[component]
pub fn LinkTabs(
    /// What they lead through.
    #[prop(into)]
    label: String,
    /// Address and name of each.
    tabs: Vec<(&'static str, String)>,
) -> impl IntoView {
    let tab = |(href, name): (&'static str, String)| view! { <A href=href exact=true attr:class="tab">{name}</A> };
    let node = NodeRef::<html::Nav>::new();
    let path = use_location().pathname;
    Effect::new(move |_| {
        path.track();
        if let Some(row) = node.get() {
            // The link is marked by then.
            request_animation_frame(move || show_open(&row));
        }
    });
    view! { <nav class="tabs" node_ref=node aria-label=label>{tabs.into_iter().map(tab).collect_view()}</nav> }
}

/// On a small screen the tabs are wider than their row: brings the one that is open into it.
fn show_open(row: &web_sys::HtmlElement) {
    let open = row.query_selector("[aria-current]").ok().flatten();
    if let Some(open) = open.and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok()) {
        let beside = (row.client_width() - open.offset_width()) / 2;
        row.set_scroll_left(open.offset_left() - row.offset_left() - beside);
    }
}
