//! What waits between two requests is counted by its kind whenever something begins, and forgotten by kind and time: one index
//! for both, in the place of the one by time alone.

use sea_orm_migration::prelude::*;

use crate::ddl;

const TABLE: &str = "ceremonies";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::index(manager, TABLE, &["kind", "expires_at"]).await?;
        drop_index(manager, "ix_ceremonies_expires_at").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::index(manager, TABLE, &["expires_at"]).await?;
        drop_index(manager, "ix_ceremonies_kind_expires_at").await
    }
}

async fn drop_index(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).table(TABLE).to_owned()).await
}
