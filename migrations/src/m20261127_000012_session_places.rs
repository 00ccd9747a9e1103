//! Where a session began, in words; and its network as a keyed hash, to tell whether two began on the same one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sessions = || Table::alter().table("sessions").to_owned();
        manager.alter_table(sessions().add_column(text_null("place")).to_owned()).await?;
        manager.alter_table(sessions().add_column(blob_null("network")).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["network", "place"] {
            manager.alter_table(Table::alter().table("sessions").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
