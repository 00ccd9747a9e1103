//! Versions: changed, compared, brought back, saved by two at once; files that stay aren't stored again.

use std::sync::{Arc, atomic::Ordering};

use api_types::{GrantId, ReportId, accounts::Role};
use bytes::Bytes;
use client::{
    ClientError, FileChange, OpenDraft, PatientChoice, Side, UploadState, Vault,
    bulk::Control,
    compare_versions,
    content::{Field, ReportFields},
};
use crypto::report::{SealedFor, Versions};
use tokio::sync::Notify;

use crate::{
    fake::{Fake, World},
    flows::fields,
    lies::{Scene, scene, straight},
};

const SCAN: &[u8] = b"%PDF-1.7 picture";

fn diagnosed(text: &str) -> ReportFields {
    ReportFields { diagnosis: text.to_owned(), ..fields() }
}

/// Changes the diagnosis and saves that as a version.
async fn change(author: &Vault<World>, id: &ReportId, text: &str) -> u32 {
    let draft = author.edit_report(id).await.unwrap();
    draft.set_fields(diagnosed(text)).unwrap();
    draft.save_version(&Control::none()).await.unwrap().latest
}

async fn diagnosis(reader: &Vault<World>, id: &ReportId, version: u32) -> String {
    let open = reader.report(id).await.unwrap();
    reader.version(&open, version).await.unwrap().content.fields.diagnosis
}

async fn file(reader: &Vault<World>, id: &ReportId, version: u32, name: &str) -> Option<Vec<u8>> {
    let open = reader.report(id).await.unwrap();
    let version = reader.version(&open, version).await.unwrap();
    let part = version.content.files.iter().find(|file| file.name == name)?.part;
    Some(reader.download(&version, part, Vec::new(), &Control::none()).await.unwrap())
}

fn sent(server: &Fake) -> usize {
    server.segments_sent.load(Ordering::Relaxed)
}

/// What the file of a version is carried over from.
fn carried(server: &Fake, id: &ReportId, version: u32) -> Option<SealedFor> {
    let manifest = server.db().reports[id].versions[&version].last().unwrap().body.manifest.clone();
    let manifest = crypto::sign::Signed::<crypto::report::Manifest>::parse(&manifest.0).unwrap();
    manifest.claimed().parts[1].carried
}

#[tokio::test]
async fn a_change_is_the_next_version_and_the_one_before_stays() {
    let Scene { server, patient, doctor, id } = scene().await;
    let before = sent(&server);
    let draft = doctor.edit_report(&id).await.unwrap();
    assert_eq!((draft.base(), draft.fields()), (Some(1), fields()));
    assert!(draft.files()[0].is_kept());
    assert!(server.db().drafts.is_empty(), "nothing is stored before something was changed");
    draft.set_fields(diagnosed("A shadow")).unwrap();
    draft.add_file("lab.txt", &Bytes::from_static(b"values"), &Control::none()).await.unwrap();
    // Somebody else's draft of the same report is none of theirs.
    assert!(patient.drafts().await.unwrap().is_empty());
    let draft = doctor.edit_report(&id).await.unwrap();
    assert_eq!((draft.base(), draft.files().len()), (Some(1), 2), "it goes on after a reload");
    let open = draft.save_version(&Control::none()).await.unwrap();
    assert_eq!((open.latest, open.versions.len()), (2, 2));
    assert!(doctor.drafts().await.unwrap().is_empty());
    assert_eq!(sent(&server), before + 1, "the new file alone travelled");
    {
        let db = server.db();
        let versions = &db.reports[&id].versions;
        assert_eq!(versions[&1][0].parts[1], versions[&2][0].parts[1], "the other one is the same ciphertext");
    }
    assert_eq!(carried(&server, &id, 2), Some(SealedFor { version: 1, revision: 0, part: 1 }));
    for reader in [&patient, &doctor] {
        assert_eq!(diagnosis(reader, &id, 1).await, "No finding");
        assert_eq!(diagnosis(reader, &id, 2).await, "A shadow");
        for version in [1, 2] {
            assert_eq!(file(reader, &id, version, "scan.pdf").await.unwrap(), SCAN);
        }
        assert_eq!(file(reader, &id, 1, "lab.txt").await, None);
        assert_eq!(file(reader, &id, 2, "lab.txt").await.unwrap(), b"values");
    }
    let open = patient.report(&id).await.unwrap();
    let (first, second) = (patient.version(&open, 1).await.unwrap(), patient.version(&open, 2).await.unwrap());
    assert_eq!(second.info.author, doctor.account_id());
    let compared = compare_versions(&first, &second);
    assert_eq!(compared.fields.iter().map(|change| change.field).collect::<Vec<_>>(), [Field::Diagnosis]);
    assert!(matches!(&compared.files[..], [FileChange::Added(file)] if file.name == "lab.txt"));
    assert_eq!(compared.same_files, 1);
    let json = serde_json::to_string(&patient.list_all().await.unwrap().rows).unwrap();
    assert!(!json.contains("secret"), "rows hold no key");
}

