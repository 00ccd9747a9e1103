//! Passkeys that open the account, and went without a new account key: as an administrator takes them off.

use std::sync::Arc;

use api_types::{
    AccountId, B64,
    accounts::{Role, WayIn, WayInKind},
};
use client::{AccountKey, NoSecondFactor, Refusal, Vault};
use crypto::account::{WayInSecret, WayInSetup, make_way_in};
use serde_json::json;

use crate::{
    fake::{Fake, PASSWORD, World, device, email, passkeys::Key, rng},
    lies::refusal,
};

const NEW_PASSWORD: &str = "another password entirely";

/// Ann, who has a passkey on her phone; her id and the account key that it opens.
async fn scene() -> (Arc<Fake>, Vault<World>, AccountId, AccountKey) {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    ann.add_passkey("Phone", &Key([7; 32])).await.unwrap();
    let (id, key) = (ann.account_id(), ann.account_key());
    (server, ann, id, key)
}

async fn sign_in(server: &Arc<Fake>, password: &str) -> client::Result<Vault<World>> {
    server.client().sign_in(&email("Ann Example"), password, device(), &NoSecondFactor).await
}

#[tokio::test]
async fn signing_in_makes_the_new_account_key() {
    let (server, _, id, before) = scene().await;
    let same = sign_in(&server, PASSWORD).await.unwrap();
    assert_eq!(same.account_key(), before, "nothing went yet");
    let lost = server.take_passkeys_off(&id);
    let again = sign_in(&server, PASSWORD).await.unwrap();
    assert!(!again.is_account_key_due());
    assert_ne!(again.account_key(), before);
    // What the phone opened is of the key before.
    server.bring_back(&id, &lost);
    assert_eq!(refusal(again.change_password(NEW_PASSWORD).await), Refusal::WayInBehind);
    server.take_passkeys_off(&id);
    let now = again.account_key();
    assert_eq!(sign_in(&server, PASSWORD).await.unwrap().account_key(), now, "once is enough");
}

#[tokio::test]
async fn what_went_does_not_come_back_before_there_is_a_new_account_key() {
    let (server, ann, id, before) = scene().await;
    let lost = server.take_passkeys_off(&id);
    // The key that a device keeps proves no password, by which another could be made.
    let later = ann.lock().unlock_with(before.clone()).await.unwrap();
    assert!(later.is_account_key_due());
    assert_eq!(later.account_key(), before);
    server.bring_back(&id, &lost);
    assert_eq!(refusal(later.rotate_account_key().await), Refusal::WayInBehind);
    // The account remembers it, so another device that comes in knows.
    assert_eq!(refusal(sign_in(&server, PASSWORD).await), Refusal::WayInBehind);
    server.take_passkeys_off(&id);
    later.rotate_account_key().await.unwrap();
    assert!(!later.is_account_key_due());
    assert_ne!(later.account_key(), before);
    assert_eq!(sign_in(&server, PASSWORD).await.unwrap().account_key(), later.account_key());
}

#[tokio::test]
async fn every_change_of_a_way_in_makes_up_for_it() {
    let (server, ann, id, before) = scene().await;
    server.take_passkeys_off(&id);
    let later = ann.lock().unlock_with(before).await.unwrap();
    later.change_password(NEW_PASSWORD).await.unwrap();
    assert!(!later.is_account_key_due());
    let now = later.account_key();
    assert_eq!(sign_in(&server, NEW_PASSWORD).await.unwrap().account_key(), now);
}

#[tokio::test]
async fn one_that_no_client_announced_is_not_sealed_to() {
    let (server, ann, id, key) = scene().await;
    let (keyring, account) = (server.keyring(&ann), crypto::ids::AccountId(id.0));
    let (keys, time) = (keyring.current(), server.now());
    let setup = WayInSetup { account, keys, account_key: &key, generation: 0, time };
    let secret = Key([8; 32]).secret();
    // Signed with the account's own keys, of the account key of now.
    let way = make_way_in(setup, WayInSecret::Passkey(&secret), &mut rng()).unwrap();
    let unknown = WayIn {
        id: api_types::WayInId(way.claimed().id.0),
        kind: WayInKind::Passkey,
        label: String::new(),
        record: B64::from(way.as_bytes()),
        proof_key: None,
        created_at: 0,
    };
    server.bring_back(&id, &[unknown]);
    assert_eq!(refusal(ann.change_password(NEW_PASSWORD).await), Refusal::WayInBehind);
    assert_eq!(refusal(sign_in(&server, PASSWORD).await), Refusal::WayInBehind);
}

/// What was asked for may have come to be or not, when nothing is heard of it: neither is a lie, and nothing went.
#[tokio::test]
async fn one_that_may_not_have_been_added_is_none_that_went() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let (id, before) = (ann.account_id(), ann.account_key());
    ann.add_passkey("Key ring", &Key([6; 32])).await.unwrap();
    server.lie(|request, value| {
        if request.path.ends_with("/account/passkeys") {
            *value = json!({});
        }
    });
    assert_eq!(ann.add_passkey("Phone", &Key([7; 32])).await.unwrap_err().code(), "answer");
    server.be_honest();
    let mut known = server.take_passkeys_off(&id);
    let added = known.split_off(1);
    assert_eq!((known.len(), added.len()), (1, 1));
    server.bring_back(&id, &known);
    let without = sign_in(&server, PASSWORD).await.unwrap();
    assert_eq!((without.is_account_key_due(), without.account_key()), (false, before.clone()));
    server.bring_back(&id, &added);
    let with = sign_in(&server, PASSWORD).await.unwrap();
    with.save_state().await.unwrap();
    assert_eq!(with.account_key(), before);
    server.take_passkeys_off(&id);
    assert_ne!(sign_in(&server, PASSWORD).await.unwrap().account_key(), before, "it was there, and went");
}

#[tokio::test]
async fn a_passkey_is_not_taken_for_a_recovery_kit() {
    let (server, ann, id, _) = scene().await;
    let lost = server.take_passkeys_off(&id);
    let kit = server.db().accounts[&id].ways_in[1].record.clone();
    server.db().accounts.get_mut(&id).unwrap().ways_in[1].record = lost[0].record.clone();
    assert_eq!(refusal(ann.change_password(NEW_PASSWORD).await), Refusal::WayInForged);
    server.db().accounts.get_mut(&id).unwrap().ways_in[1].record = kit;
    ann.change_password(NEW_PASSWORD).await.unwrap();
}
