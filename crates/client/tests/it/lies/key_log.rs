//! Lies about keys and addresses that the public log of keys brings to light: what isn't in it is refused by name, and what
//! is in it in somebody's name alarms them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use api_types::{AccountId, B64, accounts::Role};
use client::{Alarm, AlarmKind, KeysRead, NoSecondFactor, PatientChoice, Refusal, Scanned, Share, Vault};
use crypto::{
    account::{KeyChain, Keyring},
    sign::Signed,
};
use malicious_server::scene::made_up;
use serde_json::json;
use tlog::leaf::KeyTreeLeaf;

use super::{log::stopped, refusal, straight, stranger};
use crate::{
    fake::{Fake, PASSWORD, World, device, email, keys::label_key, keys::prove, rng},
    flows::report,
};

const ALL: u64 = u64::MAX;

struct Clinic {
    server: Arc<Fake>,
    ann: Vault<World>,
    dora: Vault<World>,
}

async fn clinic() -> Clinic {
    let server = Fake::new();
    server.keep_keys();
    let ann = server.person("Ann Example", Role::Patient).await;
    let dora = server.person("Dora Doctor", Role::Doctor).await;
    Clinic { server, ann, dora }
}

impl Clinic {
    /// Another session of Ann's, on a device that knows nothing.
    async fn again(&self) -> Vault<World> {
        self.server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap()
    }

    fn asked_to_seal(&self) -> bool {
        self.server.asked.lock().unwrap().iter().any(|request| request.contains("Post") && request.contains("/grants"))
    }
}

fn alarm(leaf: u64, kind: AlarmKind) -> Alarm {
    Alarm { leaf, kind, acknowledged: false }
}

/// Adds somebody with these records to the server, without a word in the log.
fn put(server: &Fake, name: &str, records: &[&Signed<crypto::account::KeyRecord>]) -> AccountId {
    let records: Vec<B64> = records.iter().map(|record| B64::from(record.as_bytes())).collect();
    let id = AccountId(crypto::encoding::sha256(&records[0].0).0);
    server.db().accounts.insert(id, made_up(name, &email(name), records));
    id
}

fn log_record(server: &Fake, id: AccountId, epoch: u32, record: &Signed<crypto::account::KeyRecord>) -> u64 {
    server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&id.0, epoch, record.as_bytes())))
}

#[tokio::test]
async fn an_honest_server_is_believed_and_raises_no_alarm() {
    let clinic = clinic().await;
    let id = report(&clinic.dora, PatientChoice::Account(clinic.ann.account_id())).await;
    let found = clinic.ann.find_by_email("  DORA.doctor@Clinic.example ").await;
    // The double compares addresses as they are sent.
    assert!(found.unwrap().is_none());
    let found = clinic.ann.find_by_email(&email("Dora Doctor")).await.unwrap().unwrap();
    clinic.ann.share(&id, &Share::with_code(found.id)).await.unwrap();
    assert_eq!(clinic.ann.find_doctors("Dora").await.unwrap().len(), 1);
    for vault in [&clinic.ann, &clinic.dora] {
        assert_eq!(vault.scan_keys(ALL).await.unwrap(), Scanned { read: 4, left: 0 });
        assert_eq!(vault.scan_keys(ALL).await.unwrap(), Scanned { read: 0, left: 0 });
        assert_eq!((vault.alarms(), vault.stopped()), (vec![], None));
    }
}

/// From now on the server says nothing of these in what it says of itself.
fn leave_out(server: &Fake, fields: &'static [&'static str]) {
    server.lie(move |request, value| {
        if request.path.ends_with("/instance") {
            fields.iter().for_each(|field| drop(value.as_object_mut().unwrap().remove(*field)));
        }
    });
}

