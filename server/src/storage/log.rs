//! `log_trees` and `log_tiles`: heads of the verifiable log, who may move them, and the tiles below them.

use api_types::UnixMillis;
use entities::{log_tiles, log_trees};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::DbResult;

/// A tree of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// Salted commitments to audit events.
    Events,
    /// Key records and bindings of e-mail addresses, unsalted.
    Keys,
}

impl Tree {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Events, Self::Keys];

    /// What it is called: in the table, and in its address and origin.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Keys => "keys",
        }
    }
}

/// Where a tile stands: a level of hashes, or the leaves' data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// What the leaves are made of.
    Data,
    /// Hashes of a level of tiles, 0 at the leaves.
    Level(u8),
}

impl Row {
    fn level(self) -> i32 {
        match self {
            Self::Data => -1,
            Self::Level(level) => level.into(),
        }
    }
}

/// A stored tile, as wide as its tree reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTile {
    /// Its level.
    pub row: Row,
    /// Its index there.
    pub place: u64,
    /// 1 to 256 hashes, or the data of as many leaves.
    pub hashes: Vec<u8>,
}

/// What a tree has published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Leaves.
    pub size: u64,
    /// The signed note; empty before the first.
    pub checkpoint: String,
}

/// The right to move a tree's head, until somebody takes a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(i64);

/// A tree's head; `None` before the first lease.
pub async fn head(conn: &impl ConnectionTrait, tree: Tree) -> DbResult<Option<Head>> {
    let row = log_trees::Entity::find_by_id(tree.name()).one(conn).await?;
    Ok(row.map(|row| Head { size: row.size.unsigned_abs(), checkpoint: row.checkpoint }))
}

/// Takes the lease from whoever has it: in a write transaction. What they still write is refused.
pub async fn take(conn: &impl ConnectionTrait, tree: Tree, until: UnixMillis) -> DbResult<Fence> {
    let row = log_trees::ActiveModel {
        tree: Set(tree.name().to_owned()),
        size: Set(0),
        checkpoint: Set(String::new()),
        published: Set(String::new()),
        fence: Set(0),
        lease_until: Set(0),
    };
    let mut there = OnConflict::column(log_trees::Column::Tree);
    let there = there.do_nothing().to_owned();
    log_trees::Entity::insert(row).on_conflict(there).exec_without_returning(conn).await?;
    log_trees::Entity::update_many()
        .col_expr(log_trees::Column::Fence, Expr::col(log_trees::Column::Fence).add(1))
        .col_expr(log_trees::Column::LeaseUntil, Expr::value(until))
        .filter(log_trees::Column::Tree.eq(tree.name()))
        .exec(conn)
        .await?;
    let row = log_trees::Entity::find_by_id(tree.name()).one(conn).await?;
    row.map(|row| Fence(row.fence)).ok_or_else(|| super::corrupt("log_trees", "tree"))
}

/// As [`take`], unless somebody's lease still runs.
pub async fn take_lapsed(
    conn: &impl ConnectionTrait,
    tree: Tree,
    now: UnixMillis,
    until: UnixMillis,
) -> DbResult<Option<Fence>> {
    let row = log_trees::Entity::find_by_id(tree.name()).one(conn).await?;
    if row.is_some_and(|row| row.lease_until > now) {
        return Ok(None);
    }
    take(conn, tree, until).await.map(Some)
}

/// Moves the head from `before`, in the transaction that stores the tiles. False, and the transaction must not commit,
/// where somebody else has taken the lease or the head isn't there any more.
pub async fn publish(
    conn: &impl ConnectionTrait,
    tree: Tree,
    fence: Fence,
    before: u64,
    head: &Head,
    until: UnixMillis,
) -> DbResult<bool> {
    use log_trees::Column;
    let moved = log_trees::Entity::update_many()
        .col_expr(Column::Size, Expr::value(number(head.size)?))
        .col_expr(Column::Checkpoint, Expr::value(head.checkpoint.clone()))
        .col_expr(Column::LeaseUntil, Expr::value(until))
        .filter(Column::Tree.eq(tree.name()))
        .filter(Column::Fence.eq(fence.0))
        .filter(Column::Size.eq(number(before)?))
        .exec(conn)
        .await?;
    Ok(moved.rows_affected == 1)
}

