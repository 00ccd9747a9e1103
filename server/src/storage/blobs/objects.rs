//! What a repository of backups needs of a store beside a server's blobs: a folder anywhere, small objects whole, and a list
//! with sizes.

use std::{collections::BTreeMap, path::Path as FsPath};

use bytes::BytesMut;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};

use super::{BlobError, BlobResult, Blobs, BlobsConfig, BlobsError, Written, folder};

impl Blobs {
    /// A folder itself, made where it is missing.
    pub fn in_folder(path: &FsPath) -> Result<Self, BlobsError> {
        let place = path.display().to_string();
        match folder(path) {
            Ok((store, kind)) => Ok(Self { store, place: place.into(), kind }),
            Err(cause) => Err(BlobsError::Unusable { place, step: "opening", cause }),
        }
    }

    /// A store for a server that starts anew: nothing may lie there.
    pub async fn is_empty(&self) -> BlobResult<bool> {
        Ok(self.store.list(None).try_next().await?.is_none())
    }

    /// The keys and sizes of all that lies there.
    pub async fn sizes(&self) -> BlobResult<BTreeMap<String, u64>> {
        let found = self.store.list(None).map_ok(|found| (found.location.to_string(), found.size));
        Ok(found.try_collect().await?)
    }

    /// How large an object is.
    pub async fn size(&self, key: &str) -> BlobResult<u64> {
        Ok(self.store.head(&Path::from(key)).await?.size)
    }

    /// An object, whole.
    pub async fn whole(&self, key: &str) -> BlobResult<Vec<u8>> {
        let size = self.size(key).await?;
        let mut pieces = self.read(key, 0..size).await?;
        let mut bytes = BytesMut::new();
        while let Some(piece) = pieces.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.to_vec())
    }

    /// Stores an object, whole, in the place of an earlier one.
    pub async fn store(&self, key: &str, bytes: &[u8]) -> BlobResult<Written> {
        let mut writer = self.write(key);
        match writer.write(bytes).await {
            Ok(()) => writer.finish().await,
            Err(error) => {
                // What is left of it has no name.
                let _: Result<(), BlobError> = writer.abort().await;
                Err(error)
            }
        }
    }
}

impl BlobsConfig {
    /// Where it is, for the operator.
    pub fn place(&self) -> String {
        match self {
            Self::Folder => "blobs/ in the data folder".to_owned(),
            Self::S3(config) => config.to_string(),
        }
    }
}
