//! Published HPKE vectors (RFC 9180 and HPKE-PQ) from PyPI `cryptography-vectors`, fetched by
//! end2end/interop/fetch-vectors.sh into target/vectors, or wherever HEALTHSECURE_VECTORS points.
//!
//! Our suites are X25519 and X-Wing with HKDF-SHA-256 and AES-256-GCM in base and PSK mode. The published X-Wing vector
//! with HKDF-SHA-256 has ChaCha20Poly1305; it shows KEM and key schedule, RFC 9180's show AES-256-GCM under the same key
//! schedule, and end2end/interop shows the combination.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use hpke::{
    Deserializable, Kem, OpModeR, PskBundle, Serializable,
    aead::{Aead, AesGcm128, AesGcm256, ChaCha20Poly1305},
    kdf::HkdfSha256,
    kem::{X25519HkdfSha256, XWing},
    setup_receiver,
};
use serde_json::Value;

fn folder() -> Option<PathBuf> {
    let given = env::var_os("HEALTHSECURE_VECTORS").map(PathBuf::from);
    let folder =
        given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/vectors")).join("HPKE");
    folder.is_dir().then_some(folder)
}

/// The vectors, or none with a loud line when they weren't fetched. With HEALTHSECURE_VECTORS set they must be there.
fn load(name: &str) -> Option<Vec<Value>> {
    let Some(folder) = folder() else {
        assert!(env::var_os("HEALTHSECURE_VECTORS").is_none(), "HEALTHSECURE_VECTORS holds no folder HPKE");
        println!("SKIPPED: {name} is not there; run end2end/interop/fetch-vectors.sh first");
        return None;
    };
    Some(serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap())
}

fn bytes(v: &Value, field: &str) -> Vec<u8> {
    hex::decode(v[field].as_str().unwrap_or_default()).unwrap()
}

fn number(v: &Value, field: &str) -> u64 {
    v[field].as_u64().unwrap()
}

#[test]
fn rfc_9180() {
    let Some(vectors) = load("test-vectors.json") else { return };
    check("RFC 9180", &vectors, 6);
}

#[test]
fn hpke_pq() {
    let Some(vectors) = load("hpke-pq-test-vectors.json") else { return };
    check("HPKE-PQ", &vectors, 1);
}

fn check(name: &str, vectors: &[Value], least: usize) {
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut ran, mut messages) = (0, 0);
    for v in vectors {
        match run(v) {
            Ok(opened) => {
                ran += 1;
                messages += opened;
            }
            Err(why) => *skipped.entry(why).or_default() += 1,
        }
    }
    println!("{name}: {ran} vectors passed, {messages} messages and exports");
    for (why, n) in skipped {
        println!("{name}: {n} skipped: {why}");
    }
    assert!(ran >= least, "{name}: only {ran} vectors ran");
}

fn run(v: &Value) -> Result<usize, &'static str> {
    if number(v, "mode") > 1 {
        return Err("authenticated modes, which the protocol doesn't use");
    }
    if number(v, "kdf_id") != 1 {
        return Err("another KDF than HKDF-SHA-256");
    }
    match number(v, "kem_id") {
        0x0020 => run_kem::<X25519HkdfSha256>(v),
        0x647a => run_kem::<XWing>(v),
        _ => Err("another KEM than X25519 and X-Wing"),
    }
}

fn run_kem<K: Kem>(v: &Value) -> Result<usize, &'static str> {
    match number(v, "aead_id") {
        1 => Ok(open::<K, AesGcm128>(v)),
        2 => Ok(open::<K, AesGcm256>(v)),
        3 => Ok(open::<K, ChaCha20Poly1305>(v)),
        _ => Err("export only"),
    }
}

fn open<K: Kem, A: Aead>(v: &Value) -> usize {
    let private = K::PrivateKey::from_bytes(&bytes(v, "skRm")).unwrap();
    assert_eq!(&K::sk_to_pk(&private).to_bytes()[..], &bytes(v, "pkRm")[..]);
    let (derived, _) = K::derive_keypair(&bytes(v, "ikmR"));
    assert_eq!(derived.to_bytes(), private.to_bytes(), "DeriveKeyPair");
    let enc = K::EncappedKey::from_bytes(&bytes(v, "enc")).unwrap();
    let (psk, psk_id) = (bytes(v, "psk"), bytes(v, "psk_id"));
    let mode: OpModeR<'_, K> =
        if number(v, "mode") == 1 { OpModeR::Psk(PskBundle::new(&psk, &psk_id).unwrap()) } else { OpModeR::Base };
    let mut context = setup_receiver::<A, HkdfSha256, K>(&mode, &private, &enc, &bytes(v, "info")).unwrap();
    let encryptions = v["encryptions"].as_array().unwrap();
    for e in encryptions {
        let opened = context.open(&bytes(e, "ct"), &bytes(e, "aad")).unwrap();
        assert_eq!(opened, bytes(e, "pt"));
    }
    let exports = v["exports"].as_array().unwrap();
    for e in exports {
        let mut out = vec![0u8; usize::try_from(number(e, "L")).unwrap()];
        context.export(&bytes(e, "exporter_context"), &mut out).unwrap();
        assert_eq!(out, bytes(e, "exported_value"));
    }
    encryptions.len() + exports.len()
}
