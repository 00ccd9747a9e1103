//! Lies about people's keys and approvals.

use api_types::{B64, accounts::Role};
use client::{NoSecondFactor, Refusal, Share, SignUp};
use crypto::{
    account::{KeyChain, Keyring},
    sign::Signed,
};
use malicious_server::scene::made_up;
use serde_json::Value;

use super::{Scene, refusal, scene, stranger};
use crate::fake::{Fake, PASSWORD, device, email, rng};

#[tokio::test]
async fn another_key_record_is_refused() {
    let Scene { server, patient, doctor, id } = scene().await;
    let person = patient.person(&doctor.account_id()).await.unwrap();
    patient.mark_verified(&person).await.unwrap();
    let (_, chain) = stranger();
    let other = serde_json::to_value([B64::from(chain.current().as_bytes())]).unwrap();
    server.lie(move |_, value| replace_key_records(value, &other));
    // An id can't be given another key: it is the hash of the first one.
    assert!(matches!(refusal(patient.person(&doctor.account_id()).await), Refusal::KeyRecord(_)));
    assert!(patient.share(&id, &Share::with_code(doctor.account_id())).await.is_err());
    server.be_honest();
    // A pinned account whose chain grew a branch that its holder never signed on another device.
    let mut forked = server.db().accounts[&doctor.account_id()].key_records.clone();
    forked.push(forked[0].clone());
    server.db().accounts.get_mut(&doctor.account_id()).unwrap().key_records = forked;
    assert!(matches!(refusal(patient.person(&doctor.account_id()).await), Refusal::KeyRecord(_)));
}

#[tokio::test]
async fn a_pinned_account_may_not_change_its_history() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    // Somebody whose chain has two histories: what a thief of the epoch-0 key and a server could make together.
    let (mut one, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record.clone()]).unwrap();
    let mut two = one.clone();
    let first = one.rotate(&chain, 2, &mut rng()).unwrap();
    let second = two.rotate(&chain, 2, &mut rng()).unwrap();
    let id = api_types::AccountId(chain.account().0);
    let serve = |next: &Signed<crypto::account::KeyRecord>| {
        let records = vec![B64::from(record.as_bytes()), B64::from(next.as_bytes())];
        let mut db = server.db();
        db.accounts.insert(id, made_up("Mallory", "m@x", records));
    };
    serve(&first);
    let person = ann.person(&id).await.unwrap();
    ann.mark_verified(&person).await.unwrap();
    serve(&second);
    assert!(matches!(refusal(ann.person(&id).await), Refusal::KeyRecordChanged { .. }));
    // And on a fresh device, by the pin in the client state.
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert!(matches!(refusal(fresh.person(&id).await), Refusal::KeyRecordChanged { .. }));
}

fn replace_key_records(value: &mut Value, other: &Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map.iter_mut() {
                if name == "key_records" {
                    *inner = other.clone();
                } else {
                    replace_key_records(inner, other);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_key_records(item, other)),
        _ => {}
    }
}

#[tokio::test]
async fn an_approval_that_the_organisation_did_not_sign_is_refused() {
    let server = Fake::new();
    let client = server.client();
    let kit = client.new_kit();
    let sign_up = SignUp {
        name: "Ada Admin",
        email: "ada@clinic.example",
        password: PASSWORD,
        role: Role::Administrator,
        kit: &kit,
        token: Some("set-up"),
        device: device(),
    };
    let admin = client.sign_up(sign_up).await.unwrap();
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    // The administrator's own approval, moved to someone else.
    let stolen = server.db().accounts[&admin.account_id()].approval.clone();
    server.db().accounts.get_mut(&doctor.account_id()).unwrap().approval = stolen;
    assert!(matches!(refusal(admin.person(&doctor.account_id()).await), Refusal::ApprovalForged { .. }));
}
