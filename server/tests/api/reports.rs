//! Completing drafts, adding versions, re-keying: all or nothing.

use api_types::{
    B64, ErrorCode, ReportId,
    drafts::DraftList,
    live::LiveKind,
    reports::{CreateReport, Report, ReportList, VersionContent},
};
use crypto::{
    ids,
    report::{Change, Manifest, Patient, Recipient, Right},
    sign::Signed,
};
use server::services::clean_up;

use crate::{
    live::Told,
    sealing::{Made, blob, grant, own},
    world::World,
};

const SMALL: usize = 40_000;

fn file(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

#[tokio::test]
async fn a_report_is_the_patients_from_the_first_moment() {
    let world = World::new().await;
    let (doctor, patient, stranger) = (world.doctor().await, world.patient().await, world.doctor().await);
    let made = world.report(&doctor, &patient, &[file(SMALL, 1)]).await;
    for (person, right) in [(&patient, "own"), (&doctor, "reshare")] {
        let list: ReportList = world.get(person, "/reports").await.json();
        assert_eq!(list.items.len(), 1);
        let item = &list.items[0];
        assert_eq!((item.id, item.owner, item.creator), (made.id, patient.id, doctor.id));
        assert_eq!(serde_json::to_value(item.grant.right).unwrap(), right);
        let report: Report = world.get(person, &format!("/reports/{}", made.id)).await.json();
        assert_eq!(report.entries, made.entries.iter().map(blob).collect::<Vec<_>>());
        assert_eq!((report.versions.len(), report.versions[0].wraps.len()), (1, 1));
        assert_eq!(report.versions[0].wraps[0].wrap, item.wrap);
        let content: VersionContent = world.get(person, &format!("/reports/{}/versions/1", made.id)).await.json();
        assert_eq!(content.part0, item.part0);
    }
    assert_eq!(world.get(&stranger, &format!("/reports/{}", made.id)).await.code(), ErrorCode::NotFound);
    assert!(world.get(&stranger, "/reports").await.json::<ReportList>().items.is_empty());
    assert!(world.get(&doctor, "/drafts").await.json::<DraftList>().items.is_empty(), "the draft is completed");
}

#[tokio::test]
async fn completing_is_repeatable_but_not_with_another_content() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = Made::found(world.now(), &doctor, &patient);
    let sealed = world.upload_version(&doctor, &made, 1, 0, &[file(SMALL, 1)]).await;
    let body = made.creation(sealed.body);
    let first: Report = world.post(&doctor, "/reports", &body).await.json();
    let again: Report = world.post(&doctor, "/reports", &body).await.json();
    assert_eq!(first, again);
    let other = made.seal(world.now(), &doctor, made.place(1, 0), &[]);
    assert_eq!(world.post(&doctor, "/reports", &made.creation(other.body)).await.code(), ErrorCode::Conflict);
}

/// Something that is wrong with a creation, and what it is called.
type Fault = (&'static str, ErrorCode, fn(&mut CreateReport));

const FAULTS: &[Fault] = &[
    ("no entries", ErrorCode::InvalidField, |b| b.entries.clear()),
    ("entries out of order", ErrorCode::AccessHeadMoved, |b| b.entries.reverse()),
    ("a broken genesis", ErrorCode::InvalidField, |b| b.genesis.0.truncate(20)),
    ("an unknown version", ErrorCode::UnknownVersion, |b| b.genesis.0[0] = 9),
    ("a forged manifest", ErrorCode::InvalidSignature, |b| flip_last(&mut b.version.manifest)),
    ("another part 0", ErrorCode::DigestMismatch, |b| flip_last(&mut b.version.part0)),
    ("another statement", ErrorCode::InvalidField, |b| flip_last(&mut b.version.statement)),
    ("a missing upload", ErrorCode::InvalidField, |b| b.version.uploads.clear()),
    ("an unknown upload", ErrorCode::Gone, |b| b.version.uploads[0].0[0] ^= 1),
    ("a missing wrap", ErrorCode::InvalidField, |b| drop(b.version.wraps.pop())),
    ("a doubled wrap", ErrorCode::InvalidField, |b| b.version.wraps.push(b.version.wraps[0].clone())),
    ("a wrap of another grant", ErrorCode::InvalidField, |b| b.version.wraps[0].wrap = b.version.wraps[1].wrap.clone()),
    ("version 2", ErrorCode::InvalidField, |b| b.version.version = 2),
];

fn flip_last(bytes: &mut B64) {
    if let Some(last) = bytes.0.last_mut() {
        *last ^= 1;
    }
}

#[tokio::test]
async fn a_faulty_report_is_named_and_leaves_no_half() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = Made::found(world.now(), &doctor, &patient);
    let sealed = world.upload_version(&doctor, &made, 1, 0, &[file(SMALL, 1)]).await;
    let good = made.creation(sealed.body);
    for (name, code, fault) in FAULTS {
        let mut bad = good.clone();
        fault(&mut bad);
        assert_eq!(world.post(&doctor, "/reports", &bad).await.code(), *code, "{name}");
        assert!(world.get(&patient, "/reports").await.json::<ReportList>().items.is_empty(), "{name}");
    }
    world.post(&doctor, "/reports", &good).await.ok();
}

