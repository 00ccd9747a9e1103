//! Several servers on one database: which of them live, whether they have the same secrets, and the live events that each
//! of them passes on.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        servers(manager).await?;
        server_secrets(manager).await?;
        live_events(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["live_events", "server_secrets", "servers"]).await
    }
}

/// Those that serve this database, each under a lease.
async fn servers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("servers", &["id"]);
    table
        .col(blob("id"))
        .col(text("place"))
        .col(big_integer("fence"))
        .col(boolean("alone"))
        .col(text("settings"))
        .col(big_integer("started_at"))
        .col(big_integer("lease_until"));
    manager.create_table(table).await
}

/// By which they know whether they have the same secrets.
async fn server_secrets(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("server_secrets", &["name"]);
    table.col(text("name")).col(blob("fingerprint"));
    manager.create_table(table).await
}

/// What open pages are told, for a while.
async fn live_events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("live_events", &["id"]);
    table
        .col(big_integer("id"))
        .col(blob("nonce"))
        .col(blob("account_id"))
        .col(text("kind"))
        .col(blob_null("report_id"))
        .col(blob_null("grant_id"))
        .col(blob_null("session_id"))
        .col(big_integer("created_at"));
    manager.create_table(table).await?;
    ddl::index(manager, "live_events", &["account_id", "id"]).await
}
