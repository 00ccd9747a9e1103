//! What the log serves to anyone: its checkpoint, tiles, and the leaves' data, which are commitments and tell nothing.
//! Public, and not an event.

use api_types::ErrorCode;
use tlog::{
    HASH_LEN,
    tile::{Bundle, BundleId, FULL, Resource, TileId},
};

use crate::{
    AppState, ServiceError, ServiceResult,
    middleware::Address,
    storage::log::{self, Row, Tree},
};

/// A file of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// The newest checkpoint.
    Checkpoint(String),
    /// A tile or bundle that has all of its 256, and will never change.
    Full(Vec<u8>),
    /// A tile or bundle of fewer.
    Partial(Vec<u8>),
}

/// A file of the events tree. A path that names none, or one that the tree doesn't have yet, is not found.
pub async fn events(state: &AppState, from: Address, path: &str) -> ServiceResult<File> {
    state.log_reads.count(from, state.config.address_factor)?;
    let resource: Resource = path.parse().map_err(|_| ErrorCode::NotFound)?;
    match resource {
        Resource::Checkpoint => checkpoint(state).await,
        Resource::Tile(id) => tile(state, id).await,
        Resource::Bundle(id) => bundle(state, id).await,
        _ => Err(ErrorCode::NotFound.into()),
    }
}

async fn checkpoint(state: &AppState) -> ServiceResult<File> {
    let note = if state.log.is_witnessed() {
        log::published(state.db.read(), Tree::Events).await?
    } else {
        log::head(state.db.read(), Tree::Events).await?.map(|head| head.checkpoint).filter(|note| !note.is_empty())
    };
    note.map(File::Checkpoint).ok_or(ErrorCode::NotFound.into())
}

async fn tile(state: &AppState, id: TileId) -> ServiceResult<File> {
    let bytes = stored(state, Row::Level(id.level()), id.index(), id.width()).await?;
    Ok(file(id.width(), bytes))
}

async fn bundle(state: &AppState, id: BundleId) -> ServiceResult<File> {
    let bytes = stored(state, Row::Data, id.index(), id.width()).await?;
    let entries = bytes.chunks(HASH_LEN).map(<[u8]>::to_vec).collect();
    let bundle = Bundle::new(entries).map_err(|error| ServiceError::Internal(error.to_string()))?;
    Ok(file(id.width(), bundle.to_bytes()))
}

fn file(width: u16, bytes: Vec<u8>) -> File {
    if width == FULL { File::Full(bytes) } else { File::Partial(bytes) }
}

/// The first values of a stored tile, which may be wider than asked.
async fn stored(state: &AppState, row: Row, place: u64, width: u16) -> ServiceResult<Vec<u8>> {
    let found = log::tile(state.db.read(), Tree::Events, row, place).await?;
    let mut bytes = found.ok_or(ErrorCode::NotFound)?;
    let asked = HASH_LEN * usize::from(width);
    if bytes.len() < asked {
        return Err(ErrorCode::NotFound.into());
    }
    bytes.truncate(asked);
    Ok(bytes)
}
