//! A whole log read from outside: what `hs audit verify` finds.

use std::sync::Arc;

use api_types::ReportId;
use client::{
    Client, ClientError, Evidence, Memory, Refusal, Witnesses,
    log::{KEYS, LogCheck, LogFound, WholeLog},
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
async fn what_a_reading_kept_holds_the_log_to_it_without_an_account() {
    let server = server(300);
    let kept = |log: WholeLog| LogCheck { kept: Some(log.kept), ..LogCheck::default() };
    let first = whole(&server.client(), &LogCheck::default()).await;
    assert!(first.kept.checkpoint.as_ref().unwrap().contains(&format!("\n300\n{}\n", first.root)));
    server.happen(REPORT, 300);
    let second = whole(&server.client(), &kept(first)).await;
    assert_eq!(second.continues, Some(300));
    let check = kept(second);
    assert_eq!(whole(&server.client(), &check).await.continues, Some(600));
    server.with_log(|log| log.published = 599);
    assert_eq!(found(&server.client(), &check).await.0, Refusal::LogRolledBack { seen: 600, shown: 599 });
    server.with_log(|log| log.events.clear());
    server.happen(REPORT, 900);
    let (forked, evidence) = found(&server.client(), &check).await;
    assert_eq!(forked, Refusal::LogForked { seen: 600 });
    assert!(evidence.kept.is_some() && evidence.shown.is_some());
    // Another key, by the server's word and by the caller's.
    server.with_log(|log| {
        log.key = key();
        log.named = Some(log.key.verifier().to_string());
    });
    let told = LogCheck { key: server.with_log(|log| log.named.clone()), ..check.clone() };
    for check in [check, told] {
        let (refused, evidence) = found(&server.client(), &check).await;
        assert_eq!(refused, Refusal::LogSignerUnknown);
        assert_eq!(evidence.other_key, server.with_log(|log| log.named.clone()));
        assert!(evidence.kept.is_some() && evidence.shown.is_some());
    }
}

#[tokio::test]
async fn a_device_and_a_reading_that_were_shown_two_histories_find_out() {
    let server = server(300);
    let memory = device(&server).await;
    let honest = server.with_log(|log| log.events.clone());
    server.with_log(|log| log.events.clear());
    server.happen(REPORT, 5);
    let other = whole(&server.client(), &LogCheck::default()).await;
    server.with_log(|log| log.events = honest);
    server.happen(REPORT, 1);
    let check = LogCheck { kept: Some(other.kept), ..LogCheck::default() };
    assert_eq!(found(&server.client_with(memory), &check).await.0, Refusal::LogForked { seen: 5 });
}

#[tokio::test]
async fn the_log_of_keys_is_read_whole_as_well() {
    let server = server(3);
    let check = LogCheck { tree: KEYS, ..LogCheck::default() };
    server.lie(|request, value| {
        if request.path.ends_with("/instance") {
            drop(value.as_object_mut().unwrap().remove("log_keys_key"));
        }
    });
    let missing = server.client().verify_log(&check, |_, _| ()).await;
    assert!(matches!(missing, Err(ClientError::Missing { .. })), "a server that names no such log: {missing:?}");
    server.be_honest();
    server.keep_keys();
    server.with_keys(|keys| keys.others(350));
    let log = whole(&server.client(), &check).await;
    assert_eq!((log.size, log.tiles, log.origin.as_str()), (700, 4, "clinic.example/log/keys"));

    let lies: [(&str, Lie); 3] = [
        ("tile/entries/000", |path, file| flip(path == "tile/entries/000", file)),
        ("tile/entries/002.p/188", |path, file| flip(path == "tile/entries/002.p/188", file)),
        ("tile/0/001", |path, file| flip(path == "tile/0/001", file)),
    ];
    for (path, lie) in lies {
        server.with_keys(|keys| keys.lie = Some(lie));
        let (refused, evidence) = found(&server.client(), &check).await;
        assert_eq!(refused, Refusal::LogTileForged { path: path.to_owned() });
        assert_eq!(evidence.tree, "keys");
    }
    server.with_keys(|keys| keys.lie = None);

    let check = LogCheck { kept: Some(log.kept), ..check };
    server.with_keys(|keys| keys.others(1));
    assert_eq!(whole(&server.client(), &check).await.continues, Some(700));
    server.with_keys(|keys| keys.leaves.truncate(699));
    assert_eq!(found(&server.client(), &check).await.0, Refusal::LogRolledBack { seen: 700, shown: 699 });
    server.with_keys(|keys| keys.others(300));
    assert_eq!(found(&server.client(), &check).await.0, Refusal::LogForked { seen: 700 });
}

/// What is done to a file of the log, by its path.
type Lie = fn(&str, &mut Vec<u8>);

/// Changes the last byte, which is one of the last leaf.
fn flip(asked: bool, file: &mut [u8]) {
    if let Some(last) = file.last_mut().filter(|_| asked) {
        *last ^= 1;
    }
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
    // The witnesses' word is of a day ago: what happened since may be kept from who reads.
    server.pass(23 * 3_600_000);
    whole(&server.client(), &check).await;
    server.pass(3_600_000);
    assert_eq!(found(&server.client(), &check).await.0, Refusal::LogStale { hours: 24 });
    whole(&server.client(), &LogCheck::default()).await;
}
