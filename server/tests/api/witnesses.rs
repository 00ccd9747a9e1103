//! What a log gathers from its witnesses, honest and lying.

use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, http::StatusCode, response::IntoResponse, routing::post};
use server::witnesses::{Gathered, MAX_ANSWER, Witness, WitnessFailure, Witnesses};
use tlog::{
    cosignature::{Cosigner, CosignerKey, Quorum, QuorumError},
    merkle::ConsistencyProof,
    note::{KeyName, Note, OpenError, SignatureError},
    witness::AddCheckpoint,
};

use crate::{growing_log::GrowingLog, witness_harness::TestWitness};

const ORIGIN: &str = "log.example/events";

fn cosigner(name: &str, seed: u8) -> Cosigner {
    Cosigner::ed25519(KeyName::new(name).unwrap(), &[seed; 32])
}

/// A witness that answers whatever `answer` makes of the body.
pub async fn liar<F, R>(key: CosignerKey, answer: impl Fn(Bytes) -> F + Clone + Send + Sync + 'static) -> Witness
where
    F: Future<Output = R> + Send + 'static,
    R: IntoResponse + 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/add-checkpoint", post(move |body: Bytes| answer(body)));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Witness::new(key, &url).unwrap()
}

/// A conflict that names this size.
fn has(size: u64) -> impl IntoResponse {
    (StatusCode::CONFLICT, [("content-type", "text/x.tlog.size")], format!("{size}\n"))
}

fn honest(witness: &TestWitness) -> Witness {
    Witness::new(witness.key.clone(), &witness.url).unwrap()
}

/// Gathers cosignatures of a checkpoint of this size.
async fn gather(log: &GrowingLog, size: u64, witnesses: &Witnesses) -> Gathered {
    let prove = |old| std::future::ready(Ok::<ConsistencyProof, Infallible>(log.prove(old, size)));
    witnesses.cosign(&log.checkpoint(size), prove).await.unwrap()
}

/// One honest witness and this liar: what the liar's failure is, having checked that nothing of it counts.
async fn beside_an_honest_one(liar: Witness) -> WitnessFailure {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("honest.example/1", &[&log]).await;
    let keys = vec![witness.key.clone(), liar.key().clone()];
    let witnesses = Witnesses::new(vec![liar.clone(), honest(&witness)]).unwrap();
    let gathered = gather(&log, 10, &witnesses.with_timeout(Duration::from_secs(2))).await;
    assert_eq!(gathered.note.signatures().len(), 2, "the log's line and the honest witness's");
    assert_eq!(gathered.cosigned.len(), 1);
    let one_of_two = Quorum::new(1, keys.clone()).unwrap().check(&gathered.note).unwrap();
    assert_eq!(one_of_two, gathered.cosigned);
    let both = Quorum::new(2, keys).unwrap().check(&gathered.note);
    assert_eq!(both, Err(QuorumError::TooFew { required: 2, found: 1 }));
    let [(name, failure)] = gathered.failed.try_into().unwrap();
    assert_eq!(name, *liar.name());
    failure
}

#[tokio::test]
async fn two_honest_witnesses_make_a_quorum_of_two() {
    let log = GrowingLog::new(ORIGIN);
    let (a, b) = (TestWitness::start("a.example/1", &[&log]).await, TestWitness::start("b.example/1", &[&log]).await);
    let witnesses = Witnesses::new(vec![honest(&a), honest(&b)]).unwrap();
    for size in [5, 5, 8, 100] {
        let gathered = gather(&log, size, &witnesses).await;
        assert!(gathered.failed.is_empty(), "{:?}", gathered.failed);
        let quorum = Quorum::new(2, vec![a.key.clone(), b.key.clone()]).unwrap();
        assert_eq!(quorum.check(&gathered.note).unwrap(), gathered.cosigned);
        let opened = tlog::checkpoint::Log::new(ORIGIN, vec![log.key.verifier()]);
        opened.open(gathered.note.to_string().as_bytes()).unwrap();
    }
}

#[tokio::test]
async fn a_size_that_is_not_remembered_is_asked_for_once() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("a.example/1", &[&log]).await;
    witness.add(log.request(0, 5)).await;
    let witnesses = Witnesses::new(vec![honest(&witness)]).unwrap();
    let proved = Mutex::new(Vec::new());
    for size in [8, 12] {
        let prove = |old| {
            proved.lock().unwrap().push((old, size));
            std::future::ready(Ok::<_, Infallible>(log.prove(old, size)))
        };
        let gathered = witnesses.cosign(&log.checkpoint(size), prove).await.unwrap();
        assert_eq!(gathered.cosigned.len(), 1, "{:?}", gathered.failed);
    }
    assert_eq!(*proved.lock().unwrap(), [(0, 8), (5, 8), (8, 12)]);
}

#[tokio::test]
async fn a_signature_by_another_key_does_not_count() {
    let key = cosigner("liar.example/1", 1).key();
    let cosign = |by: Cosigner| {
        move |body: Bytes| {
            let request = AddCheckpoint::parse(&body).unwrap();
            let line = by.cosign(request.checkpoint(), 1_800_000_000).unwrap().to_string();
            async move { line }
        }
    };
    let another_key = liar(key.clone(), cosign(cosigner("liar.example/1", 2))).await;
    assert_eq!(beside_an_honest_one(another_key).await, WitnessFailure::NoLine);
    // Under the id of the key it should have.
    let (id, forger) = (tlog::note::Verifier::id(&key), cosigner("liar.example/1", 2));
    let forged = move |body: Bytes| {
        let request = AddCheckpoint::parse(&body).unwrap();
        let mut line = forger.cosign(request.checkpoint(), 1_800_000_000).unwrap();
        line.id = id;
        async move { line.to_string() }
    };
    let failure = beside_an_honest_one(liar(key.clone(), forged).await).await;
    assert_eq!(failure, WitnessFailure::False(SignatureError::BadSignature));
    // The right key, over another checkpoint: added to the note, it would make the quorum refuse it whole.
    let own = cosigner("liar.example/1", 1);
    let line = own.cosign(&GrowingLog::new(ORIGIN).head(9), 1_800_000_000).unwrap();
    let mut poisoned: Note = GrowingLog::new(ORIGIN).checkpoint(10);
    poisoned.add(line.clone()).unwrap();
    let refused = Quorum::new(0, vec![key.clone()]).unwrap().check(&poisoned);
    assert!(matches!(refused, Err(QuorumError::Open(OpenError::BadSignature { .. }))));
    let other_size = liar(key, move |_| std::future::ready(line.to_string())).await;
    let failure = beside_an_honest_one(other_size).await;
    assert_eq!(failure, WitnessFailure::False(SignatureError::BadSignature));
}

