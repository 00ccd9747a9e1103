//! Devices: what one sends, and lies about them.

use std::sync::Arc;

use api_types::{AccountId, B64, ReportId, accounts::Role, grants::Right, reports::ReportPeople};
use bytes::Bytes;
use client::{AddedDevice, ClientError, DeviceFile, PatientChoice, Refusal, SendFile, Sender, Vault, bulk::Control};
use crypto::{
    account::{DeviceRecord, Keyring},
    sign::Signed,
};
use malicious_server::scene::{fields, report};

use super::refusal;
use crate::fake::{Fake, World, email, rng};

const ADDRESS: &str = "https://clinic.example";
const PICTURE: &[u8] = b"%PDF-1.7 picture";

struct Clinic {
    server: Arc<Fake>,
    ann: Vault<World>,
    dora: Vault<World>,
    added: AddedDevice,
}

async fn clinic() -> Clinic {
    let server = Fake::new();
    server.keep_keys();
    let ann = server.person("Ann Example", Role::Patient).await;
    let dora = server.person("Dora Doctor", Role::Doctor).await;
    let added = dora.add_device(ADDRESS, "  Laboratory  2 ", 30).await.unwrap();
    Clinic { server, ann, dora, added }
}

impl Clinic {
    async fn sender(&self) -> Sender<World> {
        let file = DeviceFile::parse(&self.added.file.to_text().unwrap()).unwrap();
        Sender::open(World::new(&self.server), &file, None).await.unwrap()
    }

    async fn sent(&self) -> ReportId {
        send(&self.sender().await, Some("Ann Example")).await.unwrap()
    }

    /// Changes what is said of the report's devices.
    fn lie(&self, change: impl Fn(&mut ReportPeople) + Send + 'static) {
        self.server.lie(move |request, value| {
            if request.path.ends_with("/people") && !value.is_null() {
                let mut people: ReportPeople = serde_json::from_value(value.clone()).unwrap();
                change(&mut people);
                *value = serde_json::to_value(people).unwrap();
            }
        });
    }
}

async fn send(sender: &Sender<World>, to: Option<&str>) -> client::Result<ReportId> {
    let (source, control) = (Bytes::from_static(PICTURE), Control::none());
    let file = SendFile { name: "scan.pdf", source: &source, control: &control };
    sender.send(to.map(email).as_deref(), fields(), &[file]).await
}

fn forged(found: Refusal, id: &AccountId) -> String {
    match found {
        Refusal::DeviceForged { device, why } if device == id.to_string() => why,
        other => panic!("refused otherwise: {other:?}"),
    }
}

#[tokio::test]
async fn what_a_device_sends_is_the_patients_and_its_owners_and_not_its_own() {
    let c = clinic().await;
    assert_eq!(c.added.device.name, "Laboratory 2");
    let id = c.sent().await;
    for (reader, right) in [(&c.ann, Right::Own), (&c.dora, Right::Reshare)] {
        let open = reader.report(&id).await.unwrap();
        assert_eq!((open.right, open.access.owner()), (right, c.ann.account_id()));
        let version = reader.version(&open, 1).await.unwrap();
        assert_eq!(version.content.fields.title, fields().title);
        let picture = reader.download(&version, 1, Vec::new(), &Control::none()).await.unwrap();
        assert_eq!(picture, PICTURE);
        let by = reader.sent_by(&version.info.author).unwrap();
        assert_eq!((by.name.as_str(), by.owner), ("Laboratory 2", c.dora.account_id()));
        assert_eq!((by.owner_name.as_str(), by.removed_at), ("Dora Doctor", None));
        assert_eq!(reader.list_all().await.unwrap().rows.len(), 1);
        assert_eq!(open.access.right_of(&version.info.author), None);
    }
    assert_eq!(c.server.db().reports[&id].wraps.len(), 2);
    assert_eq!(c.dora.devices().await.unwrap(), std::slice::from_ref(&c.added.device));
    // What the device signed stays the author's word when the owner makes new keys to the report.
    let grants = c.ann.access(&id).await.unwrap();
    let doctors = grants.iter().find(|row| row.right == Right::Reshare).unwrap();
    assert_eq!(doctors.granted_by_name.as_deref(), Some("Laboratory 2"));
    c.ann.revoke(&id, &doctors.grant).await.unwrap();
    assert_eq!(c.ann.rekey(&id, &Control::none()).await.unwrap(), 1);
    let open = c.ann.report(&id).await.unwrap();
    let version = c.ann.version(&open, 1).await.unwrap();
    assert_eq!((version.info.revision, version.info.author), (1, c.added.device.id));
}

