//! A blob being written: hashed, summed and counted on the way, whole and durable at its end or not there at all.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{BlobError, BlobResult, Crc64, spooled::Spooled, staged::Staged};

/// Takes a blob's bytes. One that is dropped unfinished is given up.
pub struct BlobWriter {
    to: To,
    hasher: Sha256,
    crc64: Crc64,
    len: u64,
    /// The store did not take all of it.
    failed: bool,
}

pub(super) enum To {
    Folder(Staged),
    Bucket(Spooled),
}

impl fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobWriter({} bytes)", self.len)
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub len: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Their checksum.
    pub crc64: u64,
}

impl BlobWriter {
    pub(super) fn new(to: To) -> Self {
        Self { to, hasher: Sha256::new(), crc64: Crc64::default(), len: 0, failed: false }
    }

    /// Takes more bytes; waits while the disk is behind. After an error the blob can only be given up.
    pub async fn write(&mut self, bytes: &[u8]) -> BlobResult<()> {
        self.hasher.update(bytes);
        self.crc64.update(bytes);
        self.len += bytes.len() as u64;
        let taken = match &mut self.to {
            To::Folder(staged) => staged.take(bytes).await,
            To::Bucket(spooled) => spooled.take(bytes).await,
        };
        self.failed |= taken.is_err();
        taken
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What came so far, while the blob can still be given up.
    pub fn written(&self) -> Written {
        Written { len: self.len, sha256: self.hasher.clone().finalize().into(), crc64: self.crc64.value() }
    }

    /// Makes the blob durable and visible. After an error it may be both, or neither.
    pub async fn finish(self) -> BlobResult<Written> {
        if self.failed {
            return Err(BlobError::Unavailable("the store did not take all of a blob".to_owned()));
        }
        let written = self.written();
        match self.to {
            To::Folder(staged) => staged.finish().await?,
            To::Bucket(spooled) => spooled.finish().await?,
        }
        Ok(written)
    }

    /// Gives it up; nothing stays behind.
    pub async fn abort(self) -> BlobResult<()> {
        match self.to {
            To::Folder(staged) => staged.abort().await,
            // The store knows nothing of it yet.
            To::Bucket(_) => Ok(()),
        }
    }
}
