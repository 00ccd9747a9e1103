//! Attacks on the public log, and on who did what.

use std::sync::Arc;

use api_types::{B64, ReportId, accounts::Role};
use client::{Client, Mark, Memory, NoSecondFactor, Vault, Witnesses, event_hash};
use malicious_server::{
    attack::{
        DENIED_LOG, FORGED_CHECKPOINT, FORGED_COSIGNATURE, FORGED_TILE, FORKED_LOG, INVENTED_HISTORY, LOG_ROLLBACK,
        LOG_SIGNER_SWAP, REWRITTEN_EVENT, STALE_CHECKPOINT, UNKNOWN_WITNESS,
    },
    double::{
        Fake, PASSWORD, World, device, email,
        log::{Log, key, stored},
        random,
    },
};
use tlog::{cosignature::Cosigner, leaf::EventOpening, note::KeyName};

use super::{Attempt, Won, run};

const REPORT: ReportId = ReportId([7; 32]);

/// A server with a log of so many events, and somebody who has looked at it.
async fn looked(events: usize) -> (Arc<Fake>, Vault<World>) {
    let server = Fake::new();
    server.happen(REPORT, events);
    let ann = server.person("Ann Example", Role::Patient).await;
    ann.check_log().await.unwrap();
    (server, ann)
}

/// The next session of the same person, on the same device.
async fn next_session(server: &Arc<Fake>, memory: Memory) -> Vault<World> {
    let client: Client<World> = server.client_with(memory);
    client.sign_in(&email("Ann Example"), PASSWORD, device(), &NoSecondFactor).await.unwrap()
}

/// The report's history as it is shown: whether each event is vouched for by the log, and says this.
async fn is_shown(vault: &Vault<World>, subject: &str) -> Attempt {
    let events = vault.report_events(&REPORT, 1_000).await?;
    let all_verified = events.items.iter().all(|item| item.mark == Mark::Verified);
    Ok(Won::if_so(all_verified && events.items.iter().any(|item| item.event.subject == subject)))
}

/// The report's history without this: whether it is shown as whole, and all of it as vouched for by the log.
async fn is_left_out(vault: &Vault<World>, subject: &str) -> Attempt {
    let events = vault.report_events(&REPORT, 1_000).await?;
    let vouched_for = events.complete && events.items.iter().all(|item| item.mark == Mark::Verified);
    let without = !events.items.is_empty() && events.items.iter().all(|item| item.event.subject != subject);
    Ok(Won::if_so(vouched_for && without))
}

/// Another history, from its beginning.
fn rewritten(log: &mut Log, events: usize) {
    log.events.clear();
    (0..events).for_each(|_| log.record(REPORT, "another=1"));
}

#[tokio::test]
async fn rewritten_event() {
    run(&REWRITTEN_EVENT, attempt).await;

    /// An event says something else than what was recorded; its leaf, and the opening for it, are the honest ones.
    async fn attempt() -> Attempt {
        let (server, ann) = looked(5).await;
        server.with_log(|log| {
            let event = &mut log.events[2];
            event.subject = "version=9".into();
            event.hash = B64(event_hash(event).unwrap().0.to_vec());
        });
        // The tree was published before.
        is_shown(&ann, "version=9").await
    }
}

#[tokio::test]
async fn invented_history() {
    run(&INVENTED_HISTORY, attempt).await;

    /// The server shows one person a history that holds together, but that isn't the one in the log.
    async fn attempt() -> Attempt {
        let (server, ann) = looked(5).await;
        let honest = server.with_log(|log| (log.checkpoint(), tiles(log)));
        server.with_log(|log| rewritten(log, 5));
        let (checkpoint, tile) = honest;
        server.lie_in_files(move |path, _| match path {
            "checkpoint" => Some(checkpoint.clone().into_bytes()),
            _ => Some(tile.clone()),
        });
        is_shown(&ann, "another=1").await
    }
}

/// The one tile of a small log.
fn tiles(log: &Log) -> Vec<u8> {
    log.events.iter().flat_map(|event| leaf(event).0).collect()
}

fn leaf(event: &api_types::audit::AuditEvent) -> tlog::Hash {
    let salt = event.salt.as_ref().unwrap().0[..].try_into().unwrap();
    EventOpening::new(salt, event.event.as_ref().unwrap().0.clone()).unwrap().commitment().leaf_hash()
}

#[tokio::test]
async fn denied_log() {
    run(&DENIED_LOG, attempt).await;

    /// To a newcomer, who can't know better, the server says that it keeps no log. Then it shows a history of its own.
    async fn attempt() -> Attempt {
        let (server, _) = looked(5).await;
        server.with_log(|log| {
            rewritten(log, 5);
            log.named = None;
        });
        let nina = server.person("Nina Newcomer", Role::Patient).await;
        nina.check_log().await?;
        let events = nina.report_events(&REPORT, 1_000).await?;
        let shown = events.complete && events.items.iter().all(|item| item.event.subject == "another=1");
        Ok(Won::if_so(shown && nina.stopped().is_none()))
    }
}

#[tokio::test]
async fn forked_log() {
    run(&FORKED_LOG, attempt).await;

    /// The log is told anew from the beginning, longer than before, under its own key.
    async fn attempt() -> Attempt {
        let (server, ann) = looked(5).await;
        server.with_log(|log| rewritten(log, 9));
        is_shown(&next_session(&server, ann.remembered()).await, "another=1").await
    }
}

