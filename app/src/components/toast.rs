//! Short messages that pass by themselves; the ones with an action, and problems, stay longer.

use std::time::Duration;

use leptos::prelude::*;

use super::{Glyph, Icon, Tone};
use crate::t;

#[derive(Clone)]
struct Toast {
    id: u64,
    tone: Tone,
    text: String,
    action: Option<(String, Callback<()>)>,
}

/// Shows toasts; `Copy`, from [`use_toasts`].
#[derive(Clone, Copy)]
pub struct Toasts {
    items: RwSignal<Vec<Toast>>,
    last: StoredValue<u64>,
}

impl Toasts {
    /// Something was done.
    pub fn done(self, text: impl Into<String>) {
        self.push(Tone::Good, text.into(), None, Duration::from_secs(5));
    }

    /// Something was done and can be undone (or followed): the button's text and what it does.
    pub fn done_with(self, text: impl Into<String>, action: impl Into<String>, run: impl Into<Callback<()>>) {
        self.push(Tone::Good, text.into(), Some((action.into(), run.into())), Duration::from_secs(10));
    }

    /// Something that a person should know of and may want to follow.
    pub fn notice_with(self, text: impl Into<String>, action: impl Into<String>, run: impl Into<Callback<()>>) {
        self.push(Tone::Warn, text.into(), Some((action.into(), run.into())), Duration::from_secs(30));
    }

    /// Something didn't work.
    pub fn problem(self, text: impl Into<String>) {
        self.push(Tone::Danger, text.into(), None, Duration::from_secs(10));
    }

    fn push(self, tone: Tone, text: String, action: Option<(String, Callback<()>)>, life: Duration) {
        let id = self
            .last
            .try_update_value(|last| {
                *last += 1;
                *last
            })
            .unwrap_or_default();
        self.items.update(|items| {
            items.retain(|toast| toast.text != text);
            items.push(Toast { id, tone, text, action });
        });
        set_timeout(move || self.dismiss(id), life);
    }

    fn dismiss(self, id: u64) {
        self.items.try_update(|items| items.retain(|toast| toast.id != id));
    }
}

/// Makes [`use_toasts`] work below here.
pub fn provide_toasts() {
    provide_context(Toasts { items: RwSignal::new(Vec::new()), last: StoredValue::new(0) });
}

/// The page's toasts.
pub fn use_toasts() -> Toasts {
    expect_context()
}

/// Where toasts appear; once per page.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    let toast = move |toast: Toast| {
        let id = toast.id;
        let act = toast.action.map(|(text, run)| {
            let click = move |_| {
                run.run(());
                toasts.dismiss(id);
            };
            view! { <button type="button" on:click=click>{text}</button> }
        });
        view! {
            <div class=format!("toast toast-{}", toast.tone.suffix())>
                <Icon glyph=toast.tone.glyph()/>
                <span>{toast.text}</span>
                {act}
                <button type="button" aria-label=t!(common.dismiss) on:click=move |_| toasts.dismiss(id)>
                    <Icon glyph=Glyph::Close/>
                </button>
            </div>
        }
    };
    view! {
        <div class="toasts no-print" role="status" aria-live="polite">
            <For each=move || toasts.items.get() key=|toast| toast.id children=toast/>
        </div>
    }
}