#[tokio::test]
async fn a_server_that_denies_its_log_is_refused_by_whoever_never_saw_it() {
    let clinic = clinic().await;
    leave_out(&clinic.server, &["log_keys_key", "log_vrf_key"]);
    let nina = clinic.server.person("Nina Newcomer", Role::Patient).await;
    let (refused, evidence) = stopped(&nina).await;
    assert_eq!((refused, evidence.key.as_str()), (Refusal::LogDenied, ""));
    assert!(evidence.shown.is_some(), "it gives out the log all the same");
    // Whoever comes without looking at the log first.
    let nina = clinic.server.client();
    let nina = nina.sign_in(&email("Nina Newcomer"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert_eq!(refusal(nina.find_by_email(&email("Dora Doctor")).await), Refusal::LogDenied);
    assert_eq!(refusal(nina.find_doctors("Dora").await), Refusal::LogDenied);
    assert_eq!(refusal(nina.scan_keys(ALL).await), Refusal::LogDenied);
    assert_eq!(nina.stopped().unwrap().refusal, Refusal::LogDenied);
}

#[tokio::test]
async fn a_server_that_names_no_key_of_labels_proves_no_address() {
    let clinic = clinic().await;
    leave_out(&clinic.server, &["log_vrf_key"]);
    let nina = clinic.server.person("Nina Newcomer", Role::Patient).await;
    assert_eq!(refusal(nina.find_by_email(&email("Dora Doctor")).await), Refusal::AddressUnproved);
}

#[tokio::test]
async fn a_log_that_was_seen_is_not_denied() {
    let clinic = clinic().await;
    clinic.ann.check_log().await.unwrap();
    clinic.ann.save_state().await.unwrap();
    leave_out(&clinic.server, &["log_keys_key"]);
    assert_eq!(stopped(&clinic.again().await).await.0, Refusal::LogSignerUnknown);
}

#[tokio::test]
async fn what_stops_a_session_is_told_to_whoever_waits_for_it() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| keys.others(200));
    let ann = clinic.ann.clone();
    let waiting = tokio::spawn(async move { ann.when_stopped().await });
    clinic.ann.scan_keys(ALL).await.unwrap();
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    clinic.server.with_keys(|keys| keys.leaves.truncate(300));
    let refused = refusal(clinic.ann.check_log().await);
    let told = tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("it is told").unwrap();
    assert_eq!(refused, Refusal::LogRolledBack { seen: 404, shown: 300 });
    assert_eq!(told.refusal, refused);
}

#[tokio::test]
async fn a_record_that_is_not_in_the_log_is_refused_and_nothing_is_sealed_to_it() {
    let clinic = clinic().await;
    let id = report(&clinic.dora, PatientChoice::Account(clinic.ann.account_id())).await;
    let (_, chain) = stranger();
    let mallory = put(&clinic.server, "Mallory Doctor", &[chain.current()]);
    let not_logged = Refusal::KeyNotLogged { account: mallory.to_string() };
    assert_eq!(refusal(clinic.ann.person(&mallory).await), not_logged);
    assert_eq!(refusal(clinic.ann.find_doctors("Mallory").await), not_logged);
    assert_eq!(refusal(clinic.ann.share(&id, &Share::with_code(mallory)).await), not_logged);
    assert!(!clinic.asked_to_seal());
    // With a place that is somebody else's, one beyond the tree, and one too many.
    for leaves in [json!([1]), json!([4]), json!([u64::MAX]), json!([1, 3]), json!([])] {
        clinic.server.lie(move |_, value| {
            if value.get("key_records").is_some() {
                value["key_leaves"] = leaves.clone();
            }
        });
        assert_eq!(refusal(clinic.ann.person(&mallory).await), not_logged);
    }
    clinic.server.be_honest();
    log_record(&clinic.server, mallory, 0, chain.current());
    clinic.ann.person(&mallory).await.unwrap();
}

#[tokio::test]
async fn a_logged_record_at_another_place_is_refused() {
    let clinic = clinic().await;
    let dora = clinic.dora.account_id();
    for place in [0, 2, 9] {
        clinic.server.lie(move |_, value| {
            if value.get("key_records").is_some() {
                value["key_leaves"] = json!([place]);
            }
        });
        let refused = refusal(clinic.ann.person(&dora).await);
        assert_eq!(refused, Refusal::KeyNotLogged { account: dora.to_string() });
    }
    clinic.server.be_honest();
    clinic.ann.person(&dora).await.unwrap();
}

