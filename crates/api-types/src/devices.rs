//! `/api/v1/account/devices`: machines that only send. A device is named by the hash of its signed record; its token reaches
//! nothing but sending.

use crate::{AccountId, B64, UnixMillis, accounts::PublicAccount, body};

/// Most devices of an account that were not removed.
pub const DEVICES_MAX: usize = 20;
/// Longest life of a device, in days.
pub const DEVICE_MAX_DAYS: u32 = 365;
/// Longest name of a device, characters.
pub const DEVICE_NAME_MAX_CHARS: usize = 100;

body! {
    /// Where a device stands.
    pub enum DeviceState {
        /// It sends.
        Active,
        /// Its time is over.
        Expired,
        /// Its token ended: with a new password, recovery kit or account key, a recovery, or the account's being disabled.
        Ended,
    }
}

body! {
    /// A device in its owner's list.
    pub struct Device {
        /// Its id: SHA-256 of its record.
        pub id: AccountId,
        /// `crypto` device record, signed by device and owner: name, owner, end.
        pub record: B64,
        /// Where it stands.
        pub state: DeviceState,
        /// When it last sent a report.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub last_sent_at: Option<UnixMillis>,
    }
}

body! {
    /// `GET /account/devices`.
    pub struct DeviceList {
        /// Those that were not removed, newest first.
        pub items: Vec<Device>,
    }
}

body! {
    /// `POST /account/devices`. The session must be confirmed.
    pub struct NewDevice {
        /// `crypto` device record, of now, for 1 to 365 days.
        pub record: B64,
    }
}

body! {
    /// Answer to a new device.
    pub struct DeviceAdded {
        /// As it is listed.
        pub device: Device,
        /// What the device sends (`Authorization: Bearer hst_…`); shown this once.
        pub secret: String,
    }
}

body! {
    /// `POST /account/devices/{id}/remove`.
    pub struct RemoveDevice {
        /// `crypto` device removal, signed by the owner.
        pub removal: B64,
    }
}

body! {
    /// A device that began a report, for those who read it.
    pub struct ReportDevice {
        /// Its id: SHA-256 of its record.
        pub id: AccountId,
        /// Its record.
        pub record: B64,
        /// Whose it is, with the keys that its record and removal are signed by.
        pub owner: PublicAccount,
        /// Its removal, if its owner removed it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pub removal: Option<B64>,
    }
}
