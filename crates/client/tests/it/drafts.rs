//! Drafts that are saved while something else goes on.

use std::sync::Arc;

use api_types::accounts::Role;
use client::{PatientChoice, content::ReportFields};
use tokio::sync::Notify;

use crate::{fake::Fake, flows::fields};

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
