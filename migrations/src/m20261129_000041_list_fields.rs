//! Rows of `report_access` hold the sealed fields as well, where they are small: a page of the list is then one look-up for each
//! row. What is longer stays in `versions` alone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

const TABLE: &str = "report_access";

const COPY: &str = r#"
UPDATE report_access SET
    (manifest, part0) =
        (SELECT v.manifest, v.part0 FROM versions v
         WHERE v.report_id = report_access.report_id AND v.version = report_access.version
               AND v.revision = report_access.revision AND length(v.manifest) + length(v.part0) <= 2048)
WHERE state = 'live'"#;

#[derive(DeriveMigrationName)]
pub struct Migration;

fn columns() -> [ColumnDef; 2] {
    [blob_null("manifest"), blob_null("part0")]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column a statement.
        for column in columns() {
            manager.alter_table(Table::alter().table(TABLE).add_column(column).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared(COPY).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table(TABLE).drop_column(Alias::new(name)).to_owned()).await?;
        }
        Ok(())
    }
}
