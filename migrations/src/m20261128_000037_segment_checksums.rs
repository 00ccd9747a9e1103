//! The checksum of a segment: readers compare what they are given with it, and with SHA-256 where there is none.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

const TABLES: [&str; 2] = ["upload_segments", "part_segments"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let checksum = big_integer_null("crc64");
            manager.alter_table(Table::alter().table(table).add_column(checksum).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.alter_table(Table::alter().table(table).drop_column("crc64").to_owned()).await?;
        }
        Ok(())
    }
}
