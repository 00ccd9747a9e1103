//! The files: shown in place where that is safe, downloaded otherwise.

use client::content::{FileEntry, FileType};
use leptos::prelude::*;

use super::{handle::Handle, viewer::Viewer};
use crate::{
    browser::format_size,
    components::{Button, ButtonKind, Card, Glyph, Icon},
    t,
};

/// Pictures and PDF above this are only downloaded.
const SHOWN_MAX: u64 = 200_000_000;

/// What a file's viewer does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing.
    Rest,
    /// Show it in place.
    Show,
    /// Save it. Counts clicks, so that the same file can be saved again.
    Save(u32),
}

/// The files of the version that is shown.
#[component]
pub(super) fn Files(handle: Handle) -> impl IntoView {
    // A refresh that brings the same files must not close what is being looked at, nor stop what is being fetched: not
    // even one that brings new keys.
    let files = Memo::new(move |_| {
        handle.version(|_, shown| (shown.info.version, shown.content.files.clone())).unwrap_or_default()
    });
    let revision = move || handle.version(|_, shown| shown.info.revision);
    let list = move || {
        let (version, files) = files.get();
        if files.is_empty() {
            return view! { <p class="card-note">{t!(report.no_files)}</p> }.into_any();
        }
        let row = move |file: FileEntry| view! { <li class="file" data-row=""><FileRow handle file/></li> };
        view! {
            <ul class="files" role="list" aria-label=t!(report.files) data-version=version data-revision=revision>
                {files.into_iter().map(row).collect_view()}
            </ul>
        }
        .into_any()
    };
    view! { <Card title=t!(report.files).to_owned() flush=true>{list}</Card> }
}

fn glyph_of(file_type: FileType) -> Glyph {
    match file_type {
        FileType::Png | FileType::Jpeg | FileType::Webp | FileType::Gif => Glyph::Image,
        FileType::Pdf | FileType::Text => Glyph::Report,
        FileType::OctetStream => Glyph::File,
    }
}

#[component]
fn FileRow(handle: Handle, file: FileEntry) -> impl IntoView {
    let wish = RwSignal::new(Wish::Rest);
    let shown = move || wish.get() == Wish::Show;
    let too_large = file.file_type.shown_in_place() && file.size > SHOWN_MAX;
    let may_show = file.file_type.shown_in_place() && !too_large;
    let (glyph, name, size) = (glyph_of(file.file_type), file.name.clone(), file.size);
    let name = StoredValue::new(name);
    let save = move |()| wish.update(|wish| *wish = Wish::Save(if let Wish::Save(n) = wish { *n + 1 } else { 0 }));
    let toggle = move |()| wish.set(if wish.get_untracked() == Wish::Show { Wish::Rest } else { Wish::Show });
    let show_word = move || if shown() { t!(report.hide_word) } else { t!(report.show_word) };
    view! {
        <div class="file-head">
            <span class="tile"><Icon glyph/></span>
            <div class="row-main">
                <span class="row-title">{name.get_value()}</span>
                <span class="row-text">{format_size(size)}</span>
                {too_large.then(|| view! {
                    <span class="row-text no-print">{t!(report.too_large_to_show, size = format_size(SHOWN_MAX))}</span>
                })}
            </div>
            <div class="row-end no-print">
                {may_show.then(|| view! {
                    <Button kind=ButtonKind::Secondary class="btn-small" glyph=Glyph::Eye on_click=toggle>
                        {show_word}<span class="sr-only">" "{name.get_value()}</span>
                    </Button>
                })}
                <Button kind=ButtonKind::Secondary class="btn-small" glyph=Glyph::Download on_click=save>
                    {t!(report.download_word)}<span class="sr-only">" "{name.get_value()}</span>
                </Button>
            </div>
        </div>
        <Viewer handle file wish/>
    }
}
