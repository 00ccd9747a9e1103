//! Attacks on who may open a report.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use api_types::{
    B64, GrantId, ReportId,
    accounts::Role,
    audit::{Action, AuditEvent},
    reports::Report,
};
use client::{
    AccessStatus, ClientError, NoSecondFactor, ReaderMark, Share, Vault, bulk::Control, content::ReportFields,
};
use crypto::{
    account::Keyring,
    report::{AccountRecipient, Versions, Wrap, WrapKey, open_wrap},
};
use malicious_server::{
    attack::{
        ACCESS_FORK, ACCESS_ROLLBACK, BORROWED_REQUEST, EXPIRED_GRANT, FORGED_GRANT, INVENTED_READING, INVENTED_REPORT,
        PRETENDED_ERASURE, REVOCATION_CUT_OUT, REVOKED_GRANT, SUPPRESSED_BEGINNING, SUPPRESSED_EVENT,
        SUPPRESSED_NEWEST_EVENT,
    },
    double::{Fake, PASSWORD, World, device, email},
    scene::{
        Happened, Scene, change_report, events, events_at, fields, forged_entry, history, in_the_name_of, scene,
        straight, stranger,
    },
};
use serde_json::Value;

use super::{Attempt, Won, run};

#[tokio::test]
async fn invented_report() {
    run(&INVENTED_REPORT, attempt).await;

    /// The patient finds a report that their doctor never wrote.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, .. } = scene().await;
        let invented = server.invent_report(&doctor, &patient);
        let open = patient.report(&invented).await?;
        let version = patient.version(&open, 1).await?;
        Ok(Won::if_so(version.info.author == doctor.account_id() && version.content.fields == fields()))
    }
}

/// Somebody saves the report's second version.
async fn correct(by: &Vault<World>, id: &ReportId) -> client::Result<()> {
    let draft = by.edit_report(id).await?;
    draft.set_fields(ReportFields { diagnosis: "A fracture".into(), ..fields() }).unwrap();
    draft.save_version(&Control::none()).await.map(drop)
}

/// Whether these keys open it by that grant.
fn opens_second(server: &Fake, id: &ReportId, grant: &GrantId, keys: &Keyring) -> bool {
    let db = server.db();
    let mut sealed = db.reports[id].wraps.iter().filter(|wrap| wrap.version == 2 && wrap.grant_id == *grant);
    sealed.any(|sealed| open_wrap(&Wrap::parse(&sealed.wrap.0).unwrap(), WrapKey::Keyring(keys)).is_ok())
}

#[tokio::test]
async fn forged_grant() {
    run(&FORGED_GRANT, attempt).await;

    /// The server adds itself to the list in the owner's name, and opens the next version that the owner saves.
    async fn attempt() -> Attempt {
        let Scene { server, patient, id, .. } = scene().await;
        let owner = in_the_name_of(&patient);
        let (keyring, chain) = stranger();
        let to = AccountRecipient::current(&chain);
        // It is known to the client: the server gave its keys along with the others'.
        let record = B64::from(chain.current().as_bytes());
        let stranger = api_types::AccountId(chain.account().0);
        let mut account = server.db().accounts[&patient.account_id()].clone();
        (account.name, account.key_records) = ("Records office".into(), vec![record]);
        server.db().accounts.insert(stranger, account);
        patient.person(&stranger).await.unwrap();
        let listed = server.report_as_seen_by(&id, &patient.account_id());
        let listed: Report = serde_json::from_value(listed).unwrap();
        let forged = forged_entry(&listed, &owner, &keyring.current().signing, to);
        server.db().reports.get_mut(&id).unwrap().entries.push(forged);
        correct(&patient, &id).await?;
        Ok(Won::if_so(opens_second(&server, &id, &GrantId([7; 16]), &keyring)))
    }
}

#[tokio::test]
async fn revocation_cut_out() {
    run(&REVOCATION_CUT_OUT, attempt).await;

    /// The patient took a reader's access away. The server leaves that entry out of the list that the doctor gets, who adds a
    /// version and seals it to the reader.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        let reader = server.person("Rita Reader", Role::Doctor).await;
        let other = server.person("Nora Newcomer", Role::Doctor).await;
        let shared = patient.share(&id, &straight(&reader)).await.unwrap();
        patient.revoke(&id, &shared.grant).await.unwrap();
        let revocation = server.db().reports[&id].entries.last().unwrap().clone();
        patient.share(&id, &straight(&other)).await.unwrap();
        change_report(&server, move |body| body.entries.retain(|entry| *entry != revocation));
        correct(&doctor, &id).await?;
        Ok(Won::if_so(opens_second(&server, &id, &shared.grant, &server.keyring(&reader))))
    }
}

