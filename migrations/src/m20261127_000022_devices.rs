//! Devices: machines that only send. What each is stays for as long as reports that it sent; its token is an API token's row.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("devices", &["id"]);
        table
            .col(blob("id"))
            .col(blob("owner"))
            .col(blob("record"))
            .col(blob_null("removal"))
            .col(big_integer("created_at"))
            .col(big_integer("expires_at"))
            .col(big_integer_null("last_sent_at"))
            .col(big_integer_null("removed_at"));
        ddl::references(&mut table, "devices", "owner", "accounts", "id");
        manager.create_table(table).await?;
        ddl::index(manager, "devices", &["owner"]).await?;
        for table in ["api_tokens", "uploads"] {
            let mut change = Table::alter();
            manager.alter_table(change.table(table).add_column(blob_null("device_id")).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["uploads", "api_tokens"] {
            let mut change = Table::alter();
            manager.alter_table(change.table(table).drop_column("device_id").to_owned()).await?;
        }
        ddl::drop_tables(manager, &["devices"]).await
    }
}
