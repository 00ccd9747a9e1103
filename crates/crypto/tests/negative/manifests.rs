//! Manifests and author statements: swapped, rolled back, signed by the wrong person.

use crypto::{
    account::KeyError,
    encoding::{DecodeError, sha256},
    format::{HEADER, PartHeader, PartKey, SEGMENT_PLAINTEXT, seal_all},
    ids::{AccountId, Hash32, ReportId},
    report::{
        AccessState, AuthorStatement, ChainError, Change, ContentHasher, Manifest, ManifestError, ManifestPart,
        RevisionPlace, Right, SealedFor, StatementError, open_statement, seal_statement,
    },
    sign::{Signed, VerifyError},
};

use crate::common::{Chain, Person, T0, content_key, directory, grant_to, rng};

type Keys = std::collections::BTreeMap<AccountId, crypto::account::KeyChain>;

struct World {
    doctor: Person,
    patient: Person,
    chain: Chain,
    keys: Keys,
}

impl World {
    fn new() -> Self {
        let (doctor, patient) = (Person::new(1), Person::new(2));
        let chain = Chain::founded(&doctor, &patient);
        let keys = directory([&doctor, &patient]);
        Self { doctor, patient, chain, keys }
    }

    fn state(&self) -> AccessState {
        self.chain.replay(&self.keys).unwrap()
    }

    fn place(&self, version: u32, revision: u32) -> RevisionPlace {
        RevisionPlace { report: self.chain.report(), version, revision }
    }

    fn parts(&self, place: RevisionPlace) -> Vec<Vec<u8>> {
        let plain = [vec![1u8; 100], vec![2u8; SEGMENT_PLAINTEXT + 100]];
        (0..)
            .zip(plain)
            .map(|(n, p)| {
                let key = PartKey::fresh(&content_key(1), &place.part(n).context(), &mut rng(n.into()));
                seal_all(key, &p).unwrap()
            })
            .collect()
    }

    fn statement(&self, version: u32) -> AuthorStatement {
        AuthorStatement {
            report: self.chain.report(),
            version,
            author: self.doctor.id(),
            epoch: 0,
            time: T0 + 200,
            parts: vec![ContentHasher::of(&[1; 100]), ContentHasher::of(&vec![2; SEGMENT_PLAINTEXT + 100])],
        }
    }

    fn manifest(&self, version: u32, revision: u32, before: Option<&Signed<Manifest>>) -> Manifest {
        let place = self.place(version, revision);
        Manifest {
            place,
            seq: before.map_or(1, |m| m.claimed().seq + 1),
            previous: before.map_or(self.chain.genesis.hash(), Signed::hash),
            access_head: self.chain.head(),
            author: self.doctor.id(),
            signer: if revision == 0 { self.doctor.id() } else { self.patient.id() },
            epoch: 0,
            time: T0 + 300,
            statement: Hash32([0; 32]),
            parts: self.parts(place).iter().map(|p| ManifestPart::of(p).unwrap()).collect(),
        }
    }

    fn sign(&self, manifest: Manifest) -> Signed<Manifest> {
        let by = if manifest.signer == self.doctor.id() { &self.doctor } else { &self.patient };
        Signed::parse(Signed::sign(manifest, &by.keyring.current().signing).as_bytes()).unwrap()
    }
}

#[test]
fn pass_author_then_owner() {
    let world = World::new();
    let first = world.sign(world.manifest(1, 0, None));
    first.verify_manifest(&world.state(), &world.keys).unwrap();
    let rekeyed = world.sign(world.manifest(1, 1, Some(&first)));
    rekeyed.verify_manifest(&world.state(), &world.keys).unwrap();
    let second = world.sign(world.manifest(2, 0, Some(&rekeyed)));
    let all = [first, rekeyed.clone(), second];
    let current = Signed::verify_order(&world.chain.report(), &all).unwrap();
    assert_eq!(current[&1].hash(), rekeyed.hash());
    assert_eq!(current.len(), 2);
    assert!(Signed::continues(&all, 2, &rekeyed.hash()).is_ok());
}

