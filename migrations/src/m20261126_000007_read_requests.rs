//! The reader's signed request beside each event of a reading.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut request = Table::alter();
        manager.alter_table(request.table("audit_events").add_column(blob_null("request")).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut request = Table::alter();
        manager.alter_table(request.table("audit_events").drop_column("request").to_owned()).await
    }
}
