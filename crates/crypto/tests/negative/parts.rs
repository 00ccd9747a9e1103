//! Parts: what a server or a disk can do to stored bytes.

use crypto::{
    format::{
        CHUNK, CHUNK_CIPHERTEXT, FormatError, HEADER, PartHeader, PartKey, PartOpener, PartSealer, SEGMENT_PLAINTEXT,
        SealError, open_all, seal_all,
    },
    ids::ReportId,
    report::{ContentKey, PartPlace, RevisionPlace},
};

use crate::common::{content_key, rng};

fn place(report: u8, version: u32, revision: u32, part: u32) -> PartPlace {
    RevisionPlace { report: ReportId([report; 32]), version, revision }.part(part)
}

fn key() -> ContentKey {
    content_key(0x42)
}

fn plaintext(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

fn sealed(len: usize) -> Vec<u8> {
    let part_key = PartKey::fresh(&key(), &place(1, 1, 0, 1).context(), &mut rng(1));
    seal_all(part_key, &plaintext(len)).unwrap()
}

fn open(part: &[u8]) -> Result<Vec<u8>, FormatError> {
    open_all(&key(), &place(1, 1, 0, 1).context(), part)
}

#[test]
fn pass_every_length_around_a_border() {
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, SEGMENT_PLAINTEXT - 1, SEGMENT_PLAINTEXT] {
        assert_eq!(open(&sealed(len)).unwrap(), plaintext(len), "{len}");
    }
}

#[test]
fn fail_truncated_inside_a_chunk() {
    let part = sealed(3 * CHUNK + 100);
    // A shorter last chunk is no authentic end.
    assert_eq!(open(&part[..part.len() - 1]), Err(FormatError::WrongEnd));
    assert_eq!(open(&part[..part.len() - 100]), Err(FormatError::WrongEnd));
}

#[test]
fn fail_truncated_to_no_whole_tag() {
    let part = sealed(3 * CHUNK + 100);
    assert_eq!(open(&part[..HEADER + CHUNK_CIPHERTEXT + 15]), Err(FormatError::Truncated));
    assert_eq!(open(&part[..HEADER]), Err(FormatError::Truncated));
    assert_eq!(open(&part[..HEADER - 1]), Err(FormatError::Truncated));
    assert_eq!(open(&[]), Err(FormatError::Truncated));
}

#[test]
fn fail_truncated_at_a_chunk_border() {
    let part = sealed(3 * CHUNK + 100);
    assert_eq!(open(&part[..HEADER + 2 * CHUNK_CIPHERTEXT]), Err(FormatError::Truncated));
    let end_mark_cut = sealed(2 * CHUNK);
    assert_eq!(open(&end_mark_cut[..HEADER + 2 * CHUNK_CIPHERTEXT]), Err(FormatError::Truncated));
}

#[test]
fn fail_extended() {
    let part = sealed(CHUNK + 100);
    for extra in [1, 16, CHUNK] {
        let mut longer = part.clone();
        longer.extend(vec![0; extra]);
        assert_eq!(open(&longer), Err(FormatError::WrongEnd), "{extra}");
    }
    let mut twice = part.clone();
    twice.extend_from_slice(&part[HEADER..]);
    assert_eq!(open(&twice), Err(FormatError::WrongEnd));
}

#[test]
fn fail_reordered_chunks() {
    let mut part = sealed(4 * CHUNK);
    let (a, b) = part[HEADER..].split_at_mut(CHUNK_CIPHERTEXT);
    a.swap_with_slice(&mut b[..CHUNK_CIPHERTEXT]);
    assert_eq!(open(&part), Err(FormatError::Reordered { expected: 0, found: 1 }));
}

#[test]
fn fail_doubled_chunk() {
    let mut part = sealed(4 * CHUNK);
    let first = part[HEADER..HEADER + CHUNK_CIPHERTEXT].to_vec();
    part[HEADER + CHUNK_CIPHERTEXT..][..CHUNK_CIPHERTEXT].copy_from_slice(&first);
    assert_eq!(open(&part), Err(FormatError::Reordered { expected: 1, found: 0 }));
}

#[test]
fn fail_changed_chunk() {
    let part = sealed(3 * CHUNK + 100);
    for (offset, chunk) in [(0, 0), (CHUNK, 0), (CHUNK_CIPHERTEXT, 1), (3 * CHUNK_CIPHERTEXT - 1, 2)] {
        let mut changed = part.clone();
        changed[HEADER + offset] ^= 0x80;
        assert_eq!(open(&changed), Err(FormatError::NotAuthentic { chunk }), "{offset}");
    }
    let mut changed = part.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(open(&changed), Err(FormatError::WrongEnd));
}

#[test]
fn fail_flipped_bit_at_every_header_byte() {
    let part = sealed(100);
    for byte in 0..HEADER {
        for bit in 0..8 {
            let mut flipped = part.clone();
            flipped[byte] ^= 1 << bit;
            assert_eq!(open(&flipped), Err(FormatError::WrongCommitment), "byte {byte} bit {bit}");
        }
    }
}

