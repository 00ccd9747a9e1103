//! Drafts that are saved while something else goes on.

use std::sync::{Arc, atomic::Ordering};

use api_types::{accounts::Role, limits::LONG_FIELD_MAX_CHARS};
use client::{
    ClientError, NoSecondFactor, PatientChoice, TakenBack, UnsavedDraft, Vault,
    bulk::Control,
    content::{Field, FieldError, FieldProblem, ReportFields},
};
use tokio::sync::Notify;

use crate::{
    fake::{Fake, PASSWORD, World, device, email},
    flows::{fields, report},
    lies::{Scene, scene},
};

#[tokio::test]
async fn a_draft_that_is_saved_while_the_list_is_on_its_way_is_no_old_one() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    let arrives = Arc::new(Notify::new());
    *server.held.lock().unwrap() = Some(("/drafts", Arc::clone(&arrives)));
    let saved_meanwhile = async {
        while !server.asked.lock().unwrap().iter().any(|asked| asked == "GET /api/v1/drafts") {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        draft.set_fields(ReportFields { title: "Typed meanwhile".into(), ..fields() }).unwrap();
        draft.save().await.unwrap();
        arrives.notify_one();
    };
    let (listed, ()) = tokio::join!(ann.drafts(), saved_meanwhile);
    let row = listed.unwrap().remove(0);
    assert_ne!(row.draft.unwrap().fields.title, "Typed meanwhile", "the list was made before");
    *server.held.lock().unwrap() = None;
    // From then on that copy is an old one.
    let old = server.db().drafts[&(draft.id(), ann.account_id())].clone();
    draft.set_fields(fields()).unwrap();
    draft.save().await.unwrap();
    server.db().drafts.insert((draft.id(), ann.account_id()), old);
    assert_eq!(ann.drafts().await.unwrap().remove(0).draft.unwrap_err().code(), "draft_forged");
}

/// A report has many drafts one after another. None of them is taken for an old copy of the one before, and what is an old copy
/// is refused: of one that became a version, and of one that was deleted.
#[tokio::test]
async fn drafts_of_a_report_follow_one_another_and_none_comes_back() {
    let Scene { server, doctor, id, .. } = scene().await;
    let of = (id, doctor.account_id());
    let typed = |text: &str| ReportFields { diagnosis: text.into(), ..fields() };
    let mut last = None;
    for version in 2..5 {
        let draft = doctor.edit_report(&id).await.unwrap();
        assert!(!draft.is_stored());
        for save in 0..version {
            draft.set_fields(typed(&format!("{version}, save {save}"))).unwrap();
            draft.save().await.unwrap();
        }
        assert!(draft.is_stored());
        let stored = server.db().drafts[&of].clone();
        assert!(last.is_none_or(|last| stored.1 > last), "the counter only rises");
        last = Some(stored.1);
        // After a reload, in the list, and once it is a version.
        let reloaded = doctor.edit_report(&id).await.unwrap();
        assert!(reloaded.is_stored() && reloaded.fields().diagnosis == format!("{version}, save {}", version - 1));
        assert!(doctor.drafts().await.unwrap()[0].draft.is_ok());
        assert_eq!(reloaded.save_version(&Control::none()).await.unwrap().latest, version);
        assert!(!reloaded.is_stored());
        server.db().drafts.insert(of, stored);
        assert_eq!(doctor.edit_report(&id).await.err().unwrap().code(), "draft_forged");
        server.db().drafts.remove(&of);
    }
    let draft = doctor.edit_report(&id).await.unwrap();
    draft.set_fields(typed("Never mind")).unwrap();
    draft.save().await.unwrap();
    let stored = server.db().drafts[&of].clone();
    doctor.delete_draft(&id).await.unwrap();
    server.db().drafts.insert(of, stored);
    assert_eq!(doctor.edit_report(&id).await.err().unwrap().code(), "draft_forged");
    server.db().drafts.remove(&of);
    assert!(doctor.edit_report(&id).await.is_ok());
}

/// Two devices that are open side by side, and the clock of the second is behind: what it begins is none of the first one's old
/// copies, whether that ended its draft by a version or deleted it.
#[tokio::test]
async fn a_device_whose_clock_is_behind_begins_above_drafts_that_ended_elsewhere() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let id = report(&ann, PatientChoice::Account(ann.account_id())).await;
    let behind = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    behind.report(&id).await.unwrap();
    behind.save_state().await.unwrap();
    let typed = |text: &str| ReportFields { diagnosis: text.into(), ..fields() };
    for (turn, saves) in [(1, true), (2, false)] {
        server.pass(3_600_000);
        let draft = ann.edit_report(&id).await.unwrap();
        draft.set_fields(typed(&format!("{turn}"))).unwrap();
        draft.save().await.unwrap();
        if saves {
            draft.save_version(&Control::none()).await.unwrap();
        } else {
            ann.delete_draft(&id).await.unwrap();
        }
        server.pass(-3_000_000);
        let other = behind.edit_report(&id).await.unwrap();
        other.set_fields(typed(&format!("{turn}, there"))).unwrap();
        other.save().await.unwrap();
        let here = ann.edit_report(&id).await.unwrap();
        assert_eq!(here.fields().diagnosis, format!("{turn}, there"));
        assert!(ann.drafts().await.unwrap()[0].draft.is_ok());
        behind.delete_draft(&id).await.unwrap();
        server.pass(3_000_000);
    }
}

