//! What must hold of any bytes: no parser panics, and what is read is written again to the byte. The fuzz targets and
//! tests/parsers.rs run the same checks.

use tlog::{
    checkpoint::{Checkpoint, Log},
    cosignature::{CosignerKey, Quorum},
    leaf::{EventOpening, KeyTreeLeaf},
    note::{Note, VerifierKey, Vkey, signature_lines},
    proof::ProofFile,
    tile::{Bundle, BundleId, Resource, Tile, TileId},
    witness::{AddCheckpoint, Witness, parse_conflict},
};

/// The width is taken from the first byte.
pub fn tile(data: &[u8]) {
    if let Ok(path) = std::str::from_utf8(data)
        && let Ok(resource) = path.parse::<Resource>()
    {
        assert_eq!(resource.to_string(), path);
    }
    let Some((&width, bytes)) = data.split_first() else { return };
    let width = u16::from(width) + 1;
    if let Ok(id) = TileId::new(0, 0, width)
        && let Ok(tile) = Tile::parse(&id, bytes)
    {
        assert_eq!(tile.to_bytes(), bytes);
        assert_eq!(tile.node(0, u64::from(width)), None);
    }
    if let Ok(id) = BundleId::new(0, width)
        && let Ok(bundle) = Bundle::parse(&id, bytes)
    {
        assert_eq!(bundle.to_bytes(), bytes);
        assert_eq!(bundle.leaf_hashes().len(), usize::from(width));
    }
}

pub fn note(data: &[u8]) {
    if let Ok(note) = Note::parse(data) {
        assert_eq!(note.to_string().as_bytes(), data);
        assert!(note.open::<VerifierKey>(&[]).is_err());
    }
    if let Ok(lines) = signature_lines(data) {
        assert_eq!(lines.iter().map(ToString::to_string).collect::<String>().as_bytes(), data);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<Vkey>() {
        assert_eq!(key.to_string(), text);
    }
    let _ = (text.parse::<VerifierKey>(), text.parse::<CosignerKey>());
}

pub fn checkpoint(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(checkpoint) = text.parse::<Checkpoint>()
    {
        assert_eq!(checkpoint.to_string(), text);
    }
    assert!(Log::new("log.example", Vec::new()).open(data).is_err());
}

pub fn proof(data: &[u8]) {
    if let Ok(proof) = ProofFile::parse(data) {
        assert_eq!(proof.to_string().as_bytes(), data);
        assert!(proof.verify(&tlog::EMPTY_ROOT, &Log::new("log.example", Vec::new()), &Quorum::none()).is_err());
    }
}

pub fn witness_request(data: &[u8]) {
    if let Ok(request) = AddCheckpoint::parse(data) {
        assert_eq!(request.to_string().as_bytes(), data);
        assert!(request.old_size() <= request.checkpoint().size());
    }
    assert!(Witness::default().receive(data).is_err());
    let _ = parse_conflict(data);
}

pub fn leaf(data: &[u8]) {
    if let Ok(leaf) = KeyTreeLeaf::parse(data) {
        assert_eq!(leaf.to_bytes(), data);
    }
    if let Ok(opening) = EventOpening::parse(data) {
        assert_eq!(opening.to_bytes(), data);
    }
}
