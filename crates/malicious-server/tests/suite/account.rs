//! Attacks on one's own account.

use std::sync::Arc;

use api_types::{B64, accounts::Role, devices::ReportDevice};
use bytes::Bytes;
use client::{
    ClientError, DeviceFile, NoSecondFactor, PatientChoice, RecoverWithShares, Sender, SignUp, Vault, Verification,
    bulk::Control,
    heavy::{self, HeavyKind, HeavyTask},
};
use crypto::{
    account::{
        DeviceRecord, EmergencyContact, KeyChain, Keyring, RecoverySplit, ShareHolder, WayIn, WayInSecret, unlock,
    },
    audit::ReadRequest,
    defence::{Defence, without},
    ids::{AccountId, InstanceId},
    kem::{PrivateKey, Suite, hpke_open},
    opaque::{FinishInput, OpaqueServer, Password, registration_start},
    sign::{Signed, SigningKey},
    stretch::KdfParams,
};
use malicious_server::{
    attack::{
        DRAFT_ROLLBACK, FORGED_DEVICE, FORGED_RECOVERY_KEY, INSTANCE_SWAP, KDF_DOWNGRADE, KDF_EXHAUSTION,
        KEYRING_ROLLBACK, RELABELLED_STATE, REPLAYED_REGISTRATION, STATE_ROLLBACK, SWAPPED_EMERGENCY_CONTACT,
        SWAPPED_SHARE_CONTACT, VOIDED_KIT,
    },
    double::{Fake, PASSWORD, World, accounts::public, device, email, rng},
    scene::{fields, report},
};

use super::{Attempt, Won, run};

#[tokio::test]
async fn forged_recovery_key() {
    run(&FORGED_RECOVERY_KEY, attempt).await;

    /// The server puts its own public key into the recovery kit's way in. With the next password the new account key would
    /// be sealed to it.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let id = ann.account_id();
        let servers = PrivateKey::generate(Suite::XWing, &mut rng());
        let (own, _) = Keyring::create(1, &mut rng());
        {
            let mut db = server.db();
            let kit = &mut db.accounts.get_mut(&id).unwrap().ways_in[1].record;
            let honest = Signed::<WayIn>::parse(&kit.0).unwrap();
            let forged = WayIn { public: servers.public(), ..honest.claimed().clone() };
            *kit = B64::from(Signed::sign(forged, &own.current().signing).as_bytes());
        }
        ann.change_password("another password entirely").await?;
        let stored = Signed::<WayIn>::parse(&server.db().accounts[&id].ways_in[1].record.0).unwrap();
        let way = stored.claimed();
        let info = WayIn::wrap_info(&way.account, &way.id, way.kind, &way.public, way.generation);
        let (opened, now) = (hpke_open(&servers, None, &info, &way.wrap), ann.account_key());
        Ok(Won::if_so(opened.is_ok_and(|key| key.expose() == now.secret().expose())))
    }
}

#[tokio::test]
async fn voided_kit() {
    run(&VOIDED_KIT, attempt).await;

    /// The server shows a lost kit's way in again, from before a new kit voided it, when the password changes.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let client = server.client();
        let (lost, kit) = (client.new_kit(), client.new_kit());
        let address = email("ann");
        let (name, role, token) = ("Ann Example", Role::Patient, None);
        let sign_up = SignUp { name, email: &address, password: PASSWORD, role, kit: &lost, token, device: device() };
        let ann = client.sign_up(sign_up).await.unwrap();
        let id = ann.account_id();
        let voided = server.db().accounts[&id].ways_in[1].clone();
        ann.change_recovery_kit(&kit).await.unwrap();
        server.db().accounts.get_mut(&id).unwrap().ways_in[1] = voided;
        ann.change_password("another password entirely").await?;
        let stored = server.db().accounts[&id].clone();
        let chain = KeyChain::parse(&AccountId(id.0), &stored.key_records).unwrap();
        let way = Signed::parse(&stored.ways_in[1].record.0).unwrap();
        let opened = unlock(&way, &chain, WayInSecret::RecoveryKit(&lost));
        Ok(Won::if_so(opened.is_ok_and(|key| key == ann.account_key())))
    }
}

