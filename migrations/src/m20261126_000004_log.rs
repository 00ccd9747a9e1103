//! The verifiable log: a salt beside each audit event, and the trees with their tiles.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut salt = Table::alter();
        manager.alter_table(salt.table("audit_events").add_column(blob_null("salt")).to_owned()).await?;
        log_trees(manager).await?;
        log_tiles(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["log_tiles", "log_trees"]).await?;
        let mut salt = Table::alter();
        manager.alter_table(salt.table("audit_events").drop_column("salt").to_owned()).await
    }
}

/// A row a tree: its head, and the lease of who may move it.
async fn log_trees(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("log_trees", &["tree"]);
    table
        .col(text("tree"))
        .col(big_integer("size"))
        .col(text("checkpoint"))
        .col(text("published"))
        .col(big_integer("fence"))
        .col(big_integer("lease_until"));
    manager.create_table(table).await
}

/// Tiles of hashes by level, and the leaves' data at level −1.
async fn log_tiles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("log_tiles", &["tree", "level", "place"]);
    table.col(text("tree")).col(integer("level")).col(big_integer("place")).col(blob("hashes"));
    manager.create_table(table).await
}