#[test]
fn fail_wrong_commitment_of_another_key() {
    let part = sealed(100);
    let context = place(1, 1, 0, 1).context();
    assert_eq!(open_all(&content_key(0x43), &context, &part), Err(FormatError::WrongCommitment));
}

#[test]
fn fail_transplanted() {
    let part = sealed(100);
    let cases = [
        ("report", place(2, 1, 0, 1)),
        ("version", place(1, 2, 0, 1)),
        ("revision", place(1, 1, 1, 1)),
        ("part", place(1, 1, 0, 2)),
    ];
    for (what, there) in cases {
        assert_eq!(open_all(&key(), &there.context(), &part), Err(FormatError::WrongCommitment), "{what}");
    }
}

#[test]
fn fail_header_of_one_body_of_another() {
    let one = sealed(100);
    let part_key = PartKey::fresh(&key(), &place(1, 1, 0, 1).context(), &mut rng(2));
    let other = seal_all(part_key, &plaintext(100)).unwrap();
    let mut mixed = one[..HEADER].to_vec();
    mixed.extend_from_slice(&other[HEADER..]);
    assert_eq!(open(&mixed), Err(FormatError::WrongEnd));
}

#[test]
fn fail_segments() {
    let len = 2 * SEGMENT_PLAINTEXT + 5;
    let part = sealed(len);
    let header = PartHeader::parse(&part).unwrap();
    let geometry = crypto::format::Geometry::of_ciphertext(part.len() as u64).unwrap();
    let slice = |r: std::ops::Range<u64>| &part[r.start as usize..r.end as usize];
    let context = place(1, 1, 0, 1).context();
    let end = slice(geometry.final_chunk());
    let opener = PartOpener::begin(&key(), &context, &header, part.len() as u64, end).unwrap();
    let segment = |i| slice(geometry.segment_ciphertext(i).unwrap());
    // In any order.
    for i in [2, 0, 1] {
        let range = geometry.segment_plaintext(i).unwrap();
        let expected = &plaintext(len)[range.start as usize..range.end as usize];
        assert!(opener.open_segment(i, segment(i)).unwrap() == expected);
    }
    assert_eq!(opener.open_segment(3, segment(2)), Err(FormatError::WrongSegment { segment: 3 }));
    assert_eq!(opener.open_segment(u64::MAX, &[]), Err(FormatError::WrongSegment { segment: u64::MAX }));
    assert_eq!(opener.open_segment(1, &segment(1)[1..]), Err(FormatError::WrongSegment { segment: 1 }));
    // Segment 0's chunks in the place of segment 1.
    let moved = &segment(0)[HEADER..];
    assert_eq!(opener.open_segment(1, moved), Err(FormatError::NotAuthentic { chunk: 512 }));
    // A length that the end doesn't vouch for.
    let shorter = geometry.segment_ciphertext(1).unwrap().start + 16;
    let claimed = &part[shorter as usize - 16..shorter as usize];
    let result = PartOpener::begin(&key(), &context, &header, shorter, claimed);
    assert_eq!(result.err(), Some(FormatError::WrongEnd));
}

#[test]
fn fail_to_seal_a_wrong_segment() {
    let sealer = PartSealer::new(PartKey::fresh(&key(), b"x", &mut rng(1)));
    let short = plaintext(5);
    assert_eq!(sealer.seal_segment(0, &short, false), Err(SealError::SegmentLength { len: 5 }));
    let full = plaintext(SEGMENT_PLAINTEXT);
    assert_eq!(sealer.seal_segment(0, &full, true), Err(SealError::SegmentLength { len: SEGMENT_PLAINTEXT }));
    assert_eq!(sealer.seal_segment(u64::MAX, &short, true), Err(SealError::TooLong));
    assert_eq!(sealer.seal_segment(1 << 29, &short, true), Err(SealError::TooLong));
}

/// What opens one part is no key to its neighbour, nor to the same part as another version has it.
#[test]
fn fail_a_parts_own_secret_elsewhere() {
    let sealed_at = |at: PartPlace, seed| {
        let key = PartKey::fresh(&key(), &at.context(), &mut rng(seed));
        (key.secret(), seal_all(key, &plaintext(100)).unwrap())
    };
    let (secret, part) = sealed_at(place(1, 1, 0, 1), 1);
    let open = |part: &[u8]| {
        let key = PartKey::from_secret(&secret, &PartHeader::parse(part).unwrap());
        let opener = PartOpener::with_key(key, part.len() as u64, &part[HEADER..])?;
        opener.open_segment(0, part)
    };
    assert_eq!(open(&part).unwrap(), plaintext(100));
    for at in [place(1, 1, 0, 2), place(1, 2, 0, 1), place(1, 1, 1, 1), place(2, 1, 0, 1)] {
        assert_eq!(open(&sealed_at(at, 1).1), Err(FormatError::WrongEnd), "{at:?}");
    }
    let mut other_header = part.clone();
    other_header[0] ^= 1;
    let key = PartKey::from_secret(&secret, &PartHeader::parse(&part).unwrap());
    let opener = PartOpener::with_key(key, part.len() as u64, &part[HEADER..]).unwrap();
    assert_eq!(opener.open_segment(0, &other_header), Err(FormatError::WrongCommitment));
}
