//! Files that are carried over: stored once, given out to whoever may open the version, kept as long as a version has them.

use api_types::{
    ErrorCode,
    grants::RevokeGrant,
    limits::{FILES_MAX, VERSIONS_MAX},
    reports::{Report, ReportList},
};
use crypto::{
    report::{Right, SealedFor, Versions},
    sign::Signed,
};
use server::services::{clean_up, erasure, stored_blobs};

use crate::{
    parts::{checksum, checksums},
    sealing::{Made, grant, own},
    world::{Person, World},
};

const FILE: SealedFor = SealedFor { version: 1, revision: 0, part: 1 };

struct Ward {
    world: World,
    doctor: Person,
    patient: Person,
    made: Made,
    file: Vec<u8>,
}

impl Ward {
    /// A report with one file, and a second version that carries it over.
    async fn new() -> Self {
        let world = World::new().await;
        let (doctor, patient) = (world.doctor().await, world.patient().await);
        let file: Vec<u8> = (0..40_000u32).map(|i| (i % 251) as u8).collect();
        let made = world.report(&doctor, &patient, std::slice::from_ref(&file)).await;
        let mut ward = Self { world, doctor, patient, made, file };
        ward.carry(2, FILE).await;
        ward
    }

    async fn carry(&mut self, version: u32, from: SealedFor) {
        let place = self.made.place(version, 0);
        let sealed = self.made.seal_carrying(self.world.now(), &self.doctor, place, (from, &self.file));
        self.world.post(&self.doctor, &self.path("versions"), &sealed.body).await.ok();
        self.made.keep(sealed);
    }

    /// New keys for a version, by its owner.
    async fn rekey(&mut self, version: u32) {
        let files = [self.file.clone()];
        let sealed = self.world.upload_version(&self.patient, &self.made, version, 1, &files).await;
        let path = self.path(&format!("versions/{version}/revisions"));
        self.world.post(&self.patient, &path, &sealed.body).await.ok();
        self.made.keep(sealed);
    }

    fn path(&self, rest: &str) -> String {
        format!("/reports/{}/{rest}", self.made.id)
    }

    async fn part(&self, who: &Person, version: u32, revision: u32) -> Vec<u8> {
        let path = self.path(&format!("versions/{version}/revisions/{revision}/parts/1"));
        let answer = self.world.get(who, &path).await;
        answer.ok();
        answer.body.to_vec()
    }

    /// What is left once whatever may go has gone.
    async fn blobs(&self) -> usize {
        self.world.state.clock.advance(10 * 60_000);
        clean_up::once(&self.world.state).await.unwrap();
        self.world.blobs()
    }
}

#[tokio::test]
async fn a_file_is_stored_once_and_kept_as_long_as_a_version_has_it() {
    let mut ward = Ward::new().await;
    assert_eq!(ward.blobs().await, 1);
    let sealed = ward.part(&ward.patient, 1, 0).await;
    assert_eq!(ward.part(&ward.patient, 2, 0).await, sealed);
    assert_eq!(ward.part(&ward.doctor, 2, 0).await, sealed);
    // The first version gets other keys: its old ciphertext is the second one's still.
    ward.rekey(1).await;
    assert_eq!(ward.blobs().await, 2);
    assert_eq!(ward.part(&ward.doctor, 2, 0).await, sealed);
    assert_ne!(ward.part(&ward.doctor, 1, 1).await, sealed);
    // From then on it is carried nowhere else.
    let place = ward.made.place(3, 0);
    let late = ward.made.seal_carrying(ward.world.now(), &ward.doctor, place, (FILE, &ward.file));
    let refused = ward.world.post(&ward.doctor, &ward.path("versions"), &late.body).await.problem();
    assert_eq!((refused.code, refused.pointer.as_deref()), (ErrorCode::InvalidField, Some("/version/manifest")));
    ward.rekey(2).await;
    assert_eq!(ward.blobs().await, 2, "nobody has the old one any more");
    ward.carry(3, SealedFor { revision: 1, ..FILE }).await;
    assert_eq!(ward.blobs().await, 2);
    assert_eq!(ward.part(&ward.patient, 3, 0).await, ward.part(&ward.patient, 1, 1).await);
}

