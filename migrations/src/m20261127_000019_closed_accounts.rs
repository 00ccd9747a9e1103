//! Accounts that were closed, or will be, with the signed word that does it; and reports that were erased.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("closed_accounts", &["account_id"]);
        table
            .col(blob("account_id"))
            .col(text("closed_by"))
            .col(blob("statement"))
            .col(big_integer("due_at"))
            .col(big_integer_null("closed_at"));
        ddl::references(&mut table, "closed_accounts", "account_id", "accounts", "id");
        manager.create_table(table).await?;
        ddl::index(manager, "closed_accounts", &["due_at"]).await?;
        let erased = big_integer_null("erased_at").take();
        manager.alter_table(Table::alter().table("reports").add_column(erased).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("reports").drop_column("erased_at").to_owned()).await?;
        ddl::drop_tables(manager, &["closed_accounts"]).await
    }
}
