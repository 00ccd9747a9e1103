//! Phone numbers of accounts, and the codes that are sent to numbers. No code lies here: it is made of its row and a key
//! outside the database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        phones(manager).await?;
        phone_codes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["phone_codes", "phones"]).await
    }
}

async fn phones(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("phones", &["account_id"]);
    table
        .col(blob("account_id"))
        .col(blob("id"))
        .col(text("number"))
        .col(boolean("second_factor"))
        .col(text_null("sign_in_number"))
        .col(big_integer("verified_at"))
        .col(big_integer_null("last_used_at"));
    ddl::references(&mut table, "phones", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::unique(manager, "phones", &["sign_in_number"]).await
}

/// Codes that live, and whether they still have to be sent.
async fn phone_codes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("phone_codes", &["id"]);
    table
        .col(blob("id"))
        .col(text("purpose"))
        .col(text("number"))
        .col(blob_null("account_id"))
        .col(blob_null("browser_hash"))
        .col(integer("tries"))
        .col(big_integer("expires_at"))
        .col(big_integer_null("send_at"))
        .col(integer("attempts"))
        .col(big_integer("leased_until"));
    ddl::references(&mut table, "phone_codes", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "phone_codes", &["send_at"]).await?;
    ddl::index(manager, "phone_codes", &["number"]).await?;
    ddl::index(manager, "phone_codes", &["account_id"]).await
}