fn typed(text: &str) -> ReportFields {
    ReportFields { diagnosis: text.into(), ..fields() }
}

/// As a browser keeps it over a lock.
fn kept(unsaved: Option<UnsavedDraft>) -> UnsavedDraft {
    let text = serde_json::to_string(&unsaved.unwrap()).unwrap();
    assert!(!text.contains("typed"), "it is sealed");
    serde_json::from_str(&text).unwrap()
}

async fn again(server: &Arc<Fake>, name: &str) -> Vault<World> {
    server.client().sign_in(&email(name), PASSWORD, device(), &NoSecondFactor).await.unwrap()
}

#[tokio::test]
async fn what_was_typed_without_a_connection_is_saved_after_the_lock() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    assert!(draft.unsaved().is_none(), "all of it is saved");
    // This save arrives, and its answer is lost; what is typed then goes nowhere.
    draft.set_fields(typed("typed first")).unwrap();
    server.loses_answer.store(true, Ordering::Relaxed);
    assert_eq!(draft.save().await.unwrap_err().code(), "offline");
    draft.set_fields(typed("typed last")).unwrap();
    let (id, kept) = (draft.id(), kept(draft.unsaved()));
    assert_eq!((kept.account(), kept.id()), (ann.account_id(), id));
    drop((draft, ann.lock()));

    let bob = server.person("Bob Example", Role::Patient).await;
    assert!(matches!(bob.take_back(&kept).await, Ok(TakenBack::Unreadable)));
    let ann = again(&server, "Ann Example").await;
    assert!(matches!(ann.take_back(&kept).await, Ok(TakenBack::Saved(saved)) if saved == id));
    assert_eq!(ann.open_draft(&id).await.unwrap().fields(), typed("typed last"));
    assert!(matches!(ann.take_back(&kept).await, Ok(TakenBack::Known)), "once is enough");
}

#[tokio::test]
async fn what_was_typed_overwrites_nothing_that_was_saved_elsewhere_since() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::Account(ann.account_id()), fields()).await.unwrap();
    draft.set_fields(typed("typed here")).unwrap();
    let (id, kept) = (draft.id(), kept(draft.unsaved()));
    let other = again(&server, "Ann Example").await;
    let there = other.open_draft(&id).await.unwrap();
    there.set_fields(typed("there")).unwrap();
    there.save().await.unwrap();
    match other.take_back(&kept).await.unwrap() {
        TakenBack::Moved(mine) => assert_eq!(mine.diagnosis, "typed here"),
        _ => panic!("it is neither saved nor known"),
    }
    assert_eq!(other.open_draft(&id).await.unwrap().fields().diagnosis, "there");
    // Deleted there: what was typed here is a draft of its own.
    other.delete_draft(&id).await.unwrap();
    let Ok(TakenBack::Saved(new)) = other.take_back(&kept).await else { panic!("it is saved") };
    assert_ne!(new, id);
    assert_eq!(other.open_draft(&new).await.unwrap().fields(), typed("typed here"));
}

#[tokio::test]
async fn changes_of_a_report_outlive_a_lock_too() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let id = report(&ann, PatientChoice::Account(ann.account_id())).await;
    let draft = ann.edit_report(&id).await.unwrap();
    assert!(draft.unsaved().is_none(), "it was only looked at");
    draft.set_fields(typed("typed here")).unwrap();
    let first = kept(draft.unsaved());
    draft.set_fields(fields()).unwrap();
    let as_it_was = draft.unsaved().unwrap();
    assert!(matches!(ann.take_back(&as_it_was).await, Ok(TakenBack::Known)), "the report says it");
    assert!(matches!(ann.take_back(&first).await, Ok(TakenBack::Saved(saved)) if saved == id));
    let draft = ann.edit_report(&id).await.unwrap();
    assert!(draft.is_stored());
    assert_eq!(draft.fields(), typed("typed here"));
    assert_eq!(draft.save_version(&Control::none()).await.unwrap().latest, 2);
}

