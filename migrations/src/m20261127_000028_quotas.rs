//! How much accounts may store, what they were warned of, and the organisation's signed rules on how long reports are kept.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("quotas", &["account_id"]);
        table.col(blob("account_id")).col(big_integer_null("bytes")).col(big_integer("updated_at"));
        ddl::references(&mut table, "quotas", "account_id", "accounts", "id");
        manager.create_table(table).await?;
        let mut table = ddl::table("quota_default", &["id"]);
        table.col(integer("id")).col(big_integer_null("bytes")).col(big_integer("updated_at"));
        manager.create_table(table).await?;
        let mut table = ddl::table("quota_warnings", &["account_id"]);
        table.col(blob("account_id")).col(integer("percent")).col(big_integer("warned_at"));
        ddl::references(&mut table, "quota_warnings", "account_id", "accounts", "id");
        manager.create_table(table).await?;
        let mut table = ddl::table("retention_rules", &["number"]);
        table.col(big_integer("number")).col(blob("statement")).col(big_integer("created_at"));
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["retention_rules", "quota_warnings", "quota_default", "quotas"]).await
    }
}
