//! Trusting somebody no more: what their words, or their shares, opened opens nothing stored then.

use api_types::{WayInId, emergency::RemoveEmergencyContact, recovery_shares::RemoveRecoverySplit};

use super::Vault;
use crate::{error::Result, platform::Platform};

impl<P: Platform> Vault<P> {
    /// Removes an emergency contact and rotates the account key. Every other session ends. The session must be confirmed
    /// ([`Vault::confirm`]).
    ///
    /// # Errors
    /// [`crate::Refusal::WayInForged`] where its way in isn't there; as [`Vault::change_password`].
    pub async fn remove_emergency_contact(&self, id: &WayInId) -> Result<()> {
        self.rotate_without(id, async |rotation| {
            self.api().remove_emergency_contact(id, &RemoveEmergencyContact { rotation }).await
        })
        .await
    }

    /// Removes the split of the recovery and rotates the account key: its shares open nothing any more. Every other session
    /// ends. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// As [`Vault::remove_emergency_contact`].
    pub async fn remove_recovery_split(&self, id: &WayInId) -> Result<()> {
        self.rotate_without(id, async |rotation| {
            self.api().remove_recovery_split(id, &RemoveRecoverySplit { rotation }).await
        })
        .await
    }
}
