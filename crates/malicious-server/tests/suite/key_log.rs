//! Attacks on keys and addresses where there is a public log of keys.

use std::sync::Arc;

use api_types::{AccountId, B64, accounts::Role};
use client::{NoSecondFactor, PatientChoice, Share, Vault};
use crypto::account::Keyring;
use malicious_server::{
    attack::{
        ADDRESS_SWAP, CONTRADICTED_CODE, DENIED_KEY_LOG, LABEL_KEY_SWAP, TWO_KEYS_FOR_ONE_ADDRESS, UNLOGGED_KEY,
        UNPROVED_ADDRESS, WITHHELD_KEY,
    },
    double::{
        Fake, PASSWORD, World, device, email,
        keys::{label_key, prove},
    },
    scene::{fields, made_up, report, straight, stranger},
};
use serde_json::json;
use tlog::leaf::KeyTreeLeaf;

use super::{Attempt, Stopped, Won, keys::opens, run};

/// People on a server with a log of keys, and an account that the server made up.
struct Clinic {
    server: Arc<Fake>,
    ann: Vault<World>,
    dora: Vault<World>,
    mallory: AccountId,
    /// What opens what is sealed to it.
    own: Keyring,
}

async fn clinic(logged: bool) -> Clinic {
    let server = Fake::new();
    server.keep_keys();
    let ann = server.person("Ann Example", Role::Patient).await;
    let dora = server.person("Dora Doctor", Role::Doctor).await;
    let (own, chain) = stranger();
    let mallory = AccountId(chain.account().0);
    let record = B64::from(chain.current().as_bytes());
    if logged {
        server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&mallory.0, 0, &record.0)));
    }
    server.db().accounts.insert(mallory, made_up("Mallory", "m@x", vec![record]));
    Clinic { server, ann, dora, mallory, own }
}

#[tokio::test]
async fn unlogged_key() {
    run(&UNLOGGED_KEY, attempt).await;

    async fn attempt() -> Attempt {
        let Clinic { server, ann, mallory, own, .. } = clinic(false).await;
        let id = report(&ann, PatientChoice::Account(ann.account_id())).await;
        let share = Share { with_code: false, expires_in: 0, ..Share::with_code(mallory) };
        let shared = ann.share(&id, &share).await?;
        Ok(Won::if_so(opens(&server, &id, &shared.grant, &own)))
    }
}

#[tokio::test]
async fn denied_key_log() {
    run(&DENIED_KEY_LOG, attempt).await;

    /// To a newcomer, who can't know better, the server says that it keeps no log of keys. Then it makes up a doctor.
    async fn attempt() -> Attempt {
        let Clinic { server, dora, mallory, own, .. } = clinic(false).await;
        server.lie(|request, value| {
            if request.path.ends_with("/instance") {
                let said = value.as_object_mut().unwrap();
                said.remove("log_keys_key");
                said.remove("log_vrf_key");
            }
        });
        let nina = server.person("Nina Newcomer", Role::Patient).await;
        let id = report(&dora, PatientChoice::Account(nina.account_id())).await;
        let share = Share { with_code: false, expires_in: 0, ..Share::with_code(mallory) };
        let shared = nina.share(&id, &share).await?;
        Ok(Won::if_so(opens(&server, &id, &shared.grant, &own)))
    }
}

/// What shows in the middle of a session ends it, also for keys that it found in the log before.
#[tokio::test]
async fn nothing_is_sealed_to_anyone_once_the_log_of_keys_was_told_anew() {
    let Clinic { server, ann, dora, .. } = clinic(true).await;
    let nora = server.person("Nora Newcomer", Role::Doctor).await;
    let id = report(&ann, PatientChoice::Account(ann.account_id())).await;
    ann.share(&id, &straight(&dora)).await.unwrap();
    ann.person(&nora.account_id()).await.unwrap();
    // Everything that this session has found stands where it stood. Somebody else's entry is another one.
    server.with_keys(|keys| {
        keys.leaves[4] = KeyTreeLeaf::key(&[9; 32], 0, b"somebody else's").to_bytes();
        keys.others(20);
    });
    assert_eq!(ann.scan_keys(u64::MAX).await.err().unwrap().code(), "log_forked");
    let entries = || server.db().reports[&id].entries.len();
    let before = entries();
    assert_eq!(ann.share(&id, &straight(&nora)).await.err().unwrap().code(), "log_forked");
    assert_eq!(entries(), before);
    let draft = ann.begin_draft(PatientChoice::Account(dora.account_id()), fields()).await.unwrap();
    assert_eq!(draft.complete().await.err().unwrap().code(), "log_forked", "nor anything new");
    assert_eq!(ann.report(&id).await.err().unwrap().code(), "log_forked", "nor is anything opened");
}

