//! Personal API tokens: as hashes, with what each may reach and until when.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("api_tokens", &["id"]);
        table
            .col(blob("id"))
            .col(blob("account_id"))
            .col(text("name"))
            .col(blob("token_hash"))
            .col(text("scopes"))
            .col(boolean("second_factor"))
            .col(big_integer("created_at"))
            .col(big_integer("expires_at"))
            .col(big_integer_null("last_used_at"))
            .col(text_null("last_place"));
        ddl::references(&mut table, "api_tokens", "account_id", "accounts", "id");
        manager.create_table(table).await?;
        ddl::index(manager, "api_tokens", &["account_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["api_tokens"]).await
    }
}
