//! Fetches a file, and shows it in place or saves it.
//!
//! What a file is, its first bytes say and nothing else. A picture or PDF becomes a blob of just that type; text becomes a
//! text node; everything else is saved as an octet stream. So no HTML or SVG ever becomes a document, whatever its name.

use client::{
    ClientError,
    bulk::{Cancel, Control, Progress},
    content::{FileEntry, FileType},
};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, Url};

use super::{files::Wish, handle::Handle};
use crate::{
    browser::format_size,
    components::{Banner, Button, ButtonKind, Progress as Bar, Tone},
    t,
    vault::{explain, idle, reports, use_vault},
};

/// Text beyond this is cut in place.
const TEXT_MAX: f64 = 1_000_000.0;

/// What stands below the file's line.
#[derive(Clone)]
enum Content {
    Nothing,
    Picture(String),
    Pdf(String),
    Text { text: String, cut: bool },
    NotHere,
    Failed(String),
}

/// An object URL; given back to the browser, with the blob behind it, when the viewer goes.
#[derive(Clone, Copy)]
struct Address(StoredValue<Option<String>>);

impl Address {
    fn new() -> Self {
        let address = Self(StoredValue::new(None));
        on_cleanup(move || address.clear());
        address
    }

    fn set(self, blob: &Blob) -> Option<String> {
        self.clear();
        let url = Url::create_object_url_with_blob(blob).ok()?;
        self.0.set_value(Some(url.clone()));
        Some(url)
    }

    fn clear(self) {
        if let Some(url) = self.0.try_update_value(Option::take).flatten() {
            let _ = Url::revoke_object_url(&url);
        }
    }
}

/// Does what the row wishes.
#[component]
pub(super) fn Viewer(handle: Handle, file: FileEntry, wish: RwSignal<Wish>) -> impl IntoView {
    let vault = use_vault();
    let content = RwSignal::new(Content::Nothing);
    let progress = RwSignal::new(None::<Progress>);
    let lost = RwSignal::new(false);
    let address = Address::new();
    let running = StoredValue::new(None::<Cancel>);
    let stop = move || {
        if let Some(cancel) = running.try_update_value(Option::take).flatten() {
            cancel.cancel();
        }
        progress.try_set(None);
    };
    on_cleanup(stop);
    let name = StoredValue::new(file.name.clone());
    let file = StoredValue::new(file);
    Effect::new(move |_| {
        let wish = wish.get();
        stop();
        let failed = content.with_untracked(|content| matches!(content, Content::Failed(_)));
        if failed || !matches!(wish, Wish::Save(_)) {
            content.set(Content::Nothing);
            address.clear();
        }
        let (Some(open), Some(view)) = (vault.keys(), handle.view_untracked()) else { return };
        if wish == Wish::Rest {
            return;
        }
        let cancel = Cancel::default();
        running.set_value(Some(cancel.clone()));
        progress.set(Some(Progress { done: 0, total: 0 }));
        lost.set(false);
        let tell = move |now| {
            idle::stay_awake();
            progress.try_set(Some(now));
        };
        let control = Control::new(cancel.clone(), tell).telling_lost(move |now| {
            lost.try_set(now);
        });
        spawn_local(async move {
            let Some(file) = file.try_get_value() else { return };
            let outcome = match wish {
                Wish::Save(_) => reports::save(&open, &view, &file, &control).await.map(|()| None),
                _ => reports::fetch(&open, &view, file.part, &control).await.map(Some),
            };
            if cancel.is_cancelled() {
                return;
            }
            progress.try_set(None);
            match outcome {
                Ok(Some(blob)) => drop(content.try_set(show(&blob, address).await)),
                // Saved; or the reader chose no place for it.
                Ok(None) | Err(ClientError::Cancelled) => {}
                Err(error) if reports::is_end(&error) => handle.end(),
                Err(error) => drop(content.try_set(Content::Failed(explain(&error)))),
            }
        });
    });
    let bar = move || {
        progress.get().map(|_| {
            let part =
                Signal::derive(move || progress.get().filter(|p| p.total > 0).map(|p| p.done as f64 / p.total as f64));
            let detail = Signal::derive(move || match progress.get() {
                Some(now) if now.total > 0 => {
                    t!(draft.progress, done = format_size(now.done), total = format_size(now.total))
                }
                _ => String::new(),
            });
            let cancel = move |()| {
                stop();
                wish.set(Wish::Rest);
            };
            view! {
                <div class="file-progress">
                    {move || lost.get().then(|| view! { <p class="field-hint" role="status">{t!(report.file_lost)}</p> })}
                    <Bar label=t!(report.opening_file, name = name.get_value()) part detail/>
                    <Button kind=ButtonKind::Quiet class="btn-small" on_click=cancel>{t!(common.cancel)}</Button>
                </div>
            }
        })
    };
    // One bar for the whole fetch: it must not be made anew with each step.
    let fetching = Memo::new(move |_| progress.with(Option::is_some));
    view! {
        {move || fetching.get().then(|| untrack(bar))}
        {move || view! { <Shown content=content.get() name=name.get_value()/> }}
    }
}

/// Decides by magic bytes.
async fn show(blob: &Blob, address: Address) -> Content {
    match reports::sniff(blob).await {
        FileType::OctetStream => Content::NotHere,
        FileType::Text => match reports::text(blob, TEXT_MAX).await {
            Some(text) => Content::Text { text, cut: blob.size() > TEXT_MAX },
            None => Content::NotHere,
        },
        FileType::Pdf => match reports::typed(blob, FileType::Pdf).and_then(|blob| address.set(&blob)) {
            Some(url) => Content::Pdf(url),
            None => Content::NotHere,
        },
        picture => match reports::typed(blob, picture).and_then(|blob| address.set(&blob)) {
            Some(url) => Content::Picture(url),
            None => Content::NotHere,
        },
    }
}

#[component]
fn Shown(content: Content, name: String) -> impl IntoView {
    let broken = RwSignal::new(false);
    match content {
        Content::Nothing => ().into_any(),
        Content::Picture(url) => view! {
            <div class="viewer">
                {move || match broken.get() {
                    false => view! {
                        <img class="viewer-picture" src=url.clone() alt=name.clone() on:error=move |_| broken.set(true)/>
                    }
                    .into_any(),
                    true => view! { <p>{t!(report.picture_failed)}</p> }.into_any(),
                }}
            </div>
        }
        .into_any(),
        Content::Pdf(url) => view! {
            <div class="viewer no-print">
                <iframe class="viewer-pdf" src=url title=t!(report.pdf_frame, name = name)></iframe>
            </div>
        }
        .into_any(),
        Content::Text { text, cut } => view! {
            <div class="viewer">
                {cut.then(|| view! { <p class="field-hint">{t!(report.text_cut, size = format_size(TEXT_MAX as u64))}</p> })}
                <pre class="viewer-text" tabindex="0" aria-label=name>{text}</pre>
            </div>
        }
        .into_any(),
        Content::NotHere => view! { <div class="viewer"><p>{t!(report.not_in_place)}</p></div> }.into_any(),
        Content::Failed(why) => view! { <div class="viewer"><Banner tone=Tone::Danger>{why}</Banner></div> }.into_any(),
    }
}