#[tokio::test]
async fn every_record_of_a_chain_must_be_in_the_log() {
    let clinic = clinic().await;
    let (mut keyring, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record.clone()]).unwrap();
    let next = keyring.rotate(&chain, 2, &mut rng()).unwrap();
    let id = put(&clinic.server, "Rita Rotated", &[&record, &next]);
    let first = log_record(&clinic.server, id, 0, &record);
    // The leaf of the first counts for the first alone.
    clinic.server.lie(move |_, value| {
        if value.get("key_records").is_some() {
            value["key_leaves"] = json!([first, first]);
        }
    });
    assert_eq!(refusal(clinic.ann.person(&id).await), Refusal::KeyNotLogged { account: id.to_string() });
    clinic.server.be_honest();
    log_record(&clinic.server, id, 1, &next);
    clinic.ann.person(&id).await.unwrap();
}

#[tokio::test]
async fn two_records_for_one_address_alarm_its_owner() {
    let clinic = clinic().await;
    let (_, chain) = stranger();
    let mallory = put(&clinic.server, "Mallory Doctor", &[chain.current()]);
    log_record(&clinic.server, mallory, 0, chain.current());
    let address = email("Ann Example");
    // Ann's address is answered with Mallory's account, to Dora alone.
    let (asked, proof) = (address.clone(), clinic.server.with_keys(|keys| prove(&keys.labels, &address)));
    let shown = clinic.dora.find_by_email(&email("Ann Example")).await.unwrap().unwrap();
    assert_eq!(shown.id, clinic.ann.account_id());
    let other = clinic.dora.api().get_account_by_id(&mallory).await.unwrap();
    let answer = move |leaf: u64| {
        let (asked, proof, other) = (asked.clone(), proof.clone(), other.clone());
        move |request: &client::transport::Request, value: &mut serde_json::Value| {
            if request.path.contains("accounts?email=") && request.path.replace("%40", "@").contains(&asked) {
                *value = json!({ "items": [other], "binding": { "leaf_index": leaf, "proof": proof } });
            }
        }
    };
    // Not bound to it in the log: refused.
    clinic.server.lie(answer(0));
    let refused = refusal(clinic.dora.find_by_email(&address).await);
    assert_eq!(refused, Refusal::AddressNotBound { account: mallory.to_string() });
    // Bound to it: Dora can't know, but Ann finds out.
    let leaf = clinic.server.with_keys(|keys| keys.bind(&address, mallory));
    clinic.server.lie(answer(leaf));
    assert_eq!(clinic.dora.find_by_email(&address).await.unwrap().unwrap().id, mallory);
    clinic.ann.scan_keys(ALL).await.unwrap();
    clinic.dora.scan_keys(ALL).await.unwrap();
    let alarmed = alarm(leaf, AlarmKind::OwnAddress { other: true });
    assert_eq!((clinic.ann.alarms(), clinic.dora.alarms()), (vec![alarmed], vec![]));

    // It stays, on every device, until it is acknowledged; then in the list.
    clinic.ann.save_state().await.unwrap();
    let elsewhere = clinic.again().await;
    assert_eq!(elsewhere.alarms(), [alarmed]);
    assert_eq!(elsewhere.scan_keys(ALL).await.unwrap(), Scanned { read: 0, left: 0 });
    elsewhere.acknowledge_alarm(leaf).await.unwrap();
    let read = Alarm { acknowledged: true, ..alarmed };
    assert_eq!((elsewhere.alarms(), clinic.again().await.alarms()), (vec![read], vec![read]));
}

#[tokio::test]
async fn a_second_binding_to_oneself_is_an_alarm_too() {
    let clinic = clinic().await;
    let leaf = clinic.server.with_keys(|keys| keys.bind(&email("Ann Example"), clinic.ann.account_id()));
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OwnAddress { other: false })]);
}

