//! The server's log and the witnesses that it is configured with: what people are shown, and what it tells of the server.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use server::{storage::log_events, witnesses::Witness};
use tempfile::TempDir;
use tlog::{
    cosignature::{Cosigner, CosignerKey, Quorum, QuorumError},
    note::{KeyName, Note, VerifierKey},
};

use crate::{
    harness::{Server, copy_database},
    log::{record, until_proved},
    person::{Person, founder},
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

/// What a witness does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Silent,
    Failing,
    Cosigning,
}

/// A witness that has moods, and counts how often it was asked about events.
struct Moody {
    witness: Witness,
    key: CosignerKey,
    state: Arc<Mutex<(Mood, u64)>>,
}

impl Moody {
    async fn silent() -> Self {
        let by = Cosigner::ed25519(KeyName::new("moody.example/1").unwrap(), &[7; 32]);
        let (key, state) = (by.key(), Arc::new(Mutex::new((Mood::Silent, 0))));
        let its = Arc::clone(&state);
        let witness = liar(key.clone(), move |body| {
            let request = tlog::witness::AddCheckpoint::parse(&body).unwrap();
            if request.checkpoint().origin().ends_with("/log/events") {
                its.lock().unwrap().1 += 1;
            }
            let line = by.cosign(request.checkpoint(), 1_800_000_000).unwrap().to_string();
            answer(Arc::clone(&its), line)
        })
        .await;
        Self { witness, key, state }
    }

    fn is(&self, mood: Mood) {
        self.state.lock().unwrap().0 = mood;
    }

    fn asked(&self) -> u64 {
        self.state.lock().unwrap().1
    }
}

async fn answer(state: Arc<Mutex<(Mood, u64)>>, line: String) -> Result<String, StatusCode> {
    loop {
        let mood = state.lock().unwrap().0;
        match mood {
            Mood::Silent => tokio::time::sleep(Duration::from_millis(10)).await,
            Mood::Failing => return Err(StatusCode::SERVICE_UNAVAILABLE),
            Mood::Cosigning => return Ok(line),
        }
    }
}

/// Of several events, each has its proof within a second, under a head that this witness cosigned.
async fn proved_within_a_second(server: &Server, ada: &Person, witness: &CosignerKey, when: &str) {
    proved_within(&[Duration::from_secs(1); 5], server, ada, witness, when).await;
}

/// The same, each within its time.
async fn proved_within(most: &[Duration; 5], server: &Server, ada: &Person, witness: &CosignerKey, when: &str) {
    let log = Published::of(&server.origin).await;
    let mut tries = Vec::new();
    for count in [1, 1, 61, 1, 241] {
        tries.push(until_proved(server, &log, ada, count).await);
        quorum(1, &[witness]).check(&note(&log).await).unwrap();
    }
    println!("{when}: {tries:?}");
    assert!(tries.iter().zip(most).all(|(took, most)| took < most), "{when}: {tries:?}");
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

/// It runs alone (`.config/nextest.toml`), and the slowest counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_there_within_a_second_whatever_one_of_two_witnesses_does() {
    let (folder, key) = published_once().await;
    let (honest, moody) = (TestWitness::of("honest.example/1", vec![key]).await, Moody::silent().await);
    let witnesses = vec![moody.witness.clone(), configured(&honest)];
    let server = Server::start_in(folder, |config| {
        config.witnesses = witnesses;
        config.address_factor = 100;
    })
    .await;
    let ada = founder(&server).await;
    let log = Published::of(&server.origin).await;
    proved_within_a_second(&server, &ada, &honest.key, "while it is asked").await;
    let asked = moody.asked();
    assert_eq!(asked, 1, "one request at a time");

    moody.is(Mood::Failing);
    tokio::time::sleep(Duration::from_millis(300)).await;
    moody.is(Mood::Silent);
    proved_within_a_second(&server, &ada, &honest.key, "while it is left alone").await;
    assert_eq!(moody.asked(), asked);

    server.state.clock.advance(31_000);
    let begun = Instant::now();
    while moody.asked() == asked {
        assert!(begun.elapsed() < Duration::from_secs(5), "it is asked again after its rest");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    proved_within_a_second(&server, &ada, &honest.key, "while it is asked again").await;

    moody.is(Mood::Cosigning);
    for _ in 0..3 {
        cosigned_by(&log, &[&honest.key, &moody.key]).await;
        until_proved(&server, &log, &ada, 1).await;
    }
    moody.is(Mood::Silent);
    // The first head after that waits for it once.
    let mut most = [Duration::from_secs(1); 5];
    most[0] = Duration::from_millis(1_500);
    proved_within(&most, &server, &ada, &honest.key, "after it fell silent").await;
    drop(server.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_comes_back_is_taken_up_again() {
    let (folder, key) = published_once().await;
    let (honest, moody) = (TestWitness::of("honest.example/1", vec![key]).await, Moody::silent().await);
    let server = witnessed_by(folder, vec![moody.witness.clone(), configured(&honest)]).await;
    let log = Published::of(&server.origin).await;
    let both = [&honest.key, &moody.key];
    // The start is an event too. From then on the head moves with this test alone.
    let size = log_events::count(server.state.db.read()).await.unwrap();
    log.reaching(size).await;
    moody.is(Mood::Cosigning);
    cosigned_by(&log, &both).await;

    // What it says late goes under the head that is shown.
    moody.is(Mood::Silent);
    record(&server, 5).await;
    let (shown, _) = log.reaching(size + 5).await;
    quorum(1, &[&honest.key]).check(&note(&log).await).unwrap();
    assert!(quorum(2, &both).check(&note(&log).await).is_err());
    let asked = moody.asked();
    moody.is(Mood::Cosigning);
    let late = cosigned_by(&log, &both).await;
    assert_eq!((late.text(), moody.asked()), (shown.to_string().as_str(), asked));

    // What it says late of a head that isn't the newest any more is of no use: it is asked about that one at once.
    moody.is(Mood::Silent);
    record(&server, 5).await;
    log.reaching(size + 10).await;
    record(&server, 5).await;
    log.reaching(size + 15).await;
    assert_eq!(moody.asked(), asked + 1, "one request at a time");
    moody.is(Mood::Cosigning);
    cosigned_by(&log, &both).await;
    assert_eq!(moody.asked(), asked + 2);

    // It was quick: from now on heads come with it at once.
    for more in 16..20 {
        record(&server, 1).await;
        log.reaching(size + more).await;
        quorum(2, &both).check(&note(&log).await).unwrap();
    }

    // One that failed is asked after its rest.
    moody.is(Mood::Failing);
    record(&server, 1).await;
    log.reaching(size + 20).await;
    moody.is(Mood::Cosigning);
    record(&server, 1).await;
    log.reaching(size + 21).await;
    assert!(quorum(2, &both).check(&note(&log).await).is_err(), "it is left alone");
    server.state.clock.advance(31_000);
    cosigned_by(&log, &both).await;
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
