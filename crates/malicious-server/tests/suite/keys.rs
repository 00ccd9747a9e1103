//! Attacks on whose keys are whose.

use api_types::{
    AccountId, B64,
    accounts::{AccountStatus, Role},
};
use client::Share;
use crypto::{
    account::{KeyChain, KeyRecord, Keyring, OrganisationKey, Role as SignedRole, RoleStatement},
    report::{Wrap, WrapKey, open_wrap},
    sign::Signed,
};
use malicious_server::{
    attack::{FORGED_APPROVAL, KEY_HISTORY_FORK, KEY_SWAP},
    double::{Account, Fake, rng},
    scene::{Scene, scene, straight, stranger},
};

use super::{Attempt, Won, run};

#[tokio::test]
async fn key_swap() {
    run(&KEY_SWAP, attempt).await;

    /// The server names its own key as the doctor's, and opens what the patient seals to it.
    async fn attempt() -> Attempt {
        let Scene { server, patient, id, .. } = scene().await;
        let victim = server.person("Nora Newcomer", Role::Doctor).await;
        let (own, chain) = stranger();
        let record = B64::from(chain.current().as_bytes());
        server.db().accounts.get_mut(&victim.account_id()).unwrap().key_records = vec![record];
        let shared = patient.share(&id, &straight(&victim)).await?;
        let wraps = server.db().reports[&id].wraps.clone();
        let sealed = wraps.iter().find(|wrap| wrap.grant_id == shared.grant).unwrap();
        let opened = open_wrap(&Wrap::parse(&sealed.wrap.0).unwrap(), WrapKey::Keyring(&own));
        Ok(Won::if_so(opened.is_ok()))
    }
}

/// An account that nobody signs up for.
fn made_up(records: Vec<B64>) -> Account {
    Account {
        name: "Mallory".into(),
        email: "m@x".into(),
        role: Role::Doctor,
        status: AccountStatus::Active,
        key_records: records,
        approval: None,
        ways_in: Vec::new(),
        keyring: B64::default(),
        state: B64::default(),
        counter: 0,
        organisation_wrap: None,
        opaque: Vec::new(),
    }
}

#[tokio::test]
async fn key_history_fork() {
    run(&KEY_HISTORY_FORK, attempt).await;

    /// A server that holds somebody's first key shows one next key today and another tomorrow.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let (mut one, record) = Keyring::create(1, &mut rng());
        let chain = KeyChain::verify(vec![record.clone()]).unwrap();
        let mut two = one.clone();
        let seen = one.rotate(&chain, 2, &mut rng()).unwrap();
        let other = two.rotate(&chain, 2, &mut rng()).unwrap();
        let id = AccountId(chain.account().0);
        let show = |next: &Signed<KeyRecord>| {
            let records = vec![B64::from(record.as_bytes()), B64::from(next.as_bytes())];
            server.db().accounts.insert(id, made_up(records));
        };
        show(&seen);
        let person = ann.person(&id).await.unwrap();
        ann.mark_verified(&person).await.unwrap();
        show(&other);
        let person = ann.person(&id).await?;
        Ok(Won::if_so(ann.fingerprint(&person).words == client_words(&record, &other)))
    }

    fn client_words(first: &Signed<KeyRecord>, next: &Signed<KeyRecord>) -> [&'static str; 12] {
        let chain = KeyChain::verify(vec![first.clone(), next.clone()]).unwrap();
        crypto::account::fingerprint_words(&chain)
    }
}

#[tokio::test]
async fn forged_approval() {
    run(&FORGED_APPROVAL, attempt).await;

    /// The server approves a doctor by itself, under a key of its own.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let organisation = OrganisationKey::generate(&mut rng());
        server.db().organisation = Some(B64(organisation.public().0.to_vec()));
        let ann = server.person("Ann Example", Role::Patient).await;
        let quack = server.person("Quinn Quack", Role::Doctor).await;
        let statement = RoleStatement {
            instance: crypto::ids::InstanceId(server.instance),
            account: crypto::ids::AccountId(quack.account_id().0),
            name: "Quinn Quack".into(),
            role: SignedRole::Doctor,
            time: server.now(),
        };
        let forged = OrganisationKey::generate(&mut rng()).sign(statement);
        server.db().accounts.get_mut(&quack.account_id()).unwrap().approval = Some(B64::from(forged.as_bytes()));
        Ok(Won::if_so(ann.person(&quack.account_id()).await?.approved))
    }
}

#[tokio::test]
async fn the_suite_can_tell_a_refusal_from_a_failure() {
    // An attack that breaks its own scene is not one that was stopped.
    let Scene { patient, id, .. } = scene().await;
    let failed = patient.share(&id, &Share::with_code(AccountId([9; 32]))).await;
    assert!(failed.is_err());
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| super::refusal(&failed.map(drop)))).is_err());
}
