//! Manifests: what belongs to one revision of one version, signed.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{AccessState, RevisionPlace};
use crate::{
    account::{KeyDirectory, KeyError},
    encoding::{DecodeError, Reader, UnixMillis, Writer, sha256},
    format::{COMMITMENT, FormatError, Geometry, PartHeader, SALT},
    ids::{AccountId, Hash32, ReportId},
    sign::{Signed, SignedObject, VerifyError},
};

/// Most parts of a version, part 0 included.
pub const MAX_PARTS: usize = 1024;

/// One part as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestPart {
    /// Its first 56 bytes.
    pub header: PartHeader,
    /// Stored bytes, header included.
    pub ciphertext_len: u64,
    /// SHA-256 of each stored segment; the header belongs to the first.
    pub segments: Vec<Hash32>,
}

impl ManifestPart {
    /// Describes a part held in memory.
    ///
    /// # Errors
    /// [`FormatError`] when it isn't one.
    pub fn of(part: &[u8]) -> Result<Self, FormatError> {
        let ciphertext_len = part.len() as u64;
        let geometry = Geometry::of_ciphertext(ciphertext_len)?;
        let segments = (0..geometry.segments())
            .filter_map(|i| geometry.segment_ciphertext(i))
            .filter_map(|range| part.get(range.start as usize..range.end as usize))
            .map(sha256)
            .collect();
        Ok(Self { header: PartHeader::parse(part)?, ciphertext_len, segments })
    }

    /// The layout.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn geometry(&self) -> Result<Geometry, FormatError> {
        Geometry::of_ciphertext(self.ciphertext_len)
    }
}

/// A manifest. Its signer is the author in revision 0 and the owner in later ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Which revision.
    pub place: RevisionPlace,
    /// The report's manifests are numbered 1, 2, … in the order of signing.
    pub seq: u64,
    /// Hash of manifest `seq - 1`; the report id for the first.
    pub previous: Hash32,
    /// Head of the access chain that the content key was sealed for.
    pub access_head: Hash32,
    /// Who wrote the version.
    pub author: AccountId,
    /// Who signs the manifest.
    pub signer: AccountId,
    /// Epoch of the signing key.
    pub epoch: u32,
    /// When.
    pub time: UnixMillis,
    /// SHA-256 of the sealed author statement as stored.
    pub statement: Hash32,
    /// Parts 0, 1, 2 …
    pub parts: Vec<ManifestPart>,
}

impl SignedObject for Manifest {
    const NAME: &'static str = "manifest";
    const LIMIT: usize = crate::encoding::MAX_FIELD;

