//! What is in the log in one's own name, and none of one's own clients made, is an alarm until it was read.

use api_types::AccountId;
use client::{Alarm, AlarmKind, NoSecondFactor, Refusal, Scanned};
use serde_json::json;
use tlog::leaf::KeyTreeLeaf;

use super::{ALL, alarm, clinic, log_record, put};
use crate::{
    fake::{Fake, PASSWORD, device, email, keys::prove},
    lies::{refusal, stranger},
};

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