#[tokio::test]
async fn replayed_registration() {
    run(&REPLAYED_REGISTRATION, attempt).await;

    /// The server puts the account back to how it was before the password changed, for somebody who knows the old one. A
    /// device on which the account was opened since is to take it for the account of now.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let id = ann.account_id();
        let (before, stolen) = (server.db().accounts[&id].clone(), ann.account_key());
        ann.change_password("another password entirely").await.unwrap();
        let memory = ann.remembered();
        let again = || server.client_with(memory.clone());
        let address = email("Ann Example");
        let refused = again().sign_in(&address, PASSWORD, device(), &NoSecondFactor).await;
        assert!(matches!(refused, Err(ClientError::WrongPassword)), "without the replay it opens nothing");
        server.db().accounts.insert(id, before);
        let opened = again().sign_in(&address, PASSWORD, device(), &NoSecondFactor).await?;
        Ok(Won::if_so(opened.account_key() == stolen))
    }
}

#[tokio::test]
async fn swapped_emergency_contact() {
    run(&SWAPPED_EMERGENCY_CONTACT, attempt).await;

    /// The owner once trusted somebody whom they trust no more. When they look, the server shows another person in that
    /// place, so that nobody is removed.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let former = server.person("Fritz Former", Role::Patient).await;
        let bea = server.person("Bea Example", Role::Patient).await.account_id();
        ann.add_emergency_contact(&former.account_id(), 1).await.unwrap();
        assert_eq!(ann.emergency_contacts().await.unwrap()[0].person.id, former.account_id());
        let (own, _) = Keyring::create(1, &mut rng());
        {
            let mut db = server.db();
            let chain = KeyChain::parse(&AccountId(bea.0), &db.accounts[&bea].key_records).unwrap();
            let to = chain.recipient();
            let trusted = &mut db.trusted[0];
            let said = Signed::<EmergencyContact>::parse(&trusted.statement.0).unwrap();
            let forged = EmergencyContact {
                contact: chain.account(),
                contact_epoch: chain.epoch(),
                suite: to.suite(),
                key_hash: to.hash(),
                delay_days: 30,
                ..said.claimed().clone()
            };
            trusted.contact = bea;
            trusted.statement = B64::from(Signed::sign(forged, &own.current().signing).as_bytes());
        }
        let listed = ann.emergency_contacts().await?;
        Ok(Won::if_so(listed[0].person.id == bea && listed[0].delay_days == 30))
    }
}

#[tokio::test]
async fn forged_device() {
    run(&FORGED_DEVICE, attempt).await;

    /// The server makes a device in the doctor's name, and sends the patient a report by it.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let dora = server.person("Dora Doctor", Role::Doctor).await;
        let honest = dora.add_device("https://clinic.example", "Laboratory", 30).await.unwrap();
        let (own, key) = (Keyring::create(1, &mut rng()).0, SigningKey::generate(&mut rng()));
        let mut file: serde_json::Value = serde_json::from_str(&honest.file.to_text().unwrap()).unwrap();
        let record: B64 = serde_json::from_value(file["record"].clone()).unwrap();
        let said = Signed::<DeviceRecord>::parse(&record.0).unwrap().claimed().clone();
        let said = DeviceRecord { signing: key.public(), ..said };
        let forged = Signed::sign_device(said, &key, &own.current().signing);
        let id = api_types::AccountId(AccountId::of_device(&forged).0);
        let doctor = dora.account_id();
        {
            let mut db = server.db();
            let record = B64::from(forged.as_bytes());
            let owner = public(&doctor, &db.accounts[&doctor]);
            let device = ReportDevice { id, record: record.clone(), owner, removal: None };
            file["token"] = Fake::let_in(&mut db, device, &doctor).into();
            file["record"] = serde_json::to_value(record).unwrap();
            file["signing_key"] = serde_json::to_value(B64(key.seed().expose().to_vec())).unwrap();
        }
        let file = DeviceFile::parse(&file.to_string()).unwrap();
        let report = {
            // The server's own program asks nobody.
            let _believing = without(&[Defence::DeviceSigned]);
            let sender = Sender::open(World::new(&server), &file, None).await.unwrap();
            sender.send(Some(&email("Ann Example")), fields(), &[]).await.unwrap()
        };
        let open = ann.report(&report).await?;
        let version = ann.version(&open, 1).await?;
        let by = ann.sent_by(&version.info.author);
        Ok(Won::if_so(by.is_some_and(|by| by.owner == doctor)))
    }
}

