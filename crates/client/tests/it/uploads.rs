//! Uploads that break, resume, or turn out to be another file.

use std::sync::{Arc, atomic::Ordering};

use api_types::{ReportId, accounts::Role, limits::SEGMENT_PLAIN};
use bytes::Bytes;
use client::{
    ClientError, NoSecondFactor, PatientChoice, UploadState, Vault,
    bulk::{Cancel, Control},
    content::{FileType, ReportFields},
};

use crate::{
    fake::{Fake, PASSWORD, World, device, email},
    flows::{fields, report},
    lies::straight,
};

fn big(segments: u64, extra: usize, seed: u8) -> Bytes {
    let len = usize::try_from(segments * SEGMENT_PLAIN).unwrap() + extra;
    Bytes::from((0..len).map(|i| (i / 7) as u8 ^ seed).collect::<Vec<_>>())
}

#[tokio::test]
async fn an_interrupted_upload_goes_on_where_it_stopped() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let me = PatientChoice::Account(ann.account_id());
    let draft = ann.begin_draft(me, fields()).await.unwrap();
    let file = big(2, 5, 0);
    server.segments_left.store(2, Ordering::Relaxed);
    let broken = draft.add_file("scan.dcm", &file, &Control::none()).await.unwrap_err();
    assert_eq!(broken.code(), "offline");
    assert!(matches!(draft.complete().await, Err(ClientError::FilesMissing { count: 1 })));
    server.segments_left.store(usize::MAX, Ordering::Relaxed);
    let sent = server.segments_sent.load(Ordering::Relaxed);
    // Another window, after a reload.
    let draft = ann.open_draft(&draft.id()).await.unwrap();
    let part = draft.files()[0].part;
    draft.resume_file(part, &file, &Control::none()).await.unwrap();
    assert_eq!(server.segments_sent.load(Ordering::Relaxed), sent + 1, "only the missing segment travelled");
    let changed = draft.resume_file(part, &big(2, 5, 1), &Control::none()).await;
    assert!(matches!(changed, Err(ClientError::SourceChanged)), "also of one that is done: {changed:?}");
    draft.resume_file(part, &file, &Control::none()).await.unwrap();
    assert_eq!(server.segments_sent.load(Ordering::Relaxed), sent + 1, "it is only compared");
    let id = draft.complete().await.unwrap().id;
    let open = ann.report(&id).await.unwrap();
    let version = ann.version(&open, 1).await.unwrap();
    assert_eq!(ann.download(&version, part, Vec::new(), &Control::none()).await.unwrap(), file);
}

#[tokio::test]
async fn another_file_never_meets_the_same_key() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    server.segments_left.store(1, Ordering::Relaxed);
    draft.add_file("scan.dcm", &big(1, 5, 0), &Control::none()).await.unwrap_err();
    server.segments_left.store(usize::MAX, Ordering::Relaxed);
    let first = server.db().uploads.values().next().unwrap().segments.values().next().unwrap()[..24].to_vec();
    let other = big(1, 5, 1);
    let draft = ann.open_draft(&draft.id()).await.unwrap();
    for changed in [&other, &big(1, 6, 0)] {
        let refused = draft.resume_file(1, changed, &Control::none()).await;
        assert!(matches!(refused, Err(ClientError::SourceChanged)), "{refused:?}");
    }
    assert_eq!(server.segments_sent.load(Ordering::Relaxed), 1, "nothing of it left");
    draft.replace_file(1, &other, &Control::none()).await.unwrap();
    assert_eq!(server.db().uploads.len(), 1, "what was uploaded of the old is abandoned");
    let id = draft.complete().await.unwrap().id;
    let salt = server.db().reports[&id].versions[&1][0].parts[1][..24].to_vec();
    assert_ne!(salt, first, "a changed file is sealed under a new salt");
    let open = ann.report(&id).await.unwrap();
    let version = ann.version(&open, 1).await.unwrap();
    assert_eq!(ann.download(&version, 1, Vec::new(), &Control::none()).await.unwrap(), other);
    let digest = |bytes: &Bytes| bytes.chunks(SEGMENT_PLAIN as usize).map(crypto::encoding::sha256).collect::<Vec<_>>();
    assert!(version.is_content(1, other.len() as u64, &digest(&other)));
    assert!(!version.is_content(1, other.len() as u64, &digest(&big(1, 5, 0))));
    assert!(!version.is_content(1, other.len() as u64 - 5, &digest(&other)[..1]));
    let short = draft.resume_file(9, &other, &Control::none()).await;
    assert!(matches!(short, Err(ClientError::Missing { .. })));
}

