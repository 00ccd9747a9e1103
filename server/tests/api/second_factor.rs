//! Second factors, confirmation, and new passwords and kits, as people and attackers try them: through the honest client
//! against a real server.

use std::sync::Mutex;

use api_types::{
    B64,
    accounts::{PutClientState, Role},
    audit::{Action, Outcome},
    email_change::StartEmailChange,
    policies::Policies,
    second_factors::{SecondFactorKind, SecondFactorProof},
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, StartSignIn},
};
use client::{
    AskSecondFactor, Client, ClientError, NoSecondFactor, PatientChoice, Recover, RecoveryKit, SecondFactorAsked,
    WhyAsked, api::EventFilter, api::ListQuery, native::Native,
};
use crypto::opaque::{Password, login_finish, login_start};
use totp_rs::{Builder, Secret};

use crate::{
    harness::Server,
    honest_client::{PASSWORD, Person, client, clinic, device, join, read, write},
    person::{input, rng},
    phone_limits::Proving,
    sessions::walk,
};

const NEW_PASSWORD: &str = "another password entirely";

/// An app on somebody's phone. Each code counts once, so steps are named: 0 is the one of now.
pub struct App(totp_rs::Totp);

impl App {
    fn new(secret: &str) -> Self {
        Self(Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap())
    }

    pub fn code(&self, server: &Server, step: i64) -> String {
        let seconds = server.state.clock.now() / 1000 + step * 30;
        self.0.generate(seconds as u64).to_string()
    }
}

fn totp(code: impl Into<String>) -> SecondFactorProof {
    SecondFactorProof::code(SecondFactorKind::Totp, code)
}

fn recovery(code: impl Into<String>) -> SecondFactorProof {
    SecondFactorProof::code(SecondFactorKind::RecoveryCode, code)
}

/// Gives these, one after the other, and remembers what was asked.
struct Gives(Mutex<(Vec<SecondFactorProof>, Vec<SecondFactorAsked>)>);

impl Gives {
    fn new(proofs: impl IntoIterator<Item = SecondFactorProof>) -> Self {
        let mut proofs: Vec<_> = proofs.into_iter().collect();
        proofs.reverse();
        Self(Mutex::new((proofs, Vec::new())))
    }

    fn asked(&self) -> Vec<WhyAsked> {
        self.0.lock().unwrap().1.iter().map(|asked| asked.why).collect()
    }
}

impl AskSecondFactor for Gives {
    async fn ask(&self, asked: SecondFactorAsked) -> Option<SecondFactorProof> {
        let mut inner = self.0.lock().unwrap();
        inner.1.push(asked);
        inner.0.pop()
    }
}

/// Adds an app, by the code of the step before this one; gives it and the recovery codes.
pub async fn add_app(server: &Server, person: &Person) -> (App, Vec<String>) {
    let started = person.start_totp("Phone").await.unwrap();
    let app = App::new(&started.secret);
    let codes = person.confirm_totp(&started.id, &app.code(server, -1)).await.unwrap().codes;
    (app, codes)
}

async fn signs_in(server: &Server, email: &str, ask: &impl AskSecondFactor) -> client::Result<Person> {
    client(server).sign_in(email, PASSWORD, device(), ask).await
}

