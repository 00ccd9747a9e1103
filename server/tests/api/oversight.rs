//! What the owner of reports sees of all of them, from a real server's chains and events.

use api_types::audit::Action;
use client::{
    Mark, PatientChoice, Share,
    oversight::{DisclosureKind, Subject, account_for, by_person, visits},
};

use crate::{
    harness::Server,
    honest_client::{clinic, read, write},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_sees_who_opened_what_under_which_purpose() {
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    read(&doctor, &id).await.unwrap();
    let to = patient.find_doctors("Dora").await.unwrap().remove(0);
    let share = Share { purpose: "billing".into(), with_code: false, ..Share::with_code(to.id) };
    patient.share(&id, &share).await.unwrap();
    let author = patient.access(&id).await.unwrap().into_iter().find(|row| row.purpose == "author").unwrap();
    patient.revoke(&id, &author.grant).await.unwrap();
    patient.rekey(&id, &client::bulk::Control::none()).await.unwrap();
    read(&doctor, &id).await.unwrap();

    let overseen = patient.oversee(&id, usize::MAX).await.unwrap().unwrap();
    assert!(overseen.complete && overseen.owner == patient.account_id());
    let by_doctor = |action: Action| {
        let of = |e: &&client::ExplainedEvent| {
            e.checked.event.actor == Some(doctor.account_id()) && e.checked.event.action == action
        };
        overseen.events.iter().filter(of).map(|e| e.purposes.clone()).collect::<Vec<_>>()
    };
    let opened = by_doctor(Action::Open);
    assert_eq!(opened.first().unwrap(), &["billing"], "the newest, when the author's grant had ended");
    assert_eq!(opened.last().unwrap(), &["author"], "the oldest");
    assert!(overseen.events.iter().all(|e| e.checked.mark == Mark::Verified && e.checked.event.actor.is_some()));
    assert!(visits(&overseen.events).len() < overseen.events.len());

    let people = by_person([&overseen]);
    assert_eq!(people.len(), 1);
    assert_eq!((people[0].now.len(), people[0].ended.len()), (1, 1));

    let subject = Subject { overseen: &overseen, title: "Chest X-ray", kind: "" };
    let account = account_for(&[subject], 0, i64::MAX, true);
    let lines: Vec<_> = account.lines.iter().map(|line| (line.what, line.purposes.join(" "))).collect();
    let expected = |purpose: &str| (DisclosureKind::Opened, purpose.to_owned());
    assert_eq!(lines, [expected("author"), expected("billing")]);
    assert!(account.lines.iter().all(|line| line.name.as_deref() == Some("Dora Doctor")));
    assert_eq!(account.events, account.verified);
    let head = patient.log_head().await.unwrap().unwrap();
    assert!(head.size > account.events as u64 && head.origin.ends_with("/log/events"));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_report_is_not_ones_own_to_oversee() {
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    assert!(doctor.oversee(&id, 100).await.unwrap().is_none(), "the signed chain says whose it is");
    assert!(patient.oversee(&id, 100).await.unwrap().is_some());
    assert!(patient.oversee(&api_types::ReportId([1; 32]), 100).await.is_err());
}
