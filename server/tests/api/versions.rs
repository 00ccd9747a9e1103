//! Versions as people save them, through the honest client against a real server: who may, two at once, drafts beside a report,
//! and that nothing is ever overwritten.

use api_types::{
    B64, ErrorCode, ReportId,
    drafts::{Draft, PutDraft},
    grants::Right,
    reports::{Report, VersionContent},
    uploads::{CreateUpload, Upload},
};
use client::{
    ClientError, PatientChoice, Share, TeamShare,
    bulk::{
        Control,
        native::{FileSink, FileSource, OpenedFile},
    },
    compare_versions,
    content::ReportFields,
};
use crypto::report::{Right as SignedRight, Versions};

use crate::{
    harness::Server,
    honest_client::{Person, clinic, write},
    sealing::{grant, own},
    teams::Ward,
    world::{World, blobs_of},
};

async fn fields(reader: &Person, id: &ReportId, version: u32) -> ReportFields {
    let open = reader.report(id).await.unwrap();
    reader.version(&open, version).await.unwrap().content.fields
}

async fn file(reader: &Person, id: &ReportId, version: u32, name: &str) -> Vec<u8> {
    let open = reader.report(id).await.unwrap();
    let version = reader.version(&open, version).await.unwrap();
    let part = version.content.files.iter().find(|file| file.name == name).unwrap().part;
    match reader.download(&version, part, FileSink::Bytes(Vec::new()), &Control::none()).await.unwrap() {
        OpenedFile::Bytes(bytes) => bytes,
        OpenedFile::Path(path) => panic!("{}", path.display()),
    }
}

async fn change(author: &Person, id: &ReportId, diagnosis: &str) -> client::Result<u32> {
    let draft = author.edit_report(id).await?;
    draft.set_fields(ReportFields { diagnosis: diagnosis.into(), ..draft.fields() })?;
    Ok(draft.save_version(&Control::none()).await?.latest)
}

