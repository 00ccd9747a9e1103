//! Who may move the tree, and what happens to those who may not: stale leases, rivals, damage, old databases, crashes.

use api_types::{
    AccountId,
    accounts::{AccountStatus, Role},
    audit::Action,
};
use entities::{audit_events, log_tiles, log_trees};
use proptest::prelude::*;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use server::{
    AppState,
    audit::EventDraft,
    config::Origin,
    log::{self, Compared, LogError, Round, Sequencer},
    secrets::SecretsDir,
    state::StartError,
    storage::{
        accounts::{self, AccountRow},
        db::Db,
        key_records,
        log::{Tree, head},
        log_events, log_keys,
    },
};
use tempfile::TempDir;
use tlog::{leaf::Label, note::SigningKey};

use crate::{
    harness::{database, zeros},
    world::World,
};

/// A database without a server, and one of its trees.
struct Bench {
    folder: TempDir,
    db: Db,
    tree: Tree,
    key: SigningKey,
}

impl Bench {
    async fn new() -> Self {
        Self::of(Tree::Events).await
    }

    async fn of(tree: Tree) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&database(folder.path()).await).await.unwrap();
        server::storage::instance::load_or_create(&db, "Test").await.unwrap();
        let secrets = SecretsDir::open(folder.path(), true).unwrap();
        let key = log::load_key(&secrets, tree, &Origin::parse("https://log.example").unwrap(), None).unwrap();
        Self { folder, db, tree, key }
    }

    fn sequencer(&self) -> Sequencer {
        Sequencer::new(self.db.clone(), self.tree, self.key.clone())
    }

    async fn record(&self, count: u64) {
        let mut tx = self.db.begin_write().await.unwrap();
        match self.tree {
            Tree::Keys => keep_records(tx.conn(), count).await,
            Tree::Events => {
                for n in 0..count {
                    tx.record(EventDraft::anonymous(Action::System).with("n", n)).await.unwrap();
                }
            }
        }
        tx.commit().await.unwrap();
    }

    /// Makes those before a position events from before there was a log.
    async fn unsalt(&self, before: i64) {
        let without =
            audit_events::Entity::update_many().col_expr(audit_events::Column::Salt, Expr::value(None::<Vec<u8>>));
        let tx = self.db.begin_write().await.unwrap();
        without.filter(audit_events::Column::Seq.lt(before)).exec(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn lease_until(&self, time: i64) {
        let change = log_trees::Entity::update_many().col_expr(log_trees::Column::LeaseUntil, Expr::value(time));
        let tx = self.db.begin_write().await.unwrap();
        change.exec(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn size(&self) -> u64 {
        head(self.db.read(), self.tree).await.unwrap().map_or(0, |head| head.size)
    }

    /// Tiles, head and events belong together; gives the size.
    async fn check(&self) -> Result<u64, LogError> {
        let size = log::check(self.db.read(), self.tree, &self.key.verifier()).await?;
        assert_eq!(log::check_entries(self.db.read(), self.tree).await?, Compared { leaves: size, removed: 0 });
        Ok(size)
    }
}

/// An account as it is stored.
pub fn nobody(id: AccountId) -> AccountRow {
    AccountRow {
        id,
        email: "a@b.example".into(),
        email_key: "a@b.example".into(),
        name: "A B".into(),
        name_key: "a b".into(),
        role: Role::Patient,
        status: AccountStatus::Active,
        keyring: vec![1],
        client_state: vec![1],
        client_state_counter: 0,
        approval: None,
        invited_by: None,
        created_at: 0,
        last_seen_at: None,
        email_verified_at: None,
    }
}

/// So many key records more, all of one account.
async fn keep_records(conn: &impl ConnectionTrait, count: u64) {
    let id = AccountId([7; 32]);
    if accounts::get(conn, id).await.unwrap().is_none() {
        accounts::insert(conn, nobody(id), Label::new(vec![9; 64]).unwrap()).await.unwrap();
        return keep_rest(conn, id, count - 1).await;
    }
    keep_rest(conn, id, count).await;
}

async fn keep_rest(conn: &impl ConnectionTrait, id: AccountId, count: u64) {
    let before = log_keys::count(conn).await.unwrap();
    for epoch in before..before + count {
        key_records::insert(conn, id, epoch as u32, &epoch.to_be_bytes(), 0).await.unwrap();
    }
}

async fn drain(sequencer: &mut Sequencer) -> Result<(), LogError> {
    while let Round::Integrated(_) = sequencer.round().await? {}
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_holder_writes_nothing() {
    let bench = Bench::new().await;
    let (mut first, mut second) = (bench.sequencer(), bench.sequencer());
    first.take().await.unwrap();
    bench.record(10).await;
    assert_eq!(first.round().await.unwrap(), Round::Integrated(10));
    second.take().await.unwrap();
    bench.record(5).await;
    let before = log_tiles::Entity::find().all(bench.db.read()).await.unwrap();
    assert!(matches!(first.round().await, Err(LogError::Stale)));
    assert_eq!(bench.size().await, 10);
    assert_eq!(log_tiles::Entity::find().all(bench.db.read()).await.unwrap(), before, "not even a tile");
    bench.lease_until(i64::MAX).await;
    assert_eq!(first.round().await.unwrap(), Round::Waiting, "until the other's lease lapses");
    assert_eq!(second.round().await.unwrap(), Round::Integrated(5));
    assert_eq!(bench.check().await.unwrap(), 15);

    bench.record(1).await;
    bench.lease_until(0).await;
    assert_eq!(first.round().await.unwrap(), Round::Integrated(1), "a dead holder is followed");
    assert!(matches!(second.round().await, Err(LogError::Stale)), "it doesn't know yet");
    assert_eq!(second.round().await.unwrap(), Round::Idle, "now it does");
    bench.record(1).await;
    drain(&mut first).await.unwrap();
    assert_eq!(bench.check().await.unwrap(), 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_never_fork() {
    let world = World::new().await;
    let other = AppState::open(world.state.config.clone()).await.unwrap();
    let key: tlog::note::VerifierKey = world.state.log.vkey().parse().unwrap();
    assert_eq!(other.log.vkey(), world.state.log.vkey());
    let mut seen: Vec<tlog::checkpoint::Checkpoint> = Vec::new();
    let log = tlog::checkpoint::Log::new(tlog::note::Verifier::name(&key).as_str(), vec![key.clone()]);
    let mut rival = Sequencer::new(other.db.clone(), Tree::Events, signing_key(&world).await);
    for round in 0..40 {
        let drafts = (0..round * 3 + 1).map(|n| EventDraft::anonymous(Action::System).with("n", n)).collect();
        world.state.audit.record_all(drafts).await.unwrap();
        if round % 4 == 0 {
            rival.take().await.unwrap();
        }
        let _ = rival.round().await;
        if let Some(head) = head(world.state.db.read(), Tree::Events).await.unwrap().filter(|head| head.size > 0) {
            seen.push(log.open(head.checkpoint.as_bytes()).unwrap().checkpoint);
        }
    }
    rival.take().await.unwrap();
    drain(&mut rival).await.unwrap();
    let events = log_events::count(world.state.db.read()).await.unwrap();
    assert_eq!(log::check(world.state.db.read(), Tree::Events, &key).await.unwrap(), events);
    assert_eq!(
        log::check_entries(world.state.db.read(), Tree::Events).await.unwrap(),
        Compared { leaves: events, removed: 0 },
        "each event once, at its place"
    );
    assert!(seen.len() > 10);
    let leaves = log_events::from(world.state.db.read(), 0, events).await.unwrap();
    let mut tree = tlog::merkle::CompactRange::new();
    let mut roots = vec![tree.root()];
    for event in &leaves {
        tree.push(log::opening(event).unwrap().unwrap().commitment().leaf_hash());
        roots.push(tree.root());
    }
    for checkpoint in seen {
        assert_eq!(*checkpoint.root(), roots[checkpoint.size() as usize], "every head was one of the one tree");
    }
}

async fn signing_key(world: &World) -> SigningKey {
    let secrets = SecretsDir::open(&world.state.config.data, false).unwrap();
    log::load_key(&secrets, Tree::Events, &world.state.config.origin, None).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_wherever_it_is() {
    damage_is_found(Bench::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_in_the_tree_of_keys() {
    damage_is_found(Bench::of(Tree::Keys).await).await;
}

async fn damage_is_found(bench: Bench) {
    let mut sequencer = bench.sequencer();
    bench.record(70_000).await;
    drain(&mut sequencer).await.unwrap();
    bench.record(300).await;
    drain(&mut sequencer).await.unwrap();
    assert_eq!(bench.check().await.unwrap(), 70_300);
    let rows = log_tiles::Entity::find().all(bench.db.read()).await.unwrap();
    let levels: std::collections::BTreeSet<i32> = rows.iter().map(|row| row.level).collect();
    assert_eq!(levels, [-1, 0, 1, 2].into());
    let picked = rows.iter().filter(|row| row.level > 0 || [0, 17, 255, 256, 274].contains(&row.place));
    for row in picked {
        let mut hashes = row.hashes.clone();
        let middle = hashes.len() / 2;
        hashes[middle] ^= 1;
        put(&bench.db, row, Some(hashes)).await;
        assert!(matches!(bench.check().await, Err(LogError::Damaged(_))), "{} {}", row.level, row.place);
        put(&bench.db, row, None).await;
        assert!(matches!(bench.check().await, Err(LogError::Damaged(_))), "gone: {} {}", row.level, row.place);
        put(&bench.db, row, Some(row.hashes.clone())).await;
    }
    assert_eq!(bench.check().await.unwrap(), 70_300, "as it was");
}

async fn put(db: &Db, row: &log_tiles::Model, hashes: Option<Vec<u8>>) {
    use sea_orm::{ActiveModelTrait, IntoActiveModel};
    let tx = db.begin_write().await.unwrap();
    log_tiles::Entity::delete_by_id((row.tree.clone(), row.level, row.place)).exec(tx.conn()).await.unwrap();
    if let Some(hashes) = hashes {
        let row = log_tiles::Model { hashes, ..row.clone() };
        row.into_active_model().insert(tx.conn()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Changes the database of a world and says why the server doesn't start again.
async fn refusal(sql: &str) -> String {
    let world = World::new().await;
    for n in 0..300 {
        world.state.audit.record(EventDraft::anonymous(Action::System).with("n", n)).await.unwrap();
    }
    world.state.log.stop().await;
    let tx = world.state.db.begin_write().await.unwrap();
    tx.conn().execute_unprepared(sql).await.unwrap();
    tx.commit().await.unwrap();
    match AppState::open(world.state.config.clone()).await.map(drop) {
        Err(StartError::Log(error @ LogError::Damaged(_))) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_is_not_served() {
    let zeros = format!("UPDATE log_tiles SET hashes = {} WHERE level = 0 AND place = 0", zeros(8192));
    let tile = refusal(&zeros).await;
    assert!(tile.contains("tile 0 of level 0") && tile.contains("docs/operations.md"), "{tile}");
    let head = refusal("UPDATE log_trees SET size = size - 1").await;
    assert!(head.contains("damaged"), "{head}");
    let note = refusal("UPDATE log_trees SET checkpoint = replace(checkpoint, 'localhost', 'elsewhere')").await;
    assert!(note.contains("checkpoint"), "{note}");
    let events = refusal("DELETE FROM audit_events WHERE seq > 250").await;
    assert!(events.contains("there are only 251"), "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_is_not_replaced() {
    let world = World::new().await;
    world.state.audit.record(EventDraft::anonymous(Action::System)).await.unwrap();
    world.state.log.stop().await;
    let file = world.folder.path().join("secrets").join(log::key_file(Tree::Events));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_file(&file).unwrap();
    let refused = AppState::open(world.state.config.clone()).await.map(drop);
    assert!(matches!(refused, Err(StartError::Log(LogError::KeyMissing { size: 1, .. }))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_an_earlier_version_get_their_leaves_in_order() {
    let bench = Bench::new().await;
    bench.record(5_000).await;
    bench.unsalt(4_900).await;
    let mut sequencer = bench.sequencer();
    assert!(matches!(sequencer.round().await.unwrap(), Round::Integrated(n) if n < 5_000));
    let half = bench.check().await.unwrap();
    // Killed in the middle, another goes on.
    let mut next = bench.sequencer();
    next.take().await.unwrap();
    drain(&mut next).await.unwrap();
    assert_eq!((half > 0, bench.check().await.unwrap()), (true, 5_000));
    let salts: std::collections::BTreeSet<_> =
        log_events::from(bench.db.read(), 0, 5_000).await.unwrap().into_iter().map(|e| e.salt.unwrap()).collect();
    assert_eq!(salts.len(), 5_000, "each of its own");
}

/// Clients refuse an old event that is shown without.
#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_an_earlier_version_has_its_opening_before_a_server_answers() {
    let bench = Bench::new().await;
    bench.record(5_000).await;
    bench.unsalt(4_900).await;
    let log = log::Log::start(bench.db.clone(), bench.tree, bench.key.clone(), Vec::new()).await.unwrap();
    let unopened = audit_events::Entity::find().filter(audit_events::Column::Salt.is_null());
    assert_eq!(unopened.one(bench.db.read()).await.unwrap().map(|event| event.seq), None);
    assert_eq!(head(bench.db.read(), bench.tree).await.unwrap().unwrap().size, 5_000);
    log.stop().await;
    assert_eq!(bench.check().await.unwrap(), 5_000);
}

/// The one that started last has the lease, and the other answers nobody before the work is done either.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_the_lease_while_it_caught_up_waits_for_the_other() {
    let bench = Bench::new().await;
    bench.record(3_000).await;
    bench.unsalt(3_000).await;
    let (mut first, mut second) = (bench.sequencer(), bench.sequencer());
    first.take().await.unwrap();
    second.take().await.unwrap();
    let (first, second) = tokio::join!(first.catch_up(), second.catch_up());
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert_eq!(bench.check().await.unwrap(), 3_000);
}

/// What may happen to the log.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Events are committed.
    Record(u64),
    /// A sequencer of the two makes a round.
    Round(bool),
    /// It is killed, at whatever point, and starts again.
    Restart(bool),
    /// It is cut off in the middle of a round.
    Cut(bool, u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..400_u64).prop_map(Step::Record),
        4 => any::<bool>().prop_map(Step::Round),
        1 => any::<bool>().prop_map(Step::Restart),
        2 => (any::<bool>(), 0..4_000_u64).prop_map(|(which, micros)| Step::Cut(which, micros)),
    ]
}

async fn play(tree: Tree, steps: Vec<Step>) {
    let bench = Bench::of(tree).await;
    let mut two = [bench.sequencer(), bench.sequencer()];
    let mut recorded = 0;
    let mut before = 0;
    for step in steps {
        match step {
            Step::Record(count) => {
                bench.record(count).await;
                recorded += count;
            }
            Step::Round(which) => drop(two[usize::from(which)].round().await),
            Step::Restart(which) => {
                two[usize::from(which)] = bench.sequencer();
                two[usize::from(which)].take().await.unwrap();
            }
            Step::Cut(which, micros) => {
                let round = two[usize::from(which)].round();
                let _ = tokio::time::timeout(std::time::Duration::from_micros(micros), round).await;
            }
        }
        // A commit that was cut off ends all the same; the writer waits for it.
        drop(bench.db.begin_write().await.unwrap());
        let size = bench.check().await.unwrap();
        assert!(before <= size && size <= recorded);
        before = size;
    }
    two[0].take().await.unwrap();
    drain(&mut two[0]).await.unwrap();
    assert_eq!(bench.check().await.unwrap(), recorded, "each event once, at its place");
    drop(bench.folder);
}

fn any_plays(tree: Tree, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..25))| {
        runtime.block_on(play(tree, steps));
    });
}

#[test]
fn any_crashes_and_rivals_keep_one_tree() {
    any_plays(Tree::Events, 24);
}

#[test]
fn any_crashes_and_rivals_keep_one_tree_of_keys() {
    any_plays(Tree::Keys, 12);
}
