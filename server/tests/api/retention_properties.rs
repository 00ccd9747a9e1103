//! Whatever is recorded, when, and whenever old events are removed or a removal is cut off: of each report the newest old event
//! stays, nothing young or outside of the tree goes, and the tree is the tree.

use std::collections::BTreeMap;

use api_types::{ReportId, audit::Action};
use entities::audit_events::Model;
use proptest::prelude::*;
use server::{
    audit::EventDraft,
    clock::DAY,
    config::Origin,
    log::{self, Round, Sequencer},
    secrets::SecretsDir,
    storage::{
        db::Db,
        log::{Tree, head},
        log_events,
        retention::Batch,
    },
};
use tempfile::TempDir;
use tlog::note::SigningKey;

use crate::harness::database;

/// How long events are kept here.
const KEPT: i64 = 30 * DAY;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// So many events, of one of three reports or of none.
    Record(u8, u64),
    /// Days go by.
    Wait(i64),
    /// The sequencer makes a round.
    Sequence,
    /// A batch of so many old events is removed.
    Remove(u64),
    /// The server dies before that is committed.
    CutOff(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8, 1..20_u64).prop_map(|(report, count)| Step::Record(report, count)),
        3 => (1..25_i64).prop_map(Step::Wait),
        3 => Just(Step::Sequence),
        4 => (1..30_u64).prop_map(Step::Remove),
        1 => (1..30_u64).prop_map(Step::CutOff),
    ]
}

struct Bench {
    db: Db,
    key: SigningKey,
    sequencer: Sequencer,
    /// Everything that was ever recorded.
    recorded: Vec<Model>,
    /// The latest time before which events were old enough.
    limit: i64,
    _folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&database(folder.path()).await).await.unwrap();
        server::storage::instance::load_or_create(&db, "Test").await.unwrap();
        let secrets = SecretsDir::open(folder.path(), true).unwrap();
        let origin = Origin::parse("https://log.example").unwrap();
        let key = log::load_key(&secrets, Tree::Events, &origin, None).unwrap();
        let mut sequencer = Sequencer::new(db.clone(), Tree::Events, key.clone());
        sequencer.take().await.unwrap();
        Self { db, key, sequencer, recorded: Vec::new(), limit: i64::MIN, _folder: folder }
    }

    async fn leaves(&self) -> u64 {
        head(self.db.read(), Tree::Events).await.unwrap().map_or(0, |head| head.size)
    }

    async fn play(&mut self, step: Step) {
        match step {
            Step::Record(report, count) => {
                let mut tx = self.db.begin_write().await.unwrap();
                for n in 0..count {
                    let draft = EventDraft::anonymous(Action::System).with("n", n);
                    let draft = if report == 0 { draft } else { draft.on(ReportId([report; 32])) };
                    tx.record(draft).await.unwrap();
                }
                tx.commit().await.unwrap();
            }
            Step::Wait(days) => self.db.clock().advance(days * DAY),
            Step::Sequence => drop(self.sequencer.round().await.unwrap()),
            Step::Remove(most) => self.remove(most, true).await,
            Step::CutOff(most) => self.remove(most, false).await,
        }
        self.remember().await;
    }

    async fn remove(&mut self, most: u64, whole: bool) {
        let limit = self.db.clock().now() - KEPT;
        let leaves = self.leaves().await;
        let mut tx = self.db.begin_write().await.unwrap();
        let batch = Batch::next(tx.conn(), leaves, limit, most).await.unwrap();
        if !batch.is_due() {
            return;
        }
        let event = batch.remove(tx.conn()).await.unwrap();
        tx.record(event).await.unwrap();
        if whole {
            tx.commit().await.unwrap();
            self.limit = limit;
        }
    }

    async fn stored(&self) -> Vec<Model> {
        log_events::from(self.db.read(), 0, 100_000).await.unwrap()
    }

    async fn remember(&mut self) {
        let known = self.recorded.len() as i64;
        self.recorded.extend(self.stored().await.into_iter().filter(|row| row.seq >= known));
        assert!(self.recorded.iter().enumerate().all(|(seq, row)| row.seq == seq as i64), "none is left out");
    }

    async fn check(&self) {
        let stored: BTreeMap<i64, Model> = self.stored().await.into_iter().map(|row| (row.seq, row)).collect();
        let leaves = self.leaves().await;
        let mut oldest: BTreeMap<&[u8], &Model> = BTreeMap::new();
        let mut gone: BTreeMap<&[u8], i64> = BTreeMap::new();
        for row in &self.recorded {
            match stored.get(&row.seq) {
                Some(left) => {
                    let (hash, salt) = (&left.hash, row.salt.is_none() || left.salt == row.salt);
                    assert!(*hash == row.hash && salt && (left.chain.is_empty() || left.chain == row.chain));
                    if let Some(report) = &row.report_id {
                        oldest.entry(report).or_insert(left);
                    }
                }
                None => {
                    assert!(row.time < self.limit, "{} is young", row.seq);
                    assert!((row.seq as u64) < leaves, "{} is in no tree", row.seq);
                    if let Some(report) = &row.report_id {
                        assert!(!oldest.contains_key(&report[..]), "only a report's oldest go");
                        gone.insert(report, row.seq);
                    }
                }
            }
        }
        for report in gone.keys() {
            assert!(oldest[report].time < self.limit, "one that is old itself stays of each report");
        }
        let missing = (self.recorded.len() - stored.len()) as u64;
        log::check(self.db.read(), Tree::Events, &tlog::note::SigningKey::verifier(&self.key)).await.unwrap();
        let compared = log::check_entries(self.db.read(), Tree::Events).await.unwrap();
        assert_eq!((compared.leaves, compared.removed), (leaves, missing));
    }
}

async fn play(steps: Vec<Step>) {
    let mut bench = Bench::new().await;
    for step in steps {
        bench.play(step).await;
        bench.check().await;
    }
    // In the end everything old has gone, in however many batches, but one of each report.
    while bench.sequencer.round().await.unwrap() != Round::Idle {}
    bench.play(Step::Wait(365)).await;
    bench.play(Step::Remove(1_000_000)).await;
    bench.check().await;
    let left = bench.stored().await;
    let of_none = left.iter().filter(|row| row.report_id.is_none()).count();
    let reports: std::collections::BTreeSet<_> = left.iter().filter_map(|row| row.report_id.clone()).collect();
    assert_eq!(left.len(), of_none + reports.len());
    assert!(of_none <= 1, "the removal itself");
}

#[test]
fn any_removals_keep_the_newest_old_event_and_the_tree() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config =
        ProptestConfig { cases: 40, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..40))| {
        runtime.block_on(play(steps));
    });
}
