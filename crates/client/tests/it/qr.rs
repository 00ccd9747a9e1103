//! Finding somebody by a scanned code: what it finds, what it refuses, and when it pins.

use std::sync::Arc;

use api_types::{AccountId, B64, accounts::Role, grants::Right};
use client::{ClientError, KeyCodeError, NoSecondFactor, Refusal, Share, Vault, Verification};
use crypto::account::{KeyChain, Keyring};
use serde_json::Value;

use crate::{
    fake::{Fake, PASSWORD, World, accounts::public, device, email, rng},
    flows::report,
    lies::refusal,
};

/// A doctor who scans, and a patient whose code it is.
async fn scene() -> (Arc<Fake>, Vault<World>, Vault<World>) {
    let server = Fake::new();
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let patient = server.person("Ann Example", Role::Patient).await;
    (server, doctor, patient)
}

/// Gives an account a second key record, as its holder would.
fn rotate(server: &Fake, vault: &Vault<World>) -> String {
    let mut db = server.db();
    let account = db.accounts.get_mut(&vault.account_id()).unwrap();
    let chain = KeyChain::parse(&crypto::ids::AccountId(vault.account_id().0), &account.key_records).unwrap();
    let mut keyring = Keyring::open(&vault.account_key(), &chain, &account.keyring.0).unwrap();
    let record = keyring.rotate(&chain, chain.current().claimed().created_at + 1, &mut rng()).unwrap();
    account.key_records.push(B64::from(record.as_bytes()));
    format!("healthsecure:key:{}:{}", vault.account_id(), record.hash())
}

/// Changes the answers to look-ups.
fn change_found(server: &Fake, change: impl Fn(&mut Vec<Value>) + Send + 'static) {
    server.lie(move |request, value| {
        if request.path.starts_with("/api/v1/accounts?") {
            change(value["items"].as_array_mut().unwrap());
        }
    });
}

