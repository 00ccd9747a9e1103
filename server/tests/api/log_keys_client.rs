//! The client's own look at the keys tree of a real server: an honest one is believed without a word, and what its
//! operator adds in somebody's name alarms them.

use api_types::AccountId;
use client::{Alarm, AlarmKind, PatientChoice, Share};
use server::{
    services::fields,
    storage::log_keys::{self, Entry},
};

use crate::{
    harness::Server,
    honest_client::{Person, clinic, read, write},
    tree::Published,
};

/// Reads all that is new.
async fn scan(person: &Person) -> u64 {
    let scanned = person.scan_keys(u64::MAX).await.unwrap();
    assert_eq!((scanned.left, person.stopped()), (0, None));
    scanned.read
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_server_raises_no_alarm() {
    let server = Server::start().await;
    let [ada, doctor, patient] = clinic(&server).await;
    // However it is written.
    let found = doctor.find_by_email("  ANN@Clinic.Example ").await.unwrap().unwrap();
    assert_eq!(found.id, patient.account_id());
    assert!(doctor.find_by_email("nobody@clinic.example").await.unwrap().is_none());
    let by_code = doctor.find_by_qr(&patient.own_fingerprint().qr).await.unwrap().unwrap();
    doctor.mark_verified(&by_code).await.unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    read(&patient, &id).await.unwrap();
    let colleague = patient.find_doctors("Dora").await.unwrap();
    patient.share(&id, &Share::with_code(colleague[0].id)).await.unwrap();
    for person in [&ada, &doctor, &patient] {
        person.check_log().await.unwrap();
        assert_eq!((scan(person).await, scan(person).await), (6, 0));
        assert_eq!(person.alarms(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_binds_an_address_elsewhere_alarms_its_owner() {
    let server = Server::start().await;
    let [ada, doctor, patient] = clinic(&server).await;
    let label = server.state.labels.label("ann@clinic.example").unwrap();
    let tx = server.state.db.begin_write().await.unwrap();
    let other = AccountId(ada.account_id().0);
    let own = AccountId(doctor.account_id().0);
    log_keys::append(tx.conn(), &[Entry::binding(other, label), Entry::key(own, 1, b"not the doctor's")])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Published::keys(&server.origin).await.reaching(8).await;
    for person in [&ada, &doctor, &patient] {
        scan(person).await;
    }
    let alarm = |leaf, kind| Alarm { leaf, kind, acknowledged: false };
    assert_eq!(patient.alarms(), [alarm(6, AlarmKind::OwnAddress { other: true })]);
    assert_eq!(doctor.alarms(), [alarm(7, AlarmKind::OwnKey { epoch: 1 })]);
    // Who is bound wasn't asked. But she approved the doctor, and isn't given the keys that the tree has of them.
    let withheld = AlarmKind::OthersKey { account: doctor.account_id(), epoch: 1 };
    assert_eq!(ada.alarms(), [alarm(7, withheld)]);
    patient.acknowledge_alarm(6).await.unwrap();
    assert!(patient.alarms()[0].acknowledged);
}

#[test]
fn client_and_server_compare_addresses_alike() {
    for text in [
        "  Jane.Doe@Example.ORG ",
        "ju\u{308}rg@exämple.de",
        "ÅSA@EXAMPLE.ORG",
        "İpek@example.org",
        "ΣΊΣΥΦΟΣ@example.gr",
    ] {
        assert_eq!(client::email_key(text), fields::email("/email", text).unwrap().key, "{text}");
    }
}