#[tokio::test]
async fn another_address_of_ones_own_is_no_alarm_and_the_one_before_stays_watched() {
    let clinic = clinic().await;
    let (old, new, id) = (email("Ann Example"), "ann@elsewhere.example", clinic.ann.account_id());
    clinic.ann.scan_keys(ALL).await.unwrap();
    clinic.server.with_keys(|keys| keys.bind(new, id));
    // Read before this device knows that the address is another one, and after.
    clinic.ann.scan_keys(ALL).await.unwrap();
    clinic.server.db().accounts.get_mut(&id).unwrap().email = new.to_owned();
    clinic.ann.refresh().await.unwrap();
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), []);
    clinic.ann.save_state().await.unwrap();
    // On a device that was told of the new address alone.
    let next = clinic.server.client().sign_in(new, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let before = clinic.server.with_keys(|keys| keys.bind(&old, clinic.dora.account_id()));
    let now = clinic.server.with_keys(|keys| keys.bind(new, clinic.dora.account_id()));
    next.scan_keys(ALL).await.unwrap();
    let other = AlarmKind::OwnAddress { other: true };
    assert_eq!(next.alarms(), [alarm(before, other), alarm(now, other)]);
    clinic.dora.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.dora.alarms(), [], "who is bound wasn't asked");
}

#[tokio::test]
async fn keys_that_none_of_ones_devices_made_are_an_alarm() {
    let clinic = clinic().await;
    let leaf = clinic.server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&clinic.ann.account_id().0, 1, b"not hers")));
    let first =
        clinic.server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&clinic.ann.account_id().0, 0, b"nor this")));
    clinic.ann.scan_keys(ALL).await.unwrap();
    let own = |leaf, epoch| alarm(leaf, AlarmKind::OwnKey { epoch });
    assert_eq!(clinic.ann.alarms(), [own(leaf, 1), own(first, 0)]);
}

/// So many keys in somebody's name that they didn't make; the place of the last.
fn flood(server: &Fake, account: AccountId, entries: u32) -> u64 {
    server.with_keys(|keys| {
        (1..=entries).fold(0, |_, epoch| keys.push(&KeyTreeLeaf::key(&account.0, epoch, b"not theirs")))
    })
}

/// Else a server whose victim has read two hundred alarms could do what it likes from then on.
#[tokio::test]
async fn alarms_that_were_read_make_room_for_new_ones() {
    let clinic = clinic().await;
    let ann = clinic.ann.account_id();
    flood(&clinic.server, ann, 200);
    clinic.ann.scan_keys(ALL).await.unwrap();
    let first = clinic.ann.alarms();
    assert_eq!((first.len(), first[0].leaf), (200, 4));
    for alarm in first {
        clinic.ann.acknowledge_alarm(alarm.leaf).await.unwrap();
    }
    let leaf = clinic.server.with_keys(|keys| keys.bind(&email("Ann Example"), clinic.dora.account_id()));
    clinic.ann.scan_keys(ALL).await.unwrap();
    let alarms = clinic.ann.alarms();
    assert_eq!((alarms.len(), alarms[0]), (200, alarm(leaf, AlarmKind::OwnAddress { other: true })));
    assert!(alarms[1..].iter().all(|alarm| alarm.acknowledged && alarm.leaf > 4), "the oldest one went");
    // It isn't raised anew by the next scan, here or on another device.
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), alarms);
    clinic.ann.save_state().await.unwrap();
    let next = clinic.again().await;
    next.scan_keys(ALL).await.unwrap();
    assert_eq!(next.alarms(), alarms);
}

