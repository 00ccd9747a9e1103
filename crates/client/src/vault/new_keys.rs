//! New keys for the account: a new epoch, whose record the old and the new key sign, with a new account key.

use api_types::{B64, accounts::RotateKeys};
use crypto::{account::KeyRecord, sign::Signed};

use super::{Vault, rotation::Next};
use crate::{error::Result, platform::Platform};

impl<P: Platform> Vault<P> {
    /// Makes new keys and rotates the account key. What was sealed to the old ones stays readable, as the keyring keeps them;
    /// from here on everything is signed by the new ones and sealed to them. Every other session ends. The session must be
    /// confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// `confirmation_required`; refusals of forged answers; as [`Vault::change_password`].
    pub async fn rotate_keys(&self) -> Result<()> {
        self.rotate(
            async |next: Next| next.with_epoch(),
            async |rotation, record: Signed<KeyRecord>| {
                let body = RotateKeys { key_record: B64::from(record.as_bytes()), rotation };
                self.api().rotate_keys(&body).await
            },
        )
        .await
    }

    /// How often the account's keys were made anew, and when the newest were made, as their record says.
    pub fn key_epoch(&self) -> (u32, i64) {
        let chain = self.chain();
        (chain.epoch(), chain.current().claimed().created_at)
    }
}