#[tokio::test]
async fn log_rollback() {
    run(&LOG_ROLLBACK, attempt).await;

    /// The newest events never happened, says the server: out of the log it takes what the patient has seen in it.
    async fn attempt() -> Attempt {
        let (server, ann) = looked(9).await;
        assert!(matches!(is_shown(&ann, "part=8").await, Ok(Won::Everything)), "she saw the newest");
        ann.save_state().await.unwrap();
        server.with_log(|log| {
            log.events.truncate(5);
            log.published = 5;
        });
        let next = next_session(&server, ann.remembered()).await;
        next.check_log().await?;
        is_left_out(&next, "part=8").await
    }
}

#[tokio::test]
async fn log_signer_swap() {
    run(&LOG_SIGNER_SWAP, attempt).await;

    /// A new log, under a new key that the server names, with a history of its own.
    async fn attempt() -> Attempt {
        let (server, ann) = looked(5).await;
        server.with_log(|log| {
            log.key = key();
            log.named = Some(log.key.verifier().to_string());
            rewritten(log, 9);
        });
        is_shown(&next_session(&server, ann.remembered()).await, "another=1").await
    }
}

#[tokio::test]
async fn forged_checkpoint() {
    run(&FORGED_CHECKPOINT, attempt).await;

    /// Whoever took the server over and not the key of its log adds an event to it, under the line that was signed before.
    async fn attempt() -> Attempt {
        let (server, ann) = looked(5).await;
        let signed = server.with_log(|log| log.checkpoint());
        server.with_log(|log| log.record(REPORT, "another=1"));
        server.lie_in_files(move |path, file| match path {
            "checkpoint" => Some(under_lines_of(&signed, &String::from_utf8(file?).unwrap()).into_bytes()),
            _ => file,
        });
        is_shown(&ann, "another=1").await
    }

    /// A note's text, with the signatures of another.
    fn under_lines_of(signed: &str, note: &str) -> String {
        let ((_, lines), (text, _)) = (signed.split_once("\n\n").unwrap(), note.split_once("\n\n").unwrap());
        format!("{text}\n\n{lines}")
    }
}

#[tokio::test]
async fn forged_tile() {
    run(&FORGED_TILE, attempt).await;

    /// An event's leaf is put into a tile that leads to no signed root.
    async fn attempt() -> Attempt {
        let (server, _) = looked(5).await;
        let fresh = next_session(&server, Memory::default()).await;
        let honest = server.with_log(|log| log.checkpoint());
        let forged = server.with_log(|log| {
            let last = log.events.last_mut().unwrap();
            last.subject = "version=9".into();
            last.hash = B64(event_hash(last).unwrap().0.to_vec());
            last.event = Some(B64(stored(last)));
            tiles(log)
        });
        server.lie_in_files(move |path, _| match path {
            "checkpoint" => Some(honest.clone().into_bytes()),
            _ => Some(forged.clone()),
        });
        is_shown(&fresh, "version=9").await
    }
}

fn witness(name: &str) -> Cosigner {
    Cosigner::ed25519(KeyName::new(name).unwrap(), &random())
}

/// A server whose log is cosigned by one witness, and somebody whose device asks for another or the same.
async fn witnessed(by: Cosigner, asked: &Cosigner) -> (Arc<Fake>, Vault<World>) {
    let server = Fake::new();
    server.happen(REPORT, 3);
    server.person("Ann Example", Role::Patient).await;
    let client = server.client();
    let keys = vec![asked.key().to_string()];
    client.ask_for_witnesses(Witnesses { required: 1, keys }).unwrap();
    server.with_log(|log| log.witnesses = vec![by]);
    let vault = next_session(&server, client.memory()).await;
    (server, vault)
}

#[tokio::test]
async fn unknown_witness() {
    run(&UNKNOWN_WITNESS, attempt).await;

    /// The server runs a witness of its own, under the name of the one that is known, and has it cosign another log than
    /// everybody else's, for one person alone.
    async fn attempt() -> Attempt {
        let (server, ann) = witnessed(witness("w.example"), &witness("w.example")).await;
        server.with_log(|log| rewritten(log, 5));
        is_shown(&ann, "another=1").await
    }
}

#[tokio::test]
async fn forged_cosignature() {
    run(&FORGED_COSIGNATURE, attempt).await;

    /// The log is told anew; the line that the witness made of the honest tree is put under the other one.
    async fn attempt() -> Attempt {
        let honest = witness("w.example");
        let known = Cosigner::from_skey(&honest.to_skey()).unwrap();
        let (server, ann) = witnessed(honest, &known).await;
        let cosigned = server.with_log(|log| log.checkpoint());
        let line = cosigned.lines().find(|line| line.starts_with("— w.example ")).unwrap().to_owned();
        server.with_log(|log| {
            log.witnesses.clear();
            rewritten(log, 5);
        });
        server.lie_in_files(move |path, file| match path {
            "checkpoint" => Some(format!("{}{line}\n", String::from_utf8(file?).unwrap()).into_bytes()),
            _ => file,
        });
        is_shown(&ann, "another=1").await
    }
}

#[tokio::test]
async fn stale_checkpoint() {
    run(&STALE_CHECKPOINT, attempt).await;

    /// Somebody reads the report. To its owner the server goes on showing the log of two days ago, and the record without that.
    async fn attempt() -> Attempt {
        let honest = witness("w.example");
        let known = Cosigner::from_skey(&honest.to_skey()).unwrap();
        let (server, ann) = witnessed(honest, &known).await;
        let stale = server.with_log(|log| log.checkpoint());
        server.pass(48 * 3_600_000);
        server.with_log(|log| log.record(REPORT, "version=2"));
        server.lie_in_files(move |path, file| match path {
            "checkpoint" => Some(stale.clone().into_bytes()),
            _ => file,
        });
        server.lie(|request, value| {
            if request.path.contains("/events") {
                value["items"].as_array_mut().unwrap().remove(0);
            }
        });
        is_left_out(&ann, "version=2").await
    }
}
