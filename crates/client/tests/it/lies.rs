//! A server that lies. Each lie is refused by its own name, and the same steps work once it is honest again.

use api_types::{B64, ReportId, accounts::Role, reports::Report};
use bytes::Bytes;
use client::{
    ClientError, PatientChoice, Recover, Refusal, Share, SignUp, Vault,
    api::ListQuery,
    bulk::Control,
    heavy::{self, HeavyError, HeavyKind, HeavyTask},
};
use crypto::{
    account::{KeyChain, Keyring},
    ids::GrantId,
    report::{AccessEntry, AccountRecipient, Change, Grant, Purpose, Recipient, Right, Versions},
    sign::{Signed, SigningKey},
};
use serde_json::Value;
use std::sync::Arc;

use crate::{
    fake::{Fake, PASSWORD, World, device, email, rng},
    flows::{fields, report},
};

pub struct Scene {
    pub server: Arc<Fake>,
    pub patient: Vault<World>,
    pub doctor: Vault<World>,
    pub id: ReportId,
}

/// A patient's report that a doctor wrote; both have seen it.
pub async fn scene() -> Scene {
    let server = Fake::new();
    let patient = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let id = report(&doctor, PatientChoice::Account(patient.account_id())).await;
    patient.report(&id).await.unwrap();
    Scene { server, patient, doctor, id }
}

/// Changes the answer to `GET /reports/{id}`.
pub fn change_report(server: &Fake, change: impl Fn(&mut Report) + Send + 'static) {
    server.lie(move |request, value| {
        let parts: Vec<_> = request.path.trim_start_matches("/api/v1/").split('/').collect();
        if let ["reports", id] = parts[..]
            && id.len() == 64
            && !value.is_null()
        {
            let mut body: Report = serde_json::from_value(value.clone()).unwrap();
            change(&mut body);
            *value = serde_json::to_value(body).unwrap();
        }
    });
}

pub fn refusal<T>(result: Result<T, ClientError>) -> Refusal {
    match result {
        Err(ClientError::Refused(refusal)) => refusal,
        Err(other) => panic!("refused otherwise: {other:?}"),
        Ok(_) => panic!("the lie was believed"),
    }
}

/// An entry that continues a report's chain, signed by whoever's key.
fn forged_entry(body: &Report, author: &AccountRecipient, key: &SigningKey, to: AccountRecipient) -> B64 {
    let last = Signed::<AccessEntry>::parse(&body.entries.last().unwrap().0).unwrap();
    let grant = Grant {
        id: GrantId([7; 16]),
        recipient: Recipient::Account(to),
        right: Right::View,
        purpose: Purpose::new("treatment").unwrap(),
        versions: Versions::ALL,
        expires_at: 0,
        parent: None,
    };
    let entry = AccessEntry {
        report: last.claimed().report,
        seq: last.claimed().seq + 1,
        previous: last.hash(),
        time: last.claimed().time + 1,
        author: author.account,
        epoch: author.epoch,
        change: Change::Grant(grant),
    };
    B64::from(Signed::sign(entry, key).as_bytes())
}

/// A stranger's keys.
fn stranger() -> (Keyring, KeyChain) {
    let (keyring, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record]).unwrap();
    (keyring, chain)
}

#[tokio::test]
async fn an_injected_grant_is_refused() {
    let Scene { server, patient, id, .. } = scene().await;
    let owner = AccountRecipient {
        account: crypto::ids::AccountId(patient.account_id().0),
        epoch: 0,
        suite: crypto::kem::Suite::XWing,
        key_hash: crypto::ids::Hash32([0; 32]),
    };
    let (keyring, chain) = stranger();
    let to = AccountRecipient::current(&chain);
    // In the owner's name, under the stranger's key.
    let key = keyring.current().signing.clone();
    change_report(&server, move |body| body.entries.push(forged_entry(body, &owner, &key, to)));
    assert!(matches!(refusal(patient.report(&id).await), Refusal::GrantInjected { seq: 3, .. }));
    // In the stranger's own name, who was never granted anything.
    let key = keyring.current().signing.clone();
    change_report(&server, move |body| body.entries.push(forged_entry(body, &to, &key, to)));
    assert!(matches!(refusal(patient.report(&id).await), Refusal::GrantInjected { .. }));
    assert!(
        patient.share(&id, &Share::with_code(patient.account_id())).await.is_err(),
        "nothing is sealed under a lie"
    );
    server.be_honest();
    patient.report(&id).await.unwrap();
}

