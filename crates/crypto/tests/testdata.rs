//! The shared vectors of testdata/v1: written once, read by this test and by end2end/interop/opener.py.
//!
//! Each case is a base object, edits to it and where it is opened; `pass_*` opens, `fail_*` ends in the error named. A
//! later version keeps these files and gets its own folder. `UPDATE_TESTDATA=1` writes them anew.
#![allow(clippy::unwrap_used)]

mod common;

use std::{env, fs, path::PathBuf};

use common::{Chain, Person, content_key, directory, rng};
use crypto::{
    encoding::DecodeError,
    format::{CHUNK, CHUNK_CIPHERTEXT, HEADER, PartKey, open_all, seal_all},
    ids::{GrantId, ReportId},
    kem::{PrivateKey, Suite},
    report::{Genesis, RevisionPlace, Wrap, WrapKey, open_wrap, seal_wrap},
    secret::Secret,
    sign::{PublicSigningKey, Signed},
};
use serde_json::{Value, json};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/v1/cases.json")
}

fn case(name: &str, base: &str, edits: Value, error: &str) -> Value {
    json!({ "name": name, "base": base, "edits": edits, "error": error })
}

/// The cases, with everything another implementation needs to run them.
fn make() -> Value {
    let (doctor, patient) = (Person::new(1), Person::new(2));
    let keys = directory([&doctor, &patient]);
    let chain = Chain::founded(&doctor, &patient);
    let place = RevisionPlace { report: chain.report(), version: 1, revision: 0 };
    let plain: Vec<u8> = (0..2 * CHUNK + 100).map(|i| (i % 251) as u8).collect();
    let part_key = PartKey::fresh(&content_key(3), &place.part(1).context(), &mut rng(4));
    let part = seal_all(part_key, &plain).unwrap();
    let state = chain.replay(&keys).unwrap();
    let granted = state.grant(&GrantId([1; 16])).unwrap();
    let wrap = seal_wrap(&content_key(3), place, granted, &state, &keys, &mut rng(6)).unwrap();
    let current = patient.keyring.current();
    json!({
        "about": "see docs/protocol.md; edits: cut to length, append hex, xor one byte at an offset, swap two ranges",
        "bases": {
            "part": {
                "bytes": hex::encode(&part), "plaintext": hex::encode(&plain),
                "content_key": hex::encode(content_key(3).expose()), "report": chain.report().to_string(),
                "version": 1, "revision": 0, "part": 1,
            },
            "genesis": {
                "bytes": hex::encode(chain.genesis.as_bytes()),
                "signing_key": hex::encode(doctor.keyring.current().signing.public().0),
            },
            "wrap": {
                "bytes": hex::encode(wrap.to_bytes()), "seed": hex::encode(current.xwing.seed().expose()),
                "content_key": hex::encode(content_key(3).expose()),
            },
        },
        "cases": cases(part.len()),
    })
}

fn cases(len: usize) -> Vec<Value> {
    let (first, second) = (HEADER, HEADER + CHUNK_CIPHERTEXT);
    let mut cases = vec![
        case("pass_part", "part", json!([]), ""),
        case("fail_truncated_tag", "part", json!([["cut", len - 1]]), "WrongEnd"),
        case("fail_truncated_chunk", "part", json!([["cut", second + CHUNK_CIPHERTEXT - 50]]), "WrongEnd"),
        case("fail_truncated_at_border", "part", json!([["cut", second + CHUNK_CIPHERTEXT]]), "Truncated"),
        case("fail_truncated_header", "part", json!([["cut", HEADER - 1]]), "Truncated"),
        case("fail_empty", "part", json!([["cut", 0]]), "Truncated"),
        case("fail_extended", "part", json!([["append", "00"]]), "WrongEnd"),
        case("fail_reordered", "part", json!([["swap", first, second, CHUNK_CIPHERTEXT]]), "Reordered"),
        case("fail_changed_chunk", "part", json!([["xor", second + 5, 1]]), "NotAuthentic"),
        case("fail_changed_tag", "part", json!([["xor", second - 1, 128]]), "NotAuthentic"),
        case("fail_changed_end", "part", json!([["xor", len - 1, 1]]), "WrongEnd"),
        case("fail_wrong_commitment", "part", json!([["key", "content_key"]]), "WrongCommitment"),
        case("fail_other_report", "part", json!([["place", "report"]]), "WrongCommitment"),
        case("fail_other_version", "part", json!([["place", "version"]]), "WrongCommitment"),
        case("fail_other_revision", "part", json!([["place", "revision"]]), "WrongCommitment"),
        case("fail_other_part", "part", json!([["place", "part"]]), "WrongCommitment"),
        case("pass_genesis", "genesis", json!([]), ""),
        case("fail_unknown_version", "genesis", json!([["xor", 0, 3]]), "UnknownVersion"),
        case("fail_truncated_envelope", "genesis", json!([["cut", 201]]), "Truncated"),
        case("fail_extended_envelope", "genesis", json!([["append", "00"]]), "Trailing"),
        case("fail_changed_body", "genesis", json!([["xor", 20, 1]]), "BadSignature"),
        case("fail_unknown_patient_kind", "genesis", json!([["xor", 53, 2]]), "UnknownTag"),
        case("fail_other_signer", "genesis", json!([["key", "signing_key"]]), "BadSignature"),
        case("pass_wrap", "wrap", json!([]), ""),
        case("fail_wrap_unknown_version", "wrap", json!([["xor", 0, 2]]), "UnknownVersion"),
        case("fail_wrap_changed_version", "wrap", json!([["xor", 44, 1]]), "NotAuthentic"),
        case("fail_wrap_wrong_epoch", "wrap", json!([["xor", 122, 1]]), "NotAuthentic"),
        case("fail_wrap_cut", "wrap", json!([["cut", 1200]]), "Truncated"),
        case("fail_wrap_unknown_suite", "wrap", json!([["xor", 78, 1]]), "UnknownTag"),
        case("fail_wrap_other_key", "wrap", json!([["key", "seed"]]), "WrongKey"),
    ];
    cases.extend((0..HEADER).map(|byte| {
        case(&format!("fail_header_byte_{byte:02}"), "part", json!([["xor", byte, 1]]), "WrongCommitment")
    }));
    cases
}

