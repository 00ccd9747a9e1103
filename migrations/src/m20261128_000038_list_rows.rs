//! Rows of `report_access` say all that a list says of a report, but for the sealed fields. On PostgreSQL rows stay together too,
//! where a page has room for them: what is kept apart is two look-ups more.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

const TABLE: &str = "report_access";

const COPY: &str = r#"
UPDATE report_access SET
    (creator, owner, created_at, updated_at, access_head) =
        (SELECT r.creator, r.owner, r.created_at, r.updated_at, r.access_head
         FROM reports r WHERE r.id = report_access.report_id),
    ("right", expires_at, team_id, seed, wrap) =
        (SELECT g."right", g.expires_at, g.team_id, s.seed, w.wrap
         FROM grants g
         LEFT JOIN grant_seeds s ON s.grant_id = g.id
         LEFT JOIN wraps w ON g.team_id IS NULL AND w.report_id = report_access.report_id
              AND w.version = report_access.version AND w.revision = report_access.revision AND w.grant_id = g.id
         WHERE g.id = report_access.grant_id)
WHERE state = 'live'"#;

/// As much as a page of PostgreSQL holds; counts for rows that are written from now on.
const TOGETHER: [&str; 2] = [
    "ALTER TABLE versions SET (toast_tuple_target = 8160)",
    "ALTER TABLE report_access SET (toast_tuple_target = 8160)",
];
const APART: [&str; 2] =
    ["ALTER TABLE versions RESET (toast_tuple_target)", "ALTER TABLE report_access RESET (toast_tuple_target)"];

#[derive(DeriveMigrationName)]
pub struct Migration;

fn columns() -> Vec<ColumnDef> {
    vec![
        blob_null("creator"),
        blob_null("owner"),
        big_integer_null("created_at"),
        big_integer_null("updated_at"),
        blob_null("access_head"),
        text_null("right"),
        big_integer_null("expires_at"),
        blob_null("team_id"),
        blob_null("seed"),
        blob_null("wrap"),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column a statement.
        for column in columns() {
            manager.alter_table(Table::alter().table(TABLE).add_column(column).to_owned()).await?;
        }
        let conn = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            for table in TOGETHER {
                conn.execute_unprepared(table).await?;
            }
        }
        conn.execute_unprepared(COPY).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            for table in APART {
                manager.get_connection().execute_unprepared(table).await?;
            }
        }
        for column in columns() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table(TABLE).drop_column(Alias::new(name)).to_owned()).await?;
        }
        Ok(())
    }
}
