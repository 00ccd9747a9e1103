//! The files of a tree, from wherever they are: the server, or a piece of evidence.

use bytes::Bytes;
use tlog::{
    HASH_LEN,
    note::MAX_NOTE,
    tile::{FULL, Resource},
};

use super::Tree;
use crate::{
    api,
    error::Result,
    platform::{MaybeSend, MaybeSync},
    transport::{Transport, TransportError},
};

/// Longest bundle that is read: 256 entries of the longest kind (147 bytes), and room.
const MAX_BUNDLE: usize = 64 * 1024;

/// Where the files of a tree are. Nothing that it gives is trusted.
pub(crate) trait Source: MaybeSync {
    /// A file; `None` where there is none, or one that is longer than any of its kind.
    fn file(&self, file: Resource) -> impl Future<Output = Result<Option<Bytes>>> + MaybeSend;
}

/// The server's files.
pub(crate) struct Files<'t, T> {
    transport: &'t T,
    tree: Tree,
}

impl<'t, T: Transport> Files<'t, T> {
    pub fn new(transport: &'t T, tree: Tree) -> Self {
        Self { transport, tree }
    }
}

impl<T: Transport> Source for Files<'_, T> {
    async fn file(&self, file: Resource) -> Result<Option<Bytes>> {
        let path = format!("{}/{file}", self.tree.path);
        match self.transport.fetch_public(&path, limit(&file)).await {
            Ok(response) if response.status == 200 => Ok(Some(response.body)),
            Ok(response) if response.status == 404 => Ok(None),
            Ok(response) => Err(api::refusal(response.status, &response.body)),
            Err(TransportError::TooLarge) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn limit(file: &Resource) -> usize {
    match file {
        Resource::Tile(_) => HASH_LEN * usize::from(FULL),
        Resource::Bundle(_) => MAX_BUNDLE,
        _ => MAX_NOTE,
    }
}