/// What the statement says besides is refused by the same name: whom the server leaves out, and other words.
#[tokio::test]
async fn nothing_of_an_emergency_contact_can_be_exchanged() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let bea = server.person("Bea Example", Role::Patient).await;
    let cem = server.person("Cem Example", Role::Patient).await;
    ann.add_emergency_contact(&bea.account_id(), 1).await.unwrap();
    ann.add_emergency_contact(&cem.account_id(), 1).await.unwrap();
    let [to_bea, to_cem] = [0, 1].map(|at| server.db().trusted[at].way_in);
    let forged = |result: client::Result<()>| {
        let code = result.unwrap_err().code();
        assert_eq!(code, "emergency_forged");
    };
    assert!(bea.emergency_words(&to_bea).await.is_ok());

    // The words of another contact, whole and beside the right statement.
    let [right, other] = [0, 1].map(|at| server.db().trusted[at].sealed.clone());
    server.db().trusted[0].sealed = other;
    forged(bea.emergency_words(&to_bea).await.map(drop));
    server.db().trusted[0].sealed = right;
    // Another contact's statement, by the right account.
    let [right, other] = [0, 1].map(|at| server.db().trusted[at].statement.clone());
    server.db().trusted[0].statement = other;
    forged(bea.emergency_words(&to_bea).await.map(drop));
    forged(ann.emergency_contacts().await.map(drop));
    server.db().trusted[0].statement = right;
    // The same statement as if another account had made it.
    server.db().trusted[0].owner = cem.account_id();
    forged(bea.emergency_words(&to_bea).await.map(drop));
    forged(ann.emergency_contacts().await.map(drop));
    server.db().trusted[0].owner = ann.account_id();
    // One of two isn't shown.
    let hidden = server.db().trusted.remove(1);
    assert_eq!(hidden.way_in, to_cem);
    forged(ann.emergency_contacts().await.map(drop));
}

#[tokio::test]
async fn swapped_share_contact() {
    run(&SWAPPED_SHARE_CONTACT, attempt).await;

    /// One of those who hold a share is the server's accomplice. When the owner looks, the server shows another person in
    /// that place, and that all of them are needed, so that the shares are left as they are.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let accomplice = server.person("Fritz Former", Role::Patient).await.account_id();
        let bea = server.person("Bea Example", Role::Patient).await.account_id();
        let cem = server.person("Cem Example", Role::Patient).await.account_id();
        ann.split_recovery(&[bea, accomplice, cem], 2).await.unwrap();
        assert_eq!(ann.recovery_split().await.unwrap().unwrap().holders[1].person.id, accomplice);
        let dan = server.person("Dan Example", Role::Patient).await.account_id();
        let (own, _) = Keyring::create(1, &mut rng());
        {
            let mut db = server.db();
            let chain = KeyChain::parse(&AccountId(dan.0), &db.accounts[&dan].key_records).unwrap();
            let to = chain.recipient();
            let split = &mut db.splits[0];
            let mut forged = Signed::<RecoverySplit>::parse(&split.statement.0).unwrap().claimed().clone();
            forged.threshold = 3;
            forged.holders[1] = ShareHolder {
                contact: chain.account(),
                contact_epoch: chain.epoch(),
                suite: to.suite(),
                key_hash: to.hash(),
                ..forged.holders[1].clone()
            };
            split.shares[1].0 = dan;
            split.statement = B64::from(Signed::sign(forged, &own.current().signing).as_bytes());
        }
        let shown = ann.recovery_split().await?;
        Ok(Won::if_so(shown.is_some_and(|split| split.threshold == 3 && split.holders[1].person.id == dan)))
    }
}