#[tokio::test]
async fn a_revoked_grant_replayed_is_refused() {
    let Scene { server, patient, doctor, id } = scene().await;
    let honest = doctor.report(&id).await.unwrap();
    let (grants, author) = (honest.grants.clone(), honest.grants[0].id);
    let wraps: Vec<_> = server.db().reports[&id].wraps.clone();
    patient.revoke(&id, &author).await.unwrap();
    // The server keeps the wraps and presents the withdrawn grant as live.
    server.db().reports.get_mut(&id).unwrap().wraps = wraps;
    server.lie({
        let (id, entries, genesis) = {
            let db = server.db();
            (id, db.reports[&id].entries.clone(), db.reports[&id].genesis.clone())
        };
        let versions = serde_json::to_value(honest_versions(&server, &id)).unwrap();
        move |request, value| {
            if request.path == format!("/api/v1/reports/{id}") {
                let mut body = serde_json::json!({
                    "id": id, "created_at": 0, "updated_at": 0, "versions": versions, "superseded": [],
                });
                body["genesis"] = serde_json::to_value(&genesis).unwrap();
                body["entries"] = serde_json::to_value(&entries).unwrap();
                body["grants"] = serde_json::to_value(&grants).unwrap();
                *value = body;
            }
        }
    });
    assert_eq!(refusal_or_problem(doctor.report(&id).await), "revoked_grant_replayed");
}

/// The versions as an honest server gives them to anyone.
fn honest_versions(server: &Fake, id: &ReportId) -> Vec<Value> {
    let db = server.db();
    db.reports[id]
        .versions
        .iter()
        .map(|(version, revisions)| {
            serde_json::json!({
                "version": version,
                "revision": 0,
                "manifest": revisions[0].body.manifest,
                "created_at": 0,
                "wraps": db.reports[id].wraps,
                "rekey_pending": false,
            })
        })
        .collect()
}

fn refusal_or_problem<T>(result: Result<T, ClientError>) -> String {
    result.err().map(|e| e.code()).unwrap_or_default()
}

#[tokio::test]
async fn an_older_or_forked_access_head_is_refused() {
    let Scene { server, patient, doctor, id } = scene().await;
    patient
        .share(&id, &Share { with_code: false, expires_in: 0, ..Share::with_code(doctor.account_id()) })
        .await
        .unwrap();
    change_report(&server, |body| drop(body.entries.pop()));
    assert_eq!(refusal(patient.report(&id).await), Refusal::AccessHeadOlder);
    // What was seen survives a fresh device: it is in the sealed client state.
    patient.save_state().await.unwrap();
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device()).await.unwrap();
    assert_eq!(refusal(fresh.report(&id).await), Refusal::AccessHeadOlder);
    server.be_honest();
    fresh.report(&id).await.unwrap();
    change_report(&server, |body| body.entries.swap(0, 1));
    assert!(matches!(refusal(patient.report(&id).await), Refusal::AccessChainBroken { seq: 1 }));
}

