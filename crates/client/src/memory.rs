//! What a client remembers outside of the server: pins that nothing on the server can roll back. Not secret.

use std::collections::BTreeMap;

use api_types::{AccountId, B64, instance::Instance};
use crypto::{defence::Defence, ids::InstanceId, sign::PublicSigningKey};
use serde::{Deserialize, Serialize};

use crate::{
    error::{ClientError, Result},
    log::{KeptLog, Witnesses},
    refusal::Refusal,
};

/// Kept by the caller between runs (browser storage, the profile of `hs`), one for each server. Not secret; losing it
/// costs only the protection of this device's own memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The server's instance id.
    pub instance: Option<B64>,
    /// The organisation's public key.
    pub organisation_key: Option<B64>,
    /// For each account that signed in here: counter of its client state.
    pub accounts: BTreeMap<String, u64>,
    /// For each account that was opened here: generation of the way in.
    pub ways_in: BTreeMap<String, u32>,
    /// For each of the server's trees: the log's key and the newest checkpoint seen.
    pub logs: BTreeMap<String, KeptLog>,
    /// The newest of the organisation's rules on how long reports are kept.
    pub retention_rules: Option<SeenRules>,
    /// The witnesses that this device asks for, from its configuration.
    pub witnesses: Witnesses,
}

/// Rules on how long reports are kept, as they were seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRules {
    /// Their number.
    pub number: u32,
    /// SHA-256 of the signed statement.
    pub hash: B64,
}

impl Memory {
    /// The highest counter of an account's state seen here.
    pub(crate) fn counter(&self, account: &AccountId) -> u64 {
        self.accounts.get(&account.to_string()).copied().unwrap_or(0)
    }

    /// Remembers a counter.
    pub(crate) fn note(&mut self, account: &AccountId, counter: u64) {
        let seen = self.accounts.entry(account.to_string()).or_default();
        *seen = counter.max(*seen);
    }

    /// Refuses a way in of an account key that was rotated since, and remembers a newer one. All ways in of an account
    /// have the generation of its account key.
    pub(crate) fn check_way_in(&mut self, account: &AccountId, generation: u32) -> Result<()> {
        let seen = self.ways_in.entry(account.to_string()).or_default();
        if generation < *seen && Defence::WayInSeen.holds() {
            return Err(Refusal::WayInBehind.into());
        }
        *seen = generation;
        Ok(())
    }

    /// Compares what a server says of itself with what is pinned, and pins what isn't.
    pub(crate) fn check(&mut self, instance: &Instance) -> Result<Pinned> {
        let id: [u8; 16] = (&instance.instance_id.0[..]).try_into().map_err(|_| ClientError::Answer { status: 200 })?;
        match &self.instance {
            Some(pinned) if *pinned != instance.instance_id && Defence::PinnedInstance.holds() => {
                return Err(Refusal::InstanceChanged.into());
            }
            _ => self.instance = Some(instance.instance_id.clone()),
        }
        match (&self.organisation_key, &instance.organisation_key) {
            (Some(pinned), now) if now.as_ref() != Some(pinned) && Defence::PinnedOrganisation.holds() => {
                return Err(Refusal::OrganisationKeyChanged.into());
            }
            (_, Some(now)) => self.organisation_key = Some(now.clone()),
            _ => {}
        }
        Ok(Pinned { instance: InstanceId(id), organisation: organisation_key(instance.organisation_key.as_ref())? })
    }
}

/// An organisation key as bodies carry it.
pub(crate) fn organisation_key(key: Option<&B64>) -> Result<Option<PublicSigningKey>> {
    let Some(key) = key else { return Ok(None) };
    let bytes = (&key.0[..]).try_into().map_err(|_| ClientError::Answer { status: 200 })?;
    Ok(Some(PublicSigningKey(bytes)))
}

/// A server's pinned identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pinned {
    pub instance: InstanceId,
    pub organisation: Option<PublicSigningKey>,
}