#[tokio::test]
async fn a_file_that_is_replaced_may_have_another_size_and_type() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    server.segments_left.store(0, Ordering::Relaxed);
    draft.add_file("scan", &big(0, 9, 0), &Control::none()).await.unwrap_err();
    server.segments_left.store(usize::MAX, Ordering::Relaxed);
    let text = Bytes::from_static(b"plain words");
    draft.replace_file(1, &text, &Control::none()).await.unwrap();
    let file = &draft.files()[0];
    assert_eq!((file.size, file.file_type, file.state), (11, FileType::Text, UploadState::Done));
    let id = draft.complete().await.unwrap().id;
    let open = ann.report(&id).await.unwrap();
    let version = ann.version(&open, 1).await.unwrap();
    assert_eq!(version.content.files[0].size, 11);
    assert_eq!(ann.download(&version, 1, Vec::new(), &Control::none()).await.unwrap(), text);
}

/// An upload takes its owner's space: one that no draft names is given back.
#[tokio::test]
async fn an_upload_whose_file_could_not_be_saved_is_given_back() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    let file = big(0, 9, 0);
    server.loses_answer.store(true, Ordering::Relaxed);
    assert_eq!(draft.prepare_file("scan", &file).await.unwrap_err().code(), "offline");
    assert!(draft.files().is_empty());
    assert_eq!(server.db().uploads.len(), 1, "nobody can be told without a connection");
    draft.save().await.unwrap();
    assert_eq!(server.db().uploads.len(), 0);

    draft.add_file("scan", &file, &Control::none()).await.unwrap();
    let before = draft.files();
    server.loses_answer.store(true, Ordering::Relaxed);
    assert_eq!(draft.replace_file(1, &big(0, 8, 1), &Control::none()).await.unwrap_err().code(), "offline");
    assert_eq!(draft.files(), before, "as it was");
    draft.save().await.unwrap();
    assert_eq!(server.db().uploads.len(), 1);

    // Another window saved it.
    let other = ann.open_draft(&draft.id()).await.unwrap();
    other.set_fields(ReportFields { title: "Changed there".into(), ..fields() }).unwrap();
    other.save().await.unwrap();
    assert_eq!(draft.prepare_file("more", &file).await.unwrap_err().code(), "draft_moved");
    assert_eq!(server.db().uploads.len(), 1, "the server is there: it is told at once");
    let id = other.complete().await.unwrap().id;
    let open = ann.report(&id).await.unwrap();
    let version = ann.version(&open, 1).await.unwrap();
    assert_eq!(ann.download(&version, 1, Vec::new(), &Control::none()).await.unwrap(), file);
}

#[tokio::test]
async fn files_are_removed_cancelled_and_refused() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    let text = Bytes::from_static(b"hello");
    for name in ["a.txt", "b.txt", "c.txt"] {
        draft.add_file(name, &text, &Control::none()).await.unwrap();
    }
    draft.remove_file(2).await.unwrap();
    let bad = draft.add_file("../etc/passwd", &text, &Control::none()).await;
    assert!(matches!(bad, Err(ClientError::Field(_))));
    let cancel = Cancel::default();
    cancel.cancel();
    let control = Control::new(cancel, |_| {});
    assert!(matches!(draft.add_file("d.txt", &text, &control).await, Err(ClientError::Cancelled)));
    assert_eq!(draft.files()[1].state, UploadState::Started, "it took the free number 2 and waits");
    draft.remove_file(2).await.unwrap();
    draft.add_file("empty", &Bytes::new(), &Control::none()).await.unwrap();
    draft.remove_file(2).await.unwrap();
    let id = draft.complete().await.unwrap().id;
    let open = ann.report(&id).await.unwrap();
    let version = ann.version(&open, 1).await.unwrap();
    let names: Vec<_> = version.content.files.iter().map(|f| (f.part, f.name.as_str())).collect();
    assert_eq!(names, [(1, "a.txt"), (3, "c.txt")]);
    assert_eq!(ann.download(&version, 3, Vec::new(), &Control::none()).await.unwrap(), b"hello");
}

