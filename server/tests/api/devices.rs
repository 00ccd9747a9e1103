//! Devices: added, used, and every way to be refused. What they send, handcrafted and by the honest client.

use std::collections::BTreeMap;

use api_types::{
    AccountId, B64, ErrorCode, ReportId,
    accounts::{AccountList, AccountStatus, PublicAccount, Role},
    audit::Action,
    devices::{DeviceAdded, DeviceList, DeviceState, NewDevice, RemoveDevice},
    grants::{CreateGrant, Right as ApiRight, Wrap as SentWrap},
    quotas::Quota,
    reports::{CreateReport, NewVersion, ReportPeople},
    uploads::{CreateUpload, Upload},
};
use axum::{body::Body, http::Method};
use client::{
    DeviceFile, PatientChoice, SendFile, Sender,
    bulk::{Control, native::FileSource},
    content::ReportFields,
    native::Native,
};
use crypto::{
    account::{Device, DeviceRecord, DeviceRemoval, KeyChain, KeyDirectory},
    encoding::sha256,
    format::{Geometry, PartKey, seal_all},
    ids,
    report::{
        AccessEntry, AccessState, AccountRecipient, AuthorStatement, Change, ContentHasher, ContentKey, Genesis, Grant,
        Manifest, ManifestPart, Patient, Recipient, RevisionPlace, Right, seal_statement, seal_wrap,
    },
    sign::{Signed, SigningKey},
};
use serde::Serialize;
use server::clock::{DAY, MINUTE};

use crate::{
    harness::Server,
    honest_client::{Person as Open, clinic, write},
    sealing::{blob, digest, grant, own},
    world::{Answer, Person, World, rng},
};

/// A device as its machine knows it.
pub struct Machine {
    pub id: AccountId,
    pub token: String,
    key: SigningKey,
    record: Signed<DeviceRecord>,
}

/// Whom a device's reports are checked by.
struct Keys {
    people: BTreeMap<ids::AccountId, KeyChain>,
    device: Device,
}

impl KeyDirectory for Keys {
    fn chain(&self, account: &ids::AccountId) -> Option<&KeyChain> {
        self.people.get(account)
    }

    fn device(&self, id: &ids::AccountId) -> Option<&Device> {
        Some(&self.device).filter(|device| device.id() == *id)
    }
}

fn instance(world: &World) -> ids::InstanceId {
    ids::InstanceId(world.state.instance.instance_id)
}

fn said(world: &World, owner: &Person, key: &SigningKey) -> DeviceRecord {
    DeviceRecord {
        instance: instance(world),
        owner: owner.chain.account(),
        epoch: 0,
        signing: key.public(),
        name: "Laboratory".into(),
        expires_at: world.now() + 30 * DAY,
        time: world.now(),
    }
}

fn sign(said: DeviceRecord, key: &SigningKey, owner: &Person) -> NewDevice {
    NewDevice { record: blob(&Signed::sign_device(said, key, &owner.keyring.current().signing)) }
}

fn removal(world: &World, owner: &Person, device: AccountId) -> RemoveDevice {
    let removal =
        DeviceRemoval { device: ids::AccountId(device.0), owner: owner.chain.account(), epoch: 0, time: world.now() };
    RemoveDevice { removal: blob(&Signed::sign(removal, &owner.keyring.current().signing)) }
}

fn removed_at(device: &AccountId) -> String {
    format!("/account/devices/{device}/remove")
}

async fn listed(world: &World, who: &Person) -> DeviceList {
    world.get(who, "/account/devices").await.json()
}

impl Machine {
    /// A doctor's or patient's new device.
    pub async fn new(world: &World, owner: &Person) -> Self {
        let key = SigningKey::generate(&mut rng());
        let new = sign(said(world, owner, &key), &key, owner);
        let record = Signed::parse(&new.record.0).unwrap();
        let added: DeviceAdded = world.post(owner, "/account/devices", &new).await.json();
        assert_eq!(added.device.record, new.record);
        Self { id: added.device.id, token: added.secret, key, record }
    }

    fn signer(&self) -> ids::AccountId {
        ids::AccountId(self.id.0)
    }