#[tokio::test]
async fn an_older_manifest_is_refused() {
    let Scene { server, patient, doctor, id } = scene().await;
    let share = Share { with_code: false, expires_in: 0, ..Share::with_code(doctor.account_id()) };
    let shared = patient.share(&id, &share).await.unwrap();
    let old = { server.db().reports[&id].wraps.clone() };
    patient.revoke(&id, &shared.grant).await.unwrap();
    patient.rekey(&id, &Control::none()).await.unwrap();
    patient.report(&id).await.unwrap();
    // Revision 0 again, with everything that belonged to it.
    let newest = {
        let mut db = server.db();
        let report = db.reports.get_mut(&id).unwrap();
        report.wraps.extend(old);
        report.versions.get_mut(&1).unwrap().pop().unwrap()
    };
    assert_eq!(refusal(patient.report(&id).await), Refusal::ManifestOlder);
    let page = patient.list(&ListQuery::default()).await.unwrap();
    assert!(page.rows.is_empty());
    assert_eq!(page.refused[0].1.code(), "manifest_older");
    server.db().reports.get_mut(&id).unwrap().versions.get_mut(&1).unwrap().push(newest);
    patient.report(&id).await.unwrap();
}

#[tokio::test]
async fn a_manifest_by_nobody_entitled_is_refused() {
    let server = Fake::new();
    let patient = server.person("Ann Example", Role::Patient).await;
    let doctor = server.person("Dora Doctor", Role::Doctor).await;
    let reader = server.person("Rita Reader", Role::Doctor).await;
    let id = report(&doctor, PatientChoice::Account(patient.account_id())).await;
    let share = Share { with_code: false, expires_in: 0, ..Share::with_code(reader.account_id()) };
    doctor.share(&id, &share).await.unwrap();
    // Somebody unknown, then somebody who may only read: each signs in their own name at the newest head.
    let head = server.replay(&server.db(), &id).head();
    let signed_by = |account: crypto::ids::AccountId, key: SigningKey| {
        move |body: &mut Report| {
            let honest = Signed::<crypto::report::Manifest>::parse(&body.versions[0].manifest.0).unwrap();
            let mut forged = honest.claimed().clone();
            (forged.author, forged.signer, forged.access_head) = (account, account, head);
            forged.time += 1_000;
            body.versions[0].manifest = B64::from(Signed::sign(forged, &key).as_bytes());
        }
    };
    let (keyring, chain) = stranger();
    change_report(&server, signed_by(chain.account(), keyring.current().signing.clone()));
    assert!(matches!(refusal(patient.report(&id).await), Refusal::ManifestForged { version: 1, .. }));
    let own = {
        let db = server.db();
        let account = &db.accounts[&reader.account_id()];
        let chain = KeyChain::parse(&crypto::ids::AccountId(reader.account_id().0), &account.key_records).unwrap();
        Keyring::open(reader.account_key(), &chain, &account.keyring.0).unwrap()
    };
    let account = crypto::ids::AccountId(reader.account_id().0);
    change_report(&server, signed_by(account, own.current().signing.clone()));
    let why = refusal(patient.report(&id).await);
    assert!(matches!(&why, Refusal::ManifestForged { why, .. } if why.contains("not entitled")), "{why:?}");
    // Seen once, it can't be exchanged for anything, whoever signs.
    server.be_honest();
    patient.report(&id).await.unwrap();
    change_report(&server, signed_by(account, own.current().signing.clone()));
    assert_eq!(refusal(patient.report(&id).await), Refusal::ManifestForked { version: 1 });
}

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
        let mut account = crate::fake::Account {
            name: "Mallory".into(),
            email: "m@x".into(),
            role: Role::Doctor,
            status: api_types::accounts::AccountStatus::Active,
            key_records: Vec::new(),
            approval: None,
            ways_in: Vec::new(),
            keyring: B64::default(),
            state: B64::default(),
            counter: 0,
            organisation_wrap: None,
            opaque: Vec::new(),
        };
        account.key_records = records;
        db.accounts.insert(id, account);
    };
    serve(&first);
    let person = ann.person(&id).await.unwrap();
    ann.mark_verified(&person).await.unwrap();
    serve(&second);
    assert!(matches!(refusal(ann.person(&id).await), Refusal::KeyRecordChanged { .. }));
    // And on a fresh device, by the pin in the client state.
    let fresh = server.client().sign_in(&email("Ann Example"), PASSWORD, device()).await.unwrap();
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
async fn an_old_client_state_is_refused() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let old = {
        let db = server.db();
        let account = &db.accounts[&ann.account_id()];
        (account.state.clone(), account.counter)
    };
    report(&ann, PatientChoice::New).await;
    ann.save_state().await.unwrap();
    let memory = ann.remembered();
    {
        let mut db = server.db();
        let account = db.accounts.get_mut(&ann.account_id()).unwrap();
        (account.state, account.counter) = old;
    }
    let client = server.client_with(memory);
    let again = client.sign_in(&email("Ann Example"), PASSWORD, device()).await;
    assert_eq!(refusal(again), Refusal::StateBehind);
}

