//! What the database holds that was signed or recorded for good, by name, and the walk over it: each is compared with the hashes
//! that were signed, or with its leaf in the log (`signed_rows_check`).

use std::{fmt, str::FromStr};

use api_types::ReportId;
use sea_orm::ConnectionTrait;

use crate::{
    ServiceError, ServiceResult,
    log::{self, Looked},
    services::signed_rows_check::{Compared, compare},
    storage::{self, DbResult, failure::is_of_the_row, log::Tree, signed_rows, versions::RevisionKey},
};

/// Rows that are compared at a time; of the log's a bundle.
const PAGE: u64 = 64;

/// Names what is compared as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowName {
    /// A report's genesis and access chain.
    Report(Vec<u8>),
    /// A revision: its manifest, and what stands beside it that the manifest describes.
    Version(RevisionKey),
    /// An account's key records.
    Keys(Vec<u8>),
    /// A team's rosters.
    Team(Vec<u8>),
    /// A device that sends.
    Device(Vec<u8>),
    /// An event of the audit.
    Event(u64),
    /// An entry of the tree of keys.
    Entry(u64),
}

/// `report/ID`, `version/REPORT/VERSION/REVISION`, `keys/ACCOUNT`, `team/ID`, `device/ID`, `event/N` or `entry/N`: as it is kept and
/// shown.
impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report(id) => write!(f, "report/{}", hex::encode(id)),
            Self::Version(key) => write!(f, "version/{}/{}/{}", hex::encode(&key.report), key.version, key.revision),
            Self::Keys(id) => write!(f, "keys/{}", hex::encode(id)),
            Self::Team(id) => write!(f, "team/{}", hex::encode(id)),
            Self::Device(id) => write!(f, "device/{}", hex::encode(id)),
            Self::Event(place) => write!(f, "event/{place}"),
            Self::Entry(place) => write!(f, "entry/{place}"),
        }
    }
}

/// It names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRow;

impl FromStr for RowName {
    type Err = NoRow;

    fn from_str(text: &str) -> Result<Self, NoRow> {
        let bytes = |text: &str| hex::decode(text).map_err(|_| NoRow);
        let number = |text: &str| text.parse::<i32>().map_err(|_| NoRow);
        let place = |text: &str| text.parse::<u64>().map_err(|_| NoRow);
        match text.split('/').collect::<Vec<_>>()[..] {
            ["report", id] => bytes(id).map(Self::Report),
            ["version", report, version, revision] => Ok(Self::Version(RevisionKey {
                report: bytes(report)?,
                version: number(version)?,
                revision: number(revision)?,
            })),
            ["keys", id] => bytes(id).map(Self::Keys),
            ["team", id] => bytes(id).map(Self::Team),
            ["device", id] => bytes(id).map(Self::Device),
            ["event", n] => place(n).map(Self::Event),
            ["entry", n] => place(n).map(Self::Entry),
            _ => Err(NoRow),
        }
    }
}

impl RowName {
    /// The report that it is of.
    pub fn report(&self) -> Option<ReportId> {
        let id = match self {
            Self::Report(id) => id,
            Self::Version(key) => &key.report,
            _ => return None,
        };
        storage::id("damaged_rows", "report_id", id).ok().map(ReportId)
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Report(_) => Kind::Reports,
            Self::Version(_) => Kind::Versions,
            Self::Keys(_) => Kind::Keys,
            Self::Team(_) => Kind::Teams,
            Self::Device(_) => Kind::Devices,
            Self::Event(_) => Kind::Events,
            Self::Entry(_) => Kind::Entries,
        }
    }
}

/// What a walk takes one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reports,
    Versions,
    Keys,
    Teams,
    Devices,
    Events,
    Entries,
}

/// In this order.
const KINDS: [Kind; 7] =
    [Kind::Reports, Kind::Versions, Kind::Keys, Kind::Teams, Kind::Devices, Kind::Events, Kind::Entries];

/// Some more of a walk.
#[derive(Debug)]
pub struct Page {
    /// How many were compared.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that are not what was signed. They were read beside those who write, so they have to be looked at again.
    pub suspects: Vec<RowName>,
    /// The last one.
    pub last: RowName,
}