    async fn post(&self, world: &World, path: &str, body: &impl Serialize) -> Answer {
        let body = Body::from(serde_json::to_vec(body).unwrap());
        world.send_as(Some(&self.token), Method::POST, path, &[("content-type", "application/json")], body).await
    }

    async fn get(&self, world: &World, path: &str) -> Answer {
        world.send_as(Some(&self.token), Method::GET, path, &[], Body::empty()).await
    }

    fn genesis(&self, world: &World, patient: Patient) -> Signed<Genesis> {
        let mut random = [0; 32];
        crypto::rand_core::Rng::fill_bytes(&mut rng(), &mut random);
        let genesis = Genesis { creator: self.signer(), epoch: 0, patient, time: world.now(), random };
        Signed::sign(genesis, &self.key)
    }

    /// A report with these grants, sealed by the device's rules or by none: what wouldn't count is signed all the same.
    fn report(&self, world: &World, owner: &Person, patient: &Person, grants: Vec<Grant>) -> CreateReport {
        let genesis = self.genesis(world, Patient::Account(patient.chain.account()));
        let device = Device::verify(&self.signer(), &self.record, &instance(world), &owner.chain).unwrap();
        let people = [owner, patient].map(|person| (person.chain.account(), person.chain.clone())).into();
        let keys = Keys { people, device };
        let mut state = AccessState::replay(&genesis, &[], &keys, world.now()).unwrap();
        let (mut entries, mut head) = (Vec::new(), genesis.hash());
        for (seq, grant) in (1..).zip(grants) {
            let entry = AccessEntry {
                report: ids::ReportId::of(&genesis),
                seq,
                previous: head,
                time: world.now(),
                author: self.signer(),
                epoch: 0,
                change: Change::Grant(grant),
            };
            let entry = Signed::sign(entry, &self.key);
            head = entry.hash();
            let _ = state.apply(&entry, &keys);
            entries.push(blob(&entry));
        }
        let version = self.version(world, &state, &keys);
        CreateReport { genesis: blob(&genesis), entries, version }
    }

    fn version(&self, world: &World, state: &AccessState, keys: &Keys) -> NewVersion {
        let place = RevisionPlace { report: state.report(), version: 1, revision: 0 };
        let key = ContentKey::random(&mut rng());
        let plain = b"{\"title\":\"sealed\"}";
        let part0 = seal_all(PartKey::fresh(&key, &place.part(0).context(), &mut rng()), plain).unwrap();
        let statement = AuthorStatement {
            report: place.report,
            version: 1,
            author: self.signer(),
            epoch: 0,
            time: world.now(),
            parts: vec![ContentHasher::of(plain)],
        };
        let statement = seal_statement(&key, &place, &Signed::sign(statement, &self.key), &mut rng());
        let manifest = Manifest {
            place,
            seq: 1,
            previous: ids::Hash32(place.report.0),
            access_head: state.head(),
            author: self.signer(),
            signer: self.signer(),
            epoch: 0,
            time: world.now(),
            statement: sha256(&statement),
            parts: vec![ManifestPart::of(&part0).unwrap()],
        };
        let wraps = state.live_grants().map(|grant| SentWrap {
            version: 1,
            revision: 0,
            grant_id: api_types::GrantId(grant.grant.id.0),
            wrap: B64(seal_wrap(&key, place, grant, state, keys, &mut rng()).unwrap().to_bytes()),
        });
        NewVersion {
            version: 1,
            revision: 0,
            manifest: blob(&Signed::sign(manifest, &self.key)),
            statement: B64(statement),
            part0: B64(part0),
            uploads: Vec::new(),
            draft: None,
            wraps: wraps.collect(),
        }
    }

    fn founded(&self, world: &World, owner: &Person, patient: &Person) -> CreateReport {
        let mut grants = vec![grant(own(patient), Right::Own)];
        if owner.id != patient.id {
            grants.push(grant(own(owner), Right::Reshare));
        }
        self.report(world, owner, patient, grants)
    }
}

#[track_caller]
fn refused(answer: &Answer, code: ErrorCode, pointer: Option<&str>) {
    let problem = answer.problem();
    assert_eq!((problem.code, problem.pointer.as_deref()), (code, pointer), "{:?}", problem.detail);
}

