//! The recovery kit sets a new password, and nothing else does.

use api_types::{
    AccountId, B64, SecondFactorId,
    accounts::{AccountStatus, Role, Rotation},
    recovery::{FinishRecovery, RecoveryStarted, RecoveryVerified, StartRecovery, VerifyRecovery},
    second_factors::{SecondFactorKind, SecondFactorProof},
    sessions::Carrier,
    sign_in::SignedIn,
};
use client::{AskSecondFactor, Recover, SecondFactorAsked};
use crypto::{
    account::{AccountKey, RecoveryKit, WayInSecret, seal_state},
    ids::Hash32,
    opaque::{Password, registration_finish, registration_start},
    secret::SecretBytes,
};

use sea_orm::ConnectionTrait;
use server::{
    AppState,
    storage::{
        accounts,
        second_factors::{self, FactorRow},
    },
};

use crate::{
    harness::{Answer, Server, on_postgres},
    honest_client::{client, clinic, device, join},
    person::{Applicant, Person, founder, input, rng, sign_in},
    second_factor::add_app,
};

const NEW_PASSWORD: &str = "quite another battery staple";

async fn start(server: &Server, email: &str) -> RecoveryStarted {
    server.post("/recovery/start", None, &StartRecovery { email: email.to_owned(), split: None }).await.body()
}

/// Proves a kit; gives the OPAQUE state beside the answer.
async fn verify(server: &Server, started: &RecoveryStarted, kit: &RecoveryKit) -> (Answer, SecretBytes) {
    let challenge = Hash32(started.challenge.0.clone().try_into().unwrap());
    let account = crypto::ids::AccountId(started.pseudonym.0);
    let proof = kit.prove(server.instance(), account, challenge);
    let registration = registration_start(&Password::new(NEW_PASSWORD).unwrap(), &mut rng()).unwrap();
    let body = VerifyRecovery {
        recovery_id: started.recovery_id.clone(),
        signature: B64::from(proof.as_bytes()),
        registration_request: B64(registration.message),
        second_factor: None,
    };
    (server.post("/recovery/verify", None, &body).await, registration.state)
}

/// Everything up to the last request.
async fn prepare(server: &Server, person: &mut Person) -> FinishRecovery {
    let started = start(server, &person.applicant.email).await;
    let (answer, state) = verify(server, &started, &person.applicant.kit).await;
    let verified: RecoveryVerified = answer.body();
    assert_eq!(verified.account, person.signed_in.account);
    let password = Password::new(NEW_PASSWORD).unwrap();
    let input = input(server, state, password, verified.registration_response.0);
    let done = registration_finish(&input, &mut rng()).unwrap();
    let who = &mut person.applicant;
    who.key = AccountKey::generate(&mut rng());
    let counter = verified.account.client_state_counter + 1;
    let account = who.chain.account();
    FinishRecovery {
        recovery_id: started.recovery_id,
        registration_upload: B64(done.upload),
        rotation: Rotation {
            passkeys: Vec::new(),
            emergency_contacts: Vec::new(),
            recovery_shares: Vec::new(),
            escrow: Vec::new(),
            password: who.way_in(WayInSecret::Password(&done.export_key), 1),
            recovery_kit: who.way_in(WayInSecret::RecoveryKit(&who.kit), 1),
            keyring: B64(who.keyring.seal(&who.key, &account, &mut rng())),
            client_state: B64(seal_state(&who.key, &account, counter, b"{}", &mut rng())),
            client_state_counter: counter,
        },
        carrier: Carrier::Bearer,
        device: "test".to_owned(),
    }
}