    fn encode(&self, w: &mut Writer) {
        self.place.write(w);
        w.u64(self.seq)
            .bytes(self.previous.as_ref())
            .bytes(self.access_head.as_ref())
            .bytes(self.author.as_ref())
            .bytes(self.signer.as_ref())
            .u32(self.epoch)
            .time(self.time)
            .bytes(self.statement.as_ref())
            .u32(self.parts.len() as u32);
        for part in &self.parts {
            w.bytes(&part.header.salt).bytes(&part.header.commitment).u64(part.ciphertext_len);
            let hashes: Vec<u8> = part.segments.iter().flat_map(|h| h.0).collect();
            w.bytes(&hashes);
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let place = RevisionPlace {
            report: ReportId(r.array("report")?),
            version: r.u32("version")?,
            revision: r.u32("revision")?,
        };
        let seq = r.u64("seq")?;
        if place.version == 0 || seq == 0 {
            return Err(DecodeError::Invalid { field: "version" });
        }
        Ok(Self {
            place,
            seq,
            previous: Hash32(r.array("previous")?),
            access_head: Hash32(r.array("access head")?),
            author: AccountId(r.array("author")?),
            signer: AccountId(r.array("signer")?),
            epoch: r.u32("epoch")?,
            time: r.time("time")?,
            statement: Hash32(r.array("statement")?),
            parts: read_parts(r)?,
        })
    }
}

fn read_parts(r: &mut Reader<'_>) -> Result<Vec<ManifestPart>, DecodeError> {
    let count = r.u32("parts")? as usize;
    if count == 0 || count > MAX_PARTS {
        return Err(DecodeError::Invalid { field: "parts" });
    }
    (0..count).map(|_| read_part(r)).collect()
}

fn read_part(r: &mut Reader<'_>) -> Result<ManifestPart, DecodeError> {
    let salt = r.array::<SALT>("salt")?;
    let commitment = r.array::<COMMITMENT>("commitment")?;
    let ciphertext_len = r.u64("ciphertext length")?;
    let invalid = DecodeError::Invalid { field: "ciphertext length" };
    let expected = Geometry::of_ciphertext(ciphertext_len).map_err(|_| invalid)?.segments();
    let hashes = r.bytes("segments", crate::encoding::MAX_FIELD)?;
    if hashes.len() as u64 != expected * 32 {
        return Err(DecodeError::Invalid { field: "segments" });
    }
    let (chunks, _) = hashes.as_chunks::<32>();
    let segments = chunks.iter().map(|h| Hash32(*h)).collect();
    Ok(ManifestPart { header: PartHeader { salt, commitment }, ciphertext_len, segments })
}

/// Why a manifest, or bytes under it, don't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestError {
    /// The signer's key is not known or had ended.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by its signer.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Of another report.
    #[error("the manifest is of another report")]
    WrongReport,
    /// Sealed for another head than the state given, or one that the chain never had.
    #[error("the manifest was sealed for another access head")]
    WrongHead,
    /// The author may not add versions, or someone other than the owner re-keyed.
    #[error("the manifest's signer was not entitled to it")]
    NotEntitled,
    /// It doesn't follow the manifest before: a gap, a fork or a roll-back.
    #[error("manifest {found} does not follow manifest {after}")]
    BrokenChain {
        /// The number before.
        after: u64,
        /// The number found.
        found: u64,
    },
    /// An older manifest than one seen before.
    #[error("the manifests do not contain the one seen before")]
    OlderThanSeen,
    /// No such part.
    #[error("the version has no part {0}")]
    NoSuchPart(u32),
    /// The header is that of another part of this version.
    #[error("part {found} was served for part {expected}")]
    PartSwapped {
        /// Asked for.
        expected: u32,
        /// Received.
        found: u32,
    },
    /// The header is not the part's.
    #[error("part {0} has another header than the manifest says")]
    WrongHeader(u32),
    /// Fewer bytes than the manifest says.
    #[error("part {part} is cut off")]
    Truncated {
        /// The part.
        part: u32,
    },
    /// More bytes than the manifest says.
    #[error("part {part} is longer than the manifest says")]
    Extended {
        /// The part.
        part: u32,
    },
    /// A segment of the part stands in another's place.
    #[error("part {part}: segment {found} was served for segment {expected}")]
    SegmentSwapped {
        /// The part.
        part: u32,
        /// Asked for.
        expected: u64,
        /// Received.
        found: u64,
    },
    /// A segment's bytes were changed.
    #[error("part {part}: segment {segment} was changed")]
    SegmentChanged {
        /// The part.
        part: u32,
        /// The segment.
        segment: u64,
    },
}

impl Signed<Manifest> {
    /// Verifies signature and entitlement. `state` is the access state at the manifest's head, at its time
    /// ([`AccessState::replay_to`]).
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn verify_manifest(&self, state: &AccessState, keys: &impl KeyDirectory) -> Result<&Manifest, ManifestError> {
        let claimed = self.claimed();
        if claimed.place.report != state.report() {
            return Err(ManifestError::WrongReport);
        }
        if claimed.access_head != state.head() {
            return Err(ManifestError::WrongHead);
        }
        let manifest = self.verify(keys.signer(&claimed.signer, claimed.epoch, claimed.time)?)?;
        let entitled = if manifest.place.revision == 0 {
            let began = sent_by_device(manifest, state, keys);
            manifest.author == manifest.signer && (began || state.may_contribute(manifest.author))
        } else {
            manifest.signer == state.owner()
        };
        if entitled { Ok(manifest) } else { Err(ManifestError::NotEntitled) }
    }

