//! New keys for the account: a new epoch, whose record the old and the new key sign, with a new account key.

use api_types::{B64, accounts::RotateKeys};

use super::{Vault, saving::TRIES};
use crate::{
    error::{ClientError, Result},
    platform::Platform,
    state::ClientState,
};

impl<P: Platform> Vault<P> {
    /// Makes new keys and rotates the account key. What was sealed to the old ones stays readable, as the keyring keeps them;
    /// from here on everything is signed by the new ones and sealed to them. Every other session ends. The session must be
    /// confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// `confirmation_required`; refusals of forged answers; as [`Vault::change_password`].
    pub async fn rotate_keys(&self) -> Result<()> {
        let _no_save_meanwhile = self.lock_saving().await;
        for _ in 0..TRIES {
            let mut next = self.next_key().await?;
            let record = next.key.begin_epoch()?;
            let mut state: ClientState = self.state().clone();
            state.pin(&next.key.epochs.chain);
            let ways = [&next.key.rewrap(&next.password)?, &next.key.rewrap(&next.kit)?];
            let rotation = self.rotated(&next, ways, state)?;
            let body = RotateKeys { key_record: B64::from(record.as_bytes()), rotation };
            self.begin_rotation(&next);
            let sent = self.api().rotate_keys(&body).await;
            if let Some(ended) = self.end_rotation(next.key.generation, sent).await {
                return ended;
            }
        }
        Err(ClientError::Internal("other devices save all the time"))
    }

    /// How often the account's keys were made anew, and when the newest were made, as their record says.
    pub fn key_epoch(&self) -> (u32, i64) {
        let chain = self.chain();
        (chain.epoch(), chain.current().claimed().created_at)
    }
}