/// A base after its edits.
fn edited(base: &Value, edits: &[Value]) -> Value {
    let mut out = base.clone();
    let mut bytes = unhex(&base["bytes"]);
    for edit in edits {
        let at = |i: usize| usize::try_from(edit[i].as_u64().unwrap()).unwrap();
        match edit[0].as_str().unwrap() {
            "cut" => bytes.truncate(at(1)),
            "append" => bytes.extend(unhex(&edit[1])),
            "xor" => bytes[at(1)] ^= u8::try_from(at(2)).unwrap(),
            "swap" => {
                for i in 0..at(3) {
                    bytes.swap(at(1) + i, at(2) + i);
                }
            }
            "key" | "place" => {
                let field = edit[1].as_str().unwrap();
                out[field] = match &base[field] {
                    Value::Number(n) => json!(n.as_u64().unwrap() + 1),
                    text => {
                        let mut other = unhex(text);
                        other[0] ^= 1;
                        json!(hex::encode(other))
                    }
                };
            }
            other => panic!("unknown edit {other}"),
        }
    }
    out["bytes"] = json!(hex::encode(bytes));
    out
}

fn unhex(v: &Value) -> Vec<u8> {
    hex::decode(v.as_str().unwrap()).unwrap()
}

fn array<const N: usize>(v: &Value) -> [u8; N] {
    unhex(v).try_into().unwrap()
}

/// The error's name without its fields.
fn name(error: impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let end = text.find([' ', '(']).unwrap_or(text.len());
    text[..end].to_owned()
}

fn open_part(c: &Value) -> Result<(), String> {
    let number = |field: &str| u32::try_from(c[field].as_u64().unwrap()).unwrap();
    let place = RevisionPlace {
        report: ReportId(array(&c["report"])),
        version: number("version"),
        revision: number("revision"),
    };
    let key = Secret::new(array(&c["content_key"]));
    let plain = open_all(&key, &place.part(number("part")).context(), &unhex(&c["bytes"])).map_err(name)?;
    assert_eq!(plain, unhex(&c["plaintext"]));
    Ok(())
}

fn open_genesis(c: &Value) -> Result<(), String> {
    let genesis = Signed::<Genesis>::parse(&unhex(&c["bytes"])).map_err(name)?;
    let key = PublicSigningKey(array(&c["signing_key"]));
    // A changed public key is either no point or another's.
    genesis.verify(&key).map(drop).map_err(|_| "BadSignature".into())
}

fn open_one_wrap(c: &Value) -> Result<(), String> {
    let wrap = Wrap::parse(&unhex(&c["bytes"])).map_err(|e: DecodeError| name(e))?;
    let key = PrivateKey::from_seed(Suite::XWing, Secret::new(array(&c["seed"])));
    let opened = open_wrap(&wrap, WrapKey::Grant(&key)).map_err(|e| match e {
        crypto::report::WrapError::Hpke(inner) => name(inner),
        other => name(other),
    })?;
    assert_eq!(opened.expose()[..], unhex(&c["content_key"])[..]);
    Ok(())
}

#[test]
fn every_case_ends_as_named() {
    if env::var_os("UPDATE_TESTDATA").is_some() {
        fs::write(path(), serde_json::to_string_pretty(&make()).unwrap() + "\n").unwrap();
    }
    let data: Value = serde_json::from_slice(&fs::read(path()).unwrap()).unwrap();
    let cases = data["cases"].as_array().unwrap();
    for c in cases {
        let base = c["base"].as_str().unwrap();
        let object = edited(&data["bases"][base], c["edits"].as_array().unwrap());
        let result = match base {
            "part" => open_part(&object),
            "genesis" => open_genesis(&object),
            "wrap" => open_one_wrap(&object),
            other => panic!("unknown base {other}"),
        };
        let found = result.err().unwrap_or_default();
        assert_eq!(found, c["error"].as_str().unwrap(), "{}", c["name"]);
        assert_eq!(found.is_empty(), c["name"].as_str().unwrap().starts_with("pass_"));
    }
    println!("testdata/v1: {} cases", cases.len());
}

/// Sealing hasn't changed: the files are what this code writes today.
#[test]
fn the_files_are_what_is_written() {
    let data: Value = serde_json::from_slice(&fs::read(path()).unwrap()).unwrap();
    assert!(data == make(), "testdata/v1/cases.json differs; a new format needs a new folder");
}
