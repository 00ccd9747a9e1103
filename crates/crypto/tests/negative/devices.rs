//! Devices that send: made up, passed off, sending too much or too late.

use std::collections::BTreeMap;

use crypto::{
    account::{
        DEVICE_LIFE_MAX, Device, DeviceError, DeviceRecord, DeviceRemoval, EPOCH_OVERLAP, KeyChain, KeyDirectory,
        KeyError, KeyRecord,
    },
    encoding::DecodeError,
    format::{PartKey, seal_all},
    ids::{AccountId, GrantId, Hash32, InstanceId, PlaceholderId, ReportId},
    kem::Suite,
    report::{
        AccessEntry, AccessState, AccountRecipient, ChainError, Change, Genesis, GenesisError, Grant, Manifest,
        ManifestError, ManifestPart, Patient, Recipient, RevisionPlace, Right,
    },
    sign::{Signed, SigningKey, VerifyError},
};

use crate::common::{Person, T0, content_key, directory, grant_to, rng};

const INSTANCE: InstanceId = InstanceId([9; 16]);
const DAY: i64 = 86_400_000;

/// A doctor's machine, and a patient whom it sends to.
struct World {
    doctor: Person,
    patient: Person,
    key: SigningKey,
    record: Signed<DeviceRecord>,
}

/// People, and perhaps a device.
struct Keys {
    people: BTreeMap<AccountId, KeyChain>,
    device: Option<Device>,
}

impl KeyDirectory for Keys {
    fn chain(&self, account: &AccountId) -> Option<&KeyChain> {
        self.people.get(account)
    }

    fn device(&self, id: &AccountId) -> Option<&Device> {
        self.device.as_ref().filter(|device| device.id() == *id)
    }
}

impl World {
    fn new() -> Self {
        let (doctor, patient) = (Person::new(1), Person::new(2));
        let key = SigningKey::generate(&mut rng(3));
        let made = Signed::sign_device(record_of(&doctor, &key), &key, &doctor.keyring.current().signing);
        let record = Signed::parse(made.as_bytes()).unwrap();
        Self { doctor, patient, key, record }
    }

    fn id(&self) -> AccountId {
        AccountId::of_device(&self.record)
    }

    fn verify(&self) -> Result<Device, DeviceError> {
        Device::verify(&self.id(), &self.record, &INSTANCE, &self.doctor.chain)
    }

    fn keys(&self) -> Keys {
        Keys { people: directory([&self.doctor, &self.patient]), device: Some(self.verify().unwrap()) }
    }

    fn removal(&self, by: &Person, time: i64) -> Signed<DeviceRemoval> {
        let removal = DeviceRemoval { device: self.id(), owner: by.id(), epoch: 0, time };
        Signed::sign(removal, &by.keyring.current().signing)
    }

    fn genesis(&self, patient: Patient) -> Signed<Genesis> {
        let genesis = Genesis { creator: self.id(), epoch: 0, patient, time: T0 + 10, random: [7; 32] };
        Signed::sign(genesis, &self.key)
    }

    /// A report as far as the device begins it with these grants.
    fn began(&self, grants: Vec<Grant>) -> (Signed<Genesis>, Vec<Signed<AccessEntry>>) {
        let genesis = self.genesis(Patient::Account(self.patient.id()));
        let mut entries: Vec<Signed<AccessEntry>> = Vec::new();
        for grant in grants {
            let entry = AccessEntry {
                report: ReportId::of(&genesis),
                seq: entries.len() as u64 + 1,
                previous: entries.last().map_or(genesis.hash(), |entry| entry.hash()),
                time: T0 + 100,
                author: self.id(),
                epoch: 0,
                change: Change::Grant(grant),
            };
            entries.push(Signed::sign(entry, &self.key));
        }
        (genesis, entries)
    }

    fn replay(&self, grants: Vec<Grant>) -> Result<AccessState, ChainError> {
        let (genesis, entries) = self.began(grants);
        AccessState::replay(&genesis, &entries, &self.keys(), T0 + 1000)
    }

    fn founded(&self) -> AccessState {
        self.replay(self.founding()).unwrap()
    }

    fn founding(&self) -> Vec<Grant> {
        vec![grant_to(1, &self.patient, Right::Own), grant_to(2, &self.doctor, Right::Reshare)]
    }

