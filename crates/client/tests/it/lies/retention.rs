//! Lies about the organisation's rules on how long reports are kept, and about how old a report is.

use std::sync::Arc;

use api_types::{B64, accounts::Role};
use client::{ClientError, Refusal, RetentionRule, Vault};
use crypto::{
    account::{OrganisationKey, RetentionRule as Rule, RetentionRules},
    ids::InstanceId,
};
use malicious_server::double::World;

use super::refusal;
use crate::fake::{Fake, rng};

const YEAR: i64 = 366 * 86_400_000;

fn signed(server: &Fake, key: &OrganisationKey, number: u32, years: u16) -> B64 {
    let rules = vec![Rule { kind: String::new(), years }];
    let said = RetentionRules { instance: InstanceId(server.instance), number, time: server.now(), rules };
    B64::from(key.sign_rules(said).as_bytes())
}

/// A server of an organisation, and a patient of it.
async fn clinic() -> (Arc<Fake>, OrganisationKey, Vault<World>) {
    let server = Fake::new();
    let key = OrganisationKey::generate(&mut rng());
    server.db().organisation = Some(B64(key.public().0.to_vec()));
    let ann = server.person("Ann Example", Role::Patient).await;
    (server, key, ann)
}

fn shows(server: &Fake, statement: Option<B64>) {
    server.db().retention_rules = statement;
}

#[tokio::test]
async fn rules_are_the_organisations_alone() {
    let (server, key, ann) = clinic().await;
    assert_eq!(ann.retention_policy().await.unwrap(), None);
    let other = OrganisationKey::generate(&mut rng());
    let elsewhere = RetentionRules { instance: InstanceId([9; 16]), number: 1, time: 0, rules: Vec::new() };
    for forged in
        [signed(&server, &other, 1, 1), B64::from(key.sign_rules(elsewhere).as_bytes()), B64(b"no statement".to_vec())]
    {
        shows(&server, Some(forged));
        assert!(matches!(refusal(ann.retention_policy().await), Refusal::RetentionRulesForged(_)));
    }
    shows(&server, Some(signed(&server, &key, 1, 10)));
    assert_eq!(ann.retention_policy().await.unwrap().unwrap().years_for("Letter"), Some(10));
    let rules = vec![RetentionRule { kind: "Letter".to_owned(), years: 1 }];
    assert!(matches!(ann.set_retention_policy(rules).await, Err(ClientError::NotAllowed)), "a patient has no such key");
}

#[tokio::test]
async fn older_rules_are_refused_once_newer_were_seen() {
    let (server, key, ann) = clinic().await;
    let [first, second, other] = [(1, 10), (2, 30), (2, 1)].map(|(number, years)| signed(&server, &key, number, years));
    shows(&server, Some(first.clone()));
    ann.retention_policy().await.unwrap();
    shows(&server, Some(second.clone()));
    assert_eq!(ann.retention_policy().await.unwrap().unwrap().number, 2);
    for shown in [None, Some(first.clone()), Some(other)] {
        shows(&server, shown);
        assert_eq!(refusal(ann.retention_policy().await), Refusal::RetentionRulesOlder);
    }
    // Also in the next session on the same device.
    let later = server.client_with(ann.remembered());
    let nobody = client::NoSecondFactor;
    let (email, device) = (crate::fake::email("Ann Example"), crate::fake::device());
    let later = later.sign_in(&email, crate::fake::PASSWORD, device, &nobody).await.unwrap();
    shows(&server, Some(first));
    assert_eq!(refusal(later.retention_policy().await), Refusal::RetentionRulesOlder);
    shows(&server, Some(second));
    assert_eq!(later.retention_policy().await.unwrap().unwrap().years_for(""), Some(30));
}

/// A server that dates a report back has nobody erase it.
#[tokio::test]
async fn how_old_a_report_is_is_its_authors_word() {
    let super::Scene { server, patient, doctor, id } = super::scene().await;
    let policy =
        client::RetentionPolicy { number: 1, time: 0, rules: vec![RetentionRule { kind: String::new(), years: 10 }] };
    let row = async || patient.list_all().await.unwrap().rows.into_iter().find(|row| row.id == id).unwrap();
    assert_eq!(patient.due(&policy, &row().await).await.unwrap(), None, "it is young");
    let dated_back = client::ReportRow { created_at: 0, updated_at: 0, ..row().await };
    assert_eq!(patient.due(&policy, &dated_back).await.unwrap(), None, "whatever the server says");
    server.pass(11 * YEAR);
    let due = patient.due(&policy, &row().await).await.unwrap().unwrap();
    assert_eq!((due.report, due.years), (id, 10));
    assert!(due.kept_until > due.newest && due.kept_until <= server.now());
    let theirs = doctor.list_all().await.unwrap().rows.into_iter().find(|row| row.id == id).unwrap();
    assert_eq!(doctor.due(&policy, &theirs).await.unwrap(), None, "not the owner");
}
