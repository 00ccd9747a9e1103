//! Several servers on one PostgreSQL, which record at the same time, are cut off or begin anew: whoever of them puts leaves into the
//! tree, it is one tree, which only grows and holds everything acknowledged once. Used for either tree.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use futures::future::join_all;
use proptest::prelude::*;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use server::{
    config::Origin,
    database_url::DatabaseUrl,
    log::{self, Compared, Round, Sequencer},
    secrets::SecretsDir,
    storage::{
        db::Db,
        instance,
        log::{Tree, head},
    },
};
use tempfile::TempDir;
use tlog::{
    Hash,
    checkpoint::{self, Checkpoint},
    merkle::CompactRange,
    note::{SigningKey, Verifier},
};

use crate::postgres;

pub const REPLICAS: usize = 3;

/// What a server of its own records with. What is recorded is numbered.
pub trait Recorder: Sized {
    /// Where it goes.
    const TREE: Tree;
    /// More than a server records in a step.
    const LIMIT: u64;

    /// What there must be before the first is recorded.
    async fn prepare(db: &Db);

    fn start(db: &Db) -> Self;

    /// Gives the numbers of those that the server may acknowledge.
    async fn record(&self, numbers: Range<u64>) -> Vec<u64>;

    /// All that is in the tree; no number has reached `end`.
    async fn kept(outside: &DatabaseConnection, end: u64) -> Kept;
}

/// What is in the tree.
pub struct Kept {
    pub numbers: Vec<u64>,
    /// One after the other.
    pub leaves: Vec<Hash>,
}

/// What a server of its own has: connections, a recorder with what it remembers, a sequencer.
struct Replica<R> {
    db: Db,
    recorder: R,
    sequencer: Sequencer,
}

impl<R: Recorder> Replica<R> {
    async fn open(url: &DatabaseUrl, key: &SigningKey) -> Self {
        let db = Db::open(url).await.unwrap();
        let (recorder, sequencer) = (R::start(&db), Sequencer::new(db.clone(), R::TREE, key.clone()));
        Self { db, recorder, sequencer }
    }

    /// Records so many, numbered from `first`, while it tries a round of the sequencer. Gives the numbers of those that it may
    /// acknowledge.
    async fn work(&mut self, first: u64, count: u64) -> Vec<u64> {
        let (recorded, _) = tokio::join!(self.recorder.record(first..first + count), self.sequencer.round());
        recorded
    }
}

/// Everything that is recorded goes into the tree, whoever had the lease and whatever connections were cut off.
async fn drain(sequencer: &mut Sequencer) {
    for _ in 0..200 {
        let done = match sequencer.fence() {
            None => sequencer.take().await.is_err(),
            Some(_) => matches!(sequencer.round().await, Ok(Round::Idle)),
        };
        if done && sequencer.fence().is_some() {
            return;
        }
    }
    panic!("the sequencer doesn't come to an end");
}

/// What may happen.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Each records so many at the same time, and tries to put what is there into the tree.
    Together([u64; REPLICAS]),
    /// The same, and after so many microseconds the database loses all their connections.
    Cut([u64; REPLICAS], u64),
    /// One takes the lease.
    Take(usize),
    /// One ends as if killed, and another begins in its place.
    Restart(usize),
}

fn step(limit: u64) -> impl Strategy<Value = Step> {
    let counts = || prop::array::uniform3(0..limit);
    prop_oneof![
        4 => counts().prop_map(Step::Together),
        2 => (counts(), 0..30_000_u64).prop_map(|(counts, micros)| Step::Cut(counts, micros)),
        2 => (0..REPLICAS).prop_map(Step::Take),
        1 => (0..REPLICAS).prop_map(Step::Restart),
    ]
}

struct Bench<R> {
    _folder: TempDir,
    url: DatabaseUrl,
    key: SigningKey,
    replicas: Vec<Replica<R>>,
    /// Looks from outside, over a connection that isn't cut off.
    outside: DatabaseConnection,
    next: u64,
    acknowledged: BTreeSet<u64>,
    heads: Vec<Checkpoint>,
}

impl<R: Recorder> Bench<R> {
    /// Nothing where there is no PostgreSQL.
    async fn new() -> Option<Self> {
        let address = postgres::database("").await?;
        let url = DatabaseUrl::parse(&address).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretsDir::open(folder.path(), true).unwrap();
        let origin = Origin::parse("https://log.example").unwrap();
        let key = log::load_key(&secrets, R::TREE, &origin, None).unwrap();
        let first = Replica::<R>::open(&url, &key).await;
        instance::load_or_create(&first.db, "Test").await.unwrap();
        R::prepare(&first.db).await;
        let mut replicas = vec![first];
        while replicas.len() < REPLICAS {
            replicas.push(Replica::open(&url, &key).await);
        }
        let outside = Database::connect(&address).await.unwrap();
        let (acknowledged, heads) = (BTreeSet::new(), Vec::new());
        Some(Self { _folder: folder, url, key, replicas, outside, next: 0, acknowledged, heads })
    }

