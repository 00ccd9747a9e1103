//! When a damaged blob was last looked at, and whether it was told of: a backup that meets one can only note it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let blobs = || Table::alter().table("damaged_blobs").to_owned();
        let looked_at = big_integer("looked_at").default(0).take();
        manager.alter_table(blobs().add_column(looked_at).to_owned()).await?;
        let told = boolean("told").default(true).take();
        manager.alter_table(blobs().add_column(told).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["looked_at", "told"] {
            manager.alter_table(Table::alter().table("damaged_blobs").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
