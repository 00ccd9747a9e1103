//! A row of the list is the server's word, and its signer's: it binds nobody.

use api_types::{B64, accounts::Role};
use client::{NoSecondFactor, Refusal, Verification, api::ListQuery};
use crypto::{account::KeyChain, sign::Signed};

use super::{Scene, refusal, scene};
use crate::fake::{PASSWORD, device, email};

#[tokio::test]
async fn a_row_by_nobody_entitled_pins_neither_version_nor_key() {
    let Scene { server, patient, id, .. } = scene().await;
    let mallory = server.person("Mallory", Role::Doctor).await;
    server.add_version(&mallory, &id, |_| {});
    // Mallory's keys have two histories: what a thief of the first key and a server could make together.
    let account = mallory.account_id();
    let first_records = server.db().accounts[&account].key_records.clone();
    let chain = KeyChain::parse(&crypto::ids::AccountId(account.0), &first_records).unwrap();
    let (mut one, mut two) = (server.keyring(&mallory), server.keyring(&mallory));
    let histories = [&mut one, &mut two].map(|keys| keys.rotate(&chain, server.now() + 1_000, &mut crate::fake::rng()));
    let serve = |history: usize| {
        let next = Signed::as_bytes(histories[history].as_ref().unwrap());
        let mut records = first_records.clone();
        records.push(B64::from(next));
        server.db().accounts.get_mut(&account).unwrap().key_records = records;
    };
    serve(0);
    let page = patient.list(&ListQuery::default()).await.unwrap();
    assert_eq!((page.rows[0].version, page.rows[0].author), (2, account), "the row itself looks right");
    assert!(matches!(refusal(patient.report(&id).await), Refusal::ManifestForged { version: 2, .. }));
    patient.save_state().await.unwrap();

    // The version that only the row had was never seen, and the key behind it neither.
    server.db().reports.get_mut(&id).unwrap().versions.remove(&2);
    serve(1);
    assert_eq!(patient.report(&id).await.unwrap().newest().unwrap().version, 1);
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(fresh.report(&id).await.unwrap().newest().unwrap().version, 1);
    let person = fresh.person(&account).await.unwrap();
    assert_eq!(person.verification, Verification::New);
}

#[tokio::test]
async fn a_name_that_came_with_a_list_is_not_kept() {
    let Scene { server, doctor, id, .. } = scene().await;
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    server.lie(|_, value| rename(value));
    assert_eq!(fresh.list(&ListQuery::default()).await.unwrap().rows.len(), 1);
    assert_eq!(fresh.person(&doctor.account_id()).await.unwrap().name, "Eve");
    server.be_honest();
    assert_eq!(fresh.person(&doctor.account_id()).await.unwrap().name, "Dora Doctor");
    let by: Vec<_> = fresh.access(&id).await.unwrap().into_iter().filter_map(|row| row.granted_by_name).collect();
    assert!(!by.is_empty() && by.iter().all(|name| name == "Dora Doctor"));
}

fn rename(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            if map.get("name").is_some_and(|name| name == "Dora Doctor") {
                map.insert("name".to_owned(), "Eve".into());
            }
            map.values_mut().for_each(rename);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(rename),
        _ => {}
    }
}