    /// Checks the order of a report's manifests 1, 2, …: each names the one before, versions grow by one from 1, a
    /// revision follows its predecessor and keeps its author and number of parts. Gives the current revision of each
    /// version. Signatures are verified apart.
    ///
    /// # Errors
    /// [`ManifestError::WrongReport`], [`ManifestError::BrokenChain`].
    pub fn verify_order<'a>(
        report: &ReportId,
        manifests: &'a [Self],
    ) -> Result<BTreeMap<u32, &'a Signed<Manifest>>, ManifestError> {
        let mut current: BTreeMap<u32, &Signed<Manifest>> = BTreeMap::new();
        let mut previous = Hash32(report.0);
        for (manifest, seq) in manifests.iter().zip(1u64..) {
            let m = manifest.claimed();
            if m.place.report != *report {
                return Err(ManifestError::WrongReport);
            }
            if m.seq != seq || m.previous != previous || !follows(&current, m) {
                return Err(ManifestError::BrokenChain { after: seq - 1, found: m.seq });
            }
            previous = manifest.hash();
            current.insert(m.place.version, manifest);
        }
        Ok(current)
    }

    /// Checks that manifests name heads of the access chain in its order. A contributor whose grant was revoked can't
    /// add a version behind one that was sealed after the revocation.
    ///
    /// # Errors
    /// [`ManifestError::WrongHead`].
    pub fn verify_heads(manifests: &[Self], state: &AccessState) -> Result<(), ManifestError> {
        let mut before = 0;
        for manifest in manifests {
            let at = state.seq_of_head(&manifest.claimed().access_head).ok_or(ManifestError::WrongHead)?;
            if at < before {
                return Err(ManifestError::WrongHead);
            }
            before = at;
        }
        Ok(())
    }

    /// Checks that manifests go on from one seen before.
    ///
    /// # Errors
    /// [`ManifestError::OlderThanSeen`].
    pub fn continues(manifests: &[Self], seq: u64, hash: &Hash32) -> Result<(), ManifestError> {
        let found = manifests.iter().any(|m| m.claimed().seq == seq && m.hash() == *hash);
        if found { Ok(()) } else { Err(ManifestError::OlderThanSeen) }
    }
}

/// Whether it is the version with which a device began the report: the one thing that a device writes, holding no grant.
fn sent_by_device(manifest: &Manifest, state: &AccessState, keys: &impl KeyDirectory) -> bool {
    let creator = state.genesis().creator;
    let first = manifest.place.version == 1 && manifest.seq == 1;
    first && manifest.author == creator && keys.device(&creator).is_some() && state.is_at_founding()
}

fn follows(current: &BTreeMap<u32, &Signed<Manifest>>, m: &Manifest) -> bool {
    match current.get(&m.place.version).map(|s| s.claimed()) {
        None => m.place.version == current.len() as u32 + 1 && m.place.revision == 0,
        Some(before) => {
            m.place.revision == before.place.revision + 1
                && m.author == before.author
                && m.parts.len() == before.parts.len()
        }
    }
}

impl Manifest {
    /// A part's description.
    ///
    /// # Errors
    /// [`ManifestError::NoSuchPart`].
    pub fn part(&self, part: u32) -> Result<&ManifestPart, ManifestError> {
        usize::try_from(part).ok().and_then(|i| self.parts.get(i)).ok_or(ManifestError::NoSuchPart(part))
    }

    /// Checks a received header.
    ///
    /// # Errors
    /// [`ManifestError::PartSwapped`], [`ManifestError::WrongHeader`], [`ManifestError::NoSuchPart`].
    pub fn check_header(&self, part: u32, header: &PartHeader) -> Result<(), ManifestError> {
        if self.part(part)?.header == *header {
            return Ok(());
        }
        let other = (0u32..).zip(&self.parts).find(|(_, p)| p.header == *header);
        Err(other.map_or(ManifestError::WrongHeader(part), |(found, _)| ManifestError::PartSwapped {
            expected: part,
            found,
        }))
    }

    /// Checks a received length.
    ///
    /// # Errors
    /// [`ManifestError::Truncated`], [`ManifestError::Extended`], [`ManifestError::NoSuchPart`].
    pub fn check_len(&self, part: u32, len: u64) -> Result<(), ManifestError> {
        match len.cmp(&self.part(part)?.ciphertext_len) {
            std::cmp::Ordering::Less => Err(ManifestError::Truncated { part }),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(ManifestError::Extended { part }),
        }
    }

    /// Checks a received segment by its SHA-256 (a browser computes it with WebCrypto).
    ///
    /// # Errors
    /// [`ManifestError::SegmentSwapped`], [`ManifestError::SegmentChanged`], [`ManifestError::NoSuchPart`].
    pub fn check_segment(&self, part: u32, segment: u64, hash: &Hash32) -> Result<(), ManifestError> {
        let segments = &self.part(part)?.segments;
        if usize::try_from(segment).ok().and_then(|i| segments.get(i)) == Some(hash) {
            return Ok(());
        }
        let other = (0u64..).zip(segments).find(|(_, h)| *h == hash);
        Err(other.map_or(ManifestError::SegmentChanged { part, segment }, |(found, _)| ManifestError::SegmentSwapped {
            part,
            expected: segment,
            found,
        }))
    }
}
