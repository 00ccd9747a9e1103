//! Where a file goes that is saved: small ones through the browser's memory, large ones to a file while they come. That is the file
//! which the reader chooses, in browsers that let them (File System Access); else one that the browser keeps for this page alone
//! (its origin private file system), from where it is saved once all of it is right.
//!
//! A large file that goes into an archive (archive.rs) waits in such a file as well until all of it verified.
//!
//! What the browser keeps is plaintext, so it goes when it was saved, when anything fails, when the vault locks, and, where a
//! page ended without a word, when the next page is loaded in this browser (public/boot.js).

use std::{cell::RefCell, time::Duration};

use client::{ClientError, Result};
use futures::channel::oneshot;
use js_sys::{Array, Function, IteratorNext, Promise, Reflect};
use leptos::prelude::{set_timeout, window};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemRemoveOptions, StorageEstimate,
};

use super::sink::Sink;

/// Files from this size on are written to a file while they come.
const STREAMED_MIN: u64 = 64_000_000;
/// How the folders of pages begin, in the browser's private files. public/boot.js knows them by it.
const FOLDER: &str = "downloads-";
/// How many bytes of a finished file a browser surely copies to its place in a second.
const COPIED: u64 = 8_000_000;
/// How often it is tried to remove what the browser keeps, 50 milliseconds apart: a download that rests between two tries of its
/// own takes half a second to give up.
const TRIES: u32 = 20;

/// Where a file is saved.
pub(super) enum Target {
    /// The browser's store of blobs.
    Blobs,
    /// The reader's file.
    Chosen(FileSystemFileHandle),
    /// A file that the browser keeps for this page.
    Kept(Kept),
}

/// A file in this page's folder.
pub(super) struct Kept {
    folder: FileSystemDirectoryHandle,
    name: String,
    handle: FileSystemFileHandle,
}

/// This page's folder among the browser's private files.
struct Home {
    root: FileSystemDirectoryHandle,
    folder: FileSystemDirectoryHandle,
    name: String,
}

thread_local! {
    static HOME: RefCell<Option<Home>> = const { RefCell::new(None) };
}

impl Target {
    /// For a file of this name and size. Called while the browser still knows of the reader's click.
    ///
    /// # Errors
    /// [`ClientError::Cancelled`] where the reader chose no place; [`ClientError::SinkFull`].
    pub(super) async fn of(name: &str, size: u64) -> Result<Self> {
        if size < STREAMED_MIN {
            return Ok(Self::Blobs);
        }
        if let Some(chosen) = choose(name).await? {
            return Ok(Self::Chosen(chosen));
        }
        Self::kept(size).await
    }

    /// For a file of this size that isn't saved itself: it waits here until it goes on into another one.
    ///
    /// # Errors
    /// [`ClientError::SinkFull`].
    pub(super) async fn waiting(size: u64) -> Result<Self> {
        if size < STREAMED_MIN { Ok(Self::Blobs) } else { Self::kept(size).await }
    }

    /// In this page's folder, where the browser has such.
    async fn kept(size: u64) -> Result<Self> {
        let Some(folder) = home().await else { return Ok(Self::Blobs) };
        if room().await.is_some_and(|room| room < size as f64) {
            return Err(ClientError::SinkFull);
        }
        Ok(keep(folder).await.map_or(Self::Blobs, Self::Kept))
    }

    /// From its beginning.
    pub(super) async fn sink(&self) -> Result<Sink> {
        match self {
            Self::Blobs => Ok(Sink::default()),
            Self::Chosen(handle) | Self::Kept(Kept { handle, .. }) => Sink::to_file(handle).await,
        }
    }

    /// Nothing of it stays.
    pub(super) async fn forget(&self) {
        match self {
            Self::Blobs => {}
            // The browser made or emptied it when it was chosen. What holds something is the reader's own.
            Self::Chosen(handle) => {
                if is_empty(handle).await {
                    drop(call(handle, "remove", &Array::new()).await);
                }
            }
            Self::Kept(kept) => kept.remove().await,
        }
    }

    /// Whether the reader has it as soon as it is finished.
    pub(super) fn is_chosen(&self) -> bool {
        matches!(self, Self::Chosen(_))
    }

    /// What the browser keeps goes once it has surely copied it to where it is saved.
    pub(super) fn forget_later(self, size: u64) {
        let wait = Duration::from_secs(60 + size / COPIED);
        set_timeout(move || spawn_local(async move { self.forget().await }), wait);
    }
}

impl Kept {
    async fn remove(&self) {
        // It may have gone with its folder.
        let _ = JsFuture::from(self.folder.remove_entry(&self.name)).await;
    }
}

async fn is_empty(handle: &FileSystemFileHandle) -> bool {
    JsFuture::from(handle.get_file()).await.is_ok_and(|file| file.unchecked_into::<Blob>().size() < 1.0)
}

