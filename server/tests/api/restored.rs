//! What a restore doesn't go on with, and that half of one can't be served.

use std::fs;

use api_types::{accounts::AccountStatus, emergency::EmergencyState, escrow::EscrowState};
use sea_orm::{ConnectionTrait, Statement};
use server::{
    backup::{self, BackupError, Restore},
    clock::DAY,
    storage::{
        connect::{Purpose, connect},
        db::Db,
        migrate::DatabaseError,
    },
};

use crate::{
    backup::{Vaulted, back, events, write_some},
    emergency::{BEA, DORA, OLGA, Scene, one, scene, trusts},
    escrow::compares,
    harness::{self, Server},
    honest_client::clinic,
    s3,
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_counts_as_waited_out_after_a_restore() {
    let Scene { server, ada, dora, olga, bea, .. } = scene().await;
    let way_in = trusts(&olga, (&bea, BEA), 3).await;
    bea.ask_emergency(&way_in).await.unwrap();
    let words = ada.new_escrow_words();
    let fingerprint = ada.make_escrow_key(&words).await.unwrap();
    compares(&olga, &fingerprint).await.unwrap();
    ada.ask_escrow(&olga.account_id()).await.unwrap();
    ada.api().disable_account(&dora.account_id()).await.unwrap();
    ada.request_removal(&dora.account_id()).await.unwrap();
    let vaulted = Vaulted::new();
    let taken = vaulted.take(&server).await;
    drop(server.stop().await);

    let folder = tempfile::tempdir().unwrap();
    let database = harness::database(folder.path()).await;
    let restored = vaulted.restore(folder.path(), database).await.unwrap();
    let settled = restored.settled;
    assert_eq!((settled.removals, settled.escrows, settled.emergencies), (1, 1, 1));
    assert!(settled.sessions >= 4, "{settled:?}");
    let server = Server::start_in(folder, |config| config.address_factor = 100).await;
    let event = format!("what=restore snapshot={} sessions=% removals=1 escrows=1 emergencies=1", taken.id);
    assert_eq!(events(&server, &event).await, 1);

    let [ada, olga, bea] =
        [back(&server, "ada@clinic.example").await, back(&server, OLGA).await, back(&server, BEA).await];
    let link = one(&bea).await;
    assert_eq!((link.state, link.asked_at, link.opens_at), (EmergencyState::Accepted, None, None));
    let escrow = olga.escrow().await.unwrap().own.unwrap();
    assert_eq!((escrow.state, escrow.asked_at, escrow.opens_at), (EscrowState::On, None, None));
    assert!(escrow.asked_by.is_none());
    let shown = ada.accounts(Some(AccountStatus::Disabled), None).await.unwrap();
    assert_eq!((shown.items.len(), shown.items[0].account.removal_at), (1, None));
    let waits = back(&server, DORA).await;
    assert_eq!((waits.who().status, waits.who().removal_at), (AccountStatus::Disabled, None));

    // Asked for anew, the whole delay runs.
    bea.ask_emergency(&way_in).await.unwrap();
    let link = one(&bea).await;
    assert_eq!(link.opens_at.unwrap() - link.asked_at.unwrap(), 3 * DAY);
    ada.ask_escrow(&olga.account_id()).await.unwrap();
    ada.request_removal(&dora.account_id()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_ends_before_its_log_was_verified_is_served_by_nobody() {
    let vaulted = Vaulted::new();
    let server = Server::start().await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    vaulted.take(&server).await;
    drop(server.stop().await);

    let folder = tempfile::tempdir().unwrap();
    let database = harness::database(folder.path()).await;
    let order = Restore {
        from: vaulted.repository().await,
        identities: vaulted.identities(),
        snapshot: None,
        data: folder.path().to_owned(),
        database: database.clone(),
        blobs: s3::usual(folder.path()),
    };
    let secret = folder.path().join("secrets/log-events-key");
    // Every row is committed when it says so.
    let broken_off = backup::restore(&order, |said| {
        if said.contains("Verifying the log") {
            fs::remove_file(&secret).unwrap();
        }
    });
    let broken_off = broken_off.await.unwrap_err();
    assert!(matches!(broken_off, BackupError::Log(_)), "{broken_off}");

    let conn = connect(&database, Purpose::Read).await.unwrap();
    let count = async |table: &str| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
        row.unwrap().try_get_by_index::<i64>(0).unwrap()
    };
    assert_eq!((count("accounts").await, count("sessions").await), (3, 0), "what was ended is not there at any moment");
    for refused in [Db::open(&database).await.map(drop), Db::open_existing(&database).await.map(drop)] {
        assert!(matches!(refused, Err(DatabaseError::Restoring)), "{refused:?}");
    }
}
