//! Rows of `report_access` say which version and revision their account's list has delivered last, so that each of them is an
//! event in the report's own record, once. Of rows from before it nobody knows that: they say 0, which is no version, and the next list
//! that delivers them to somebody who doesn't own the report leaves one event in its record, as true as any.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

const TABLE: &str = "report_access";
const COLUMNS: [&str; 2] = ["listed_version", "listed_revision"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column a statement.
        for column in COLUMNS {
            let column = integer(column).default(0).take();
            manager.alter_table(Table::alter().table(TABLE).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            manager.alter_table(Table::alter().table(TABLE).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
