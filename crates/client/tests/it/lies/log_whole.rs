//! A whole log read from outside: what `hs audit verify` finds.

use std::sync::Arc;

use api_types::ReportId;
use client::{
    Client, Evidence, Memory, Refusal, Witnesses,
    log::{LogCheck, LogFound, WholeLog},
};
use tlog::{cosignature::Cosigner, note::KeyName};

use crate::fake::{Fake, World, log::key, random};

const REPORT: ReportId = ReportId([7; 32]);

fn server(events: usize) -> Arc<Fake> {
    let server = Fake::new();
    server.happen(REPORT, events);
    server
}

async fn whole(client: &Client<World>, check: &LogCheck) -> WholeLog {
    match client.verify_log(check, |_, _| ()).await.unwrap() {
        LogFound::Whole(log) => log,
        LogFound::Stopped(stopped) => panic!("{stopped:?}"),
    }
}

/// What is found, with evidence that holds.
async fn found(client: &Client<World>, check: &LogCheck) -> (Refusal, Evidence) {
    match client.verify_log(check, |_, _| ()).await.unwrap() {
        LogFound::Whole(log) => panic!("{log:?}"),
        LogFound::Stopped(stopped) => {
            let read = Evidence::parse(&stopped.evidence.to_json()).unwrap();
            assert_eq!(read.check(), Ok(()), "{}", read.to_json());
            (stopped.refusal, read)
        }
    }
}

/// A device that has seen the log as it is now.
async fn device(server: &Arc<Fake>) -> Memory {
    let ann = server.person("Ann Example", api_types::accounts::Role::Patient).await;
    ann.check_log().await.unwrap();
    ann.remembered()
}

#[tokio::test]
async fn an_honest_log_is_whole() {
    for (events, tiles) in [(1, 1), (255, 1), (256, 2), (257, 3), (700, 4)] {
        let server = server(events);
        let log = whole(&server.client(), &LogCheck::default()).await;
        assert_eq!((log.size, log.tiles, log.continues), (events as u64, tiles, None));
        assert_eq!(log.origin, "clinic.example/log/events");
        assert!(server.with_log(|own| own.checkpoint()).contains(&log.root));
    }
}

#[tokio::test]
async fn a_device_that_saw_it_holds_it_to_that() {
    let server = server(300);
    let memory = device(&server).await;
    server.happen(REPORT, 300);
    let client = server.client_with(memory);
    assert_eq!(whole(&client, &LogCheck::default()).await.continues, Some(300));
    server.with_log(|log| log.published = 299);
    assert_eq!(found(&client, &LogCheck::default()).await.0, Refusal::LogRolledBack { seen: 300, shown: 299 });
    server.with_log(|log| log.events.clear());
    server.happen(REPORT, 900);
    assert_eq!(found(&client, &LogCheck::default()).await.0, Refusal::LogForked { seen: 300 });
}

#[tokio::test]
async fn one_byte_of_any_file_is_found() {
    let server = server(700);
    let client = server.client();
    let files = ["tile/entries/000", "tile/entries/002.p/188", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"];
    // The tiles at the edge make the root together: where they don't, the lowest is named.
    let edge = |file: &str| if file.starts_with("tile/1") { "tile/0/002.p/188" } else { file }.to_owned();
    for file in files {
        server.lie_in_files(move |asked, bytes| {
            let mut bytes = bytes?;
            if asked == file {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
            Some(bytes)
        });
        let (refused, evidence) = found(&client, &LogCheck::default()).await;
        assert_eq!(refused, Refusal::LogTileForged { path: edge(file) });
        // Without the change it would show nothing.
        server.with_log(|log| log.lie = None);
        let mut honest = evidence;
        let bytes = server.with_log(|log| log.read(file)).unwrap();
        honest.files.insert(file.to_owned(), api_types::B64(bytes));
        assert!(honest.check().is_err(), "{file}");
        server.lie_in_files(move |asked, bytes| bytes.filter(|_| asked != file));
        assert_eq!(found(&client, &LogCheck::default()).await.0, Refusal::LogTileForged { path: file.to_owned() });
    }
}

#[tokio::test]
async fn a_key_from_elsewhere_outweighs_the_servers_word() {
    let server = server(3);
    let own = server.with_log(|log| log.named.clone());
    let check = LogCheck { key: own, ..LogCheck::default() };
    whole(&server.client(), &check).await;
    let memory = device(&server).await;
    server.with_log(|log| {
        log.key = key();
        log.named = Some(log.key.verifier().to_string());
    });
    assert_eq!(found(&server.client(), &check).await.0, Refusal::LogSignerUnknown);
    assert_eq!(found(&server.client_with(memory), &LogCheck::default()).await.0, Refusal::LogSignerUnknown);
    whole(&server.client(), &LogCheck::default()).await;
}

#[tokio::test]
async fn witnesses_are_named_or_missed() {
    let server = server(3);
    let witness = |name: &str| Cosigner::ed25519(KeyName::new(name).unwrap(), &random());
    let (one, two) = (witness("one.example"), witness("two.example"));
    let keys = vec![one.key().to_string(), two.key().to_string()];
    let check = LogCheck { witnesses: Witnesses { required: 2, keys }, ..LogCheck::default() };
    server.with_log(|log| log.witnesses = vec![one]);
    let missed = Refusal::LogTooFewWitnesses { required: 2, found: 1 };
    assert_eq!(found(&server.client(), &check).await.0, missed);
    server.with_log(|log| log.witnesses.push(two));
    let names: Vec<_> = whole(&server.client(), &check).await.cosigned.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["one.example", "two.example"]);
}
