//! Lies about the end of accounts and of reports.

use api_types::{
    AccountId, B64,
    accounts::{AccountStatus, Role},
    closing::{ClosedBy, Closing, DELETED_NAME},
};
use client::{ClientError, Refusal, Share};
use crypto::{
    account::{AccountClosing, AccountRemoval, OrganisationKey, REMOVAL_DELAY_DAYS},
    ids,
    report::{AccessEntry, Change},
    sign::Signed,
};
use malicious_server::scene::{Ward, in_the_name_of, ward};

use super::{Scene, refusal, scene, stranger};
use crate::fake::{Fake, rng};

const DAY: i64 = 86_400_000;

/// An account as it would stand if it had been closed so.
fn shows(server: &Fake, account: &AccountId, closing: Option<Closing>) {
    let mut db = server.db();
    let of = db.accounts.get_mut(account).unwrap();
    (of.status, of.closing) = (AccountStatus::Deleted, closing);
}

fn forged(result: client::Result<client::Person>) -> bool {
    matches!(refusal(result), Refusal::ClosingForged { .. })
}

#[tokio::test]
async fn who_closed_their_account_is_gone_by_their_own_word() {
    let Scene { server, patient, doctor, id } = scene().await;
    let doctor_id = doctor.account_id();
    patient.person(&doctor_id).await.unwrap();
    doctor.delete_account("dora.doctor@clinic.example").await.unwrap();
    let gone = patient.person(&doctor_id).await.unwrap();
    assert_eq!((gone.status, gone.closed_by), (AccountStatus::Deleted, Some(ClosedBy::Holder)));
    assert_eq!(gone.name, DELETED_NAME);
    let shared = patient.share(&id, &Share::with_code(doctor_id)).await;
    assert_eq!(shared.err().unwrap().code(), "account_deleted");
    // What is signed stays readable.
    patient.report(&id).await.unwrap();
    // The statement closes nothing while the server says that the account may act.
    server.db().accounts.get_mut(&doctor_id).unwrap().status = AccountStatus::Active;
    assert!(forged(patient.person(&doctor_id).await));
}

/// What is signed can be shown for ever: so nothing is, before the server has said that it takes it.
#[tokio::test]
async fn a_deletion_that_is_refused_is_signed_by_nobody() {
    let Ward { server, ann, head, .. } = ward().await;
    let sent = || server.asked.lock().unwrap().iter().any(|asked| asked.ends_with("/account/deletion"));
    let refused = ann.delete_account("somebody.else@clinic.example").await.unwrap_err();
    assert_eq!(refused.code(), "invalid_field");
    // The only manager of a team with somebody else in it doesn't even ask.
    for refused in [
        head.delete_account("hedda.head@clinic.example").await.unwrap_err(),
        head.pause_account("hedda.head@clinic.example").await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), "sole_team_manager");
        assert!(refused.to_string().contains("Cardiology"), "{refused}");
    }
    let asked = server.asked.lock().unwrap().iter().filter(|asked| asked.ends_with("/deletion/check")).count();
    assert_eq!((asked, sent()), (1, false));
    ann.delete_account("ann.example@clinic.example").await.unwrap();
    assert!(sent(), "the search finds what is sent");
}

