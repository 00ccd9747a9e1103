//! Pieces of blobs on their way out of a file, in memory that is used again: an allocator that is given back megabytes and asked
//! for as many again keeps both, and memory that is new is filled with zeros before it is read into.

use std::{
    fs::File,
    io, mem,
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

/// The memory of pieces that are nowhere on their way.
#[derive(Clone)]
pub(super) struct Pieces(Arc<Memory>);

struct Memory {
    /// Bytes of a piece at most.
    size: usize,
    /// Pieces at most whose memory is kept for others.
    kept: usize,
    idle: Mutex<Vec<Vec<u8>>>,
}

impl Pieces {
    /// Of pieces of that size at most. The memory of so many is kept.
    pub(super) fn new(size: usize, kept: usize) -> Self {
        Self(Arc::new(Memory { size, kept, idle: Mutex::default() }))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads some bytes of a file, a piece at most.
    pub(super) fn read(&self, file: &File, start: u64, len: usize) -> io::Result<Bytes> {
        let idle = self.idle().pop();
        let mut lent = Lent { memory: idle.unwrap_or_else(|| vec![0; self.0.size]), len, to: self.clone() };
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
        let memory = mem::take(&mut self.memory);
        let mut idle = self.to.idle();
        if idle.len() < self.to.0.kept {
            idle.push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const PIECE: usize = 16;

    #[test]
    fn memory_is_used_again_and_shows_nothing_of_what_was_in_it() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let pieces = Pieces::new(PIECE, 3);
        let first = pieces.read(&file, 0, 10).unwrap();
        let second = pieces.read(&file, 2, 3).unwrap();
        assert_eq!((&first[..], &second[..]), (&b"0123456789"[..], &b"234"[..]));
        drop((first, second));
        assert_eq!(&pieces.read(&file, 8, 2).unwrap()[..], b"89");
        assert_eq!(pieces.idle().len(), 2, "no more than were on their way at once");
        assert!(pieces.read(&file, 5, 6).is_err(), "behind the end");
        assert!(pieces.read(&file, 0, PIECE + 1).is_err(), "longer than a piece");
        assert_eq!(pieces.idle().len(), 2);
        let many: Vec<Bytes> = (0..5).map(|start| pieces.read(&file, start, 1).unwrap()).collect();
        assert_eq!(many.concat(), b"01234");
        drop(many);
        assert_eq!(pieces.idle().len(), 3, "the others are given back");
    }
}
