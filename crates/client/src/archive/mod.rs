//! All of an account's data as one archive: original files, FHIR, access history. Everything is fetched, verified and decrypted
//! here, and packed as it is streamed; the archive is never whole in memory.
//!
//! A file is verified whole, to its author's signed hash, before a byte of it is packed. What can't be had is left out and named,
//! in the archive and to the caller; a connection that breaks or a target that is full ends it, and then there is no archive.

mod account;
mod fhir;
mod names;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native;
mod pack;
mod report;

#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use native::FileArchive;

use std::{
    future::Future,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use api_types::accounts::Role;
pub use bytes::Bytes;
use serde_json::json;

use self::{names::Names, pack::Packer};
use crate::{
    bulk::{Bulk, Cancel, Control},
    error::{ClientError, Result},
    platform::{MaybeSend, Platform},
    refusal::Refusal,
    transport::TransportError,
    vault::Vault,
};

/// What is in it besides.
const README: &str = include_str!("README.txt");
/// Bytes moved from a verified file into the archive at once.
const PIECE: u64 = 1024 * 1024;

/// Where an archive goes, and where one of its files waits while it is being verified.
pub trait ArchiveTarget<B: Bulk>: MaybeSend {
    /// A place for a file of this size that isn't verified yet.
    fn scratch(&mut self, size: u64) -> impl Future<Output = Result<B::Sink>> + MaybeSend;

    /// Bytes of a verified file.
    fn piece(&mut self, file: &B::Opened, range: Range<u64>) -> impl Future<Output = Result<Bytes>> + MaybeSend;

    /// The file is packed: it isn't needed any more.
    fn release(&mut self, file: B::Opened) -> impl Future<Output = ()> + MaybeSend;

    /// Bytes of the archive, in their order.
    fn write(&mut self, bytes: Vec<u8>) -> impl Future<Output = Result<()>> + MaybeSend;
}

/// What goes into an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveScope {
    /// The server's origin, `https://health.example.org`: names ids in FHIR.
    pub origin: String,
    /// Reports of others that are shared with the account as well.
    pub shared: bool,
}

/// How far an archive is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveProgress {
    /// Reports that are done.
    pub done: usize,
    /// Reports in all.
    pub reports: usize,
    /// The report at hand.
    pub title: String,
    /// The file at hand; empty between files.
    pub file: String,
    /// Bytes of the file that are verified.
    pub file_done: u64,
    /// Bytes of the file.
    pub file_size: u64,
    /// Bytes of the archive that were written.
    pub written: u64,
}

#[cfg(not(target_arch = "wasm32"))]
type Watch = Arc<dyn Fn(&ArchiveProgress) + Send + Sync>;
#[cfg(target_arch = "wasm32")]
type Watch = Arc<dyn Fn(&ArchiveProgress)>;

/// Reports progress and listens for a stop. Clones share both.
#[derive(Clone, Default)]
pub struct ArchiveControl {
    watch: Option<Watch>,
    cancel: Cancel,
    now: Arc<Mutex<ArchiveProgress>>,
}

impl ArchiveControl {
    /// Calls back at every step.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(cancel: Cancel, watch: impl Fn(&ArchiveProgress) + Send + Sync + 'static) -> Self {
        Self { watch: Some(Arc::new(watch)), cancel, now: Arc::default() }
    }

    /// Calls back at every step.
    #[cfg(target_arch = "wasm32")]
    pub fn new(cancel: Cancel, watch: impl Fn(&ArchiveProgress) + 'static) -> Self {
        Self { watch: Some(Arc::new(watch)), cancel, now: Arc::default() }
    }

    fn step(&self, change: impl FnOnce(&mut ArchiveProgress)) {
        let now = {
            let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut now);
            now.clone()
        };
        if let Some(watch) = &self.watch {
            watch(&now);
        }
    }

    fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(ClientError::Cancelled) } else { Ok(()) }
    }

    /// For one file.
    fn of_file(&self) -> Control {
        let all = self.clone();
        Control::new(self.cancel.clone(), move |part| {
            all.step(|now| (now.file_done, now.file_size) = (part.done, part.total));
        })
    }
}

/// Something that could not be had, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What: where it would stand in the archive.
    pub what: String,
    /// Why, as [`ClientError`] says it.
    pub why: String,
}

/// An archive that is complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archived {
    /// Reports in it.
    pub reports: usize,
    /// Their files.
    pub files: usize,
    /// Its length, in bytes.
    pub bytes: u64,
    /// What is missing.
    pub left_out: Vec<LeftOut>,
}

/// Whether an error concerns more than the thing at hand: it ends the archive.
pub(crate) fn is_fatal(error: &ClientError) -> bool {
    match error {
        ClientError::Cancelled | ClientError::Sink { .. } | ClientError::SinkFull => true,
        ClientError::Source | ClientError::Internal(_) => true,
        ClientError::Transport(TransportError::TooLarge) => false,
        ClientError::Transport(_) => true,
        ClientError::Refused(refusal) => refusal.stops_session(),
        ClientError::Problem(problem) => {
            use api_types::ErrorCode::{AccountDisabled, SecondFactorDue, SignedOut};
            error.is_transient_for_reading() || matches!(problem.code, SignedOut | AccountDisabled | SecondFactorDue)
        }
        _ => false,
    }
}

