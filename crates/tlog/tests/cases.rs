//! testdata/cases.json: vectors made in Python from the specifications alone (testdata/make.py), one for each way to be
//! wrong. What must be accepted is also written again, to the byte.
#![allow(clippy::unwrap_used)]

use std::fmt::Debug;

use serde_json::Value;
use tlog::{
    Hash,
    checkpoint::Log,
    cosignature::{Cosigner, CosignerKey, Quorum},
    note::{Note, SigningKey, VerifierKey},
    proof::ProofFile,
    witness::{AddCheckpoint, TreeHead, Witness},
};

fn all() -> Value {
    serde_json::from_str(include_str!("../testdata/cases.json")).unwrap()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}"))
}

fn log(all: &Value) -> Log {
    Log::new(text(all, "origin"), vec![text(all, "log").parse().unwrap()])
}

/// Two of three witnesses, one of which signs with ML-DSA-44.
fn quorum(all: &Value) -> Quorum {
    let keys = all["witnesses"].as_array().unwrap().iter().map(|k| k.as_str().unwrap().parse().unwrap());
    Quorum::new(2, keys.collect()).unwrap()
}

/// The bytes of a case. `{x*n}` stands for n letters.
fn input(case: &Value) -> Vec<u8> {
    if let Some(hex) = case["hex"].as_str() {
        return hex::decode(hex).unwrap();
    }
    let text = text(case, "input");
    match text.split_once("{x*").and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
        Some((before, (n, after))) => [before, &"x".repeat(n.parse().unwrap()), after].concat().into_bytes(),
        None => text.as_bytes().to_vec(),
    }
}

/// An error's name and what it holds.
fn debug(error: impl Debug) -> String {
    format!("{error:?}")
}

/// Runs every case of a kind, compares its end with the one wanted, and says how many ran.
fn run<T: Debug>(all: &Value, kind: &str, least: usize, check: impl Fn(&Value, &[u8]) -> Result<T, String>) {
    let cases = all[kind].as_array().unwrap();
    for case in cases {
        let (name, want) = (text(case, "name"), text(case, "want"));
        assert_eq!(name.starts_with("pass_"), want == "ok", "{name}");
        match check(case, &input(case)) {
            Ok(got) => assert_eq!(want, "ok", "{kind} {name}: accepted as {got:?}"),
            Err(error) => assert!(error.starts_with(want), "{kind} {name}: {error} instead of {want}"),
        }
    }
    println!("cases of {kind}: {}", cases.len());
    assert!(cases.len() >= least);
}

#[test]
fn verifier_keys() {
    run(&all(), "vkey", 15, |_, input| {
        let text = std::str::from_utf8(input).unwrap();
        text.parse::<VerifierKey>().inspect(|key| assert_eq!(key.to_string(), text)).map_err(debug)
    });
}

#[test]
fn checkpoints() {
    let all = all();
    let log = log(&all);
    run(&all, "checkpoint", 40, |_, input| {
        let signed = log.open(input).map_err(debug)?;
        assert_eq!(signed.note.to_string().as_bytes(), input);
        assert_eq!(signed.checkpoint.to_string(), signed.note.text());
        Ok(signed)
    });
}

#[test]
fn proof_files() {
    let all = all();
    let (log, quorum, leaf) = (log(&all), quorum(&all), Hash::from_base64(text(&all, "leaf")).unwrap());
    run(&all, "proof", 30, |_, input| {
        let proof = ProofFile::parse(input).map_err(debug)?;
        assert_eq!(proof.to_string().as_bytes(), input);
        let other = proof.verify(&tlog::leaf_hash(b"other"), &log, &quorum);
        assert!(other.is_err());
        proof.verify(&leaf, &log, &quorum).map_err(debug)
    });
}

#[test]
fn witness_requests() {
    let all = all();
    let witness = Witness::new([log(&all)]);
    let keys: Vec<Cosigner> = skeys(&all);
    run(&all, "witness", 30, |case, input| {
        let last = case["last"].as_object().map(|last| TreeHead {
            size: last["size"].as_u64().unwrap(),
            root: Hash::from_base64(last["root"].as_str().unwrap()).unwrap(),
        });
        let decided = witness.receive(input).and_then(|received| received.decide(last.as_ref()));
        match decided {
            Ok(accepted) => {
                let request = AddCheckpoint::parse(input).unwrap();
                assert_eq!(request.to_string().as_bytes(), input);
                check_answer(&all, &request, &accepted.cosign(&keys, 7).unwrap());
                assert_eq!(accepted.head().size, request.checkpoint().size());
                Ok(())
            }
            Err(refusal) => {
                assert_eq!(u64::from(refusal.status()), case["status"].as_u64().unwrap(), "{}", case["name"]);
                if let Some(body) = case["body"].as_str() {
                    assert_eq!(refusal.body(), body);
                }
                Err(debug(refusal))
            }
        }
    });
}

