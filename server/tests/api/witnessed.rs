//! The server's log and the witnesses that it is configured with: what people are shown, and what it tells of the server.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use server::witnesses::Witness;
use tempfile::TempDir;
use tlog::{
    cosignature::{Cosigner, CosignerKey, Quorum, QuorumError},
    note::{KeyName, Note, VerifierKey},
};

use crate::{
    harness::{Server, copy_database},
    log::record,
    tree::Published,
    witness_harness::TestWitness,
    witnesses::liar,
};

/// A folder whose log has been published, and its key.
async fn published_once() -> (TempDir, VerifierKey) {
    let server = Server::start().await;
    record(&server, 10).await;
    let log = Published::of(&server.origin).await;
    log.reaching(11).await;
    let key = log.key().parse().unwrap();
    (server.stop().await, key)
}

async fn witnessed_by(folder: TempDir, witnesses: Vec<Witness>) -> Server {
    Server::start_in(folder, |config| config.witnesses = witnesses).await
}

fn configured(witness: &TestWitness) -> Witness {
    Witness::new(witness.key.clone(), &witness.url).unwrap()
}

async fn note(log: &Published) -> Note {
    Note::parse(&log.get("checkpoint").await.bytes().await.unwrap()).unwrap()
}

fn quorum(required: usize, keys: &[&CosignerKey]) -> Quorum {
    Quorum::new(required, keys.iter().map(|&key| key.clone()).collect()).unwrap()
}

/// Waits for a head that all of these cosigned.
async fn cosigned_by(log: &Published, keys: &[&CosignerKey]) -> Note {
    let begun = Instant::now();
    loop {
        let note = note(log).await;
        match quorum(keys.len(), keys).check(&note) {
            Ok(_) => return note,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Copies a folder with all below it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_head_that_is_shown_has_been_to_the_witnesses() {
    let (folder, key) = published_once().await;
    let (a, b) =
        (TestWitness::of("a.example/1", vec![key.clone()]).await, TestWitness::of("b.example/1", vec![key]).await);
    let server = witnessed_by(folder, vec![configured(&a), configured(&b)]).await;
    let log = Published::of(&server.origin).await;
    let mut size = log.checkpoint().await.size();
    assert!(size >= 11, "a start shows no older head than was seen before: {size}");
    for count in [1, 300, 50] {
        record(&server, count).await;
        size += count;
        let (checkpoint, waited) = log.reaching(size).await;
        println!("{count} events, cosigned by two: {waited:?}");
        let cosigned = quorum(2, &[&a.key, &b.key]).check(&note(&log).await).unwrap();
        assert!(cosigned.iter().all(|c| c.time > 1_700_000_000), "{cosigned:?}");
        assert!(checkpoint.size() >= size);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_witnesses_a_liar_neither_counts_nor_breaks_the_head() {
    let (folder, key) = published_once().await;
    let honest = TestWitness::of("honest.example/1", vec![key]).await;
    // It signs whatever it is asked to, but with a time that it doesn't sign.
    let lying = Cosigner::ed25519(KeyName::new("liar.example/1").unwrap(), &[9; 32]);
    let lying_key = lying.key();
    let liar = liar(lying_key.clone(), move |body| {
        let request = tlog::witness::AddCheckpoint::parse(&body).unwrap();
        let mut line = lying.cosign(request.checkpoint(), 1_800_000_000).unwrap();
        line.bytes[7] ^= 1;
        std::future::ready(line.to_string())
    })
    .await;
    let server = witnessed_by(folder, vec![liar, configured(&honest)]).await;
    let log = Published::of(&server.origin).await;
    let size = log.checkpoint().await.size();
    record(&server, 5).await;
    // Its false line would make every client refuse the note: `reaching` opens it as clients do.
    log.reaching(size + 5).await;
    let note = cosigned_by(&log, &[&honest.key]).await;
    assert_eq!(note.signatures().len(), 2);
    let both = quorum(2, &[&honest.key, &lying_key]).check(&note);
    assert_eq!(both, Err(QuorumError::TooFew { required: 2, found: 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_never_answers_delays_the_log_once() {
    let (folder, key) = published_once().await;
    let honest = TestWitness::of("honest.example/1", vec![key]).await;
    let silent = Cosigner::ed25519(KeyName::new("silent.example/1").unwrap(), &[8; 32]).key();
    let silent = liar(silent, |_| std::future::pending::<String>()).await;
    let begun = Instant::now();
    let server = witnessed_by(folder, vec![silent, configured(&honest)]).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "it is waited for once");
    let log = Published::of(&server.origin).await;
    for count in [1, 2, 3] {
        let size = log.checkpoint().await.size();
        record(&server, count).await;
        let (_, waited) = log.reaching(size + count).await;
        assert!(waited < Duration::from_secs(2), "it is left alone: {waited:?}");
        cosigned_by(&log, &[&honest.key]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_set_back_finds_no_witness() {
    let (folder, key) = published_once().await;
    let witness = TestWitness::of("w.example/1", vec![key]).await;
    let backup = tempfile::tempdir().unwrap();
    copy(folder.path(), backup.path());
    copy_database(folder.path(), backup.path()).await;

    let server = witnessed_by(folder, vec![configured(&witness)]).await;
    let log = Published::of(&server.origin).await;
    let size = log.checkpoint().await.size();
    record(&server, 20).await;
    log.reaching(size + 20).await;
    let before = cosigned_by(&log, &[&witness.key]).await;
    drop(server.stop().await);

    // Another history of the same length and more, signed with the log's own key.
    let forked = witnessed_by(backup, vec![configured(&witness)]).await;
    record(&forked, 40).await;
    let log = Published::of(&forked.origin).await;
    let (checkpoint, _) = log.reaching(size + 40).await;
    assert!(checkpoint.size() > before.text().parse::<tlog::checkpoint::Checkpoint>().unwrap().size());
    let refused = quorum(1, &[&witness.key]).check(&note(&log).await);
    assert_eq!(refused, Err(QuorumError::TooFew { required: 1, found: 0 }));
}
