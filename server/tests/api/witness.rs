//! `healthsecure witness` over HTTP: every status of c2sp.org/tlog-witness, “add-checkpoint”, and what it never signs.

use std::collections::BTreeMap;

use server::witness::record::origin_hash;
use tlog::{
    Hash,
    checkpoint::{Checkpoint, Log},
    cosignature::Quorum,
    merkle::ConsistencyProof,
    note::{KeyName, Note, SigningKey, signature_lines},
    witness::{AddCheckpoint, MAX_REQUEST},
};

use crate::{
    growing_log::GrowingLog,
    witness_harness::{Said, TestWitness},
};

const ORIGIN: &str = "log.example/events";

/// Asserts a 200 whose lines are the witness's over this checkpoint.
#[track_caller]
fn assert_cosigned(witness: &TestWitness, said: &Said, checkpoint: &Note) {
    assert_eq!((said.status, said.content_type.as_str()), (200, "text/plain; charset=utf-8"), "{said:?}");
    let mut note = checkpoint.clone();
    for line in signature_lines(said.body.as_bytes()).unwrap() {
        note.add(line).unwrap();
    }
    let cosigned = Quorum::new(1, vec![witness.key.clone()]).unwrap().check(&note).unwrap();
    assert!(cosigned[0].time > 1_700_000_000, "{cosigned:?}");
}

#[tokio::test]
async fn it_follows_a_log_that_only_grows() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    for (old, new) in [(0, 0), (0, 5), (5, 5), (5, 8), (8, 64), (64, 100)] {
        let said = witness.add(log.request(old, new)).await;
        assert_cosigned(&witness, &said, &log.checkpoint(new));
        assert_eq!(witness.size(&log).await, new);
    }
    assert_eq!(witness.get("/healthz").await.body, "ok");
}

#[tokio::test]
async fn a_request_of_a_wrong_form_is_400() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    witness.add(log.request(0, 5)).await;
    let good = log.request(5, 8);
    let many = format!("{}\n", Hash([0; 32])).repeat(64);
    let smaller = format!("old 9\n\n{}", log.checkpoint(8));
    for wrong in [
        String::new(),
        "old 5\n".into(),
        good.replacen("old 5", "old 05", 1),
        good.replacen("old 5", "old -5", 1),
        good.replacen("old 5", "5", 1),
        good.replacen("old 5\n", "old 5\nnot a hash\n", 1),
        good.replacen("old 5\n", &format!("old 5\n{many}"), 1),
        good.trim_end().into(),
        smaller,
    ] {
        let said = witness.add(wrong.clone()).await;
        assert_eq!((said.status, said.content_type.as_str()), (400, "text/plain; charset=utf-8"), "{wrong} {said:?}");
    }
    assert_eq!(witness.add(vec![0xff; 100]).await.status, 400);
    assert_eq!(witness.size(&log).await, 5);
}

#[tokio::test]
async fn what_the_log_did_not_sign_is_403() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    let stranger = SigningKey::from_seed(KeyName::new(ORIGIN).unwrap(), &[8; 32]);
    let by_stranger = log.head(5).sign(&stranger).unwrap();
    let said = witness.add(format!("old 0\n\n{by_stranger}")).await;
    assert_eq!((said.status, said.body.as_str()), (403, "no known key signed the note\n"));
    // A line that names the log's key and is not its signature.
    let other_text = log.request(0, 5).replacen(&log.head(5).root().to_string(), &Hash([9; 32]).to_string(), 1);
    assert_eq!(witness.add(other_text).await.status, 403);
    // A stranger's line beside the log's is ignored.
    let mut both = by_stranger;
    log.key.sign(&mut both).unwrap();
    assert_cosigned(&witness, &witness.add(format!("old 0\n\n{both}")).await, &both);
}