#[tokio::test]
async fn alarms_that_nobody_has_read_and_that_find_no_room_are_counted() {
    let clinic = clinic().await;
    let last = flood(&clinic.server, clinic.ann.account_id(), 203);
    clinic.ann.scan_keys(ALL).await.unwrap();
    let more = alarm(last, AlarmKind::More { count: 3 });
    assert_eq!((clinic.ann.alarms().len(), clinic.ann.alarms().pop()), (201, Some(more)));
    // Read like any other, on every device, and said again when there is one more.
    clinic.ann.acknowledge_alarm(last).await.unwrap();
    let next = clinic.again().await;
    assert_eq!(next.alarms().pop(), Some(Alarm { acknowledged: true, ..more }));
    let leaf = clinic.server.with_keys(|keys| keys.bind(&email("Ann Example"), clinic.dora.account_id()));
    next.scan_keys(ALL).await.unwrap();
    assert_eq!(next.alarms().pop(), Some(alarm(leaf, AlarmKind::More { count: 4 })));
    // Whoever reads one makes room for the next.
    next.acknowledge_alarm(4).await.unwrap();
    let leaf = clinic.server.with_keys(|keys| keys.bind(&email("Ann Example"), clinic.dora.account_id()));
    next.scan_keys(ALL).await.unwrap();
    assert!(next.alarms().contains(&alarm(leaf, AlarmKind::OwnAddress { other: true })));
}

#[tokio::test]
async fn false_proofs_of_an_address_are_refused() {
    let clinic = clinic().await;
    let address = email("Dora Doctor");
    let (other, ours) = (label_key(), clinic.server.with_keys(|keys| prove(&keys.labels, "somebody@else.example")));
    let of_other_key = json!({ "leaf_index": 2, "proof": prove(&other, &address) });
    let of_other_address = json!({ "leaf_index": 2, "proof": ours });
    let short = json!({ "leaf_index": 2, "proof": B64(vec![0; 79]) });
    for binding in [of_other_key, of_other_address, short, json!(null)] {
        clinic.server.lie(move |request, value| {
            if request.path.contains("accounts?email=") {
                value["binding"] = binding.clone();
            }
        });
        assert_eq!(refusal(clinic.ann.find_by_email(&address).await), Refusal::AddressUnproved);
    }
    clinic.server.be_honest();
    assert!(clinic.ann.find_by_email(&address).await.unwrap().is_some());
}

#[tokio::test]
async fn another_key_of_labels_is_refused() {
    let clinic = clinic().await;
    clinic.ann.save_state().await.unwrap();
    clinic.server.with_keys(|keys| keys.labels = label_key());
    let next = clinic.server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await;
    assert_eq!(refusal(next.map(drop)), Refusal::LabelKeyChanged);
}

#[tokio::test]
async fn an_unproved_own_address_is_refused() {
    let clinic = clinic().await;
    clinic.server.lie(|_, value| {
        if value.get("account").is_some() {
            value["account"]["binding"] = json!(null);
        }
    });
    let ann = clinic.again().await;
    assert_eq!(refusal(ann.scan_keys(ALL).await), Refusal::AddressUnproved);
    // Bound where it isn't.
    clinic.server.lie(|_, value| {
        if value.get("account").is_some() {
            value["account"]["binding"]["leaf_index"] = json!(1);
        }
    });
    let ann = clinic.again().await;
    let refused = refusal(ann.scan_keys(ALL).await);
    assert_eq!(refused, Refusal::AddressNotBound { account: ann.account_id().to_string() });
}

/// Somebody with two epochs, pinned by Ann at the first.
async fn pinned_at_first(clinic: &Clinic) -> (AccountId, Signed<crypto::account::KeyRecord>, u64) {
    let (mut keyring, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record.clone()]).unwrap();
    let next = keyring.rotate(&chain, 2, &mut rng()).unwrap();
    let id = put(&clinic.server, "Rita Rotated", &[&record]);
    log_record(&clinic.server, id, 0, &record);
    let person = clinic.ann.person(&id).await.unwrap();
    clinic.ann.mark_verified(&person).await.unwrap();
    let leaf = log_record(&clinic.server, id, 1, &next);
    (id, next, leaf)
}

