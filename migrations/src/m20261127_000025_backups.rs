//! Backups that were begun, and how they ended.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("backups", &["id"]);
        table
            .col(text("id"))
            .col(big_integer("began_at"))
            .col(big_integer("leased_until"))
            .col(big_integer_null("ended_at"))
            .col(text_null("error"))
            .col(big_integer("bytes"))
            .col(big_integer("new_bytes"))
            .col(big_integer("blobs"))
            .col(boolean("recorded"));
        manager.create_table(table).await?;
        ddl::index(manager, "backups", &["began_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["backups"]).await
    }
}
