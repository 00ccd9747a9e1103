//! Files and texts of the verifiable log (docs/log.md).

use std::sync::OnceLock;

use tlog::{
    Hash,
    checkpoint::{Checkpoint, Log},
    cosignature::{CosignerKey, MAX_TIME, Quorum},
    leaf::{EventOpening, KeyTreeLeaf},
    note::{Note, VerifierKey, Vkey, signature_lines},
    proof::ProofFile,
    tile::{Bundle, BundleId, Resource, Tile, TileId},
    witness::{AddCheckpoint, Witness, parse_conflict},
};

const LOG: &str = include_str!("../../../fuzz/seeds/note/vkey_pass_ed25519");
const WITNESSES: [&str; 3] = [
    include_str!("../../../fuzz/seeds/cosignature/key_w1"),
    include_str!("../../../fuzz/seeds/cosignature/key_w2"),
    include_str!("../../../fuzz/seeds/cosignature/key_w3"),
];
/// The leaf that the seeds prove, the sixth of a tree of 14.
const LEAF: &str = "s2npDtxeZ2JaScX4q1c+bgy1kDQnXF1979B8+OL1sCU=";

fn known_log() -> &'static Log {
    static KNOWN: OnceLock<Log> = OnceLock::new();
    KNOWN.get_or_init(|| Log::new("log.example/events", vec![LOG.parse().unwrap()]))
}

/// So many of the three that signed seeds.
fn witnesses(required: usize) -> Quorum {
    static KEYS: OnceLock<Vec<CosignerKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| WITNESSES.iter().map(|key| key.parse().unwrap()).collect());
    Quorum::new(required, keys.clone()).unwrap()
}

/// A path, a tile or a bundle; the width of the last two is taken from the first byte.
pub fn tile(data: &[u8]) -> bool {
    let mut read = false;
    if let Ok(path) = std::str::from_utf8(data)
        && let Ok(resource) = path.parse::<Resource>()
    {
        assert_eq!(resource.to_string(), path);
        read = true;
    }
    let Some((&width, bytes)) = data.split_first() else { return read };
    let width = u16::from(width) + 1;
    if let Ok(tile) = Tile::parse(&TileId::new(0, 0, width).unwrap(), bytes) {
        assert_eq!(tile.to_bytes(), bytes);
        assert_eq!(tile.hashes().len(), usize::from(width));
        assert_eq!(tile.node(0, u64::from(width)), None);
        read = true;
    }
    if let Ok(bundle) = Bundle::parse(&BundleId::new(0, width).unwrap(), bytes) {
        assert_eq!(bundle.to_bytes(), bytes);
        assert_eq!(bundle.leaf_hashes().len(), usize::from(width));
        read = true;
    }
    read
}

/// A signed note, signature lines, or a key.
pub fn note(data: &[u8]) -> bool {
    let mut read = false;
    if let Ok(note) = Note::parse(data) {
        assert_eq!(note.to_string().as_bytes(), data);
        assert!(note.open::<VerifierKey>(&[]).is_err(), "nobody's signature counts");
        read = true;
    }
    if let Ok(lines) = signature_lines(data) {
        assert_eq!(lines.iter().map(ToString::to_string).collect::<String>().as_bytes(), data);
        read = true;
    }
    let Ok(text) = std::str::from_utf8(data) else { return read };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = text.parse::<Vkey>() {
        assert_eq!(key.to_string(), text);
        read = true;
    }
    read
}

/// A checkpoint's text, or one that its log signed.
pub fn checkpoint(data: &[u8]) -> bool {
    let text = std::str::from_utf8(data).ok().and_then(|text| Some((text, text.parse::<Checkpoint>().ok()?)));
    if let Some((text, checkpoint)) = &text {
        assert_eq!(checkpoint.to_string(), *text);
    }
    let signed = known_log().open(data);
    if let Ok(signed) = &signed {
        assert_eq!(signed.checkpoint.origin(), known_log().origin());
        assert_eq!(signed.note.text(), signed.checkpoint.to_string());
    }
    assert!(Log::new("log.example/events", Vec::new()).open(data).is_err(), "a log without keys signed nothing");
    text.is_some() || signed.is_ok()
}

/// A checkpoint that witnesses cosigned, or the key of a witness.
pub fn cosignature(data: &[u8]) -> bool {
    let key = std::str::from_utf8(data).ok().and_then(|text| Some((text, text.parse::<CosignerKey>().ok()?)));
    if let Some((text, key)) = &key {
        assert_eq!(key.to_string(), *text);
    }
    let Ok(note) = Note::parse(data) else { return key.is_some() };
    let Ok(cosigned) = witnesses(1).check(&note) else { return false };
    assert!((1..=WITNESSES.len()).contains(&cosigned.len()));
    assert!(cosigned.windows(2).all(|two| two[0].name < two[1].name), "each witness counts once");
    assert!(cosigned.iter().all(|one| one.time <= MAX_TIME));
    assert!(note.text().parse::<Checkpoint>().is_ok(), "nothing else is cosigned");
    true
}

/// A proof file.
pub fn proof(data: &[u8]) -> bool {
    let Ok(proof) = ProofFile::parse(data) else { return false };
    assert_eq!(proof.to_string().as_bytes(), data);
    let leaf = Hash::from_base64(LEAF).unwrap();
    if let Ok(proven) = proof.verify(&leaf, known_log(), &witnesses(2)) {
        assert_eq!((proven.index, proven.checkpoint.size()), (5, 14), "it stands nowhere else");
    }
    assert!(proof.verify(&tlog::EMPTY_ROOT, known_log(), &Quorum::none()).is_err(), "that is no leaf of it");
    true
}

/// What a log asks of a witness, and what it is told where they differ.
pub fn witness_request(data: &[u8]) -> bool {
    let request = AddCheckpoint::parse(data);
    if let Ok(request) = &request {
        assert_eq!(request.to_string().as_bytes(), data);
        assert!(request.old_size() <= request.checkpoint().size());
    }
    assert!(Witness::default().receive(data).is_err(), "who knows no log cosigns nothing");
    request.is_ok() || parse_conflict(data).is_some()
}

/// A leaf of the tree of keys, or the opening of an event's.
pub fn leaf(data: &[u8]) -> bool {
    let leaf = KeyTreeLeaf::parse(data);
    if let Ok(leaf) = &leaf {
        assert_eq!(leaf.to_bytes(), data);
    }
    let opening = EventOpening::parse(data);
    if let Ok(opening) = &opening {
        assert_eq!(opening.to_bytes(), data);
    }
    leaf.is_ok() || opening.is_ok()
}
