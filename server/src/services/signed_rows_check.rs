//! Whether a row is what was signed: by the hashes that were signed or stored beside it, or by its leaf in the log. Signatures
//! themselves are verified by whoever reads, and, of devices, here: nothing else stands for a removal.

use std::collections::BTreeSet;

use api_types::AccountId;
use crypto::{
    encoding::sha256,
    ids::{Hash32, ReportId},
    report::{AccessEntry, Genesis, Manifest, ManifestPart},
    sign::Signed,
};
use sea_orm::ConnectionTrait;
use tlog::leaf::KeyTreeLeaf;

use crate::{
    ServiceError, ServiceResult, log,
    services::{
        signed_rows::RowName,
        verify::{self, Keys},
        versions_check::etag,
    },
    storage::{
        self, DbResult,
        failure::is_of_the_row,
        log::Tree,
        log_keys,
        signed_rows::{self, EntryRow, ReportRow, Revision},
        versions::{Part, PartSegment, RevisionKey, Version},
    },
};

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// It is what was signed.
    Whole {
        /// Bytes that were compared.
        bytes: u64,
    },
    /// It isn't, or can't be read.
    Damaged,
    /// It isn't there: it was deleted.
    Gone,
}

impl Compared {
    fn of(is_whole: bool, bytes: usize) -> Self {
        if is_whole { Self::Whole { bytes: bytes as u64 } } else { Self::Damaged }
    }
}

/// Compares one.
///
/// # Errors
/// The database is away. That is no word on the row.
pub async fn compare(conn: &impl ConnectionTrait, instance: [u8; 16], name: &RowName) -> ServiceResult<Compared> {
    let compared = match name {
        RowName::Report(id) => of_report(conn, id).await.map_err(ServiceError::from),
        RowName::Version(key) => of_version(conn, key).await.map_err(ServiceError::from),
        RowName::Keys(id) => of_keys(conn, id).await.map_err(ServiceError::from),
        RowName::Team(id) => of_team(conn, id).await.map_err(ServiceError::from),
        RowName::Device(id) => of_device(conn, instance, id).await,
        RowName::Event(place) => of_log(conn, Tree::Events, *place).await.map_err(ServiceError::from),
        RowName::Entry(place) => of_log(conn, Tree::Keys, *place).await.map_err(ServiceError::from),
    };
    match compared {
        Err(ServiceError::Internal(_)) => Ok(Compared::Damaged),
        Err(ServiceError::Database(error)) if is_of_the_row(&error) => Ok(Compared::Damaged),
        other => other,
    }
}

async fn of_report(conn: &impl ConnectionTrait, id: &[u8]) -> DbResult<Compared> {
    let Some((report, entries)) = signed_rows::chain(conn, id).await? else { return Ok(Compared::Gone) };
    let bytes = report.genesis.len() + entries.iter().map(|entry| entry.entry.len()).sum::<usize>();
    Ok(Compared::of(is_chain(&report, &entries), bytes))
}

/// Whether the genesis is the report's, each entry continues the one before, and the last is the head.
fn is_chain(report: &ReportRow, entries: &[EntryRow]) -> bool {
    let Ok(genesis) = Signed::<Genesis>::parse(&report.genesis) else { return false };
    let id = ReportId::of(&genesis);
    let mut head = Hash32(id.0);
    for (seq, row) in (1..).zip(entries) {
        let Ok(entry) = Signed::<AccessEntry>::parse(&row.entry) else { return false };
        let claimed = entry.claimed();
        let continues = claimed.report == id && claimed.seq == seq && claimed.previous == head;
        if !continues || u64::try_from(row.seq) != Ok(seq) || entry.hash().0[..] != row.hash[..] {
            return false;
        }
        head = entry.hash();
    }
    let counted = usize::try_from(report.entries) == Ok(entries.len());
    report.id[..] == id.0[..] && report.access_head[..] == head.0[..] && counted
}

async fn of_version(conn: &impl ConnectionTrait, key: &RevisionKey) -> DbResult<Compared> {
    let Some(revision) = signed_rows::revision(conn, key).await? else { return Ok(Compared::Gone) };
    let row = &revision.version;
    let bytes = row.manifest.len() + row.part0.len() + row.statement.len();
    Ok(Compared::of(is_revision(&revision), bytes))
}

fn is_revision(Revision { version, parts, segments }: &Revision) -> bool {
    let Some(manifest) = manifest(version) else { return false };
    let place = manifest.claimed().place;
    let is_here = place.report.0[..] == version.report_id[..]
        && i32::try_from(place.version) == Ok(version.version)
        && i32::try_from(place.revision) == Ok(version.revision);
    // Of a superseded one only the manifest is kept.
    is_here && (version.superseded_at.is_some() || (holds(version, &manifest) && describes(&manifest, parts, segments)))
}

