//! Restore drills that were begun, and how they ended.

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
        ddl::index(manager, "drills", &["began_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["drills"]).await
    }
}