#[tokio::test]
async fn keys_older_than_the_logs_are_refused_and_an_alarm() {
    let clinic = clinic().await;
    let id = report(&clinic.dora, PatientChoice::Account(clinic.ann.account_id())).await;
    let (rita, next, leaf) = pinned_at_first(&clinic).await;
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
    let older = Refusal::KeyRecordOlder { account: rita.to_string() };
    assert_eq!(refusal(clinic.ann.share(&id, &Share::with_code(rita)).await), older);
    assert!(!clinic.asked_to_seal());
    // On another device too.
    clinic.ann.save_state().await.unwrap();
    assert_eq!(refusal(clinic.again().await.person(&rita).await), older);
    clinic.server.db().accounts.get_mut(&rita).unwrap().key_records.push(B64::from(next.as_bytes()));
    clinic.again().await.person(&rita).await.unwrap();
}

#[tokio::test]
async fn newer_keys_that_are_given_out_are_no_alarm() {
    let clinic = clinic().await;
    let (rita, next, _) = pinned_at_first(&clinic).await;
    clinic.server.db().accounts.get_mut(&rita).unwrap().key_records.push(B64::from(next.as_bytes()));
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), []);
}

/// An honest server tells of a patient by id only to those who have a report in common. It can't be told from one that keeps newer keys
/// back, until that shows the person anywhere.
#[tokio::test]
async fn of_whom_nothing_is_told_nobody_is_alarmed_before_older_keys_of_theirs_are_shown() {
    let clinic = clinic().await;
    let (rita, _, leaf) = pinned_at_first(&clinic).await;
    let shown = clinic.ann.api().get_account_by_id(&rita).await.unwrap();
    clinic.server.db().accounts.remove(&rita);
    for _ in 0..2 {
        clinic.ann.scan_keys(ALL).await.unwrap();
        assert_eq!((clinic.ann.alarms(), clinic.ann.keys_read()), (vec![], KeysRead::UpTo { left: 0 }));
    }
    clinic.server.lie(move |request, value| {
        if request.path.contains("accounts?name=") {
            *value = json!({ "items": [shown] });
        }
    });
    let older = Refusal::KeyRecordOlder { account: rita.to_string() };
    for _ in 0..2 {
        assert_eq!(refusal(clinic.ann.find_doctors("Rita").await), older);
        assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
    }
    // On every device.
    clinic.ann.save_state().await.unwrap();
    assert_eq!(clinic.again().await.alarms().len(), 1);
}

/// What a session remembers of a look-up is its own word, and may be from before somebody made new keys.
#[tokio::test]
async fn a_look_up_from_before_the_newer_keys_is_not_what_the_server_shows() {
    let clinic = clinic().await;
    let (rita, _, _) = pinned_at_first(&clinic).await;
    let address = email("Rita Rotated");
    clinic.server.with_keys(|keys| keys.bind(&address, rita));
    clinic.ann.find_by_email(&address).await.unwrap().unwrap();
    clinic.server.db().accounts.remove(&rita);
    assert_eq!(clinic.ann.person(&rita).await.unwrap().id, rita, "as it was found");
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.person(&rita).await.unwrap_err().code(), "not_found");
    assert_eq!(clinic.ann.alarms(), []);
}

#[tokio::test]
async fn who_sees_everybody_is_alarmed_about_whom_the_server_says_it_does_not_have() {
    let clinic = clinic().await;
    let (rita, _, leaf) = pinned_at_first(&clinic).await;
    clinic.server.db().accounts.get_mut(&clinic.ann.account_id()).unwrap().role = Role::Administrator;
    clinic.ann.refresh().await.unwrap();
    clinic.server.db().accounts.remove(&rita);
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
}

#[tokio::test]
async fn newer_keys_that_do_not_follow_are_an_alarm() {
    let clinic = clinic().await;
    let (_, record) = Keyring::create(1, &mut rng());
    let id = put(&clinic.server, "Rita Rotated", &[&record]);
    log_record(&clinic.server, id, 0, &record);
    let person = clinic.ann.person(&id).await.unwrap();
    clinic.ann.mark_verified(&person).await.unwrap();
    // Somebody else's, given out where the log has them.
    let (_, other) = stranger();
    let leaf = log_record(&clinic.server, id, 1, other.current());
    let records = B64::from(other.current().as_bytes());
    clinic.server.db().accounts.get_mut(&id).unwrap().key_records.push(records);
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: id, epoch: 1 })]);
}

