//! Buffers of a segment's size that are used again: fresh ones cost a page fault for every 4 KiB, and freeing them as much.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

/// Buffers that nobody uses now, of one part. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    fn free(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A buffer; it has what it had before.
    pub(super) fn take(&self) -> Vec<u8> {
        self.free().pop().unwrap_or_default()
    }

    /// The first `len` bytes of a buffer. It comes back when the last copy of them is dropped.
    pub(super) fn lend(&self, buffer: Vec<u8>, len: usize) -> Bytes {
        Bytes::from_owner(Lent { buffer, len, home: self.clone() })
    }
}

struct Lent {
    buffer: Vec<u8>,
    len: usize,
    home: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let buffer = mem::take(&mut self.buffer);
        self.home.free().push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_nobody_has_it_any_more() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take();
        buffer.extend_from_slice(b"segment");
        let place = buffer.as_ptr();
        let lent = buffers.lend(buffer, 3);
        let copy = lent.slice(1..);
        drop(lent);
        assert_eq!((&copy[..], buffers.free().len()), (&b"eg"[..], 0));
        drop(copy);
        let again = buffers.take();
        assert_eq!((again.as_ptr(), &again[..]), (place, &b"segment"[..]));
    }
}
