//! The account key that takes another's place, and what a rotation makes with it; and the keys of a new epoch.

use std::sync::Arc;

use api_types::{B64, accounts::Rotation};
use crypto::{
    account::{
        AccountKey, KeyChain, KeyRecord, Keyring, WayIn, WayInKind, WayInSecret, WayInSetup, make_way_in,
        rewrap_way_in, seal_state,
    },
    sign::Signed,
};

use super::sign_up::new_way_in;
use crate::{
    error::{ClientError, Result},
    platform::rng,
    refusal::Refusal,
    state::{ClientState, PasskeysSeen},
    vault::Epochs,
};

/// A way in for a secret.
pub(crate) fn make_way(setup: WayInSetup<'_>, secret: WayInSecret<'_>) -> Result<Signed<WayIn>> {
    make_way_in(setup, secret, &mut rng()).map_err(|_| ClientError::Internal("a way in could not be made"))
}

/// A fresh account key, with the keys that sign for it.
pub(crate) struct NextKey {
    /// The key.
    pub key: AccountKey,
    /// Its generation.
    pub generation: u32,
    /// What signs, and what is sealed.
    pub epochs: Epochs,
    time: i64,
}

impl NextKey {
    /// The one after `generation`.
    pub fn after(generation: u32, epochs: Epochs, time: i64) -> Self {
        let generation = generation.saturating_add(1);
        Self { key: AccountKey::generate(&mut rng()), generation, epochs, time }
    }

    /// Begins a new epoch: from here on everything is signed by its keys. Gives its record, signed by the old and the new.
    pub fn begin_epoch(&mut self) -> Result<Signed<KeyRecord>> {
        let impossible = |_| ClientError::Internal("new keys could not be made");
        let Epochs { keyring, chain } = &self.epochs;
        let mut keyring = Keyring::clone(keyring);
        let record = keyring.rotate(chain, self.time, &mut rng()).map_err(impossible)?;
        let records: Vec<_> = chain.records().iter().chain([&record]).map(Signed::as_bytes).collect();
        let chain = KeyChain::parse(&chain.account(), &records);
        let chain = chain.map_err(|_| ClientError::Internal("new keys don't follow the old"))?;
        self.epochs = Epochs { keyring: Arc::new(keyring), chain: Arc::new(chain) };
        Ok(record)
    }

    fn setup(&self) -> WayInSetup<'_> {
        WayInSetup {
            account: self.epochs.chain.account(),
            keys: self.epochs.keyring.current(),
            account_key: &self.key,
            generation: self.generation,
            time: self.time,
        }
    }

    /// A new way in.
    pub fn make(&self, secret: WayInSecret<'_>) -> Result<Signed<WayIn>> {
        make_way(self.setup(), secret)
    }

    /// A way in that stays, with nobody's secret at hand.
    pub fn rewrap(&self, way: &Signed<WayIn>) -> Result<Signed<WayIn>> {
        Ok(rewrap_way_in(way, &self.epochs.chain, self.setup(), &mut rng()).map_err(|_| Refusal::WayInForged)?)
    }

    /// Everything that the key before sealed, under this one.
    pub fn rotation(
        &self,
        [password, kit]: [&Signed<WayIn>; 2],
        others: &[Signed<WayIn>],
        old: AccountKey,
        (counter, mut state): (u64, ClientState),
    ) -> Result<Rotation> {
        let (account, counter) = (self.epochs.chain.account(), counter.saturating_add(1));
        state.retired.push(old);
        state.begin_passkeys(PasskeysSeen::of(self.generation, others));
        let of_kind = |kind: WayInKind| {
            let ways = others.iter().filter(move |way| way.claimed().kind == kind);
            ways.map(|way| Ok(new_way_in(&self.rewrap(way)?))).collect::<Result<Vec<_>>>()
        };
        Ok(Rotation {
            passkeys: of_kind(WayInKind::Passkey)?,
            emergency_contacts: of_kind(WayInKind::EmergencyContact)?,
            recovery_shares: of_kind(WayInKind::RecoveryShares)?,
            escrow: of_kind(WayInKind::Escrow)?,
            password: new_way_in(password),
            recovery_kit: new_way_in(kit),
            keyring: B64(self.epochs.keyring.seal(&self.key, &account, &mut rng())),
            client_state: B64(seal_state(&self.key, &account, counter, state.to_bytes().expose(), &mut rng())),
            client_state_counter: counter,
        })
    }
}