#[tokio::test]
async fn a_draft_is_saved_by_one_window_at_a_time() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::New, fields()).await.unwrap();
    let other = ann.open_draft(&draft.id()).await.unwrap();
    let mut changed = fields();
    changed.diagnosis = "Changed".into();
    other.set_fields(changed.clone()).unwrap();
    other.save().await.unwrap();
    draft.set_fields(changed).unwrap();
    draft.set_fields(fields()).unwrap();
    assert!(matches!(draft.save().await, Err(ClientError::DraftMoved)));
    assert_eq!(ann.drafts().await.unwrap().len(), 1);
    ann.delete_draft(&draft.id()).await.unwrap();
    assert!(ann.drafts().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_no_other_windows() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    let typed = |text: &str| ReportFields { diagnosis: text.into(), ..fields() };
    draft.set_fields(typed("one")).unwrap();
    server.loses_answer.store(true, Ordering::Relaxed);
    assert_eq!(draft.save().await.unwrap_err().code(), "offline");
    draft.set_fields(typed("two")).unwrap();
    draft.save().await.unwrap();
    assert_eq!(ann.open_draft(&draft.id()).await.unwrap().fields(), typed("two"));
    draft.save().await.unwrap();
    assert!(!draft.is_unsaved());
}

#[tokio::test]
async fn completing_again_after_a_lost_answer_is_the_same_report() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    let first = draft.complete().await.unwrap().id;
    assert_eq!(draft.complete().await.unwrap().id, first);
    report(&ann, PatientChoice::New).await;
    assert_eq!(server.db().reports.len(), 2);
}

/// A report with a file, whose owner revoked a share, in two windows: new keys are due in both.
async fn due_in_two_windows(server: &Arc<Fake>) -> (Arc<Vault<World>>, Arc<Vault<World>>, ReportId) {
    let ann = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    draft.add_file("scan.dcm", &big(1, 5, 0), &Control::none()).await.unwrap();
    let id = draft.complete().await.unwrap().id;
    let shared = ann.share(&id, &straight(&doctor)).await.unwrap();
    ann.revoke(&id, &shared.grant).await.unwrap();
    ann.save_state().await.unwrap();
    let other = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    (Arc::new(ann), Arc::new(other), id)
}

fn new_keys_asked(server: &Fake) -> usize {
    server.asked.lock().unwrap().iter().filter(|r| r.starts_with("POST") && r.ends_with("/revisions")).count()
}

#[tokio::test]
async fn new_keys_that_another_window_made_first_are_made() {
    let server = Fake::new();
    let (ann, other, id) = due_in_two_windows(&server).await;
    let quicker = async move { assert_eq!(other.rekey(&id, &Control::none()).await.unwrap(), 1) };
    *server.meanwhile.lock().unwrap() = Some(("/revisions", Box::pin(quicker)));
    assert_eq!(ann.rekey(&id, &Control::none()).await.unwrap(), 0, "done by another is done");
    assert_eq!(new_keys_asked(&server), 2);
    assert!(ann.pending_rekeys().await.unwrap().is_empty());
}

/// The other one took the place of what was uploaded, and went no further: its window was closed.
#[tokio::test]
async fn new_keys_whose_upload_another_window_took_are_made_again() {
    for at in ["/revisions", "/segments/1"] {
        let server = Fake::new();
        let (ann, _, id) = due_in_two_windows(&server).await;
        let voided = Arc::clone(&server);
        *server.meanwhile.lock().unwrap() = Some((at, Box::pin(async move { voided.db().uploads.clear() })));
        assert_eq!(ann.rekey(&id, &Control::none()).await.unwrap(), 1, "{at}");
        assert!(server.meanwhile.lock().unwrap().is_none(), "{at}");
        let open = ann.report(&id).await.unwrap();
        let newest = open.newest().unwrap();
        assert_eq!((newest.revision, newest.rekey_pending), (1, false));
        let version = ann.version(&open, 1).await.unwrap();
        assert_eq!(ann.download(&version, 1, Vec::new(), &Control::none()).await.unwrap(), big(1, 5, 0));
    }
}