#[tokio::test]
async fn pretended_erasure() {
    run(&PRETENDED_ERASURE, attempt).await;

    /// The server keeps a report back from the doctor, and says that its owner erased it.
    async fn attempt() -> Attempt {
        let Scene { server, doctor, id, .. } = scene().await;
        doctor.report(&id).await.unwrap();
        server.db().reports.get_mut(&id).unwrap().erased = true;
        match doctor.report(&id).await {
            Err(ClientError::Erased { .. }) => Ok(Won::Everything),
            Err(other) => Err(other.into()),
            Ok(_) => Ok(Won::Nothing),
        }
    }
}

/// From now on keeps every answer, by its path.
pub(super) fn record(server: &Fake) -> Arc<Mutex<BTreeMap<String, Value>>> {
    let kept: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
    let keep = Arc::clone(&kept);
    server.lie(move |request, value| drop(keep.lock().unwrap().insert(request.path.clone(), value.clone())));
    kept
}

/// The server answers as it did before: with the wraps that it kept, and, because whoever asks has seen how the list went on,
/// with the list of today.
pub(super) fn answer_as_before(server: &Fake, id: &ReportId, kept: BTreeMap<String, Value>) {
    let entries = serde_json::to_value(&server.db().reports[id].entries).unwrap();
    server.lie(move |request, value| {
        if let Some(before) = kept.get(&request.path) {
            *value = before.clone();
            if value.get("entries").is_some() {
                value["entries"] = entries.clone();
            }
        }
    });
}

/// The doctor's access is over, but the server goes on as if it weren't.
async fn as_if_nothing_had_happened(scene: &Scene, kept: BTreeMap<String, Value>) -> Attempt {
    let Scene { server, doctor, id, .. } = scene;
    answer_as_before(server, id, kept);
    let open = doctor.report(id).await?;
    let version = doctor.version(&open, 1).await?;
    Ok(Won::if_so(version.content.fields == fields()))
}

/// A doctor whom the patient let read, and what the server keeps of that.
async fn reader(expires_in: i64) -> (Scene, GrantId, BTreeMap<String, Value>) {
    let Scene { server, patient, id, .. } = scene().await;
    let doctor = server.person("Rita Reader", Role::Doctor).await;
    let shared = patient.share(&id, &Share { expires_in, ..straight(&doctor) }).await.unwrap();
    let kept = record(&server);
    let open = doctor.report(&id).await.unwrap();
    doctor.version(&open, 1).await.unwrap();
    server.be_honest();
    let kept = kept.lock().unwrap().clone();
    (Scene { server, patient, doctor, id }, shared.grant, kept)
}

#[tokio::test]
async fn expired_grant() {
    run(&EXPIRED_GRANT, attempt).await;

    async fn attempt() -> Attempt {
        let (scene, _, kept) = reader(3_600_000).await;
        scene.server.pass(3_600_001);
        as_if_nothing_had_happened(&scene, kept).await
    }
}

#[tokio::test]
async fn revoked_grant() {
    run(&REVOKED_GRANT, attempt).await;

    async fn attempt() -> Attempt {
        let (scene, grant, kept) = reader(0).await;
        scene.patient.revoke(&scene.id, &grant).await.unwrap();
        as_if_nothing_had_happened(&scene, kept).await
    }
}

#[tokio::test]
async fn access_rollback() {
    run(&ACCESS_ROLLBACK, attempt).await;

    /// A reader whom the owner has seen disappears from the list, and reads on.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        let shared = patient.share(&id, &straight(&doctor)).await.unwrap();
        patient.access(&id).await.unwrap();
        change_report(&server, |body| drop(body.entries.pop()));
        let rows = patient.access(&id).await?;
        Ok(Won::if_so(rows.iter().all(|row| row.grant != shared.grant)))
    }
}

#[tokio::test]
async fn access_fork() {
    run(&ACCESS_FORK, attempt).await;

    /// The owner took a reader's access away. The server shows a list that is as long and as truly the owner's: one in which
    /// another device of theirs, which knew nothing of that, let somebody else read.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, id } = scene().await;
        let reader = server.person("Rita Reader", Role::Doctor).await;
        let shared = patient.share(&id, &straight(&reader)).await.unwrap();
        let before = {
            let db = server.db();
            let report = &db.reports[&id];
            (report.entries.clone(), report.wraps.clone())
        };
        patient.revoke(&id, &shared.grant).await.unwrap();
        {
            let mut db = server.db();
            let report = db.reports.get_mut(&id).unwrap();
            (report.entries, report.wraps) = before;
        }
        server.grant_versions(&patient, &doctor, &id, Versions::ALL);
        let rows = patient.access(&id).await?;
        Ok(Won::if_so(rows.iter().any(|row| row.grant == shared.grant && row.status == AccessStatus::Live)))
    }
}

