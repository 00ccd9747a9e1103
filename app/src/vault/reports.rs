//! One report, open: what the page shows, and its files. Held by the page that shows it and dropped with it.

use std::{collections::HashMap, rc::Rc};

use api_types::{AccountId, ErrorCode, ReportId, grants::Right};
use client::{
    ClientError, OpenReport, OpenVersion, Reading, RefusedVersion, Result, SentBy,
    bulk::Control,
    content::{FileEntry, FileType},
};
use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{Keys, explain, saving::Target};
use crate::browser;

/// A report and one of its versions, verified and open. Clones share it.
#[derive(Clone)]
pub struct View {
    /// Access and versions.
    pub report: Rc<OpenReport>,
    /// The fields and files that are shown; none while no version opens.
    pub version: Option<Rc<OpenVersion>>,
    /// Versions that don't open, and why not.
    pub refused: Rc<Vec<(u32, String)>>,
    /// The version that the reader chose; none while the newest is shown.
    pub chosen: Option<u32>,
    names: Rc<HashMap<AccountId, String>>,
    me: AccountId,
}

/// What is newer than the version that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    /// The newest that opens.
    Opens(u32),
    /// One that the reader's access doesn't cover.
    Unseen,
}

impl View {
    /// Whether there is a newer version than the one that is shown. Those that don't open are told of elsewhere.
    pub fn newer(&self) -> Option<Newer> {
        let shown = self.version.as_ref()?.info.version;
        let refused = |version: u32| self.refused.iter().any(|(refused, _)| *refused == version);
        let opens = self.report.versions.iter().map(|info| info.version).filter(|version| !refused(*version)).max();
        let newest = self.report.newest().map_or(shown, |newest| newest.version);
        match opens {
            Some(newest) if newest > shown => Some(Newer::Opens(newest)),
            _ if self.report.latest > newest && !refused(self.report.latest) => Some(Newer::Unseen),
            _ => None,
        }
    }

    /// Somebody's name; the reader is "you".
    pub fn name(&self, id: &AccountId) -> String {
        if *id == self.me {
            return crate::t!(report.you).to_owned();
        }
        self.names.get(id).cloned().unwrap_or_else(|| id.to_string().chars().take(8).collect())
    }

    /// Whether the reader owns it.
    pub fn is_owner(&self) -> bool {
        self.report.access.owner() == self.me
    }

    /// Whether the reader may share it.
    pub fn may_share(&self) -> bool {
        matches!(self.report.right, Right::Own | Right::Reshare)
    }

    /// Whether the reader may save a version behind the newest one, and sees it.
    pub fn may_edit(&self) -> bool {
        let newest = self.report.newest().map(|newest| newest.version);
        self.report.right != Right::View && newest == Some(self.report.latest) && self.refused.is_empty()
    }

    /// Whether the reader keeps it for a patient without an account.
    pub fn may_invite(&self) -> bool {
        self.report.access.in_custody() && self.is_owner()
    }

    /// Whether keys must be changed because access was revoked.
    pub fn rekey_pending(&self) -> bool {
        self.report.versions.iter().any(|version| version.rekey_pending)
    }

    /// When the last of the reader's own grants ends; `None` while one has no end.
    pub fn ends_at(&self) -> Option<i64> {
        let ends: Option<Vec<i64>> =
            self.report.grants.iter().map(|grant| Some(grant.expires_at).filter(|end| *end > 0)).collect();
        ends.and_then(|ends| ends.into_iter().max())
    }

    /// What it is called.
    pub fn title(&self) -> String {
        let shown = self.version.as_ref().map(|version| title_of(&version.content.fields));
        shown.unwrap_or_else(|| crate::t!(report.refused_title).to_owned())
    }
}

/// What a device is called beside what it sent.
pub fn device_name(by: &SentBy) -> String {
    crate::t!(report.device_of, name = by.name, owner = by.owner_name)
}

/// What a report is called in lists: its title, else its number.
pub fn title_of(fields: &client::content::ReportFields) -> String {
    let named = [&fields.title, &fields.report_number].into_iter().find(|text| !text.trim().is_empty());
    named.cloned().unwrap_or_else(|| crate::t!(report.untitled).to_owned())
}

/// Opens a report at a version; the newest that opens where none is named or the named one doesn't.
pub async fn open(open: &Keys, id: &ReportId, chosen: Option<u32>) -> Result<View> {
    let Reading { report, version, refused } = open.read(id, chosen).await?;
    let names = names(open, id).await?;
    let why = |refused: RefusedVersion| (refused.version, explain(&refused.why.into()));
    Ok(View {
        chosen: chosen.filter(|chosen| version.as_ref().is_some_and(|shown| shown.info.version == *chosen)),
        report: Rc::new(report),
        version: version.map(Rc::new),
        refused: Rc::new(refused.into_iter().map(why).collect()),
        names: Rc::new(names),
        me: open.account_id(),
    })
}