#[tokio::test]
async fn a_device_is_added_listed_and_removed() {
    let world = World::new().await;
    let (doctor, other) = (world.doctor().await, world.doctor().await);
    let machine = Machine::new(&world, &doctor).await;
    let items = listed(&world, &doctor).await.items;
    assert_eq!(items.len(), 1);
    assert_eq!((items[0].id, items[0].state, items[0].last_sent_at), (machine.id, DeviceState::Active, None));
    assert!(listed(&world, &other).await.items.is_empty());
    let tokens: api_types::tokens::ApiTokenList = world.get(&doctor, "/account/tokens").await.json();
    assert!(tokens.items.is_empty(), "its token is none of the doctor's own");
    let list = world.get(&doctor, "/account/devices").await;
    assert!(!list.body.windows(20).any(|bytes| machine.token.as_bytes()[5..25] == *bytes));

    let path = removed_at(&machine.id);
    let by_other = removal(&world, &other, machine.id);
    assert_eq!(world.post(&other, &path, &by_other).await.code(), ErrorCode::NotFound, "another's");
    assert_eq!(world.post(&doctor, &path, &by_other).await.code(), ErrorCode::InvalidSignature);
    let of_another = removal(&world, &doctor, AccountId([1; 32]));
    assert_eq!(world.post(&doctor, &path, &of_another).await.code(), ErrorCode::InvalidSignature);
    let early = removal(&world, &doctor, machine.id);
    world.state.clock.advance(11 * MINUTE);
    refused(&world.post(&doctor, &path, &early).await, ErrorCode::InvalidField, Some("/removal"));
    world.post(&doctor, &path, &removal(&world, &doctor, machine.id)).await.ok();
    assert!(listed(&world, &doctor).await.items.is_empty());
    let again = world.post(&doctor, &path, &removal(&world, &doctor, machine.id)).await;
    assert_eq!(again.code(), ErrorCode::NotFound, "removed before");
    assert_eq!(machine.get(&world, "/accounts?email=p0@example.org").await.code(), ErrorCode::ApiTokenInvalid);
}

#[tokio::test]
async fn what_makes_no_device_is_refused_by_name() {
    let world = World::new().await;
    let (doctor, other) = (world.doctor().await, world.doctor().await);
    let key = SigningKey::generate(&mut rng());
    let fine = said(&world, &doctor, &key);
    let add = async |who: &Person, new: &NewDevice| world.post(who, "/account/devices", new).await;
    for (wrong, code) in [
        (DeviceRecord { instance: ids::InstanceId([1; 16]), ..fine.clone() }, ErrorCode::InvalidSignature),
        (DeviceRecord { owner: other.chain.account(), ..fine.clone() }, ErrorCode::InvalidSignature),
        (
            DeviceRecord { signing: SigningKey::generate(&mut rng()).public(), ..fine.clone() },
            ErrorCode::InvalidSignature,
        ),
        (DeviceRecord { epoch: 1, ..fine.clone() }, ErrorCode::CounterStale),
        (DeviceRecord { name: " Laboratory".into(), ..fine.clone() }, ErrorCode::InvalidField),
        (DeviceRecord { name: "a\u{202e}b".into(), ..fine.clone() }, ErrorCode::InvalidField),
        (DeviceRecord { name: "x".repeat(101), ..fine.clone() }, ErrorCode::InvalidField),
        (DeviceRecord { expires_at: fine.time + 366 * DAY, ..fine.clone() }, ErrorCode::InvalidField),
        (DeviceRecord { expires_at: fine.time, ..fine.clone() }, ErrorCode::InvalidField),
        (DeviceRecord { time: fine.time - 11 * MINUTE, ..fine.clone() }, ErrorCode::InvalidField),
        (DeviceRecord { time: fine.time + 11 * MINUTE, ..fine.clone() }, ErrorCode::InvalidField),
    ] {
        let described = format!("{wrong:?}");
        assert_eq!(add(&doctor, &sign(wrong, &key, &doctor)).await.code(), code, "{described}");
    }
    let by_other = sign(fine.clone(), &key, &other);
    assert_eq!(add(&doctor, &by_other).await.code(), ErrorCode::InvalidSignature, "its owner didn't sign");
    let administrator = world.person(Role::Administrator, AccountStatus::Active).await;
    let theirs = sign(said(&world, &administrator, &key), &key, &administrator);
    assert_eq!(add(&administrator, &theirs).await.code(), ErrorCode::Forbidden);
    assert!(listed(&world, &doctor).await.items.is_empty());

    let new = sign(fine, &key, &doctor);
    add(&doctor, &new).await.ok();
    assert_eq!(add(&doctor, &new).await.code(), ErrorCode::Conflict, "added before");
    for _ in 1..20 {
        Machine::new(&world, &doctor).await;
    }
    let more = sign(said(&world, &doctor, &key), &key, &doctor);
    world.state.clock.advance(1);
    assert_eq!(add(&doctor, &more).await.code(), ErrorCode::Conflict, "there are 20");
    world.state.clock.advance(11 * MINUTE);
    let unconfirmed = sign(said(&world, &other, &key), &key, &other);
    assert_eq!(add(&other, &unconfirmed).await.code(), ErrorCode::ConfirmationRequired);
}

