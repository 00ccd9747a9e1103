//! Restore drills and scrubs of the blobs that were begun, how they ended, and the blobs that were found damaged.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("drills", &["id"]);
        table
            .col(text("id"))
            .col(big_integer("began_at"))
            .col(big_integer("leased_until"))
            .col(big_integer_null("ended_at"))
            .col(text_null("snapshot"))
            .col(boolean("restored"))
            .col(text("canary"))
            .col(big_integer("rows"))
            .col(big_integer("objects"))
            .col(big_integer("bytes"))
            .col(text_null("error"));
        manager.create_table(table).await?;
        ddl::index(manager, "drills", &["began_at"]).await?;
        let mut table = ddl::table("scrubs", &["id"]);
        table
            .col(text("id"))
            .col(big_integer("began_at"))
            .col(big_integer("leased_until"))
            .col(big_integer_null("ended_at"))
            .col(text("place"))
            .col(big_integer("blobs"))
            .col(big_integer("bytes"))
            .col(big_integer("damaged"));
        manager.create_table(table).await?;
        ddl::index(manager, "scrubs", &["began_at"]).await?;
        let mut table = ddl::table("damaged_blobs", &["key"]);
        table
            .col(text("key"))
            .col(blob_null("report_id"))
            .col(big_integer("len"))
            .col(blob("sha256"))
            .col(text("health"))
            .col(big_integer("found_at"))
            .col(big_integer_null("tried_at"));
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["damaged_blobs", "scrubs", "drills"]).await
    }
}