/// Another version of an open report.
pub async fn switch(open: &Keys, view: &View, version: u32) -> Result<View> {
    let newest = view.report.newest().map(|newest| newest.version);
    let opened = open.version(&view.report, version).await?;
    let chosen = Some(version).filter(|version| newest != Some(*version));
    Ok(View { version: Some(Rc::new(opened)), chosen, ..view.clone() })
}

/// The names of the people of a report.
pub async fn names(open: &Keys, id: &ReportId) -> Result<HashMap<AccountId, String>> {
    let people = open.report_people(id).await?;
    let mut names: HashMap<_, _> = people.items.into_iter().map(|account| (account.id, account.name)).collect();
    // Only those that were verified with the report.
    names.extend(people.devices.iter().filter_map(|device| Some((device.id, device_name(&open.sent_by(&device.id)?)))));
    Ok(names)
}

/// Whether an error means that the reader may not see the report, now or any more.
pub fn is_end(error: &ClientError) -> bool {
    let ended = [ErrorCode::NotFound, ErrorCode::Gone, ErrorCode::ShareExpired, ErrorCode::Forbidden];
    matches!(error, ClientError::NoAccess) || error.problem().is_some_and(|code| ended.contains(&code))
}

/// Fetches and opens a file. Nothing of it is shown before all of it verified. Where the report was re-keyed since it was
/// opened, the file comes from its new revision.
pub async fn fetch(open: &Keys, view: &View, part: u32, control: &Control) -> Result<Blob> {
    fetch_to(&Target::Blobs, open, view, part, control).await
}

async fn fetch_to(target: &Target, open: &Keys, view: &View, part: u32, control: &Control) -> Result<Blob> {
    let version = view.version.as_ref().ok_or(ClientError::Missing { what: "That version" })?;
    match open.download(version, part, target.sink().await?, control).await {
        Err(error) if is_end(&error) => {
            let Some(now) = open.rekeyed(version).await? else { return Err(error) };
            open.download(&now, part, target.sink().await?, control).await
        }
        done => done,
    }
}

/// Fetches, opens and saves a file; a large one is written while it comes. It is under its name when all of it verified.
pub async fn save(open: &Keys, view: &View, file: &FileEntry, control: &Control) -> Result<()> {
    let target = Target::of(&file.name, file.size).await?;
    let saved = fetch_to(&target, open, view, file.part, control).await.and_then(|blob| {
        let hand_over = || browser::save_blob(&file.name, &blob).map_err(|_| SAVE_REFUSED);
        if target.is_chosen() { Ok(()) } else { hand_over() }
    });
    match saved {
        Ok(()) if target.is_chosen() => {}
        Ok(()) => target.forget_later(file.size),
        Err(_) => target.forget().await,
    }
    saved
}

const SAVE_REFUSED: ClientError = ClientError::Internal("the browser saves no files");

/// What a file is, by its first bytes.
pub async fn sniff(blob: &Blob) -> FileType {
    let wanted = FileType::SNIFF_LEN as f64;
    let head = match blob.slice_with_f64_and_f64(0.0, wanted) {
        Ok(slice) => bytes(&slice).await,
        Err(_) => None,
    };
    head.map_or(FileType::OctetStream, |head| FileType::sniff(&head, blob.size() <= wanted))
}

async fn bytes(blob: &Blob) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(blob.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}

/// The first `most` bytes as text; a character that is cut at the end goes.
pub async fn text(blob: &Blob, most: f64) -> Option<String> {
    let slice = blob.slice_with_f64_and_f64(0.0, most).ok()?;
    let text = JsFuture::from(slice.text()).await.ok()?.as_string()?;
    Some(text.trim_end_matches('\u{fffd}').to_owned())
}

/// The same bytes under a media type that was found by magic bytes. Only for pictures and PDF: anything else stays an
/// octet stream, so that it can't become a document.
pub fn typed(blob: &Blob, file_type: FileType) -> Option<Blob> {
    let shown = matches!(file_type, FileType::Png | FileType::Jpeg | FileType::Webp | FileType::Gif | FileType::Pdf);
    let slice = shown.then(|| blob.slice_with_f64_and_f64_and_content_type(0.0, blob.size(), file_type.media_type()));
    slice?.ok()?.dyn_into().ok()
}

/// Changes the keys of an own report whose access was revoked.
pub async fn rekey(open: &Keys, id: &ReportId) -> Result<u32> {
    open.rekey(id, &Control::none()).await
}
