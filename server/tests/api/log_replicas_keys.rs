//! The tree of keys of several servers on one PostgreSQL: whichever of them stores a key record, however they are cut off or begin
//! anew, and whoever puts leaves into the tree, it is one tree, which only grows and holds every acknowledged record once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use api_types::AccountId;
use futures::future::join_all;
use proptest::prelude::*;
use sea_orm::{Database, DatabaseConnection};
use server::{
    config::Origin,
    database_url::DatabaseUrl,
    log::{self, Compared, Sequencer},
    secrets::SecretsDir,
    storage::{
        accounts,
        db::Db,
        instance,
        log::{Tree, head},
        log_keys,
    },
};
use tempfile::TempDir;
use tlog::{
    checkpoint::{self, Checkpoint},
    leaf::{KeyTreeLeaf, Label},
    leaf_hash,
    note::{SigningKey, Verifier},
};

use crate::{
    log_replicas::{cut_off, drain, one_tree},
    log_sequencer::nobody,
    postgres,
};

const REPLICAS: usize = 3;
/// Whose records they are.
const ACCOUNT: AccountId = AccountId([7; 32]);

struct Replica {
    db: Db,
    sequencer: Sequencer,
}

impl Replica {
    async fn open(url: &DatabaseUrl, key: &SigningKey) -> Self {
        let db = Db::open(url).await.unwrap();
        let sequencer = Sequencer::new(db.clone(), Tree::Keys, key.clone());
        Self { db, sequencer }
    }

    /// Stores so many records, numbered from `first`, while it tries a round of the sequencer. Gives those that it may
    /// acknowledge.
    async fn work(&mut self, first: u32, count: u32) -> Vec<u32> {
        let (kept, _) = tokio::join!(keep(&self.db, first..first + count), self.sequencer.round());
        kept
    }
}

/// A transaction each.
async fn keep(db: &Db, epochs: std::ops::Range<u32>) -> Vec<u32> {
    let mut kept = Vec::new();
    for epoch in epochs {
        let Ok(tx) = db.begin_write().await else { continue };
        let stored = accounts::insert_key_record(tx.conn(), ACCOUNT, epoch, &epoch.to_be_bytes(), 0).await;
        if stored.is_ok() && tx.commit().await.is_ok() {
            kept.push(epoch);
        }
    }
    kept
}

/// What may happen.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Each stores so many records at the same time, and tries to put what is there into the tree.
    Together([u32; REPLICAS]),
    /// The same, and after so many microseconds the database loses all their connections.
    Cut([u32; REPLICAS], u64),
    /// One takes the lease.
    Take(usize),
    /// One ends as if killed, and another begins in its place.
    Restart(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let counts = || prop::array::uniform3(0..10_u32);
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
    next: u32,
    acknowledged: BTreeSet<u32>,
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
        let key = log::load_key(&secrets, Tree::Keys, &origin, None).unwrap();
        let first = Replica::open(&url, &key).await;
        instance::load_or_create(&first.db, "Test").await.unwrap();
        let tx = first.db.begin_write().await.unwrap();
        accounts::insert(tx.conn(), nobody(ACCOUNT), Label::new(vec![9; 64]).unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        let mut replicas = vec![first];
        while replicas.len() < REPLICAS {
            replicas.push(Replica::open(&url, &key).await);
        }
        let outside = Database::connect(&address).await.unwrap();
        let (acknowledged, heads) = (BTreeSet::new(), Vec::new());
        Some(Self { _folder: folder, url, key, replicas, outside, next: 0, acknowledged, heads })
    }

    async fn together(&mut self, counts: [u32; REPLICAS], cut: Option<Duration>) {
        let first = self.next;
        self.next += counts.iter().sum::<u32>();
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

    /// Tiles, head and entries belong together; the tree has not become smaller.
    async fn check(&mut self) -> u64 {
        let size = log::check(&self.outside, Tree::Keys, &self.key.verifier()).await.unwrap();
        let compared = log::check_entries(&self.outside, Tree::Keys).await.unwrap();
        assert_eq!(compared, Compared { leaves: size, removed: 0 });
        assert!(self.heads.last().is_none_or(|before| before.size() <= size));
        if size > 0 {
            let key = self.key.verifier();
            let log = checkpoint::Log::new(key.name().as_str(), vec![key.clone()]);
            let head = head(&self.outside, Tree::Keys).await.unwrap().unwrap();
            self.heads.push(log.open(head.checkpoint.as_bytes()).unwrap().checkpoint);
        }
        size
    }

    /// Each acknowledged record once, none twice, at places without a gap; every head was one of the one tree.
    async fn settle(mut self) {
        let mut last = Replica::open(&self.url, &self.key).await;
        drain(&mut last.sequencer).await;
        let size = self.check().await;
        let entries = log_keys::from(&self.outside, 0, u64::MAX >> 1).await.unwrap();
        assert!(entries.iter().map(|(place, _)| *place).eq(0..size), "whatever was stored is in the tree");
        let leaf = |epoch: u32| KeyTreeLeaf::key(&ACCOUNT.0, epoch, &epoch.to_be_bytes()).to_bytes();
        let known: BTreeMap<Vec<u8>, u32> = (0..self.next).map(|epoch| (leaf(epoch), epoch)).collect();
        // The first binds the account's address.
        let records: Vec<u32> = entries[1..].iter().map(|(_, data)| known[data]).collect();
        let once: BTreeSet<u32> = records.iter().copied().collect();
        assert_eq!(once.len(), records.len(), "no record twice");
        assert!(self.acknowledged.is_subset(&once), "every acknowledged record");
        one_tree(entries.iter().map(|(_, data)| leaf_hash(data)), &self.heads);
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
fn any_servers_at_once_keep_one_tree_of_keys() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config =
        ProptestConfig { cases: 6, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..12))| {
        runtime.block_on(play(steps));
    });
}

/// Without anything going wrong nothing is lost: what each of them stored was acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_store_at_once_lose_no_key() {
    let Some(mut bench) = Bench::new().await else { return };
    for _ in 0..5 {
        bench.act(Step::Together([9, 2, 6])).await;
    }
    assert_eq!((bench.acknowledged.len(), bench.next), (85, 85));
    bench.settle().await;
}
