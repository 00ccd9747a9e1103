//! Manifests: what belongs to one revision of one version, signed.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{AccessState, RevisionPlace, SealedFor};
use crate::{
    account::{KeyDirectory, KeyError},
    defence::Defence,
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
    /// What it was sealed for, where an earlier version has the very same part and it was carried over from there.
    pub carried: Option<SealedFor>,
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
        Ok(Self { header: PartHeader::parse(part)?, ciphertext_len, segments, carried: None })
    }

    /// Whether the stored bytes are the same, whichever version they were sealed for.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let of = |part: &Self| (part.header, part.ciphertext_len);
        of(self) == of(other) && self.segments == other.segments
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
        // Not even an empty field where nothing is carried over: so manifests looked before there was this.
        if self.parts.iter().any(|part| part.carried.is_some()) {
            w.nested(|w| write_carried(w, &self.parts));
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
        let mut manifest = Self {
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
        };
        if !r.is_empty() {
            read_carried(r, place, &mut manifest.parts)?;
        }
        Ok(manifest)
    }
}

fn write_carried(w: &mut Writer, parts: &[ManifestPart]) {
    for (n, part) in (0u32..).zip(parts) {
        if let Some(from) = part.carried {
            w.u32(n).u32(from.version).u32(from.revision).u32(from.part);
        }
    }
}

/// Parts that were carried over, ascending; at least one. A re-key carries nothing over: its parts are all sealed anew.
fn read_carried(r: &mut Reader<'_>, place: RevisionPlace, parts: &mut [ManifestPart]) -> Result<(), DecodeError> {
    let invalid = || DecodeError::Invalid { field: "carried" };
    let mut list = r.nested("carried", crate::encoding::MAX_FIELD)?;
    if list.is_empty() || place.revision != 0 {
        return Err(invalid());
    }
    let mut last = 0;
    while !list.is_empty() {
        let part = list.u32("carried")?;
        let from = SealedFor {
            version: list.u32("carried version")?,
            revision: list.u32("carried revision")?,
            part: list.u32("carried part")?,
        };
        let allowed = part > last && (1..place.version).contains(&from.version) && from.part > 0;
        let described = usize::try_from(part).ok().and_then(|i| parts.get_mut(i));
        described.filter(|_| allowed).ok_or_else(invalid)?.carried = Some(from);
        last = part;
    }
    Ok(())
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
    Ok(ManifestPart { header: PartHeader { salt, commitment }, ciphertext_len, segments, carried: None })
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
    /// A part is carried over from a version that has no such part, or has it under other keys by then.
    #[error("version {version} carries part {part} over from a version that does not have it")]
    CarriedForged {
        /// The version that carries it over.
        version: u32,
        /// Its part.
        part: u32,
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
    /// revision follows its predecessor and keeps its author and number of parts, and what is carried over stood in the
    /// version named, under the keys that this had then. Gives the current revision of each version. Signatures are
    /// verified apart.
    ///
    /// # Errors
    /// [`ManifestError::WrongReport`], [`ManifestError::BrokenChain`], [`ManifestError::CarriedForged`].
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
            let broken = m.seq != seq || m.previous != previous || !follows(&current, m);
            if broken && Defence::ManifestOrder.holds() {
                return Err(ManifestError::BrokenChain { after: seq - 1, found: m.seq });
            }
            if let Some(part) = wrongly_carried(&current, m) {
                return Err(ManifestError::CarriedForged { version: m.place.version, part });
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

    /// The files of those manifests for which `lost` holds. Whoever was given one of them has the keys of these files, whichever
    /// other versions have the files too.
    pub fn files_of(manifests: &[Self], lost: impl Fn(&Manifest) -> bool) -> BTreeSet<SealedFor> {
        manifests.iter().map(Signed::claimed).filter(|m| lost(m)).flat_map(Manifest::origins).collect()
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

/// The first part that isn't what it is said to be carried over from: a part that was sealed for the version named, which
/// has it under these keys still.
fn wrongly_carried(current: &BTreeMap<u32, &Signed<Manifest>>, m: &Manifest) -> Option<u32> {
    let stands = |part: &ManifestPart, from: &SealedFor| {
        let version = current.get(&from.version).map(|s| s.claimed())?;
        let source = version.part(from.part).ok()?;
        Some(version.place.revision == from.revision && source.carried.is_none() && source.is_same_as(part))
    };
    let wrong = |(n, part): (u32, &ManifestPart)| {
        let from = part.carried.as_ref()?;
        (stands(part, from) != Some(true)).then_some(n)
    };
    (0u32..).zip(&m.parts).find_map(wrong)
}

impl Manifest {
    /// Whether it lists one of these files.
    pub fn has_one_of(&self, files: &BTreeSet<SealedFor>) -> bool {
        !files.is_empty() && self.origins().any(|origin| files.contains(&origin))
    }

    /// What each file's ciphertext was sealed for: this revision, or the version it was carried over from.
    pub fn origins(&self) -> impl Iterator<Item = SealedFor> {
        let place = self.place;
        (0u32..).zip(&self.parts).skip(1).map(move |(part, described)| {
            let here = SealedFor { version: place.version, revision: place.revision, part };
            described.carried.unwrap_or(here)
        })
    }

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
