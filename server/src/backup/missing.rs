//! What of a report is to be put back from a snapshot: what the database has lost or what is damaged in it, and nothing that
//! somebody took away on purpose.
//!
//! The database of now decides: its newest revisions and its live grants. A version that was re-keyed since, or the wrap of a
//! grant that was revoked since, stays away, whatever the snapshot holds. What is there and sound is never changed.

use std::collections::BTreeSet;

use crate::{
    services::signed_rows_check::is_sound,
    storage::{
        report_rows::ReportRows,
        versions::{Part, PartSegment, Version},
        wraps::WrapRow,
    },
};

/// What is to be put back.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Rows that are added.
    pub added: ReportRows,
    /// Revisions that take the place of damaged ones.
    pub replaced: Vec<Version>,
}

impl Missing {
    /// Compares what there is now with what there was then. `latest` is the report's newest version, `live` are the grants that
    /// count now.
    pub fn of(now: &ReportRows, then: ReportRows, latest: i32, live: &BTreeSet<Vec<u8>>) -> Self {
        let mut missing = Self::default();
        let mut current: BTreeSet<(i32, i32)> = now.versions.iter().filter(|row| is_current(row)).map(place).collect();
        for row in then.versions.into_iter().filter(|row| is_current(row) && is_sound(row)) {
            match now.versions.iter().find(|other| place(other) == place(&row)) {
                Some(other) if is_current(other) && !is_sound(other) => missing.replaced.push(row),
                None if row.version <= latest && is_newest(now, &row) => {
                    current.insert(place(&row));
                    missing.added.versions.push(row);
                }
                _ => {}
            }
        }
        let is_of_current = |version, revision| current.contains(&(version, revision));
        let there: BTreeSet<_> = now.parts.iter().map(part_key).collect();
        let lost = |row: &Part| is_of_current(row.version, row.revision) && !there.contains(&part_key(row));
        missing.added.parts = then.parts.into_iter().filter(lost).collect();
        let there: BTreeSet<_> = now.segments.iter().map(segment_key).collect();
        let lost = |row: &PartSegment| is_of_current(row.version, row.revision) && !there.contains(&segment_key(row));
        missing.added.segments = then.segments.into_iter().filter(lost).collect();
        let there: BTreeSet<_> = now.wraps.iter().map(wrap_key).collect();
        let lost = |row: &WrapRow| {
            is_of_current(row.version, row.revision) && live.contains(&row.grant_id) && !there.contains(&wrap_key(row))
        };
        missing.added.wraps = then.wraps.into_iter().filter(lost).collect();
        missing
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.added.len() + self.replaced.len()
    }
}

fn place(row: &Version) -> (i32, i32) {
    (row.version, row.revision)
}

fn part_key(row: &Part) -> (i32, i32, i32) {
    (row.version, row.revision, row.part)
}

fn segment_key(row: &PartSegment) -> (i32, i32, i32, i32) {
    (row.version, row.revision, row.part, row.n)
}

fn wrap_key(row: &WrapRow) -> (i32, i32, Vec<u8>) {
    (row.version, row.revision, row.grant_id.clone())
}

fn is_current(row: &Version) -> bool {
    row.superseded_at.is_none()
}

/// Whether there is no other revision of that version.
fn is_newest(now: &ReportRows, row: &Version) -> bool {
    now.versions.iter().all(|other| other.version != row.version || other.revision < row.revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(version: i32, revision: i32, part: i32) -> Part {
        Part { report_id: vec![1], version, revision, part, ciphertext_len: 1, etag: vec![] }
    }

    fn wrap(version: i32, revision: i32, grant: u8) -> WrapRow {
        WrapRow { report_id: vec![1], version, revision, grant_id: vec![grant], wrap: vec![9] }
    }

    fn version(version: i32, revision: i32, superseded_at: Option<i64>) -> Version {
        Version {
            report_id: vec![1],
            version,
            revision,
            author: vec![],
            created_at: 0,
            superseded_at,
            manifest_hash: vec![],
            manifest: vec![],
            part0: vec![],
            statement: vec![],
        }
    }

    #[test]
    fn what_was_taken_away_on_purpose_stays_away() {
        // Version 1 was re-keyed since, and grant 8 was revoked.
        let now = ReportRows {
            versions: vec![version(1, 0, Some(5)), version(1, 1, None)],
            parts: vec![part(1, 1, 1)],
            ..ReportRows::default()
        };
        let then = ReportRows {
            versions: vec![version(1, 0, None)],
            parts: vec![part(1, 0, 1), part(1, 1, 1), part(1, 1, 2)],
            wraps: vec![wrap(1, 0, 7), wrap(1, 1, 7), wrap(1, 1, 8)],
            ..ReportRows::default()
        };
        let live = BTreeSet::from([vec![7]]);
        let missing = Missing::of(&now, then, 1, &live);
        assert_eq!((&missing.added.versions, &missing.replaced), (&vec![], &vec![]));
        assert_eq!(missing.added.parts, [part(1, 1, 2)], "of the newest revision, and not there");
        assert_eq!(missing.added.wraps, [wrap(1, 1, 7)], "of the newest revision and a live grant");
        assert_eq!(missing.rows(), 2);
    }

    #[test]
    fn what_no_author_signed_is_not_put_back() {
        let then = ReportRows { versions: vec![version(1, 0, None)], ..ReportRows::default() };
        assert_eq!(Missing::of(&ReportRows::default(), then, 1, &BTreeSet::new()), Missing::default());
    }
}
