//! What proof files and witness requests have in common: lines, an empty line, a checkpoint.

use crate::hash::Hash;

/// Most hashes of a proof in a tree of at most 2^63 − 1 leaves, and what a witness accepts.
pub const MAX_PROOF: usize = 63;

/// Lines above the first empty line, and the bytes below it. None without an empty line, or where what is above isn't UTF-8.
pub fn split(bytes: &[u8]) -> Option<(Vec<&str>, &[u8])> {
    let end = bytes.windows(2).position(|w| w == b"\n\n")?;
    let lines = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((lines.split('\n').collect(), &bytes[end + 2..]))
}

/// One hash a line.
pub fn hashes(lines: &[&str]) -> Option<Vec<Hash>> {
    lines.iter().map(|l| Hash::from_base64(l).ok()).collect()
}

/// One line a hash.
pub fn hash_lines(hashes: &[Hash]) -> String {
    hashes.iter().map(|h| format!("{h}\n")).collect()
}
