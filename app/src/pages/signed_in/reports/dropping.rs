//! A file dropped anywhere on the page starts a draft.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::DragEvent;

use crate::{
    components::{Glyph, Icon},
    t,
    vault::drafts::use_drafts,
};

/// An event's name and what handles it.
type Handler = (&'static str, Closure<dyn FnMut(DragEvent)>);

/// Listens to the window until its component goes.
struct Watch {
    handlers: Vec<Handler>,
}

impl Watch {
    fn on(&mut self, event: &'static str, heard: impl FnMut(DragEvent) + 'static) {
        let handler = Closure::<dyn FnMut(DragEvent)>::new(heard);
        let _ = window().add_event_listener_with_callback(event, handler.as_ref().unchecked_ref());
        self.handlers.push((event, handler));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for (event, handler) in &self.handlers {
            let _ = window().remove_event_listener_with_callback(event, handler.as_ref().unchecked_ref());
        }
    }
}

/// Whether files are being dragged, not text or a link.
fn has_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0))
}

/// Hands files over when they are dropped anywhere; `over` says that they hang above the page.
pub fn on_drop_anywhere(over: RwSignal<bool>, dropped: impl Fn(Vec<web_sys::File>) + 'static) {
    let mut watch = Watch { handlers: Vec::new() };
    watch.on("dragover", move |event| {
        if has_files(&event) {
            event.prevent_default();
            if !over.get_untracked() {
                over.set(true);
            }
        }
    });
    watch.on("dragleave", move |event| {
        // Only when the pointer leaves the window.
        if event.related_target().is_none() {
            over.set(false);
        }
    });
    watch.on("drop", move |event| {
        over.set(false);
        // A drop zone that took it has said so.
        if !has_files(&event) || event.default_prevented() {
            return;
        }
        event.prevent_default();
        let list = event.data_transfer().and_then(|data| data.files());
        let files: Vec<_> =
            list.map(|list| (0..list.length()).filter_map(|i| list.get(i)).collect()).unwrap_or_default();
        if !files.is_empty() {
            dropped(files);
        }
    });
    let watch = StoredValue::new_local(watch);
    on_cleanup(move || watch.dispose());
}

/// Says where the files go, and goes there.
#[component]
pub(super) fn DropAnywhere() -> impl IntoView {
    let over = RwSignal::new(false);
    let drafts = use_drafts();
    let navigate = use_navigate();
    on_drop_anywhere(over, move |files| {
        drafts.drop_files(files);
        navigate("/reports/new", NavigateOptions::default());
    });
    move || {
        over.get().then(|| {
            view! {
                <div class="drop-veil" aria-hidden="true">
                    <div class="drop-veil-box">
                        <Icon glyph=Glyph::Upload/>
                        <strong>{t!(reports.drop_title)}</strong>
                        <span>{t!(reports.drop_text)}</span>
                    </div>
                </div>
            }
        })
    }
}