#[tokio::test]
async fn a_patients_own_device_sends_to_the_patient_alone() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let added = ann.add_device(ADDRESS, "Scale", 1).await.unwrap();
    let sender = Sender::open(World::new(&server), &added.file, None).await.unwrap();
    let id = send(&sender, None).await.unwrap();
    assert_eq!(ann.report(&id).await.unwrap().right, Right::Own);
    assert_eq!(server.db().reports[&id].wraps.len(), 1);
    // What it learnt is kept for the next time.
    let kept = serde_json::to_string(&sender.remembered()).unwrap();
    let again = Sender::open(World::new(&server), &added.file, Some(serde_json::from_str(&kept).unwrap()));
    send(&again.await.unwrap(), None).await.unwrap();
}

#[tokio::test]
async fn who_is_no_patient_or_not_there_gets_nothing_and_a_device_ends() {
    let c = clinic().await;
    let sender = c.sender().await;
    assert!(matches!(send(&sender, None).await, Err(ClientError::NotAPatient)), "its owner is a doctor");
    assert!(matches!(send(&sender, Some("Nobody Here")).await, Err(ClientError::Missing { .. })));
    assert!(c.server.db().reports.is_empty());
    c.server.pass(31 * 86_400_000);
    assert!(matches!(send(&sender, Some("Ann Example")).await, Err(ClientError::DeviceEnded)));
}

#[tokio::test]
async fn a_damaged_file_is_none_and_another_server_gets_nothing() {
    let c = clinic().await;
    let text = c.added.file.to_text().unwrap();
    for damaged in ["", "{}", &text[..text.len() - 3], &text.replace("hst_", "xst_")] {
        assert!(matches!(DeviceFile::parse(damaged), Err(ClientError::DeviceFile)), "{damaged}");
    }
    let other = Fake::new();
    other.person("Ann Example", Role::Patient).await;
    let opened = Sender::open(World::new(&other), &c.added.file, None).await;
    assert_eq!(refusal(opened.map(drop)), Refusal::InstanceChanged);
    assert!(other.bearers.lock().unwrap().iter().all(|token| !token.starts_with("hst_")), "nor the token");
}

#[tokio::test]
async fn a_device_seals_to_no_key_but_the_logged_ones() {
    let c = clinic().await;
    let (_, record) = Keyring::create(1, &mut rng());
    let record = B64::from(record.as_bytes());
    let sender = c.sender().await;
    let honest = {
        let mut db = c.server.db();
        let ann = db.accounts.get_mut(&c.ann.account_id()).unwrap();
        std::mem::replace(&mut ann.key_records, vec![record])
    };
    let found = refusal(send(&sender, Some("Ann Example")).await);
    assert!(matches!(found, Refusal::KeyRecord(_) | Refusal::KeyNotLogged { .. }), "{found:?}");
    c.server.db().accounts.get_mut(&c.ann.account_id()).unwrap().key_records = honest;
    send(&sender, Some("Ann Example")).await.unwrap();
}

#[tokio::test]
async fn a_device_that_its_owner_did_not_sign_for_is_refused() {
    let c = clinic().await;
    let id = c.sent().await;
    let (device, ann) = (c.added.device.id, c.ann.account_id());
    let (other, _) = Keyring::create(1, &mut rng());
    let other = other.current().signing.clone();
    c.lie(move |people| {
        let said = Signed::<DeviceRecord>::parse(&people.devices[0].record.0).unwrap();
        let named = DeviceRecord { name: "Radiology".into(), ..said.claimed().clone() };
        people.devices[0].record = B64::from(Signed::sign_device(named, &other, &other).as_bytes());
    });
    let why = forged(refusal(c.ann.report(&id).await.map(drop)), &device);
    assert_eq!(why, "the record is another device's");
    // Somebody else's account is no device of the doctor's, and the device no other's.
    c.lie(move |people| people.devices[0].id = ann);
    forged(refusal(c.ann.report(&id).await.map(drop)), &ann);
    c.lie(|people| {
        let owner = people.items.iter().find(|person| person.role == Role::Patient).unwrap().clone();
        people.devices[0].owner = owner;
    });
    let why = forged(refusal(c.ann.report(&id).await.map(drop)), &device);
    assert_eq!(why, "the device is somebody else's");
    // Left out, it is nobody, and nobody's report counts.
    c.lie(|people| people.devices.clear());
    assert!(matches!(
        refusal(c.ann.report(&id).await.map(drop)),
        Refusal::ManifestForged { .. } | Refusal::GenesisForged(_)
    ));
    c.server.be_honest();
    assert!(c.ann.report(&id).await.is_ok());
}

