//! Attacks on whose keys are whose.

use api_types::{
    AccountId, B64, GrantId, ReportId,
    accounts::{AccountStatus, Role},
};
use client::{NoSecondFactor, Share};
use crypto::{
    account::{KeyChain, KeyRecord, Keyring},
    report::{Wrap, WrapKey, open_wrap},
    sign::Signed,
};
use malicious_server::{
    attack::{FORGED_SUCCESSION, KEY_HISTORY_FORK, KEY_ROLLBACK, KEY_SWAP, PRETENDED_DELETION},
    double::{Fake, PASSWORD, device, email, rng},
    scene::{Scene, made_up, scene, straight, stranger},
};

use super::{Attempt, Stopped, Won, run};

/// Whether what was sealed for that grant opens with these keys.
pub(super) fn opens(server: &Fake, id: &ReportId, grant: &GrantId, keys: &Keyring) -> bool {
    let wraps = server.db().reports[id].wraps.clone();
    let sealed = wraps.iter().find(|wrap| wrap.grant_id == *grant).unwrap();
    open_wrap(&Wrap::parse(&sealed.wrap.0).unwrap(), WrapKey::Keyring(keys)).is_ok()
}

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
        Ok(Won::if_so(opens(&server, &id, &shared.grant, &own)))
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
            server.db().accounts.insert(id, made_up("Mallory", "m@x", records));
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
async fn forged_succession() {
    run(&FORGED_SUCCESSION, attempt).await;

    /// The server says that a doctor made new keys, and opens what the patient seals to them.
    async fn attempt() -> Attempt {
        let Scene { server, patient, id, .. } = scene().await;
        let victim = server.person("Nora Newcomer", Role::Doctor).await;
        let seen = patient.person(&victim.account_id()).await.unwrap();
        patient.mark_verified(&seen).await.unwrap();
        let (mut own, chain) = stranger();
        let next = own.rotate(&chain, server.now(), &mut rng()).unwrap();
        let last = server.db().accounts[&victim.account_id()].key_records[0].clone();
        let claimed = KeyRecord {
            account: Some(crypto::ids::AccountId(victim.account_id().0)),
            previous: Some(crypto::encoding::sha256(&last.0)),
            ..next.claimed().clone()
        };
        let signing = &own.current().signing;
        let forged = Signed::sign_record(claimed, signing, Some(signing)).unwrap();
        let forged = B64::from(forged.as_bytes());
        server.db().accounts.get_mut(&victim.account_id()).unwrap().key_records.push(forged);
        let shared = patient.share(&id, &straight(&victim)).await?;
        Ok(Won::if_so(opens(&server, &id, &shared.grant, &own)))
    }
}

#[tokio::test]
async fn key_rollback() {
    run(&KEY_ROLLBACK, attempt).await;

    /// The server leaves out the keys that a doctor made after a theft, and the thief opens what is sealed to the old ones.
    async fn attempt() -> Attempt {
        let Scene { server, patient, id, .. } = scene().await;
        let victim = server.person("Nora Newcomer", Role::Doctor).await;
        let stolen = server.keyring(&victim);
        victim.rotate_keys().await.unwrap();
        let seen = patient.person(&victim.account_id()).await.unwrap();
        patient.mark_verified(&seen).await.unwrap();
        let newest = server.db().accounts.get_mut(&victim.account_id()).unwrap().key_records.pop();
        assert!(newest.is_some() && server.db().accounts[&victim.account_id()].key_records.len() == 1);
        // In a session that was told of no other.
        let later = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await?;
        let shared = later.share(&id, &straight(&victim)).await?;
        Ok(Won::if_so(opens(&server, &id, &shared.grant, &stolen)))
    }
}

#[tokio::test]
async fn pretended_deletion() {
    run(&PRETENDED_DELETION, attempt).await;

    /// The server says that the patient's doctor deleted their account, so that the patient turns to somebody else.
    async fn attempt() -> Attempt {
        let Scene { server, patient, doctor, .. } = scene().await;
        let before = patient.person(&doctor.account_id()).await.unwrap();
        assert_eq!(before.status, AccountStatus::Active);
        server.db().accounts.get_mut(&doctor.account_id()).unwrap().status = AccountStatus::Deleted;
        let after = patient.person(&doctor.account_id()).await?;
        Ok(Won::if_so(after.status == AccountStatus::Deleted))
    }
}

#[tokio::test]
async fn the_suite_can_tell_a_refusal_from_a_failure() {
    // An attack that breaks its own scene is not one that was stopped.
    let Scene { patient, id, .. } = scene().await;
    let failed = patient.share(&id, &Share::with_code(AccountId([9; 32]))).await;
    assert!(failed.is_err());
    assert!(
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| super::refusal(
            &failed.map(drop).map_err(Stopped::from)
        )))
        .is_err()
    );
}