fn with_counter(body: FinishRecovery, counter: u64) -> FinishRecovery {
    FinishRecovery { rotation: Rotation { client_state_counter: counter, ..body.rotation }, ..body }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kit_sets_a_new_password_and_ends_every_session() {
    let server = Server::start().await;
    founder(&server).await;
    let mut pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let body = prepare(&server, &mut pat).await;
    let signed_in: SignedIn = server.post("/recovery/finish", None, &body).await.body();
    assert_eq!(signed_in.account.client_state_counter, 1);
    assert_eq!(signed_in.account.ways_in.len(), 2);
    assert_eq!(server.get("/account", Some(&pat.token)).await.code(), "signed_out");
    let (old, _) = sign_in(&server, &pat.applicant.email, &pat.applicant.password, Carrier::Bearer).await;
    assert_eq!(old.code(), "sign_in_failed");
    let (new, _) = sign_in(&server, &pat.applicant.email, NEW_PASSWORD, Carrier::Bearer).await;
    assert_eq!(new.status, 200);
    // The attempt is used up.
    assert_eq!(server.post("/recovery/finish", None, &body).await.code(), "recovery_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_fails_can_be_mended_within_the_attempt() {
    let server = Server::start().await;
    founder(&server).await;
    let mut pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let body = prepare(&server, &mut pat).await;
    let stale = with_counter(body.clone(), 7);
    assert_eq!(server.post("/recovery/finish", None, &stale).await.code(), "counter_stale");
    assert_eq!(server.get("/account", Some(&pat.token)).await.status, 200, "nothing was changed");
    assert_eq!(server.post("/recovery/finish", None, &body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kit_another_challenge_and_an_unknown_email_fail_alike() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let email = pat.applicant.email.as_str();

    let (wrong_kit, _) = verify(&server, &start(&server, email).await, &RecoveryKit::generate(&mut rng())).await;
    let other = start(&server, email).await;
    let mut mixed = start(&server, email).await;
    mixed.challenge = other.challenge;
    let (replayed, _) = verify(&server, &mixed, &pat.applicant.kit).await;
    let unknown = start(&server, "nobody@example.org").await;
    let (nobody, _) = verify(&server, &unknown, &pat.applicant.kit).await;
    let codes = [wrong_kit.code(), replayed.code(), nobody.code()];
    assert_eq!(codes, ["recovery_failed", "recovery_failed", "recovery_failed"]);

    // Each e-mail has a stable pseudonym, whether it has an account or not, and never that account's id.
    let again = start(&server, "Nobody@example.org").await;
    assert_eq!(unknown.pseudonym, again.pseudonym);
    assert_ne!(unknown.pseudonym, AccountId([0; 32]));
    assert_ne!(start(&server, email).await.pseudonym, pat.id);
    let nobody = Applicant { email: "nobody@example.org".into(), ..Applicant::new("No Body", Role::Patient) };
    let nobody = nobody.sign_up(&server, None).await;
    let now = start(&server, "nobody@example.org").await;
    assert_eq!(now.pseudonym, unknown.pseudonym, "nor does it change with the account");
    assert_eq!(verify(&server, &now, &nobody.applicant.kit).await.0.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_proved_nothing_sets_nothing() {
    let server = Server::start().await;
    founder(&server).await;
    let mut pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let good = prepare(&server, &mut pat).await;
    let started = start(&server, &pat.applicant.email).await;
    let unproven = FinishRecovery { recovery_id: started.recovery_id.clone(), ..good };
    assert_eq!(server.post("/recovery/finish", None, &unproven).await.code(), "recovery_failed");
    // A wrong proof ends the attempt: the right one comes too late.
    let started = start(&server, &pat.applicant.email).await;
    verify(&server, &started, &RecoveryKit::generate(&mut rng())).await;
    let (late, _) = verify(&server, &started, &pat.applicant.kit).await;
    assert_eq!(late.code(), "recovery_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kit_that_was_replaced_finishes_nothing() {
    let server = Server::start().await;
    founder(&server).await;
    let mut pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let first = prepare(&server, &mut pat).await;
    let second = with_counter(prepare(&server, &mut pat).await, 2);
    assert_eq!(server.post("/recovery/finish", None, &first).await.status, 200);
    assert_eq!(server.post("/recovery/finish", None, &second).await.code(), "recovery_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_recoveries_at_once_one_finishes() {
    let server = Server::start().await;
    founder(&server).await;
    let mut pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let first = prepare(&server, &mut pat).await;
    let second = with_counter(prepare(&server, &mut pat).await, 2);
    // Both are taken out before either may write.
    let writer = server.state.db.begin_write().await.unwrap();
    let after = |ms| tokio::time::sleep(std::time::Duration::from_millis(ms));
    let release = async {
        after(2_000).await;
        drop(writer);
    };
    // In this order they wait: the second's state counts on from the first's.
    let later = async {
        after(1_000).await;
        server.post("/recovery/finish", None, &second).await
    };
    let (a, b, ()) = tokio::join!(server.post("/recovery/finish", None, &first), later, release);
    assert!(a.status.is_success());
    assert_eq!(b.code(), "recovery_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_that_came_meanwhile_is_not_gone_around() {
    let server = Server::start().await;
    founder(&server).await;
    let mut pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let body = prepare(&server, &mut pat).await;
    let factor = FactorRow {
        id: SecondFactorId([1; 16]),
        kind: SecondFactorKind::Totp,
        label: "Phone".into(),
        salt: [2; 32],
        last_step: 0,
        created_at: 0,
        confirmed_at: Some(1),
        last_used_at: None,
    };
    let tx = server.state.db.begin_write().await.unwrap();
    second_factors::begin(tx.conn(), pat.id, factor).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(server.post("/recovery/finish", None, &body).await.code(), "recovery_failed");
    assert_eq!(server.get("/account", Some(&pat.token)).await.status, 200, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_switched_off_meanwhile_gets_no_new_password() {
    let server = Server::start().await;
    founder(&server).await;
    let mut pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let body = prepare(&server, &mut pat).await;
    let switch = async |to| {
        let tx = server.state.db.begin_write().await.unwrap();
        accounts::set_status(tx.conn(), pat.id, to, None).await.unwrap();
        tx.commit().await.unwrap();
    };
    switch(AccountStatus::Disabled).await;
    assert_eq!(server.post("/recovery/finish", None, &body).await.code(), "account_disabled");
    switch(AccountStatus::Active).await;
    let (answer, _) = sign_in(&server, &pat.applicant.email, NEW_PASSWORD, Carrier::Bearer).await;
    assert_eq!(answer.code(), "sign_in_failed", "the old one stays");
}

/// No attempt can be written, or again.
async fn breaks(state: &AppState, broken: bool) {
    let sql = match (on_postgres(), broken) {
        (true, true) => "ALTER TABLE ceremonies ADD CONSTRAINT broken CHECK (false) NOT VALID",
        (true, false) => "ALTER TABLE ceremonies DROP CONSTRAINT broken",
        (false, true) => {
            "CREATE TRIGGER broken BEFORE INSERT ON ceremonies BEGIN SELECT RAISE(ABORT, 'it is broken'); END"
        }
        (false, false) => "DROP TRIGGER broken",
    };
    let tx = state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
}

/// Gives a recovery code, and from then on no attempt can be written.
struct Breaks {
    state: AppState,
    code: String,
}

impl AskSecondFactor for Breaks {
    async fn ask(&self, _: SecondFactorAsked) -> Option<SecondFactorProof> {
        breaks(&self.state, true).await;
        Some(SecondFactorProof::code(SecondFactorKind::RecoveryCode, self.code.as_str()))
    }
}

/// Gives it, and nothing happens.
struct Gives(String);

impl AskSecondFactor for Gives {
    async fn ask(&self, _: SecondFactorAsked) -> Option<SecondFactorProof> {
        Some(SecondFactorProof::code(SecondFactorKind::RecoveryCode, self.0.as_str()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_used_up_for_an_attempt_that_is_lost() {
    let server = Server::start().await;
    clinic(&server).await;
    let (bea, words) = join(&server, "Bea Example", "bea@clinic.example", Role::Patient, None).await;
    let (_, codes) = add_app(&server, &bea).await;
    let words = words.join(" ");
    let input = || Recover { email: "bea@clinic.example", words: &words, password: NEW_PASSWORD, device: device() };
    let lost = Breaks { state: server.state.clone(), code: codes[0].clone() };
    assert!(client(&server).recover(input(), &lost).await.is_err());
    assert_eq!(bea.second_factors().await.unwrap().recovery_codes_left, 10);
    breaks(&server.state, false).await;
    let bea = client(&server).recover(input(), &Gives(codes[0].clone())).await.unwrap();
    assert_eq!(bea.second_factors().await.unwrap().recovery_codes_left, 9);
}