    fn manifest(&self, state: &AccessState) -> Manifest {
        let place = RevisionPlace { report: state.report(), version: 1, revision: 0 };
        let key = PartKey::fresh(&content_key(1), &place.part(0).context(), &mut rng(5));
        Manifest {
            place,
            seq: 1,
            previous: Hash32(state.report().0),
            access_head: state.head(),
            author: self.id(),
            signer: self.id(),
            epoch: 0,
            time: T0 + 300,
            statement: Hash32([0; 32]),
            parts: vec![ManifestPart::of(&seal_all(key, &[1; 100]).unwrap()).unwrap()],
        }
    }

    fn check(&self, manifest: Manifest, state: &AccessState, keys: &Keys) -> Result<(), ManifestError> {
        Signed::sign(manifest, &self.key).verify_manifest(state, keys).map(|_| ())
    }

    /// An entry of the patient's after the founding.
    fn by_patient(&self, state: &AccessState, change: Change) -> Signed<AccessEntry> {
        let entry = AccessEntry {
            report: state.report(),
            seq: state.next_seq(),
            previous: state.head(),
            time: T0 + 200,
            author: self.patient.id(),
            epoch: 0,
            change,
        };
        Signed::sign(entry, &self.patient.keyring.current().signing)
    }
}

fn record_of(owner: &Person, key: &SigningKey) -> DeviceRecord {
    DeviceRecord {
        instance: INSTANCE,
        owner: owner.id(),
        epoch: 0,
        signing: key.public(),
        name: "Laboratory".to_owned(),
        expires_at: T0 + 30 * DAY,
        time: T0,
    }
}

/// The device as a recipient, under whatever key.
fn to_device(world: &World) -> Recipient {
    let key_hash = world.doctor.chain.recipient().hash();
    Recipient::Account(AccountRecipient { account: world.id(), epoch: 0, suite: Suite::XWing, key_hash })
}

#[test]
fn pass_a_report_that_a_device_sends() {
    let world = World::new();
    let state = world.founded();
    assert_eq!(state.owner(), world.patient.id());
    assert_eq!(state.right_of(world.doctor.id()), Some(Right::Reshare));
    assert_eq!(state.right_of(world.id()), None, "the device keeps nothing");
    assert_eq!(world.check(world.manifest(&state), &state, &world.keys()), Ok(()));
    // Its owner's own report takes one grant.
    let alone = world.replay(vec![grant_to(1, &world.patient, Right::Own)]).unwrap();
    assert_eq!(world.check(world.manifest(&alone), &alone, &world.keys()), Ok(()));
}

#[test]
fn fail_flipped_bit_anywhere_in_a_device_record() {
    let world = World::new();
    assert!(world.verify().is_ok());
    let whole = world.record.as_bytes();
    for byte in 0..whole.len() {
        let mut blob = whole.to_vec();
        blob[byte] ^= 1;
        let Ok(parsed) = Signed::<DeviceRecord>::parse(&blob) else { continue };
        assert!(Device::verify(&world.id(), &parsed, &INSTANCE, &world.doctor.chain).is_err(), "{byte}");
        // Nor is it another device of the doctor's.
        let other = AccountId::of_device(&parsed);
        assert!(Device::verify(&other, &parsed, &INSTANCE, &world.doctor.chain).is_err(), "{byte}");
    }
    for len in 0..whole.len() {
        assert!(Signed::<DeviceRecord>::parse(&whole[..len]).is_err(), "{len}");
    }
    let longer = [whole, &[0]].concat();
    assert_eq!(Signed::<DeviceRecord>::parse(&longer).unwrap_err(), DecodeError::Trailing);
}

#[test]
fn fail_device_that_its_owner_did_not_sign_for() {
    let world = World::new();
    let claimed = world.record.claimed().clone();
    let forger = SigningKey::generate(&mut rng(8));
    for record in [
        Signed::sign_device(claimed.clone(), &world.key, &forger),
        Signed::sign_device(claimed, &forger, &world.doctor.keyring.current().signing),
    ] {
        let found = Device::verify(&AccountId::of_device(&record), &record, &INSTANCE, &world.doctor.chain);
        assert_eq!(found, Err(DeviceError::Verify(VerifyError::BadSignature)));
    }
}

#[test]
fn fail_device_of_another_owner_server_or_id() {
    let world = World::new();
    let check = |id: AccountId, instance: InstanceId, owner: &Person| {
        Device::verify(&id, &world.record, &instance, &owner.chain)
    };
    assert_eq!(check(world.id(), INSTANCE, &world.patient), Err(DeviceError::WrongOwner));
    assert_eq!(check(world.id(), InstanceId([8; 16]), &world.doctor), Err(DeviceError::WrongInstance));
    assert_eq!(check(world.patient.id(), INSTANCE, &world.doctor), Err(DeviceError::WrongDevice), "a person's id");
}

