//! How much an account stores, and may: asked before an upload begins, so that nobody uploads for nothing.

use api_types::{limits::QUOTA_WARN_PERCENT, quotas::Quota};
use crypto::format::Geometry;

use crate::{error::Result, platform::Platform, vault::Vault};

/// An account's space, in bytes of ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What is stored.
    pub used: u64,
    /// The most that may be; `None` where there is no limit.
    pub limit: Option<u64>,
}

impl From<Quota> for Space {
    fn from(quota: Quota) -> Self {
        Self { used: quota.used, limit: quota.limit }
    }
}

/// The length of a sealed file.
fn sealed(len: u64) -> u64 {
    Geometry::of_plaintext(len).map_or(len, |geometry| geometry.ciphertext_len())
}

impl Space {
    /// What is left; `None` where there is no limit.
    pub fn room(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_sub(self.used))
    }

    /// How full it is, in whole percent rounded down; `None` where there is no limit.
    pub fn percent(&self) -> Option<u64> {
        let limit = self.limit.filter(|limit| *limit > 0)?;
        u64::try_from(u128::from(self.used) * 100 / u128::from(limit)).ok()
    }

    /// Whether it is so full that people are told.
    pub fn runs_out(&self) -> bool {
        self.percent().is_some_and(|percent| percent >= QUOTA_WARN_PERCENT)
    }

    /// A file of this length is on its way.
    pub fn take(&mut self, len: u64) {
        self.used = self.used.saturating_add(sealed(len));
    }

    /// Whether files of these lengths fit, sealed. A file that is too long to be sealed at all is refused elsewhere.
    pub fn fits(&self, files: impl IntoIterator<Item = u64>) -> bool {
        let wanted = files.into_iter().fold(0u64, |sum, len| sum.saturating_add(sealed(len)));
        self.room().is_none_or(|room| wanted <= room)
    }
}

impl<P: Platform> Vault<P> {
    /// What this account stores, and may.
    ///
    /// # Errors
    /// No connection.
    pub async fn space(&self) -> Result<Space> {
        Ok(self.api().get_quota().await?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_longer() {
        let sealed = Geometry::of_plaintext(1_000_000).map(|geometry| geometry.ciphertext_len()).expect("a length");
        let with = |room| Space { used: 5, limit: Some(5 + room) };
        assert!(with(sealed).fits([1_000_000]) && !with(sealed - 1).fits([1_000_000]));
        assert!(with(2 * sealed).fits([1_000_000; 2]) && !with(2 * sealed).fits([1_000_000; 3]));
        assert!(Space { used: u64::MAX, limit: None }.fits([u64::MAX, 1]), "no limit");
        assert!(!with(0).fits([0]), "an empty file has a header");
        let mut room = with(sealed + 100);
        room.take(1_000_000);
        assert_eq!(room.room(), Some(100));
    }

    #[test]
    fn fuller_than_full_is_said_as_it_is() {
        let space = |used, limit| Space { used, limit: Some(limit) };
        assert_eq!((space(3, 2).room(), space(3, 2).percent()), (Some(0), Some(150)));
        assert!(space(80, 100).runs_out() && !space(79, 100).runs_out());
        assert_eq!(space(u64::MAX, u64::MAX).percent(), Some(100));
        assert!(!Space { used: 9, limit: None }.runs_out());
    }
}
