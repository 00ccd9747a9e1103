//! Escrow: the organisation's keys for it, what accounts sealed to them, and where an asking stands.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("escrow_keys", &["key_hash"]);
        table
            .col(blob("key_hash"))
            .col(blob("statement"))
            .col(big_integer("signed_at"))
            .col(blob_null("end_statement"))
            .col(big_integer_null("ended_at"));
        manager.create_table(table).await?;
        let mut table = ddl::table("account_escrows", &["way_in_id"]);
        table
            .col(blob("way_in_id"))
            .col(blob("account_id"))
            .col(blob("key_hash"))
            .col(blob("statement"))
            .col(blob("sealed"))
            .col(big_integer("created_at"))
            .col(blob_null("asked_by"))
            .col(big_integer_null("asked_at"))
            .col(big_integer_null("opens_at"))
            .col(big_integer_null("given_at"))
            .col(big_integer_null("refused_at"))
            .col(integer("refusals"))
            .col(integer("told"));
        ddl::references(&mut table, "account_escrows", "account_id", "accounts", "id");
        ddl::references(&mut table, "account_escrows", "key_hash", "escrow_keys", "key_hash");
        ddl::references(&mut table, "account_escrows", "asked_by", "accounts", "id");
        manager.create_table(table).await?;
        ddl::unique(manager, "account_escrows", &["account_id"]).await?;
        ddl::index(manager, "account_escrows", &["key_hash"]).await?;
        ddl::index(manager, "account_escrows", &["created_at"]).await?;
        ddl::index(manager, "account_escrows", &["asked_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["account_escrows", "escrow_keys"]).await
    }
}
