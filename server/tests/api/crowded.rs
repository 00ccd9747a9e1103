//! What waits between two requests, where somebody begins more than there is room for.

use api_types::{
    AccountId,
    passkeys::{PasskeyChallenge, PasskeyConfirmation},
};
use entities::ceremonies as rows;
use reqwest::Method;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, Statement};
use server::{
    clock::{MINUTE, now_ms},
    services::webauthn::CHALLENGES,
    storage::ceremonies::{self, Ceremony, CeremonyKind},
};

use crate::{
    harness::{Server, on_postgres},
    honest_client::clinic,
    passkeys,
    soft_authenticator::Soft,
    throttling::proxied,
};

/// As many as there is room for, of one kind.
const ROOM: u64 = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_fills_the_room_pushes_out_their_own() {
    let server = Server::start().await;
    let tx = server.state.db.begin_write().await.unwrap();
    let conn = tx.conn();
    for kind in [CeremonyKind::Passkey, CeremonyKind::OwnPasskey, CeremonyKind::PasskeyRegistration] {
        for n in 0..40_u8 {
            // One of somebody who has no other, which ends before all of the others.
            let holder = if n == 0 { 9 } else { n % 3 };
            let (account, network) = (Some(AccountId([holder; 32])), Some(vec![holder; 32]));
            let ceremony = Ceremony { account, network, state: vec![n], ends_at: 1_000 + i64::from(n) };
            ceremonies::insert(conn, (kind, 12), &[n; 32], ceremony, 0).await.unwrap();
        }
        let mut left = Vec::new();
        for n in 0..40_u8 {
            left.extend(ceremonies::take(conn, kind, &[n; 32], 0).await.unwrap().map(|ceremony| ceremony.state[0]));
        }
        assert_eq!(left, [0, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39], "{kind:?}");
    }
}

/// Something waits at each sign-in: what is looked for then is not all that waits.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_counted_and_forgotten_along_an_index() {
    let server = Server::start().await;
    let tx = server.state.db.begin_write().await.unwrap();
    // PostgreSQL reads a table of few rows whole where it may.
    let (explain, place) = if on_postgres() { ("EXPLAIN", 0) } else { ("EXPLAIN QUERY PLAN", 3) };
    if on_postgres() {
        tx.conn().execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
    }
    for sql in [
        "SELECT COUNT(*) FROM ceremonies WHERE kind = 'passkey'",
        "DELETE FROM ceremonies WHERE kind IN ('sign_in', 'passkey') AND expires_at <= 5",
    ] {
        let statement = Statement::from_string(tx.conn().get_database_backend(), format!("{explain} {sql}"));
        let rows = tx.conn().query_all_raw(statement).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get_by_index(place).unwrap()).collect();
        assert!(plan.iter().any(|step| step.contains("ix_ceremonies_kind_expires_at")), "{sql}: {plan:?}");
    }
}

/// Asked for by who is signed in to nothing.
async fn challenge(server: &Server, address: &str) -> PasskeyChallenge {
    let request = server.request(Method::POST, "/api/v1/passkeys/challenge").header("x-forwarded-for", address);
    server.send(request).await.body()
}

/// As if a dozen networks had asked for as many challenges as there is room for.
async fn fill(server: &Server) {
    let ends_at = now_ms() + 6 * MINUTE;
    let row = |n: u64| rows::ActiveModel {
        id: Set([&n.to_be_bytes()[..], &[0; 24]].concat()),
        kind: Set("passkey".into()),
        account_id: Set(None),
        subject: Set(Some((n % 12).to_be_bytes().to_vec())),
        state: Set(vec![0]),
        created_at: Set(0),
        expires_at: Set(ends_at),
    };
    let tx = server.state.db.begin_write().await.unwrap();
    for begin in (0..ROOM).step_by(500) {
        rows::Entity::insert_many((begin..begin + 500).map(row)).exec_without_returning(tx.conn()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn waiting(server: &Server, kind: &str) -> u64 {
    rows::Entity::find().filter(rows::Column::Kind.eq(kind)).count(server.state.db.read()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_push_out_neither_a_sessions_challenge_nor_a_quiet_networks() {
    let server = proxied().await;
    let [_, _, ann] = clinic(&server).await;
    let soft = Soft::new(&server.origin, true);
    ann.add_passkey("Phone", &soft).await.unwrap();
    let own = ann.api().challenge_passkey().await.unwrap();
    assert_eq!((waiting(&server, "own_passkey").await, waiting(&server, "passkey").await), (1, 0));
    let quiet = challenge(&server, "198.51.100.7").await;
    fill(&server).await;
    // More than what makes room at once.
    for n in 0..150 {
        challenge(&server, &format!("203.0.{}.1", n % 12)).await;
    }
    let kept = waiting(&server, "passkey").await;
    assert!((ROOM - 200..=ROOM).contains(&kept), "{kept}");
    let confirmation = PasskeyConfirmation { assertion: passkeys::answer_to(own, &soft).await };
    ann.api().confirm_with_passkey(&confirmation).await.unwrap();
    assert!(CHALLENGES.take(&server.state, &quiet.ceremony_id.0).await.unwrap().is_some());
}
