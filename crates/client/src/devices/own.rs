//! An account's own devices.

use api_types::{
    AccountId, B64, UnixMillis,
    devices::{DEVICE_MAX_DAYS, DEVICE_NAME_MAX_CHARS, Device as Listed, DeviceState, NewDevice, RemoveDevice},
};
use crypto::{
    account::{Device, DeviceRecord, DeviceRemoval},
    ids::AccountId as CryptoAccountId,
    sign::{Signed, SigningKey},
};

use super::{DeviceFile, DeviceMemory};
use crate::{
    content::{Field, FieldProblem, normal_name, wrong},
    error::Result,
    ids::{ToApi, ToCrypto},
    platform::{Platform, rng},
    refusal::Refusal,
    tokens::is_api_token,
    vault::Vault,
};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// A device in its owner's list: name and times as its owner signed them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OwnDevice {
    /// Its id.
    pub id: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it ends.
    pub expires_at: UnixMillis,
    /// Where it stands, as the server says.
    pub state: DeviceState,
    /// When it last sent a report, as the server says.
    pub last_sent_at: Option<UnixMillis>,
}

/// A device that was just added.
pub struct AddedDevice {
    /// As it is listed.
    pub device: OwnDevice,
    /// What the machine keeps; shown this once.
    pub file: DeviceFile,
}

/// The name as it is kept: one line, without spaces around it.
fn name_of(name: &str) -> Result<String> {
    let name = normal_name(name)?;
    match name.chars().count() > DEVICE_NAME_MAX_CHARS {
        true => Err(wrong(Field::Name, FieldProblem::TooLong(DEVICE_NAME_MAX_CHARS)).into()),
        false => Ok(name),
    }
}

impl<P: Platform> Vault<P> {
    /// The account's devices that were not removed, newest first.
    ///
    /// # Errors
    /// [`Refusal::DeviceForged`] for one that this account didn't sign for; no connection.
    pub async fn devices(&self) -> Result<Vec<OwnDevice>> {
        self.api().list_devices().await?.items.iter().map(|listed| self.own_device(listed)).collect()
    }

    fn own_device(&self, listed: &Listed) -> Result<OwnDevice> {
        let forged = |why: String| Refusal::DeviceForged { device: listed.id.to_string(), why };
        let record = Signed::parse(&listed.record.0).map_err(|e| forged(e.to_string()))?;
        let device = Device::verify(&listed.id.crypto(), &record, &self.pinned().instance, &self.chain());
        let device = device.map_err(|e| forged(e.to_string()))?;
        let said = device.record();
        Ok(OwnDevice {
            id: listed.id,
            name: said.name.clone(),
            created_at: said.time,
            expires_at: said.expires_at,
            state: listed.state,
            last_sent_at: listed.last_sent_at,
        })
    }

    /// Makes a device that sends to the server at this address, for 1 to 365 days. Its key is made here and goes into the
    /// file alone.
    ///
    /// # Errors
    /// A name or number of days that breaks a limit; `confirmation_required`: [`Vault::confirm`] first; `forbidden` for
    /// administrators; `conflict` where there are as many as there may be.
    pub async fn add_device(&self, server: &str, name: &str, days: u32) -> Result<AddedDevice> {
        let name = name_of(name)?;
        if !(1..=DEVICE_MAX_DAYS).contains(&days) {
            return Err(wrong(Field::Expiry, FieldProblem::Range).into());
        }
        let own = SigningKey::generate(&mut rng());
        let keyring = self.keyring();
        let keys = keyring.current();
        let time = self.signing_time();
        let record = DeviceRecord {
            instance: self.pinned().instance,
            owner: self.id(),
            epoch: keys.epoch,
            signing: own.public(),
            name,
            expires_at: time + i64::from(days) * DAY,
            time,
        };
        let record = Signed::sign_device(record, &own, &keys.signing);
        let made = self.api().add_device(&NewDevice { record: B64::from(record.as_bytes()) }).await?;
        let same = made.device.record.0 == record.as_bytes();
        if !same || made.device.id != CryptoAccountId::of_device(&record).api() || !is_api_token(Some(&made.secret)) {
            return Err(Refusal::OtherThing.into());
        }
        let device = self.own_device(&made.device)?;
        let file = DeviceFile::new(server, &record, own.seed(), made.secret, self.device_memory());
        Ok(AddedDevice { device, file })
    }

    /// What a new device is to know of the server from the start: what this account has pinned.
    fn device_memory(&self) -> DeviceMemory {
        DeviceMemory::begin(&self.remembered(), &self.state(), &self.chain())
    }

    /// Removes a device: it sends nothing from now on. What it sent before stays.
    ///
    /// # Errors
    /// No connection; `not_found`.
    pub async fn remove_device(&self, id: &AccountId) -> Result<()> {
        let keyring = self.keyring();
        let keys = keyring.current();
        let removal =
            DeviceRemoval { device: id.crypto(), owner: self.id(), epoch: keys.epoch, time: self.signing_time() };
        let removal = Signed::sign(removal, &keys.signing);
        self.api().remove_device(id, &RemoveDevice { removal: B64::from(removal.as_bytes()) }).await
    }
}