#[test]
fn fail_device_signed_after_its_owners_epoch_ended() {
    let mut world = World::new();
    let time = T0 + 6 + EPOCH_OVERLAP;
    let late = DeviceRecord { time, ..world.record.claimed().clone() };
    world.record = Signed::sign_device(late, &world.key, &world.doctor.keyring.current().signing);
    world.doctor.rotate(T0 + 5, 8);
    assert_eq!(world.verify(), Err(DeviceError::Keys(KeyError::EpochEnded(0))));
    // One that was made before goes on.
    let mut world = World::new();
    world.doctor.rotate(T0 + 5, 8);
    assert!(world.verify().is_ok());
}

#[test]
fn fail_device_record_for_too_long_or_without_a_name() {
    let world = World::new();
    let owner = &world.doctor.keyring.current().signing;
    let said = world.record.claimed();
    let parse =
        |record: DeviceRecord| Signed::<DeviceRecord>::parse(Signed::sign_device(record, &world.key, owner).as_bytes());
    for expires_at in [T0, T0 - 1, T0 + DEVICE_LIFE_MAX + 1] {
        let found = parse(DeviceRecord { expires_at, ..said.clone() }).unwrap_err();
        assert_eq!(found, DecodeError::Invalid { field: "expires at" });
    }
    assert!(parse(DeviceRecord { expires_at: T0 + DEVICE_LIFE_MAX, ..said.clone() }).is_ok());
    let unnamed = parse(DeviceRecord { name: String::new(), ..said.clone() }).unwrap_err();
    assert_eq!(unnamed, DecodeError::Invalid { field: "name" });
    let long = parse(DeviceRecord { name: "x".repeat(401), ..said.clone() }).unwrap_err();
    assert_eq!(long, DecodeError::TooLong { field: "name", limit: 400 });
}

/// Neither is the other's: nothing can be sealed to a device, and no person's record makes one.
#[test]
fn fail_device_as_a_person_and_a_person_as_a_device() {
    let world = World::new();
    assert!(Signed::<KeyRecord>::parse(world.record.as_bytes()).is_err());
    assert!(KeyChain::parse(&world.id(), &[world.record.as_bytes()]).is_err());
    assert!(Signed::<DeviceRecord>::parse(world.patient.chain.current().as_bytes()).is_err());
}

#[test]
fn fail_what_a_device_signs_outside_its_time() {
    let world = World::new();
    let mut device = world.verify().unwrap();
    assert_eq!(device.signer(0, T0 - 1), Err(KeyError::DeviceEnded));
    assert!(device.signer(0, T0).is_ok() && device.signer(0, T0 + 30 * DAY - 1).is_ok());
    assert_eq!(device.signer(0, T0 + 30 * DAY), Err(KeyError::DeviceEnded));
    assert_eq!(device.signer(1, T0), Err(KeyError::EpochUnknown(1)));
    device.remove(&world.removal(&world.doctor, T0 + DAY), &world.doctor.chain).unwrap();
    assert!(device.signer(0, T0 + DAY + EPOCH_OVERLAP).is_ok(), "two clocks");
    assert_eq!(device.signer(0, T0 + DAY + EPOCH_OVERLAP + 1), Err(KeyError::DeviceEnded));
    device.remove(&world.removal(&world.doctor, T0 + 2 * DAY), &world.doctor.chain).unwrap();
    assert_eq!(device.removed_at(), Some(T0 + DAY), "the earliest counts");
}

#[test]
fn fail_removal_by_another_or_of_another_device() {
    let world = World::new();
    let mut device = world.verify().unwrap();
    let by_patient = world.removal(&world.patient, T0 + DAY);
    assert_eq!(device.remove(&by_patient, &world.patient.chain), Err(DeviceError::WrongOwner));
    let said = DeviceRemoval { device: world.id(), owner: world.doctor.id(), epoch: 0, time: T0 + DAY };
    let by_itself = Signed::sign(said.clone(), &world.key);
    let found = device.remove(&by_itself, &world.doctor.chain);
    assert_eq!(found, Err(DeviceError::Verify(VerifyError::BadSignature)), "the device's own word is none");
    let other = DeviceRemoval { device: AccountId([1; 32]), ..said };
    let other = Signed::sign(other, &world.doctor.keyring.current().signing);
    assert_eq!(device.remove(&other, &world.doctor.chain), Err(DeviceError::WrongDevice));
    assert_eq!(device.removed_at(), None);
}