#[tokio::test]
async fn nobody_is_gone_without_a_word_of_their_own_or_of_the_organisation() {
    let server = Fake::new();
    let organisation = OrganisationKey::generate(&mut rng());
    server.db().organisation = Some(B64(organisation.public().0.to_vec()));
    let ann = server.person("Ann Example", Role::Patient).await;
    let dora = server.person("Dora Doctor", Role::Doctor).await;
    let id = dora.account_id();
    ann.person(&id).await.unwrap();
    let here = ids::InstanceId(server.instance);
    let account = ids::AccountId(id.0);
    let by = |by, statement: &[u8]| Some(Closing { by, statement: B64::from(statement) });

    shows(&server, &id, None);
    assert!(forged(ann.person(&id).await), "no word at all");
    let (keyring, _) = stranger();
    let said = AccountClosing { instance: here, account, epoch: 0, time: server.now() };
    let theirs = Signed::sign(said, &keyring.current().signing);
    shows(&server, &id, by(ClosedBy::Holder, theirs.as_bytes()));
    assert!(forged(ann.person(&id).await), "a stranger's word");
    shows(&server, &id, by(ClosedBy::Holder, b"no statement"));
    assert!(forged(ann.person(&id).await));

    let removal = AccountRemoval::new(here, account, server.now());
    let other = OrganisationKey::generate(&mut rng()).sign_removal(removal.clone());
    let signed = organisation.sign_removal(removal);
    for (by_whom, statement) in [
        (ClosedBy::Organisation, other.as_bytes()),
        (ClosedBy::Holder, signed.as_bytes()),
        (ClosedBy::Organisation, signed.as_bytes()),
    ] {
        shows(&server, &id, by(by_whom, statement));
        assert!(forged(ann.person(&id).await), "another key, another kind, or before its day");
    }
    server.pass(REMOVAL_DELAY_DAYS * DAY);
    assert_eq!(ann.person(&id).await.unwrap().closed_by, Some(ClosedBy::Organisation));
    shows(&server, &id, by(ClosedBy::Organisation, other.as_bytes()));
    assert!(forged(ann.person(&id).await));
}

#[tokio::test]
async fn a_report_is_erased_by_its_owners_word_alone() {
    let Scene { server, patient, doctor, id } = scene().await;
    doctor.report(&id).await.unwrap();
    server.db().reports.get_mut(&id).unwrap().erased = true;
    assert_eq!(refusal(doctor.report(&id).await), Refusal::ErasureForged);
    assert_eq!(refusal(patient.oversee_erased(&id, 10).await), Refusal::ErasureForged, "nor accounted for as that");
    assert_eq!(
        refusal(patient.erase_report(&id).await),
        Refusal::ErasureForged,
        "nothing is taken for done that isn't"
    );
    // The owner's account is said to be gone as well.
    shows(&server, &patient.account_id(), None);
    assert!(matches!(refusal(doctor.report(&id).await), Refusal::ClosingForged { .. }));
    server.db().accounts.get_mut(&patient.account_id()).unwrap().status = AccountStatus::Active;

    // In the owner's name, under another key.
    let entries = server.db().reports[&id].entries.clone();
    let last = Signed::<AccessEntry>::parse(&entries.last().unwrap().0).unwrap();
    let entry = AccessEntry {
        seq: last.claimed().seq + 1,
        previous: last.hash(),
        time: last.claimed().time + 1,
        author: in_the_name_of(&patient).account,
        change: Change::Erase,
        ..last.claimed().clone()
    };
    let (keyring, _) = stranger();
    let forged = Signed::sign(entry, &keyring.current().signing);
    server.db().reports.get_mut(&id).unwrap().entries.push(B64::from(forged.as_bytes()));
    assert!(matches!(refusal(doctor.report(&id).await), Refusal::GrantInjected { .. }));
    {
        let mut db = server.db();
        let report = db.reports.get_mut(&id).unwrap();
        (report.erased, report.entries) = (false, entries.clone());
    }
    doctor.report(&id).await.unwrap();

    assert!(matches!(doctor.erase_report(&id).await, Err(ClientError::NotAllowed)), "its author doesn't own it");
    patient.erase_report(&id).await.unwrap();
    for reader in [&doctor, &patient] {
        assert!(matches!(reader.report(&id).await, Err(ClientError::Erased { by: ClosedBy::Holder })));
    }
    // Whoever saw the end takes no beginning without it for whole.
    {
        let mut db = server.db();
        let report = db.reports.get_mut(&id).unwrap();
        (report.erased, report.entries) = (false, entries);
    }
    assert_eq!(refusal(doctor.report(&id).await), Refusal::AccessHeadOlder);
}

#[tokio::test]
async fn with_its_owners_account_a_report_ends_too() {
    let Scene { server, patient, doctor, id } = scene().await;
    doctor.report(&id).await.unwrap();
    patient.delete_account("ann.example@clinic.example").await.unwrap();
    server.db().reports.get_mut(&id).unwrap().erased = true;
    assert!(matches!(doctor.report(&id).await, Err(ClientError::Erased { by: ClosedBy::Holder })));
}
