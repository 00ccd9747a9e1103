//! Codes that prove an address before it has an account. No code lies here: it is made of its row and a key outside the
//! database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("sign_up_codes", &["id"]);
        table
            .col(blob("id"))
            .col(blob("secret_hash"))
            .col(text("address_key"))
            .col(boolean("mailed"))
            .col(integer("tries"))
            .col(boolean("proved"))
            .col(big_integer("expires_at"));
        manager.create_table(table).await?;
        ddl::unique(manager, "sign_up_codes", &["secret_hash"]).await?;
        ddl::index(manager, "sign_up_codes", &["address_key"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["sign_up_codes"]).await
    }
}