#[tokio::test]
async fn an_account_from_before_its_recovery_is_refused() {
    let server = Fake::new();
    let client = server.client();
    let kit = client.new_kit();
    let address = email("ann");
    let (name, role, token) = ("Ann Example", Role::Patient, None);
    let sign_up = SignUp { name, email: &address, password: PASSWORD, role, kit: &kit, token, device: device() };
    let id = client.sign_up(sign_up).await.unwrap().account_id();
    let before = server.db().accounts[&id].clone();
    let words = kit.words().join(" ");
    let recover = |password| Recover { email: &address, words: &words, password, device: device() };
    let mut memory = client.recover(recover("new password here")).await.unwrap().remembered();
    // Without the state's counter, the way in has to give the server away.
    memory.accounts.clear();
    server.db().accounts.insert(id, before);
    let client = server.client_with(memory);
    assert_eq!(refusal(client.sign_in(&address, PASSWORD, device()).await), Refusal::WayInBehind);
    assert_eq!(refusal(client.recover(recover("third password here")).await), Refusal::WayInBehind);
}

#[tokio::test]
async fn a_keyring_behind_its_records_is_refused() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    // The account's keys were rotated elsewhere; the server gives the new records with the old keyring.
    let id = crypto::ids::AccountId(ann.account_id().0);
    let (chain, sealed) = {
        let db = server.db();
        let account = &db.accounts[&ann.account_id()];
        (KeyChain::parse(&id, &account.key_records).unwrap(), account.keyring.clone())
    };
    let mut keyring = Keyring::open(ann.account_key(), &chain, &sealed.0).unwrap();
    let next = keyring.rotate(&chain, chain.current().claimed().created_at + 1, &mut rng()).unwrap();
    server.db().accounts.get_mut(&ann.account_id()).unwrap().key_records.push(B64::from(next.as_bytes()));
    let again = server.client().sign_in(&email("Ann Example"), PASSWORD, device()).await;
    assert_eq!(refusal(again), Refusal::KeyringBehind);
    assert_eq!(refusal(ann.refresh().await), Refusal::KeyringBehind);
    let sealed = keyring.seal(ann.account_key(), &id, &mut rng());
    server.db().accounts.get_mut(&ann.account_id()).unwrap().keyring = B64(sealed);
    server.client().sign_in(&email("Ann Example"), PASSWORD, device()).await.unwrap();
}

#[tokio::test]
async fn another_server_in_its_place_is_refused() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let impostor = Fake::new();
    let client = impostor.client_with(ann.remembered());
    assert_eq!(refusal(client.instance().await), Refusal::InstanceChanged);
    server.lie(|request, value| {
        if request.path.ends_with("/instance") {
            value["organisation_key"] = serde_json::to_value(B64(vec![5; 32])).unwrap();
        }
    });
    let mut memory = ann.remembered();
    memory.organisation_key = Some(B64(vec![4; 32]));
    assert_eq!(refusal(server.client_with(memory).instance().await), Refusal::OrganisationKeyChanged);
}

