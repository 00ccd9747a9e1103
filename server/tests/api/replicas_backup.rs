//! Backups and scrubs of several servers on one database: each is run by one of them, nothing is told twice, and what is restored is
//! no server's.

use std::{fs, time::Duration};

use futures::future::join_all;
use sea_orm::{ConnectionTrait, Statement};
use server::{
    AppState,
    backup::{self, BackupError, Order, PutBack, Restore, schedule},
    clock::{DAY, HOUR, MINUTE},
    config::Config,
    database_url::DatabaseUrl,
    membership::MembershipError,
    scrub::{self, ScrubPlan},
    secrets::SecretsError,
    services::scrubbing,
    storage::{blobs::BlobsConfig, db::Db, versions},
    upkeep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    backup::{Vaulted, events, write_some},
    harness::Server,
    honest_client::clinic,
    postgres,
    replica_harness::{Place, copy_secrets},
    world::plain_config,
};

const PLAN: ScrubPlan = ScrubPlan { every: HOUR, rate: u64::MAX };
const GOOD: &str = "SELECT COUNT(*) FROM backups WHERE ended_at IS NOT NULL AND error IS NULL";

async fn count(conn: &impl ConnectionTrait, sql: &str) -> i64 {
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

fn advance(servers: &[Server; 3], by: i64) {
    servers.iter().for_each(|server| server.state.clock.advance(by));
}

/// All of them look whether a backup is due.
async fn all_look(servers: &[Server; 3]) {
    for done in join_all(servers.iter().map(|server| schedule::once(&server.state))).await {
        done.unwrap();
    }
}

/// As often as it takes until there are so many: their own looks may have come first.
async fn backups(servers: &[Server; 3], good: i64) {
    while count(servers[0].state.db.read(), GOOD).await < good {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_servers_one_makes_a_backup_and_one_says_that_it_is_overdue() {
    let Some(place) = Place::new().await else { return };
    let vaulted = Vaulted::new();
    let told = |config: &mut Config| config.backup = Some(vaulted.schedule(None));
    let first = place.first(told).await;
    let [_, _, patient] = clinic(&first).await;
    write_some(&patient, 1).await;
    let servers = [place.more(&first, told).await, place.more(&first, told).await, first];
    backups(&servers, 1).await;
    for made in 2..5 {
        advance(&servers, HOUR + MINUTE);
        all_look(&servers).await;
        backups(&servers, made).await;
        all_look(&servers).await;
        assert_eq!(count(servers[0].state.db.read(), GOOD).await, made);
    }
    for done in join_all(servers.iter().map(|server| upkeep::once(&server.state))).await {
        done.unwrap();
    }
    assert_eq!(events(&servers[0], "what=backup snapshot=%").await, 4);

    // The place is gone.
    fs::rename(vaulted.path(), vaulted.folder.path().join("elsewhere")).unwrap();
    fs::write(vaulted.path(), "no folder").unwrap();
    for days in 1..3 {
        advance(&servers, DAY);
        all_look(&servers).await;
        all_look(&servers).await;
        assert_eq!(events(&servers[0], "what=backup_overdue").await, days, "once a day, and not by each of them");
        assert_eq!(events(&servers[0], "what=backup_failed %").await, days);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_servers_one_scrubs_and_whoever_was_asleep_leaves_it_to_the_other() {
    let Some(place) = Place::new().await else { return };
    let told = |config: &mut Config| config.scrub = Some(PLAN);
    let first = place.first(told).await;
    let [_, _, patient] = clinic(&first).await;
    let report = write_some(&patient, 2).await.remove(0);
    let servers = [place.more(&first, told).await, place.more(&first, told).await, first];
    let all_scrub = async || {
        let never = CancellationToken::new();
        for done in join_all(servers.iter().map(|server| scrub::once(&server.state, &never))).await {
            done.unwrap();
        }
    };
    all_scrub().await;
    assert_eq!(events(&servers[0], "what=scrub blobs=4 %").await, 1);
    let key = versions::blob_keys(servers[0].state.db.read(), report).await.unwrap().remove(0);
    servers[0].state.blobs.delete(&key).await.unwrap();
    advance(&servers, HOUR + MINUTE);
    all_scrub().await;
    assert_eq!(events(&servers[0], "what=scrub blobs=4 %").await, 2);
    assert_eq!(events(&servers[0], "what=blob_damaged %").await, 1);

    let [a, b, _] = &servers;
    advance(&servers, HOUR + MINUTE);
    let mut asleep = scrubbing::begin(&a.state, PLAN).await.unwrap().expect("one is due");
    assert!(scrubbing::begin(&b.state, PLAN).await.unwrap().is_none(), "another has it");
    advance(&servers, 11 * MINUTE);
    let mut other = scrubbing::begin(&b.state, PLAN).await.unwrap().expect("nobody goes on with it");
    assert!(!scrubbing::note(&a.state, &mut asleep).await.unwrap());
    scrubbing::end(&a.state, asleep).await.unwrap();
    assert_eq!(events(a, "what=scrub blobs=%").await, 2, "it isn't ended by who lost it");
    assert!(scrubbing::note(&b.state, &mut other).await.unwrap());
    scrubbing::end(&b.state, other).await.unwrap();
    assert_eq!(events(b, "what=scrub blobs=%").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_put_back_only_once_no_server_runs_and_what_is_restored_is_no_servers() {
    let Some(place) = Place::new().await else { return };
    let vaulted = Vaulted::new();
    let told = |config: &mut Config| config.backup = Some(vaulted.schedule(None));
    let first = place.first(told).await;
    let [_, _, patient] = clinic(&first).await;
    let report = write_some(&patient, 1).await.remove(0);
    vaulted.take(&first).await;

    // Another key would name everything anew.
    let elsewhere = tempfile::tempdir().unwrap();
    copy_secrets(&first.state.config.data, elsewhere.path());
    let order = Order { data: elsewhere.path().to_owned(), ..vaulted.order(&first, None) };
    backup::take(&order).await.unwrap();
    let key = elsewhere.path().join("secrets/backup-key");
    fs::write(&key, [7; 32]).unwrap();
    let refused = backup::take(&order).await;
    let is_named = |error: &SecretsError| matches!(error, SecretsError::NotShared(path) if *path == key);
    assert!(
        matches!(&refused, Err(BackupError::Membership(MembershipError::Secrets(error))) if is_named(error)),
        "{refused:?}"
    );
    fs::remove_file(&key).unwrap();
    let refused = backup::take(&order).await;
    assert!(matches!(&refused, Err(BackupError::Secrets(error)) if is_named(error)), "{refused:?}");
    assert!(!key.exists(), "none was made");

    let second = place.more(&first, told).await;
    let config = second.state.config.clone();
    let folder = second.stop().await;
    let order = PutBack {
        from: vaulted.repository().await,
        identities: vaulted.identities(),
        snapshot: None,
        report,
        data: folder.path().to_owned(),
        database: config.database_url,
        blobs: config.blobs,
    };
    let refused = backup::put_back(&order).await;
    assert!(matches!(refused, Err(BackupError::Served(_))), "the first runs still: {refused:?}");
    drop(first.stop().await);
    assert_eq!(backup::put_back(&order).await.unwrap().rows, 0, "nothing is lacking");

    let data = tempfile::tempdir().unwrap();
    let database = DatabaseUrl::parse(&postgres::database("").await.unwrap()).unwrap();
    let restore = Restore {
        from: order.from,
        identities: order.identities,
        snapshot: None,
        data: data.path().to_owned(),
        database: database.clone(),
        blobs: BlobsConfig::Folder,
    };
    backup::restore(&restore, |_| ()).await.unwrap();
    let db = Db::open_existing(&database).await.unwrap();
    for table in ["servers", "live_events", "ceremonies"] {
        assert_eq!(count(db.read(), &format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    assert!(count(db.read(), "SELECT COUNT(*) FROM server_secrets").await >= 6);
    db.close().await.unwrap();
    let config = Config { data: data.path().to_owned(), database_url: database, ..plain_config() };
    AppState::open(config).await.unwrap();
}
