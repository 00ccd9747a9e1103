//! Where something sealed belongs: bound into every part, statement and wrap.

use crate::{defence::Defence, encoding::Writer, ids::ReportId};

/// One revision of one version of a report. Versions count from 1, revisions from 0 (each re-keying makes one more).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionPlace {
    /// The report.
    pub report: ReportId,
    /// Version, from 1.
    pub version: u32,
    /// Revision, from 0.
    pub revision: u32,
}

impl RevisionPlace {
    /// Part number `part` of this revision; 0 is the sealed metadata, files follow.
    pub fn part(self, part: u32) -> PartPlace {
        PartPlace { revision: self, part }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.bytes(self.report.as_ref()).u32(self.version).u32(self.revision);
    }
}

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartPlace {
    /// Where it belongs.
    pub revision: RevisionPlace,
    /// Its number.
    pub part: u32,
}

impl PartPlace {
    /// The chunked-encryption `context` of the part.
    pub fn context(&self) -> Vec<u8> {
        let mut w = Writer::with_context("part");
        if Defence::PartPlace.holds() {
            self.revision.write(&mut w);
            w.u32(self.part);
        }
        w.finish()
    }
}

/// Which version, revision and part a file's ciphertext was sealed for. It may stand in later versions besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealedFor {
    /// Version, from 1.
    pub version: u32,
    /// Revision, from 0.
    pub revision: u32,
    /// Part, 1 or more.
    pub part: u32,
}
