//! Argon2id (RFC 9106): parameters with a floor that a server can't lower.

use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;

use crate::{defence::Defence, secret::Secret};

/// Why parameters are refused.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KdfError {
    /// Below the floor: a server trying to make guessing cheap.
    #[error("the key derivation asked for is too weak")]
    WeakKdf,
    /// Above the ceiling: a server trying to exhaust the client.
    #[error("the key derivation asked for is too costly")]
    ExcessiveKdf,
}

/// Argon2id parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KdfParams {
    /// 64 MiB, 3 passes, 1 lane: the least a client accepts, and the default.
    pub const FLOOR: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// 1 GiB, 16 passes, 4 lanes: the most.
    pub const CEILING: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 4 };

    /// Parameters between floor and ceiling.
    ///
    /// # Errors
    /// [`KdfError`].
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KdfError> {
        let (floor, ceiling) = (Self::FLOOR, Self::CEILING);
        let weak = memory_kib < floor.memory_kib || passes < floor.passes || lanes < floor.lanes;
        if weak && Defence::KdfFloor.holds() {
            return Err(KdfError::WeakKdf);
        }
        let excessive = memory_kib > ceiling.memory_kib || passes > ceiling.passes || lanes > ceiling.lanes;
        if excessive && Defence::KdfCeiling.holds() {
            return Err(KdfError::ExcessiveKdf);
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// Memory, KiB.
    pub fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes.
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub fn lanes(&self) -> u32 {
        self.lanes
    }

    /// Argon2id, version 0x13, without key or associated data. False when memory can't be had.
    pub(crate) fn hash(&self, input: &[u8], salt: &[u8], out: &mut [u8]) -> bool {
        let Self { memory_kib, passes, lanes } = self.spent();
        Params::new(memory_kib, passes, lanes, Some(out.len())).is_ok_and(|params| {
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(input, salt, out).is_ok()
        })
    }

    /// As [`KdfParams::hash`], to 32 bytes.
    #[cfg_attr(not(feature = "open"), allow(dead_code))]
    pub(crate) fn stretch(&self, input: &[u8], salt: &[u8]) -> Option<Secret<32>> {
        let mut out = Secret::new([0u8; 32]);
        self.hash(input, salt, out.expose_mut()).then_some(out)
    }
}

#[cfg(not(feature = "weaken"))]
impl KdfParams {
    const fn spent(&self) -> Self {
        *self
    }
}

#[cfg(feature = "weaken")]
static SPARED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// From now on this process stretches at next to no cost: half of the time of all tests went into Argon2id, which is
/// tested by itself. What was stretched before has other keys.
#[cfg(feature = "weaken")]
pub fn spare_the_cost() {
    SPARED.store(true, std::sync::atomic::Ordering::Relaxed);
}

#[cfg(feature = "weaken")]
impl KdfParams {
    fn spent(&self) -> Self {
        let spared = SPARED.load(std::sync::atomic::Ordering::Relaxed);
        if spared { Self { memory_kib: 8 * self.lanes, passes: 1, lanes: self.lanes } } else { *self }
    }
}

impl Default for KdfParams {
    fn default() -> Self {
        Self::FLOOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_kdf_is_refused() {
        for (m, t, p) in [(65535, 3, 1), (65536, 2, 1), (65536, 3, 0), (8, 1, 1)] {
            assert_eq!(KdfParams::new(m, t, p), Err(KdfError::WeakKdf));
        }
        for (m, t, p) in [(1 << 21, 3, 1), (65536, 17, 1), (65536, 3, 5)] {
            assert_eq!(KdfParams::new(m, t, p), Err(KdfError::ExcessiveKdf));
        }
        assert_eq!(KdfParams::new(65536, 3, 1), Ok(KdfParams::default()));
    }
}
