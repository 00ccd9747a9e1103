//! Passkeys, as people and attackers try them: through the honest client against a real server, with an authenticator in
//! software.

use std::sync::atomic::{AtomicBool, Ordering};

use api_types::{
    B64,
    accounts::{Role, RotateAccountKey, Rotation, WayIn, WayInKind},
    audit::{Action, Outcome},
    passkeys::{NewPasskey, PasskeyAssertion, PasskeyChallenge, PasskeyConfirmation, PasskeySignIn, RemovePasskey},
    policies::Policies,
    second_factors::{SecondFactorKind, SecondFactorProof},
    sessions::Carrier,
    sign_up::NewWayIn,
};
use client::{
    AskSecondFactor, Authenticator, ByPasskey, ClientError, NoSecondFactor, PasskeyAsk, PasskeyError, PasskeyMade,
    PatientChoice, Recover, RecoveryKit, SecondFactorAsked, api::EventFilter,
};
use p256::ecdsa::SigningKey;

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person, client, clinic, device, join, read, write},
    live::{hears_of, open_page},
    soft_authenticator::{Lies, Soft},
};

#[track_caller]
fn code(result: client::Result<impl Sized>) -> String {
    result.err().expect("it is refused").code()
}

async fn enter(server: &Server, soft: &Soft) -> client::Result<ByPasskey<client::native::Native>> {
    client(server).sign_in_with_passkey(device(), soft).await
}

async fn opens(server: &Server, soft: &Soft) -> Person {
    match enter(server, soft).await.unwrap() {
        ByPasskey::Open(person) => person,
        ByPasskey::Locked(_) => panic!("it unlocks"),
    }
}

/// Answers the second step with a passkey, once.
struct Answers<'a>(&'a Server, &'a Soft, AtomicBool);

impl<'a> Answers<'a> {
    fn new(server: &'a Server, soft: &'a Soft) -> Self {
        Self(server, soft, AtomicBool::new(false))
    }
}

impl AskSecondFactor for Answers<'_> {
    async fn ask(&self, asked: SecondFactorAsked) -> Option<SecondFactorProof> {
        assert_eq!(asked.kinds, [SecondFactorKind::Passkey, SecondFactorKind::RecoveryCode]);
        if self.2.swap(true, Ordering::Relaxed) {
            return None;
        }
        client(self.0).passkey_proof(self.1).await.ok()
    }
}

/// The answer to a fresh challenge.
pub async fn answer(server: &Server, soft: &Soft) -> PasskeyAssertion {
    answer_to(client(server).api().challenge_passkey().await.unwrap(), soft).await
}

pub async fn answer_to(challenge: PasskeyChallenge, soft: &Soft) -> PasskeyAssertion {
    let ask = PasskeyAsk { challenge: challenge.challenge.0, rp_id: challenge.rp_id, only: None, input: [0; 32] };
    let answer = soft.get(ask).await.unwrap();
    PasskeyAssertion {
        ceremony_id: challenge.ceremony_id,
        credential_id: B64(answer.credential_id),
        client_data: B64(answer.client_data),
        authenticator_data: B64(answer.authenticator_data),
        signature: B64(answer.signature),
        user_handle: B64(answer.user_handle),
    }
}

