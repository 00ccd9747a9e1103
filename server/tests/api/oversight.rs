//! What the owner of reports sees of all of them, from a real server's chains and events.

use api_types::{accounts::Role, audit::Action};
use client::{
    AccessStatus, ActorName, CheckedEvent, Mark, NoSecondFactor, PatientChoice, ReaderMark, Share,
    oversight::{DisclosureKind, Subject, account_for, by_person, visits},
};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, approve, client, clinic, device, join, read, write},
    teams::Ward,
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
    assert!(overseen.events.iter().all(|e| matches!(e.who, Some(ActorName::Known(_)))), "never by the server's word");
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
async fn who_only_listed_a_report_is_named_in_its_record_and_its_account() {
    let server = Server::start().await;
    let [administrator, _, patient] = clinic(&server).await;
    let (other, _) = join(&server, "Otto Other", "otto@clinic.example", Role::Doctor, None).await;
    approve(&administrator, &other).await;
    let id = write(&patient, PatientChoice::Account(patient.account_id())).await;
    let to = patient.find_doctors("Otto").await.unwrap().remove(0);
    patient.share(&id, &Share { with_code: false, ..Share::with_code(to.id) }).await.unwrap();
    for reader in [&other, &other, &patient] {
        assert_eq!(reader.list_all().await.unwrap().rows.len(), 1);
    }

    let overseen = patient.oversee(&id, usize::MAX).await.unwrap().unwrap();
    let listed: Vec<_> =
        overseen.events.iter().filter(|explained| explained.checked.event.action == Action::List).collect();
    assert_eq!(listed.len(), 1, "once, and the owner's own not at all");
    let CheckedEvent { event, mark, reader } = &listed[0].checked;
    assert_eq!((event.actor, event.subject.as_str()), (Some(to.id), "of=reports version=1 revision=0"));
    assert_eq!((*mark, *reader), (Mark::Verified, Some(ReaderMark::Signed)));
    assert_eq!(listed[0].who, Some(ActorName::Known("Otto Other".to_owned())));
    assert_eq!(listed[0].purposes, ["treatment"]);

    let subject = Subject { overseen: &overseen, title: "Chest X-ray", kind: "" };
    let lines = account_for(&[subject], 0, i64::MAX, true).lines;
    let lines: Vec<_> = lines.iter().map(|line| (line.what, line.name.as_deref(), &line.versions[..])).collect();
    let name = Some("Otto Other");
    assert_eq!(lines, [(DisclosureKind::AccessGiven, name, &[][..]), (DisclosureKind::Listed, name, &[1][..])]);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_erased_is_still_accounted_for() {
    let w = Ward::new().await;
    let id = w.shared(w.team().await).await;
    let (bea, _) = join(&w.server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    w.ann.find_by_email("bea@clinic.example").await.unwrap().unwrap();
    let shared = w.ann.share(&id, &Share::with_code(bea.account_id())).await.unwrap();
    bea.redeem(&shared.grant, &shared.code.unwrap()).await.unwrap();
    read(&w.otto, &id).await.unwrap();
    read(&bea, &id).await.unwrap();
    assert!(w.ann.erased_reports(&[]).await.unwrap().is_empty());
    assert_eq!(w.ann.oversee_erased(&id, usize::MAX).await.unwrap_err().code(), "not_found", "it isn't erased");
    w.ann.erase_report(&id).await.unwrap();

    // A session that has met nobody: of Bea it learns by this report alone.
    let ann = client(&w.server).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(ann.erased_reports(&[]).await.unwrap(), [id]);
    assert!(ann.erased_reports(&[id]).await.unwrap().is_empty(), "it is there already");
    let overseen = ann.oversee_erased(&id, usize::MAX).await.unwrap().unwrap();
    assert!(overseen.complete && overseen.erased.is_some());
    assert!(overseen.events.iter().any(|e| e.checked.event.action == Action::Erase));
    assert!(overseen.events.iter().all(|e| e.checked.mark == Mark::Verified));
    let readers: Vec<_> = overseen.events.iter().filter_map(|e| e.checked.reader).collect();
    assert!(!readers.is_empty() && readers.iter().all(|mark| *mark == ReaderMark::Signed), "{readers:?}");
    assert!(overseen.access.iter().all(|row| row.status == AccessStatus::Revoked && !row.may_revoke));
    let subject = Subject { overseen: &overseen, title: "Erased report", kind: "" };
    let account = account_for(&[subject], 0, i64::MAX, true);
    let mut lines: Vec<_> =
        account.lines.iter().map(|line| (line.name.clone().unwrap_or_default(), line.what, line.report)).collect();
    lines.sort_by(|one, other| one.0.cmp(&other.0));
    let line = |name: &str, what| (name.to_owned(), what, id);
    let expected = [
        line("Bea Example", DisclosureKind::Opened),
        line("Dora Doctor", DisclosureKind::AccessGiven),
        line("Otto Other", DisclosureKind::Opened),
    ];
    assert_eq!(lines, expected);
    assert_eq!((account.erased, account.events), (1, account.verified));

    // Whoever only had it learns that it was erased; to others it isn't there.
    for (who, code) in [(&w.otto, "report_erased"), (&bea, "report_erased"), (&w.administrator, "not_found")] {
        assert_eq!(who.report_events(&id, 10).await.unwrap_err().code(), code);
        assert_eq!(who.report_people(&id).await.unwrap_err().code(), code);
        assert!(who.erased_reports(&[]).await.unwrap().is_empty());
    }
    assert!(w.otto.oversee_erased(&id, 10).await.unwrap().is_none(), "it was another's");
}