/// What the patient is shown: whether the newest event is a reading that the doctor is said to have signed for.
async fn blamed(scene: &Scene, mut shown: Vec<AuditEvent>) -> Attempt {
    scene.server.keep_events(&mut shown);
    scene.server.lie(move |request, value| {
        if request.path.contains("/events") {
            *value = serde_json::json!({ "items": shown });
        }
    });
    let events = scene.patient.report_events(&scene.id, 100).await?;
    let newest = &events.items[0];
    let doctors = newest.event.actor == Some(scene.doctor.account_id());
    Ok(Won::if_so(doctors && newest.reader == Some(ReaderMark::Signed)))
}

/// What the doctor signs in order to see the report, alone.
async fn looks(scene: &Scene) -> Vec<u8> {
    scene.server.signed_requests();
    scene.doctor.report(&scene.id).await.unwrap();
    scene.server.signed_requests().remove(0)
}

#[tokio::test]
async fn invented_reading() {
    run(&INVENTED_READING, attempt).await;

    /// The doctor looked at the report; that they also opened a file of it is made up.
    async fn attempt() -> Attempt {
        let scene = scene().await;
        let looked = looks(&scene).await;
        let looked = Happened { action: Action::Read, ..Happened::opened(&scene.doctor, "", Some(looked)) };
        let invented = Happened::opened(&scene.doctor, "version=1 part=1 revision=0 from=0 to=100", None);
        let shown = history(scene.id, [looked, invented]);
        blamed(&scene, shown).await
    }
}

#[tokio::test]
async fn borrowed_request() {
    run(&BORROWED_REQUEST, attempt).await;

    /// The same, with what the doctor signed for looking.
    async fn attempt() -> Attempt {
        let scene = scene().await;
        let looked = looks(&scene).await;
        let opened = Happened::opened(&scene.doctor, "version=1 part=1 revision=0 from=0 to=100", Some(looked));
        let shown = history(scene.id, [opened]);
        blamed(&scene, shown).await
    }
}

#[tokio::test]
async fn suppressed_event() {
    run(&SUPPRESSED_EVENT, attempt).await;

    /// Somebody read the report; the server leaves that out of what it shows.
    async fn attempt() -> Attempt {
        let Scene { server, patient, id, .. } = scene().await;
        let mut shown = events(id, 5, "version=1");
        server.keep_events(&mut shown);
        let hidden = shown.remove(2);
        server.lie(move |request, value| {
            if request.path.contains("/events") {
                *value = serde_json::json!({ "items": shown });
            }
        });
        let events = patient.report_events(&id, 100).await?;
        Ok(Won::if_so(events.complete && events.items.iter().all(|item| item.event != hidden)))
    }
}

#[tokio::test]
async fn suppressed_newest_event() {
    run(&SUPPRESSED_NEWEST_EVENT, attempt).await;

    /// The patient saw yesterday that somebody read the report; today the server shows the report's events without that one.
    async fn attempt() -> Attempt {
        let Scene { server, patient, id, .. } = scene().await;
        let mut shown = events(id, 5, "version=1");
        server.keep_events(&mut shown);
        let whole = shown.clone();
        let hidden = shown.remove(0);
        show(&server, whole);
        patient.report_events(&id, 100).await?;
        patient.save_state().await?;
        show(&server, shown);
        let client = server.client_with(patient.remembered());
        let next = client.sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await?;
        let events = next.report_events(&id, 100).await?;
        Ok(Won::if_so(events.complete && events.items.iter().all(|item| item.event != hidden)))
    }

    fn show(server: &Fake, events: Vec<AuditEvent>) {
        server.lie(move |request, value| {
            if request.path.contains("/events") {
                *value = serde_json::json!({ "items": events });
            }
        });
    }
}

#[tokio::test]
async fn suppressed_beginning() {
    run(&SUPPRESSED_BEGINNING, attempt).await;

    /// Somebody read the report last week; the server says that so old an event is no longer kept.
    async fn attempt() -> Attempt {
        let Scene { server, patient, id, .. } = scene().await;
        let mut shown = events_at(id, 5, "version=1", server.now() - 7 * 86_400_000);
        server.keep_events(&mut shown);
        let hidden = shown.split_off(3);
        server.lie(move |request, value| {
            if request.path.contains("/events") {
                *value = serde_json::json!({ "items": shown });
            }
        });
        let events = patient.report_events(&id, 100).await?;
        let told = events.removed_before.is_some() && events.items.len() == 3;
        Ok(Won::if_so(told && events.items.iter().all(|item| !hidden.contains(&item.event))))
    }
}