#[tokio::test]
async fn an_incomplete_upload_is_no_part() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = Made::found(world.now(), &doctor, &patient);
    let mut sealed = world.upload_version(&doctor, &made, 1, 0, &[file(SMALL, 1)]).await;
    let create = api_types::uploads::CreateUpload {
        report_id: made.id,
        version: 1,
        revision: 0,
        part: 1,
        ciphertext_len: sealed.parts[1].len() as u64,
    };
    let empty: api_types::uploads::Upload = world.post(&doctor, "/uploads", &create).await.json();
    sealed.body.uploads = vec![empty.id];
    let body = made.creation(sealed.body);
    assert_eq!(world.post(&doctor, "/reports", &body).await.code(), ErrorCode::UploadIncomplete);
    let other: Vec<u8> = sealed.parts[1].iter().map(|b| b ^ 1).collect();
    world.put_segment(&doctor, empty.id, 0, &other).await.ok();
    assert_eq!(world.post(&doctor, "/reports", &body).await.code(), ErrorCode::DigestMismatch);
}

#[tokio::test]
async fn only_the_creator_completes_and_only_about_a_patient() {
    let world = World::new().await;
    let (doctor, patient, other) = (world.doctor().await, world.patient().await, world.doctor().await);
    let made = Made::found(world.now(), &doctor, &patient);
    let body = made.creation(made.seal(world.now(), &doctor, made.place(1, 0), &[]).body);
    assert_eq!(world.post(&other, "/reports", &body).await.code(), ErrorCode::Forbidden);
    let made = Made::found(world.now(), &doctor, &other);
    let body = made.creation(made.seal(world.now(), &doctor, made.place(1, 0), &[]).body);
    assert_eq!(world.post(&doctor, "/reports", &body).await.code(), ErrorCode::InvalidField);
}

#[tokio::test]
async fn patients_write_about_themselves_alone() {
    let world = World::new().await;
    let (patient, other) = (world.patient().await, world.patient().await);
    let placeholder = Patient::Placeholder(ids::PlaceholderId::random(&mut crate::world::rng()));
    let mut unnamed = Made::begin(world.now(), &patient, placeholder);
    unnamed.append(world.now(), &patient, Change::Grant(grant(own(&patient), Right::Own)));
    for made in [Made::found(world.now(), &patient, &other), unnamed] {
        let body = made.creation(made.seal(world.now(), &patient, made.place(1, 0), &[]).body);
        assert_eq!(world.post(&patient, "/reports", &body).await.code(), ErrorCode::Forbidden);
    }
    world.report(&patient, &patient, &[]).await;
}

#[tokio::test]
async fn versions_follow_one_another() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let path = format!("/reports/{}/versions", made.id);
    let third = made.seal(world.now(), &doctor, made.place(3, 0), &[]);
    assert_eq!(world.post(&doctor, &path, &third.body).await.code(), ErrorCode::VersionMoved);
    let second = world.upload_version(&doctor, &made, 2, 0, &[file(SMALL, 2)]).await;
    world.post(&doctor, &path, &second.body).await.ok();
    world.post(&doctor, &path, &second.body).await.ok();
    made.keep(second);
    let list: ReportList = world.get(&patient, "/reports").await.json();
    assert_eq!(list.items[0].version, 2);
    let report: Report = world.get(&patient, &format!("/reports/{}", made.id)).await.json();
    assert_eq!(report.versions.iter().map(|v| v.version).collect::<Vec<_>>(), [1, 2]);
    let other = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    let refused = world.post(&doctor, &path, &other.body).await.problem();
    assert_eq!((refused.code, refused.latest_version), (ErrorCode::VersionMoved, Some(2)));
}

#[tokio::test]
async fn a_version_for_an_older_access_head_is_refused() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let stale = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    made.knows(&colleague);
    let share = made.share(world.now(), &patient, grant(own(&colleague), Right::View), None);
    world.post(&patient, &format!("/reports/{}/grants", made.id), &share).await.ok();
    let path = format!("/reports/{}/versions", made.id);
    assert_eq!(world.post(&doctor, &path, &stale.body).await.code(), ErrorCode::AccessHeadMoved);
    let viewer = made.seal(world.now(), &colleague, made.place(2, 0), &[]);
    assert_eq!(world.post(&colleague, &path, &viewer.body).await.code(), ErrorCode::Forbidden);
}

#[tokio::test]
async fn re_keying_replaces_ciphertext_once_every_survivor_has_a_wrap() {
    re_keying(&World::new().await).await;
}