/// A scrub reads each blob once, whichever versions have it.
#[tokio::test]
async fn a_blob_that_several_versions_have_is_met_once() {
    let mut ward = Ward::new().await;
    ward.carry(3, FILE).await;
    assert_eq!(stored_blobs::all(ward.world.state.db.read()).await.unwrap().len(), 1);
    // The first one has a file of its own then, and the second is where the old one is met.
    ward.rekey(1).await;
    assert_eq!(stored_blobs::all(ward.world.state.db.read()).await.unwrap().len(), 2);
}

/// What readers' bytes are compared with goes along with them.
#[tokio::test]
async fn what_is_carried_over_or_sealed_anew_has_its_checksum() {
    let mut ward = Ward::new().await;
    ward.carry(3, FILE).await;
    ward.rekey(1).await;
    for (version, revision) in [(1, 1), (2, 0), (3, 0)] {
        let sealed = ward.part(&ward.patient, version, revision).await;
        let (version, revision) = (version.cast_signed(), revision.cast_signed());
        let sums = checksums(&ward.world, &ward.made, version, revision).await;
        assert_eq!(sums, [checksum(&sealed)], "version {version}");
    }
}

#[tokio::test]
async fn what_is_erased_goes_though_several_versions_had_it() {
    let mut ward = Ward::new().await;
    ward.carry(3, FILE).await;
    let now = ward.world.now();
    let tx = ward.world.state.db.begin_write().await.unwrap();
    erasure::wipe(tx.conn(), ward.made.id, now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ward.blobs().await, 0);
}

#[tokio::test]
async fn a_part_that_is_not_the_one_named_is_not_carried_over() {
    let ward = Ward::new().await;
    let place = ward.made.place(3, 0);
    let faults: [fn(&mut crypto::report::ManifestPart); 3] = [
        |part| part.segments[0].0[0] ^= 1,
        |part| part.header.salt[0] ^= 1,
        // Of the version in between, which has it from the first one itself.
        |part| part.carried = Some(SealedFor { version: 2, ..FILE }),
    ];
    for fault in faults {
        let mut sealed = ward.made.seal_carrying(ward.world.now(), &ward.doctor, place, (FILE, &ward.file));
        let mut manifest = sealed.manifest.claimed().clone();
        fault(&mut manifest.parts[1]);
        sealed.body.manifest = Signed::sign(manifest, &ward.doctor.keyring.current().signing).as_bytes().into();
        let refused = ward.world.post(&ward.doctor, &ward.path("versions"), &sealed.body).await;
        assert_eq!(refused.code(), ErrorCode::InvalidField);
    }
    // An upload besides, for a part that needs none.
    let mut sealed = ward.made.seal_carrying(ward.world.now(), &ward.doctor, place, (FILE, &ward.file));
    sealed.body.uploads.push(api_types::UploadId([1; 16]));
    let refused = ward.world.post(&ward.doctor, &ward.path("versions"), &sealed.body).await.problem();
    assert_eq!(refused.pointer.as_deref(), Some("/version/uploads"));
    let report: Report = ward.world.get(&ward.patient, &format!("/reports/{}", ward.made.id)).await.json();
    assert_eq!(report.versions.len(), 2);
}

/// What is carried over costs its owner no room, so there is an end to it.
#[tokio::test]
async fn a_version_carries_no_file_over_twice_and_no_more_than_it_may_have() {
    let ward = Ward::new().await;
    let place = ward.made.place(3, 0);
    for (files, detail) in [(2, "carries a file over twice"), (FILES_MAX + 1, "at most 200 files")] {
        let mut sealed = ward.made.seal_carrying(ward.world.now(), &ward.doctor, place, (FILE, &ward.file));
        let mut manifest = sealed.manifest.claimed().clone();
        let part = manifest.parts[1].clone();
        manifest.parts.resize(files + 1, part);
        sealed.body.manifest = Signed::sign(manifest, &ward.doctor.keyring.current().signing).as_bytes().into();
        let refused = ward.world.post(&ward.doctor, &ward.path("versions"), &sealed.body).await.problem();
        assert_eq!((refused.code, refused.pointer.as_deref()), (ErrorCode::InvalidField, Some("/version/manifest")));
        assert_eq!(refused.detail.as_deref(), Some(detail));
    }
}