fn skeys(all: &Value) -> Vec<Cosigner> {
    let skeys = all["witness_skeys"].as_array().unwrap().iter();
    skeys.map(|k| Cosigner::from_skey(k.as_str().unwrap()).unwrap()).collect()
}

/// What the log does with an answer: add its lines to the checkpoint and see who cosigned.
fn check_answer(all: &Value, request: &AddCheckpoint, answer: &str) {
    let mut note = request.note().clone();
    for line in tlog::note::signature_lines(answer.as_bytes()).unwrap() {
        note.add(line).unwrap();
    }
    let cosigned = quorum(all).check(&note).unwrap();
    assert_eq!(cosigned.len(), 3);
    assert!(cosigned.iter().all(|c| c.time == 7));
}

/// Keys and Ed25519 signatures are made the same here and there.
#[test]
fn what_is_made_here_is_what_python_made() {
    let all = all();
    let key = SigningKey::from_skey(text(&all, "log_skey")).unwrap();
    assert_eq!(key.verifier().to_string(), text(&all, "log"));
    assert_eq!(*key.to_skey(), text(&all, "log_skey"));
    let signed = log(&all).open(text(&all, "signed").as_bytes()).unwrap();
    let mut note = signed.checkpoint.sign(&key).unwrap();
    assert_eq!(note.to_string(), text(&all, "signed"));
    for (key, (vkey, skey)) in skeys(&all)
        .iter()
        .zip(all["witnesses"].as_array().unwrap().iter().zip(all["witness_skeys"].as_array().unwrap()))
    {
        assert_eq!(key.key().to_string(), vkey.as_str().unwrap());
        assert_eq!(*key.to_skey(), skey.as_str().unwrap());
    }
    note.add(skeys(&all)[0].cosign(&signed.checkpoint, all["time"].as_u64().unwrap()).unwrap()).unwrap();
    assert_eq!(note.to_string(), text(&all, "cosigned_ed25519"));
}

/// The latest time of a witness counts, and each is named once.
#[test]
fn times_are_the_witnesses_own() {
    let all = all();
    let proofs = all["proof"].as_array().unwrap();
    let proof = proofs.iter().find(|c| c["name"] == "pass_later_time_counts").unwrap();
    let leaf = Hash::from_base64(text(&all, "leaf")).unwrap();
    let proven = ProofFile::parse(&input(proof)).unwrap().verify(&leaf, &log(&all), &quorum(&all)).unwrap();
    let time = all["time"].as_u64().unwrap();
    assert_eq!(proven.cosigned.iter().map(|c| c.time).collect::<Vec<_>>(), [time + 60, time]);
    assert_eq!((proven.index, proven.checkpoint.size()), (5, 14));
}

#[test]
fn keys_of_one_kind_are_not_the_others() {
    let all = all();
    assert!(text(&all, "log").parse::<CosignerKey>().is_err());
    assert!(Cosigner::from_skey(text(&all, "log_skey")).is_err());
    let witness = all["witness_skeys"][0].as_str().unwrap();
    assert!(SigningKey::from_skey(witness).is_err());
    for wrong in
        ["", "PRIVATE+KEY", "PRIVATE+KEY+a", "PRIVATE+KEY+a+00000000", &witness.replace("w1", "w2"), &witness[1..]]
    {
        assert!(Cosigner::from_skey(wrong).is_err(), "{wrong}");
    }
    assert!(!format!("{:?} {:?}", SigningKey::from_skey(text(&all, "log_skey")), skeys(&all)).contains("PRIVATE"));
}

#[test]
fn a_quorum_counts_witnesses_not_keys() {
    use tlog::{cosignature::QuorumKeysError, note::KeyName};
    let name = |n: &str| KeyName::new(n).unwrap();
    let (ed, pq) = (Cosigner::ed25519(name("a"), &[1; 32]), Cosigner::ml_dsa_44(name("a"), &[1; 32]));
    let both = vec![ed.key(), pq.key()];
    assert_eq!(Quorum::new(2, both.clone()).unwrap_err(), QuorumKeysError::TooMany { required: 2, known: 1 });
    let renamed = Cosigner::ed25519(name("b"), &[1; 32]).key();
    assert_eq!(Quorum::new(1, vec![ed.key(), renamed]).unwrap_err(), QuorumKeysError::SharedKey(name("b")));
    let checkpoint = tlog::checkpoint::Checkpoint::new("log.example", 0, tlog::EMPTY_ROOT).unwrap();
    let mut note = Note::unsigned(checkpoint.to_string()).unwrap();
    for key in [&ed, &pq] {
        note.add(key.cosign(&checkpoint, 5).unwrap()).unwrap();
    }
    assert_eq!(Quorum::new(1, both).unwrap().check(&note).unwrap().len(), 1);
    assert!(ed.cosign(&checkpoint, 0).is_err() && ed.cosign(&checkpoint, 1 << 63).is_err());
}