/// An archive that is being made.
struct Making<'a, P: Platform, T> {
    vault: &'a Vault<P>,
    scope: &'a ArchiveScope,
    target: &'a mut T,
    control: &'a ArchiveControl,
    packer: Packer,
    done: Archived,
}

impl<P: Platform> Vault<P> {
    /// Streams an archive of all reports of one's own, with what the account knows. Whoever calls it shows the archive as complete
    /// only once this has succeeded.
    ///
    /// # Errors
    /// [`ClientError::Cancelled`]; [`ClientError::Sink`] or [`ClientError::SinkFull`] where the target takes no more; no connection; the refusals of
    /// [`crate::Refusal::stops_session`]. What was written by then is no archive.
    pub async fn archive<T: ArchiveTarget<P::Bulk>>(
        &self,
        scope: &ArchiveScope,
        target: &mut T,
        control: &ArchiveControl,
    ) -> Result<Archived> {
        let packer = Packer::new(self.now());
        let mut making = Making { vault: self, scope, target, control, packer, done: Archived::default() };
        making.text("README.txt", README).await?;
        making.account().await?;
        making.drafts().await?;
        making.reports().await?;
        making.finish().await
    }
}

impl<P: Platform, T: ArchiveTarget<P::Bulk>> Making<'_, P, T> {
    /// Writes what is packed so far.
    async fn flush(&mut self) -> Result<()> {
        let bytes = self.packer.take();
        self.write(bytes).await
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.control.check()?;
        if bytes.is_empty() {
            return Ok(());
        }
        self.done.bytes += bytes.len() as u64;
        let written = self.done.bytes;
        self.target.write(bytes).await?;
        self.control.step(|now| now.written = written);
        Ok(())
    }

    /// An entry that is at hand.
    async fn text(&mut self, path: &str, content: &str) -> Result<()> {
        self.packer.begin(path, content.len() as u64)?;
        self.packer.write(content.as_bytes())?;
        self.flush().await
    }

    /// An entry of a verified file; gives its SHA-256.
    async fn verified(&mut self, path: &str, file: &<P::Bulk as Bulk>::Opened, size: u64) -> Result<String> {
        self.packer.begin(path, size)?;
        let mut from = 0;
        while from < size {
            let to = size.min(from + PIECE);
            let piece = self.target.piece(file, from..to).await?;
            if piece.len() as u64 != to - from {
                return Err(ClientError::Source);
            }
            self.packer.write(&piece)?;
            self.flush().await?;
            from = to;
        }
        self.flush().await?;
        Ok(self.packer.ended()?.sha256.to_string())
    }

    /// Notes what is missing, where that doesn't end the archive.
    fn leave_out(&mut self, what: impl Into<String>, error: ClientError) -> Result<()> {
        // A record that begins a day too early, by this device's clock, ends no session.
        let in_doubt =
            matches!(error, ClientError::Refused(Refusal::EventsBroken { .. })) && self.vault.stopped().is_none();
        if is_fatal(&error) && !in_doubt {
            return Err(error);
        }
        self.done.left_out.push(LeftOut { what: what.into(), why: error.to_string() });
        Ok(())
    }

    /// Drafts: what was typed. Their files are sealed for a report, or a version of one, that isn't there yet; those that stay as
    /// a version has them are in its report's folder.
    async fn drafts(&mut self) -> Result<()> {
        if self.vault.who().role == Role::Administrator {
            return Ok(());
        }
        let drafts = match self.vault.drafts().await {
            Ok(drafts) => drafts,
            Err(error) => return self.leave_out("drafts/", error),
        };
        let mut names = Names::default();
        for row in drafts {
            let draft = match row.draft {
                Ok(draft) => draft,
                Err(error) => {
                    self.leave_out(format!("drafts/{}", row.id), error)?;
                    continue;
                }
            };
            let files = draft.files().iter().filter(|file| !file.is_kept());
            let files = files.map(|file| json!({ "name": file.name, "size": file.size }));
            let content = json!({
                "id": row.id,
                "saved_at": crate::export::iso(row.updated_at),
                "changes_version": draft.base(),
                "fields": draft.fields,
                "files_not_included": files.collect::<Vec<_>>(),
            });
            let title = [&draft.fields.title, &draft.fields.report_number].into_iter().find(|it| !it.trim().is_empty());
            let name = names.take(&format!("{}.json", title.map_or("Draft", String::as_str)));
            self.text(&format!("drafts/{name}"), &format!("{content:#}\n")).await?;
        }
        Ok(())
    }

    /// The end: what is missing, the sums, and what ZIP needs.
    async fn finish(mut self) -> Result<Archived> {
        if !self.done.left_out.is_empty() {
            let lines = self.done.left_out.iter().map(|left| format!("{}\n    {}\n", left.what, left.why));
            let text = format!("This is missing in the archive, and why:\n\n{}", lines.collect::<String>());
            self.text("MISSING.txt", &text).await?;
        }
        let sums = self.packer.sums();
        self.text("SHA256SUMS", &sums).await?;
        let Self { packer, target, control, mut done, .. } = self;
        control.check()?;
        let last = packer.finish()?;
        done.bytes += last.len() as u64;
        target.write(last).await?;
        control.step(|now| now.written = done.bytes);
        Ok(done)
    }
}