#[tokio::test]
async fn a_log_that_it_does_not_follow_is_404() {
    let (log, other) = (GrowingLog::new(ORIGIN), GrowingLog::new("other.example"));
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    let said = witness.add(other.request(0, 5)).await;
    assert_eq!((said.status, said.body.as_str()), (404, "the log other.example is not known here\n"));
    // The followed log's key under another origin doesn't make that origin known.
    let renamed = Checkpoint::new("other.example", 5, *log.head(5).root()).unwrap().sign(&log.key).unwrap();
    assert_eq!(witness.add(format!("old 0\n\n{renamed}")).await.status, 404);
}

#[tokio::test]
async fn another_old_size_is_409_with_the_size_it_has() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    let conflict = |size: u64| Said { status: 409, content_type: "text/x.tlog.size".into(), body: format!("{size}\n") };
    assert_eq!(witness.add(log.request(3, 5)).await, conflict(0));
    witness.add(log.request(0, 8)).await;
    for old in [0, 3, 9] {
        assert_eq!(witness.add(log.request(old, 20)).await, conflict(8), "{old}");
    }
    // A rollback, from whatever size.
    assert_eq!(witness.add(log.request(0, 5)).await, conflict(8));
    assert_eq!(witness.add(log.request(5, 5)).await, conflict(8));
    assert_eq!(witness.size(&log).await, 8);
}

#[tokio::test]
async fn a_fork_that_the_log_signed_is_422_and_changes_nothing() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    witness.add(log.request(0, 8)).await;
    let file = witness.data().join("logs").join(origin_hash(ORIGIN));
    let before = std::fs::read(&file).unwrap();
    let fork = log.forked_at(6);
    let same_size = witness.add(fork.request(8, 8)).await;
    assert_eq!((same_size.status, same_size.body.as_str()), (422, "two trees of 8 leaves have different roots\n"));
    assert_eq!(witness.add(fork.request(8, 12)).await.status, 422);
    // The same old size with the proof of the true log.
    let borrowed = AddCheckpoint::new(8, log.prove(8, 12), fork.checkpoint(12)).unwrap();
    assert_eq!(witness.add(borrowed.to_string()).await.status, 422);
    // A fork begun below what was cosigned asks from there: that is another size.
    assert_eq!(witness.add(fork.request(0, 8)).await.status, 409);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_cosigned(&witness, &witness.add(log.request(8, 12)).await, &log.checkpoint(12));
}

#[tokio::test]
async fn what_proves_nothing_is_422() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    let hash = ConsistencyProof(vec![Hash([1; 32])]);
    let from_nothing = AddCheckpoint::new(0, hash.clone(), log.checkpoint(5)).unwrap();
    assert_eq!(witness.add(from_nothing.to_string()).await.status, 422);
    let not_empty = Checkpoint::new(ORIGIN, 0, Hash([1; 32])).unwrap().sign(&log.key).unwrap();
    assert_eq!(witness.add(format!("old 0\n\n{not_empty}")).await.status, 422);
    witness.add(log.request(0, 5)).await;
    for proof in [ConsistencyProof::default(), hash.clone()] {
        let wrong = AddCheckpoint::new(5, proof, log.checkpoint(8)).unwrap();
        assert_eq!(witness.add(wrong.to_string()).await.status, 422);
    }
    let needless = AddCheckpoint::new(5, hash, log.checkpoint(5)).unwrap();
    assert_eq!(witness.add(needless.to_string()).await.status, 422);
    assert_eq!(witness.size(&log).await, 5);
}

#[tokio::test]
async fn a_body_above_the_limit_is_not_read() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    assert_eq!(witness.add(vec![b'a'; MAX_REQUEST]).await.status, 400);
    let response = reqwest::Client::new().post(format!("{}/add-checkpoint", witness.url));
    // It may answer, or hang up on who goes on sending.
    if let Ok(response) = response.body(vec![b'a'; MAX_REQUEST + 1]).send().await {
        assert_eq!(response.status(), 413);
    }
    assert_eq!(witness.get("/add-checkpoint").await.status, 405);
    assert_cosigned(&witness, &witness.add(log.request(0, 5)).await, &log.checkpoint(5));
}

