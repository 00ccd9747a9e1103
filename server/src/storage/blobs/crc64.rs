//! The checksum of a blob, CRC-64/NVME: it finds what a disk or a store damaged, at a small part of what SHA-256 costs. What
//! somebody changed on purpose it needn't find: readers' programs do.

use crc_fast::{CrcAlgorithm, Digest};

/// A checksum, of what came so far.
#[derive(Debug, Clone)]
pub struct Crc64(Digest);

impl Default for Crc64 {
    fn default() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Nvme))
    }
}

impl Crc64 {
    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// What it is now.
    pub fn value(&self) -> u64 {
        self.0.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_one_that_is_kept_however_the_bytes_come() {
        // The check value of CRC-64/NVME in the catalogue of CRCs: rows hold it, so it never changes.
        for cut in 0..=9 {
            let mut sum = Crc64::default();
            sum.update(&b"123456789"[..cut]);
            sum.update(&b"123456789"[cut..]);
            assert_eq!(sum.value(), 0xae8b_1486_0a79_9888);
        }
    }
}
