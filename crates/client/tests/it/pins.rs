//! What was verified once binds: heads, pins, keys and tokens.

use api_types::{AccountId, B64, accounts::Role};
use client::{ClientError, NoSecondFactor, PatientChoice, Refusal, Share, SignUp, bulk::Control};
use crypto::{
    account::{KeyChain, Keyring},
    ids::ReportId,
    report::{Manifest, RevisionPlace, seal_wrap},
    secret::Secret,
    sign::Signed,
};

use malicious_server::scene::made_up;

use crate::{
    fake::{Fake, PASSWORD, device, email, rng},
    flows::report,
    lies::{Scene, change_report, refusal, scene},
};

#[tokio::test]
async fn a_version_from_before_a_revocation_is_refused_behind_it() {
    let Scene { server, patient, doctor, id } = scene().await;
    let before = server.replay(&server.db(), &id).head();
    let author = doctor.report(&id).await.unwrap().grants[0].id;
    patient.revoke(&id, &author).await.unwrap();
    patient.rekey(&id, &Control::none()).await.unwrap();
    patient.report(&id).await.unwrap();
    let account = crypto::ids::AccountId(doctor.account_id().0);
    let own = server.keyring(&doctor);
    // The revoked author adds version 2, as if it had been there when the grant still stood.
    let key = own.current().signing.clone();
    change_report(&server, move |body| {
        let last = Signed::<Manifest>::parse(&body.versions[0].manifest.0).unwrap();
        let mut forged = last.claimed().clone();
        forged.place = RevisionPlace { version: 2, revision: 0, ..forged.place };
        (forged.seq, forged.previous, forged.access_head) = (forged.seq + 1, last.hash(), before);
        (forged.author, forged.signer) = (account, account);
        let mut item = body.versions[0].clone();
        (item.version, item.revision) = (2, 0);
        item.manifest = B64::from(Signed::sign(forged, &key).as_bytes());
        body.versions.push(item);
    });
    assert!(matches!(refusal(patient.report(&id).await), Refusal::ManifestForged { version: 2, .. }));
    server.be_honest();
    patient.report(&id).await.unwrap();
}

#[tokio::test]
async fn a_key_that_the_content_was_not_sealed_under_is_not_passed_on() {
    let Scene { server, patient, doctor, id } = scene().await;
    {
        let mut db = server.db();
        let state = server.replay(&db, &id);
        let keys = Fake::keys(&db);
        let place = RevisionPlace { report: ReportId(id.0), version: 1, revision: 0 };
        for wrap in &mut db.reports.get_mut(&id).unwrap().wraps {
            let grant = state.grant(&crypto::ids::GrantId(wrap.grant_id.0)).unwrap();
            let other = Secret::random(&mut rng());
            wrap.wrap = B64(seal_wrap(&other, place, grant, &state, &keys, &mut rng()).unwrap().to_bytes());
        }
    }
    let share = Share { with_code: false, expires_in: 0, ..Share::with_code(doctor.account_id()) };
    assert_eq!(refusal(patient.share(&id, &share).await), Refusal::WrapForged { version: 1 });
}

#[tokio::test]
async fn a_pin_from_another_device_binds_what_this_one_knew_already() {
    let server = Fake::new();
    let one = server.person("Ann Example", Role::Patient).await;
    let two = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let (mut left, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record.clone()]).unwrap();
    let mut right = left.clone();
    let (first, second) = (left.rotate(&chain, 2, &mut rng()).unwrap(), right.rotate(&chain, 2, &mut rng()).unwrap());
    let id = AccountId(chain.account().0);
    let serve = |next: &Signed<crypto::account::KeyRecord>| {
        let mut db = server.db();
        let mut account = db.accounts[&one.account_id()].clone();
        account.key_records = vec![B64::from(record.as_bytes()), B64::from(next.as_bytes())];
        db.accounts.insert(id, account);
    };
    serve(&second);
    one.person(&id).await.unwrap();
    serve(&first);
    two.mark_verified(&two.person(&id).await.unwrap()).await.unwrap();
    server.db().accounts.remove(&id);
    report(&one, PatientChoice::New).await;
    one.save_state().await.unwrap();
    serve(&second);
    assert!(matches!(refusal(one.person(&id).await), Refusal::KeyRecordChanged { .. }));
}

#[tokio::test]
async fn contacts_are_whose_keys_are_pinned_and_a_changed_one_stands_first() {
    let Scene { server, patient, doctor, id } = scene().await;
    patient.share(&id, &Share::with_code(doctor.account_id())).await.unwrap();
    let stands = async || {
        let contacts = patient.contacts().await.unwrap();
        let contact = contacts.into_iter().find(|contact| contact.id == doctor.account_id()).unwrap();
        (contact.verified, contact.person.unwrap().map(|person| person.name))
    };
    assert_eq!(stands().await, (false, Some(doctor.who().name)));
    patient.mark_verified(&patient.person(&doctor.account_id()).await.unwrap()).await.unwrap();
    assert_eq!(stands().await, (true, Some(doctor.who().name)));

    // A history that another device saw otherwise.
    let (mut one, record) = Keyring::create(1, &mut rng());
    let chain = KeyChain::verify(vec![record.clone()]).unwrap();
    let mut two = one.clone();
    let (first, second) = (one.rotate(&chain, 2, &mut rng()).unwrap(), two.rotate(&chain, 2, &mut rng()).unwrap());
    let mallory = AccountId(chain.account().0);
    let serve = |next: &Signed<crypto::account::KeyRecord>| {
        let records = vec![B64::from(record.as_bytes()), B64::from(next.as_bytes())];
        server.db().accounts.insert(mallory, made_up("Mallory", "m@x", records));
    };
    serve(&first);
    patient.mark_verified(&patient.person(&mallory).await.unwrap()).await.unwrap();
    serve(&second);
    let contacts = patient.contacts().await.unwrap();
    assert_eq!(contacts[0].id, mallory);
    let why = contacts.into_iter().next().unwrap().person;
    assert!(matches!(why, Err(ClientError::Refused(Refusal::KeyRecordChanged { .. }))), "{why:?}");
}

#[tokio::test]
async fn an_organisation_is_made_once() {
    let server = Fake::new();
    let client = server.client();
    let kit = client.new_kit();
    let sign_up = |email| SignUp {
        name: "Ada Admin",
        email,
        password: PASSWORD,
        role: Role::Administrator,
        kit: &kit,
        token: Some("set-up"),
        device: device(),
    };
    client.sign_up(sign_up("ada@clinic.example")).await.unwrap();
    let again = client.sign_up(sign_up("eve@clinic.example")).await;
    assert_eq!(refusal(again), Refusal::OrganisationKeyChanged);
}

#[tokio::test]
async fn another_server_never_sees_the_token() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let impostor = Fake::new();
    let resumed = impostor.client_with(ann.remembered()).resume(ann.token()).await;
    assert_eq!(refusal(resumed), Refusal::InstanceChanged);
    assert!(impostor.bearers.lock().unwrap().is_empty());
}
