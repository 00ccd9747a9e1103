//! Reports in an archive, each in a folder of its own.

use std::collections::BTreeMap;

use api_types::{AccountId, ErrorCode, ReportId, UnixMillis};
use serde::Serialize;
use serde_json::{Value, json};

use super::{ArchiveTarget, Making, fhir, names::Names};
use crate::{
    bulk::Bulk,
    content::{FileEntry, ReportFields},
    error::{ClientError, Result},
    export::{About, Context, Format, export, iso},
    platform::Platform,
    reports::{OpenReport, OpenVersion, Reading, ReportRow},
};

/// The file with all fields.
const FIELDS: &str = "report.json";

/// A file that is in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ArchivedFile {
    /// As its author called it.
    pub name: String,
    /// Its path in the report's folder.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// By its first bytes.
    pub media_type: &'static str,
    /// Of its content, hexadecimal.
    pub sha256: String,
}

/// A version that is in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArchivedVersion {
    /// Number.
    pub version: u32,
    /// Who wrote it.
    pub author: AccountId,
    /// Their name, as the server says.
    pub author_name: Option<String>,
    /// When it was signed.
    pub time: UnixMillis,
    /// The fields.
    pub fields: ReportFields,
    /// The files.
    pub files: Vec<ArchivedFile>,
}

impl ArchivedVersion {
    fn json(&self) -> Value {
        json!({
            "version": self.version,
            "author": { "id": self.author, "name": self.author_name },
            "time": iso(self.time),
            "fields": self.fields,
            "files": self.files,
        })
    }
}

/// What is known of the report at hand.
struct Folder {
    path: String,
    title: String,
    people: BTreeMap<AccountId, String>,
}

fn title(fields: &ReportFields) -> String {
    let named = [&fields.title, &fields.report_number].into_iter().find(|text| !text.trim().is_empty());
    named.cloned().unwrap_or_else(|| "Untitled report".to_owned())
}