#[tokio::test]
async fn a_code_finds_its_account_and_pins_nothing() {
    let (server, doctor, patient) = scene().await;
    let code = patient.own_fingerprint().qr;
    let person = doctor.find_by_qr(&format!(" {code}\n")).await.unwrap().unwrap();
    assert_eq!((person.id, person.verification), (patient.account_id(), Verification::New));
    let again = doctor.find_by_qr(&code).await.unwrap().unwrap();
    assert_eq!(again.verification, Verification::New, "finding is not comparing");
    // What was found can be shared with.
    let id = report(&doctor, client::PatientChoice::Account(person.id)).await;
    assert_eq!(patient.report(&id).await.unwrap().right, Right::Own);
    // It was scanned from the patient's own screen: now it is compared, and stays so on another device.
    doctor.verify_by_qr(&person, &code).await.unwrap();
    let there = server.client().sign_in(&email("Dora Doctor"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let person = there.find_by_qr(&code).await.unwrap().unwrap();
    assert_eq!(person.verification, Verification::Verified);
}

#[tokio::test]
async fn a_foreign_or_cut_code_is_named_and_asks_nobody() {
    let (server, doctor, patient) = scene().await;
    let (code, person) = (patient.own_fingerprint().qr, doctor.find_by_email(&email("Ann Example")).await);
    let person = person.unwrap().unwrap();
    let asked = server.asked.lock().unwrap().len();
    for (text, why) in [
        ("https://example.org/menu", KeyCodeError::Foreign),
        ("7Q2K-91BX", KeyCodeError::Foreign),
        (&code[..code.len() - 3], KeyCodeError::Damaged),
    ] {
        let found = doctor.find_by_qr(text).await;
        assert!(matches!(&found, Err(ClientError::KeyCode(e)) if *e == why), "{text}: {found:?}");
        let compared = doctor.verify_by_qr(&person, text).await;
        assert!(matches!(&compared, Err(ClientError::KeyCode(e)) if *e == why), "{text}: {compared:?}");
    }
    assert_eq!(server.asked.lock().unwrap().len(), asked);
}

#[tokio::test]
async fn an_outdated_code_finds_nobody() {
    let (server, doctor, patient) = scene().await;
    let old = patient.own_fingerprint().qr;
    let new = rotate(&server, &patient);
    assert!(doctor.find_by_qr(&old).await.unwrap().is_none());
    assert_eq!(doctor.find_by_qr(&new).await.unwrap().unwrap().id, patient.account_id());
}

#[tokio::test]
async fn a_server_that_answers_with_somebody_else_is_refused() {
    let (server, doctor, patient) = scene().await;
    let mallory = server.person("Mallory Doctor", Role::Doctor).await;
    let code = patient.own_fingerprint().qr;
    let other = {
        let db = server.db();
        serde_json::to_value(public(&mallory.account_id(), &db.accounts[&mallory.account_id()])).unwrap()
    };
    let lies: [fn(&mut Vec<Value>, &Value); 3] = [
        // Another account, whole.
        |items, other| *items = vec![other.clone()],
        // Another account beside the right one.
        |items, other| items.push(other.clone()),
        // The right id over another's keys.
        |items, other| items[0]["key_records"] = other["key_records"].clone(),
    ];
    for (n, lie) in lies.into_iter().enumerate() {
        let other = other.clone();
        change_found(&server, move |items| lie(items, &other));
        let why = refusal(doctor.find_by_qr(&code).await);
        // An id is the hash of its first key record, so other keys under it are no chain of its own.
        let named = if n == 2 { matches!(why, Refusal::KeyRecord(_)) } else { why == Refusal::KeyCodeContradicted };
        assert!(named, "lie {n}: {why:?}");
    }
    server.be_honest();
    assert!(unknown(&doctor, &patient.account_id(), &server).await, "nothing of a lie was remembered");
    doctor.find_by_qr(&code).await.unwrap().unwrap();
}

/// Whether sharing with an account fails because nothing is known of it, though the server hides it.
async fn unknown(doctor: &Vault<World>, id: &AccountId, server: &Fake) -> bool {
    let report = report(doctor, client::PatientChoice::New).await;
    let hidden = server.db().accounts.remove(id).unwrap();
    let shared = doctor.share(&report, &Share::with_code(*id)).await;
    server.db().accounts.insert(*id, hidden);
    shared.is_err()
}

#[tokio::test]
async fn a_server_that_answers_with_other_keys_of_the_account_is_refused() {
    let (server, doctor, patient) = scene().await;
    let first = serde_json::to_value(&server.db().accounts[&patient.account_id()].key_records).unwrap();
    let old = patient.own_fingerprint().qr;
    let new = rotate(&server, &patient);
    let both = serde_json::to_value(&server.db().accounts[&patient.account_id()].key_records).unwrap();
    // The keys from before, though the code names the new ones: whoever has those may be somebody else by now.
    change_found(&server, move |items| items[0]["key_records"] = first.clone());
    assert_eq!(refusal(doctor.find_by_qr(&new).await), Refusal::KeyCodeContradicted);
    // And the other way round: an honest server finds nobody by the old code, this one pretends to.
    let found = public(&patient.account_id(), &server.db().accounts[&patient.account_id()]);
    let found = serde_json::to_value(found).unwrap();
    assert_eq!(found["key_records"], both);
    change_found(&server, move |items| *items = vec![found.clone()]);
    assert_eq!(refusal(doctor.find_by_qr(&old).await), Refusal::KeyCodeContradicted);
    server.be_honest();
    let person = doctor.find_by_qr(&new).await.unwrap().unwrap();
    assert_eq!(person.verification, Verification::New);
}

#[tokio::test]
async fn a_code_that_is_not_the_persons_pins_nothing() {
    let (server, doctor, patient) = scene().await;
    let person = doctor.find_by_email(&email("Ann Example")).await.unwrap().unwrap();
    let mallory = server.person("Mallory Doctor", Role::Doctor).await;
    let rotated = rotate(&server, &patient);
    for code in [mallory.own_fingerprint().qr, rotated] {
        assert!(matches!(refusal(doctor.verify_by_qr(&person, &code).await), Refusal::KeyRecordChanged { .. }));
    }
    let person = doctor.find_by_email(&email("Ann Example")).await.unwrap().unwrap();
    assert_eq!(person.verification, Verification::New);
}
