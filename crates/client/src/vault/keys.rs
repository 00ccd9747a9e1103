//! What the account's keys open: grant seeds, content keys, sealed objects from before a rotation.

use api_types::reports::OwnGrant;
use crypto::{
    account::AccountKey,
    format::{Label, SmallError},
    ids::GrantId,
    kem::{PrivateKey, Suite, hpke_open},
    report::{ContentKey, Wrap, WrapKey, open_wrap},
    secret::{Secret, SecretBytes},
};

use super::{Epochs, Vault};
use crate::{error::Result, ids::ToCrypto, platform::Platform, refusal::Refusal};

/// The account's private key that a wrap names by hash, if it is one of the account's.
fn account_private<'k>(epochs: &'k Epochs, wrap: &Wrap) -> Option<&'k PrivateKey> {
    let record = epochs.chain.record(wrap.epoch)?.claimed();
    let keys = epochs.keyring.epoch(wrap.epoch).ok()?;
    let (public, private) = match wrap.suite {
        Suite::XWing => (record.xwing.as_ref()?, &keys.xwing),
        Suite::X25519 => (&record.x25519, &keys.x25519),
    };
    (public.hash() == wrap.key_hash).then_some(private)
}

impl<P: Platform> Vault<P> {
    /// Opens under the account key, or under one from before a rotation.
    fn open_any(&self, label: Label, bindings: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, SmallError> {
        let now = self.account_key().open(label, bindings, sealed);
        if now.is_ok() {
            return now;
        }
        let retired: Vec<AccountKey> = self.state().retired.clone();
        retired.iter().rev().find_map(|key| key.open(label, bindings, sealed).ok()).map_or(now, Ok)
    }

    /// The own key pair of a redeemed code or claimed bearer grant.
    pub(crate) fn grant_seed(&self, grant: &GrantId, sealed: &[u8]) -> Result<PrivateKey> {
        let opened = self
            .open_any(Label::GrantSeed, &[self.0.id.as_ref(), grant.as_ref()], sealed)
            .map_err(|_| Refusal::GrantSeedForged)?;
        let seed = Secret::from_slice(opened.expose()).ok_or(Refusal::GrantSeedForged)?;
        Ok(PrivateKey::from_seed(Suite::XWing, seed))
    }

    /// Opens a wrap that was checked for its place: with the account's key of the wrap's epoch, or the grant's own.
    pub(crate) fn content_key(&self, wrap: &Wrap, grant: &OwnGrant) -> Result<ContentKey> {
        let forged = Refusal::WrapForged { version: wrap.place.version };
        if wrap.grant != grant.id.crypto() {
            return Err(forged.into());
        }
        let epochs = self.epochs();
        if let Some(private) = account_private(&epochs, wrap) {
            // As `open_wrap`, without deriving the public half again for every row of a list: the hash was compared
            // with the signed key record, which the keyring was checked against when it was opened.
            let opened = hpke_open(private, None, &wrap.info(), &wrap.sealed).map_err(|_| forged.clone())?;
            return Ok(Secret::from_slice(opened.expose()).ok_or(forged)?);
        }
        if let Some(team) = grant.team {
            let missing = Refusal::TeamKeyForged { team: team.to_string() };
            let private = self.team_key(team.crypto(), wrap.epoch).ok_or(missing)?;
            return Ok(open_wrap(wrap, WrapKey::Grant(&private)).map_err(|_| forged)?);
        }
        let seed = grant.seed.as_ref().ok_or_else(|| forged.clone())?;
        let private = self.grant_seed(&wrap.grant, &seed.0)?;
        Ok(open_wrap(wrap, WrapKey::Grant(&private)).map_err(|_| forged)?)
    }

    /// Every account key that may open an own object, the current one first.
    pub(crate) fn account_keys(&self) -> Vec<AccountKey> {
        let mut keys = vec![self.account_key()];
        keys.extend(self.state().retired.iter().rev().cloned());
        keys
    }
}