#[test]
fn fail_entitlement() {
    let world = World::new();
    let verify = |m: Manifest| world.sign(m).verify_manifest(&world.state(), &world.keys).map(drop);
    // Re-keyed by the author instead of the owner.
    let mut by_author = world.manifest(1, 1, None);
    by_author.signer = world.doctor.id();
    assert_eq!(verify(by_author), Err(ManifestError::NotEntitled));
    // A version under someone else's name.
    let mut named = world.manifest(1, 0, None);
    named.author = world.patient.id();
    assert_eq!(verify(named), Err(ManifestError::NotEntitled));
    // A viewer who adds a version.
    let viewer = Person::new(8);
    let mut chain = Chain::founded(&world.doctor, &world.patient);
    chain.push(&world.patient, Change::Grant(grant_to(9, &viewer, Right::View)));
    let keys = directory([&world.doctor, &world.patient, &viewer]);
    let mut m = world.manifest(1, 0, None);
    (m.author, m.signer, m.access_head) = (viewer.id(), viewer.id(), chain.head());
    let signed = Signed::sign(m, &viewer.keyring.current().signing);
    let result = signed.verify_manifest(&chain.replay(&keys).unwrap(), &keys);
    assert_eq!(result, Err(ManifestError::NotEntitled));
}

#[test]
fn fail_wrong_report_head_signature_epoch() {
    let world = World::new();
    let verify = |s: Signed<Manifest>| s.verify_manifest(&world.state(), &world.keys).map(drop).unwrap_err();
    let change = |f: fn(&mut Manifest)| {
        let mut m = world.manifest(1, 0, None);
        f(&mut m);
        world.sign(m)
    };
    assert_eq!(verify(change(|m| m.place.report.0[0] ^= 1)), ManifestError::WrongReport);
    assert_eq!(verify(change(|m| m.access_head.0[0] ^= 1)), ManifestError::WrongHead);
    assert_eq!(verify(change(|m| m.epoch = 1)), ManifestError::Keys(KeyError::EpochUnknown(1)));
    let forged = Signed::sign(world.manifest(1, 0, None), &Person::new(7).keyring.current().signing);
    assert_eq!(verify(forged), ManifestError::Verify(VerifyError::BadSignature));
}

#[test]
fn fail_older_access_head() {
    let world = World::new();
    let seen = world.state();
    let older = AccessState::replay(&world.chain.genesis, &world.chain.entries[..1], &world.keys, T0 + 900).unwrap();
    assert_eq!(older.continues(seen.seq(), &seen.head()), Err(ChainError::OlderThanSeen));
    let head = Hash32([9; 32]);
    let result = AccessState::replay_to(&world.chain.genesis, &world.chain.entries, &world.keys, &head, T0 + 900);
    assert_eq!(result, Err(ChainError::OlderThanSeen));
}

#[test]
fn fail_order_and_roll_back() {
    let world = World::new();
    let first = world.sign(world.manifest(1, 0, None));
    let rekeyed = world.sign(world.manifest(1, 1, Some(&first)));
    let report = world.chain.report();
    let order = |all: &[Signed<Manifest>]| Signed::verify_order(&report, all).map(drop);
    assert_eq!(order(std::slice::from_ref(&rekeyed)), Err(ManifestError::BrokenChain { after: 0, found: 2 }));
    assert_eq!(order(&[first.clone(), first.clone()]), Err(ManifestError::BrokenChain { after: 1, found: 1 }));
    assert_eq!(Signed::continues(std::slice::from_ref(&first), 2, &rekeyed.hash()), Err(ManifestError::OlderThanSeen));
    let other = ReportId([7; 32]);
    assert_eq!(Signed::verify_order(&other, std::slice::from_ref(&first)).unwrap_err(), ManifestError::WrongReport);
    // Version 3 after version 1; revision 3 after 0; an author exchanged in re-keying.
    let broken = |m: Manifest| order(&[first.clone(), world.sign(m)]).is_err();
    assert!(broken(world.manifest(3, 0, Some(&first))));
    assert!(broken(world.manifest(1, 3, Some(&first))));
    let mut m = world.manifest(1, 1, Some(&first));
    m.author = world.patient.id();
    assert!(broken(m));
}