#[tokio::test]
async fn garbage_does_not_count() {
    let key = || cosigner("liar.example/1", 1).key();
    let garbage = liar(key(), |_| async { "these are no signature lines" }).await;
    assert_eq!(beside_an_honest_one(garbage).await, WitnessFailure::Malformed);
    let binary = liar(key(), |_| async { vec![0xff; 100] }).await;
    assert_eq!(beside_an_honest_one(binary).await, WitnessFailure::Malformed);
    let endless = liar(key(), |_| async { vec![b'a'; MAX_ANSWER + 1] }).await;
    assert_eq!(beside_an_honest_one(endless).await, WitnessFailure::TooLong);
    let teapot = liar(key(), |_| async { (StatusCode::IM_A_TEAPOT, "no") }).await;
    assert_eq!(beside_an_honest_one(teapot).await, WitnessFailure::Status(418));
    let elsewhere = liar(key(), |_| async { (StatusCode::TEMPORARY_REDIRECT, [("location", "/")], "") }).await;
    assert_eq!(beside_an_honest_one(elsewhere).await, WitnessFailure::Status(307));
    let untyped = liar(key(), |_| async { (StatusCode::CONFLICT, "5\n") }).await;
    assert_eq!(beside_an_honest_one(untyped).await, WitnessFailure::Status(409));
    let refused = liar(key(), |_| async { (StatusCode::UNPROCESSABLE_ENTITY, "forked") }).await;
    assert_eq!(beside_an_honest_one(refused).await, WitnessFailure::Inconsistent);
}

#[tokio::test]
async fn who_never_answers_holds_nobody_up() {
    let key = || cosigner("liar.example/1", 1).key();
    let silent = liar(key(), |_| std::future::pending::<&str>()).await;
    assert_eq!(beside_an_honest_one(silent).await, WitnessFailure::TimedOut);
    let nobody = Witness::new(key(), "http://127.0.0.1:1").unwrap();
    assert!(matches!(beside_an_honest_one(nobody).await, WitnessFailure::Unreachable(_)));
}

#[tokio::test]
async fn a_size_never_seen_leads_nowhere() {
    let key = || cosigner("liar.example/1", 1).key();
    let ahead = liar(key(), |_| async { has(11) }).await;
    assert_eq!(beside_an_honest_one(ahead).await, WitnessFailure::Ahead { size: 11 });
    let stubborn = liar(key(), |_| async { has(7) }).await;
    assert_eq!(beside_an_honest_one(stubborn).await, WitnessFailure::Unsettled);
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let fickle = liar(key(), |_| async { has(1 + ASKED.fetch_add(1, Ordering::Relaxed) % 9) }).await;
    assert_eq!(beside_an_honest_one(fickle).await, WitnessFailure::Unsettled);
    assert_eq!(ASKED.load(Ordering::Relaxed), 3, "tries are counted");
    let no_number = (StatusCode::CONFLICT, [("content-type", "text/x.tlog.size")], "07\n");
    let nonsense = liar(key(), move |_| std::future::ready(no_number)).await;
    assert_eq!(beside_an_honest_one(nonsense).await, WitnessFailure::Malformed);
}

#[tokio::test]
async fn a_log_that_forked_or_went_back_gets_no_cosignature() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("a.example/1", &[&log]).await;
    let witnesses = Witnesses::new(vec![honest(&witness)]).unwrap();
    assert_eq!(gather(&log, 10, &witnesses).await.cosigned.len(), 1);
    let fork = log.forked_at(4);
    let failure = |gathered: Gathered| {
        assert!(gathered.cosigned.is_empty() && gathered.note.signatures().len() == 1);
        gathered.failed[0].1.clone()
    };
    assert_eq!(failure(gather(&fork, 10, &witnesses).await), WitnessFailure::Inconsistent);
    assert_eq!(failure(gather(&fork, 20, &witnesses).await), WitnessFailure::Inconsistent);
    assert_eq!(failure(gather(&log, 6, &witnesses).await), WitnessFailure::Ahead { size: 10 });
    assert_eq!(witness.size(&log).await, 10);
}

#[tokio::test]
async fn a_log_that_can_not_prove_says_so() {
    let log = GrowingLog::new(ORIGIN);
    let witness = TestWitness::start("a.example/1", &[&log]).await;
    witness.add(log.request(0, 5)).await;
    let witnesses = Witnesses::new(vec![honest(&witness)]).unwrap();
    let prove = |old| std::future::ready(if old == 0 { Ok(ConsistencyProof::default()) } else { Err("no tile") });
    let gathered = witnesses.cosign(&log.checkpoint(8), prove).await.unwrap();
    let reason = WitnessFailure::NoProof { old: 5, reason: "no tile".into() };
    assert_eq!(gathered.failed, [(witness.key.vkey().name, reason)]);
}
