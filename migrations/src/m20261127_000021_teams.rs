//! Care teams: signed rosters, who belongs to a team, its keys sealed to them, and grants to it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        teams(manager).await?;
        team_rosters(manager).await?;
        team_members(manager).await?;
        team_key_wraps(manager).await?;
        let grants = || Table::alter().table("grants").to_owned();
        manager.alter_table(grants().add_column(blob_null("team_id")).to_owned()).await?;
        manager.alter_table(grants().add_column(integer_null("team_epoch")).to_owned()).await?;
        ddl::index(manager, "grants", &["team_id"]).await?;
        let mut entries = Table::alter();
        manager.alter_table(entries.table("log_key_entries").add_column(blob_null("team_id")).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("log_key_entries").drop_column("team_id").to_owned()).await?;
        manager.drop_index(Index::drop().name("ix_grants_team_id").table("grants").to_owned()).await?;
        for column in ["team_epoch", "team_id"] {
            manager.alter_table(Table::alter().table("grants").drop_column(column).to_owned()).await?;
        }
        ddl::drop_tables(manager, &["team_key_wraps", "team_members", "team_rosters", "teams"]).await
    }
}

/// Teams, with what the newest roster says.
async fn teams(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("teams", &["id"]);
    table
        .col(blob("id"))
        .col(text("name"))
        .col(text("name_key"))
        .col(integer("seq"))
        .col(integer("key_epoch"))
        .col(big_integer("created_at"));
    manager.create_table(table).await?;
    ddl::index(manager, "teams", &["name_key"]).await
}

/// Signed rosters, the first one first.
async fn team_rosters(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("team_rosters", &["team_id", "seq"]);
    table
        .col(blob("team_id"))
        .col(integer("seq"))
        .col(blob("roster"))
        .col(big_integer("leaf"))
        .col(big_integer("created_at"));
    ddl::references(&mut table, "team_rosters", "team_id", "teams", "id");
    manager.create_table(table).await
}

/// Whoever the newest roster names, with what they said to it.
async fn team_members(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("team_members", &["team_id", "account_id"]);
    table
        .col(blob("team_id"))
        .col(blob("account_id"))
        .col(boolean("manager"))
        .col(text("state"))
        .col(integer("since_epoch"))
        .col(blob_null("leave_statement"))
        .col(big_integer("created_at"));
    ddl::references(&mut table, "team_members", "team_id", "teams", "id");
    ddl::references(&mut table, "team_members", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "team_members", &["account_id"]).await
}

/// The team's key of each epoch, sealed to each member.
async fn team_key_wraps(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("team_key_wraps", &["team_id", "account_id", "key_epoch"]);
    table.col(blob("team_id")).col(blob("account_id")).col(integer("key_epoch")).col(blob("wrap"));
    ddl::references(&mut table, "team_key_wraps", "team_id", "teams", "id");
    ddl::references(&mut table, "team_key_wraps", "account_id", "accounts", "id");
    manager.create_table(table).await
}
