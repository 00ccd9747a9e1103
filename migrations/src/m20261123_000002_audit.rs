//! The audit log.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        audit_events(manager).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["audit_events"]).await
    }
}

/// The audit: append-only, hash-chained; holds every field that the hash covers.
async fn audit_events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("audit_events", &["seq"]);
    table
        .col(big_integer("seq"))
        .col(big_integer("time"))
        .col(blob_null("actor"))
        .col(blob_null("session"))
        .col(text("action"))
        .col(text("outcome"))
        .col(blob_null("report_id"))
        .col(big_integer_null("report_seq"))
        .col(blob_null("report_prev"))
        .col(text("subject"))
        .col(blob_null("details"))
        .col(blob("hash"))
        .col(blob("chain"));
    manager.create_table(table).await?;
    ddl::unique(manager, "audit_events", &["report_id", "report_seq"]).await?;
    ddl::index(manager, "audit_events", &["actor", "seq"]).await?;
    ddl::index(manager, "audit_events", &["action", "seq"]).await
}
