//! Passkeys: what WebAuthn needs of each, and the way in that it opens.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("passkeys", &["id"]);
        table
            .col(blob("id"))
            .col(blob("account_id"))
            .col(text("label"))
            .col(blob("credential_id"))
            .col(text("credential"))
            .col(blob_null("way_in_id"))
            .col(big_integer("created_at"))
            .col(big_integer_null("last_used_at"));
        ddl::references(&mut table, "passkeys", "account_id", "accounts", "id");
        manager.create_table(table).await?;
        ddl::unique(manager, "passkeys", &["credential_id"]).await?;
        ddl::index(manager, "passkeys", &["account_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["passkeys"]).await
    }
}