#[tokio::test]
async fn a_report_has_an_end_of_versions() {
    let mut ward = Ward::new().await;
    let set_latest = async |version: u32| {
        let now = ward.world.now();
        let tx = ward.world.state.db.begin_write().await.unwrap();
        server::storage::reports::set_latest(tx.conn(), ward.made.id, version as i32, now).await.unwrap();
        tx.commit().await.unwrap();
    };
    set_latest(VERSIONS_MAX).await;
    let sealed = ward.made.seal_carrying(ward.world.now(), &ward.doctor, ward.made.place(3, 0), (FILE, &ward.file));
    let refused = ward.world.post(&ward.doctor, &ward.path("versions"), &sealed.body).await;
    assert_eq!(refused.code(), ErrorCode::TooManyVersions);
    set_latest(2).await;
    ward.carry(3, FILE).await;
}

/// Their own version would have the server give them what they aren't given.
#[tokio::test]
async fn nobody_carries_over_what_they_may_not_open() {
    let mut ward = Ward::new().await;
    let colleague = ward.world.doctor().await;
    let third = ward.made.seal(ward.world.now(), &ward.doctor, ward.made.place(3, 0), &[]);
    ward.world.post(&ward.doctor, &ward.path("versions"), &third.body).await.ok();
    ward.made.keep(third);
    ward.made.knows(&colleague);
    let mut later = grant(own(&colleague), Right::Contribute);
    later.versions = Versions { from: 3, to: u32::MAX };
    let share = ward.made.share(ward.world.now(), &ward.patient, later, None);
    ward.world.post(&ward.patient, &ward.path("grants"), &share).await.ok();
    let place = ward.made.place(4, 0);
    let taken = ward.made.seal_carrying(ward.world.now(), &colleague, place, (FILE, &ward.file));
    assert_eq!(ward.world.post(&colleague, &ward.path("versions"), &taken.body).await.code(), ErrorCode::NotFound);
    // Once it stands in one that they may open, they may.
    ward.carry(4, FILE).await;
    let place = ward.made.place(5, 0);
    let carried = ward.made.seal_carrying(ward.world.now(), &colleague, place, (FILE, &ward.file));
    ward.world.post(&colleague, &ward.path("versions"), &carried.body).await.ok();
}

/// Whoever loses one version had the key of a file that others have too: they wait for new keys as well.
#[tokio::test]
async fn the_queue_names_every_version_that_has_a_file_of_one_that_was_lost() {
    let mut ward = Ward::new().await;
    let colleague = ward.world.doctor().await;
    let third = ward.made.seal(ward.world.now(), &ward.doctor, ward.made.place(3, 0), &[]);
    ward.world.post(&ward.doctor, &ward.path("versions"), &third.body).await.ok();
    ward.made.keep(third);
    ward.made.knows(&colleague);
    let mut first = grant(own(&colleague), Right::View);
    first.versions = Versions { from: 1, to: 1 };
    let id = first.id;
    let share = ward.made.share(ward.world.now(), &ward.patient, first, None);
    ward.world.post(&ward.patient, &ward.path("grants"), &share).await.ok();
    let revoke: RevokeGrant = ward.made.revocation(ward.world.now(), &ward.patient, id);
    ward.world.post(&ward.patient, &ward.path(&format!("grants/{id}/revoke")), &revoke).await.ok();
    let report: Report = ward.world.get(&ward.patient, &format!("/reports/{}", ward.made.id)).await.json();
    let due: Vec<_> = report.versions.iter().map(|version| version.rekey_pending).collect();
    assert_eq!(due, [true, true, false]);
    assert!(ward.world.get(&ward.patient, "/reports").await.json::<ReportList>().items[0].rekey_pending);
}
