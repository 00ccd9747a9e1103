//! Several servers on one PostgreSQL: whatever they record at the same time, however they are cut off or begin anew, and whoever of
//! them puts leaves into the tree, it is one tree, which only grows and holds every acknowledged event once; and each report's own
//! chain has no gap and no fork.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use api_types::{ReportId, audit::Action};
use entities::audit_events::Model;
use futures::future::join_all;
use proptest::prelude::*;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use server::{
    audit::{Audit, EventDraft},
    config::Origin,
    database_url::DatabaseUrl,
    log::{self, Compared, Round, Sequencer},
    secrets::SecretsDir,
    storage::{
        db::Db,
        instance,
        log::{Tree, head},
        log_events,
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

const REPLICAS: usize = 3;
const REPORTS: u64 = 3;

/// What a server of its own has: connections, what it remembers of the chains, a recorder, a sequencer.
struct Replica {
    db: Db,
    audit: Audit,
    sequencer: Sequencer,
}

impl Replica {
    async fn open(url: &DatabaseUrl, key: &SigningKey) -> Self {
        let db = Db::open(url).await.unwrap();
        let (audit, sequencer) = (Audit::start(db.clone()), Sequencer::new(db.clone(), Tree::Events, key.clone()));
        Self { db, audit, sequencer }
    }

    /// Records so many events, numbered from `first`, while it tries a round of the sequencer. Gives the numbers of those that
    /// it may acknowledge.
    async fn work(&mut self, first: u64, count: u64) -> Vec<u64> {
        let numbers = first..first + count;
        let drafts = numbers.clone().map(draft).collect();
        let (recorded, _) = tokio::join!(self.audit.record_all(drafts), self.sequencer.round());
        if recorded.is_ok() { numbers.collect() } else { Vec::new() }
    }
}

/// Everything that is recorded goes into the tree, whoever had the lease and whatever connections were cut off.
pub async fn drain(sequencer: &mut Sequencer) {
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

fn draft(n: u64) -> EventDraft {
    let draft = EventDraft::anonymous(Action::System).with("n", n);
    if n.is_multiple_of(2) { draft } else { draft.on(ReportId([(n % REPORTS) as u8; 32])) }
}

/// The number of an event.
fn number(event: &Model) -> u64 {
    event.subject.strip_prefix("n=").unwrap().parse().unwrap()
}

/// What may happen.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Each records so many events at the same time, and tries to put what is there into the tree.
    Together([u64; REPLICAS]),
    /// The same, and after so many microseconds the database loses all their connections.
    Cut([u64; REPLICAS], u64),
    /// One takes the lease.
    Take(usize),
    /// One ends as if killed, and another begins in its place.
    Restart(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let counts = || prop::array::uniform3(0..60_u64);
    prop_oneof![
        4 => counts().prop_map(Step::Together),
        2 => (counts(), 0..30_000_u64).prop_map(|(counts, micros)| Step::Cut(counts, micros)),
        2 => (0..REPLICAS).prop_map(Step::Take),
        1 => (0..REPLICAS).prop_map(Step::Restart),
    ]
}

struct Bench {
    _folder: TempDir,
    url: DatabaseUrl,
    key: SigningKey,
    replicas: Vec<Replica>,
    /// Looks from outside, over a connection that isn't cut off.
    outside: DatabaseConnection,
    next: u64,
    acknowledged: BTreeSet<u64>,
    heads: Vec<Checkpoint>,
}

impl Bench {
    /// Nothing where there is no PostgreSQL.
    async fn new() -> Option<Self> {
        let address = postgres::database("").await?;
        let url = DatabaseUrl::parse(&address).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretsDir::open(folder.path(), true).unwrap();
        let origin = Origin::parse("https://log.example").unwrap();
        let key = log::load_key(&secrets, Tree::Events, &origin, None).unwrap();
        let first = Replica::open(&url, &key).await;
        instance::load_or_create(&first.db, "Test").await.unwrap();
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

    /// Tiles, head and events belong together; the tree has not become smaller.
    async fn check(&mut self) -> u64 {
        let size = log::check(&self.outside, Tree::Events, &self.key.verifier()).await.unwrap();
        assert_eq!(
            log::check_entries(&self.outside, Tree::Events).await.unwrap(),
            Compared { leaves: size, removed: 0 }
        );
        assert!(self.heads.last().is_none_or(|before| before.size() <= size));
        if size > 0 {
            let key = self.key.verifier();
            let log = checkpoint::Log::new(key.name().as_str(), vec![key.clone()]);
            let head = head(&self.outside, Tree::Events).await.unwrap().unwrap();
            self.heads.push(log.open(head.checkpoint.as_bytes()).unwrap().checkpoint);
        }
        size
    }

    /// Each acknowledged event once, none twice; every head was one of the one tree; each report's chain is whole.
    async fn settle(mut self) {
        let mut last = Replica::open(&self.url, &self.key).await;
        drain(&mut last.sequencer).await;
        let size = self.check().await;
        let events = log_events::from(&self.outside, 0, u64::MAX >> 1).await.unwrap();
        assert_eq!(events.len() as u64, size, "whatever was recorded is in the tree");
        let numbers: BTreeSet<u64> = events.iter().map(number).collect();
        assert_eq!(numbers.len(), events.len(), "no event twice");
        assert!(self.acknowledged.is_subset(&numbers), "every acknowledged event");
        assert!(numbers.iter().all(|n| *n < self.next));
        let leaf = |event| log::opening(event).unwrap().unwrap().commitment().leaf_hash();
        one_tree(events.iter().map(leaf), &self.heads);
        report_chains(&events);
    }
}

/// After a while the database ends every connection of a server.
pub async fn cut_off(outside: &DatabaseConnection, after: Option<Duration>) {
    let Some(after) = after else { return };
    tokio::time::sleep(after).await;
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'healthsecure'";
    outside.execute_unprepared(sql).await.unwrap();
}

/// Every head is one of the tree that these leaves make, one after the other.
pub fn one_tree(leaves: impl IntoIterator<Item = Hash>, heads: &[Checkpoint]) {
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

fn report_chains(events: &[Model]) {
    let mut chains: BTreeMap<Vec<u8>, (i64, Vec<u8>)> = BTreeMap::new();
    for event in events {
        let Some(report) = &event.report_id else { continue };
        let (seq, previous) = chains.entry(report.clone()).or_insert((0, report.clone()));
        assert_eq!(event.report_seq, Some(*seq + 1), "a gap in a report's chain");
        assert_eq!(event.report_prev.as_ref(), Some(&*previous), "a fork of a report's chain");
        (*seq, *previous) = (*seq + 1, event.hash.clone());
    }
}

async fn play(steps: Vec<Step>) {
    let Some(mut bench) = Bench::new().await else { return };
    for step in steps {
        bench.act(step).await;
        bench.check().await;
    }
    bench.settle().await;
}

#[test]
fn any_servers_at_once_keep_one_tree() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config =
        ProptestConfig { cases: 10, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..16))| {
        runtime.block_on(play(steps));
    });
}

/// Without anything going wrong nothing is lost: what each of them recorded was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_record_at_once_lose_nothing() {
    let Some(mut bench) = Bench::new().await else { return };
    for _ in 0..10 {
        bench.act(Step::Together([40, 7, 25])).await;
    }
    assert_eq!(bench.acknowledged.len(), 720);
    assert_eq!(bench.next, 720);
    bench.settle().await;
}
