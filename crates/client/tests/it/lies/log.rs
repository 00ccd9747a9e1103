//! Lies of the public log itself: forks, rollbacks, other signers, forged tiles, false witnesses. Each refusal stays, and
//! leaves evidence that anyone can check.

use std::sync::Arc;

use api_types::ReportId;
use client::{
    Client, Evidence, Mark, Memory, NoSecondFactor, Refusal, Vault, Witnesses,
    log::{AskError, EvidenceError},
};
use tlog::{cosignature::Cosigner, note::KeyName};

use super::refusal;
use crate::fake::{
    Fake, PASSWORD, World, device, email,
    log::{self, each_once},
    random,
};

const REPORT: ReportId = ReportId([7; 32]);

/// A server with a log of so many events, and somebody who has looked at it.
pub async fn looked(events: usize) -> (Arc<Fake>, Vault<World>) {
    let server = Fake::new();
    server.happen(REPORT, events);
    let ann = server.person("Ann Example", api_types::accounts::Role::Patient).await;
    ann.check_log().await.unwrap();
    ann.save_state().await.unwrap();
    (server, ann)
}

/// The next session of the same person, on a device that remembers this.
pub async fn next_session(server: &Arc<Fake>, memory: Memory) -> Vault<World> {
    let client: Client<World> = server.client_with(memory);
    client.sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap()
}

/// The refusal of a look at the log: named, for good, with evidence that holds after it was saved and read again.
pub async fn stopped(vault: &Vault<World>) -> (Refusal, Evidence) {
    let refused = refusal(vault.check_log().await);
    assert_eq!(refusal(vault.check_log().await), refused, "it stays");
    assert!(refused.stops_session());
    let stopped = vault.stopped().unwrap();
    assert_eq!(stopped.refusal, refused);
    let read = Evidence::parse(&stopped.evidence.to_json()).unwrap();
    assert_eq!(read, stopped.evidence);
    assert_eq!(read.check(), Ok(()), "{}", read.to_json());
    assert_eq!(read.code, refused.code());
    (refused, read)
}

/// Another history under the same key.
fn rewrite(server: &Fake, events: usize) {
    server.with_log(|log| {
        log.events.clear();
        (0..events).for_each(|_| log.record(REPORT, "another=1"));
    });
}

#[tokio::test]
async fn honest_growth_over_sessions_is_accepted() {
    let (server, ann) = looked(3).await;
    let mut memory = ann.remembered();
    for more in [0, 1, 250, 2, 300, 500] {
        server.happen(REPORT, more);
        let ann = next_session(&server, memory).await;
        ann.check_log().await.unwrap();
        let events = ann.report_events(&REPORT, 5_000).await.unwrap();
        assert!(events.complete && events.items.iter().all(|item| item.mark == Mark::Verified));
        ann.save_state().await.unwrap();
        memory = ann.remembered();
        assert!(ann.stopped().is_none());
    }
    let size = server.with_log(|log| log.published).to_string();
    assert!(memory.logs["events"].checkpoint.as_ref().unwrap().lines().any(|line| line == size));
}

#[tokio::test]
async fn a_session_saves_the_newest_checkpoint_once() {
    let (server, ann) = looked(3).await;
    let before = server.counter(&ann.account_id());
    for _ in 0..3 {
        server.happen(REPORT, 1);
        ann.check_log().await.unwrap();
        ann.save_state().await.unwrap();
    }
    assert_eq!(server.counter(&ann.account_id()), before);
}

#[tokio::test]
async fn a_fork_is_refused() {
    for (had, has) in [(3, 3), (3, 9), (4, 9), (256, 700), (300, 300), (300, 900)] {
        let (server, ann) = looked(had).await;
        rewrite(&server, has);
        let next = next_session(&server, ann.remembered()).await;
        let (refused, evidence) = stopped(&next).await;
        assert_eq!(refused, Refusal::LogForked { seen: had as u64 });
        assert!(evidence.kept.is_some() && evidence.shown.is_some());
        // The session that is still open sees it too, and what is kept is what was verified.
        assert_eq!(stopped(&ann).await.0, refused);
        assert_eq!(next.remembered().logs, ann.remembered().logs);
    }
}

