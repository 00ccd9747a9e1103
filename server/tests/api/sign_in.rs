//! Signing in, and that nobody learns whether an account exists.

use api_types::{
    B64,
    accounts::Role,
    sessions::{Carrier, CurrentSession},
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
};
use crypto::opaque::{Password, login_start};
use futures::future::join_all;
use sea_orm::EntityTrait;
use server::clock::DAY;
use server::storage::ceremonies::{self, Ceremony, CeremonyKind};

use crate::{
    harness::Server,
    person::{Applicant, founder, rng, sign_in},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_password_opens_the_account() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let (answer, export) = sign_in(&server, " ADA.Founder@example.org", &ada.applicant.password, Carrier::Bearer).await;
    let signed_in: SignedIn = answer.body();
    assert_eq!(signed_in.account, ada.signed_in.account);
    let way = crypto::sign::Signed::parse(
        &signed_in.account.ways_in.iter().find(|w| w.proof_key.is_none()).unwrap().record.0,
    );
    let key = crypto::account::unlock(
        &way.unwrap(),
        &ada.applicant.chain,
        crypto::account::WayInSecret::Password(&export.unwrap()),
    );
    assert_eq!(key.unwrap().secret(), ada.applicant.key.secret());
    let token = signed_in.token.unwrap();
    let who: CurrentSession = server.get("/session", Some(&token)).await.body();
    assert_eq!(who.signed_in.unwrap().account_id, ada.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_counts_for_years() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    server.state.clock.advance(3 * 365 * DAY);
    let (answer, export) = sign_in(&server, &ada.applicant.email, &ada.applicant.password, Carrier::Bearer).await;
    assert_eq!(answer.status, 200);
    assert!(export.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_email_answer_alike() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let (wrong, export) = sign_in(&server, &ada.applicant.email, "not the right password", Carrier::Bearer).await;
    assert!(export.is_none());
    let (unknown, export) = sign_in(&server, "nobody@example.org", "not the right password", Carrier::Bearer).await;
    assert!(export.is_none());
    assert_eq!((wrong.code(), unknown.code()), ("sign_in_failed".into(), "sign_in_failed".into()));
    let shape = |answer: &crate::harness::Answer| {
        let mut body = answer.json();
        body["request_id"] = "".into();
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        (answer.status, body, names)
    };
    assert_eq!(shape(&wrong), shape(&unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_has_one_form_and_stays_the_same_for_unknown_emails() {
    let server = Server::start().await;
    let ada = founder(&server).await;
    let password = Password::new("whatever it is").unwrap();
    let request = login_start(&password, &mut rng()).unwrap().message;
    let start = async |email: &str| -> SignInStarted {
        let body = StartSignIn { email: email.to_owned(), credential_request: B64(request.clone()) };
        server.post("/sign-in/start", None, &body).await.body()
    };
    let (known, unknown, again) =
        (start(&ada.applicant.email).await, start("no@example.org").await, start("NO@example.org").await);
    assert_eq!(known.credential_response.0.len(), unknown.credential_response.0.len());
    assert_eq!(known.sign_in_id.0.len(), unknown.sign_in_id.0.len());
    // The evaluated OPRF element (the first 32 bytes) depends on the e-mail alone, as an account's would.
    assert_eq!(unknown.credential_response.0[..32], again.credential_response.0[..32]);
    assert_ne!(unknown.credential_response.0[..32], known.credential_response.0[..32]);
}

/// The second request of a sign-in that nobody began.
pub fn of_no_attempt() -> FinishSignIn {
    FinishSignIn {
        sign_in_id: B64(vec![7; 32]),
        credential_finalization: B64(vec![0; 64]),
        second_factor: None,
        carrier: Carrier::Bearer,
        device: "test".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_serves_once() {
    let server = Server::start().await;
    founder(&server).await;
    assert_eq!(server.post("/sign-in/finish", None, &of_no_attempt()).await.code(), "sign_in_failed");
}

/// The second request of a sign-in, ready to be sent.
async fn finishing(server: &Server, applicant: &Applicant) -> FinishSignIn {
    let password = Password::new(&applicant.password).unwrap();
    let start = login_start(&password, &mut rng()).unwrap();
    let body = StartSignIn { email: applicant.email.clone(), credential_request: B64(start.message) };
    let started: SignInStarted = server.post("/sign-in/start", None, &body).await.body();
    let input = crate::person::input(server, start.state, password, started.credential_response.0);
    let done = crypto::opaque::login_finish(&input, &mut rng()).unwrap();
    FinishSignIn {
        sign_in_id: started.sign_in_id,
        credential_finalization: B64(done.finalization),
        second_factor: None,
        carrier: Carrier::Bearer,
        device: "test".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_ends_the_session_that_the_request_carries() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let finish = finishing(&server, &pat.applicant).await;
    let answer: SignedIn = server.post("/sign-in/finish", Some(&pat.token), &finish).await.body();
    assert_eq!(server.get("/account", Some(&pat.token)).await.code(), "signed_out");
    assert_eq!(server.get("/account", answer.token.as_deref()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_sign_in_at_once_each_is_who_they_are_and_each_attempt_serves_once() {
    let server = Server::start().await;
    founder(&server).await;
    let mut people = Vec::new();
    for name in ["Pat Patient", "Lea Later", "Kim Third", "Uma Fourth"] {
        people.push(Applicant::new(name, Role::Patient).sign_up(&server, None).await);
    }
    let finishes = join_all(people.iter().map(|person| finishing(&server, &person.applicant))).await;
    let sent = people.iter().zip(&finishes).flat_map(|(person, finish)| vec![(person, finish); 4]);
    let answers =
        join_all(sent.map(async |(person, finish)| (person.id, server.post("/sign-in/finish", None, finish).await)));
    let (mut signed_in, mut refused) = (Vec::new(), 0);
    for (id, answer) in answers.await {
        if answer.status == 200 {
            signed_in.push(id);
            assert_eq!(answer.body::<SignedIn>().account.public.id, id);
        } else {
            assert_eq!(answer.code(), "sign_in_failed");
            refused += 1;
        }
    }
    assert_eq!((signed_in, refused), (people.iter().map(|person| person.id).collect(), 12), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_between_two_requests_serves_once_until_its_end_and_is_bounded() {
    let server = Server::start().await;
    let tx = server.state.db.begin_write().await.unwrap();
    let (conn, kind) = (tx.conn(), CeremonyKind::Passkey);
    let ids = [0_u8, 1, 2, 3].map(|n| [n; 32]);
    for (n, id) in ids.iter().enumerate() {
        let ceremony = Ceremony { account: None, network: None, state: vec![n as u8], ends_at: 1_000 + n as i64 };
        ceremonies::insert(conn, (kind, 3), id, ceremony, 0).await.unwrap();
    }
    assert!(ceremonies::take(conn, kind, &ids[0], 0).await.unwrap().is_none(), "the one that ended first made room");
    assert!(ceremonies::take(conn, CeremonyKind::SignIn, &ids[1], 0).await.unwrap().is_none());
    assert_eq!(ceremonies::take(conn, kind, &ids[1], 0).await.unwrap().unwrap().state, [1]);
    assert!(ceremonies::take(conn, kind, &ids[1], 0).await.unwrap().is_none(), "it serves once");
    assert!(ceremonies::take(conn, kind, &ids[2], 1_002).await.unwrap().is_none(), "its time is over");
    let rows = entities::ceremonies::Entity::find().all(conn).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(ceremonies::take(conn, kind, &rows[0].id, 0).await.unwrap().is_none(), "what lies there is no id");
    ceremonies::forget_expired(conn, 1_003).await.unwrap();
    assert!(ceremonies::take(conn, kind, &ids[3], 0).await.unwrap().is_none());
}
