//! One `add-checkpoint`, sent and answered.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, header, redirect};
use tlog::{
    merkle::ConsistencyProof,
    note::Note,
    witness::{AddCheckpoint, parse_conflict},
};

use super::{Witness, WitnessFailure, answer::MAX_ANSWER};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A 409 names a size only in an answer of this type.
const SIZE: &str = "text/x.tlog.size";

/// What a witness says.
pub enum Answer {
    /// Signature lines, of which nothing is verified yet.
    Lines(Vec<u8>),
    /// It has this size, leaves.
    Has(u64),
}

/// Follows no redirect: a witness is where it was configured.
pub fn client() -> Result<Client, reqwest::Error> {
    Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT).build()
}

/// Sends one request.
pub async fn add_checkpoint(
    http: &Client,
    witness: &Witness,
    note: &Note,
    old: u64,
    proof: ConsistencyProof,
) -> Result<Answer, WitnessFailure> {
    let request = AddCheckpoint::new(old, proof, note.clone());
    let request = request.map_err(|e| WitnessFailure::NoProof { old, reason: e.to_string() })?;
    let sent = http.post(witness.add_checkpoint().clone()).body(request.to_string()).send().await;
    let mut response = sent.map_err(unreachable)?;
    match response.status() {
        StatusCode::OK => body(&mut response).await.map(Answer::Lines),
        StatusCode::CONFLICT if is_size(&response) => conflict(&mut response).await,
        StatusCode::UNPROCESSABLE_ENTITY => Err(WitnessFailure::Inconsistent),
        other => Err(WitnessFailure::Status(other.as_u16())),
    }
}

async fn conflict(response: &mut Response) -> Result<Answer, WitnessFailure> {
    parse_conflict(&body(response).await?).map(Answer::Has).ok_or(WitnessFailure::Malformed)
}

fn is_size(response: &Response) -> bool {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    value.and_then(|v| v.split(';').next()).is_some_and(|v| v.trim().eq_ignore_ascii_case(SIZE))
}

/// The whole body, unless it is too long.
async fn body(response: &mut Response) -> Result<Vec<u8>, WitnessFailure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(WitnessFailure::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn unreachable(error: reqwest::Error) -> WitnessFailure {
    if error.is_timeout() {
        WitnessFailure::TimedOut
    } else {
        WitnessFailure::Unreachable(error.without_url().to_string())
    }
}