#[test]
fn fail_served_bytes() {
    let world = World::new();
    let manifest = world.manifest(1, 0, None);
    let parts = world.parts(manifest.place);
    let header = |n: usize| PartHeader::parse(&parts[n]).unwrap();
    assert_eq!(manifest.check_header(1, &header(1)), Ok(()));
    let swapped = ManifestError::PartSwapped { expected: 1, found: 0 };
    assert_eq!(manifest.check_header(1, &header(0)), Err(swapped));
    for byte in 0..HEADER {
        let mut bytes = parts[1][..HEADER].to_vec();
        bytes[byte] ^= 1;
        let flipped = PartHeader::parse(&bytes).unwrap();
        assert_eq!(manifest.check_header(1, &flipped), Err(ManifestError::WrongHeader(1)), "{byte}");
    }
    assert_eq!(manifest.check_header(2, &header(1)), Err(ManifestError::NoSuchPart(2)));
    let len = parts[1].len() as u64;
    assert_eq!(manifest.check_len(1, len), Ok(()));
    assert_eq!(manifest.check_len(1, len - 1), Err(ManifestError::Truncated { part: 1 }));
    assert_eq!(manifest.check_len(1, len + 1), Err(ManifestError::Extended { part: 1 }));
    let segments = &manifest.part(1).unwrap().segments;
    assert_eq!(manifest.check_segment(1, 1, &segments[1]), Ok(()));
    let swapped = ManifestError::SegmentSwapped { part: 1, expected: 0, found: 1 };
    assert_eq!(manifest.check_segment(1, 0, &segments[1]), Err(swapped));
    let changed = ManifestError::SegmentChanged { part: 1, segment: 0 };
    assert_eq!(manifest.check_segment(1, 0, &sha256(b"other")), Err(changed));
}

#[test]
fn statement_survives_rekeying_and_names_its_faults() {
    let world = World::new();
    let signed = Signed::sign(world.statement(1), &world.doctor.keyring.current().signing);
    let mut manifest = world.manifest(1, 1, None);
    let sealed = seal_statement(&content_key(2), &manifest.place, &signed, &mut rng(9));
    manifest.statement = sha256(&sealed);
    let open = |m: &Manifest, sealed: &[u8]| open_statement(&content_key(2), m, sealed, &world.keys);
    let opened = open(&manifest, &sealed).unwrap();
    assert_eq!(opened, signed);
    let said = opened.claimed();
    assert_eq!(said.check(0, &ContentHasher::of(&[1; 100])), Ok(()));
    assert_eq!(said.check(0, &ContentHasher::of(&[1; 99])), Err(StatementError::WrongContent(0)));
    assert_eq!(said.check(2, &ContentHasher::of(&[])), Err(StatementError::WrongContent(2)));

    assert_eq!(open(&manifest, &sealed[1..]).unwrap_err(), StatementError::NotInManifest);
    let mut other = manifest.clone();
    other.place.revision = 2;
    assert!(matches!(open(&other, &sealed), Err(StatementError::Sealed(_))));
    let mut other = manifest.clone();
    other.author = world.patient.id();
    assert_eq!(open(&other, &sealed).unwrap_err(), StatementError::WrongSubject);
    // The owner can't speak for the author.
    let forged = Signed::sign(world.statement(1), &world.patient.keyring.current().signing);
    let sealed = seal_statement(&content_key(2), &manifest.place, &forged, &mut rng(9));
    manifest.statement = sha256(&sealed);
    let bad = StatementError::Verify(VerifyError::BadSignature);
    assert_eq!(open(&manifest, &sealed).unwrap_err(), bad);
}

#[test]
fn fail_version_behind_a_revocation() {
    // The doctor's grant is revoked, the owner re-keys; then a version under the old head turns up.
    let mut world = World::new();
    let first = world.sign(world.manifest(1, 0, None));
    let mut late = world.manifest(2, 0, None);
    world.chain.push(&world.patient, Change::Revoke(crypto::ids::GrantId([2; 16])));
    let rekeyed = world.sign(world.manifest(1, 1, Some(&first)));
    (late.seq, late.previous) = (3, rekeyed.hash());
    let all = [first, rekeyed, world.sign(late)];
    assert!(Signed::verify_order(&world.chain.report(), &all).is_ok());
    let state = world.state();
    assert_eq!(Signed::verify_heads(&all[..2], &state), Ok(()));
    assert_eq!(Signed::verify_heads(&all, &state), Err(ManifestError::WrongHead));
    let mut elsewhere = all[0].claimed().clone();
    elsewhere.access_head = Hash32([8; 32]);
    assert_eq!(Signed::verify_heads(&[world.sign(elsewhere)], &state), Err(ManifestError::WrongHead));
}

impl World {
    /// Version 2, whose file is the one that `from` names in a manifest.
    fn carrying(&self, before: &Signed<Manifest>, from: SealedFor, of: &Manifest) -> Manifest {
        let mut second = self.manifest(2, 0, Some(before));
        let described = of.part(from.part).unwrap_or(&of.parts[1]);
        second.parts[1] = ManifestPart { carried: Some(from), ..described.clone() };
        second
    }
}

const FILE: SealedFor = SealedFor { version: 1, revision: 0, part: 1 };