#[tokio::test]
async fn monitors_read_what_it_last_cosigned() {
    let (log, other) = (GrowingLog::new(ORIGIN), GrowingLog::new("other.example"));
    let witness = TestWitness::start("w.example/1", &[&log, &other]).await;
    let path = format!("/{}/checkpoint", origin_hash(ORIGIN));
    assert_eq!(witness.get(&path).await.status, 404);
    assert_eq!(witness.get(&format!("/{}/checkpoint", origin_hash("unknown.example"))).await.status, 404);
    let mut checkpoint = log.checkpoint(5);
    let stranger = SigningKey::from_seed(KeyName::new("stranger.example").unwrap(), &[8; 32]);
    stranger.sign(&mut checkpoint).unwrap();
    let lines = witness.add(format!("old 0\n\n{checkpoint}")).await.body;
    let published = witness.get(&path).await;
    assert_eq!((published.status, published.content_type.as_str()), (200, "text/plain; charset=utf-8"));
    assert_eq!(published.body, format!("{}{lines}", log.checkpoint(5)), "the log's line and the witness's, no other");
    Log::new(ORIGIN, vec![log.key.verifier()]).open(published.body.as_bytes()).unwrap();
    assert_eq!(witness.get(&format!("/{}/checkpoint", origin_hash("other.example"))).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_at_once_one_tree_comes_out() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    witness.add(log.request(0, 8)).await;
    // Sixteen histories of one size, all signed by the log, and the true one going on.
    let forks: Vec<GrowingLog> = (8..24).map(|leaf| log.forked_at(leaf)).collect();
    let said = futures::future::join_all(forks.iter().map(|fork| witness.add(fork.request(8, 30)))).await;
    let statuses = said.iter().fold(BTreeMap::new(), |mut counts, said| {
        *counts.entry(said.status).or_insert(0) += 1;
        counts
    });
    assert_eq!(statuses, BTreeMap::from([(200, 1), (409, 15)]));
    let winner = said.iter().position(|said| said.status == 200).unwrap();
    assert_cosigned(&witness, &said[winner], &forks[winner].checkpoint(30));
    for (n, fork) in forks.iter().enumerate() {
        let expected = if n == winner { 200 } else { 422 };
        assert_eq!(witness.add(fork.request(30, 30)).await.status, expected);
    }
}

#[tokio::test]
async fn logs_do_not_wait_for_one_another_nor_mix() {
    let (log, other) = (GrowingLog::new(ORIGIN), GrowingLog::new("other.example"));
    let witness = TestWitness::start("w.example/1", &[&log, &other]).await;
    witness.add(log.request(0, 8)).await;
    assert_cosigned(&witness, &witness.add(other.request(0, 3)).await, &other.checkpoint(3));
    assert_eq!((witness.size(&log).await, witness.size(&other).await), (8, 3));
}

#[tokio::test]
async fn a_restart_keeps_key_and_state() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    witness.add(log.request(0, 8)).await;
    let key = witness.key.clone();
    let witness = TestWitness::start_in(witness.stop().await, "w.example/1", &[&log]).await;
    assert_eq!(witness.key, key);
    assert_eq!(witness.size(&log).await, 8);
    assert_eq!(witness.add(log.forked_at(3).request(8, 8)).await.status, 422);
}

#[tokio::test]
async fn nothing_is_signed_that_can_not_be_stored() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("w.example/1", &[&log]).await;
    witness.add(log.request(0, 5)).await;
    let (there, away) = (witness.data().join("logs"), witness.data().join("away"));
    std::fs::rename(&there, &away).unwrap();
    let said = witness.add(log.request(5, 8)).await;
    assert_eq!((said.status, said.body.as_str()), (500, "the witness failed\n"));
    std::fs::rename(&away, &there).unwrap();
    assert_eq!(witness.size(&log).await, 5);
    assert_cosigned(&witness, &witness.add(log.request(5, 8)).await, &log.checkpoint(8));
}
