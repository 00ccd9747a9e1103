//! What a reading and a sign-in cost the server: statements of the database, beside one signature that is verified and the event,
//! which is written together with others'.

use api_types::{
    B64, ErrorCode, ReportId,
    accounts::Role,
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, StartSignIn},
};
use crypto::opaque::{Password, login_finish, login_start};

use crate::{
    harness::{Answer, Server, on_postgres},
    person::{Applicant, founder, input, rng},
    world::{Person, World},
};

/// The fewest statements that one of many equal requests took: the log looks at the database as well now and then.
async fn statements(world: &World, who: &Person, path: &str) -> u64 {
    let mut fewest = u64::MAX;
    for _ in 0..20 {
        let before = world.state.db.statements();
        world.get(who, path).await.ok();
        fewest = fewest.min(world.state.db.statements() - before);
    }
    fewest
}

/// Who asks, what their role demands and which key must have signed: one statement, where several servers may share the
/// database; otherwise the session is remembered until something of it changes.
fn recognised() -> u64 {
    u64::from(on_postgres())
}

async fn costs(world: &World, who: &Person, report: ReportId) -> [u64; 4] {
    let report = format!("/reports/{report}");
    let version = format!("{report}/versions/1");
    let part = format!("{version}/revisions/0/parts/1");
    let mut found = [0; 4];
    for (cost, path) in found.iter_mut().zip([&report, &version, &part, &"/reports".to_owned()]) {
        *cost = statements(world, who, path).await;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_takes_a_few_statements() {
    let world = World::new().await;
    let (author, patient) = (world.doctor().await, world.patient().await);
    let made = world.report(&author, &patient, &[vec![1; 1000]]).await;
    for who in [&author, &patient] {
        let found = costs(&world, who, made.id).await;
        // A report: it and one's grants, its entries, its versions, one's wraps. A version: the first, the revision, wraps. A
        // part: the first, part and segments, what these must hold, what is damaged, then session and grants again before its one segment.
        // The list: what is overdue, its head, its rows' sizes, its rows.
        assert_eq!(found, [4, 3, 7, 4].map(|statements| statements + recognised()));
    }
}

/// Whole sign-ins, without Argon2id: what their two requests cost at least of many.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_takes_a_few_statements() {
    let server = Server::start().await;
    founder(&server).await;
    let pat = Applicant::new("Pat Patient", Role::Patient).sign_up(&server, None).await;
    let (mut start, mut finish) = ([u64::MAX; 2], [u64::MAX; 2]);
    for _ in 0..10 {
        let password = Password::new(&pat.applicant.password).unwrap();
        let begun = login_start(&password, &mut rng()).unwrap();
        let asked = StartSignIn { email: pat.applicant.email.clone(), credential_request: B64(begun.message.clone()) };
        let request = async || server.post("/sign-in/start", None, &asked).await;
        let started: SignInStarted = least(&server, &mut start, request).await.body();
        let input = input(&server, begun.state, password, started.credential_response.0);
        let body = FinishSignIn {
            sign_in_id: started.sign_in_id,
            credential_finalization: B64(login_finish(&input, &mut rng()).unwrap().finalization),
            second_factor: None,
            carrier: Carrier::Bearer,
            device: "test".into(),
        };
        let request = async || server.post("/sign-in/finish", None, &body).await;
        assert_eq!(least(&server, &mut finish, request).await.status, 200);
    }
    // To begin: who is known there, what was tried, account and record; then the tries, again, and what they are now, of many
    // that begin at once for all together; and what waits for the second request: how much does already, and that.
    // On PostgreSQL each of the two transactions also takes a lock and looks at the chain's head, and pages are told.
    let more = if on_postgres() { 5 } else { 0 };
    let costs = |[read, written]: [u64; 2], [reads, writes]: [u64; 2]| {
        // What open pages are told is read by a task beside.
        (reads..=reads + 1).contains(&read) && (writes..=writes + more).contains(&written)
    };
    assert!(costs(start, [3, 4]), "{start:?}");
    // To end: record; second factors; keys, their leaves, policies, the address' leaf, ways in. Written: what waited, found and taken
    // out; record, second factors and account looked at again, the session, the account's last use, tries forgotten, the address
    // known, the event; what pages are told, after the newest of it.
    assert!(costs(finish, [7, 12]), "{finish:?}");
}

/// Asks, and notes the fewest statements that reading and writing took so far.
async fn least(server: &Server, fewest: &mut [u64; 2], ask: impl AsyncFn() -> Answer) -> Answer {
    let counts = || [server.state.db.statements(), server.state.db.written()];
    let before = counts();
    let answer = ask().await;
    for ((least, before), after) in fewest.iter_mut().zip(before).zip(counts()) {
        *least = (*least).min(after - before);
    }
    answer
}

/// What a role demands costs nothing more, and is seen by the next request.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_demands_is_read_with_the_session() {
    let world = World::new().await;
    let (author, patient) = (world.doctor().await, world.patient().await);
    let made = world.report(&author, &patient, &[]).await;
    let path = format!("/reports/{}", made.id);
    assert_eq!(statements(&world, &author, &path).await, 4 + recognised());
    let tx = world.state.db.begin_write().await.unwrap();
    server::storage::policies::put_second_factor_roles(tx.conn(), &[Role::Doctor], 0).await.unwrap();
    tx.commit().await.unwrap();
    world.state.sessions.forget_all();
    assert_eq!(world.get(&author, &path).await.code(), ErrorCode::SecondFactorDue);
    assert_eq!(statements(&world, &patient, &path).await, 4 + recognised(), "who is a patient goes on");
}