/// What the statement says besides is refused by the same name: whom the server leaves out, and other shares.
#[tokio::test]
async fn nothing_of_recovery_shares_can_be_exchanged() {
    let server = Fake::new();
    let ann = server.person("Ann Example", Role::Patient).await;
    let bea = server.person("Bea Example", Role::Patient).await;
    let cem = server.person("Cem Example", Role::Patient).await;
    let other = server.person("Otto Other", Role::Patient).await;
    let contacts = [bea.account_id(), cem.account_id()];
    ann.split_recovery(&contacts, 2).await.unwrap();
    other.split_recovery(&contacts, 2).await.unwrap();
    let [of_ann, of_other] = [0, 1].map(|at| server.db().splits[at].way_in);
    let forged = |result: client::Result<()>| {
        let code = result.unwrap_err().code();
        assert_eq!(code, "shares_forged");
    };
    let mut shares = vec![bea.open_share(&of_ann).await.unwrap().text()];
    shares.push(cem.open_share(&of_ann).await.unwrap().text());

    // The other contact's share, and the same contact's of another split.
    let [right, cems] = [0, 1].map(|at| server.db().splits[0].shares[at].1.clone());
    let of_others = server.db().splits[1].shares[0].1.clone();
    for wrong in [cems, of_others] {
        server.db().splits[0].shares[0].1 = wrong;
        forged(bea.open_share(&of_ann).await.map(drop));
    }
    server.db().splits[0].shares[0].1 = right;
    // Another account's statement: to the owner, to a contact, and to whoever recovers.
    let [right, wrong] = [0, 1].map(|at| server.db().splits[at].statement.clone());
    server.db().splits[0].statement = wrong;
    forged(ann.recovery_split().await.map(drop));
    forged(bea.open_share(&of_ann).await.map(drop));
    let client = server.client();
    let address = email("Ann Example");
    let recover = || RecoverWithShares {
        email: &address,
        shares: &shares,
        password: "another password entirely",
        device: device(),
    };
    forged(client.recover_with_shares(recover(), &NoSecondFactor).await.map(drop));
    server.db().splits[0].statement = right;
    // The same as if another account had split it.
    server.db().splits[0].owner = cem.account_id();
    forged(bea.open_share(&of_ann).await.map(drop));
    forged(cem.recovery_split().await.map(drop));
    server.db().splits[0].owner = ann.account_id();
    // One of two isn't shown, or in another order, or the split isn't shown at all.
    let hidden = server.db().splits[0].shares.remove(1);
    forged(ann.recovery_split().await.map(drop));
    server.db().splits[0].shares.insert(0, hidden);
    forged(ann.recovery_split().await.map(drop));
    server.db().splits[0].shares.swap(0, 1);
    assert!(ann.recovery_split().await.unwrap().is_some());
    let whole = server.db().splits.remove(0);
    forged(ann.recovery_split().await.map(drop));
    assert_eq!((whole.way_in, of_other), (of_ann, server.db().splits[0].way_in));
}

#[tokio::test]
async fn kdf_downgrade() {
    run(&KDF_DOWNGRADE, attempt).await;

    /// A password stretched over 8 KiB instead of 64 MiB is guessed eight thousand times as fast.
    async fn attempt() -> Attempt {
        stretched(8, KdfParams::FLOOR.passes())
    }
}

/// A password is registered, stretched over so much memory, so many times.
fn stretched(memory_kib: u32, passes: u32) -> Attempt {
    let instance = InstanceId([1; 16]);
    let password = Password::new(PASSWORD).unwrap();
    let start = registration_start(&password, &mut rng()).unwrap();
    let server = OpaqueServer::generate(instance, &mut rng());
    let response = server.registration_start(&AccountId([2; 32]), &start.message).unwrap();
    let kdf = KdfParams::FLOOR;
    let asked = FinishInput { state: start.state, password, response, instance, kdf };
    let mut bytes = asked.to_bytes().expose().to_vec();
    // Memory, passes and lanes are the last three fields, each a length of four bytes and a number.
    let end = bytes.len();
    for (at, before, now) in [(end - 20, kdf.memory_kib(), memory_kib), (end - 12, kdf.passes(), passes)] {
        assert_eq!(bytes[at..at + 4], before.to_be_bytes());
        bytes[at..at + 4].copy_from_slice(&now.to_be_bytes());
    }
    heavy::run(&HeavyTask { kind: HeavyKind::Register, input: bytes.into() }).map_err(ClientError::from)?;
    Ok(Won::Everything)
}

#[tokio::test]
async fn kdf_exhaustion() {
    run(&KDF_EXHAUSTION, attempt).await;

    /// One pass more than the most keeps a device busy; there is no end to how many could be asked for.
    async fn attempt() -> Attempt {
        stretched(KdfParams::FLOOR.memory_kib(), KdfParams::CEILING.passes() + 1)
    }
}