/// Some more, behind a row; nothing at the end. A kind of which the next can't be read is left there: it must not hide the others.
pub async fn next(
    conn: &impl ConnectionTrait,
    instance: [u8; 16],
    mut after: Option<RowName>,
) -> ServiceResult<Option<Page>> {
    let begun = after.as_ref().map(RowName::kind);
    for kind in KINDS.into_iter().skip_while(|kind| begun.is_some_and(|begun| begun != *kind)) {
        match of_kind(conn, instance, kind, after.take()).await {
            Ok(None) => {}
            Err(ServiceError::Database(error)) if is_of_the_row(&error) => {
                tracing::error!(%error, ?kind, "signed rows can't be read; the scrub goes on with those of the next kind");
            }
            other => return other,
        }
    }
    Ok(None)
}

async fn of_kind(
    conn: &impl ConnectionTrait,
    instance: [u8; 16],
    kind: Kind,
    after: Option<RowName>,
) -> ServiceResult<Option<Page>> {
    match kind {
        Kind::Events => Ok(of_log(conn, Tree::Events, after).await?),
        Kind::Entries => Ok(of_log(conn, Tree::Keys, after).await?),
        kind => compared(conn, instance, names(conn, kind, after).await?).await,
    }
}

async fn names(conn: &impl ConnectionTrait, kind: Kind, after: Option<RowName>) -> DbResult<Vec<RowName>> {
    let (id, revision) = match &after {
        Some(RowName::Version(key)) => (None, Some(key)),
        Some(RowName::Report(id) | RowName::Keys(id) | RowName::Team(id) | RowName::Device(id)) => {
            (Some(&id[..]), None)
        }
        _ => (None, None),
    };
    Ok(match kind {
        Kind::Reports => named(signed_rows::reports_after(conn, id, PAGE).await?, RowName::Report),
        Kind::Versions => {
            let found = signed_rows::revisions_after(conn, revision, PAGE).await?;
            found.into_iter().map(RowName::Version).collect()
        }
        Kind::Keys => named(signed_rows::accounts_after(conn, id, PAGE).await?, RowName::Keys),
        Kind::Teams => named(signed_rows::teams_after(conn, id, PAGE).await?, RowName::Team),
        Kind::Devices => named(signed_rows::devices_after(conn, id, PAGE).await?, RowName::Device),
        Kind::Events | Kind::Entries => Vec::new(),
    })
}

fn named(ids: Vec<Vec<u8>>, name: fn(Vec<u8>) -> RowName) -> Vec<RowName> {
    ids.into_iter().map(name).collect()
}

async fn compared(conn: &impl ConnectionTrait, instance: [u8; 16], names: Vec<RowName>) -> ServiceResult<Option<Page>> {
    let Some(last) = names.last().cloned() else { return Ok(None) };
    let mut page = Page { rows: names.len() as u64, bytes: 0, suspects: Vec::new(), last };
    for name in names {
        match compare(conn, instance, &name).await? {
            Compared::Whole { bytes } => page.bytes += bytes,
            Compared::Damaged => page.suspects.push(name),
            Compared::Gone => {}
        }
    }
    Ok(Some(page))
}

/// A bundle's.
async fn of_log(conn: &impl ConnectionTrait, tree: Tree, after: Option<RowName>) -> DbResult<Option<Page>> {
    let place = match after {
        Some(RowName::Event(last) | RowName::Entry(last)) => last.saturating_add(1),
        _ => 0,
    };
    let Some(Looked { end, bytes, damaged }) = log::look(conn, tree, place).await? else { return Ok(None) };
    let name = |place| match tree {
        Tree::Events => RowName::Event(place),
        Tree::Keys => RowName::Entry(place),
    };
    let suspects = damaged.into_iter().map(name).collect();
    Ok(Some(Page { rows: end - place, bytes, suspects, last: name(end - 1) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_text() {
        let version = RowName::Version(RevisionKey { report: vec![0, 255], version: 3, revision: 1 });
        for (name, text) in [
            (RowName::Report(vec![0, 255]), "report/00ff"),
            (version, "version/00ff/3/1"),
            (RowName::Keys(vec![7]), "keys/07"),
            (RowName::Team(vec![7]), "team/07"),
            (RowName::Device(vec![7]), "device/07"),
            (RowName::Event(12), "event/12"),
            (RowName::Entry(0), "entry/0"),
        ] {
            assert_eq!((name.to_string().as_str(), text.parse()), (text, Ok(name)));
        }
        for text in ["", "report/x", "version/00ff/3", "event/-1", "event/1/2", "part/00"] {
            assert_eq!(text.parse::<RowName>(), Err(NoRow), "{text}");
        }
    }
}