#[tokio::test]
async fn an_approval_that_the_organisation_did_not_sign_is_refused() {
    let server = Fake::new();
    let client = server.client();
    let kit = client.new_kit();
    let sign_up = client::SignUp {
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

#[tokio::test]
async fn damaged_and_exchanged_parts_are_refused() {
    let Scene { server, patient, id, .. } = scene().await;
    let open = patient.report(&id).await.unwrap();
    let version = patient.version(&open, 1).await.unwrap();
    let honest = server.db().reports[&id].versions[&1][0].parts[1].clone();
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut part = honest.clone();
        change(&mut part);
        server.db().reports.get_mut(&id).unwrap().versions.get_mut(&1).unwrap()[0].parts[1] = part;
    };
    // A chunk, the header, the end mark.
    for at in [60, 0, honest.len() - 1] {
        damage(&|part| part[at] ^= 1);
        let refused = patient.download(&version, 1, Vec::new(), &Control::none()).await;
        assert!(matches!(refusal(refused), Refusal::PartForged { part: 1, .. }));
    }
    damage(&|_| {});
    patient.download(&version, 1, Vec::new(), &Control::none()).await.unwrap();
    // Part 0 of another report, or damaged.
    server.lie(|request, value| {
        if request.path.ends_with("/versions/1") {
            let part0: B64 = serde_json::from_value(value["part0"].clone()).unwrap();
            let mut bytes = part0.0;
            bytes[70] ^= 1;
            value["part0"] = serde_json::to_value(B64(bytes)).unwrap();
        }
    });
    assert!(matches!(refusal(patient.version(&open, 1).await), Refusal::PartForged { part: 0, .. }));
}

#[tokio::test]
async fn a_wrap_from_another_place_is_refused() {
    let Scene { server, patient, id, .. } = scene().await;
    let second = report(&patient, PatientChoice::Account(patient.account_id())).await;
    let foreign = server.db().reports[&second].wraps[0].wrap.clone();
    server.lie(move |_, value| {
        for wrap in value["wraps"].as_array_mut().into_iter().flatten() {
            wrap["wrap"] = serde_json::to_value(&foreign).unwrap();
        }
    });
    let open = patient.report(&id).await.unwrap();
    assert!(matches!(refusal(patient.version(&open, 1).await), Refusal::WrapForged { version: 1 }));
}

#[tokio::test]
async fn an_old_draft_is_refused() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let draft = ann.begin_draft(PatientChoice::New, fields()).await.unwrap();
    let old = server.db().drafts[&draft.id()].clone();
    draft.add_file("a", &Bytes::from_static(b"a"), &Control::none()).await.unwrap();
    server.db().drafts.insert(draft.id(), old);
    assert_eq!(refusal(ann.open_draft(&draft.id()).await), Refusal::DraftForged);
    assert!(ann.drafts().await.unwrap()[0].draft.is_err());
}

#[test]
fn a_weak_key_derivation_is_refused() {
    use crypto::opaque::{FinishInput, Password, login_start};
    let password = Password::new(PASSWORD).unwrap();
    let start = login_start(&password, &mut rng()).unwrap();
    let input = FinishInput {
        state: start.state,
        password,
        response: vec![0; 320],
        instance: crypto::ids::InstanceId([0; 16]),
        kdf: crypto::stretch::KdfParams::FLOOR,
    };
    let mut bytes = input.to_bytes().expose().to_vec();
    // memory, passes and lanes are the last three fields, each a length of 4 and a u32.
    let memory = bytes.len() - 20;
    assert_eq!(bytes[memory..memory + 4], (64u32 * 1024).to_be_bytes());
    bytes[memory..memory + 4].copy_from_slice(&1024u32.to_be_bytes());
    let task = HeavyTask { kind: HeavyKind::LogIn, input: bytes.into() };
    assert_eq!(heavy::run(&task), Err(HeavyError::WeakKdf));
    assert_eq!(ClientError::from(HeavyError::WeakKdf).code(), "weak_kdf");
}