/// A server that is broken says nothing of anybody's keys. It is asked again, and until then nobody is told that all is well.
#[tokio::test]
async fn newer_keys_of_which_nothing_is_heard_are_known_as_unread() {
    let clinic = clinic().await;
    let (rita, _, leaf) = pinned_at_first(&clinic).await;
    let path = format!("/accounts/{rita}");
    clinic.server.lie(move |request, value| {
        if request.path.ends_with(&path) {
            *value = json!({});
        }
    });
    for times in 1..=2 {
        assert_eq!(clinic.ann.scan_keys(ALL).await.unwrap_err().code(), "answer");
        assert_eq!((clinic.ann.alarms(), clinic.ann.keys_read()), (vec![], KeysRead::Failed { times }));
        assert_eq!(clinic.ann.stopped(), None);
    }
    clinic.server.be_honest();
    assert_eq!(clinic.ann.scan_keys(ALL).await.unwrap(), Scanned { read: 0, left: 0 });
    assert_eq!(clinic.ann.keys_read(), KeysRead::UpTo { left: 0 });
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: rita, epoch: 1 })]);
}

#[tokio::test]
async fn whoever_made_new_keys_and_deleted_their_account_alarms_nobody() {
    let clinic = clinic().await;
    let dora = clinic.dora.account_id();
    let person = clinic.ann.person(&dora).await.unwrap();
    clinic.ann.mark_verified(&person).await.unwrap();
    clinic.dora.rotate_keys().await.unwrap();
    clinic.dora.delete_account(&email("Dora Doctor")).await.unwrap();
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!((clinic.ann.alarms(), clinic.ann.keys_read()), (vec![], KeysRead::UpTo { left: 0 }));
    assert!(clinic.ann.person(&dora).await.unwrap().closed_by.is_some());
}

#[tokio::test]
async fn another_record_of_a_pinned_epoch_is_an_alarm() {
    let clinic = clinic().await;
    let dora = clinic.dora.account_id();
    let person = clinic.ann.person(&dora).await.unwrap();
    clinic.ann.mark_verified(&person).await.unwrap();
    let leaf = clinic.server.with_keys(|keys| keys.push(&KeyTreeLeaf::key(&dora.0, 0, b"another")));
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OthersKey { account: dora, epoch: 0 })]);
}

#[tokio::test]
async fn forged_entries_end_the_session() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| {
        keys.others(200);
        keys.lie = Some(|path, file| {
            if path.contains("entries") {
                file[60] ^= 1;
            }
        });
    });
    let refused = refusal(clinic.ann.scan_keys(ALL).await);
    assert!(matches!(&refused, Refusal::LogTileForged { path } if path == "tile/entries/000"), "{refused:?}");
    assert_eq!(clinic.ann.stopped().unwrap().refusal, refused);
}

#[tokio::test]
async fn a_shorter_or_another_tree_of_keys_ends_the_session() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| keys.others(200));
    clinic.ann.check_log().await.unwrap();
    clinic.ann.save_state().await.unwrap();
    clinic.server.with_keys(|keys| keys.leaves.truncate(300));
    assert!(matches!(
        refusal(clinic.again().await.check_log().await),
        Refusal::LogRolledBack { seen: 404, shown: 300 }
    ));
    clinic.server.with_keys(|keys| keys.others(200));
    assert!(matches!(refusal(clinic.again().await.check_log().await), Refusal::LogForked { seen: 404 }));
}

