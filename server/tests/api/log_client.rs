//! The log as clients hold the server to it: every event shown is found, a session goes on from the last, and a database
//! that is put back, rewritten or changed by a byte is noticed from outside.

use std::path::Path;

use api_types::{AccountId, audit::AuditEvent};
use client::{
    Client, Mark, Memory, NoSecondFactor, PatientChoice, Platform, Refusal, Vault,
    api::EventFilter,
    log::{EVENTS, EventProof, KEYS, LogCheck, LogFound, VerifierKey},
    native::Native,
};
use server::storage::{
    db::Db,
    log::{Row, StoredTile, Tree, put, tile},
    log_keys::{self, Entry},
};
use tempfile::TempDir;
use tlog::cosignature::Quorum;

use crate::{
    harness::{Server, copy_database},
    honest_client::{PASSWORD, Person, clinic, device, read, write},
    log::record,
    person::DEVICE,
    tree::Published,
};

/// Everything that an administrator is shown, all of it found in the tree.
pub async fn all_verified<P: Platform>(person: &Vault<P>) -> Vec<AuditEvent> {
    let (mut items, mut before) = (Vec::new(), None);
    loop {
        let page = person.events(&EventFilter { before, ..EventFilter::default() }).await.unwrap();
        assert!(page.items.iter().all(|item| item.mark == Mark::Verified), "{:?}", page.items);
        items.extend(page.items.into_iter().map(|item| item.event));
        match page.next {
            Some(next) => before = Some(next),
            None => return items,
        }
    }
}

