//! The account key that takes another's place, and what a rotation makes with it.

use api_types::{B64, accounts::Rotation};
use crypto::{
    account::{
        AccountKey, KeyChain, Keyring, WayIn, WayInKind, WayInSecret, WayInSetup, make_way_in, rewrap_way_in,
        seal_state,
    },
    sign::Signed,
};

use super::sign_up::new_way_in;
use crate::{
    error::{ClientError, Result},
    platform::rng,
    refusal::Refusal,
    state::ClientState,
};

/// A way in for a secret.
pub(crate) fn make_way(setup: WayInSetup<'_>, secret: WayInSecret<'_>) -> Result<Signed<WayIn>> {
    make_way_in(setup, secret, &mut rng()).map_err(|_| ClientError::Internal("a way in could not be made"))
}

/// A fresh account key, with the keys that sign for it.
pub(crate) struct NextKey<'a> {
    /// The key.
    pub key: AccountKey,
    /// Its generation.
    pub generation: u32,
    chain: &'a KeyChain,
    keyring: &'a Keyring,
    time: i64,
}

impl<'a> NextKey<'a> {
    /// The one after `generation`.
    pub fn after(generation: u32, chain: &'a KeyChain, keyring: &'a Keyring, time: i64) -> Self {
        let generation = generation.saturating_add(1);
        Self { key: AccountKey::generate(&mut rng()), generation, chain, keyring, time }
    }

    fn setup(&self) -> WayInSetup<'_> {
        WayInSetup {
            account: self.chain.account(),
            keys: self.keyring.current(),
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
        Ok(rewrap_way_in(way, self.chain, self.setup(), &mut rng()).map_err(|_| Refusal::WayInForged)?)
    }

    /// Everything that the key before sealed, under this one.
    pub fn rotation(
        &self,
        [password, kit]: [&Signed<WayIn>; 2],
        others: &[Signed<WayIn>],
        old: AccountKey,
        (counter, mut state): (u64, ClientState),
    ) -> Result<Rotation> {
        let (account, counter) = (self.chain.account(), counter.saturating_add(1));
        state.retired.push(old);
        let of_kind = |kind: WayInKind| {
            let ways = others.iter().filter(move |way| way.claimed().kind == kind);
            ways.map(|way| Ok(new_way_in(&self.rewrap(way)?))).collect::<Result<Vec<_>>>()
        };
        Ok(Rotation {
            passkeys: of_kind(WayInKind::Passkey)?,
            emergency_contacts: of_kind(WayInKind::EmergencyContact)?,
            password: new_way_in(password),
            recovery_kit: new_way_in(kit),
            keyring: B64(self.keyring.seal(&self.key, &account, &mut rng())),
            client_state: B64(seal_state(&self.key, &account, counter, state.to_bytes().expose(), &mut rng())),
            client_state_counter: counter,
        })
    }
}
