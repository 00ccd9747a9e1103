//! A PostgreSQL that is away, or that takes nothing any more, is said by name, loses nothing that was acknowledged, and is found again without a restart.

use std::time::{Duration, Instant};

use api_types::ErrorCode;
use client::{PatientChoice, content::ReportFields};
use reqwest::{Method, header};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use server::{database_url::DatabaseUrl, log};

use crate::{
    backup::{FILE, write_some},
    harness::Server,
    honest_client::{Person, clinic, read},
    postgres,
    sign_in::of_no_attempt,
};

/// A database that somebody else does things to.
struct Database {
    url: DatabaseUrl,
    admin: DatabaseConnection,
    name: String,
}

/// A server on a database of its own, where a PostgreSQL is to be had.
async fn on_postgres() -> Option<(Server, Database)> {
    let address = postgres::database("").await?;
    let url = DatabaseUrl::parse(&address).unwrap();
    let name = address.rsplit('/').next().unwrap().to_owned();
    let database = Database { url: url.clone(), admin: postgres::connect("postgres").await, name };
    Some((Server::start_with(move |config| config.database_url = url).await, database))
}

/// Nobody is let in any more, and who is in is put out.
async fn lose(admin: &DatabaseConnection, name: &str) {
    admin.execute_unprepared(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await.unwrap();
    put_out(admin, name).await;
}

/// Whoever comes again finds the database as it was altered.
async fn put_out(admin: &DatabaseConnection, name: &str) {
    let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    admin.execute_unprepared(&sql).await.unwrap();
}

async fn begun(author: &Person) -> client::Result<()> {
    let fields = ReportFields { title: "Meanwhile".into(), ..ReportFields::default() };
    author.begin_draft(PatientChoice::Account(author.account_id()), fields).await.map(drop)
}

fn refusal<A>(result: client::Result<A>) -> Option<ErrorCode> {
    result.err().and_then(|error| error.problem())
}

/// Each connection that was put out shows once.
async fn found_again(author: &Person) {
    let (again, mut answered) = (Instant::now(), 0);
    while answered < 30 {
        match begun(author).await {
            Ok(()) => answered += 1,
            Err(error) => {
                assert_eq!(error.problem(), Some(ErrorCode::DatabaseUnavailable));
                answered = 0;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        assert!(again.elapsed() < Duration::from_secs(30), "it stays away");
    }
}

/// As where a server that only follows another was put in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_takes_nothing_is_said_loses_nothing_and_heals_by_itself() {
    let Some((server, Database { url, admin, name })) = on_postgres().await else { return };
    let [_, _, patient] = clinic(&server).await;
    let kept = write_some(&patient, 1).await.remove(0);

    let alter = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    admin.execute_unprepared(&alter).await.unwrap();
    put_out(&admin, &name).await;
    let (again, mut refused) = (Instant::now(), 0);
    while refused < 3 {
        // Nobody reads what can't be recorded.
        for code in [refusal(begun(&patient).await), refusal(read(&patient, &kept).await)] {
            match code {
                Some(ErrorCode::StorageReadOnly) => refused += 1,
                // A connection that was put out.
                Some(ErrorCode::DatabaseUnavailable) => refused = 0,
                other => panic!("{other:?}"),
            }
        }
        assert!(again.elapsed() < Duration::from_secs(30), "it is never said");
    }

    admin.execute_unprepared(&format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await.unwrap();
    put_out(&admin, &name).await;
    found_again(&patient).await;
    assert_eq!(read(&patient, &kept).await.unwrap().len(), FILE);
    let more = write_some(&patient, 1).await.remove(0);
    assert_eq!(read(&patient, &more).await.unwrap().len(), FILE);
    patient.check_log().await.unwrap();
    let folder = server.stop().await;
    log::verify(&url, folder.path()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_is_away_is_said_loses_nothing_and_is_found_again() {
    let Some((server, Database { url, admin, name })) = on_postgres().await else { return };
    let [_, _, patient] = clinic(&server).await;
    let kept = write_some(&patient, 1).await.remove(0);

    lose(&admin, &name).await;
    for _ in 0..3 {
        assert_eq!(refusal(read(&patient, &kept).await), Some(ErrorCode::DatabaseUnavailable));
        assert_eq!(refusal(begun(&patient).await), Some(ErrorCode::DatabaseUnavailable));
    }
    let answer = server.get("/account", patient.token()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (503, "database_unavailable".to_owned()));
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    // What waits between two requests is written with others', and says as much.
    let answer = server.post("/sign-in/finish", None, &of_no_attempt()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (503, "database_unavailable".to_owned()));
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    let ready = server.send(server.request(Method::GET, "/readyz")).await;
    assert_eq!((ready.status.as_u16(), ready.code()), (503, "database_unavailable".to_owned()));

    admin.execute_unprepared(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await.unwrap();
    found_again(&patient).await;
    assert_eq!(read(&patient, &kept).await.unwrap().len(), FILE);
    let more = write_some(&patient, 1).await.remove(0);
    assert_eq!(read(&patient, &more).await.unwrap().len(), FILE);
    patient.check_log().await.unwrap();
    let folder = server.stop().await;
    log::verify(&url, folder.path()).await.unwrap();
}

/// As the handlers of requests whose clients hang up: each a little later in its beginning.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_while_a_transaction_begins_leaves_none_behind() {
    let Some((server, _)) = on_postgres().await else { return };
    let mut left = 0;
    for n in 0..400 {
        let state = server.state.clone();
        let begins = tokio::spawn(async move {
            match n % 2 {
                0 => drop(state.db.snapshot().await.unwrap()),
                _ => drop(state.db.begin_write().await.unwrap()),
            }
        });
        // A timer's milliseconds would be too long.
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_micros(2 * n) {
            std::hint::spin_loop();
        }
        begins.abort();
        if let Err(error) = begins.await {
            assert!(error.is_cancelled(), "{error}");
            left += 1;
        }
        // Read within one that was left behind, and the next can't begin as it should.
        server.state.db.read().execute_unprepared("SELECT 1").await.unwrap();
    }
    assert!(left > 0, "nobody left too early");
    server.state.db.begin_write().await.unwrap().commit().await.unwrap();
}