/// Not even the secret of a patient without an account could be saved.
#[tokio::test]
async fn a_draft_that_could_not_be_begun_begins_after_the_lock() {
    let server = Fake::new();
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    server.takes_state.store(false, Ordering::Relaxed);
    assert_eq!(doctor.begin_draft(PatientChoice::New, typed("typed")).await.err().unwrap().code(), "offline");
    let kept = kept(doctor.unsaved_draft(PatientChoice::New, typed("typed")).ok());
    drop(doctor.lock());
    server.takes_state.store(true, Ordering::Relaxed);
    let doctor = again(&server, "Dora Doctor").await;
    let Ok(TakenBack::Saved(id)) = doctor.take_back(&kept).await else { panic!("it is saved") };
    let draft = doctor.open_draft(&id).await.unwrap();
    assert_eq!(draft.fields(), typed("typed"));
    draft.complete().await.unwrap();
    assert_eq!(doctor.report(&id).await.unwrap().latest, 1);
}

/// Longer than its field may be: only a version refuses it, by name.
#[tokio::test]
async fn text_that_is_too_long_is_saved_in_its_draft_and_outlives_a_lock() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let own = PatientChoice::Account(ann.account_id());
    let draft = ann.begin_draft(own, fields()).await.unwrap();
    let long = typed(&"x".repeat(LONG_FIELD_MAX_CHARS + 1));
    draft.type_in(long.clone());
    draft.save().await.unwrap();
    assert_eq!(ann.open_draft(&draft.id()).await.unwrap().fields(), long);
    let longer = typed(&"x".repeat(LONG_FIELD_MAX_CHARS + 2));
    draft.type_in(longer.clone());
    let kept = [draft.unsaved().unwrap(), ann.unsaved_draft(own, longer.clone()).unwrap()];
    drop((draft, ann.lock()));

    let ann = again(&server, "Ann Example").await;
    for kept in kept {
        let Ok(TakenBack::Saved(id)) = ann.take_back(&kept).await else { panic!("it is saved") };
        assert_eq!(id, kept.id());
        let draft = ann.open_draft(&id).await.unwrap();
        assert_eq!(draft.fields(), longer);
        let refused = draft.complete().await.err().unwrap();
        let ClientError::Field(FieldError { field, problem }) = refused else { panic!("{refused}") };
        assert_eq!((field, problem), (Field::Diagnosis, FieldProblem::TooLong(LONG_FIELD_MAX_CHARS)));
    }
}

/// Its first save was on its way, and arrives or not: nobody knows.
#[tokio::test]
async fn a_draft_that_was_beginning_when_its_vault_locked_is_there_once() {
    for arrives in [true, false] {
        let server = Fake::new();
        let doctor = server.person("Dora Doctor", Role::Doctor).await;
        let draft = doctor.new_report(PatientChoice::New, typed("typed first")).unwrap();
        server.loses_answer.store(true, Ordering::Relaxed);
        assert_eq!(draft.save().await.unwrap_err().code(), "offline");
        let of = (draft.id(), doctor.account_id());
        if !arrives {
            server.db().drafts.remove(&of);
        }
        draft.type_in(typed("typed last"));
        let kept = kept(draft.unsaved());
        drop((draft, doctor.lock()));

        let doctor = again(&server, "Dora Doctor").await;
        assert!(matches!(doctor.take_back(&kept).await, Ok(TakenBack::Saved(id)) if id == of.0));
        let mut only = doctor.drafts().await.unwrap();
        assert_eq!(only.len(), 1);
        assert_eq!(only.remove(0).draft.unwrap().fields, typed("typed last"));
        doctor.open_draft(&of.0).await.unwrap().complete().await.unwrap();
    }
}

/// However often that is tried, and whatever is typed meanwhile, it is one draft of one patient.
#[tokio::test]
async fn a_draft_that_begins_late_begins_once() {
    let server = Fake::new();
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let draft = doctor.new_report(PatientChoice::New, ReportFields::default()).unwrap();
    assert!(draft.unsaved().is_none(), "nothing was typed");
    server.takes_state.store(false, Ordering::Relaxed);
    draft.type_in(typed("typed"));
    assert_eq!(draft.save().await.unwrap_err().code(), "offline");
    assert!(server.db().drafts.is_empty(), "nothing is sealed for a patient whose secret isn't safe");
    server.takes_state.store(true, Ordering::Relaxed);
    server.loses_answer.store(true, Ordering::Relaxed);
    assert_eq!(draft.save().await.unwrap_err().code(), "offline");
    draft.type_in(typed("typed last"));
    draft.save().await.unwrap();
    assert!(draft.unsaved().is_none(), "all of it is saved");
    let only = doctor.drafts().await.unwrap();
    assert_eq!(only.len(), 1);
    assert_eq!(only[0].draft.as_ref().unwrap().fields, typed("typed last"));
}