async fn session(server: &Server, email: &str, memory: Memory) -> Person {
    let client = Client::with_memory(Native::on_device(&server.origin, DEVICE).unwrap(), memory);
    client.sign_in(email, PASSWORD, device(), &NoSecondFactor).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_shown_is_verified_and_sessions_go_on_over_restarts() {
    let mut server = Server::start().await;
    let [ada, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    read(&patient, &id).await.unwrap();
    let events = patient.report_events(&id, 1_000).await.unwrap();
    assert!(events.complete && events.items.len() > 3);
    assert!(events.items.iter().all(|item| item.mark == Mark::Verified), "{:?}", events.items);
    assert!(all_verified(&ada).await.len() > 20);
    ada.save_state().await.unwrap();
    let mut memory = ada.remembered();
    for count in [3, 300] {
        record(&server, count).await;
        server = Server::start_in(server.stop().await, |_| ()).await;
        let ada = session(&server, "ada@clinic.example", memory).await;
        ada.check_log().await.unwrap();
        all_verified(&ada).await;
        ada.save_state().await.unwrap();
        memory = ada.remembered();
        // What a device lost the account still knows.
        session(&server, "ada@clinic.example", Memory::default()).await.check_log().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_proved_to_somebody_without_an_account() {
    let server = Server::start().await;
    let [_, doctor, patient] = clinic(&server).await;
    let found = doctor.find_by_email("ann@clinic.example").await.unwrap().unwrap();
    let id = write(&doctor, PatientChoice::Account(found.id)).await;
    read(&patient, &id).await.unwrap();
    patient.check_log().await.unwrap();
    let events = patient.report_events(&id, 1_000).await.unwrap().items;
    let key_of = |tree: &str| patient.remembered().logs[tree].key.parse::<VerifierKey>().unwrap();
    let mut files = Vec::new();
    for event in events.iter().map(|item| &item.event) {
        let file = patient.prove_event(event).await.unwrap().to_string();
        let proof = EventProof::parse(file.as_bytes()).unwrap();
        let proven = proof.check(&key_of(EVENTS.name), &Quorum::none()).unwrap();
        assert_eq!((proven.index, proven.event.time), (event.seq, event.time));
        assert_eq!(proven.event.to_bytes(), event.event.as_ref().unwrap().0);
        assert_eq!(proven.event.hash().0[..], event.hash.0[..]);
        assert!(proven.size > event.seq && proven.origin.ends_with("/log/events"));
        let other = proof.check(&key_of(KEYS.name), &Quorum::none()).unwrap_err();
        assert_eq!(other.code(), "log_signer_unknown");
        files.push(file);
    }
    // One event, and the way that leads from another.
    let parts: Vec<(&str, &str)> = files.iter().map(|file| file.split_once("\nindex ").unwrap()).collect();
    let mixed = format!("{}\nindex {}", parts[0].0, parts[1].1);
    assert_eq!(EventProof::parse(mixed.as_bytes()).unwrap_err().code(), "proof_elsewhere");
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The refusal of a look, with evidence that holds.
async fn refused(person: &Person) -> Refusal {
    person.check_log().await.unwrap_err();
    let stopped = person.stopped().unwrap();
    assert_eq!(stopped.evidence.check(), Ok(()));
    stopped.refusal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_is_noticed() {
    let server = Server::start().await;
    clinic(&server).await;
    let folder = server.stop().await;
    let old = TempDir::new().unwrap();
    copy(folder.path(), old.path());
    copy_database(folder.path(), old.path()).await;

    let server = Server::start_in(folder, |_| ()).await;
    record(&server, 50).await;
    let before = Published::of(&server.origin).await.reaching(50).await.0.size();
    let ann = session(&server, "ann@clinic.example", Memory::default()).await;
    ann.check_log().await.unwrap();
    let memory = ann.remembered();
    drop(server.stop().await);

    let server = Server::start_in(old, |_| ()).await;
    let ann = session(&server, "ann@clinic.example", memory.clone()).await;
    let rolled_back = refused(&ann).await;
    assert!(matches!(rolled_back, Refusal::LogRolledBack { seen, shown } if seen >= before && shown < seen));
    assert!(ann.remembered().logs == memory.logs, "what was verified is kept");
    // It grows past what was seen: now it is another history.
    record(&server, 100).await;
    Published::of(&server.origin).await.reaching(before + 50).await;
    let ann = session(&server, "ann@clinic.example", memory).await;
    assert!(matches!(refused(&ann).await, Refusal::LogForked { .. }));
}

/// Changes one byte of a stored tile, or changes it back.
async fn flip(db: &Db, tree: Tree, (row, place): (Row, u64), byte: usize) {
    let mut hashes = tile(db.read(), tree, row, place).await.unwrap().unwrap();
    hashes[byte] ^= 1;
    let tx = db.begin_write().await.unwrap();
    put(tx.conn(), tree, &[StoredTile { row, place, hashes }]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_of_the_database_is_found_from_outside() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    record(&server, 700).await;
    let size = Published::of(&server.origin).await.reaching(701).await.0.size();
    let client = Client::new(Native::new(&server.origin).unwrap());
    let verify = async || client.verify_log(&LogCheck::default(), |_, _| ()).await.unwrap();
    let LogFound::Whole(log) = verify().await else { panic!("it is whole") };
    assert_eq!((log.size, log.tiles), (size, 4));

    let db = Db::open(&server.state.config.database_url).await.unwrap();
    let places = [
        (Row::Data, 0, 5, "tile/entries/000".to_owned()),
        (Row::Data, 2, 100, format!("tile/entries/002.p/{}", size % 256)),
        (Row::Level(0), 1, 8_191, "tile/0/001".to_owned()),
        (Row::Level(0), 2, 0, format!("tile/0/002.p/{}", size % 256)),
        // The tiles at the edge make the root together: the lowest is named.
        (Row::Level(1), 0, 63, format!("tile/0/002.p/{}", size % 256)),
    ];
    for (row, place, byte, path) in places {
        flip(&db, Tree::Events, (row, place), byte).await;
        let LogFound::Stopped(stopped) = verify().await else { panic!("{path} is believed") };
        assert_eq!((stopped.refusal, stopped.evidence.check()), (Refusal::LogTileForged { path }, Ok(())));
        flip(&db, Tree::Events, (row, place), byte).await;
    }
    assert!(matches!(verify().await, LogFound::Whole(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_of_the_log_of_keys_is_found_from_outside() {
    let server = Server::start_with(|config| config.address_factor = 100).await;
    let client = Client::new(Native::new(&server.origin).unwrap());
    let check = LogCheck { tree: KEYS, ..LogCheck::default() };
    let verify = async || client.verify_log(&check, |_, _| ()).await.unwrap();
    // Before the first account there is a log, and nothing in it.
    let LogFound::Whole(log) = verify().await else { panic!("it is whole") };
    assert_eq!((log.size, log.kept.checkpoint), (0, None));

    let [ada, ..] = clinic(&server).await;
    let account = AccountId(ada.account_id().0);
    let entries: Vec<Entry> = (1..=300).map(|epoch| Entry::key(account, epoch, b"another record")).collect();
    let tx = server.state.db.begin_write().await.unwrap();
    log_keys::append(tx.conn(), &entries).await.unwrap();
    tx.commit().await.unwrap();
    let size = Published::keys(&server.origin).await.reaching(306).await.0.size();
    let LogFound::Whole(log) = verify().await else { panic!("it is whole") };
    assert_eq!((log.size, log.tiles, size), (306, 3, 306));

    let db = Db::open(&server.state.config.database_url).await.unwrap();
    let places = [
        (Row::Data, 0, 5, "tile/entries/000"),
        (Row::Data, 1, 10, "tile/entries/001.p/50"),
        (Row::Level(0), 0, 77, "tile/0/000"),
        (Row::Level(0), 1, 0, "tile/0/001.p/50"),
    ];
    for (row, place, byte, path) in places {
        flip(&db, Tree::Keys, (row, place), byte).await;
        let LogFound::Stopped(stopped) = verify().await else { panic!("{path} is believed") };
        let refused = Refusal::LogTileForged { path: path.to_owned() };
        assert_eq!((stopped.refusal, stopped.evidence.check()), (refused, Ok(())));
        flip(&db, Tree::Keys, (row, place), byte).await;
    }
    assert!(matches!(verify().await, LogFound::Whole(_)));
}
