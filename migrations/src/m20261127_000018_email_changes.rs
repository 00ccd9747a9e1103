//! Changes of e-mail addresses that wait for both addresses to confirm, and the labels of addresses that accounts left.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        changes(manager).await?;
        former(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["former_addresses", "email_changes"]).await
    }
}

/// An account has one at a time. The tokens of its two links are made from these rows and a key outside the database.
async fn changes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("email_changes", &["id"]);
    table
        .col(blob("id"))
        .col(blob("account_id"))
        .col(text("old_key"))
        .col(text("address"))
        .col(text("address_key"))
        .col(big_integer("expires_at"))
        .col(big_integer_null("old_confirmed_at"))
        .col(big_integer_null("new_confirmed_at"));
    ddl::references(&mut table, "email_changes", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::unique(manager, "email_changes", &["account_id"]).await
}

/// The tree of keys binds an address for ever, so nobody else gets it. Only its label is kept, which stands in the tree.
async fn former(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("former_addresses", &["label"]);
    table.col(blob("label")).col(blob("account_id")).col(big_integer("left_at"));
    ddl::references(&mut table, "former_addresses", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "former_addresses", &["account_id"]).await
}
