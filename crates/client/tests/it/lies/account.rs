//! Lies about one's own account: old copies, another server, weak derivations.

use api_types::{B64, accounts::Role};
use client::{
    ClientError, NoSecondFactor, PatientChoice, Recover, Refusal, SignUp,
    heavy::{self, HeavyError, HeavyKind, HeavyTask},
};
use crypto::account::{KeyChain, Keyring};

use super::refusal;
use crate::{
    fake::{Account, Fake, PASSWORD, device, email, rng},
    flows::report,
};

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
    let again = client.sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await;
    assert_eq!(refusal(again), Refusal::StateBehind);
}

#[tokio::test]
async fn a_servers_part_of_the_sign_in_that_is_none_is_refused() {
    let server = Fake::new();
    server.person("Ann Example", Role::Patient).await;
    server.lie(|request, value| {
        if request.path.ends_with("/sign-in/start") {
            value["credential_response"] = serde_json::to_value(B64(b"no message".to_vec())).unwrap();
        }
    });
    let client = server.client();
    let forged = client.sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await;
    assert_eq!(refusal(forged), Refusal::SignInForged);
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
    let mut memory = client.recover(recover("new password here"), &NoSecondFactor).await.unwrap().remembered();
    // Without the state's counter, the way in has to give the server away.
    memory.accounts.clear();
    server.db().accounts.insert(id, before);
    let client = server.client_with(memory);
    assert_eq!(refusal(client.sign_in(&address, PASSWORD, device(), &NoSecondFactor).await), Refusal::WayInBehind);
    assert_eq!(refusal(client.recover(recover("third password here"), &NoSecondFactor).await), Refusal::WayInBehind);
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
    let mut keyring = Keyring::open(&ann.account_key(), &chain, &sealed.0).unwrap();
    let next = keyring.rotate(&chain, chain.current().claimed().created_at + 1, &mut rng()).unwrap();
    server.db().accounts.get_mut(&ann.account_id()).unwrap().key_records.push(B64::from(next.as_bytes()));
    let again = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await;
    assert_eq!(refusal(again), Refusal::KeyringBehind);
    assert_eq!(refusal(ann.refresh().await), Refusal::KeyringBehind);
    let sealed = keyring.seal(&ann.account_key(), &id, &mut rng());
    server.db().accounts.get_mut(&ann.account_id()).unwrap().keyring = B64(sealed);
    server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
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

#[tokio::test]
async fn whoever_opens_with_the_key_believes_no_generation_that_is_not_signed() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let (id, key) = (ann.account_id(), ann.account_key());
    let locked = ann.lock();
    let flip_signature = || {
        let mut db = server.db();
        let record = &mut db.accounts.get_mut(&id).unwrap().ways_in[0].record.0;
        *record.last_mut().unwrap() ^= 1;
    };
    flip_signature();
    assert_eq!(refusal(locked.unlock_with(key.clone()).await), Refusal::WayInForged);
    flip_signature();
    assert!(locked.unlock_with(key).await.is_ok());
}

#[tokio::test]
async fn what_does_not_open_is_a_lie_unless_the_account_signed_a_later_key() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let id = ann.account_id();
    let flip = |part: fn(&mut Account) -> &mut B64| {
        *part(server.db().accounts.get_mut(&id).unwrap()).0.last_mut().unwrap() ^= 1;
    };
    flip(|account| &mut account.keyring);
    assert_eq!(refusal(ann.refresh().await), Refusal::KeyringForged);
    flip(|account| &mut account.keyring);
    flip(|account| &mut account.state);
    assert_eq!(refusal(ann.change_password("another password entirely").await), Refusal::StateForged);
    flip(|account| &mut account.state);
    ann.refresh().await.unwrap();

    // Another window of hers makes a new account key, and this one is told so; by its own signature alone.
    let other = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    other.change_password("another password entirely").await.unwrap();
    assert_eq!(ann.refresh().await.err().unwrap().code(), "account_key_changed");
    assert_eq!(ann.change_password("a third password entirely").await.err().unwrap().code(), "account_key_changed");
    flip(|account| &mut account.ways_in[0].record);
    assert_eq!(refusal(ann.refresh().await), Refusal::WayInForged);
    assert_eq!(refusal(ann.change_password("a third password entirely").await), Refusal::WayInForged);
}
