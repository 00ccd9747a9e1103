//! The keys that sign the trees: each made once, with the tree's name in it.

use std::io;

use tlog::note::{KeyName, SigningKey};
use zeroize::Zeroizing;

use super::LogError;
use crate::{
    config::Origin,
    random,
    secrets::SecretsDir,
    storage::log::{Head, Tree},
};

/// Its file below `secrets/`: an skey, one line of text.
pub const fn file(tree: Tree) -> &'static str {
    match tree {
        Tree::Events => "log-events-key",
        Tree::Keys => "log-keys-key",
    }
}

/// The key; made where nothing has been published yet. Its name is the tree's origin: host and port of the server's at
/// the time, and `/log/events` or `/log/keys`. The tree keeps that name when the server moves.
pub fn load(
    secrets: &SecretsDir,
    tree: Tree,
    origin: &Origin,
    published: Option<&Head>,
) -> Result<SigningKey, LogError> {
    match published.filter(|head| head.size > 0) {
        Some(head) => existing(secrets, tree, head),
        None => read(secrets, tree, secrets.creating().load_or_create(file(tree), || make(tree, origin))?),
    }
}

fn read(secrets: &SecretsDir, tree: Tree, bytes: Vec<u8>) -> Result<SigningKey, LogError> {
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| secrets.damaged(file(tree)))?;
    Ok(SigningKey::from_skey(text.trim_end()).map_err(|_| secrets.damaged(file(tree)))?)
}

/// The key of a tree that has been published.
pub fn existing(secrets: &SecretsDir, tree: Tree, head: &Head) -> Result<SigningKey, LogError> {
    read(secrets, tree, kept(secrets, file(tree), head.size)?)
}

/// A secret that a log of so many leaves was made with.
pub fn kept(secrets: &SecretsDir, file: &'static str, size: u64) -> Result<Vec<u8>, LogError> {
    if !secrets.has(file) {
        return Err(LogError::KeyMissing { file, size });
    }
    let nothing = || Err(io::Error::from(io::ErrorKind::NotFound));
    Ok(secrets.load_or_create(file, nothing)?)
}

fn make(tree: Tree, origin: &Origin) -> io::Result<Vec<u8>> {
    let host = origin.as_str().split_once("://").map_or(origin.as_str(), |(_, host)| host);
    let name = KeyName::new(&format!("{host}/log/{}", tree.name())).map_err(io::Error::other)?;
    let seed = Zeroizing::new(random::bytes::<32>().map_err(io::Error::other)?);
    Ok(SigningKey::from_seed(name, &seed).to_skey().as_bytes().to_vec())
}