#[tokio::test]
async fn evidence_of_a_fork_that_was_none_shows_nothing() {
    let (server, ann) = looked(300).await;
    rewrite(&server, 900);
    let (_, mut evidence) = stopped(&ann).await;
    evidence.kept = evidence.shown.clone();
    assert!(matches!(evidence.check(), Err(EvidenceError::Contradicted(_))));
    evidence.kept = evidence.shown.as_ref().map(|note| note.replacen("900", "800", 1));
    assert!(matches!(evidence.check(), Err(EvidenceError::Missing(_))), "nobody signed that");
}

#[tokio::test]
async fn a_rollback_is_refused_by_device_and_by_account() {
    let (server, ann) = looked(300).await;
    server.with_log(|log| log.published = 299);
    let (device, account) = (ann.remembered(), Memory { logs: Default::default(), ..ann.remembered() });
    for memory in [device, account] {
        let next = next_session(&server, memory).await;
        assert_eq!(stopped(&next).await.0, Refusal::LogRolledBack { seen: 300, shown: 299 });
    }
    // All of it gone.
    server.lie_in_files(|_, _| None);
    let next = next_session(&server, ann.remembered()).await;
    assert_eq!(stopped(&next).await.0, Refusal::LogRolledBack { seen: 300, shown: 0 });
}

#[tokio::test]
async fn a_device_alone_holds_the_server_to_what_it_saw() {
    let (server, ann) = looked(300).await;
    server.happen(REPORT, 10);
    ann.check_log().await.unwrap();
    // The account's copy is of before; the newest is on the device.
    server.with_log(|log| log.published = 305);
    next_session(&server, Memory { logs: Default::default(), ..ann.remembered() }).await.check_log().await.unwrap();
    let next = next_session(&server, ann.remembered()).await;
    assert_eq!(stopped(&next).await.0, Refusal::LogRolledBack { seen: 310, shown: 305 });
}

#[tokio::test]
async fn two_devices_that_are_shown_two_histories_find_out() {
    let server = Fake::new();
    server.happen(REPORT, 3);
    let first = server.person("Ann Example", api_types::accounts::Role::Patient).await;
    let second = next_session(&server, Memory::default()).await;
    first.check_log().await.unwrap();
    first.save_state().await.unwrap();
    let honest = server.with_log(|log| log.events.clone());
    rewrite(&server, 5);
    second.check_log().await.unwrap();
    // Saving brings together what both have seen.
    second.save_state().await.unwrap();
    server.with_log(|log| log.events = honest);
    server.happen(REPORT, 20);
    assert_eq!(stopped(&next_session(&server, first.remembered()).await).await.0, Refusal::LogForked { seen: 5 });
}

#[tokio::test]
async fn two_devices_that_are_shown_two_signers_find_out_and_stop() {
    let server = Fake::new();
    server.happen(REPORT, 3);
    let first = server.person("Ann Example", api_types::accounts::Role::Patient).await;
    // The second device, which knows nothing yet, is shown a log under another key.
    let honest = server.with_log(|log| {
        let honest = (std::mem::replace(&mut log.key, log::key()), log.named.take());
        log.named = Some(log.key.verifier().to_string());
        honest
    });
    let second = next_session(&server, Memory::default()).await;
    second.check_log().await.unwrap();
    let shown = server.with_log(|log| log.named.clone());
    let other = honest.1.clone();
    server.with_log(|log| (log.key, log.named) = honest);
    first.check_log().await.unwrap();
    first.save_state().await.unwrap();
    let saved = server.counter(&first.account_id());

    // Saving brings together what both have seen.
    assert!(second.stopped().is_none());
    assert_eq!(refusal(second.save_state().await), Refusal::LogSignerUnknown);
    assert_eq!(second.when_stopped().await.refusal, Refusal::LogSignerUnknown);
    let (refused, evidence) = stopped(&second).await;
    assert_eq!((refused, Some(evidence.key), evidence.other_key), (Refusal::LogSignerUnknown, shown, other));
    assert!(evidence.kept.is_some() && evidence.shown.is_some() && evidence.kept != evidence.shown);
    assert_eq!(refusal(second.save_state().await), Refusal::LogSignerUnknown);
    assert_eq!(server.counter(&first.account_id()), saved, "what the first device saved stays");
    first.check_log().await.unwrap();
}