#[tokio::test]
async fn keyring_rollback() {
    run(&KEYRING_ROLLBACK, attempt).await;

    /// Keys were stolen, so their owner made new ones. The server gives the owner's next session the new records and the old
    /// keyring: what is asked for there is signed with the stolen keys.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let id = report(&ann, PatientChoice::Account(ann.account_id())).await;
        let stolen = server.keyring(&ann);
        server.pass(60_000);
        let records = server.db().accounts[&ann.account_id()].key_records.clone();
        let chain = KeyChain::parse(&AccountId(ann.account_id().0), &records).unwrap();
        let next = stolen.clone().rotate(&chain, server.now(), &mut rng()).unwrap();
        let next = B64::from(next.as_bytes());
        server.db().accounts.get_mut(&ann.account_id()).unwrap().key_records.push(next);
        let later = server.client().sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await?;
        server.signed_requests();
        later.report(&id).await?;
        let asked = Signed::<ReadRequest>::parse(&server.signed_requests()[0]).unwrap();
        Ok(Won::if_so(asked.verify(&stolen.current().signing.public()).is_ok()))
    }
}

#[tokio::test]
async fn instance_swap() {
    run(&INSTANCE_SWAP, attempt).await;

    /// Another server answers under the address of the one that is known.
    async fn attempt() -> Attempt {
        let ann = Fake::new().person("Ann Example", Role::Patient).await;
        let impostor = Fake::new();
        let client = impostor.client_with(ann.remembered());
        let instance = client.instance().await?;
        Ok(Won::if_so(instance.instance_id == B64(impostor.instance.to_vec())))
    }
}

#[tokio::test]
async fn state_rollback() {
    run(&STATE_ROLLBACK, attempt).await;

    /// The server gives back what the account remembered a while ago. Somebody whose key was compared in person since then is a
    /// stranger again, whose keys may be any.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let Compared { ann, dora, before } = compared(&server).await;
        {
            let mut db = server.db();
            let account = db.accounts.get_mut(&ann.account_id()).unwrap();
            (account.state, account.counter) = before;
        }
        is_new_again(&server, &ann, &dora).await
    }
}

/// A patient who has compared a doctor's key in person.
struct Compared {
    ann: Vault<World>,
    dora: api_types::AccountId,
    /// What the account remembered before that, and its number.
    before: (B64, u64),
}

async fn compared(server: &Arc<Fake>) -> Compared {
    let ann = server.person("Ann Example", Role::Patient).await;
    let dora = server.person("Dora Doctor", Role::Doctor).await.account_id();
    let before = {
        let db = server.db();
        let account = &db.accounts[&ann.account_id()];
        (account.state.clone(), account.counter)
    };
    let seen = ann.person(&dora).await.unwrap();
    ann.mark_verified(&seen).await.unwrap();
    assert_ne!(server.counter(&ann.account_id()), before.1, "it was saved");
    Compared { ann, dora, before }
}

/// Whether the next session on the same device takes the doctor for somebody whom it never saw.
async fn is_new_again(server: &Arc<Fake>, ann: &Vault<World>, dora: &api_types::AccountId) -> Attempt {
    let client = server.client_with(ann.remembered());
    let later = client.sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await?;
    Ok(Won::if_so(later.person(dora).await?.verification == Verification::New))
}

#[tokio::test]
async fn relabelled_state() {
    run(&RELABELLED_STATE, attempt).await;

    /// The same under the number of the newest state.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let Compared { ann, dora, before } = compared(&server).await;
        {
            let mut db = server.db();
            let account = db.accounts.get_mut(&ann.account_id()).unwrap();
            // The number stands behind the version.
            let (B64(mut relabelled), _) = before;
            relabelled[1..9].copy_from_slice(&account.counter.to_be_bytes());
            account.state = B64(relabelled);
        }
        is_new_again(&server, &ann, &dora).await
    }
}

#[tokio::test]
async fn draft_rollback() {
    run(&DRAFT_ROLLBACK, attempt).await;

    /// What was written into a draft since is gone, and the draft goes on from there.
    async fn attempt() -> Attempt {
        let server = Fake::new();
        let ann = server.person("Ann Example", Role::Patient).await;
        let draft = ann.begin_draft(PatientChoice::New, fields()).await.unwrap();
        let old = server.db().drafts[&(draft.id(), ann.account_id())].clone();
        draft.add_file("a", &Bytes::from_static(b"a"), &Control::none()).await.unwrap();
        server.db().drafts.insert((draft.id(), ann.account_id()), old);
        let open = ann.open_draft(&draft.id()).await?;
        Ok(Won::if_so(open.files().is_empty()))
    }
}