pub async fn re_keying(world: &World) {
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[file(SMALL, 1)]).await;
    made.knows(&colleague);
    let new = grant(own(&colleague), Right::View);
    let id = new.id;
    let share = made.share(world.now(), &patient, new, None);
    world.post(&patient, &format!("/reports/{}/grants", made.id), &share).await.ok();
    let told = Told::from_now(&world.state, colleague.id).await;
    let revoke = made.revocation(world.now(), &patient, id);
    let path = format!("/reports/{}/grants/{}/revoke", made.id, id);
    world.post(&patient, &path, &revoke).await.ok();
    assert_eq!(told.kinds(&world.state).await, [LiveKind::AccessEnded]);
    assert!(world.get(&patient, "/reports").await.json::<ReportList>().items[0].rekey_pending);
    assert!(!world.get(&doctor, "/reports").await.json::<ReportList>().items[0].rekey_pending);

    let part = |revision: u32| format!("/reports/{}/versions/1/revisions/{revision}/parts/1", made.id);
    world.get(&doctor, &part(0)).await.ok();
    let sealed = world.upload_version(&patient, &made, 1, 1, &[file(SMALL, 1)]).await;
    let revisions = format!("/reports/{}/versions/1/revisions", made.id);
    let mut short = sealed.body.clone();
    short.wraps.pop();
    assert_eq!(world.post(&patient, &revisions, &short).await.code(), ErrorCode::InvalidField);
    assert_eq!(world.post(&doctor, &revisions, &sealed.body).await.code(), ErrorCode::Forbidden);
    world.post(&patient, &revisions, &sealed.body).await.ok();
    world.post(&patient, &revisions, &sealed.body).await.ok();
    assert_eq!(world.get(&doctor, &part(0)).await.code(), ErrorCode::NotFound);
    assert_eq!(world.get(&doctor, &part(1)).await.body, sealed.parts[1]);
    let report: Report = world.get(&doctor, &format!("/reports/{}", made.id)).await.json();
    assert_eq!((report.versions[0].revision, report.superseded.len()), (1, 1));
    assert!(!world.get(&patient, "/reports").await.json::<ReportList>().items[0].rekey_pending);
    assert_eq!(world.blobs(), 2);
    world.state.clock.advance(10 * 60_000);
    clean_up::once(&world.state).await.unwrap();
    assert_eq!(world.blobs(), 1);
}

#[tokio::test]
async fn an_own_code_grant_is_no_way_to_begin() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = Made::found(world.now(), &doctor, &patient);
    let (code, _, _) = crate::sealing::code_grant(world.now(), &made, &patient);
    assert!(matches!(code.recipient, Recipient::Code { .. }));
    let mut child = code;
    child.parent = made.state.grants_of(doctor.chain.account()).map(|g| g.grant.id).next();
    made.append(world.now(), &doctor, Change::Grant(child));
    let body = made.creation(made.seal(world.now(), &doctor, made.place(1, 0), &[]).body);
    assert_eq!(world.post(&doctor, "/reports", &body).await.code(), ErrorCode::InvalidField);
    assert_eq!(world.get(&doctor, &format!("/reports/{}", ReportId(made.id.0))).await.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_version_and_a_revision_at_once_do_not_fork_the_manifests() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let made = world.report(&doctor, &patient, &[]).await;
    let second = made.seal(world.now(), &doctor, made.place(2, 0), &[]).body;
    let rekeyed = made.seal(world.now(), &patient, made.place(1, 1), &[]).body;
    let (versions, revisions) =
        (format!("/reports/{}/versions", made.id), format!("/reports/{}/versions/1/revisions", made.id));
    // Both are checked against the same manifests, and only then may either write.
    let writer = world.state.db.begin_write().await.unwrap();
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        drop(writer);
    };
    let (added, replaced, ()) =
        tokio::join!(world.post(&doctor, &versions, &second), world.post(&patient, &revisions, &rekeyed), release);
    assert_ne!(added.status.is_success(), replaced.status.is_success());
    let refused =
        if added.status.is_success() { (&replaced, ErrorCode::Conflict) } else { (&added, ErrorCode::VersionMoved) };
    assert_eq!(refused.0.code(), refused.1);
    let report: Report = world.get(&patient, &format!("/reports/{}", made.id)).await.json();
    let stored = report.versions.iter().map(|version| &version.manifest).chain(&report.superseded);
    let mut manifests: Vec<_> = stored.map(|manifest| Signed::<Manifest>::parse(&manifest.0).unwrap()).collect();
    manifests.sort_by_key(|manifest| manifest.claimed().seq);
    Signed::<Manifest>::verify_order(&ids::ReportId(made.id.0), &manifests).unwrap();
    let latest = server::storage::reports::get(world.state.db.read(), made.id).await.unwrap().unwrap().latest_version;
    assert_eq!(latest, if added.status.is_success() { 2 } else { 1 });
}
