//! A report's device is believed once its record is the one that its id names and its owner signed it.

use std::sync::Arc;

use api_types::{AccountId, accounts::PublicAccount, devices::ReportDevice};
use crypto::{
    account::{Device, DeviceRecord},
    ids::AccountId as CryptoAccountId,
    sign::Signed,
};

use crate::{
    error::Result,
    ids::{ToApi, ToCrypto},
    key_log::AskedAt,
    platform::Platform,
    refusal::Refusal,
    vault::Vault,
};

/// A device whose owner signed for it.
pub(crate) struct KnownDevice {
    /// By which it signs.
    pub device: Device,
    /// Its owner's name, as the server says.
    pub owner_name: String,
}

/// Which device a report was sent by, and whose that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBy {
    /// What its owner calls it, signed by them.
    pub name: String,
    /// Whose it is.
    pub owner: AccountId,
    /// The owner's name, as the server says.
    pub owner_name: String,
    /// When its owner removed it; what it sent before stays.
    pub removed_at: Option<i64>,
}

/// Whether what is shown as a person is a device: nothing can be sealed to it.
pub(crate) fn is_device(account: &PublicAccount) -> bool {
    account.key_records.iter().any(|record| Signed::<DeviceRecord>::parse(&record.0).is_ok())
}

impl<P: Platform> Vault<P> {
    /// Verifies what the server says of the devices that began reports. `asked` is from before the request ([`Vault::asking`]).
    /// Remembers them for this session.
    pub(crate) async fn learn_devices(&self, devices: &[ReportDevice], asked: AskedAt) -> Result<()> {
        let owners: Vec<PublicAccount> = devices.iter().map(|device| device.owner.clone()).collect();
        self.prove_logged(&owners).await?;
        devices.iter().try_for_each(|device| self.learn_device(device, asked))
    }

    fn learn_device(&self, sent: &ReportDevice, asked: AskedAt) -> Result<()> {
        let forged = |why: String| Refusal::DeviceForged { device: sent.id.to_string(), why };
        let owner = self.learn(&sent.owner, asked)?;
        let id: CryptoAccountId = sent.id.crypto();
        let record = Signed::parse(&sent.record.0).map_err(|e| forged(e.to_string()))?;
        let device = Device::verify(&id, &record, &self.pinned().instance, &owner.chain);
        let mut device = device.map_err(|e| forged(e.to_string()))?;
        if let Some(removal) = &sent.removal {
            let removal = Signed::parse(&removal.0).map_err(|e| forged(e.to_string()))?;
            device.remove(&removal, &owner.chain).map_err(|e| forged(e.to_string()))?;
        }
        let mut people = self.people();
        let removed = people.2.get(&id).is_some_and(|known| known.device.removed_at().is_some());
        if removed && device.removed_at().is_none() {
            return Err(forged("its owner had removed it".to_owned()).into());
        }
        people.2.insert(id, Arc::new(KnownDevice { device, owner_name: owner.name }));
        Ok(())
    }

    /// The device behind an id that stands where an account's would, if a report of this session was sent by it.
    pub fn sent_by(&self, id: &AccountId) -> Option<SentBy> {
        let people = self.people();
        let known = people.2.get(&id.crypto())?;
        Some(SentBy {
            name: known.device.record().name.clone(),
            owner: known.device.owner().api(),
            owner_name: known.owner_name.clone(),
            removed_at: known.device.removed_at(),
        })
    }
}