#[tokio::test]
async fn another_signer_is_refused() {
    let (server, ann) = looked(3).await;
    let pinned = server.with_log(|log| log.named.clone());
    server.with_log(|log| log.key = log::key());
    // It doesn't say so: the pinned key never signed what is shown.
    assert_eq!(stopped(&next_session(&server, ann.remembered()).await).await.0, Refusal::LogSignerUnknown);
    // It says so, openly.
    server.with_log(|log| log.named = Some(log.key.verifier().to_string()));
    let (refused, evidence) = stopped(&next_session(&server, ann.remembered()).await).await;
    assert_eq!((refused, Some(evidence.key)), (Refusal::LogSignerUnknown, pinned));
    assert!(evidence.other_key.is_some() && evidence.shown.is_some());
    // It has no log any more.
    server.with_log(|log| log.named = None);
    let next = next_session(&server, Memory { logs: Default::default(), ..ann.remembered() }).await;
    assert_eq!(refusal(next.check_log().await), Refusal::LogSignerUnknown, "the account remembers");
}

#[tokio::test]
async fn a_false_signature_is_refused() {
    let (server, ann) = looked(3).await;
    server.lie_in_files(|path, file| match path {
        "checkpoint" => Some(String::from_utf8(file?).unwrap().replacen("\n3\n", "\n4\n", 1).into_bytes()),
        _ => file,
    });
    assert!(matches!(stopped(&ann).await.0, Refusal::LogCheckpointForged { .. }));
    let next = next_session(&server, ann.remembered()).await;
    server.lie_in_files(|_, _| Some(b"<html>".to_vec()));
    assert!(matches!(stopped(&next).await.0, Refusal::LogCheckpointForged { .. }));
}

#[tokio::test]
async fn a_note_with_much_around_it_takes_no_room() {
    let (server, ann) = looked(3).await;
    let line = format!("— someone.example {}\n", "A".repeat(4_000));
    server.lie_in_files(move |path, file| {
        let mut file = file?;
        if path == "checkpoint" {
            (0..60).for_each(|_| file.extend_from_slice(line.as_bytes()));
        }
        Some(file)
    });
    server.happen(REPORT, 1);
    ann.check_log().await.unwrap();
    let kept = ann.remembered().logs["events"].checkpoint.clone().unwrap();
    assert!(kept.len() < 512 && kept.contains("\n4\n"), "{kept}");
    next_session(&server, ann.remembered()).await.check_log().await.unwrap();
}

#[tokio::test]
async fn a_checkpoint_that_is_too_long_is_refused() {
    let (server, ann) = looked(3).await;
    server.happen(REPORT, 1);
    server.with_log(|log| log.extensions = vec!["x".repeat(2_000)]);
    assert!(matches!(stopped(&ann).await.0, Refusal::LogCheckpointForged { .. }));
}

