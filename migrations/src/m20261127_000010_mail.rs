//! Mail that waits to be sent, addresses that are being verified, and those that were.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        outbox(manager).await?;
        email_verifications(manager).await?;
        let verified = big_integer_null("email_verified_at").take();
        manager.alter_table(Table::alter().table("accounts").add_column(verified).to_owned()).await?;
        // Beside the token that was shown, the one that was mailed: only whoever reads that address's mail has it.
        let mailed = blob_null("mail_token_hash").take();
        manager.alter_table(Table::alter().table("invitations").add_column(mailed).to_owned()).await?;
        ddl::index(manager, "invitations", &["mail_token_hash"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop().name("ix_invitations_mail_token_hash").table("invitations").to_owned();
        manager.drop_index(index).await?;
        for (table, column) in [("invitations", "mail_token_hash"), ("accounts", "email_verified_at")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        ddl::drop_tables(manager, &["email_verifications", "outbox"]).await
    }
}

/// A message is its kind and whom it is for: neither text nor token lies here. What was sent is gone.
async fn outbox(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("outbox", &["id"]);
    table
        .col(blob("id"))
        .col(text("kind"))
        .col(blob_null("account_id"))
        .col(blob_null("subject"))
        .col(text("address"))
        .col(text("address_key"))
        .col(big_integer("created_at"))
        .col(big_integer("due_at"))
        .col(integer("attempts"))
        .col(big_integer("leased_until"))
        .col(big_integer_null("failed_at"));
    ddl::references(&mut table, "outbox", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "outbox", &["due_at"]).await?;
    ddl::index(manager, "outbox", &["address_key"]).await
}

/// Links that were mailed to verify an address. Their tokens are made from these rows and a key outside the database.
async fn email_verifications(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("email_verifications", &["id"]);
    table.col(blob("id")).col(blob("account_id")).col(text("address_key")).col(big_integer("expires_at"));
    ddl::references(&mut table, "email_verifications", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "email_verifications", &["account_id"]).await
}
