//! Each attack against the honest client: refused by name while its walls stand, successful once they are switched off.
#![allow(clippy::unwrap_used, clippy::result_large_err)]

mod access;
mod account;
mod catalogue;
mod escrow;
mod key_log;
mod keys;
mod log;
mod organisation;
mod parts;
mod passkeys;
mod teams;
mod versions;

use std::fmt::Debug;

use client::ClientError;
use crypto::defence::{Defence, without};
use malicious_server::attack::Attack;

/// What an attack got: `Ok` says what it won.
type Attempt = Result<Won, Stopped>;

/// How an attack was stopped.
#[derive(Debug)]
enum Stopped {
    /// The client would not go on.
    Failed(ClientError),
    /// Its victim is told, wherever they are.
    Alarmed,
}

impl From<ClientError> for Stopped {
    fn from(error: ClientError) -> Self {
        Self::Failed(error)
    }
}

/// What a successful attack shows for itself.
#[derive(Debug, PartialEq, Eq)]
enum Won {
    /// What it is after.
    Everything,
    /// The client took the lie, but it was worth nothing.
    Nothing,
}

impl Won {
    fn if_so(won: bool) -> Self {
        if won { Self::Everything } else { Self::Nothing }
    }
}

/// Runs an attack once for each wall, with those before it switched off, and once with none left. Each time from the
/// beginning, so that what is sealed meanwhile is sealed by the weakened client too.
async fn run(attack: &Attack, attempt: impl AsyncFn() -> Attempt) {
    let defences: Vec<Defence> = attack.walls.iter().map(|wall| wall.defence).collect();
    for (standing, wall) in attack.walls.iter().enumerate() {
        let off = without(&defences[..standing]);
        let outcome = attempt().await;
        drop(off);
        assert_eq!(refusal(&outcome), wall.refusal, "{}: {:?} should stop it", attack.name, wall.defence);
    }
    let off = without(&defences);
    let outcome = attempt().await;
    drop(off);
    assert_eq!(outcome.ok(), Some(Won::Everything), "{}: without its walls it must succeed", attack.name);
}

fn refusal<T: Debug>(outcome: &Result<T, Stopped>) -> &'static str {
    match outcome {
        Err(Stopped::Failed(ClientError::Refused(refusal))) => refusal.code(),
        Err(Stopped::Alarmed) => "alarm",
        other => panic!("not refused: {other:?}"),
    }
}