#[tokio::test]
async fn a_forged_tile_is_refused() {
    let server = Fake::new();
    server.happen(REPORT, 700);
    server.person("Ann Example", api_types::accounts::Role::Patient).await;
    for path in ["tile/0/002.p/188", "tile/1/000.p/2", "tile/0/000", "tile/0/001"] {
        for what in [0, 1, 2] {
            let fresh = next_session(&server, Memory::default()).await;
            server.lie_in_files(move |asked, file| {
                if asked != path {
                    return file;
                }
                let mut file = file?;
                match what {
                    0 => file[1] ^= 1,
                    1 => drop(file.pop()),
                    _ => return None,
                }
                Some(file)
            });
            let looked = fresh.check_log().await;
            let refused = match looked {
                Ok(()) => refusal(fresh.report_events(&REPORT, 5_000).await),
                Err(_) => refusal(looked),
            };
            assert!(matches!(refused, Refusal::LogTileForged { .. }), "{path} {what}");
            stopped(&fresh).await;
        }
    }
}

#[tokio::test]
async fn each_tile_is_fetched_once() {
    let (server, ann) = looked(1_500).await;
    server.files_asked();
    ann.report_events(&REPORT, 5_000).await.unwrap();
    ann.report_events(&REPORT, 5_000).await.unwrap();
    let asked = server.files_asked();
    assert!(each_once(&asked) && asked.len() <= 6, "{asked:?}");
    server.happen(REPORT, 10);
    ann.report_events(&REPORT, 5_000).await.unwrap();
    let asked = server.files_asked();
    assert_eq!(asked.len(), 3, "the checkpoint and the two tiles at the edge: {asked:?}");
}

fn witness(name: &str) -> Cosigner {
    Cosigner::ed25519(KeyName::new(name).unwrap(), &random())
}

#[tokio::test]
async fn too_few_witnesses_are_refused() {
    let server = Fake::new();
    server.happen(REPORT, 3);
    server.person("Ann Example", api_types::accounts::Role::Patient).await;
    let witnesses = [witness("one.example"), witness("two.example"), witness("three.example")];
    let keys = witnesses.iter().map(|witness| witness.key().to_string()).collect();
    let asked = Witnesses { required: 2, keys };
    let client = server.client();
    assert!(client.ask_for_witnesses(Witnesses { required: 4, ..asked.clone() }).is_err());
    client.ask_for_witnesses(asked).unwrap();
    let memory = client.memory();
    let [first, second, _] = witnesses;
    server.with_log(|log| log.witnesses = vec![first]);
    let next = next_session(&server, memory.clone()).await;
    assert_eq!(stopped(&next).await.0, Refusal::LogTooFewWitnesses { required: 2, found: 1 });
    assert!(next.remembered().logs.is_empty(), "nothing of it is kept");
    server.with_log(|log| log.witnesses.push(second));
    next_session(&server, memory).await.check_log().await.unwrap();
}

#[tokio::test]
async fn a_false_cosignature_is_refused() {
    let server = Fake::new();
    server.happen(REPORT, 3);
    server.person("Ann Example", api_types::accounts::Role::Patient).await;
    let (one, two) = (witness("one.example"), witness("two.example"));
    let client = server.client();
    let keys = vec![one.key().to_string(), two.key().to_string()];
    client.ask_for_witnesses(Witnesses { required: 1, keys }).unwrap();
    server.with_log(|log| log.witnesses = vec![one, two]);
    // The line of one tree under another.
    let old = server.with_log(|log| log.checkpoint());
    let line = old.lines().find(|line| line.starts_with("— one.example")).unwrap().to_owned();
    server.happen(REPORT, 1);
    server.lie_in_files(move |path, file| {
        let note = String::from_utf8(file?).unwrap();
        let lines = note.lines().map(|l| if l.starts_with("— one.example") { line.as_str() } else { l });
        match path {
            "checkpoint" => Some(lines.map(|l| format!("{l}\n")).collect::<String>().into_bytes()),
            _ => Some(note.into_bytes()),
        }
    });
    let next = next_session(&server, client.memory()).await;
    assert!(matches!(stopped(&next).await.0, Refusal::LogCosignatureForged { .. }));
}