/// What people are shown where witnesses are asked; `None` before the first time.
pub async fn published(conn: &impl ConnectionTrait, tree: Tree) -> DbResult<Option<String>> {
    let row = log_trees::Entity::find_by_id(tree.name()).one(conn).await?;
    Ok(row.map(|row| row.published).filter(|note| !note.is_empty()))
}

/// Whether nobody else has taken the lease since.
pub async fn is_held(conn: &impl ConnectionTrait, tree: Tree, fence: Fence) -> DbResult<bool> {
    let row = log_trees::Entity::find_by_id(tree.name()).one(conn).await?;
    Ok(row.is_some_and(|row| row.fence == fence.0))
}

/// Shows this note from now on. False where somebody else has taken the lease: they show their own.
pub async fn show(conn: &impl ConnectionTrait, tree: Tree, fence: Fence, note: String) -> DbResult<bool> {
    let shown = log_trees::Entity::update_many()
        .col_expr(log_trees::Column::Published, Expr::value(note))
        .filter(log_trees::Column::Tree.eq(tree.name()))
        .filter(log_trees::Column::Fence.eq(fence.0))
        .exec(conn)
        .await?;
    Ok(shown.rows_affected == 1)
}

/// One tile.
pub async fn tile(conn: &impl ConnectionTrait, tree: Tree, row: Row, place: u64) -> DbResult<Option<Vec<u8>>> {
    let key = (tree.name().to_owned(), row.level(), number(place)?);
    Ok(log_tiles::Entity::find_by_id(key).one(conn).await?.map(|tile| tile.hashes))
}

/// Tiles of a level from a place on, in their order.
pub async fn tiles(
    conn: &impl ConnectionTrait,
    tree: Tree,
    row: Row,
    from: u64,
    most: u64,
) -> DbResult<Vec<(u64, Vec<u8>)>> {
    let found = log_tiles::Entity::find()
        .filter(log_tiles::Column::Tree.eq(tree.name()))
        .filter(log_tiles::Column::Level.eq(row.level()))
        .filter(log_tiles::Column::Place.gte(number(from)?))
        .order_by_asc(log_tiles::Column::Place)
        .limit(most)
        .all(conn)
        .await?;
    Ok(found.into_iter().map(|tile| (tile.place.unsigned_abs(), tile.hashes)).collect())
}

/// Tiles of one `INSERT`: four bound values each, and half a megabyte together.
const INSERT_TILES: usize = 64;

/// Stores tiles; a wider one takes the place of a narrower.
pub async fn put(conn: &impl ConnectionTrait, tree: Tree, tiles: &[StoredTile]) -> DbResult<()> {
    use log_tiles::Column;
    let wider =
        OnConflict::columns([Column::Tree, Column::Level, Column::Place]).update_column(Column::Hashes).to_owned();
    for some in tiles.chunks(INSERT_TILES) {
        let rows = some.iter().map(|tile| active(tree, tile)).collect::<DbResult<Vec<_>>>()?;
        log_tiles::Entity::insert_many(rows).on_conflict(wider.clone()).exec_without_returning(conn).await?;
    }
    Ok(())
}

fn active(tree: Tree, tile: &StoredTile) -> DbResult<log_tiles::ActiveModel> {
    Ok(log_tiles::ActiveModel {
        tree: Set(tree.name().to_owned()),
        level: Set(tile.row.level()),
        place: Set(number(tile.place)?),
        hashes: Set(tile.hashes.clone()),
    })
}

/// As the database counts.
fn number(n: u64) -> DbResult<i64> {
    i64::try_from(n).map_err(|_| super::corrupt("log_tiles", "place"))
}
