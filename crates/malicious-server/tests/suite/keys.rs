//! Attacks on whose keys are whose.

use std::sync::Arc;

use api_types::{
    AccountId, B64, GrantId, ReportId,
    accounts::{AccountStatus, Role},
};
use client::{NoSecondFactor, PatientChoice, Share, Vault};
use crypto::{
    account::{KeyChain, KeyRecord, Keyring, OrganisationKey, Role as SignedRole, RoleStatement},
    report::{Wrap, WrapKey, open_wrap},
    sign::Signed,
};
use malicious_server::{
    attack::{
        ADDRESS_SWAP, FORGED_APPROVAL, FORGED_SUCCESSION, KEY_HISTORY_FORK, KEY_ROLLBACK, KEY_SWAP, LABEL_KEY_SWAP,
        ORGANISATION_KEY_SWAP, PRETENDED_DELETION, TWO_KEYS_FOR_ONE_ADDRESS, UNLOGGED_KEY,
    },
    double::{
        Fake, PASSWORD, World, device, email,
        keys::{label_key, prove},
        rng,
    },
    scene::{Scene, made_up, report, scene, straight, stranger},
};
use serde_json::json;
use tlog::leaf::KeyTreeLeaf;

use super::{Attempt, Stopped, Won, run};

/// Whether what was sealed for that grant opens with these keys.
fn opens(server: &Fake, id: &ReportId, grant: &GrantId, keys: &Keyring) -> bool {
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

/// From now on a look-up of this address is answered with that account, and a true proof of the address's label.
async fn answer_with(clinic: &Clinic, address: String, binding: u64) {
    let proof = clinic.server.with_keys(|keys| prove(&keys.labels, &address));
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
        answer_with(&clinic, address.clone(), 0).await;
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
        answer_with(&clinic, address.clone(), binding).await;
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
        answer_with(&clinic, address.clone(), binding).await;
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
async fn forged_approval() {
    run(&FORGED_APPROVAL, attempt).await;

    /// The server approves a doctor by itself, under a key of its own.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let organisation = OrganisationKey::generate(&mut rng());
        server.db().organisation = Some(B64(organisation.public().0.to_vec()));
        let ann = server.person("Ann Example", Role::Patient).await;
        let quack = approved_by(&server, &OrganisationKey::generate(&mut rng())).await;
        Ok(Won::if_so(ann.person(&quack).await?.approved))
    }
}

/// Somebody whose role is signed under this key.
async fn approved_by(server: &Arc<Fake>, organisation: &OrganisationKey) -> AccountId {
    let quack = server.person("Quinn Quack", Role::Doctor).await.account_id();
    let statement = RoleStatement {
        instance: crypto::ids::InstanceId(server.instance),
        account: crypto::ids::AccountId(quack.0),
        name: "Quinn Quack".into(),
        role: SignedRole::Doctor,
        time: server.now(),
    };
    let signed = organisation.sign(statement);
    server.db().accounts.get_mut(&quack).unwrap().approval = Some(B64::from(signed.as_bytes()));
    quack
}

#[tokio::test]
async fn organisation_key_swap() {
    run(&ORGANISATION_KEY_SWAP, attempt).await;

    /// The server exchanges the organisation's key for its own, and approves a doctor under that.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let name = |key: &OrganisationKey| server.db().organisation = Some(B64(key.public().0.to_vec()));
        name(&OrganisationKey::generate(&mut rng()));
        let ann = server.person("Ann Example", Role::Patient).await;
        let own = OrganisationKey::generate(&mut rng());
        name(&own);
        let quack = approved_by(&server, &own).await;
        let client = server.client_with(ann.remembered());
        let later = client.sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await?;
        Ok(Won::if_so(later.person(&quack).await?.approved))
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
