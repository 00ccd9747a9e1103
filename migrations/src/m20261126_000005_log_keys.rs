//! What the keys tree is made of. Accounts from before get their entries at the next start: that needs a secret.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("log_key_entries", &["seq"]);
        table.col(big_integer("seq")).col(blob("account_id")).col(integer_null("epoch")).col(blob("data"));
        ddl::references(&mut table, "log_key_entries", "account_id", "accounts", "id");
        manager.create_table(table).await?;
        ddl::unique(manager, "log_key_entries", &["account_id", "epoch"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["log_key_entries"]).await
    }
}