#[tokio::test]
async fn what_a_device_sends_is_stored_and_it_reads_nothing_of_it() {
    let world = World::new().await;
    let (doctor, ann) = (world.doctor().await, world.patient().await);
    let machine = Machine::new(&world, &doctor).await;
    let body = machine.founded(&world, &doctor, &ann);
    let sent: api_types::reports::Report = machine.post(&world, "/reports", &body).await.json();
    assert!(sent.versions.is_empty() && sent.grants.is_empty(), "no more than it sent");
    machine.post(&world, "/reports", &body).await.ok();
    let path = format!("/reports/{}", sent.id);
    for who in [&doctor, &ann] {
        let report: api_types::reports::Report = world.get(who, &path).await.json();
        assert_eq!((report.versions.len(), report.grants.len()), (1, 1));
        let people: ReportPeople = world.get(who, &format!("{path}/people")).await.json();
        assert_eq!(people.devices.len(), 1);
        assert_eq!((people.devices[0].id, people.devices[0].owner.id), (machine.id, doctor.id));
        assert!(people.items.iter().all(|person| person.id != machine.id), "it is no person");
    }
    assert_eq!(machine.get(&world, &path).await.code(), ErrorCode::BeyondScope);
    assert!(listed(&world, &doctor).await.items[0].last_sent_at.is_some());
    let events: api_types::audit::AuditEventList = world.get(&ann, &format!("{path}/events")).await.json();
    let created = events.items.iter().find(|event| event.action == Action::Create).unwrap();
    assert_eq!((created.actor, created.actor_name.as_deref()), (Some(machine.id), Some("Laboratory")));
    assert!(created.subject.ends_with("via=device"), "{}", created.subject);
    // Its removal comes with what it sent.
    world.post(&doctor, &removed_at(&machine.id), &removal(&world, &doctor, machine.id)).await.ok();
    let people: ReportPeople = world.get(&ann, &format!("{path}/people")).await.json();
    assert!(people.devices[0].removal.is_some());
    assert_eq!(machine.post(&world, "/reports", &body).await.code(), ErrorCode::ApiTokenInvalid);
}

