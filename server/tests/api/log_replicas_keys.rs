//! The tree of keys of several servers on one PostgreSQL: whichever of them stores a key record, however they are cut off or begin
//! anew, and whoever puts leaves into the tree, it is one tree, which only grows and holds every acknowledged record once.

use std::{collections::BTreeMap, ops::Range};

use api_types::AccountId;
use sea_orm::DatabaseConnection;
use server::storage::{accounts, db::Db, key_records, log::Tree, log_keys};
use tlog::{
    leaf::{KeyTreeLeaf, Label},
    leaf_hash,
};

use crate::{
    log_sequencer::nobody,
    replica_bench::{Kept, Recorder, any_at_once, lose_nothing},
};

/// Whose records they are.
const ACCOUNT: AccountId = AccountId([7; 32]);

/// Stores key records, whose numbers are their epochs.
struct Keys(Db);

impl Recorder for Keys {
    const TREE: Tree = Tree::Keys;
    const LIMIT: u64 = 10;

    async fn prepare(db: &Db) {
        let tx = db.begin_write().await.unwrap();
        accounts::insert(tx.conn(), nobody(ACCOUNT), Label::new(vec![9; 64]).unwrap()).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn start(db: &Db) -> Self {
        Self(db.clone())
    }

    /// A transaction each.
    async fn record(&self, numbers: Range<u64>) -> Vec<u64> {
        let mut kept = Vec::new();
        for number in numbers {
            let Ok(tx) = self.0.begin_write().await else { continue };
            let epoch = epoch(number);
            let stored = key_records::insert(tx.conn(), ACCOUNT, epoch, &epoch.to_be_bytes(), 0).await;
            if stored.is_ok() && tx.commit().await.is_ok() {
                kept.push(number);
            }
        }
        kept
    }

    /// At places without a gap.
    async fn kept(outside: &DatabaseConnection, end: u64) -> Kept {
        let entries = log_keys::from(outside, 0, u64::MAX >> 1).await.unwrap();
        assert!(entries.iter().map(|(place, _)| *place).eq(0..entries.len() as u64), "a gap");
        let known: BTreeMap<Vec<u8>, u64> = (0..end).map(|number| (leaf(epoch(number)), number)).collect();
        // The first binds the account's address.
        let numbers = entries[1..].iter().map(|(_, data)| known[data]).collect();
        Kept { numbers, leaves: entries.iter().map(|(_, data)| leaf_hash(data)).collect() }
    }
}

fn epoch(number: u64) -> u32 {
    u32::try_from(number).unwrap()
}

fn leaf(epoch: u32) -> Vec<u8> {
    KeyTreeLeaf::key(&ACCOUNT.0, epoch, &epoch.to_be_bytes()).to_bytes()
}

#[test]
fn any_servers_at_once_keep_one_tree_of_keys() {
    any_at_once::<Keys>(6, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_store_at_once_lose_no_key() {
    lose_nothing::<Keys>(5, [9, 2, 6]).await;
}