/// Whoever was given a later version alone opens its files, those that were carried over too, and nothing before.
#[tokio::test]
async fn a_reader_of_a_later_version_opens_what_was_carried_into_it() {
    let Scene { server, patient, doctor, id } = scene().await;
    change(&doctor, &id, "A shadow").await;
    assert_eq!(change(&doctor, &id, "A smaller shadow").await, 3);
    assert_eq!(carried(&server, &id, 3), Some(SealedFor { version: 1, revision: 0, part: 1 }));
    let reader = server.person("Rita Reader", Role::Doctor).await;
    patient.share(&id, &straight(&reader)).await.unwrap();
    assert_eq!(file(&reader, &id, 3, "scan.pdf").await.unwrap(), SCAN);
    assert_eq!(file(&reader, &id, 2, "scan.pdf").await.unwrap(), SCAN);
}

#[tokio::test]
async fn whoever_may_only_read_changes_nothing() {
    let Scene { server, patient, id, .. } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    patient.share(&id, &straight(&reader)).await.unwrap();
    assert!(matches!(reader.edit_report(&id).await, Err(ClientError::NotAllowed)));
    let restored = reader.restore_version(&id, 1, 1, &Control::none()).await;
    assert!(matches!(restored, Err(ClientError::NotAllowed | ClientError::Unchanged)));
    let draft = patient.edit_report(&id).await.unwrap();
    assert!(matches!(draft.save_version(&Control::none()).await, Err(ClientError::Unchanged)));
    assert_eq!(server.db().reports[&id].versions.len(), 1);
}