#[tokio::test]
async fn what_a_device_may_not_send_is_refused_by_name() {
    let world = World::new().await;
    let (doctor, ann, stranger) = (world.doctor().await, world.patient().await, world.doctor().await);
    let machine = Machine::new(&world, &doctor).await;
    let [own_grant, owners] = [grant(own(&ann), Right::Own), grant(own(&doctor), Right::Reshare)];
    let send = async |body: CreateReport| machine.post(&world, "/reports", &body).await;
    let with = |grants: Vec<Grant>| machine.report(&world, &doctor, &ann, grants);
    let entries = Some("/entries");
    refused(&send(with(vec![own_grant.clone()])).await, ErrorCode::InvalidField, entries);
    let third = grant(own(&stranger), Right::View);
    let three = vec![own_grant.clone(), owners.clone(), third];
    refused(&send(with(three)).await, ErrorCode::InvalidField, entries);
    for second in [
        grant(own(&stranger), Right::Reshare),
        grant(own(&doctor), Right::Contribute),
        Grant { expires_at: world.now() + DAY, ..owners.clone() },
    ] {
        assert_eq!(send(with(vec![own_grant.clone(), second])).await.code(), ErrorCode::Forbidden);
    }
    let to_itself =
        Recipient::Account(AccountRecipient { account: machine.signer(), ..AccountRecipient::current(&doctor.chain) });
    let itself = grant(to_itself, Right::Reshare);
    assert_eq!(send(with(vec![own_grant.clone(), itself])).await.code(), ErrorCode::InvalidSignature);
    let mut unknown_patient = machine.founded(&world, &doctor, &ann);
    let placeholder = Patient::Placeholder(ids::PlaceholderId([3; 16]));
    unknown_patient.genesis = blob(&machine.genesis(&world, placeholder));
    refused(&send(unknown_patient).await, ErrorCode::InvalidField, Some("/genesis"));
    let about_doctor = machine.founded(&world, &doctor, &stranger);
    refused(&send(about_doctor).await, ErrorCode::InvalidField, Some("/genesis"));

    let made = crate::sealing::Made::found(world.now(), &doctor, &ann);
    let sealed = made.seal(world.now(), &doctor, made.place(1, 0), &[]);
    let doctors = made.creation(sealed.body);
    assert_eq!(send(doctors).await.code(), ErrorCode::Forbidden, "in its owner's own name");
    let late = machine.founded(&world, &doctor, &ann);
    world.state.clock.advance(11 * MINUTE);
    refused(&send(late).await, ErrorCode::InvalidField, Some("/version/manifest"));
    // Somebody else can't send in its name either.
    let body = machine.founded(&world, &doctor, &ann);
    assert_eq!(world.post(&stranger, "/reports", &body).await.code(), ErrorCode::Forbidden);
    assert_eq!(world.post(&doctor, "/reports", &body).await.code(), ErrorCode::Forbidden);
    send(body).await.ok();
}

