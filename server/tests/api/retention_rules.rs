//! How long reports are kept, signed by the organisation, applied by owners' clients; the server removes nothing by it.

use api_types::{B64, ErrorCode, audit::Action};
use client::{ClientError, NoSecondFactor, PatientChoice, Refusal, RetentionRule};
use crypto::{
    account::{OrganisationKey, RetentionRules},
    ids::InstanceId,
};
use server::{clock::DAY, upkeep};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, clinic, device, write},
    later::later,
    person::rng,
};

fn rule(kind: &str, years: u16) -> RetentionRule {
    RetentionRule { kind: kind.to_owned(), years }
}

fn code<T>(result: Result<T, ClientError>) -> String {
    result.map(drop).unwrap_err().code()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_told_what_has_been_kept_long_enough() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let [administrator, doctor, patient] = clinic(&server).await;
    let own = write(&patient, PatientChoice::Account(patient.account_id())).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let written = write(&doctor, PatientChoice::Account(found.id)).await;
    assert_eq!(patient.retention_policy().await.unwrap(), None);
    administrator.set_retention_policy(vec![rule("Laboratory", 30), rule("", 10)]).await.unwrap();
    let policy = patient.retention_policy().await.unwrap().unwrap();
    assert_eq!((policy.number, policy.years_for("laboratory"), policy.years_for("X-ray")), (1, Some(30), Some(10)));
    for row in patient.list_all().await.unwrap().rows {
        assert_eq!(patient.due(&policy, &row).await.unwrap(), None, "both are young");
    }

    server.state.clock.advance(11 * 366 * DAY);
    upkeep::once(&server.state).await.unwrap();
    let sign_in = async |email| later(&server).sign_in(email, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let (ann, dora) = (sign_in("ann@clinic.example").await, sign_in("dora@clinic.example").await);
    let policy = ann.retention_policy().await.unwrap().unwrap();
    let found = ann.all_due(&policy).await.unwrap();
    assert!(found.unread.is_empty());
    let due = found.due;
    let mut ids: Vec<_> = due.iter().map(|due| due.report).collect();
    ids.sort();
    let mut all = vec![own, written];
    all.sort();
    assert_eq!(ids, all, "and nothing was removed");
    assert!(due.iter().all(|due| due.years == 10 && due.title == "Chest X-ray"));
    for row in dora.list_all().await.unwrap().rows {
        assert_eq!(dora.due(&policy, &row).await.unwrap(), None, "its owner's to decide");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_takes_rules_that_the_organisation_signed_one_after_the_other() {
    let server = Server::start().await;
    let [administrator, doctor, patient] = clinic(&server).await;
    assert!(matches!(doctor.set_retention_policy(vec![rule("", 1)]).await, Err(ClientError::NotAllowed)));
    let send = async |statement: B64| {
        let body = api_types::retention::PutRetentionRules { statement };
        administrator.api().put_retention_rules(&body).await
    };
    let said = |number| RetentionRules { instance: server.instance(), number, time: 0, rules: Vec::new() };
    let stranger = OrganisationKey::generate(&mut rng());
    let forged = B64::from(stranger.sign_rules(said(1)).as_bytes());
    assert_eq!(code(send(forged.clone()).await), "invalid_signature");
    let elsewhere = RetentionRules { instance: InstanceId([9; 16]), ..said(1) };
    assert_eq!(code(send(B64::from(stranger.sign_rules(elsewhere).as_bytes())).await), "invalid_signature");
    assert_eq!(send(B64(vec![1])).await.unwrap_err().problem(), Some(ErrorCode::InvalidField));
    let refused =
        patient.api().put_retention_rules(&api_types::retention::PutRetentionRules { statement: forged }).await;
    assert_eq!(code(refused), "forbidden");

    administrator.set_retention_policy(vec![rule("Letter", 5)]).await.unwrap();
    let first = administrator.api().get_retention_rules().await.unwrap().statement.unwrap();
    assert_eq!(code(send(first).await), "conflict", "the same number again");
    administrator.set_retention_policy(Vec::new()).await.unwrap();
    let policy = patient.retention_policy().await.unwrap().unwrap();
    assert_eq!((policy.number, policy.years_for("Letter")), (2, None));
    let filter = client::api::EventFilter { action: Some(Action::System), ..Default::default() };
    let events = administrator.events(&filter).await.unwrap().items;
    let said: Vec<_> =
        events.iter().map(|item| item.event.subject.as_str()).filter(|it| it.contains("retention_rules")).collect();
    assert_eq!(said, ["what=retention_rules number=2 rules=0", "what=retention_rules number=1 rules=1"]);

    // A database that was set back shows what is older.
    let tx = server.state.db.begin_write().await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(tx.conn(), "DELETE FROM retention_rules WHERE number = 2")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    match patient.retention_policy().await {
        Err(ClientError::Refused(refusal)) => assert_eq!(refusal, Refusal::RetentionRulesOlder),
        other => panic!("{other:?}"),
    }
}
