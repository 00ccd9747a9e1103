//! The installation, people, their keys, sessions and invitations.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        instance(manager).await?;
        accounts(manager).await?;
        key_records(manager).await?;
        ways_in(manager).await?;
        opaque_records(manager).await?;
        organisation_key_wraps(manager).await?;
        sessions(manager).await?;
        invitations(manager).await?;
        ceremonies(manager).await?;
        throttles(manager).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(
            manager,
            &[
                "throttles",
                "ceremonies",
                "invitations",
                "sessions",
                "organisation_key_wraps",
                "opaque_records",
                "ways_in",
                "key_records",
                "accounts",
                "instance",
            ],
        )
        .await
    }
}

/// The one row that describes this installation.
async fn instance(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("instance", &["id"]);
    table
        .col(integer("id"))
        .col(blob("instance_id"))
        .col(text("name"))
        .col(blob_null("organisation_key"))
        .col(big_integer_null("set_up_at"))
        .col(big_integer("created_at"));
    manager.create_table(table).await
}

/// People: what the server may know of them.
async fn accounts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("accounts", &["id"]);
    table
        .col(blob("id"))
        .col(text("email"))
        .col(text("email_key"))
        .col(text("name"))
        .col(text("name_key"))
        .col(text("role"))
        .col(text("status"))
        .col(blob("keyring"))
        .col(blob("client_state"))
        .col(big_integer("client_state_counter"))
        .col(blob_null("approval"))
        .col(blob_null("invited_by"))
        .col(big_integer("list_head"))
        .col(big_integer("created_at"))
        .col(big_integer_null("last_seen_at"));
    manager.create_table(table).await?;
    ddl::unique(manager, "accounts", &["email_key"]).await?;
    ddl::index(manager, "accounts", &["role", "name_key"]).await?;
    ddl::index(manager, "accounts", &["created_at", "id"]).await
}

/// Signed key records, epoch 0 first.
async fn key_records(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("key_records", &["account_id", "epoch"]);
    table.col(blob("account_id")).col(integer("epoch")).col(blob("record")).col(big_integer("created_at"));
    ddl::references(&mut table, "key_records", "account_id", "accounts", "id");
    manager.create_table(table).await
}

/// Ways in to an account.
async fn ways_in(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("ways_in", &["id"]);
    table
        .col(blob("id"))
        .col(blob("account_id"))
        .col(text("kind"))
        .col(text("label"))
        .col(blob("record"))
        .col(blob_null("proof_key"))
        .col(big_integer("created_at"));
    ddl::references(&mut table, "ways_in", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "ways_in", &["account_id"]).await
}

/// OPAQUE password files (RFC 9807); useless without the OPRF seed, which lives outside.
async fn opaque_records(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("opaque_records", &["account_id"]);
    table.col(blob("account_id")).col(blob("record")).col(big_integer("updated_at"));
    ddl::references(&mut table, "opaque_records", "account_id", "accounts", "id");
    manager.create_table(table).await
}

/// The organisation key's seed, wrapped to each administrator.
async fn organisation_key_wraps(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("organisation_key_wraps", &["account_id"]);
    table.col(blob("account_id")).col(blob("wrap")).col(big_integer("created_at"));
    ddl::references(&mut table, "organisation_key_wraps", "account_id", "accounts", "id");
    manager.create_table(table).await
}

/// Open sessions.
async fn sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("sessions", &["id"]);
    table
        .col(blob("id"))
        .col(blob("account_id"))
        .col(blob("token_hash"))
        .col(text("carrier"))
        .col(text("device"))
        .col(big_integer("created_at"))
        .col(big_integer("last_seen_at"))
        .col(big_integer("expires_at"));
    ddl::references(&mut table, "sessions", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::unique(manager, "sessions", &["token_hash"]).await?;
    ddl::index(manager, "sessions", &["account_id"]).await?;
    ddl::index(manager, "sessions", &["expires_at"]).await
}

/// Invitations and the set-up link.
async fn invitations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("invitations", &["id"]);
    table
        .col(blob("id"))
        .col(blob("token_hash"))
        .col(boolean("set_up"))
        .col(text("role"))
        .col(text_null("email"))
        .col(blob_null("placeholder"))
        .col(blob_null("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(blob_null("used_by"))
        .col(big_integer_null("used_at"))
        .col(big_integer_null("withdrawn_at"));
    manager.create_table(table).await?;
    ddl::unique(manager, "invitations", &["token_hash"]).await?;
    ddl::index(manager, "invitations", &["created_by"]).await?;
    ddl::index(manager, "invitations", &["used_by"]).await?;
    ddl::index(manager, "invitations", &["placeholder"]).await
}

/// Short-lived state between two requests: sign-in, recovery, code challenge.
async fn ceremonies(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("ceremonies", &["id"]);
    table
        .col(blob("id"))
        .col(text("kind"))
        .col(blob_null("account_id"))
        .col(blob_null("subject"))
        .col(blob("state"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"));
    manager.create_table(table).await?;
    ddl::index(manager, "ceremonies", &["expires_at"]).await
}

/// Counters of tries in a window of time.
async fn throttles(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("throttles", &["key"]);
    table.col(blob("key")).col(big_integer("window_start")).col(big_integer("count"));
    manager.create_table(table).await?;
    ddl::index(manager, "throttles", &["window_start"]).await
}