#[tokio::test]
async fn withheld_key() {
    run(&WITHHELD_KEY, attempt).await;

    /// A doctor made new keys after a theft, and the log of keys has them. The server gives the patient, who pinned the old ones,
    /// those still, and the thief opens what is sealed to them.
    async fn attempt() -> Attempt {
        let Clinic { server, ann, dora, .. } = clinic(true).await;
        let id = report(&ann, PatientChoice::Account(ann.account_id())).await;
        let seen = ann.person(&dora.account_id()).await.unwrap();
        ann.mark_verified(&seen).await.unwrap();
        let stolen = server.keyring(&dora);
        dora.rotate_keys().await.unwrap();
        let withheld = server.db().accounts.get_mut(&dora.account_id()).unwrap().key_records.pop();
        assert!(withheld.is_some() && server.db().accounts[&dora.account_id()].key_records.len() == 1);
        ann.scan_keys(u64::MAX).await?;
        let shared = ann.share(&id, &straight(&dora)).await?;
        Ok(Won::if_so(ann.alarms().is_empty() && opens(&server, &id, &shared.grant, &stolen)))
    }
}

/// From now on a look-up of this address is answered with that account, and a true proof of an address's label.
async fn answer_with(clinic: &Clinic, address: String, proved: &str, binding: u64) {
    let proof = clinic.server.with_keys(|keys| prove(&keys.labels, proved));
    let other = clinic.dora.api().get_account_by_id(&clinic.mallory).await.unwrap();
    clinic.server.lie(move |request, value| {
        if request.path.contains("accounts?email=") && request.path.replace("%40", "@").contains(&address) {
            *value = json!({ "items": [other], "binding": { "leaf_index": binding, "proof": proof } });
        }
    });
}

#[tokio::test]
async fn address_swap() {
    run(&ADDRESS_SWAP, attempt).await;

    async fn attempt() -> Attempt {
        let clinic = clinic(true).await;
        let address = email("Ann Example");
        answer_with(&clinic, address.clone(), &address, 0).await;
        let found = clinic.dora.find_by_email(&address).await?;
        Ok(Won::if_so(found.is_some_and(|person| person.id == clinic.mallory)))
    }
}

#[tokio::test]
async fn unproved_address() {
    run(&UNPROVED_ADDRESS, attempt).await;

    /// The server shows where the log binds another address, truly, to the account that it answers with.
    async fn attempt() -> Attempt {
        let clinic = clinic(true).await;
        let (address, other) = (email("Ann Example"), "mallory@elsewhere.example");
        let binding = clinic.server.with_keys(|keys| keys.bind(other, clinic.mallory));
        answer_with(&clinic, address.clone(), other, binding).await;
        let found = clinic.dora.find_by_email(&address).await?;
        Ok(Won::if_so(found.is_some_and(|person| person.id == clinic.mallory)))
    }
}

#[tokio::test]
async fn label_key_swap() {
    run(&LABEL_KEY_SWAP, attempt).await;

    /// Under another key each address has another label: the server binds the patient's to an account of its own, where her own
    /// client, which watches the label that it knows, sees nothing.
    async fn attempt() -> Attempt {
        let clinic = clinic(true).await;
        let address = email("Ann Example");
        clinic.dora.save_state().await.unwrap();
        let binding = clinic.server.with_keys(|keys| {
            keys.labels = label_key();
            keys.bind(&address, clinic.mallory)
        });
        answer_with(&clinic, address.clone(), &address, binding).await;
        let client = clinic.server.client();
        let dora = client.sign_in(&email("Dora Doctor"), PASSWORD, device(), &NoSecondFactor).await?;
        let found = dora.find_by_email(&address).await?;
        clinic.ann.scan_keys(u64::MAX).await?;
        let unseen = clinic.ann.alarms().is_empty();
        Ok(Won::if_so(unseen && found.is_some_and(|person| person.id == clinic.mallory)))
    }
}

#[tokio::test]
async fn two_keys_for_one_address() {
    run(&TWO_KEYS_FOR_ONE_ADDRESS, attempt).await;

    async fn attempt() -> Attempt {
        let clinic = clinic(true).await;
        let address = email("Ann Example");
        let binding = clinic.server.with_keys(|keys| keys.bind(&address, clinic.mallory));
        answer_with(&clinic, address.clone(), &address, binding).await;
        let found = clinic.dora.find_by_email(&address).await?;
        assert_eq!(found.map(|person| person.id), Some(clinic.mallory), "the log does have it");
        clinic.ann.scan_keys(u64::MAX).await?;
        if clinic.ann.alarms().iter().any(|alarm| !alarm.acknowledged) {
            return Err(Stopped::Alarmed);
        }
        Ok(Won::Everything)
    }
}

#[tokio::test]
async fn contradicted_code() {
    run(&CONTRADICTED_CODE, attempt).await;

    /// The patient scans the code on the doctor's screen. The server answers it with an account of its own, and opens what the
    /// patient seals to it.
    async fn attempt() -> Attempt {
        let Clinic { server, ann, dora, mallory, own } = clinic(true).await;
        let id = report(&ann, PatientChoice::Account(ann.account_id())).await;
        let code = dora.own_fingerprint().qr;
        let other = dora.api().get_account_by_id(&mallory).await.unwrap();
        server.lie(move |request, value| {
            if request.path.contains("accounts?key=") {
                *value = json!({ "items": [other] });
            }
        });
        let found = ann.find_by_qr(&code).await?.unwrap();
        ann.verify_by_qr(&found, &code).await?;
        let share = Share { with_code: false, expires_in: 0, ..Share::with_code(found.id) };
        let shared = ann.share(&id, &share).await?;
        Ok(Won::if_so(found.id == mallory && opens(&server, &id, &shared.grant, &own)))
    }
}