#[tokio::test]
async fn two_who_save_at_once_both_keep_their_work() {
    let Scene { server, patient, doctor, id } = scene().await;
    let (ann, dora) = (patient.edit_report(&id).await.unwrap(), doctor.edit_report(&id).await.unwrap());
    let typed = |title: &str, diagnosis: &str| ReportFields { title: title.to_owned(), ..diagnosed(diagnosis) };
    ann.set_fields(ReportFields { kind: "radiology".into(), ..typed("Chest X-ray", "From Ann") }).unwrap();
    ann.add_file("ann.txt", &Bytes::from_static(b"Ann's"), &Control::none()).await.unwrap();
    dora.set_fields(typed("Chest X-ray, second look", "From Dora")).unwrap();
    dora.add_file("dora.txt", &Bytes::from_static(b"Dora's"), &Control::none()).await.unwrap();
    dora.remove_file(1).await.unwrap();
    assert!(dora.conflict().await.unwrap().is_none());
    assert_eq!(dora.save_version(&Control::none()).await.unwrap().latest, 2);

    let refused = ann.save_version(&Control::none()).await;
    assert!(matches!(refused, Err(ClientError::VersionMoved { latest: 2 })));
    // Nothing of the draft is lost, not even to a reload.
    let ann = patient.edit_report(&id).await.unwrap();
    assert_eq!((ann.base(), ann.files().len()), (Some(1), 2));
    let conflict = ann.conflict().await.unwrap().unwrap();
    assert_eq!((conflict.base.version, conflict.theirs.version), (1, 2));
    assert_eq!(conflict.theirs.author, doctor.account_id());
    let told: Vec<_> = conflict.fields.iter().map(|f| (f.field, f.is_contested(), f.usual())).collect();
    let expected =
        [(Field::Title, false, Side::Theirs), (Field::Kind, false, Side::Mine), (Field::Diagnosis, true, Side::Mine)];
    assert_eq!(told, expected);
    assert!(matches!(&conflict.files[..], [FileChange::Removed(scan), FileChange::Added(added)]
        if scan.name == "scan.pdf" && added.name == "dora.txt"));
    let before = sent(&server);
    // What is typed in a field that both were asked about makes it another question.
    assert!(ann.stands_as_in(&conflict));
    let mine = ann.fields();
    ann.set_fields(ReportFields { title: "Chest X-ray, third look".into(), ..mine.clone() }).unwrap();
    assert!(!ann.stands_as_in(&conflict));
    ann.set_fields(ReportFields { prescription: "Rest".into(), ..mine.clone() }).unwrap();
    assert!(ann.stands_as_in(&conflict), "nobody else changed that one");
    ann.set_fields(mine).unwrap();
    ann.merge(&conflict, |field| field.usual()).unwrap();
    assert!(!ann.stands_as_in(&conflict), "it goes on from their version");
    ann.save_version(&Control::none()).await.unwrap();
    assert_eq!(sent(&server), before, "what was uploaded for version 2 is part of version 3 as it is");

    let open = doctor.report(&id).await.unwrap();
    let third = doctor.version(&open, 3).await.unwrap();
    let merged = ReportFields { kind: "radiology".into(), ..typed("Chest X-ray, second look", "From Ann") };
    assert_eq!(third.content.fields, merged);
    assert_eq!(file(&doctor, &id, 3, "ann.txt").await.unwrap(), b"Ann's");
    assert_eq!(file(&doctor, &id, 3, "dora.txt").await.unwrap(), b"Dora's");
    assert_eq!(file(&doctor, &id, 3, "scan.pdf").await, None, "Dora took it out");
    assert_eq!(diagnosis(&patient, &id, 2).await, "From Dora");
    assert_eq!(file(&patient, &id, 1, "scan.pdf").await.unwrap(), SCAN);
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_no_conflict() {
    let Scene { server, patient, id, .. } = scene().await;
    let draft = patient.edit_report(&id).await.unwrap();
    draft.set_fields(diagnosed("Once")).unwrap();
    server.loses_version.store(true, Ordering::Relaxed);
    let lost = draft.save_version(&Control::none()).await;
    assert_eq!(lost.err().unwrap().code(), "offline");
    assert_eq!(draft.save_version(&Control::none()).await.unwrap().latest, 2);
    assert_eq!(server.db().reports[&id].versions.len(), 2, "once");
    // Again: the same.
    assert_eq!(draft.save_version(&Control::none()).await.unwrap().latest, 2);
    assert!(patient.drafts().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_typed_after_a_lost_answer_goes_on_from_the_version_that_was_taken() {
    let Scene { server, patient, id, .. } = scene().await;
    let draft = patient.edit_report(&id).await.unwrap();
    draft.set_fields(diagnosed("Once")).unwrap();
    draft.add_file("lab.txt", &Bytes::from_static(b"values"), &Control::none()).await.unwrap();
    server.loses_version.store(true, Ordering::Relaxed);
    assert_eq!(draft.save_version(&Control::none()).await.err().unwrap().code(), "offline");
    draft.set_fields(diagnosed("Twice")).unwrap();
    draft.save().await.unwrap();
    assert_eq!(draft.base(), Some(2));
    assert!(draft.files().iter().all(|file| file.is_kept()));
    assert_eq!(draft.save_version(&Control::none()).await.unwrap().latest, 3);
    assert_eq!(diagnosis(&patient, &id, 2).await, "Once");
    assert_eq!(diagnosis(&patient, &id, 3).await, "Twice");
    assert_eq!(file(&patient, &id, 3, "lab.txt").await.unwrap(), b"values");
}

/// Saved as a draft once more while the version was on its way: that draft stays, and goes on from the version.
#[tokio::test]
async fn what_was_saved_while_the_version_was_on_its_way_goes_on_from_it() {
    let Scene { server, patient, id, .. } = scene().await;
    let draft = patient.edit_report(&id).await.unwrap();
    draft.set_fields(diagnosed("Once")).unwrap();
    let puts = || server.asked.lock().unwrap().iter().filter(|asked| asked.starts_with("PUT /api/v1/drafts/")).count();
    let before = puts();
    // The draft of the version is answered once the next save waits behind it; the version once that one is stored.
    let arrives = Arc::new(Notify::new());
    let path: &'static str = format!("/drafts/{id}").leak();
    *server.held.lock().unwrap() = Some((path, Arc::clone(&arrives)));
    let typed = draft.clone();
    let on_its_way = async move {
        typed.set_fields(diagnosed("Thrice")).unwrap();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    };
    *server.meanwhile.lock().unwrap() = Some(("/versions", Box::pin(on_its_way)));
    let saves_by_itself = async {
        while puts() == before {
            tokio::task::yield_now().await;
        }
        draft.set_fields(diagnosed("Twice")).unwrap();
        let answered = async {
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            *server.held.lock().unwrap() = None;
            arrives.notify_one();
        };
        tokio::join!(draft.save(), answered).0.unwrap();
    };
    let control = Control::none();
    let (saved, ()) = tokio::join!(draft.save_version(&control), saves_by_itself);
    assert_eq!(saved.unwrap().latest, 2);
    assert_eq!(server.db().drafts.len(), 1, "what was saved since is a draft still");
    assert!(draft.is_stored());
    assert_eq!(draft.save_version(&Control::none()).await.unwrap().latest, 3);
    assert_eq!(diagnosis(&patient, &id, 2).await, "Twice");
    assert_eq!(diagnosis(&patient, &id, 3).await, "Thrice");
    assert!(server.db().drafts.is_empty());
}

#[tokio::test]
async fn an_earlier_version_comes_back_as_the_next_one() {
    let Scene { server, patient, doctor, id } = scene().await;
    let draft = doctor.edit_report(&id).await.unwrap();
    draft.set_fields(diagnosed("A shadow")).unwrap();
    draft.remove_file(1).await.unwrap();
    draft.save_version(&Control::none()).await.unwrap();
    let before = sent(&server);
    let old = patient.restore_version(&id, 1, 1, &Control::none()).await;
    assert!(matches!(old, Err(ClientError::Unchanged)), "the newest that was seen");
    server.loses_version.store(true, Ordering::Relaxed);
    assert_eq!(patient.restore_version(&id, 1, 2, &Control::none()).await.err().unwrap().code(), "offline");
    assert_eq!(patient.restore_version(&id, 1, 2, &Control::none()).await.unwrap().latest, 3);
    assert_eq!(sent(&server), before, "its file is not stored again");
    let open = doctor.report(&id).await.unwrap();
    assert_eq!(open.versions.len(), 3);
    let third = doctor.version(&open, 3).await.unwrap();
    assert_eq!((third.content.fields.clone(), third.content.restores), (fields(), Some(1)));
    assert_eq!(file(&doctor, &id, 3, "scan.pdf").await.unwrap(), SCAN);
    assert_eq!(diagnosis(&doctor, &id, 2).await, "A shadow");
    // Somebody who hasn't seen the newest one is told of it first.
    let unseen = doctor.restore_version(&id, 1, 2, &Control::none()).await;
    assert!(matches!(unseen, Err(ClientError::VersionMoved { latest: 3 })));
}

/// Gives somebody some versions straight, and says by which grant.
fn give(server: &Fake, owner: &Vault<World>, reader: &Vault<World>, id: &ReportId, version: u32) -> GrantId {
    server.grant_versions(owner, reader, id, Versions { from: version, to: version });
    let state = server.replay(&server.db(), id);
    let account = crypto::ids::AccountId(reader.account_id().0);
    GrantId(state.grants_of(account).next().unwrap().grant.id.0)
}

#[tokio::test]
async fn whoever_loses_a_version_loses_the_files_that_it_shares_with_others() {
    for given in [1, 2] {
        let Scene { server, patient, doctor, id } = scene().await;
        change(&doctor, &id, "A shadow").await;
        change(&doctor, &id, "Nothing of theirs").await;
        let draft = doctor.edit_report(&id).await.unwrap();
        draft.remove_file(1).await.unwrap();
        draft.save_version(&Control::none()).await.unwrap();
        let reader = server.person("Rita Reader", Role::Doctor).await;
        let grant = give(&server, &patient, &reader, &id, given);
        patient.revoke(&id, &grant).await.unwrap();
        let due = |open: &client::OpenReport| open.versions.iter().map(|v| v.rekey_pending).collect::<Vec<_>>();
        let open = patient.report(&id).await.unwrap();
        assert_eq!(due(&open), [true, true, true, false], "all that have the file, whichever was given: {given}");
        assert_eq!(patient.rekey(&id, &Control::none()).await.unwrap(), 3);
        let open = patient.report(&id).await.unwrap();
        assert_eq!(due(&open), [false; 4]);
        let parts: Vec<_> = {
            let db = server.db();
            (1..=3).map(|version| db.reports[&id].versions[&version].last().unwrap().parts[1].clone()).collect()
        };
        assert!(parts[0] != parts[1] && parts[1] != parts[2], "each has keys of its own");
        for version in 1..=3 {
            assert_eq!(carried(&server, &id, version), None);
            assert_eq!(file(&doctor, &id, version, "scan.pdf").await.unwrap(), SCAN);
        }
    }
}

#[tokio::test]
async fn what_somebody_who_lost_access_may_open_is_sealed_again() {
    let Scene { server, patient, doctor, id } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    let grant = give(&server, &patient, &reader, &id, 1);
    patient.revoke(&id, &grant).await.unwrap();
    let before = sent(&server);
    // The owner has not changed the keys yet.
    assert_eq!(change(&doctor, &id, "A shadow").await, 2);
    assert_eq!((carried(&server, &id, 2), sent(&server)), (None, before + 1));
    assert_eq!(file(&doctor, &id, 2, "scan.pdf").await.unwrap(), SCAN);
    let open = patient.report(&id).await.unwrap();
    assert_eq!(open.versions.iter().map(|v| v.rekey_pending).collect::<Vec<_>>(), [true, false]);
    patient.rekey(&id, &Control::none()).await.unwrap();
    // From the keys that count now it is carried over again.
    let restored = doctor.restore_version(&id, 1, 2, &Control::none()).await.unwrap();
    assert_eq!(restored.latest, 3);
    assert_eq!(carried(&server, &id, 3), Some(SealedFor { version: 1, revision: 1, part: 1 }));
    assert_eq!(file(&doctor, &id, 3, "scan.pdf").await.unwrap(), SCAN);
}

/// It would stay in the owner's space.
#[tokio::test]
async fn what_was_sealed_again_for_a_version_that_is_refused_goes() {
    let Scene { server, patient, doctor, id } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    let grant = give(&server, &patient, &reader, &id, 1);
    patient.revoke(&id, &grant).await.unwrap();
    let overtakes = |text: &'static str| {
        let (patient, id) = (patient.clone(), id);
        let saved = async move {
            change(&patient, &id, text).await;
        };
        *server.meanwhile.lock().unwrap() = Some(("/versions", Box::pin(saved)));
    };
    let draft = doctor.edit_report(&id).await.unwrap();
    draft.set_fields(diagnosed("Late")).unwrap();
    let before = sent(&server);
    overtakes("First");
    let refused = draft.save_version(&Control::none()).await;
    assert!(matches!(refused, Err(ClientError::VersionMoved { latest: 2 })));
    assert_eq!(sent(&server), before + 2, "both sealed it again");
    assert!(server.db().uploads.is_empty());
    overtakes("Second");
    let refused = doctor.restore_version(&id, 1, 2, &Control::none()).await;
    assert!(matches!(refused, Err(ClientError::VersionMoved { latest: 3 })));
    assert!(server.db().uploads.is_empty());
    // A lost answer leaves it: it may be part of the version.
    server.loses_version.store(true, Ordering::Relaxed);
    assert_eq!(doctor.restore_version(&id, 1, 3, &Control::none()).await.err().unwrap().code(), "offline");
    assert_eq!(doctor.restore_version(&id, 1, 3, &Control::none()).await.unwrap().latest, 4);
    assert_eq!(file(&patient, &id, 4, "scan.pdf").await.unwrap(), SCAN);
}

/// Doctor Dora sends version 2 with a file while somebody else's arrives before it.
async fn overtaken(
    server: &Arc<Fake>,
    patient: &Vault<World>,
    doctor: &Vault<World>,
    id: &ReportId,
) -> OpenDraft<World> {
    let draft = doctor.edit_report(id).await.unwrap();
    draft.set_fields(diagnosed("From Dora")).unwrap();
    draft.add_file("dora.txt", &Bytes::from_static(b"Dora's"), &Control::none()).await.unwrap();
    let arrives = Arc::new(Notify::new());
    *server.held.lock().unwrap() = Some(("/versions/1", Arc::clone(&arrives)));
    let asked = server.asked.lock().unwrap().len();
    let meanwhile = async {
        while !server.asked.lock().unwrap()[asked..].iter().any(|asked| asked.ends_with("/versions/1")) {
            tokio::task::yield_now().await;
        }
        server.add_version(patient, id, |_| {});
        *server.held.lock().unwrap() = None;
        arrives.notify_one();
    };
    let control = Control::none();
    let (refused, ()) = tokio::join!(draft.save_version(&control), meanwhile);
    assert!(matches!(refused, Err(ClientError::VersionMoved { latest: 2 })));
    draft
}

#[tokio::test]
async fn what_was_sent_and_refused_is_sealed_again_once_somebody_lost_access() {
    let Scene { server, patient, doctor, id } = scene().await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    let shared = patient.share(&id, &straight(&reader)).await.unwrap();
    let draft = overtaken(&server, &patient, &doctor, &id).await;
    // The server may have kept the refused version, whose keys the reader had.
    patient.revoke(&id, &shared.grant).await.unwrap();
    let conflict = draft.conflict().await.unwrap().unwrap();
    draft.merge(&conflict, |field| field.usual()).unwrap();
    let refused = draft.save_version(&Control::none()).await;
    assert!(matches!(refused, Err(ClientError::FilesMissing { count: 1 })));
    let own = draft.files().into_iter().find(|file| file.name == "dora.txt").unwrap();
    assert_eq!(own.state, UploadState::Started);
    draft.resume_file(own.part, &Bytes::from_static(b"Dora's"), &Control::none()).await.unwrap();
    assert_eq!(draft.save_version(&Control::none()).await.unwrap().latest, 3);
    assert_eq!(file(&patient, &id, 3, "dora.txt").await.unwrap(), b"Dora's");
}

#[tokio::test]
async fn what_was_sent_and_refused_is_sent_as_it_is_while_nobody_lost_access() {
    let Scene { server, patient, doctor, id } = scene().await;
    let draft = overtaken(&server, &patient, &doctor, &id).await;
    let before = sent(&server);
    let conflict = draft.conflict().await.unwrap().unwrap();
    draft.merge(&conflict, |_| Side::Theirs).unwrap();
    assert_eq!(draft.save_version(&Control::none()).await.unwrap().latest, 3);
    assert_eq!(sent(&server), before);
    assert_eq!(file(&patient, &id, 3, "dora.txt").await.unwrap(), b"Dora's");
    assert_eq!(diagnosis(&patient, &id, 3).await, "No finding");
}

#[tokio::test]
async fn a_draft_from_before_the_report_was_there_changes_it_no_more() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    let old = server.db().drafts[&(draft.id(), ann.account_id())].clone();
    let id = draft.complete().await.unwrap().id;
    server.db().drafts.insert((id, ann.account_id()), old);
    assert_eq!(ann.edit_report(&id).await.err().unwrap().code(), "draft_forged");
    // And a change of a report is completed as no new one.
    server.db().drafts.clear();
    let change = ann.edit_report(&id).await.unwrap();
    assert!(matches!(change.complete().await, Err(ClientError::Internal(_))));
    let moved = ann.set_patient(&change, PatientChoice::New).await;
    assert!(matches!(moved, Err(ClientError::NotAllowed)));
}
