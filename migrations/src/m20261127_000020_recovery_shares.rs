//! Recovery shares: how an account split a recovery secret among contacts, and the share sealed to each.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("recovery_splits", &["way_in_id"]);
        table.col(blob("way_in_id")).col(blob("account_id")).col(blob("statement")).col(big_integer("created_at"));
        ddl::references(&mut table, "recovery_splits", "account_id", "accounts", "id");
        manager.create_table(table).await?;
        ddl::unique(manager, "recovery_splits", &["account_id"]).await?;
        let mut table = ddl::table("recovery_shares", &["way_in_id", "contact_id"]);
        table
            .col(blob("way_in_id"))
            .col(blob("contact_id"))
            .col(integer("share_index"))
            .col(blob("sealed"))
            .col(big_integer_null("opened_at"));
        ddl::references(&mut table, "recovery_shares", "way_in_id", "recovery_splits", "way_in_id");
        ddl::references(&mut table, "recovery_shares", "contact_id", "accounts", "id");
        manager.create_table(table).await?;
        ddl::index(manager, "recovery_shares", &["contact_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["recovery_shares", "recovery_splits"]).await
    }
}
