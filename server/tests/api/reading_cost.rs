//! What a reading costs the server: statements of the database, beside one signature that is verified and the event, which is
//! written together with others'.

use api_types::{ErrorCode, ReportId, accounts::Role};

use crate::{
    harness::on_postgres,
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
        // part: the first, part and segments, what is damaged, then session and grants again before its one segment. The list: what is overdue,
        // its head, its rows' sizes, its rows.
        assert_eq!(found, [4, 3, 6, 4].map(|statements| statements + recognised()));
    }
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