fn code<T>(result: client::Result<T>) -> String {
    result.err().map_or_else(|| "done".to_owned(), |error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_save_is_a_version_and_unchanged_files_are_not_stored_again() {
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(patient.account_id())).await;
    let (blobs, scan) = (blobs_of(&server.state.config), file(&patient, &id, 1, "scan.bin").await);

    assert_eq!(change(&doctor, &id, "A shadow").await.unwrap(), 2);
    assert_eq!(change(&patient, &id, "Nothing after all").await.unwrap(), 3);
    assert_eq!(blobs_of(&server.state.config), blobs, "the scan is there once");
    for (version, diagnosis) in [(1, "No finding"), (2, "A shadow"), (3, "Nothing after all")] {
        for reader in [&doctor, &patient] {
            assert_eq!(fields(reader, &id, version).await.diagnosis, diagnosis);
            assert_eq!(file(reader, &id, version, "scan.bin").await, scan);
        }
    }
    assert!(doctor.drafts().await.unwrap().is_empty() && patient.drafts().await.unwrap().is_empty());
    let open = patient.report(&id).await.unwrap();
    let authors: Vec<_> = open.versions.iter().map(|version| version.author).collect();
    assert_eq!(authors, [doctor.account_id(), doctor.account_id(), patient.account_id()]);

    let restored = patient.restore_version(&id, 2, 3, &Control::none()).await.unwrap();
    assert_eq!((restored.latest, blobs_of(&server.state.config)), (4, blobs));
    let fourth = doctor.version(&doctor.report(&id).await.unwrap(), 4).await.unwrap();
    let second = doctor.version(&doctor.report(&id).await.unwrap(), 2).await.unwrap();
    let compared = compare_versions(&second, &fourth);
    assert!(compared.fields.is_empty() && compared.files.is_empty());
    assert_eq!((fourth.content.restores, compared.same_files), (Some(2), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_save_at_the_same_time_one_is_told_and_both_are_kept() {
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(patient.account_id())).await;
    two_save(&doctor, &patient, id).await;
}

/// Both save a second version at the same time, each perhaps at a server of their own: one is told, and both are kept.
pub async fn two_save(doctor: &Person, patient: &Person, id: ReportId) {
    let begin = async |who: &Person, diagnosis: &str, name: &str| {
        let draft = who.edit_report(&id).await.unwrap();
        draft.set_fields(ReportFields { diagnosis: diagnosis.into(), ..draft.fields() }).unwrap();
        let source = FileSource::Bytes(format!("of {name}").into_bytes().into());
        draft.add_file(name, &source, &Control::none()).await.unwrap();
        draft
    };
    let (dora, ann) = (begin(doctor, "From Dora", "dora.txt").await, begin(patient, "From Ann", "ann.txt").await);
    let control = Control::none();
    let (first, second) = tokio::join!(dora.save_version(&control), ann.save_version(&control));
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|ok| **ok).count(), 1, "one of them");
    let (late, overtaken) = if first.is_ok() { (&ann, second) } else { (&dora, first) };
    assert!(matches!(overtaken, Err(ClientError::VersionMoved { latest: 2 })), "{}", code(overtaken));
    let conflict = late.conflict().await.unwrap().unwrap();
    assert!(conflict.fields[0].is_contested());
    late.merge(&conflict, |field| field.usual()).unwrap();
    assert_eq!(late.save_version(&control).await.unwrap().latest, 3);
    for name in ["dora.txt", "ann.txt"] {
        assert_eq!(file(patient, &id, 3, name).await, format!("of {name}").into_bytes());
    }
    let diagnoses = [fields(doctor, &id, 2).await.diagnosis, fields(doctor, &id, 3).await.diagnosis];
    assert!(diagnoses.contains(&"From Dora".to_owned()) && diagnoses.contains(&"From Ann".to_owned()));
    assert_eq!(fields(doctor, &id, 1).await.diagnosis, "No finding");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_contribute_saves_versions_and_a_reader_does_not() {
    let w = Ward::new().await;
    let id = write(&w.ann, PatientChoice::Account(w.ann.account_id())).await;
    let straight = |right| Share { right, with_code: false, expires_in: 0, ..Share::with_code(w.otto.account_id()) };
    w.ann.find_doctors("Otto").await.unwrap();
    let read = w.ann.share(&id, &straight(Right::View)).await.unwrap();
    assert_eq!(code(change(&w.otto, &id, "By a reader").await), "not_allowed");
    let contribute = w.ann.share(&id, &straight(Right::Contribute)).await.unwrap();
    assert_eq!(change(&w.otto, &id, "By Otto").await.unwrap(), 2);
    assert_eq!(fields(&w.ann, &id, 2).await.diagnosis, "By Otto");
    let waiting = w.otto.edit_report(&id).await.unwrap();
    waiting.set_fields(ReportFields { diagnosis: "Too late".into(), ..waiting.fields() }).unwrap();
    waiting.save().await.unwrap();
    w.ann.revoke(&id, &contribute.grant).await.unwrap();
    assert_eq!(code(waiting.save_version(&Control::none()).await), "not_allowed");
    w.ann.revoke(&id, &read.grant).await.unwrap();
    assert_eq!(code(waiting.save_version(&Control::none()).await), "not_found");
    assert_eq!(w.otto.drafts().await.unwrap().len(), 1, "what they wrote is theirs still");
    assert_eq!(w.ann.report(&id).await.unwrap().latest, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teams_members_contribute_until_they_leave_it() {
    let w = Ward::new().await;
    let team = w.team().await;
    let id = write(&w.ann, PatientChoice::Account(w.ann.account_id())).await;
    let share = TeamShare { right: Right::Contribute, expires_in: 0, ..TeamShare::reading(team) };
    w.ann.share_with_team(&id, &share).await.unwrap();
    // Otto signed none of the team's rosters, and no entry names him.
    assert_eq!(change(&w.otto, &id, "By a member").await.unwrap(), 2);
    assert_eq!(fields(&w.ann, &id, 2).await.diagnosis, "By a member");
    assert_eq!(fields(&w.dora, &id, 2).await.diagnosis, "By a member");
    w.dora.remove_from_team(&team, &w.otto.account_id()).await.unwrap();
    assert_eq!(code(change(&w.otto, &id, "After that").await), "not_found");
    assert_eq!(w.ann.report(&id).await.unwrap().latest, 2);
}

#[tokio::test]
async fn nothing_is_ever_overwritten() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = world.report(&doctor, &patient, &[vec![7; 1000]]).await;
    let second = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    let path = format!("/reports/{}/versions", made.id);
    world.post(&doctor, &path, &second.body).await.ok();
    let stored = async |version: u32| world.get(&patient, &format!("{path}/{version}")).await.json::<VersionContent>();
    let before = (stored(1).await, stored(2).await);
    // Another second version; another first one; by the author, by the owner; as a version, as a revision that there is.
    for (who, version) in [(&doctor, 2), (&patient, 2), (&doctor, 1), (&patient, 1)] {
        let other = made.seal(world.now(), who, made.place(version, 0), &[]);
        let refused = world.post(who, &path, &other.body).await.problem();
        assert_eq!((refused.code, refused.latest_version), (ErrorCode::VersionMoved, Some(2)));
    }
    made.keep(second);
    let same_again = made.seal(world.now(), &patient, made.place(1, 0), &[]);
    let revisions = format!("{path}/1/revisions");
    assert_eq!(world.post(&patient, &revisions, &same_again.body).await.code(), ErrorCode::InvalidField);
    assert_eq!((stored(1).await, stored(2).await), before);
    let report: Report = world.get(&patient, &format!("/reports/{}", made.id)).await.json();
    assert_eq!((report.versions.len(), report.superseded.len()), (2, 0));
}

#[tokio::test]
async fn each_author_has_a_draft_of_their_own_beside_a_report() {
    let world = World::new().await;
    let (doctor, patient, reader, stranger) =
        (world.doctor().await, world.patient().await, world.doctor().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    made.knows(&reader);
    let share = made.share(world.now(), &patient, grant(own(&reader), SignedRight::View), None);
    world.post(&patient, &format!("/reports/{}/grants", made.id), &share).await.ok();
    let path = format!("/drafts/{}", made.id);
    let save = |byte: u8, counter: u64| PutDraft { sealed: B64(vec![byte; 9]), counter, begins: counter == 0 };
    assert_eq!(world.put(&stranger, &path, &save(1, 0)).await.code(), ErrorCode::NotFound);
    assert_eq!(world.put(&reader, &path, &save(1, 0)).await.code(), ErrorCode::Forbidden);
    for (who, byte) in [(&doctor, 2), (&patient, 3)] {
        world.put(who, &path, &save(byte, 0)).await.ok();
        assert_eq!(world.get(who, &path).await.json::<Draft>().sealed.0, vec![byte; 9]);
    }
    // A draft beside a report doesn't stand in the way of its uploads: they are for the next version.
    let upload = |version| CreateUpload { report_id: made.id, version, revision: 0, part: 1, ciphertext_len: 172 };
    let begun: Upload = world.post(&doctor, "/uploads", &upload(2)).await.json();
    for version in [1, 3] {
        let refused = world.post(&doctor, "/uploads", &upload(version)).await.problem();
        assert_eq!((refused.code, refused.latest_version), (ErrorCode::VersionMoved, Some(1)));
    }
    assert_eq!(world.post(&reader, "/uploads", &upload(2)).await.code(), ErrorCode::Forbidden);

    // It ends with the version that it became, and only if that is what it held last.
    let versions = format!("/reports/{}/versions", made.id);
    world.put(&doctor, &path, &save(4, 1)).await.ok();
    let mut second = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    second.body.draft = Some(0);
    world.post(&doctor, &versions, &second.body).await.ok();
    made.keep(second);
    assert_eq!(world.get(&doctor, &path).await.json::<Draft>().counter, 1, "it was saved again meanwhile");
    world.get(&doctor, &format!("/uploads/{}", begun.id)).await.ok();
    let mut third = made.seal(world.now(), &doctor, made.place(3, 0), &[]);
    third.body.draft = Some(1);
    world.post(&doctor, &versions, &third.body).await.ok();
    assert_eq!(world.get(&doctor, &path).await.code(), ErrorCode::NotFound);
    assert_eq!(world.get(&doctor, &format!("/uploads/{}", begun.id)).await.code(), ErrorCode::NotFound);
    world.get(&patient, &path).await.ok();
    // Sent again, it is the same version.
    world.post(&doctor, &versions, &third.body).await.ok();
}

/// Whoever was overtaken commits what they uploaded to the version behind.
#[tokio::test]
async fn what_was_uploaded_for_a_version_that_somebody_else_made_is_part_of_a_later_one() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let uploaded = world.upload_version(&patient, &made, 2, 0, &[vec![9; 500]]).await;
    let path = format!("/reports/{}/versions", made.id);
    let second = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    world.post(&doctor, &path, &second.body).await.ok();
    made.keep(second);
    assert_eq!(world.post(&patient, &path, &uploaded.body).await.code(), ErrorCode::VersionMoved);
    let with_upload = |version: u32| {
        let mut sealed = made.seal(world.now(), &patient, made.place(version, 0), &[vec![9; 500]]);
        let mut manifest = sealed.manifest.claimed().clone();
        manifest.parts[1] = uploaded.manifest.claimed().parts[1].clone();
        sealed.manifest = crypto::sign::Signed::sign(manifest, &patient.keyring.current().signing);
        sealed.body.manifest = sealed.manifest.as_bytes().into();
        sealed.body.uploads = uploaded.body.uploads.clone();
        sealed
    };
    world.post(&patient, &path, &with_upload(3).body).await.ok();
    let part = world.get(&doctor, &format!("{path}/3/revisions/0/parts/1")).await;
    assert_eq!(part.body, uploaded.parts[1]);
}

/// A grant of later versions opens those, and not what was before; who may contribute and doesn't see the newest one adds none.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_opens_the_versions_that_it_names() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[vec![1; 700]]).await;
    let path = format!("/reports/{}/versions", made.id);
    let second = made.seal(world.now(), &doctor, made.place(2, 0), &[]);
    world.post(&doctor, &path, &second.body).await.ok();
    made.keep(second);
    made.knows(&colleague);
    let mut later = grant(own(&colleague), SignedRight::View);
    later.versions = Versions { from: 2, to: u32::MAX };
    let share = made.share(world.now(), &patient, later, None);
    world.post(&patient, &format!("/reports/{}/grants", made.id), &share).await.ok();
    let report: Report = world.get(&colleague, &format!("/reports/{}", made.id)).await.json();
    assert_eq!(report.versions.iter().map(|version| version.version).collect::<Vec<_>>(), [2]);
    assert_eq!(report.superseded.len(), 1, "the other manifest is there, so that nothing is missing unseen");
    world.get(&colleague, &format!("{path}/2")).await.ok();
    assert_eq!(world.get(&colleague, &format!("{path}/1")).await.code(), ErrorCode::NotFound);
    assert_eq!(world.get(&colleague, &format!("{path}/1/revisions/0/parts/1")).await.code(), ErrorCode::NotFound);
}
