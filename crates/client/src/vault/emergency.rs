//! Trusting somebody no more: what their words opened opens nothing stored then.

use api_types::{WayInId, emergency::RemoveEmergencyContact};

use super::{Vault, saving::TRIES};
use crate::{
    error::{ClientError, Result},
    ids::ToApi,
    platform::Platform,
    refusal::Refusal,
};

impl<P: Platform> Vault<P> {
    /// Removes an emergency contact and rotates the account key. Every other session ends. The session must be confirmed
    /// ([`Vault::confirm`]).
    ///
    /// # Errors
    /// [`Refusal::WayInForged`] where its way in isn't there; as [`Vault::change_password`].
    pub async fn remove_emergency_contact(&self, id: &WayInId) -> Result<()> {
        let _no_save_meanwhile = self.lock_saving().await;
        for _ in 0..TRIES {
            let mut next = self.next_key().await?;
            let before = next.others.len();
            next.others.retain(|way| way.claimed().id.api() != *id);
            if next.others.len() == before {
                return Err(Refusal::WayInForged.into());
            }
            let ways = [&next.key.rewrap(&next.password)?, &next.key.rewrap(&next.kit)?];
            let body = RemoveEmergencyContact { rotation: self.rotated(&next, ways, self.state().clone())? };
            self.begin_rotation(&next.key);
            let sent = self.api().remove_emergency_contact(id, &body).await;
            if let Some(ended) = self.end_rotation(next.key.generation, sent).await {
                return ended;
            }
        }
        Err(ClientError::Internal("other devices save all the time"))
    }
}
