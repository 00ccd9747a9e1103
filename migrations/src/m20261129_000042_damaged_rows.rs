//! Signed rows that were found damaged, and how many a scrub has compared.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

const COUNTS: [&str; 2] = ["rows", "damaged_rows"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("damaged_rows", &["name"]);
        table.col(text("name")).col(blob_null("report_id")).col(big_integer("found_at")).col(big_integer("looked_at"));
        manager.create_table(table).await?;
        for count in COUNTS {
            let column = big_integer(count).default(0).take();
            manager.alter_table(Table::alter().table("scrubs").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for count in COUNTS {
            manager.alter_table(Table::alter().table("scrubs").drop_column(count).to_owned()).await?;
        }
        ddl::drop_tables(manager, &["damaged_rows"]).await
    }
}