/// Calls a method that not every browser has.
async fn call(on: &JsValue, method: &str, args: &Array) -> std::result::Result<JsValue, JsValue> {
    let method: Function = Reflect::get(on, &method.into())?.dyn_into()?;
    let answer: Promise = Reflect::apply(&method, on, args)?.dyn_into()?;
    JsFuture::from(answer).await
}

fn has(on: &JsValue, method: &str) -> bool {
    Reflect::get(on, &method.into()).is_ok_and(|method| method.is_function())
}

/// Asks the reader for a place; none where the browser doesn't ask.
async fn choose(name: &str) -> Result<Option<FileSystemFileHandle>> {
    const ASK: &str = "showSaveFilePicker";
    let window: JsValue = window().into();
    if !has(&window, ASK) {
        return Ok(None);
    }
    let options = js_sys::Object::new();
    // Setting a field of a fresh plain object can't fail.
    let _ = Reflect::set(&options, &"suggestedName".into(), &name.into());
    match call(&window, ASK, &Array::of1(&options)).await {
        Ok(handle) => Ok(Some(handle.unchecked_into())),
        Err(refused) if Reflect::get(&refused, &"name".into()).is_ok_and(|name| name == "AbortError") => {
            Err(ClientError::Cancelled)
        }
        // A name that the system doesn't take, a click that is forgotten.
        Err(_) => Ok(None),
    }
}

/// How many bytes the browser still takes.
async fn room() -> Option<f64> {
    let estimate = window().navigator().storage().estimate().ok()?;
    let estimate: StorageEstimate = JsFuture::from(estimate).await.ok()?.unchecked_into();
    Some(estimate.get_quota()? - estimate.get_usage()?)
}

async fn keep(folder: FileSystemDirectoryHandle) -> Option<Kept> {
    let name = random();
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let handle = JsFuture::from(folder.get_file_handle_with_options(&name, &options)).await.ok()?;
    let kept = Kept { folder, name, handle: handle.unchecked_into() };
    if has(&kept.handle, "createWritable") {
        return Some(kept);
    }
    kept.remove().await;
    None
}

/// A name that nobody else has; nobody needs to be unable to guess it.
fn random() -> String {
    format!("{:x}", (js_sys::Math::random() * 1e15) as u64)
}

async fn root() -> Option<FileSystemDirectoryHandle> {
    let storage = Reflect::get(&window().navigator(), &"storage".into()).ok()?;
    if !has(&storage, "getDirectory") {
        return None;
    }
    Some(call(&storage, "getDirectory", &Array::new()).await.ok()?.unchecked_into())
}

fn locks() -> Option<JsValue> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    has(&locks, "request").then_some(locks)
}

/// This page's folder, made when it is first needed. As long as the page is there it holds a lock of the folder's name, by
/// which other pages know that it isn't left over; so it has the lock before there is a folder.
async fn home() -> Option<FileSystemDirectoryHandle> {
    if let Some(folder) = HOME.with_borrow(|home| home.as_ref().map(|home| home.folder.clone())) {
        return Some(folder);
    }
    let (locks, root, name) = (locks()?, root().await?, format!("{FOLDER}{}", random()));
    let (told, granted) = oneshot::channel();
    let for_ever = Closure::once_into_js(move || {
        // Whoever waits is there.
        let _ = told.send(());
        Promise::new(&mut |_, _| {})
    });
    let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    Reflect::apply(&request, &locks, &Array::of2(&name.as_str().into(), &for_ever)).ok()?;
    granted.await.ok()?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = JsFuture::from(root.get_directory_handle_with_options(&name, &options)).await.ok()?;
    let folder: FileSystemDirectoryHandle = folder.unchecked_into();
    // Another download may have been as quick: then its folder is the one, and this stays empty and goes when the page is gone.
    Some(HOME.with_borrow_mut(|home| home.get_or_insert(Home { root, folder, name }).folder.clone()))
}

fn all_of_it() -> FileSystemRemoveOptions {
    let options = FileSystemRemoveOptions::new();
    options.set_recursive(true);
    options
}

/// Whether the browser keeps anything for this page.
pub(super) fn has_files() -> bool {
    HOME.with_borrow(Option::is_some)
}

/// Removes this page's folder, with what is in it. Returns when that is done, or can't be.
pub(super) async fn leave() {
    let Some(Home { root, folder, name }) = HOME.take() else { return };
    for _ in 0..TRIES {
        if JsFuture::from(root.remove_entry_with_options(&name, &all_of_it())).await.is_ok() {
            return;
        }
        // A file that is still written to can't be removed, nor the folder with it: giving it up takes a moment. All others go now.
        for file in names(&folder).await.unwrap_or_default() {
            let _ = JsFuture::from(folder.remove_entry(&file)).await;
        }
        crate::browser::sleep(50).await;
    }
}

async fn names(folder: &FileSystemDirectoryHandle) -> Option<Vec<String>> {
    let (entries, mut names) = (folder.keys(), Vec::new());
    loop {
        let next: IteratorNext = JsFuture::from(entries.next().ok()?).await.ok()?.unchecked_into();
        if next.done() {
            return Some(names);
        }
        names.extend(next.value().as_string());
    }
}