impl<P: Platform, T: ArchiveTarget<P::Bulk>> Making<'_, P, T> {
    /// Every report that is wanted.
    pub(super) async fn reports(&mut self) -> Result<()> {
        let all = self.vault.list_all().await?;
        let me = self.vault.account_id();
        for (id, error) in all.refused {
            self.leave_out(format!("reports: {id}"), error)?;
        }
        let wanted: Vec<ReportRow> = all.rows.into_iter().filter(|row| self.scope.shared || row.owner == me).collect();
        let reports = wanted.len();
        self.control.step(|now| now.reports = reports);
        let mut names = Names::default();
        for row in wanted {
            self.control.check()?;
            let title = title(&row.fields);
            self.control.step(|now| now.title.clone_from(&title));
            let path = format!("reports/{}", names.take(&title));
            match self.report(&row.id, Folder { path: path.clone(), title, people: BTreeMap::new() }).await {
                Ok(()) => self.done.reports += 1,
                Err(error) => self.leave_out(format!("{path} ({})", row.id), error)?,
            }
            self.control.step(|now| now.done += 1);
        }
        Ok(())
    }

    async fn report(&mut self, id: &ReportId, mut folder: Folder) -> Result<()> {
        let (report, refused) = match self.vault.report(id).await {
            Ok(report) => (report, Vec::new()),
            // What can be had of it all the same.
            Err(ClientError::Refused(why)) if !why.stops_session() => {
                let Reading { report, refused, .. } = self.vault.read(id, None).await?;
                (report, refused)
            }
            Err(error) => return Err(error),
        };
        folder.people = self.people(id).await?;
        let mut versions = Vec::new();
        for number in report.versions.iter().map(|version| version.version).collect::<Vec<_>>() {
            match self.version(&report, number, &folder).await {
                Ok(version) => versions.push(version),
                Err(error) => self.leave_out(format!("{}/version {number}", folder.path), error)?,
            }
        }
        let known: Vec<u32> = report.versions.iter().map(|version| version.version).collect();
        for version in refused.into_iter().filter(|refused| !known.contains(&refused.version)) {
            self.leave_out(format!("{}/version {}", folder.path, version.version), version.why.into())?;
        }
        self.describe(&report, &versions, &folder).await?;
        if let Err(error) = self.history(&report, &folder).await {
            self.leave_out(format!("{}/access-history", folder.path), error)?;
        }
        Ok(())
    }

    /// What people are called, as the server says, and devices, as their owners do.
    async fn people(&mut self, id: &ReportId) -> Result<BTreeMap<AccountId, String>> {
        let people = self.vault.report_people(id).await?;
        let mut names: BTreeMap<_, _> = people.items.into_iter().map(|account| (account.id, account.name)).collect();
        for device in people.devices {
            if let Some(by) = self.vault.sent_by(&device.id) {
                names.insert(device.id, format!("{}, a device of {}", by.name, by.owner_name));
            }
        }
        Ok(names)
    }

    async fn version(&mut self, report: &OpenReport, number: u32, folder: &Folder) -> Result<ArchivedVersion> {
        let open = self.vault.version(report, number).await?;
        let mut names = Names::default();
        let mut files = Vec::new();
        for entry in &open.content.files {
            let path = format!("version {number}/{}", names.take(&entry.name));
            match self.file(&open, entry, &folder.path, &path).await {
                Ok(file) => files.push(file),
                Err(error) => self.leave_out(format!("{}/{path}", folder.path), error)?,
            }
        }
        Ok(ArchivedVersion {
            version: number,
            author: open.info.author,
            author_name: folder.people.get(&open.info.author).cloned(),
            time: open.info.time,
            fields: open.content.fields.clone(),
            files,
        })
    }

    /// Fetches and verifies a file whole, then packs it.
    async fn file(&mut self, open: &OpenVersion, entry: &FileEntry, folder: &str, path: &str) -> Result<ArchivedFile> {
        self.control.check()?;
        self.control.step(|now| {
            now.file.clone_from(&entry.name);
            (now.file_done, now.file_size) = (0, entry.size);
        });
        let opened = self.fetch(open, entry).await?;
        let packed = self.verified(&format!("{folder}/{path}"), &opened, entry.size).await;
        self.target.release(opened).await;
        let sha256 = packed?;
        self.done.files += 1;
        self.control.step(|now| now.file.clear());
        let media_type = entry.file_type.media_type();
        Ok(ArchivedFile { name: entry.name.clone(), path: path.to_owned(), size: entry.size, media_type, sha256 })
    }

    /// Under its new keys where its owner changed them meanwhile.
    async fn fetch(&mut self, open: &OpenVersion, entry: &FileEntry) -> Result<<P::Bulk as Bulk>::Opened> {
        let control = self.control.of_file();
        let sink = self.target.scratch(entry.size).await?;
        let refused = match self.vault.download(open, entry.part, sink, &control).await {
            Err(error) if error.problem() == Some(ErrorCode::NotFound) => error,
            done => return done,
        };
        let Some(now) = self.vault.rekeyed(open).await? else { return Err(refused) };
        let sink = self.target.scratch(entry.size).await?;
        self.vault.download(&now, entry.part, sink, &control).await
    }

    /// `report.json` and `report.fhir.json`.
    async fn describe(&mut self, report: &OpenReport, versions: &[ArchivedVersion], folder: &Folder) -> Result<()> {
        let named = |id: AccountId| json!({ "id": id, "name": folder.people.get(&id) });
        let content = json!({
            "id": report.id,
            "owner": named(report.access.owner()),
            "right": report.right,
            "versions": versions.iter().map(ArchivedVersion::json).collect::<Vec<_>>(),
        });
        self.text(&format!("{}/{FIELDS}", folder.path), &format!("{content:#}\n")).await?;
        if versions.is_empty() {
            return Ok(());
        }
        let source = fhir::Source { origin: &self.scope.origin, report: report.id, versions, fields: FIELDS };
        let bundle = fhir::write(&source);
        self.text(&format!("{}/report.fhir.json", folder.path), &bundle).await
    }

    /// Every event that the reader may see, verified.
    async fn history(&mut self, report: &OpenReport, folder: &Folder) -> Result<()> {
        let events = self.vault.report_events(&report.id, usize::MAX).await?;
        let explained = self.vault.explain(&report.access.purposes(), events.items);
        let about = About { patient: Some(report.access.owner()), title: folder.title.clone() };
        let reports = BTreeMap::from([(report.id, about)]);
        let origin = self.scope.origin.clone();
        for format in Format::ALL {
            let context = Context { origin: &origin, reports: &reports, removed_before: events.removed_before };
            let text = export(&explained, format, context);
            self.text(&format!("{}/{}", folder.path, format.file_name("access-history")), &text).await?;
        }
        Ok(())
    }
}