#[tokio::test]
async fn a_scan_goes_on_where_the_last_one_ended() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| keys.others(500));
    assert_eq!(clinic.ann.scan_keys(1).await.unwrap(), Scanned { read: 256, left: 748 });
    assert_eq!(clinic.ann.scan_keys(300).await.unwrap(), Scanned { read: 512, left: 236 });
    clinic.ann.save_state().await.unwrap();
    let leaf = clinic.server.with_keys(|keys| keys.bind(&email("Ann Example"), clinic.dora.account_id()));
    let next = clinic.again().await;
    clinic.server.with_keys(|keys| keys.asked.clear());
    assert_eq!(next.scan_keys(ALL).await.unwrap(), Scanned { read: 237, left: 0 });
    let asked = clinic.server.with_keys(|keys| keys.asked.clone());
    let bundles = asked.iter().filter(|(path, _)| path.contains("entries"));
    assert_eq!(bundles.count(), 1, "{asked:?}");
    assert_eq!(next.alarms(), [alarm(leaf, AlarmKind::OwnAddress { other: true })]);
}

/// A server that gives out the log's head, and not what stands there, hides an alarm. What it can't hide is that.
#[tokio::test]
async fn a_log_that_is_not_given_out_is_known_as_unread() {
    let clinic = clinic().await;
    assert_eq!(clinic.ann.keys_read(), KeysRead::NotYet);
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.keys_read(), KeysRead::UpTo { left: 0 });
    let leaf = clinic.server.with_keys(|keys| keys.bind(&email("Ann Example"), clinic.dora.account_id()));
    for (times, part) in (1..).zip(["tile/entries", "tile/entries", "checkpoint"]) {
        clinic.server.with_keys(|keys| keys.unavailable = Some(part));
        assert_eq!(clinic.ann.scan_keys(ALL).await.unwrap_err().code(), "answer", "{part}");
        assert_eq!((clinic.ann.keys_read(), clinic.ann.alarms()), (KeysRead::Failed { times }, vec![]), "{part}");
        assert_eq!(clinic.ann.stopped(), None, "it may be broken");
    }
    clinic.server.with_keys(|keys| keys.unavailable = None);
    clinic.ann.scan_keys(ALL).await.unwrap();
    assert_eq!(clinic.ann.keys_read(), KeysRead::UpTo { left: 0 });
    assert_eq!(clinic.ann.alarms(), [alarm(leaf, AlarmKind::OwnAddress { other: true })]);
    clinic.server.with_keys(|keys| keys.others(500));
    clinic.ann.scan_keys(1).await.unwrap();
    assert_eq!(clinic.ann.keys_read(), KeysRead::UpTo { left: 749 });
}

#[tokio::test]
async fn shares_and_reports_are_as_quick_as_the_people_in_them_are_few() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| keys.others(5_000));
    let id = report(&clinic.dora, PatientChoice::Account(clinic.ann.account_id())).await;
    clinic.ann.share(&id, &straight(&clinic.dora)).await.unwrap();
    let asked = clinic.server.with_keys(|keys| std::mem::take(&mut keys.asked));
    assert!(asked.len() < 20, "{asked:?}");
    clinic.ann.report(&id).await.unwrap();
    let asked = clinic.server.with_keys(|keys| std::mem::take(&mut keys.asked));
    assert!(asked.is_empty(), "whoever is known isn't asked about again: {asked:?}");
}

/// What it costs a new device to read all of a large clinic's log, and then a day's change.
#[tokio::test]
async fn a_hundred_thousand_accounts_are_no_burden() {
    let clinic = clinic().await;
    clinic.server.with_keys(|keys| {
        keys.others(100_000);
        keys.asked.clear();
    });
    let scan = async || {
        let begun = Instant::now();
        let scanned = clinic.ann.scan_keys(ALL).await.unwrap();
        let asked = clinic.server.with_keys(|keys| std::mem::take(&mut keys.asked));
        let bytes: usize = asked.iter().map(|(_, length)| length).sum();
        println!("{} entries: {} files, {bytes} bytes, {:?}", scanned.read, asked.len(), begun.elapsed());
        (asked.len(), bytes)
    };
    let (files, bytes) = scan().await;
    assert!(files < 800 && bytes < 18_000_000, "{files} {bytes}");
    clinic.server.with_keys(|keys| keys.others(50));
    let (files, bytes) = scan().await;
    assert!(files < 12 && bytes < 80_000, "{files} {bytes}");
    assert_eq!(clinic.ann.alarms(), []);
}
