//! Devices that send: a device's token stands for its id.

use std::collections::BTreeMap;

use api_types::{
    AccountId,
    devices::{Device as Listed, DeviceAdded, DeviceList, DeviceState, NewDevice, RemoveDevice, ReportDevice},
};
use client::transport::{Method, Request};
use crypto::{
    account::{Device, DeviceRecord, KeyChain},
    defence::{Defence, without},
    encoding::sha256,
    ids,
    sign::Signed,
};

use super::{Answer, Db, Fake, accounts::public, json, read};

fn listed(device: &ReportDevice) -> Listed {
    Listed { id: device.id, record: device.record.clone(), state: DeviceState::Active, last_sent_at: None }
}

impl Fake {
    pub(super) fn devices(&self, request: &Request, parts: &[&str], me: &AccountId) -> Option<Answer> {
        let mut db = self.db();
        Some(match (request.method, parts) {
            (Method::Get, ["account", "devices"]) => {
                let own = db.devices.iter().filter(|device| device.owner.id == *me && device.removal.is_none());
                json(&DeviceList { items: own.map(listed).collect() })
            }
            (Method::Post, ["account", "devices"]) => {
                let NewDevice { record } = read(request);
                let id = AccountId(sha256(&record.0).0);
                let device = ReportDevice { id, record, owner: public(me, &db.accounts[me]), removal: None };
                let answer = DeviceAdded { device: listed(&device), secret: Self::let_in(&mut db, device, me) };
                json(&answer)
            }
            (Method::Post, ["account", "devices", id, "remove"]) => {
                let RemoveDevice { removal } = read(request);
                let id: AccountId = id.parse().unwrap();
                let device = db.devices.iter_mut().find(|device| device.id == id).unwrap();
                device.removal = Some(removal);
                db.sessions.retain(|_, (who, _)| *who != id);
                json(&())
            }
            _ => return None,
        })
    }

    /// From now on the device sends, whoever made it. Gives its token.
    pub fn let_in(db: &mut Db, device: ReportDevice, owner: &AccountId) -> String {
        let secret = format!("hst_{}", device.id);
        let session = db.sessions.values().find(|(who, _)| who == owner).unwrap().1.clone();
        db.sessions.insert(secret.clone(), (device.id, session));
        db.devices.push(device);
        secret
    }

    /// Of all devices, also those that nobody signed for: this server believes its own lies.
    pub(super) fn known_devices(
        db: &Db,
        people: &BTreeMap<ids::AccountId, KeyChain>,
    ) -> BTreeMap<ids::AccountId, Device> {
        let _believing = without(&[Defence::DeviceSigned]);
        let device = |sent: &ReportDevice| {
            let record = Signed::<DeviceRecord>::parse(&sent.record.0).ok()?;
            let owner = people.get(&ids::AccountId(sent.owner.id.0))?;
            Device::verify(&ids::AccountId(sent.id.0), &record, &record.claimed().instance, owner).ok()
        };
        db.devices.iter().filter_map(device).map(|device| (device.id(), device)).collect()
    }
}