/// Whether a revision's row holds the manifest that was received, and part 0 and the statement that it describes.
pub fn is_sound(version: &Version) -> bool {
    manifest(version).is_some_and(|manifest| holds(version, &manifest))
}

/// The manifest, where it is the one that was received.
fn manifest(version: &Version) -> Option<Signed<Manifest>> {
    let manifest = Signed::<Manifest>::parse(&version.manifest).ok()?;
    (manifest.hash().0[..] == version.manifest_hash[..]).then_some(manifest)
}

fn holds(version: &Version, manifest: &Signed<Manifest>) -> bool {
    let claimed = manifest.claimed();
    ManifestPart::of(&version.part0).ok().as_ref() == claimed.parts.first()
        && sha256(&version.statement) == claimed.statement
}

/// Whether parts 1.. and their segments are those of the manifest.
fn describes(manifest: &Signed<Manifest>, parts: &[Part], segments: &[PartSegment]) -> bool {
    let described = || (1_i32..).zip(manifest.claimed().parts.iter().skip(1));
    let is_part = |(row, (number, part)): (&Part, (i32, &ManifestPart))| {
        row.part == number && u64::try_from(row.ciphertext_len) == Ok(part.ciphertext_len) && row.etag == etag(part)
    };
    let places = described().flat_map(|(number, part)| {
        let geometry = part.geometry().ok();
        (0..part.segments.len()).map(move |n| {
            let range = geometry.as_ref().and_then(|geometry| geometry.segment_ciphertext(n as u64));
            (number, n, range.map(|range| range.end - range.start))
        })
    });
    let stored = segments.iter().map(|row| {
        let len = u64::try_from(row.len).ok();
        (row.part, usize::try_from(row.n).unwrap_or(usize::MAX), len)
    });
    parts.len() == described().count() && parts.iter().zip(described()).all(is_part) && stored.eq(places)
}

/// Each record has its entry in the tree of keys, and each entry its record.
async fn of_keys(conn: &impl ConnectionTrait, account: &[u8]) -> DbResult<Compared> {
    let id = storage::id("key_records", "account_id", account)?;
    let records = signed_rows::keys(conn, account).await?;
    if records.is_empty() {
        return Ok(Compared::Gone);
    }
    let mut leaves = Vec::with_capacity(records.len());
    for row in &records {
        let epoch = u32::try_from(row.epoch).map_err(|_| storage::corrupt("key_records", "epoch"))?;
        leaves.push((row.epoch, KeyTreeLeaf::key(&id, epoch, &row.record).to_bytes()));
    }
    let bytes = records.iter().map(|row| row.record.len()).sum();
    Ok(Compared::of(log_keys::of_records(conn, account).await? == leaves, bytes))
}

async fn of_team(conn: &impl ConnectionTrait, team: &[u8]) -> DbResult<Compared> {
    let id = storage::id("team_rosters", "team_id", team)?;
    let rosters = signed_rows::rosters(conn, team).await?;
    if rosters.is_empty() {
        return Ok(Compared::Gone);
    }
    for (seq, row) in (0_u32..).zip(&rosters) {
        let leaf = KeyTreeLeaf::key(&id, seq, &row.roster).to_bytes();
        let place = u64::try_from(row.leaf).map_err(|_| storage::corrupt("team_rosters", "leaf"))?;
        let there = log_keys::from(conn, place, 1).await?;
        if u32::try_from(row.seq) != Ok(seq) || there != [(place, leaf)] {
            return Ok(Compared::Damaged);
        }
    }
    Ok(Compared::of(true, rosters.iter().map(|row| row.roster.len()).sum()))
}

async fn of_device(conn: &impl ConnectionTrait, instance: [u8; 16], id: &[u8]) -> ServiceResult<Compared> {
    let id = BTreeSet::from([AccountId(storage::id("devices", "id", id)?)]);
    let Some(row) = storage::devices::by_ids(conn, &id).await?.pop() else { return Ok(Compared::Gone) };
    verify::add_devices(conn, &mut Keys::default(), &id, instance).await?;
    Ok(Compared::of(true, row.record.len() + row.removal.map_or(0, |removal| removal.len())))
}

async fn of_log(conn: &impl ConnectionTrait, tree: Tree, place: u64) -> DbResult<Compared> {
    let looked = log::look(conn, tree, place).await?;
    Ok(match looked {
        None => Compared::Gone,
        Some(looked) if looked.damaged.contains(&place) => Compared::Damaged,
        Some(looked) => Compared::Whole { bytes: looked.bytes },
    })
}