#[test]
fn fail_grants_that_a_device_has_no_right_to() {
    let world = World::new();
    let own = grant_to(1, &world.patient, Right::Own);
    let not_entitled = |seq| ChainError::NotEntitled { seq };
    for second in [
        grant_to(2, &world.doctor, Right::Own),
        grant_to(2, &world.doctor, Right::Contribute),
        grant_to(2, &Person::new(9), Right::Reshare),
        Grant { expires_at: T0 + DAY, ..grant_to(2, &world.doctor, Right::Reshare) },
    ] {
        assert_eq!(world.replay(vec![own.clone(), second]).unwrap_err(), not_entitled(2));
    }
    let own_to_doctor = grant_to(1, &world.doctor, Right::Own);
    assert_eq!(world.replay(vec![own_to_doctor]).unwrap_err(), not_entitled(1));
    let mut third = world.founding();
    third.push(Grant { parent: Some(GrantId([2; 16])), ..grant_to(3, &Person::new(9), Right::View) });
    assert_eq!(world.replay(third).unwrap_err(), not_entitled(3), "it holds no grant to give under");
}

#[test]
fn fail_grant_to_a_device() {
    let world = World::new();
    let own = grant_to(1, &world.patient, Right::Own);
    let to_itself = Grant { recipient: to_device(&world), ..grant_to(2, &world.doctor, Right::Reshare) };
    let found = world.replay(vec![own, to_itself.clone()]).unwrap_err();
    assert_eq!(found, ChainError::WrongRecipientKey { seq: 2 });
    // Nor by the patient, who may share with anyone.
    let mut state = world.founded();
    let change = Change::Grant(Grant { id: GrantId([3; 16]), right: Right::View, ..to_itself });
    let entry = world.by_patient(&state, change);
    assert_eq!(state.apply(&entry, &world.keys()), Err(ChainError::WrongRecipientKey { seq: 3 }));
}

#[test]
fn fail_report_that_would_belong_to_a_device() {
    let world = World::new();
    for patient in [Patient::Account(world.id()), Patient::Placeholder(PlaceholderId([1; 16]))] {
        let genesis = world.genesis(patient);
        let found = AccessState::replay(&genesis, &[], &world.keys(), T0 + 1000).unwrap_err();
        assert_eq!(found, ChainError::Genesis(GenesisError::OwnedByDevice));
    }
}

#[test]
fn fail_manifest_that_is_not_the_one_a_device_begins_with() {
    let world = World::new();
    let (state, keys) = (world.founded(), world.keys());
    let first = world.manifest(&state);
    let check = |manifest: Manifest| world.check(manifest, &state, &keys);
    let second = RevisionPlace { version: 2, ..first.place };
    assert_eq!(check(Manifest { place: second, ..first.clone() }), Err(ManifestError::NotEntitled));
    assert_eq!(check(Manifest { seq: 2, ..first.clone() }), Err(ManifestError::NotEntitled));
    let rekeyed = RevisionPlace { revision: 1, ..first.place };
    assert_eq!(check(Manifest { place: rekeyed, ..first.clone() }), Err(ManifestError::NotEntitled));
    let anothers = Manifest { author: world.doctor.id(), ..first.clone() };
    assert_eq!(check(anothers), Err(ManifestError::NotEntitled));
    let late = Manifest { time: T0 + 30 * DAY, ..first.clone() };
    assert_eq!(check(late), Err(ManifestError::Keys(KeyError::DeviceEnded)));
    // Before there is an owner's grant, and after anything else than the beginning.
    let empty = world.replay(Vec::new()).unwrap();
    assert_eq!(world.check(world.manifest(&empty), &empty, &keys), Err(ManifestError::NotEntitled));
    let mut later = state.clone();
    let entry = world.by_patient(&later, Change::Revoke(GrantId([2; 16])));
    later.apply(&entry, &keys).unwrap();
    assert_eq!(world.check(world.manifest(&later), &later, &keys), Err(ManifestError::NotEntitled));
}

/// Without the owner's word it is nobody.
#[test]
fn fail_report_of_a_device_that_nobody_knows_as_one() {
    let world = World::new();
    let state = world.founded();
    let strangers = Keys { people: directory([&world.doctor, &world.patient]), device: None };
    let found = world.check(world.manifest(&state), &state, &strangers);
    assert_eq!(found, Err(ManifestError::Keys(KeyError::AccountUnknown)));
    let (genesis, entries) = world.began(world.founding());
    let found = AccessState::replay(&genesis, &entries, &strangers, T0 + 1000).unwrap_err();
    assert_eq!(found, ChainError::Genesis(GenesisError::Keys(KeyError::AccountUnknown)));
}
