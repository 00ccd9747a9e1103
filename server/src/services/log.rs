//! What the log serves to anyone: checkpoints, tiles, and the leaves' data: commitments to events, which tell nothing, and
//! keys, which tell whose they are only to who knows the account. Public, and not an event.

use api_types::ErrorCode;
use tlog::{
    HASH_LEN,
    tile::{Bundle, BundleId, FULL, Resource, TileId},
};

use crate::{
    AppState, ServiceError, ServiceResult,
    log::split_data,
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

/// A file of a tree. A path that names none, or one that the tree doesn't have yet, is not found.
pub async fn file(state: &AppState, from: Address, tree: Tree, path: &str) -> ServiceResult<File> {
    state.log_reads.count(from, state.config.address_factor)?;
    let resource: Resource = path.parse().map_err(|_| ErrorCode::NotFound)?;
    match resource {
        Resource::Checkpoint => checkpoint(state, tree).await,
        Resource::Tile(id) => tile(state, tree, id).await,
        Resource::Bundle(id) => bundle(state, tree, id).await,
        _ => Err(ErrorCode::NotFound.into()),
    }
}

async fn checkpoint(state: &AppState, tree: Tree) -> ServiceResult<File> {
    let note = if state.config.witnesses.is_empty() {
        log::head(state.db.read(), tree).await?.map(|head| head.checkpoint).filter(|note| !note.is_empty())
    } else {
        log::published(state.db.read(), tree).await?
    };
    note.map(File::Checkpoint).ok_or(ErrorCode::NotFound.into())
}

async fn tile(state: &AppState, tree: Tree, id: TileId) -> ServiceResult<File> {
    let mut bytes = stored(state, tree, Row::Level(id.level()), id.index()).await?;
    let asked = HASH_LEN * usize::from(id.width());
    if bytes.len() < asked {
        return Err(ErrorCode::NotFound.into());
    }
    bytes.truncate(asked);
    Ok(of_width(id.width(), bytes))
}

async fn bundle(state: &AppState, tree: Tree, id: BundleId) -> ServiceResult<File> {
    let row = stored(state, tree, Row::Data, id.index()).await?;
    let entries = split_data(tree, &row, id.width()).ok_or(ErrorCode::NotFound)?;
    let bundle = Bundle::new(entries).map_err(|error| ServiceError::Internal(error.to_string()))?;
    Ok(of_width(id.width(), bundle.to_bytes()))
}

fn of_width(width: u16, bytes: Vec<u8>) -> File {
    if width == FULL { File::Full(bytes) } else { File::Partial(bytes) }
}

/// A stored tile, which may be wider than asked.
async fn stored(state: &AppState, tree: Tree, row: Row, place: u64) -> ServiceResult<Vec<u8>> {
    let found = log::tile(state.db.read(), tree, row, place).await?;
    found.ok_or(ErrorCode::NotFound.into())
}
