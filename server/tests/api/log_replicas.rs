//! Several servers on one PostgreSQL: whatever they record at the same time, however they are cut off or begin anew, and whoever of
//! them puts leaves into the tree, it is one tree, which only grows and holds every acknowledged event once; and each report's own
//! chain has no gap and no fork.

use std::{collections::BTreeMap, ops::Range};

use api_types::{ReportId, audit::Action};
use entities::audit_events::Model;
use sea_orm::DatabaseConnection;
use server::{
    audit::{Audit, EventDraft},
    log,
    storage::{db::Db, log::Tree, log_events},
};

use crate::replica_bench::{Kept, Recorder, any_at_once, lose_nothing};

const REPORTS: u64 = 3;

/// A recorder of events, with what it remembers of the chains.
struct Events(Audit);

impl Recorder for Events {
    const TREE: Tree = Tree::Events;
    const LIMIT: u64 = 60;

    async fn prepare(_: &Db) {}

    fn start(db: &Db) -> Self {
        Self(Audit::start(db.clone()))
    }

    async fn record(&self, numbers: Range<u64>) -> Vec<u64> {
        let drafts = numbers.clone().map(draft).collect();
        if self.0.record_all(drafts).await.is_ok() { numbers.collect() } else { Vec::new() }
    }

    /// Each report's chain is whole besides.
    async fn kept(outside: &DatabaseConnection, _: u64) -> Kept {
        let events = log_events::from(outside, 0, u64::MAX >> 1).await.unwrap();
        report_chains(&events);
        let leaf = |event| log::opening(event).unwrap().unwrap().commitment().leaf_hash();
        Kept { numbers: events.iter().map(number).collect(), leaves: events.iter().map(leaf).collect() }
    }
}

fn draft(n: u64) -> EventDraft {
    let draft = EventDraft::anonymous(Action::System).with("n", n);
    if n.is_multiple_of(2) { draft } else { draft.on(ReportId([(n % REPORTS) as u8; 32])) }
}

/// The number of an event.
fn number(event: &Model) -> u64 {
    event.subject.strip_prefix("n=").unwrap().parse().unwrap()
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

#[test]
fn any_servers_at_once_keep_one_tree() {
    any_at_once::<Events>(10, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_record_at_once_lose_nothing() {
    lose_nothing::<Events>(10, [40, 7, 25]).await;
}