    async fn together(&mut self, counts: [u64; REPLICAS], cut: Option<Duration>) {
        let first = self.next;
        self.next += counts.iter().sum::<u64>();
        let starts = counts.iter().scan(first, |start, count| {
            *start += count;
            Some(*start - count)
        });
        let work = self
            .replicas
            .iter_mut()
            .zip(starts)
            .zip(counts)
            .map(|((replica, start), count)| replica.work(start, count));
        let (done, ()) = tokio::join!(join_all(work), cut_off(&self.outside, cut));
        self.acknowledged.extend(done.into_iter().flatten());
    }

    async fn act(&mut self, step: Step) {
        match step {
            Step::Together(counts) => self.together(counts, None).await,
            Step::Cut(counts, micros) => self.together(counts, Some(Duration::from_micros(micros))).await,
            // A connection that was cut off shows at its next use.
            Step::Take(which) => drop(self.replicas[which].sequencer.take().await),
            Step::Restart(which) => self.replicas[which] = Replica::open(&self.url, &self.key).await,
        }
    }

    /// Tiles, head and what was recorded belong together; the tree has not become smaller.
    async fn check(&mut self) -> u64 {
        let size = log::check(&self.outside, R::TREE, &self.key.verifier()).await.unwrap();
        let compared = log::check_entries(&self.outside, R::TREE).await.unwrap();
        assert_eq!(compared, Compared { leaves: size, removed: 0 });
        assert!(self.heads.last().is_none_or(|before| before.size() <= size));
        if size > 0 {
            let key = self.key.verifier();
            let log = checkpoint::Log::new(key.name().as_str(), vec![key.clone()]);
            let head = head(&self.outside, R::TREE).await.unwrap().unwrap();
            self.heads.push(log.open(head.checkpoint.as_bytes()).unwrap().checkpoint);
        }
        size
    }

    /// Everything acknowledged once, nothing twice; every head was one of the one tree.
    async fn settle(mut self) {
        let mut last = Replica::<R>::open(&self.url, &self.key).await;
        drain(&mut last.sequencer).await;
        let size = self.check().await;
        let kept = R::kept(&self.outside, self.next).await;
        assert_eq!(kept.leaves.len() as u64, size, "whatever was recorded is in the tree");
        let once: BTreeSet<u64> = kept.numbers.iter().copied().collect();
        assert_eq!(once.len(), kept.numbers.len(), "nothing twice");
        assert!(self.acknowledged.is_subset(&once), "everything acknowledged");
        assert!(once.iter().all(|n| *n < self.next));
        one_tree(kept.leaves, &self.heads);
    }
}

/// After a while the database ends every connection of a server.
async fn cut_off(outside: &DatabaseConnection, after: Option<Duration>) {
    let Some(after) = after else { return };
    tokio::time::sleep(after).await;
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'healthsecure'";
    outside.execute_unprepared(sql).await.unwrap();
}

/// Every head is one of the tree that these leaves make, one after the other.
fn one_tree(leaves: Vec<Hash>, heads: &[Checkpoint]) {
    let mut tree = CompactRange::new();
    let mut roots = vec![tree.root()];
    for leaf in leaves {
        tree.push(leaf);
        roots.push(tree.root());
    }
    for head in heads {
        assert_eq!(*head.root(), roots[head.size() as usize], "a head of another tree");
    }
}

async fn play<R: Recorder>(steps: Vec<Step>) {
    let Some(mut bench) = Bench::<R>::new().await else { return };
    for step in steps {
        bench.act(step).await;
        bench.check().await;
    }
    bench.settle().await;
}

/// Whatever happens, in up to so many steps, it is one tree.
pub fn any_at_once<R: Recorder>(cases: u32, steps: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(R::LIMIT), 1..=steps))| {
        runtime.block_on(play::<R>(steps));
    });
}

/// Without anything going wrong nothing is lost: what each of them recorded, so many times, was acknowledged.
pub async fn lose_nothing<R: Recorder>(times: u64, counts: [u64; REPLICAS]) {
    let Some(mut bench) = Bench::<R>::new().await else { return };
    for _ in 0..times {
        bench.act(Step::Together(counts)).await;
    }
    let all = times * counts.iter().sum::<u64>();
    assert_eq!((bench.acknowledged.len() as u64, bench.next), (all, all));
    bench.settle().await;
}