#[test]
fn pass_carried_over_and_shared_with_whoever_has_either() {
    let world = World::new();
    let first = world.sign(world.manifest(1, 0, None));
    let second = world.sign(world.carrying(&first, FILE, first.claimed()));
    second.verify_manifest(&world.state(), &world.keys).unwrap();
    assert_eq!(second.claimed().parts[1].carried, Some(FILE));
    assert_eq!(second.claimed().origins().collect::<Vec<_>>(), [FILE]);
    // A third names the version that the part was sealed for, not the one in between.
    let third = Manifest { place: world.place(3, 0), ..world.carrying(&second, FILE, first.claimed()) };
    let other = world.manifest(4, 0, Some(&world.sign(third.clone())));
    let all = [first, second, world.sign(third), world.sign(other)];
    assert_eq!(Signed::verify_order(&world.chain.report(), &all).unwrap().len(), 4);
    let sharing = |lost: u32| {
        let files = Signed::files_of(&all, |m| m.place.version == lost);
        all.iter().filter(|m| m.claimed().has_one_of(&files)).map(|m| m.claimed().place.version).collect::<Vec<_>>()
    };
    assert_eq!((sharing(1), sharing(3), sharing(4)), (vec![1, 2, 3], vec![1, 2, 3], vec![4]));
    assert!(sharing(5).is_empty());
}

#[test]
fn fail_carried_over_from_where_it_never_stood() {
    let world = World::new();
    let report = world.chain.report();
    let first = world.sign(world.manifest(1, 0, None));
    let order = |m: Manifest| Signed::verify_order(&report, &[first.clone(), world.sign(m)]).map(drop);
    let forged = Err(ManifestError::CarriedForged { version: 2, part: 1 });
    let carrying = |from| world.carrying(&first, from, first.claimed());
    assert_eq!(order(carrying(FILE)), Ok(()));
    assert_eq!(order(carrying(SealedFor { revision: 1, ..FILE })), forged, "keys that there never were");
    assert_eq!(order(carrying(SealedFor { part: 2, ..FILE })), forged, "no such part");
    // The header, the length and each hash are those of the version that is named.
    let changes: [fn(&mut ManifestPart); 3] =
        [|part| part.header.salt[0] ^= 1, |part| part.segments[1].0[0] ^= 1, |part| part.ciphertext_len -= 1];
    for change in changes {
        let mut other = carrying(FILE);
        change(&mut other.parts[1]);
        assert_eq!(order(other), forged);
    }
    // Once the version has other keys, what was sealed under the old ones is carried nowhere.
    let rekeyed = world.sign(world.manifest(1, 1, Some(&first)));
    let late = world.sign(world.carrying(&rekeyed, FILE, first.claimed()));
    assert_eq!(Signed::verify_order(&report, &[first.clone(), rekeyed, late]).map(drop), forged);
    // What is carried over already was not sealed for the version in between.
    let second = world.sign(carrying(FILE));
    let between = SealedFor { version: 2, ..FILE };
    let third = Manifest { place: world.place(3, 0), ..world.carrying(&second, between, second.claimed()) };
    let all = [first.clone(), second, world.sign(third)];
    assert_eq!(Signed::verify_order(&report, &all), Err(ManifestError::CarriedForged { version: 3, part: 1 }));
}

#[test]
fn fail_carried_over_malformed() {
    let world = World::new();
    let first = world.sign(world.manifest(1, 0, None));
    let parse = |m: Manifest| {
        Signed::<Manifest>::parse(Signed::sign(m, &world.doctor.keyring.current().signing).as_bytes()).map(drop)
    };
    let invalid = Err(DecodeError::Invalid { field: "carried" });
    let carrying = |from| world.carrying(&first, from, first.claimed());
    assert_eq!(parse(carrying(FILE)), Ok(()));
    for from in [
        SealedFor { version: 0, ..FILE },
        SealedFor { version: 2, ..FILE },
        SealedFor { version: 3, ..FILE },
        SealedFor { part: 0, ..FILE },
    ] {
        assert_eq!(parse(carrying(from)), invalid, "{from:?}");
    }
    // Part 0 is of its own version, and new keys carry nothing over.
    let mut fields = carrying(FILE);
    fields.parts[0].carried = Some(FILE);
    assert_eq!(parse(fields), invalid);
    let rekeyed = Manifest { place: world.place(2, 1), ..carrying(FILE) };
    assert_eq!(parse(rekeyed), invalid);
}
