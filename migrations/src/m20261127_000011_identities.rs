//! Identities at OpenID Connect providers: those that sign in to accounts, and what waits between the requests of a
//! sign-in. No token of a provider lies here.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        identities(manager).await?;
        identity_flows(manager).await?;
        identity_tickets(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["identity_tickets", "identity_flows", "identities"]).await
    }
}

async fn identities(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("identities", &["id"]);
    table
        .col(blob("id"))
        .col(blob("account_id"))
        .col(text("issuer"))
        .col(text("subject"))
        .col(text_null("email"))
        .col(big_integer("created_at"))
        .col(big_integer_null("last_used_at"))
        .col(big_integer_null("removed_at"));
    ddl::references(&mut table, "identities", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::unique(manager, "identities", &["issuer", "subject"]).await?;
    ddl::index(manager, "identities", &["account_id"]).await
}

/// Browsers that were sent to a provider. They come back within minutes; any of several servers takes them.
async fn identity_flows(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("identity_flows", &["state_hash"]);
    table
        .col(blob("state_hash"))
        .col(blob("browser_hash"))
        .col(text("provider"))
        .col(blob_null("session_id"))
        .col(text("nonce"))
        .col(text("verifier"))
        .col(big_integer("expires_at"));
    manager.create_table(table).await
}

/// Verified identities that wait for the same browser's next request.
async fn identity_tickets(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("identity_tickets", &["token_hash"]);
    table
        .col(blob("token_hash"))
        .col(text("provider"))
        .col(text("issuer"))
        .col(text("subject"))
        .col(text_null("email"))
        .col(boolean("email_verified"))
        .col(text_null("name"))
        .col(big_integer("expires_at"));
    manager.create_table(table).await
}