fn code(result: client::Result<impl Sized>) -> String {
    result.err().expect("it is refused").code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_alone_no_longer_signs_in_and_each_code_counts_once() {
    let server = Server::start().await;
    let [administrator, _, ann] = clinic(&server).await;
    let other = signs_in(&server, "ann@clinic.example", &NoSecondFactor).await.unwrap();
    let started = ann.start_totp("Phone").await.unwrap();
    assert!(started.uri.contains(&started.secret) && started.uri.starts_with("otpauth://totp/"));
    assert_eq!(code(ann.confirm_totp(&started.id, "000000").await), "second_factor_wrong");
    assert!(signs_in(&server, "ann@clinic.example", &NoSecondFactor).await.is_ok(), "it doesn't count yet");
    let (app, codes) = add_app(&server, &ann).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(code(other.sessions().await), "signed_out", "a session without it has ended");
    assert!(ann.sessions().await.is_ok(), "this one proved it");

    assert_eq!(code(signs_in(&server, "ann@clinic.example", &NoSecondFactor).await), "second_factor_required");
    let replayed = Gives::new([totp(app.code(&server, -1)), totp("abcdef"), totp(app.code(&server, 0))]);
    let again = signs_in(&server, "ann@clinic.example", &replayed).await.unwrap();
    assert_eq!(replayed.asked(), [WhyAsked::Needed, WhyAsked::Wrong, WhyAsked::Wrong]);
    assert_eq!(replayed.0.lock().unwrap().1[0].kinds, [SecondFactorKind::Totp, SecondFactorKind::RecoveryCode]);
    let older = Gives::new([totp(app.code(&server, 0)), totp(app.code(&server, -1))]);
    assert_eq!(code(signs_in(&server, "ann@clinic.example", &older).await), "second_factor_wrong");

    let typed = codes[3].to_lowercase().replace('-', " ");
    let by_code = Gives::new([recovery(&typed)]);
    assert!(signs_in(&server, "ann@clinic.example", &by_code).await.is_ok());
    let twice = Gives::new([recovery(&codes[3])]);
    assert_eq!(code(signs_in(&server, "ann@clinic.example", &twice).await), "second_factor_wrong");
    assert_eq!(again.second_factors().await.unwrap().recovery_codes_left, 9);
    // Whoever has the password and guesses leaves a trace that names the account.
    let filter = EventFilter { actor: Some(ann.account_id()), outcome: Some(Outcome::Denied), ..Default::default() };
    let denied = administrator.events(&filter).await.unwrap();
    let wrong = denied.items.iter().filter(|item| item.event.subject.contains("code=second_factor_wrong"));
    assert!(wrong.filter(|item| item.event.action == Action::SignIn).count() >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_codes_are_stored_as_hashes_only() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let (_, codes) = add_app(&server, &ann).await;
    let folder = server.stop().await;
    let files = walk(folder.path());
    assert!(files.len() > 2, "the search found the files");
    for file in files {
        let bytes = std::fs::read(&file).unwrap().to_ascii_uppercase();
        for secret in codes.iter().flat_map(|code| [code.clone(), code.replace('-', "")]) {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{}", file.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_grows_slow_and_a_right_one_forgives() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    let (app, codes) = add_app(&server, &ann).await;
    let guesses = Gives::new((0..9).map(|n| totp(format!("00000{n}"))));
    assert_eq!(code(signs_in(&server, "ann@clinic.example", &guesses).await), "throttled");
    assert!(guesses.asked().iter().any(|why| matches!(why, WhyAsked::Wait(_))), "{:?}", guesses.asked());
    server.state.clock.advance(5 * 60_000);
    let right = Gives::new([totp(app.code(&server, 0))]);
    assert!(signs_in(&server, "ann@clinic.example", &right).await.is_ok());
    let by_code = Gives::new([recovery("nonsense"), recovery(&codes[0])]);
    assert!(signs_in(&server, "ann@clinic.example", &by_code).await.is_ok(), "nothing is held against her");
}

/// Guesses, and waits whenever that is asked for, so often; remembers for how long.
struct Guesser<'a>(&'a Server, usize, Mutex<Vec<i64>>);

impl AskSecondFactor for Guesser<'_> {
    async fn ask(&self, asked: SecondFactorAsked) -> Option<SecondFactorProof> {
        let Self(server, times, waits) = self;
        let mut waits = waits.lock().unwrap();
        if let WhyAsked::Wait(until) = asked.why {
            let left = until - server.state.clock.now();
            server.state.clock.advance(left);
            waits.push(left);
        }
        (waits.len() < *times).then(|| totp("000000"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_wait_twice_as_long_each_time_up_to_five_minutes() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    add_app(&server, &ann).await;
    let guesser = Guesser(&server, 11, Mutex::default());
    assert_eq!(code(signs_in(&server, "ann@clinic.example", &guesser).await), "throttled");
    let waits = guesser.2.lock().unwrap().clone();
    for (n, wait) in waits.iter().enumerate() {
        let most = (1_000 << n).min(5 * 60_000);
        assert!((most - most / 4 - 500..=most).contains(wait), "{n}: {waits:?}");
    }
    assert_eq!(waits.len(), 11);
}

/// Whoever has the password and guesses at the second factor from everywhere.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_second_factor_keep_nobody_out() {
    const ANN: &str = "ann@clinic.example";
    let server = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let [_, _, ann] = clinic(&server).await;
    let (app, _) = add_app(&server, &ann).await;
    let begun = server.state.clock.now();
    let mut wrong = 0;
    for n in 0..24 {
        let thief = Proving::start(&server, ANN, Some(format!("203.0.{}.{n}", n % 8))).await;
        wrong += i64::from(thief.proves(&server, totp("000000")).await.code() == "second_factor_wrong");
    }
    assert!(wrong <= 5 + (server.state.clock.now() - begun) / (5 * 60_000) + 1, "{wrong} guesses");
    // She is known where she signed up: hers is another count.
    let home = Proving::start(&server, ANN, None).await;
    assert_eq!(home.proves(&server, totp(app.code(&server, 0))).await.status, 200);
    // Elsewhere she gets a turn, however often they ask.
    let away = Proving::start(&server, ANN, Some("198.51.100.7".into())).await;
    let refused = away.proves(&server, totp(app.code(&server, 1))).await;
    assert_eq!(refused.code(), "throttled");
    let due = refused.json()["retry_at"].as_i64().unwrap();
    assert!(due - server.state.clock.now() <= 9 * 5 * 60_000, "eight networks were before");
    while server.state.clock.now() < due {
        server.state.clock.advance(5 * 60_000);
        for n in 0..8 {
            let thief = Proving::start(&server, ANN, Some(format!("203.0.{n}.77"))).await;
            assert_ne!(thief.proves(&server, totp("000000")).await.status, 200);
        }
    }
    let again = Proving::start(&server, ANN, Some("198.51.100.7".into())).await;
    assert_eq!(again.proves(&server, totp(app.code(&server, 0))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_kit_does_not_go_around_the_second_factor() {
    let server = Server::start().await;
    clinic(&server).await;
    let (bea, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    let (app, _) = add_app(&server, &bea).await;
    let words = words.join(" ");
    let input = || Recover { email: "bea@clinic.example", words: &words, password: NEW_PASSWORD, device: device() };
    let without = client(&server).recover(input(), &NoSecondFactor).await;
    assert_eq!(code(without), "second_factor_required");
    let wrong = client(&server).recover(input(), &Gives::new([totp("123456")])).await;
    assert_eq!(code(wrong), "second_factor_wrong");
    assert!(bea.sessions().await.is_ok(), "nothing has changed");
    let right = client(&server).recover(input(), &Gives::new([totp(app.code(&server, 0))])).await.unwrap();
    assert!(right.second_factors().await.is_ok());
    let held = Gives::new([totp(app.code(&server, 1))]);
    assert!(client(&server).sign_in("bea@clinic.example", NEW_PASSWORD, device(), &held).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_session_must_prove_the_password_before_ways_in_change() {
    let server = Server::start().await;
    let [administrator, _, ann] = clinic(&server).await;
    let (app, _) = add_app(&server, &ann).await;
    server.state.clock.advance(11 * 60_000);
    let id = ann.second_factors().await.unwrap().items[0].id;
    let kit = client(&server).new_kit();
    for refused in [
        code(ann.start_totp("Another").await),
        code(ann.remove_second_factor(&id).await),
        code(ann.renew_recovery_codes().await),
        code(ann.change_password(NEW_PASSWORD).await),
        code(ann.change_recovery_kit(&kit).await),
        code(administrator.api().put_policies(&Policies { second_factor_roles: vec![] }).await),
        code(administrator.api().remove_account_second_factors(&ann.account_id()).await),
    ] {
        assert_eq!(refused, "confirmation_required");
    }
    let wrong = ann.confirm("not the right password", &NoSecondFactor).await;
    assert!(matches!(wrong, Err(ClientError::WrongPassword)), "{wrong:?}");
    assert_eq!(code(ann.confirm(PASSWORD, &NoSecondFactor).await), "second_factor_required");
    assert_eq!(code(ann.renew_recovery_codes().await), "confirmation_required");
    ann.confirm(PASSWORD, &Gives::new([totp(app.code(&server, 0))])).await.unwrap();
    assert_eq!(ann.renew_recovery_codes().await.unwrap().codes.len(), 10);
    ann.remove_second_factor(&id).await.unwrap();
    assert!(signs_in(&server, "ann@clinic.example", &NoSecondFactor).await.is_ok());
    assert_eq!(ann.second_factors().await.unwrap().recovery_codes_left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unlocking_a_session_that_proved_it_asks_for_the_password_alone() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    add_app(&server, &ann).await;
    let locked = ann.lock();
    let ann = locked.unlock(PASSWORD, &NoSecondFactor).await.unwrap();
    assert!(ann.sessions().await.is_ok());
    // It doesn't confirm, though: a session that was left open and a password that leaked are not the second factor.
    server.state.clock.advance(11 * 60_000);
    let ann = ann.lock().unlock(PASSWORD, &NoSecondFactor).await.unwrap();
    assert_eq!(code(ann.renew_recovery_codes().await), "confirmation_required");
    assert_eq!(code(ann.change_password(NEW_PASSWORD).await), "confirmation_required");
    // A password and somebody else's session are not enough.
    let bea = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await.0;
    let token = bea.token().map(str::to_owned);
    let thief: Client<Native> = client(&server);
    thief.resume(token.as_deref()).await.unwrap();
    let stolen = thief.sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await;
    assert_eq!(code(stolen), "second_factor_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_breach_of_a_policy_can_only_add_a_second_factor() {
    let server = Server::start().await;
    let [administrator, doctor, ann] = clinic(&server).await;
    let all = Policies { second_factor_roles: vec![Role::Doctor, Role::Administrator] };
    assert_eq!(
        code(administrator.api().put_policies(&all).await),
        "invalid_field",
        "not even the administrator has one"
    );
    let doctors = Policies { second_factor_roles: vec![Role::Doctor] };
    administrator.api().put_policies(&doctors).await.unwrap();
    assert_eq!(administrator.api().get_policies().await.unwrap(), doctors);

    assert_eq!(code(doctor.list(&ListQuery::default()).await), "second_factor_due", "from the next request on");
    assert_eq!(code(doctor.find_by_email("ann@clinic.example").await), "second_factor_due");
    assert!(ann.list(&ListQuery::default()).await.is_ok());
    let again = signs_in(&server, "dora@clinic.example", &NoSecondFactor).await.unwrap();
    assert!(again.who().second_factor_due && !ann.who().second_factor_due);
    assert!(again.second_factors().await.unwrap().required);
    let (_, codes) = add_app(&server, &again).await;
    assert!(again.refresh().await.is_ok() && !again.who().second_factor_due);
    assert!(again.list(&ListQuery::default()).await.is_ok());
    let id = again.second_factors().await.unwrap().items[0].id;
    assert_eq!(code(again.remove_second_factor(&id).await), "conflict", "the last one stays");

    // Lost phone and lost codes: the administrator takes it off, the password is still needed, and then a new one.
    let people = administrator.accounts(None, None).await.unwrap();
    let row = people.items.iter().find(|row| row.account.account.id == doctor.account_id()).unwrap();
    assert!(row.account.second_factor);
    administrator.api().remove_account_second_factors(&doctor.account_id()).await.unwrap();
    assert_eq!(code(again.sessions().await), "signed_out");
    let anew = signs_in(&server, "dora@clinic.example", &NoSecondFactor).await.unwrap();
    assert_eq!(code(anew.list(&ListQuery::default()).await), "second_factor_due");
    let (_, new_codes) = add_app(&server, &anew).await;
    assert!(new_codes.iter().all(|code| !codes.contains(code)));
    let old = Gives::new([recovery(&codes[0])]);
    assert_eq!(code(signs_in(&server, "dora@clinic.example", &old).await), "second_factor_wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_breach_of_a_policy_makes_no_way_in_and_ends_what_others_have() {
    let server = Server::start().await;
    let [administrator, doctor, _] = clinic(&server).await;
    let ann = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap().id;
    doctor.add_emergency_contact(&ann, 1).await.unwrap();
    let doctors = Policies { second_factor_roles: vec![Role::Doctor] };
    administrator.api().put_policies(&doctors).await.unwrap();
    let kit = client(&server).new_kit();
    let address = StartEmailChange { email: "dora@elsewhere.example".to_owned() };
    for refused in [
        code(doctor.change_password(NEW_PASSWORD).await),
        code(doctor.change_recovery_kit(&kit).await),
        code(doctor.rotate_account_key().await),
        code(doctor.rotate_keys().await),
        code(doctor.api().start_email_change(&address).await),
        code(doctor.renew_recovery_codes().await),
        code(doctor.add_emergency_contact(&ann, 2).await),
        code(doctor.split_recovery(&[ann, administrator.account_id()], 2).await),
    ] {
        assert_eq!(refused, "second_factor_due");
    }
    let way = doctor.emergency_contacts().await.unwrap()[0].way_in;
    doctor.remove_emergency_contact(&way).await.unwrap();
    assert!(doctor.emergency_contacts().await.unwrap().is_empty());
    doctor.end_other_sessions().await.unwrap();
    doctor.save_state().await.unwrap();
    let again = signs_in(&server, "dora@clinic.example", &NoSecondFactor).await.unwrap();
    add_app(&server, &again).await;
    again.change_password(NEW_PASSWORD).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_other_sessions_and_everything_still_opens() {
    let server = Server::start().await;
    let [_, doctor, ann] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    let other = signs_in(&server, "dora@clinic.example", &NoSecondFactor).await.unwrap();
    let before = doctor.account_key();
    assert!(matches!(doctor.change_password("too short").await, Err(ClientError::Field(_))));
    doctor.change_password(NEW_PASSWORD).await.unwrap();
    assert_ne!(doctor.account_key(), before, "the account key is another");
    assert_eq!(code(other.sessions().await), "signed_out");

    // The session goes on, saves and reads.
    doctor.mark_verified(&doctor.person(&found.id).await.unwrap()).await.unwrap();
    doctor.save_state().await.unwrap();
    assert!(read(&doctor, &id).await.is_ok() && read(&ann, &id).await.is_ok());
    let old = signs_in(&server, "dora@clinic.example", &NoSecondFactor).await;
    assert!(matches!(old, Err(ClientError::WrongPassword)));
    let new = client(&server).sign_in("dora@clinic.example", NEW_PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert!(read(&new, &id).await.is_ok());
    assert_eq!(new.account_key(), doctor.account_key());
    let again = write(&new, PatientChoice::Account(found.id)).await;
    assert!(read(&ann, &again).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_password_needs_a_second_factor_beside_it_as_long_as_it_stays() {
    let server = Server::start().await;
    let [.., ann] = clinic(&server).await;
    let short = "kV9?teR3&bo";
    assert_eq!(code(ann.change_password(short).await), "field", "alone it is too short");
    assert_eq!(code(ann.change_password("seven77").await), "field");
    let (app, _) = add_app(&server, &ann).await;
    assert_eq!(code(ann.change_password("seven77").await), "field", "eight are the least");
    ann.change_password(short).await.unwrap();
    assert!(ann.has_short_password());

    // Another device knows of it by the sealed client state.
    let second = Gives::new([totp(app.code(&server, 0))]);
    let other = client(&server).sign_in("ann@clinic.example", short, device(), &second).await.unwrap();
    let factor = other.second_factors().await.unwrap().items.remove(0).id;
    assert_eq!(code(other.remove_second_factor(&factor).await), "short_password");
    assert_eq!(other.second_factors().await.unwrap().items.len(), 1);
    // A new kit changes nothing about that.
    other.change_recovery_kit(&client(&server).new_kit()).await.unwrap();
    assert_eq!(code(other.remove_second_factor(&factor).await), "short_password");

    other.change_password(NEW_PASSWORD).await.unwrap();
    other.remove_second_factor(&factor).await.unwrap();
    assert!(!other.has_short_password());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_device_saved_survives_a_change() {
    let server = Server::start().await;
    let [_, doctor, ann] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let other = signs_in(&server, "dora@clinic.example", &NoSecondFactor).await.unwrap();
    let verified = |person: client::Person| person.verification == client::Verification::Verified;
    other.find_by_email("ann@clinic.example").await.unwrap();
    other.mark_verified(&other.person(&found.id).await.unwrap()).await.unwrap();
    other.save_state().await.unwrap();
    doctor.change_password(NEW_PASSWORD).await.unwrap();
    let id = write(&doctor, PatientChoice::Account(ann.account_id())).await;
    let new = client(&server).sign_in("dora@clinic.example", NEW_PASSWORD, device(), &NoSecondFactor).await.unwrap();
    assert!(read(&new, &id).await.is_ok());
    assert!(verified(new.person(&ann.account_id()).await.unwrap()), "the other device compared the key");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_under_the_key_before_is_never_stored() {
    let server = Server::start().await;
    let [_, _, ann] = clinic(&server).await;
    ann.save_state().await.unwrap();
    ann.change_password(NEW_PASSWORD).await.unwrap();
    let counter = ann.api().get_account().await.unwrap().client_state_counter + 1;
    let late = |generation| PutClientState { sealed: B64(vec![1]), counter, generation };
    // Another tab of the same session, which hasn't heard of it.
    assert_eq!(code(ann.api().put_client_state(&late(0)).await), "counter_stale");
    let anew = client(&server).sign_in("ann@clinic.example", NEW_PASSWORD, device(), &NoSecondFactor).await;
    assert!(anew.is_ok(), "the account opens");
    assert!(ann.api().put_client_state(&late(1)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_began_with_the_password_before_ends_nowhere() {
    let server = Server::start().await;
    let [_, doctor, ann] = clinic(&server).await;
    let password = Password::new(PASSWORD).unwrap();
    let start = login_start(&password, &mut rng()).unwrap();
    let asked = StartSignIn { email: "ann@clinic.example".into(), credential_request: B64(start.message.clone()) };
    let started: SignInStarted = server.post("/sign-in/start", None, &asked).await.body();
    let done = login_finish(&input(&server, start.state, password, started.credential_response.0), &mut rng()).unwrap();
    ann.change_password(NEW_PASSWORD).await.unwrap();
    let finish = FinishSignIn {
        sign_in_id: started.sign_in_id,
        credential_finalization: B64(done.finalization),
        second_factor: None,
        carrier: Carrier::Bearer,
        device: "thief".into(),
    };
    assert_eq!(server.post("/sign-in/finish", None, &finish).await.code(), "sign_in_failed");
    assert!(doctor.sessions().await.is_ok() && ann.sessions().await.unwrap().len() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_kit_voids_the_old_and_the_password_stays() {
    let server = Server::start().await;
    clinic(&server).await;
    let (bea, old) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    let new = client(&server).new_kit();
    let words = |kit: &RecoveryKit| kit.words().join(" ");
    let before = bea.account_key();
    bea.change_recovery_kit(&new).await.unwrap();
    assert_ne!(bea.account_key(), before, "a new kit alone makes another account key");
    let other = signs_in(&server, "bea@clinic.example", &NoSecondFactor).await.unwrap();
    assert_eq!(other.account_key(), bea.account_key(), "which the password opens");
    bea.change_password(PASSWORD).await.unwrap();
    let again = client(&server).new_kit();
    bea.change_recovery_kit(&again).await.unwrap();
    let signed_in = signs_in(&server, "bea@clinic.example", &NoSecondFactor).await.unwrap();
    assert_eq!(signed_in.account_key(), bea.account_key());
    for void in [old.join(" "), words(&new)] {
        let input = Recover { email: "bea@clinic.example", words: &void, password: NEW_PASSWORD, device: device() };
        let refused = client(&server).recover(input, &NoSecondFactor).await;
        assert!(matches!(refused, Err(ClientError::WrongKit)));
    }
    let words = words(&again);
    let input = Recover { email: "bea@clinic.example", words: &words, password: NEW_PASSWORD, device: device() };
    client(&server).recover(input, &NoSecondFactor).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_is_out_at_once_until_it_is_enabled() {
    let server = Server::start().await;
    let [administrator, doctor, ann] = clinic(&server).await;
    let api = administrator.api();
    assert_eq!(code(api.disable_account(&administrator.account_id()).await), "conflict");
    assert_eq!(code(api.enable_account(&doctor.account_id()).await), "conflict", "it is active");
    assert_eq!(code(ann.api().disable_account(&doctor.account_id()).await), "forbidden");
    api.disable_account(&doctor.account_id()).await.unwrap();
    assert_eq!(code(doctor.sessions().await), "signed_out");
    let again = signs_in(&server, "dora@clinic.example", &NoSecondFactor).await.unwrap();
    assert_eq!(code(again.list(&ListQuery::default()).await), "account_disabled", "may see why, and nothing else");
    for refused in [
        code(again.change_password(NEW_PASSWORD).await),
        code(again.change_recovery_kit(&client(&server).new_kit()).await),
        code(again.start_totp("Phone").await),
    ] {
        assert_eq!(refused, "account_disabled", "it may be in other hands");
    }
    assert!(ann.find_doctors("Dora").await.unwrap().is_empty());
    api.enable_account(&doctor.account_id()).await.unwrap();
    assert!(again.list(&ListQuery::default()).await.is_ok());
    assert!(again.refresh().await.unwrap().approved, "what was signed stays");
}