#[tokio::test]
async fn a_patients_device_sends_to_that_patient_alone() {
    let world = World::new().await;
    let (ann, bea) = (world.patient().await, world.patient().await);
    let machine = Machine::new(&world, &ann).await;
    machine.post(&world, "/reports", &machine.founded(&world, &ann, &ann)).await.ok();
    let about_another = machine.founded(&world, &ann, &bea);
    assert_eq!(machine.post(&world, "/reports", &about_another).await.code(), ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_device_finds_whom_it_is_told_of_and_is_found_by_nobody() {
    let world = World::new().await;
    let (doctor, ann, other) = (world.doctor().await, world.patient().await, world.doctor().await);
    let machine = Machine::new(&world, &doctor).await;
    let found: AccountList = machine.get(&world, "/accounts?email=p1@example.org").await.json();
    assert_eq!(found.items[0].id, ann.id);
    assert_eq!(machine.get(&world, "/accounts?name=person").await.code(), ErrorCode::Forbidden);
    let key = format!("/accounts?key={}.{}", ann.id, ann.chain.current().hash());
    assert_eq!(machine.get(&world, &key).await.code(), ErrorCode::Forbidden);
    let owner: PublicAccount = machine.get(&world, &format!("/accounts/{}", doctor.id)).await.json();
    assert_eq!(owner.id, doctor.id);
    for person in [&ann, &other] {
        let path = format!("/accounts/{}", person.id);
        assert_eq!(machine.get(&world, &path).await.code(), ErrorCode::NotFound);
    }
    // Nor is it anybody: not by name, not by its id, and nothing is granted to it.
    let by_name: AccountList = world.get(&other, "/accounts?name=laboratory").await.json();
    assert!(by_name.items.is_empty());
    assert_eq!(world.get(&other, &format!("/accounts/{}", machine.id)).await.code(), ErrorCode::NotFound);
    let mut made = world.report(&doctor, &ann, &[]).await;
    let to = AccountRecipient { account: machine.signer(), ..AccountRecipient::current(&doctor.chain) };
    let entry = made.append(world.now(), &ann, Change::Grant(grant(Recipient::Account(to), Right::View)));
    let body = CreateGrant { entry: blob(&entry), wraps: Vec::new(), sealed_seed: None };
    let answer = world.post(&ann, &format!("/reports/{}/grants", made.id), &body).await;
    refused(&answer, ErrorCode::InvalidField, Some("/entry"));
    assert_eq!(answer.problem().detail.as_deref(), Some("names a device, which only sends"));
}

#[tokio::test]
async fn uploads_of_device_and_owner_are_each_their_own() {
    let world = World::new().await;
    let doctor = world.doctor().await;
    let machine = Machine::new(&world, &doctor).await;
    let new = |report: u8, version| CreateUpload {
        report_id: ReportId([report; 32]),
        version,
        revision: 0,
        part: 1,
        ciphertext_len: 56 + 10 + 16,
    };
    let theirs: Upload = machine.post(&world, "/uploads", &new(7, 1)).await.json();
    refused(&machine.post(&world, "/uploads", &new(7, 2)).await, ErrorCode::InvalidField, Some("/version"));
    assert_eq!(world.get(&doctor, &format!("/uploads/{}", theirs.id)).await.code(), ErrorCode::NotFound);
    let draft = api_types::drafts::PutDraft { sealed: B64(vec![1]), counter: 0, begins: true };
    let drafted = ReportId([8; 32]);
    world.put(&doctor, &format!("/drafts/{drafted}"), &draft).await.ok();
    assert_eq!(machine.post(&world, "/uploads", &new(8, 1)).await.code(), ErrorCode::Conflict, "a draft");
    let own: Upload = world.post(&doctor, "/uploads", &new(8, 1)).await.json();
    let bytes = vec![5; 56 + 10 + 16];
    let put = async |upload: &Upload| {
        let of_all = digest(&bytes);
        let headers = [("content-digest", &of_all[..]), ("content-type", "application/octet-stream")];
        let path = format!("/uploads/{}/segments/0", upload.id);
        world.send_as(Some(&machine.token), Method::PUT, &path, &headers, Body::from(bytes.clone())).await
    };
    assert_eq!(put(&own).await.code(), ErrorCode::NotFound);
    put(&theirs).await.ok();
}

/// A report is its patient's from the moment when it is there; until then it is as if the device's owner had written it.
#[tokio::test]
async fn what_a_device_uploads_lies_in_its_owners_space() {
    let world = World::with(|config| config.quota = Some("20MB".parse().unwrap())).await;
    let (doctor, ann) = (world.doctor().await, world.patient().await);
    let machine = Machine::new(&world, &doctor).await;
    let len = Geometry::of_plaintext(12 * 1024 * 1024).unwrap().ciphertext_len();
    let new = |report: u8| CreateUpload {
        report_id: ReportId([report; 32]),
        version: 1,
        revision: 0,
        part: 1,
        ciphertext_len: len,
    };
    let used = async |who: &Person| world.get(who, "/account/quota").await.json::<Quota>().used;
    machine.post(&world, "/uploads", &new(7)).await.ok();
    assert_eq!(used(&doctor).await, len);
    let refused = machine.post(&world, "/uploads", &new(8)).await.problem();
    assert_eq!((refused.code, refused.quota), (ErrorCode::QuotaExceeded, None), "what its owner stores it isn't told");
    let grants = vec![grant(own(&ann), Right::Own), grant(own(&doctor), Right::Reshare)];
    machine.post(&world, "/reports", &machine.report(&world, &doctor, &ann, grants)).await.ok();
    assert!(used(&ann).await > 0);
    assert_eq!(used(&doctor).await, len);
}

/// What a machine sends as people do it, over the wire.
async fn send(server: &Server, file: &DeviceFile, to: Option<&str>) -> client::Result<ReportId> {
    let sender = Sender::open(Native::new(&server.origin).unwrap(), file, None).await?;
    let (source, control) = (FileSource::Bytes(b"%PDF-1.7 picture".to_vec().into()), Control::none());
    let file = SendFile { name: "scan.pdf", source: &source, control: &control };
    let fields = ReportFields { title: "Blood count".into(), ..Default::default() };
    sender.send(to, fields, &[file]).await
}

#[track_caller]
fn code<T>(result: client::Result<T>) -> String {
    result.err().expect("it is refused").code()
}

const ANN: Option<&str> = Some("ann@clinic.example");

#[tokio::test(flavor = "multi_thread")]
async fn the_honest_client_sends_and_readers_see_by_what_and_whose() {
    let server = Server::start().await;
    let [administrator, doctor, ann] = clinic(&server).await;
    let added = doctor.add_device(&server.origin, "Laboratory", 30).await.unwrap();
    let id = send(&server, &added.file, ANN).await.unwrap();
    for (reader, right) in [(&ann, ApiRight::Own), (&doctor, ApiRight::Reshare)] {
        let open = reader.report(&id).await.unwrap();
        assert_eq!(open.right, right);
        let version = reader.version(&open, 1).await.unwrap();
        assert_eq!(version.content.fields.patient_name, "Ann Example", "as the server knows the patient");
        let by = reader.sent_by(&version.info.author).unwrap();
        assert_eq!(
            (by.name.as_str(), by.owner, by.owner_name.as_str()),
            ("Laboratory", doctor.account_id(), "Dora Doctor")
        );
        assert_eq!(reader.list_all().await.unwrap().rows.len(), 1);
        assert!(reader.report_events(&id, 100).await.unwrap().complete);
    }
    assert!(administrator.report(&id).await.is_err());
    assert_eq!(code(send(&server, &added.file, None).await), "not_a_patient");
    assert_eq!(code(send(&server, &added.file, Some("ada@clinic.example")).await), "not_a_patient");
    assert_eq!(code(administrator.add_device(&server.origin, "Server", 30).await), "forbidden");
    // The doctor's access taken back, the report gets new keys; what the device signed stays.
    let rows = ann.access(&id).await.unwrap();
    let doctors = rows.iter().find(|row| row.right == ApiRight::Reshare).unwrap();
    ann.revoke(&id, &doctors.grant).await.unwrap();
    assert_eq!(ann.rekey(&id, &Control::none()).await.unwrap(), 1);
    let open = ann.report(&id).await.unwrap();
    assert_eq!(ann.version(&open, 1).await.unwrap().info.author, added.device.id);
    assert!(doctor.report(&id).await.is_err());
    // Erased, whoever had it can verify who ended it.
    ann.erase_report(&id).await.unwrap();
    assert_eq!(code(ann.report(&id).await), "report_erased");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_ends_with_its_removal_and_with_what_ends_api_tokens() {
    let server = Server::start().await;
    let [administrator, doctor, ann] = clinic(&server).await;
    let gone = async |file: &DeviceFile| assert_eq!(code(send(&server, file, ANN).await), "api_token_invalid");
    let add = async |who: &Open| who.add_device(&server.origin, "Laboratory", 30).await.unwrap();
    let added = add(&doctor).await;
    send(&server, &added.file, ANN).await.unwrap();
    doctor.remove_device(&added.device.id).await.unwrap();
    gone(&added.file).await;

    let added = add(&doctor).await;
    doctor.end_other_sessions().await.unwrap();
    send(&server, &added.file, ANN).await.unwrap();
    doctor.change_password("another password entirely").await.unwrap();
    gone(&added.file).await;
    assert_eq!(doctor.devices().await.unwrap()[0].state, DeviceState::Ended);
    let added = add(&doctor).await;
    doctor.rotate_keys().await.unwrap();
    gone(&added.file).await;
    assert_eq!(doctor.devices().await.unwrap().len(), 2, "made under the keys before");
    let added = add(&doctor).await;
    send(&server, &added.file, ANN).await.unwrap();
    administrator.api().disable_account(&doctor.account_id()).await.unwrap();
    gone(&added.file).await;
    administrator.api().enable_account(&doctor.account_id()).await.unwrap();
    gone(&added.file).await;
    // What was sent stays: the patient has it all.
    assert_eq!(ann.list_all().await.unwrap().rows.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_database_nor_blobs_hold_a_devices_key() {
    let server = Server::start().await;
    let [_, doctor, ann] = clinic(&server).await;
    let added = doctor.add_device(&server.origin, "Laboratory", 30).await.unwrap();
    send(&server, &added.file, ANN).await.unwrap();
    write(&doctor, PatientChoice::Account(ann.account_id())).await;
    let file: serde_json::Value = serde_json::from_str(&added.file.to_text().unwrap()).unwrap();
    let key = file["signing_key"].as_str().unwrap().to_owned();
    let seed = B64::decode(&key).unwrap().0;
    let token = file["token"].as_str().unwrap().as_bytes()[32..72].to_vec();
    let folder = server.stop().await;
    let mut files = vec![folder.path().to_owned()];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        seen += 1;
        for secret in [&seed[..], key.as_bytes(), &token] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
    }
    assert!(seen > 2, "the search found the files");
}
