//! Of mail that waits: since when whoever it is for is refused, and since when the mail server fails. And codes for phones are
//! found by the browser, or the attempt, that they are good in.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["refused_since", "failing_since"] {
            let column = big_integer_null(column).take();
            manager.alter_table(Table::alter().table("outbox").add_column(column).to_owned()).await?;
        }
        ddl::index(manager, "phone_codes", &["browser_hash"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop().name("ix_phone_codes_browser_hash").table("phone_codes").to_owned();
        manager.drop_index(index).await?;
        for column in ["failing_since", "refused_since"] {
            manager.alter_table(Table::alter().table("outbox").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
