//! What a snapshot consists of. It is sealed: it names blobs, and it holds the installation's secrets.

use std::collections::BTreeMap;

use api_types::UnixMillis;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{BackupError, SnapshotId, Stored, index::FORMAT};
use crate::ServiceError;

/// A snapshot.
#[derive(Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Its id.
    pub snapshot: String,
    /// When it was begun.
    pub created_at: UnixMillis,
    /// Of which installation, hexadecimal.
    pub instance: String,
    /// The version that made it.
    pub version: String,
    /// The migrations that its database has had.
    pub schema: Vec<String>,
    /// The database.
    pub tables: Vec<TableDump>,
    /// The blobs that the database names.
    pub blobs: Vec<BlobCopy>,
    /// Keys of those that it names as well, and that were damaged before any backup held them. Earlier versions didn't say.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// The files of `secrets/`.
    pub secrets: Vec<SecretFile>,
    /// What the operator had decided, without anything secret: for whoever sets it up anew.
    pub settings: BTreeMap<String, String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDump {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Over name and rows (`storage::copy::digest`), hexadecimal.
    pub sha256: String,
    /// Its bytes, in order.
    pub objects: Vec<Stored>,
}

/// A blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobCopy {
    /// Its key in the blob store.
    pub key: String,
    /// Bytes.
    pub len: u64,
    /// Where it is.
    pub object: Stored,
}

/// A secret. Never printed.
#[derive(Serialize, Deserialize)]
pub struct SecretFile {
    /// The file's name.
    pub name: String,
    /// What it holds, hexadecimal.
    pub content: String,
}

impl Manifest {
    /// As it is sealed.
    pub fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, BackupError> {
        let bytes = serde_json::to_vec(self).map(Zeroizing::new);
        bytes.map_err(|error| ServiceError::Internal(format!("a manifest: {error}")).into())
    }

    /// Of a snapshot, opened; nothing where it isn't that one's.
    pub fn parse(id: &SnapshotId, bytes: &[u8]) -> Option<Result<Self, BackupError>> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(bytes).ok()?;
        if head.format != FORMAT {
            return Some(Err(BackupError::Newer(id.to_string(), head.format)));
        }
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        (manifest.snapshot == id.as_str()).then_some(Ok(manifest))
    }

    /// Every object, those of several places several times.
    pub fn objects(&self) -> impl Iterator<Item = &Stored> {
        let rows = self.tables.iter().flat_map(|table| &table.objects);
        rows.chain(self.blobs.iter().map(|blob| &blob.object))
    }
}