#[tokio::test]
async fn a_device_shown_as_a_person_is_refused() {
    let c = clinic().await;
    let id = c.sent().await;
    let device = c.added.device.id;
    c.lie(move |people| {
        let sent = people.devices.remove(0);
        let person = people.items[0].clone();
        people.items.push(api_types::accounts::PublicAccount { id: device, key_records: vec![sent.record], ..person });
    });
    let found = refusal(c.ann.report(&id).await.map(drop));
    // Its record isn't in the log of keys either, where every person's is.
    assert!(matches!(found, Refusal::DeviceForged { .. } | Refusal::KeyNotLogged { .. }), "{found:?}");
    // On a server without one it is refused for what it is.
    let server = Fake::new();
    let (ann, dora) =
        (server.person("Ann Example", Role::Patient).await, server.person("Dora Doctor", Role::Doctor).await);
    let added = dora.add_device(ADDRESS, "Laboratory", 30).await.unwrap();
    let own = report(&ann, PatientChoice::Account(ann.account_id())).await;
    let record = server.db().devices[0].record.clone();
    let as_person = malicious_server::scene::made_up("Dr. Device", "device@x", vec![record]);
    server.db().accounts.insert(added.device.id, as_person);
    let why = forged(refusal(ann.person(&added.device.id).await.map(drop)), &added.device.id);
    assert_eq!(why, "it is shown as a person");
    let share = client::Share { with_code: false, expires_in: 0, ..client::Share::with_code(added.device.id) };
    forged(refusal(ann.share(&own, &share).await.map(drop)), &added.device.id);
    forged(refusal(ann.add_emergency_contact(&added.device.id, 7).await), &added.device.id);
}

#[tokio::test]
async fn a_removal_that_was_seen_does_not_go_away() {
    let c = clinic().await;
    let first = c.sent().await;
    c.dora.remove_device(&c.added.device.id).await.unwrap();
    assert!(c.dora.devices().await.unwrap().is_empty());
    // What it sent before stays, and shows that it is removed.
    let open = c.ann.report(&first).await.unwrap();
    let version = c.ann.version(&open, 1).await.unwrap();
    assert!(c.ann.sent_by(&version.info.author).unwrap().removed_at.is_some());
    let second = c.dora.add_device(ADDRESS, "Radiology", 30).await.unwrap();
    let sender = Sender::open(World::new(&c.server), &second.file, None).await.unwrap();
    let other = send(&sender, Some("Ann Example")).await.unwrap();
    c.lie(|people| people.devices.iter_mut().for_each(|device| device.removal = None));
    let why = forged(refusal(c.ann.report(&other).await.map(drop)), &c.added.device.id);
    assert_eq!(why, "its owner had removed it");
    // The machine itself is let in no more.
    c.server.be_honest();
    let found = send(&c.sender().await, Some("Ann Example")).await;
    assert!(matches!(found, Err(ClientError::Problem(_))), "{found:?}");
}

#[tokio::test]
async fn names_and_days_are_checked_before_anything_is_sent() {
    let server = Fake::new();
    let dora = server.person("Dora Doctor", Role::Doctor).await;
    let long = "x".repeat(101);
    for (name, days) in [(" ", 30), ("a\nb", 30), (long.as_str(), 30), ("Laboratory", 0), ("Laboratory", 366)] {
        assert!(matches!(dora.add_device(ADDRESS, name, days).await.map(drop), Err(ClientError::Field(_))), "{name:?}");
    }
    assert!(server.db().devices.is_empty());
}

#[tokio::test]
async fn a_device_that_was_answered_with_another_is_refused() {
    let server = Fake::new();
    let dora = server.person("Dora Doctor", Role::Doctor).await;
    let first = dora.add_device(ADDRESS, "Laboratory", 30).await.unwrap();
    let record = server.db().devices[0].record.clone();
    server.lie(move |request, value| {
        if request.path.ends_with("/account/devices") && value.get("device").is_some() {
            value["device"]["record"] = serde_json::to_value(&record).unwrap();
            value["device"]["id"] = first.device.id.to_string().into();
        }
    });
    assert_eq!(refusal(dora.add_device(ADDRESS, "Radiology", 30).await.map(drop)), Refusal::OtherThing);
    // A device in the list that this account didn't sign for.
    let stranger = server.person("Sam Second", Role::Doctor).await;
    let theirs = stranger.add_device(ADDRESS, "Theirs", 30).await;
    assert!(theirs.is_err(), "the lie is told to everyone");
    server.be_honest();
    stranger.add_device(ADDRESS, "Theirs", 30).await.unwrap();
    let doctor = dora.account_id();
    let owner = server.db().devices[0].owner.clone();
    assert_eq!(owner.id, doctor);
    server.db().devices.last_mut().unwrap().owner = owner;
    assert!(matches!(refusal(dora.devices().await), Refusal::DeviceForged { .. }));
}
