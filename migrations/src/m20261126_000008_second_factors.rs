//! Second factors, their recovery codes, which roles need one, and what a session has proved.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        second_factors(manager).await?;
        recovery_codes(manager).await?;
        role_policies(manager).await?;
        let sessions = || Table::alter().table("sessions").to_owned();
        let confirmed_at = big_integer("confirmed_at").default(0).take();
        manager.alter_table(sessions().add_column(confirmed_at).to_owned()).await?;
        let second_factor = boolean("second_factor").default(false).take();
        manager.alter_table(sessions().add_column(second_factor).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["second_factor", "confirmed_at"] {
            manager.alter_table(Table::alter().table("sessions").drop_column(column).to_owned()).await?;
        }
        ddl::drop_tables(manager, &["role_policies", "recovery_codes", "second_factors"]).await
    }
}

/// Second factors. Of an authenticator app's secret only a salt is here: the rest is a key outside the database.
async fn second_factors(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("second_factors", &["id"]);
    table
        .col(blob("id"))
        .col(blob("account_id"))
        .col(text("kind"))
        .col(text("label"))
        .col(blob("salt"))
        .col(big_integer("last_step"))
        .col(big_integer("created_at"))
        .col(big_integer_null("confirmed_at"))
        .col(big_integer_null("last_used_at"));
    ddl::references(&mut table, "second_factors", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "second_factors", &["account_id"]).await
}

/// Recovery codes as hashes; a used one is gone.
async fn recovery_codes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("recovery_codes", &["account_id", "code_hash"]);
    table.col(blob("account_id")).col(blob("code_hash")).col(big_integer("created_at"));
    ddl::references(&mut table, "recovery_codes", "account_id", "accounts", "id");
    manager.create_table(table).await
}

/// What an administrator demands of each role; a role without a row has no demands.
async fn role_policies(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("role_policies", &["role"]);
    table.col(text("role")).col(boolean("second_factor")).col(big_integer("updated_at"));
    manager.create_table(table).await
}
