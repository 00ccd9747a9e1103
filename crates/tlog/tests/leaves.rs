//! What leaves commit to.
#![allow(clippy::unwrap_used)]

use tlog::{
    leaf::{EventOpening, KeyTreeLeaf, Label, LeafError, MAX_EVENT},
    leaf_hash,
};

fn sha256(hex: &str) -> [u8; 32] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

/// SHA-256 of 32 zero bytes, of "abc" (FIPS 180-4), and of 32 zero bytes followed by "abc", from another implementation.
const ZEROES: &str = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
/// SHA-256 of the SHA-256 of "abc".
const ABC_TWICE: &str = "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358";
const SALTED: &str = "365aa7d8f7f9402c4b9434502b4cc89ddb09fe50d7cd95b493b834c62d5a5370";

#[test]
fn an_event_is_committed_to_under_its_salt() {
    let opening = EventOpening::new([0; 32], b"abc".to_vec()).unwrap();
    assert_eq!(opening.commitment().0, sha256(SALTED));
    assert_eq!(opening.commitment().leaf_hash(), leaf_hash(&sha256(SALTED)));
    assert_eq!(EventOpening::parse(&opening.to_bytes()), Ok(opening.clone()));
    let other = EventOpening::new([1; 32], b"abc".to_vec()).unwrap();
    assert_ne!(other.commitment(), opening.commitment());
    assert!(!format!("{opening:?}").contains("97, 98, 99"));
}

#[test]
fn openings_that_are_none_are_refused() {
    assert_eq!(EventOpening::parse(&[]), Err(LeafError::Truncated));
    assert_eq!(EventOpening::parse(&[2; 40]), Err(LeafError::UnknownVersion(2)));
    assert_eq!(EventOpening::parse(&[1; 32]), Err(LeafError::Truncated));
    assert_eq!(EventOpening::new([0; 32], vec![0; MAX_EVENT + 1]), Err(LeafError::Event(MAX_EVENT + 1)));
}

#[test]
fn a_key_leaf_is_the_protocols() {
    let leaf = KeyTreeLeaf::key(&[0; 32], 7, b"abc");
    let bytes = leaf.to_bytes();
    assert_eq!(hex::encode(&bytes), format!("0101{ZEROES}00000007{ABC_TWICE}"));
    assert_eq!(KeyTreeLeaf::parse(&bytes), Ok(leaf.clone()));
    assert_eq!(leaf.leaf_hash(), leaf_hash(&bytes));
    assert_eq!(KeyTreeLeaf::parse(&bytes[..69]), Err(LeafError::Truncated));
    assert_eq!(KeyTreeLeaf::parse(&[&bytes[..], &[0]].concat()), Err(LeafError::Trailing));
}

#[test]
fn a_binding_is_a_label_and_an_account() {
    for len in [32, 64, 80] {
        let leaf = KeyTreeLeaf::binding(Label::new(vec![9; len]).unwrap(), &[0; 32]);
        let bytes = leaf.to_bytes();
        assert_eq!(hex::encode(&bytes), format!("0102{len:02x}{}{ZEROES}", "09".repeat(len)));
        assert_eq!(KeyTreeLeaf::parse(&bytes), Ok(leaf));
        assert_eq!(KeyTreeLeaf::parse(&bytes[..bytes.len() - 1]), Err(LeafError::Truncated));
        assert_eq!(KeyTreeLeaf::parse(&[&bytes[..], &[0]].concat()), Err(LeafError::Trailing));
    }
    for len in [0, 31, 81] {
        assert_eq!(Label::new(vec![9; len]), Err(LeafError::Label(len)));
        assert_eq!(KeyTreeLeaf::parse(&[&[1, 2, len as u8], &[9; 200][..]].concat()), Err(LeafError::Label(len)));
    }
}

#[test]
fn unknown_leaves_are_refused() {
    assert_eq!(KeyTreeLeaf::parse(&[]), Err(LeafError::Truncated));
    assert_eq!(KeyTreeLeaf::parse(&[1]), Err(LeafError::Truncated));
    assert_eq!(KeyTreeLeaf::parse(&[0, 1]), Err(LeafError::UnknownVersion(0)));
    assert_eq!(KeyTreeLeaf::parse(&[1, 3]), Err(LeafError::UnknownKind(3)));
}