async fn signs_in(server: &Server, assertion: PasskeyAssertion) -> client::Result<()> {
    let body = PasskeySignIn { assertion, carrier: Carrier::Bearer, device: "test".into() };
    client(server).api().sign_in_with_passkey(&body).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_signs_in_and_unlocks_with_no_password_typed() {
    let server = Server::start().await;
    let [administrator, doctor, ann] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let report = write(&doctor, PatientChoice::Account(found.id)).await;
    let other = client(&server).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let soft = Soft::new(&server.origin, true);
    let added = ann.add_passkey("Phone", &soft).await.unwrap();
    assert!(added.unlocks);
    assert_eq!(added.codes.len(), 10, "the first second factor brings recovery codes");
    assert_eq!(code(other.sessions().await), "signed_out", "a session that proved no second factor has ended");
    assert!(matches!(ann.add_passkey("Phone", &soft).await, Err(ClientError::Passkey(PasskeyError::Known))));
    let factors = ann.second_factors().await.unwrap();
    assert_eq!(factors.items.len(), 1);
    assert_eq!(factors.items[0].kind, SecondFactorKind::Passkey);
    assert!(factors.items[0].way_in.is_some());

    let mut page = open_page(&server, ann.token().unwrap()).await;
    let again = opens(&server, &soft).await;
    hears_of(&mut page, again.who().session.id).await;
    assert!(!read(&again, &report).await.unwrap().is_empty());
    assert!(again.second_factors().await.unwrap().items[0].last_used_at.is_some());
    let filter = EventFilter { actor: Some(ann.account_id()), action: Some(Action::SignIn), ..Default::default() };
    let events = administrator.events(&filter).await.unwrap();
    assert!(events.items[0].event.subject.contains("way=passkey"), "{:?}", events.items[0]);

    let locked = again.lock();
    let unlocked = locked.unlock_with_passkey(&soft).await.unwrap();
    assert!(!read(&unlocked, &report).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_without_prf_signs_in_and_the_password_unlocks() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let soft = Soft::new(&server.origin, false);
    assert!(!ann.add_passkey("Security key", &soft).await.unwrap().unlocks);
    let ByPasskey::Locked(locked) = enter(&server, &soft).await.unwrap() else {
        panic!("it has nothing to unlock with")
    };
    assert_eq!(locked.who().email, "ann@clinic.example");
    let refused = locked.unlock_with_passkey(&soft).await;
    assert!(matches!(refused, Err(ClientError::Passkey(PasskeyError::OpensNothing))));
    // The passkey was the second factor: it isn't asked for again.
    let open = locked.unlock(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(open.account_id(), ann.account_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_password_it_is_a_second_factor() {
    let server = Server::start().await;
    let [administrator, _, ann] = clinic(&server).await;
    let soft = Soft::new(&server.origin, true);
    let codes = ann.add_passkey("Phone", &soft).await.unwrap().codes;
    // Each in a browser of its own: what a session proved isn't asked again in it.
    let sign_in = async |soft: &Soft| {
        let (browser, answers) = (client(&server), Answers::new(&server, soft));
        browser.sign_in("ann@clinic.example", PASSWORD, device(), &answers).await
    };
    assert_eq!(
        code(client(&server).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await),
        "second_factor_required"
    );
    assert!(sign_in(&soft).await.is_ok());
    // Another person's passkey doesn't stand in for it.
    let hers = Soft::new(&server.origin, true);
    administrator.add_passkey("Hers", &hers).await.unwrap();
    assert_eq!(code(sign_in(&hers).await), "second_factor_wrong");
    // A recovery code does.
    struct Code(String);
    impl AskSecondFactor for Code {
        async fn ask(&self, _: SecondFactorAsked) -> Option<SecondFactorProof> {
            Some(SecondFactorProof::code(SecondFactorKind::RecoveryCode, self.0.as_str()))
        }
    }
    let by_code = client(&server).sign_in("ann@clinic.example", PASSWORD, device(), &Code(codes[0].clone())).await;
    assert!(by_code.is_ok());
    // The kit doesn't go around it either.
    let kit = RecoveryKit::generate(&mut crate::person::rng());
    ann.change_recovery_kit(&kit).await.unwrap();
    let words = kit.words().join(" ");
    let recover =
        || Recover { email: "ann@clinic.example", words: &words, password: "entirely new pass", device: device() };
    assert_eq!(code(client(&server).recover(recover(), &NoSecondFactor).await), "second_factor_required");
    let recovered = client(&server).recover(recover(), &Answers::new(&server, &soft)).await.unwrap();
    // And the passkey survives the new account key.
    assert_eq!(opens(&server, &soft).await.account_id(), recovered.account_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_account_key_is_wrapped_to_passkeys_and_a_removed_one_opens_nothing() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let (phone, key) = (Soft::new(&server.origin, true), Soft::new(&server.origin, true));
    ann.add_passkey("Phone", &phone).await.unwrap();
    ann.add_passkey("Key", &key).await.unwrap();
    let before = opens(&server, &key).await.account_key();
    ann.change_password("another password entirely").await.unwrap();
    let after = opens(&server, &phone).await;
    assert!(after.account_key() != before, "the key was changed with nobody's passkey at hand");
    let now = ann.account_key();
    let lost = ann.second_factors().await.unwrap().items.into_iter().find(|factor| factor.label == "Key").unwrap();
    // What opened the account can't go without a new key.
    assert_eq!(code(ann.api().remove_second_factor(&lost.id).await), "not_found");
    ann.remove_passkey(&lost.id).await.unwrap();
    assert!(ann.account_key() != now);
    assert_eq!(code(after.sessions().await), "signed_out", "every other session ends");
    assert_eq!(code(enter(&server, &key).await), "passkey_failed");
    assert_eq!(opens(&server, &phone).await.account_id(), ann.account_id());
    // The last one takes the recovery codes with it, and the password alone signs in again.
    let last = ann.second_factors().await.unwrap().items.remove(0);
    ann.remove_passkey(&last.id).await.unwrap();
    assert_eq!(ann.second_factors().await.unwrap().recovery_codes_left, 0);
    let password = "another password entirely";
    assert!(client(&server).sign_in("ann@clinic.example", password, device(), &NoSecondFactor).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_that_change_passkeys_and_password_at_once_leave_every_way_in_working() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let phone = Soft::new(&server.origin, true);
    ann.add_passkey("Phone", &phone).await.unwrap();
    let tablet = opens(&server, &phone).await;
    // The tablet doesn't know of this one when it makes a new kit.
    let key = Soft::new(&server.origin, true);
    ann.add_passkey("Key", &key).await.unwrap();
    let ways = ann.api().get_account().await.unwrap().ways_in;
    let old = ways.into_iter().find(|way| way.kind == WayInKind::Passkey).unwrap();
    let kit = RecoveryKit::generate(&mut crate::person::rng());
    tablet.change_recovery_kit(&kit).await.unwrap();
    assert_eq!(opens(&server, &key).await.account_key(), tablet.account_key());
    assert_eq!(opens(&server, &phone).await.account_key(), tablet.account_key());
    // A way in to an account key that has gone is refused: it would open nothing, and stop every later change of keys.
    let other = Soft::new(&server.origin, true);
    let options = tablet.api().start_passkey().await.unwrap();
    let made = other.create(&options, [0; 32]).await.unwrap();
    let stale = new_passkey(options.ceremony_id, made, Some(old));
    assert_eq!(code(tablet.api().add_passkey(&stale).await), "counter_stale");
    // One by password is none by passkey, whatever it is called.
    let ways = tablet.api().get_account().await.unwrap().ways_in;
    let password = ways.into_iter().find(|way| way.kind == WayInKind::Password).unwrap();
    let mistaken = NewPasskey { way_in: Some(sent(password)), ..stale };
    assert_eq!(code(tablet.api().add_passkey(&mistaken).await), "invalid_field");
    // Nor is one taken that no client announces: all others would refuse it.
    let ways = tablet.api().get_account().await.unwrap().ways_in;
    let present = ways.into_iter().find(|way| way.kind == WayInKind::Passkey).unwrap();
    let unannounced = NewPasskey { way_in: Some(sent(present)), announced_in: None, ..mistaken };
    assert_eq!(code(tablet.api().add_passkey(&unannounced).await), "invalid_field");
}

fn sent(way: WayIn) -> NewWayIn {
    NewWayIn { id: way.id, record: way.record, proof_key: way.proof_key }
}

fn new_passkey(ceremony_id: B64, made: PasskeyMade, way: Option<WayIn>) -> NewPasskey {
    NewPasskey {
        ceremony_id,
        label: "Phone".into(),
        credential_id: B64(made.credential_id),
        client_data: B64(made.client_data),
        attestation_object: B64(made.attestation_object),
        announced_in: way.is_some().then_some(1),
        way_in: way.map(sent),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attacker_makes_of_an_answer_is_refused() {
    let server = Server::start().await;
    let [administrator, _, ann] = clinic(&server).await;
    let soft = Soft::new(&server.origin, true);
    ann.add_passkey("Phone", &soft).await.unwrap();
    let hers = Soft::new(&server.origin, true);
    administrator.add_passkey("Hers", &hers).await.unwrap();
    assert!(signs_in(&server, answer(&server, &soft).await).await.is_ok());

    let replayed = answer(&server, &soft).await;
    assert!(signs_in(&server, replayed.clone()).await.is_ok());
    assert_eq!(code(signs_in(&server, replayed).await), "passkey_failed");

    let mut for_another = answer(&server, &soft).await;
    for_another.ceremony_id = client(&server).api().challenge_passkey().await.unwrap().ceremony_id;
    assert_eq!(code(signs_in(&server, for_another).await), "passkey_failed");

    let mut swapped = answer(&server, &soft).await;
    swapped.credential_id = answer(&server, &hers).await.credential_id;
    assert_eq!(code(signs_in(&server, swapped).await), "passkey_failed");

    // The counter of the answer before is the one that a clone repeats.
    assert!(signs_in(&server, answer(&server, &soft).await).await.is_ok());
    let other_key = SigningKey::from_slice(&[7; 32]).unwrap();
    let lies = [
        ("a clone", Lies { counter_stands: true, ..Lies::default() }),
        ("another site", Lies { origin: Some("https://health.example.com".into()), ..Lies::default() }),
        ("another party", Lies { rp_id: Some("example.com".into()), ..Lies::default() }),
        ("nobody verified", Lies { not_verified: true, ..Lies::default() }),
        ("another challenge", Lies { challenge: Some(vec![9; 32]), ..Lies::default() }),
        ("another account", Lies { user_handle: Some(vec![9; 16]), ..Lies::default() }),
        ("another key", Lies { key: Some(other_key), ..Lies::default() }),
    ];
    for (name, lie) in lies {
        soft.lie(lie);
        let result = signs_in(&server, answer(&server, &soft).await).await;
        assert_eq!(result.err().map(|error| error.code()).as_deref(), Some("passkey_failed"), "{name}");
    }
    soft.lie(Lies::default());
    assert!(signs_in(&server, answer(&server, &soft).await).await.is_ok());
    let filter =
        EventFilter { actor: Some(ann.account_id()), outcome: Some(Outcome::Denied), ..EventFilter::default() };
    let denied = administrator.events(&filter).await.unwrap().items.len();
    assert_eq!(denied, 8, "each in the name of whose passkey it was said to be");

    // Another person's passkey confirms nothing in this session, and no answer serves two ends.
    let theirs = PasskeyConfirmation { assertion: answer(&server, &hers).await };
    assert_eq!(code(ann.api().confirm_with_passkey(&theirs).await), "passkey_failed");
    assert!(ann.confirm_with_passkey(&soft).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_belongs_to_its_session_and_serves_once() {
    let server = Server::start().await;
    let [administrator, _, ann] = clinic(&server).await;
    let soft = Soft::new(&server.origin, false);
    let options = ann.api().start_passkey().await.unwrap();
    let made = soft.create(&options, [0; 32]).await.unwrap();
    let new = new_passkey(options.ceremony_id, made, None);
    // Somebody else can't take it over, and spoils nothing by trying.
    assert_eq!(code(administrator.api().add_passkey(&new).await), "passkey_failed");
    assert!(ann.api().add_passkey(&new).await.is_ok(), "the owner's still serves");
    assert_eq!(code(ann.api().add_passkey(&new).await), "passkey_failed", "replayed");

    for lie in [
        Lies { origin: Some("https://health.example.com".into()), ..Lies::default() },
        Lies { rp_id: Some("example.com".into()), ..Lies::default() },
        Lies { not_verified: true, ..Lies::default() },
        Lies { challenge: Some(vec![9; 32]), ..Lies::default() },
    ] {
        let soft = Soft::new(&server.origin, false);
        soft.lie(lie.clone());
        assert_eq!(code(ann.add_passkey("Phone", &soft).await), "passkey_failed", "{lie:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn adding_and_removing_asks_for_a_confirmed_session() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let soft = Soft::new(&server.origin, true);
    ann.add_passkey("Phone", &soft).await.unwrap();
    let factor = ann.second_factors().await.unwrap().items.remove(0);
    server.state.clock.advance(11 * 60 * 1000);
    assert_eq!(code(ann.add_passkey("Key", &Soft::new(&server.origin, true)).await), "confirmation_required");
    assert_eq!(code(ann.remove_passkey(&factor.id).await), "confirmation_required");
    ann.confirm_with_passkey(&soft).await.unwrap();
    ann.remove_passkey(&factor.id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_needs_a_second_factor_is_content_with_a_passkey() {
    let server = Server::start().await;
    let [administrator, _, ann] = clinic(&server).await;
    administrator.api().put_policies(&Policies { second_factor_roles: vec![Role::Patient] }).await.unwrap();
    assert_eq!(code(ann.list(&client::api::ListQuery::default()).await), "second_factor_due");
    let soft = Soft::new(&server.origin, true);
    ann.add_passkey("Phone", &soft).await.unwrap();
    assert!(ann.list(&client::api::ListQuery::default()).await.is_ok());
    let factor = ann.second_factors().await.unwrap().items.remove(0);
    assert_eq!(code(ann.remove_passkey(&factor.id).await), "conflict", "the last one stays");
    assert!(opens(&server, &soft).await.list(&client::api::ListQuery::default()).await.is_ok());

    // An administrator can take it off; it opens nothing then, and the password does.
    administrator.api().remove_account_second_factors(&ann.account_id()).await.unwrap();
    assert_eq!(code(enter(&server, &soft).await), "passkey_failed");
    let back = client(&server).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert!(back.api().get_account().await.unwrap().ways_in.iter().all(|way| way.kind != WayInKind::Passkey));

    // It still opens the account key of now. Whoever has to add a second factor first gets the next one then.
    let (before, new) = (back.account_key(), Soft::new(&server.origin, true));
    assert!(back.is_account_key_due() && before == ann.account_key());
    back.add_passkey("New phone", &new).await.unwrap();
    assert!(!back.is_account_key_due() && back.account_key() != before);
    assert_eq!(opens(&server, &new).await.account_key(), back.account_key());
}

/// As whoever holds a passkey that unlocks nothing would send it: they are given what is stored, and open none of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_already_makes_no_new_account_key() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let phone = Soft::new(&server.origin, true);
    ann.add_passkey("Phone", &phone).await.unwrap();
    let account = ann.api().get_account().await.unwrap();
    let ways = |kind| account.ways_in.iter().filter(move |way| way.kind == kind).cloned().map(sent);
    let mut junk = account.keyring.clone();
    *junk.0.last_mut().unwrap() ^= 1;
    let mut rotation = Rotation {
        password: ways(WayInKind::Password).next().unwrap(),
        recovery_kit: ways(WayInKind::RecoveryKit).next().unwrap(),
        passkeys: ways(WayInKind::Passkey).collect(),
        emergency_contacts: Vec::new(),
        recovery_shares: Vec::new(),
        escrow: Vec::new(),
        keyring: junk,
        client_state: account.client_state.clone(),
        client_state_counter: account.client_state_counter + 1,
    };
    let sent_back = RotateAccountKey { rotation: rotation.clone() };
    assert_eq!(code(ann.api().rotate_account_key(&sent_back).await), "counter_stale");
    rotation.passkeys.clear();
    let phone_id = ann.second_factors().await.unwrap().items[0].id;
    let removed = ann.api().remove_passkey(&phone_id, &RemovePasskey { rotation }).await;
    assert_eq!(code(removed), "counter_stale");
    assert_eq!(ann.api().get_account().await.unwrap().keyring, account.keyring);
    assert_eq!(opens(&server, &phone).await.account_key(), ann.account_key());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_took_off_opens_nothing_after_the_next_sign_in() {
    let server = Server::start().await;
    let [administrator, doctor, ann] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let report = write(&doctor, PatientChoice::Account(found.id)).await;
    let soft = Soft::new(&server.origin, true);
    ann.add_passkey("Phone", &soft).await.unwrap();
    let before = ann.account_key();
    administrator.api().remove_account_second_factors(&ann.account_id()).await.unwrap();
    assert_eq!(code(enter(&server, &soft).await), "passkey_failed");

    let sign_in = async || client(&server).sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await;
    let back = sign_in().await.unwrap();
    assert!(!back.is_account_key_due() && back.account_key() != before, "signing in made the next one");
    assert!(!read(&back, &report).await.unwrap().is_empty());
    let filter =
        EventFilter { actor: Some(ann.account_id()), action: Some(Action::AccountChange), ..EventFilter::default() };
    let events = administrator.events(&filter).await.unwrap().items;
    assert!(events.iter().any(|item| item.event.subject.contains("what=account_key ")), "{events:?}");
    let now = back.account_key();
    assert_eq!(sign_in().await.unwrap().account_key(), now, "once is enough");
    // The session has to be confirmed for it, as for every other change of how one gets in.
    server.state.clock.advance(11 * 60 * 1000);
    assert_eq!(code(back.rotate_account_key().await), "confirmation_required");
    assert_eq!(back.account_key(), now);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_tells_nothing_and_passkeys_need_a_host_name() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let soft = Soft::new(&server.origin, true);
    ann.add_passkey("Phone", &soft).await.unwrap();
    let answers = server.post("/passkeys/challenge", None, &serde_json::json!({})).await.json();
    let mut fields: Vec<_> = answers.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["ceremony_id", "challenge", "rp_id"], "no credential and no account is named");
    assert!(client(&server).instance().await.unwrap().passkeys);

    let numbered = Server::start_with(|config| {
        let origin = config.origin.as_str().replace("localhost", "127.0.0.1");
        config.origin = server::config::Origin::parse(&origin).unwrap();
    })
    .await;
    assert!(!client(&numbered).instance().await.unwrap().passkeys);
    let (person, _) =
        join(&numbered, "Ada", "ada@clinic.example", Role::Administrator, Some(&numbered.set_up_token)).await;
    assert_eq!(code(person.api().start_passkey().await), "conflict");
}
