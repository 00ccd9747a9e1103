//! Drafts of versions: each author has one of their own for a report, where a report had one draft until now.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const COLUMNS: &str = "report_id, author, counter, created_at, updated_at, sealed";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        rebuild(manager, &["report_id", "author"]).await
    }

    /// A report that several people were writing keeps the draft that was begun first.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let later = "DELETE FROM drafts WHERE EXISTS (SELECT 1 FROM drafts AS other \
                     WHERE other.report_id = drafts.report_id AND (other.created_at < drafts.created_at \
                     OR (other.created_at = drafts.created_at AND other.author < drafts.author)))";
        manager.get_connection().execute_unprepared(later).await?;
        rebuild(manager, &["report_id"]).await
    }
}

/// SQLite changes no primary key: what lies in the table is put aside, the table made anew, and filled again.
async fn rebuild(manager: &SchemaManager<'_>, key: &[&'static str]) -> Result<(), DbErr> {
    let conn = manager.get_connection();
    conn.execute_unprepared(&format!("CREATE TABLE drafts_before AS SELECT {COLUMNS} FROM drafts")).await?;
    ddl::drop_tables(manager, &["drafts"]).await?;
    let mut table = ddl::table("drafts", key);
    table
        .col(blob("report_id"))
        .col(blob("author"))
        .col(big_integer("counter"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(blob("sealed"));
    ddl::references(&mut table, "drafts", "author", "accounts", "id");
    manager.create_table(table).await?;
    let filled = format!("INSERT INTO drafts ({COLUMNS}) SELECT {COLUMNS} FROM drafts_before");
    conn.execute_unprepared(&filled).await?;
    ddl::drop_tables(manager, &["drafts_before"]).await?;
    ddl::index(manager, "drafts", &["author", "updated_at"]).await
}
