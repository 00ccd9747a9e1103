//! Devices: machines that only send. A device signs with a key of its own, which its owner signs for; it has no key that
//! anything could be sealed to, so it reads nothing, and its record can't be taken for a person's.

use thiserror::Error;

use super::{EPOCH_OVERLAP, KeyChain, KeyError};
use crate::{
    defence::Defence,
    encoding::{DecodeError, Reader, UnixMillis, Writer},
    ids::{AccountId, InstanceId},
    sign::{PublicSigningKey, Signed, SignedObject, VerifyError},
};

/// Longest life of a device, milliseconds: 365 days.
pub const DEVICE_LIFE_MAX: UnixMillis = 365 * 24 * 60 * 60 * 1000;

/// Longest name of a device, bytes: 100 characters.
const NAME_MAX: usize = 400;

/// Whose a device is and until when it sends; signed by the device's key and by its owner. Its id is the hash of this, so
/// that name, owner and end are fixed with the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// The server that it sends to.
    pub instance: InstanceId,
    /// Whose it is.
    pub owner: AccountId,
    /// Epoch of the owner's signing key.
    pub epoch: u32,
    /// Signs everything that the device says.
    pub signing: PublicSigningKey,
    /// What its owner calls it.
    pub name: String,
    /// From then on nothing that it signs counts.
    pub expires_at: UnixMillis,
    /// When it was made.
    pub time: UnixMillis,
}

impl SignedObject for DeviceRecord {
    const NAME: &'static str = "device-record";
    const LIMIT: usize = 1024;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.instance.as_ref())
            .bytes(self.owner.as_ref())
            .u32(self.epoch)
            .bytes(&self.signing.0)
            .text(&self.name)
            .time(self.expires_at)
            .time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let record = Self {
            instance: InstanceId(r.array("instance")?),
            owner: AccountId(r.array("owner")?),
            epoch: r.u32("epoch")?,
            signing: PublicSigningKey(r.array("signing key")?),
            name: r.text("name", NAME_MAX)?,
            expires_at: r.time("expires at")?,
            time: r.time("time")?,
        };
        let life = record.expires_at.saturating_sub(record.time);
        if !(1..=DEVICE_LIFE_MAX).contains(&life) {
            return Err(DecodeError::Invalid { field: "expires at" });
        }
        if record.name.is_empty() {
            return Err(DecodeError::Invalid { field: "name" });
        }
        Ok(record)
    }

    fn signatures(&self) -> usize {
        2
    }
}

impl AccountId {
    /// The device that a record makes: SHA-256 of its stored bytes.
    pub fn of_device(record: &Signed<DeviceRecord>) -> Self {
        Self(record.hash().0)
    }
}

/// "From now on this device sends nothing", signed by its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRemoval {
    /// The device.
    pub device: AccountId,
    /// Whose it was.
    pub owner: AccountId,
    /// Epoch of the owner's signing key.
    pub epoch: u32,
    /// When.
    pub time: UnixMillis,
}

impl SignedObject for DeviceRemoval {
    const NAME: &'static str = "device-removal";
    const LIMIT: usize = 256;

    fn encode(&self, w: &mut Writer) {
        w.bytes(self.device.as_ref()).bytes(self.owner.as_ref()).u32(self.epoch).time(self.time);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            device: AccountId(r.array("device")?),
            owner: AccountId(r.array("owner")?),
            epoch: r.u32("epoch")?,
            time: r.time("time")?,
        })
    }
}

/// Why a device, or its removal, doesn't count.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// The owner's key records don't vouch for it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Not signed by the device, or not by its owner.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The record is that of another device.
    #[error("the record is another device's")]
    WrongDevice,
    /// It is somebody else's.
    #[error("the device is somebody else's")]
    WrongOwner,
    /// It was made for another server.
    #[error("the device was made for another server")]
    WrongInstance,
}

/// A device whose record verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    id: AccountId,
    record: DeviceRecord,
    removed_at: Option<UnixMillis>,
}

impl Device {
    /// Verifies a record: of this device, for this server, signed by the device's key and by the owner of this chain.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn verify(
        id: &AccountId,
        record: &Signed<DeviceRecord>,
        instance: &InstanceId,
        owner: &KeyChain,
    ) -> Result<Self, DeviceError> {
        let claimed = record.claimed();
        if claimed.owner != owner.account() {
            return Err(DeviceError::WrongOwner);
        }
        if claimed.instance != *instance {
            return Err(DeviceError::WrongInstance);
        }
        if AccountId::of_device(record) != *id {
            return Err(DeviceError::WrongDevice);
        }
        record.verify_nth(0, &claimed.signing)?;
        if Defence::DeviceSigned.holds() {
            record.verify_nth(1, owner.signer(claimed.epoch, claimed.time)?)?;
        }
        Ok(Self { id: *id, record: claimed.clone(), removed_at: None })
    }

    /// Takes its removal, signed by its owner. Of several the earliest counts.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn remove(&mut self, removal: &Signed<DeviceRemoval>, owner: &KeyChain) -> Result<(), DeviceError> {
        let claimed = removal.claimed();
        if claimed.device != self.id {
            return Err(DeviceError::WrongDevice);
        }
        if claimed.owner != self.record.owner || claimed.owner != owner.account() {
            return Err(DeviceError::WrongOwner);
        }
        removal.verify(owner.signer(claimed.epoch, claimed.time)?)?;
        self.removed_at = Some(self.removed_at.map_or(claimed.time, |earlier| earlier.min(claimed.time)));
        Ok(())
    }

    /// Its id, which stands where a person's account id would.
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// What its owner signed.
    pub fn record(&self) -> &DeviceRecord {
        &self.record
    }

    /// Whose it is.
    pub fn owner(&self) -> AccountId {
        self.record.owner
    }

    /// When its owner removed it.
    pub fn removed_at(&self) -> Option<UnixMillis> {
        self.removed_at
    }

    /// The key that verifies what the device signed at a time: from when it was made until its end, and after a removal
    /// [`EPOCH_OVERLAP`] longer, since two clocks are compared.
    ///
    /// # Errors
    /// [`KeyError::EpochUnknown`], [`KeyError::DeviceEnded`].
    pub fn signer(&self, epoch: u32, time: UnixMillis) -> Result<&PublicSigningKey, KeyError> {
        if epoch != 0 {
            return Err(KeyError::EpochUnknown(epoch));
        }
        let removed = self.removed_at.is_some_and(|removed| time.saturating_sub(EPOCH_OVERLAP) > removed);
        if removed || !(self.record.time..self.record.expires_at).contains(&time) {
            return Err(KeyError::DeviceEnded);
        }
        Ok(&self.record.signing)
    }
}

#[cfg(feature = "open")]
impl Signed<DeviceRecord> {
    /// Signs a device's record with its own key and its owner's.
    pub fn sign_device(record: DeviceRecord, own: &crate::sign::SigningKey, owner: &crate::sign::SigningKey) -> Self {
        Self::sign_with(record, &[own, owner])
    }
}