#[tokio::test]
async fn a_log_that_cannot_be_reached_refuses_nothing_and_verifies_nothing() {
    let (server, ann) = looked(3).await;
    server.with_log(|log| log.away = true);
    server.happen(REPORT, 1);
    assert!(ann.check_log().await.unwrap_err().is_transient());
    let events = ann.report_events(&REPORT, 100).await.unwrap();
    assert!(events.items.iter().all(|item| item.mark == Mark::Unchecked));
    assert!(ann.stopped().is_none());
    server.with_log(|log| log.away = false);
    let events = ann.report_events(&REPORT, 100).await.unwrap();
    assert!(events.items.iter().all(|item| item.mark == Mark::Verified));
}

#[tokio::test]
async fn a_server_that_denies_its_log_is_refused_by_whoever_never_saw_it() {
    let server = Fake::new();
    server.happen(REPORT, 3);
    server.with_log(|log| log.named = None);
    let ann = server.person("Ann Example", api_types::accounts::Role::Patient).await;
    let (refused, evidence) = stopped(&ann).await;
    assert_eq!((refused, evidence.tree.as_str(), evidence.key.as_str()), (Refusal::LogDenied, "events", ""));
    assert!(evidence.shown.is_some(), "it gives out the log all the same");
    // Whoever comes without looking at the log first.
    let next = next_session(&server, Memory::default()).await;
    assert_eq!(refusal(next.report_events(&REPORT, 1_000).await), Refusal::LogDenied);
    assert_eq!(next.stopped().unwrap().refusal, Refusal::LogDenied);
    let next = next_session(&server, Memory::default()).await;
    assert_eq!(refusal(next.events(&client::api::EventFilter::default()).await), Refusal::LogDenied);
}

#[tokio::test]
async fn a_log_begins_after_the_account_did() {
    let server = Fake::new();
    // From before there was a log: nothing of one is kept, on the device or in the account.
    let ann = server.person("Ann Example", api_types::accounts::Role::Patient).await;
    assert!(!ann.remembered().logs.contains_key("events"));
    let next = next_session(&server, ann.remembered()).await;
    next.check_log().await.unwrap();
    assert_eq!(next.remembered().logs["events"].checkpoint, None, "the key is pinned before the first event");
    server.happen(REPORT, 1);
    next.check_log().await.unwrap();
    assert!(next.remembered().logs["events"].checkpoint.is_some());
    server.with_log(|log| log.named = None);
    assert_eq!(stopped(&next_session(&server, next.remembered()).await).await.0, Refusal::LogSignerUnknown);
}

#[tokio::test]
async fn witnesses_are_tried_before_a_session_asks_for_them() {
    let (server, ann) = looked(3).await;
    let (one, two) = (witness("one.example"), witness("two.example"));
    let keys = vec![one.key().to_string(), two.key().to_string()];
    let asked = |required| Witnesses { required, keys: keys.clone() };
    server.with_log(|log| log.witnesses = vec![one]);
    assert!(matches!(ann.ask_for_witnesses(asked(3)).await, Err(AskError::Keys(_))));
    let few = ann.ask_for_witnesses(asked(2)).await;
    assert!(matches!(few, Err(AskError::TooFew { required: 2, found: 1 })), "{few:?}");
    assert_eq!(ann.remembered().witnesses, Witnesses::default(), "nothing changed");
    assert!(ann.stopped().is_none());
    ann.check_log().await.unwrap();

    ann.ask_for_witnesses(asked(1)).await.unwrap();
    assert_eq!(ann.remembered().witnesses, asked(1));
    ann.check_log().await.unwrap();
    server.with_log(|log| log.witnesses.clear());
    assert_eq!(stopped(&ann).await.0, Refusal::LogTooFewWitnesses { required: 1, found: 0 }, "in this session too");
    assert!(matches!(ann.ask_for_witnesses(Witnesses::default()).await, Err(AskError::Refused(_))));
}
