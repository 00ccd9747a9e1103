//! Objects of docs/protocol.md: what is signed, what is sealed, and what says where it belongs.

use std::collections::BTreeMap;

use crypto::{
    account::{
        AccountClosing, AccountRemoval, EmergencyContact, KeyChain, KeyRecord, RecoveryProof, RecoverySplit,
        RoleStatement, WayIn,
    },
    audit::{AuditEvent, ReadRequest},
    encoding::Writer,
    format::{CHUNK, Geometry, HEADER, PartHeader, open_all},
    grant::CodeProof,
    ids::{AccountId, InstanceId, ReportId},
    report::{AccessEntry, AuthorStatement, Genesis, Manifest, ManifestPart, RevisionPlace, Wrap},
    secret::Secret,
    sign::{SIGNATURE_LEN, Signed, SignedObject},
    team::{TeamKeyWrap, TeamLeave, TeamRoster},
};

/// What the whole seed of `part` was sealed under, and for which report.
const CONTENT_KEY: [u8; 32] = [3; 32];
const REPORT: &str = "de05998245b68952e058db451b3266a59723ec85e2b31432283f9cfa2e799f12";

/// Version byte and length of an envelope, bytes.
const BEFORE_BODY: usize = 5;

/// An envelope of this object, if the bytes are one: with exactly one way to write it.
fn envelope<T: SignedObject>(data: &[u8]) -> Option<Signed<T>> {
    let signed = Signed::<T>::parse(data).ok()?;
    assert_eq!(signed.as_bytes(), data);
    let mut body = Writer::body();
    signed.claimed().encode(&mut body);
    let body = body.finish();
    assert_eq!(data.get(BEFORE_BODY..BEFORE_BODY + body.len()), Some(&body[..]));
    assert_eq!(data.len(), BEFORE_BODY + body.len() + signed.claimed().signatures() * SIGNATURE_LEN);
    Some(signed)
}

/// The name of a kind, where the bytes are of it.
type Is = fn(&[u8]) -> Option<&'static str>;

/// What the bytes can be read as, of all that is signed.
pub fn signed_as(data: &[u8]) -> Vec<&'static str> {
    fn is<T: SignedObject>(data: &[u8]) -> Option<&'static str> {
        envelope::<T>(data).map(|_| T::NAME)
    }
    const ALL: [Is; 16] = [
        is::<AccessEntry>,
        is::<AccountClosing>,
        is::<AccountRemoval>,
        is::<AuthorStatement>,
        is::<CodeProof>,
        is::<EmergencyContact>,
        is::<Genesis>,
        is::<KeyRecord>,
        is::<Manifest>,
        is::<ReadRequest>,
        is::<RecoveryProof>,
        is::<RecoverySplit>,
        is::<RoleStatement>,
        is::<TeamLeave>,
        is::<TeamRoster>,
        is::<WayIn>,
    ];
    ALL.iter().filter_map(|is| is(data)).collect()
}

/// Anything that is signed.
pub fn signed(data: &[u8]) -> bool {
    !signed_as(data).is_empty()
}

/// A manifest: each part has a length that a part can have, and a hash for each of its segments.
pub fn manifest(data: &[u8]) -> bool {
    let Some(manifest) = envelope::<Manifest>(data) else { return false };
    assert!(!manifest.claimed().parts.is_empty());
    for part in &manifest.claimed().parts {
        assert_eq!(part.geometry().unwrap().segments(), part.segments.len() as u64);
    }
    true
}

/// A part: its header, its layout, and its plaintext, which is the one that was sealed.
pub fn part(data: &[u8]) -> bool {
    let header = PartHeader::parse(data);
    if let Ok(header) = &header {
        assert_eq!(Some(&header.to_bytes()[..]), data.get(..HEADER));
    }
    if let Ok(geometry) = Geometry::of_ciphertext(data.len() as u64) {
        assert_eq!(geometry.ciphertext_len(), data.len() as u64);
        assert_eq!(geometry.final_chunk().end, data.len() as u64);
        assert_eq!(ManifestPart::of(data).unwrap().segments.len() as u64, geometry.segments());
    }
    let place = RevisionPlace { report: REPORT.parse::<ReportId>().unwrap(), version: 1, revision: 0 };
    let Ok(plain) = open_all(&Secret::new(CONTENT_KEY), &place.part(1).context(), data) else { return false };
    assert!(plain.iter().copied().eq((0..2 * CHUNK + 100).map(|i| (i % 251) as u8)), "nothing else was sealed");
    true
}

/// A content key or a team's key, wrapped.
pub fn wrap(data: &[u8]) -> bool {
    let wrap = Wrap::parse(data);
    if let Ok(wrap) = &wrap {
        assert_eq!(wrap.to_bytes(), data);
    }
    let team_key = TeamKeyWrap::parse(data);
    if let Ok(team_key) = &team_key {
        assert_eq!(team_key.to_bytes(), data);
    }
    wrap.is_ok() || team_key.is_ok()
}

/// An event of the audit.
pub fn event(data: &[u8]) -> bool {
    let Ok(event) = AuditEvent::parse(data) else { return false };
    assert_eq!(event.to_bytes(), data);
    let nobody = BTreeMap::<AccountId, KeyChain>::new();
    assert!(event.verify_reader(&InstanceId([9; 16]), &nobody).is_err(), "a reader whom nobody knows signed nothing");
    true
}
