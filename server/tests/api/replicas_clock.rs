//! Two servers on one database, one of which has a clock that is ahead: it takes nothing that the other holds and renews, and does
//! once nobody goes on with it.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Database, DatabaseTransaction, Statement, TransactionTrait};
use server::{
    backup::{self, BackupError},
    clock::{HOUR, MINUTE},
    scrub::ScrubPlan,
    services::{drills, scrubbing},
    storage::blob_garbage,
    upkeep,
};
use tokio::task::JoinHandle;

use crate::{
    backup::{Vaulted, events, write_some},
    drill::plan,
    harness::Server,
    honest_client::clinic,
    replica_harness::Place,
    s3,
};

/// As long as a backup and a drill are held.
const WRONG: i64 = 2 * MINUTE;
const LEFT_OVER: &str = "uploads/of-nobody/0-0";
const SCRUBS: ScrubPlan = ScrubPlan { every: HOUR, rate: u64::MAX };

struct Two {
    place: Place,
    vaulted: Vaulted,
    right: Server,
    wrong: Server,
}

impl Two {
    async fn new() -> Option<Self> {
        let place = Place::new().await?;
        let vaulted = Vaulted::new();
        let right = place.first(|_| ()).await;
        let [_, _, patient] = clinic(&right).await;
        write_some(&patient, 1).await;
        // It makes the key of backups, which the other must have as well.
        vaulted.take(&right).await;
        let wrong = place.more(&right, |_| ()).await;
        wrong.state.clock.set_wrong(WRONG);
        Some(Self { place, vaulted, right, wrong })
    }

    /// So much time passes, for all.
    fn later(&self, by: i64) {
        for server in [&self.right, &self.wrong] {
            server.state.clock.advance(by);
        }
    }

    async fn count(&self, sql: &str) -> i64 {
        let conn = self.right.state.db.read();
        let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
        row.unwrap().try_get_by_index(0).unwrap()
    }

    /// A backup by the server whose clock is right. It gets no further than a table which is locked until the transaction ends.
    async fn backup(&self) -> (JoinHandle<Result<(), BackupError>>, DatabaseTransaction) {
        let conn = Database::connect(self.place.url.expose()).await.unwrap();
        let lock = conn.begin().await.unwrap();
        lock.execute_unprepared("LOCK TABLE passkeys IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let order = self.vaulted.order(&self.right, None);
        let making = tokio::spawn(async move { backup::take(&order).await.map(drop) });
        while self.count("SELECT COUNT(*) FROM backups WHERE ended_at IS NULL").await == 0 {
            assert!(!making.is_finished(), "it ended before");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (making, lock)
    }

    /// A blob that nobody names, to be deleted as soon as no backup runs.
    async fn leave_over(&self) {
        let mut writer = self.right.state.blobs.write(LEFT_OVER);
        writer.write(b"left over").await.unwrap();
        writer.finish().await.unwrap();
        let tx = self.right.state.db.begin_write().await.unwrap();
        blob_garbage::add(tx.conn(), vec![LEFT_OVER.to_owned()], 7).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn is_left_over(&self) -> bool {
        s3::keys(&self.wrong.state.config).contains(&LEFT_OVER.to_owned())
    }

    /// The server whose clock is ahead can make none: another does.
    async fn wrong_finds_it_busy(&self) {
        let refused = backup::take(&self.vaulted.order(&self.wrong, None)).await;
        assert!(matches!(refused, Err(BackupError::Busy)), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clock_is_ahead_leaves_a_backup_to_who_makes_it() {
    let Some(two) = Two::new().await else { return };
    let (making, lock) = two.backup().await;
    two.leave_over().await;
    upkeep::once(&two.wrong.state).await.unwrap();
    two.wrong_finds_it_busy().await;
    assert!(two.is_left_over(), "a snapshot may name it");
    lock.commit().await.unwrap();
    making.await.unwrap().unwrap();
    upkeep::once(&two.wrong.state).await.unwrap();
    assert_eq!(events(&two.wrong, "what=backup_failed %").await, 0);
    assert_eq!(events(&two.wrong, "what=backup snapshot=%").await, 2);
    assert!(!two.is_left_over());
    assert_eq!(two.vaulted.snapshots().await.len(), 2);

    // Killed.
    let (making, lock) = two.backup().await;
    making.abort();
    assert!(making.await.unwrap_err().is_cancelled());
    lock.commit().await.unwrap();
    two.wrong_finds_it_busy().await;
    two.later(WRONG);
    two.vaulted.take(&two.wrong).await;
    upkeep::once(&two.wrong.state).await.unwrap();
    assert_eq!(events(&two.wrong, "what=backup_failed %").await, 1);
    assert_eq!(two.vaulted.faults().await, [vec![], Vec::<String>::new()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clock_is_ahead_takes_no_drill_and_no_scrub_that_another_renews() {
    let Some(two) = Two::new().await else { return };
    let (right, wrong) = (&two.right.state, &two.wrong.state);
    let drill = plan(&two.vaulted, None);
    let id = drills::begin(right, &drill).await.unwrap().expect("one is due");
    for _ in 0..3 {
        drills::end_abandoned(wrong).await.unwrap();
        assert!(drills::begin(wrong, &drill).await.unwrap().is_none(), "it runs");
        two.later(MINUTE);
        drills::go_on(right, &id).await.unwrap();
    }
    two.later(WRONG);
    drills::end_abandoned(wrong).await.unwrap();
    assert_eq!(events(&two.wrong, "what=drill_broke_off count=1").await, 1);
    assert!(drills::begin(wrong, &drill).await.unwrap().is_some());

    // As long as a scrub is held, and more.
    wrong.clock.set_wrong(11 * MINUTE);
    let mut begun = scrubbing::begin(right, SCRUBS).await.unwrap().expect("one is due");
    for _ in 0..2 {
        assert!(scrubbing::begin(wrong, SCRUBS).await.unwrap().is_none(), "another has it");
        two.later(9 * MINUTE);
        assert!(scrubbing::note(right, &mut begun).await.unwrap());
    }
    two.later(10 * MINUTE);
    let taken = scrubbing::begin(wrong, SCRUBS).await.unwrap().expect("nobody goes on with it");
    assert!(!scrubbing::note(right, &mut begun).await.unwrap());
    scrubbing::end(wrong, taken).await.unwrap();
    assert_eq!(events(&two.wrong, "what=scrub blobs=%").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_knows_how_far_its_clock_is_from_the_databases() {
    let Some(two) = Two::new().await else { return };
    let ahead = async |server: &Server| {
        server.state.membership.renew(&server.state.db).await.unwrap();
        server.state.membership.clock_ahead()
    };
    // A busy machine takes a while to ask; both clocks are one here.
    let some = 10_000;
    assert!(ahead(&two.right).await.abs() < some);
    let found = ahead(&two.wrong).await;
    assert!((WRONG - some..WRONG + some).contains(&found), "{found}");
    two.wrong.state.clock.set_wrong(-WRONG);
    let found = ahead(&two.wrong).await;
    assert!((-WRONG - some..-WRONG + some).contains(&found), "{found}");
    // However much time passes.
    two.wrong.state.clock.set_wrong(0);
    two.later(HOUR);
    assert!(ahead(&two.wrong).await.abs() < some);
}
