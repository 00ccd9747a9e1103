//! The key that signs the events tree: made once, with the log's name in it.

use std::io;

use tlog::note::{KeyName, SigningKey};
use zeroize::Zeroizing;

use super::LogError;
use crate::{config::Origin, random, secrets::SecretsDir, storage::log::Head};

/// Its file below `secrets/`: an skey, one line of text.
pub const NAME: &str = "log-events-key";

/// The key; made where nothing has been published yet. Its name is the log's origin: host and port of the server's at
/// the time, and `/log/events`. The log keeps that name when the server moves.
pub fn load(secrets: &SecretsDir, origin: &Origin, published: Option<&Head>) -> Result<SigningKey, LogError> {
    match published.filter(|head| head.size > 0) {
        Some(head) => existing(secrets, head),
        None => read(secrets, secrets.creating().load_or_create(NAME, || make(origin))?),
    }
}

fn read(secrets: &SecretsDir, file: Vec<u8>) -> Result<SigningKey, LogError> {
    let file = Zeroizing::new(file);
    let text = std::str::from_utf8(&file).map_err(|_| secrets.damaged(NAME))?;
    Ok(SigningKey::from_skey(text.trim_end()).map_err(|_| secrets.damaged(NAME))?)
}

/// The key of a log that has been published.
pub fn existing(secrets: &SecretsDir, head: &Head) -> Result<SigningKey, LogError> {
    if !secrets.has(NAME) {
        return Err(LogError::KeyMissing { file: NAME, size: head.size });
    }
    let nothing = || Err(io::Error::from(io::ErrorKind::NotFound));
    read(secrets, secrets.load_or_create(NAME, nothing)?)
}

fn make(origin: &Origin) -> io::Result<Vec<u8>> {
    let host = origin.as_str().split_once("://").map_or(origin.as_str(), |(_, host)| host);
    let name = KeyName::new(&format!("{host}/log/events")).map_err(io::Error::other)?;
    let seed = Zeroizing::new(random::bytes::<32>().map_err(io::Error::other)?);
    Ok(SigningKey::from_seed(name, &seed).to_skey().as_bytes().to_vec())
}
