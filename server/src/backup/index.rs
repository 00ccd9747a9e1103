//! What of a repository is in clear: names, sizes and hashes of the objects of a snapshot, under a MAC.

use std::{fmt, mem};

use api_types::UnixMillis;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Recipient, SnapshotId};
use crate::{
    ServiceError, ServiceResult,
    secrets::{SecretsDir, SecretsError},
    storage::blobs::Written,
};

/// Of all that lies in a repository.
pub const FORMAT: u32 = 1;
/// Name of the secret that names are made with.
const FILE: &str = "backup-key";

/// An object of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Bytes, sealed.
    pub size: u64,
    /// Their SHA-256, hexadecimal.
    pub sha256: String,
}

impl Stored {
    /// What was written under a name.
    pub fn new(name: String, written: Written) -> Self {
        Self { name, size: written.len, sha256: hex::encode(written.sha256) }
    }

    /// What it holds, as [`NameKey`] names it; its own name has something random behind that, but for what earlier versions
    /// stored.
    pub fn content(&self) -> &str {
        self.name.split_once('-').map_or(self.name.as_str(), |(content, _)| content)
    }

    /// What is to be written under a name.
    pub fn of_bytes(name: String, bytes: &[u8]) -> Self {
        Self { name, size: bytes.len() as u64, sha256: hex::encode(Sha256::digest(bytes)) }
    }
}

/// The objects of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// [`FORMAT`].
    pub format: u32,
    /// Whose.
    pub snapshot: String,
    /// When it was begun.
    pub created_at: UnixMillis,
    /// The sealed manifest; nothing while the backup runs.
    pub manifest: Option<Stored>,
    /// Each once.
    pub objects: Vec<Stored>,
}

/// A listing as it lies in the repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Index {
    /// What it says.
    pub listing: Listing,
    /// HMAC-SHA-256 of that as JSON, hexadecimal.
    mac: String,
}

impl Index {
    /// Parses one, whoever wrote it.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|index: &Self| index.listing.format == FORMAT)
    }

    /// As it is stored.
    pub fn bytes(&self) -> ServiceResult<Vec<u8>> {
        json(self)
    }

    /// The names of all objects, the manifest's not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.listing.objects.iter().map(|object| object.name.as_str())
    }
}

fn json(value: &impl Serialize) -> ServiceResult<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| ServiceError::Internal(format!("an index: {error}")))
}

/// Makes the names of what objects hold, and signs indexes: with a key that only this installation has.
pub struct NameKey(Zeroizing<Vec<u8>>);

impl fmt::Debug for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameKey(..)")
    }
}

impl NameKey {
    /// Reads it, or makes it: without it, all is stored once more.
    pub fn load(secrets: &SecretsDir) -> Result<Self, SecretsError> {
        let key = Zeroizing::new(secrets.creating().key(FILE)?);
        if key.len() == 32 { Ok(Self(key)) } else { Err(secrets.damaged(FILE)) }
    }

    /// The name of a blob for a recipient.
    pub fn blob(&self, recipient: &Recipient, key: &str) -> ServiceResult<String> {
        self.name(recipient, "blob", key.as_bytes())
    }

    /// The name of a piece of a table: the same bytes have the same name.
    pub fn rows(&self, recipient: &Recipient, rows: &[u8]) -> ServiceResult<String> {
        self.name(recipient, "rows", rows)
    }

    fn name(&self, recipient: &Recipient, kind: &str, bytes: &[u8]) -> ServiceResult<String> {
        self.mac(&[b"object\0", recipient.to_string().as_bytes(), b"\0", kind.as_bytes(), b"\0", bytes])
    }

    /// Signs a listing.
    pub fn index(&self, listing: Listing) -> ServiceResult<Index> {
        let mac = self.mac(&[b"index\0", &json(&listing)?])?;
        Ok(Index { listing, mac })
    }

    /// Whether this installation wrote it.
    pub fn wrote(&self, index: &Index) -> ServiceResult<bool> {
        use subtle::ConstantTimeEq;
        let expected = self.mac(&[b"index\0", &json(&index.listing)?])?;
        Ok(expected.as_bytes().ct_eq(index.mac.as_bytes()).into())
    }

    fn mac(&self, parts: &[&[u8]]) -> ServiceResult<String> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .map_err(|error| ServiceError::Internal(format!("a name for a backup: {error}")))?;
        parts.iter().for_each(|part| mac.update(part));
        Ok(hex::encode(mac.finalize().into_bytes()))
    }
}

/// The listing of a backup that runs.
#[derive(Debug)]
pub struct Growing(Listing);

impl Growing {
    /// Of a snapshot that begins.
    pub fn new(id: &SnapshotId, created_at: UnixMillis) -> Self {
        let snapshot = id.to_string();
        Self(Listing { format: FORMAT, snapshot, created_at, manifest: None, objects: Vec::new() })
    }

    /// One object more.
    pub fn add(&mut self, object: &Stored) {
        self.0.objects.push(object.clone());
    }

    /// So far.
    pub fn so_far(&self) -> Listing {
        self.0.clone()
    }

    /// Bytes of all objects.
    pub fn bytes(&self) -> u64 {
        self.0.objects.iter().map(|object| object.size).sum()
    }

    /// All of it.
    pub fn end(&mut self, manifest: Stored) -> Listing {
        let objects = mem::take(&mut self.0.objects);
        Listing { manifest: Some(manifest), objects, ..self.0.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient() -> Recipient {
        age::x25519::Identity::generate().to_public().to_string().parse().unwrap()
    }

    #[test]
    fn names_depend_on_key_recipient_and_content_alone() {
        let (key, other) = (NameKey(vec![1; 32].into()), NameKey(vec![2; 32].into()));
        let (ann, bob) = (recipient(), recipient());
        let name = key.blob(&ann, "uploads/a/0-1").unwrap();
        assert_eq!(key.blob(&ann, "uploads/a/0-1").unwrap(), name);
        let others = [
            key.blob(&ann, "uploads/a/0-2").unwrap(),
            key.blob(&bob, "uploads/a/0-1").unwrap(),
            other.blob(&ann, "uploads/a/0-1").unwrap(),
            key.rows(&ann, b"uploads/a/0-1").unwrap(),
        ];
        assert!(!others.contains(&name) && name.len() == 64);
        assert_eq!(format!("{key:?}"), "NameKey(..)");
    }

    #[test]
    fn an_index_that_was_changed_is_nobodys() {
        let key = NameKey(vec![1; 32].into());
        let id = SnapshotId::new(0).unwrap();
        let mut growing = Growing::new(&id, 0);
        growing.add(&Stored { name: "a".into(), size: 7, sha256: "b".into() });
        let index = key.index(growing.so_far()).unwrap();
        let back = Index::parse(&index.bytes().unwrap()).unwrap();
        assert!(key.wrote(&back).unwrap());
        assert!(!NameKey(vec![2; 32].into()).wrote(&back).unwrap());
        let mut changed = back;
        changed.listing.objects[0].size = 8;
        assert!(!key.wrote(&changed).unwrap());
        assert!(Index::parse(b"{}").is_none());
    }
}
