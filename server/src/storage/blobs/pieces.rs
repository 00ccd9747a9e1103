//! Pieces of blobs on their way into a bucket, in memory that is used again: an allocator that is given back megabytes and asked
//! for as many again keeps both.

use std::{
    fs::File,
    io, mem,
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::PIECE;

/// The memory of pieces that are nowhere on their way.
#[derive(Clone, Default)]
pub(super) struct Pieces(Arc<Mutex<Vec<Vec<u8>>>>);

impl Pieces {
    fn idle(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads at most [`PIECE`] bytes of a file.
    pub(super) fn read(&self, file: &File, start: u64, len: usize) -> io::Result<Bytes> {
        let idle = self.idle().pop();
        let mut lent = Lent { memory: idle.unwrap_or_else(|| vec![0; PIECE]), len, to: self.clone() };
        let room = lent.memory.get_mut(..len).ok_or(io::ErrorKind::InvalidInput)?;
        file.read_exact_at(room, start)?;
        Ok(Bytes::from_owner(lent))
    }
}

/// Comes back once nobody reads it any more.
struct Lent {
    memory: Vec<u8>,
    len: usize,
    to: Pieces,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.memory[..self.len]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.to.idle().push(mem::take(&mut self.memory));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn memory_is_used_again_and_shows_nothing_of_what_was_in_it() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let pieces = Pieces::default();
        let first = pieces.read(&file, 0, 10).unwrap();
        let second = pieces.read(&file, 2, 3).unwrap();
        assert_eq!((&first[..], &second[..]), (&b"0123456789"[..], &b"234"[..]));
        drop((first, second));
        assert_eq!(&pieces.read(&file, 8, 2).unwrap()[..], b"89");
        assert_eq!(pieces.idle().len(), 2, "no more than were on their way at once");
        assert!(pieces.read(&file, 5, 6).is_err(), "behind the end");
        assert!(pieces.read(&file, 0, PIECE + 1).is_err(), "longer than a piece");
        assert_eq!(pieces.idle().len(), 2);
    }
}
