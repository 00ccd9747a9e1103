//! Drafts, uploads, reports, access chains, versions and wraps.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drafts(manager).await?;
        uploads(manager).await?;
        upload_segments(manager).await?;
        blob_garbage(manager).await?;
        reports(manager).await?;
        access_entries(manager).await?;
        grants(manager).await?;
        grant_seeds(manager).await?;
        versions(manager).await?;
        parts(manager).await?;
        part_segments(manager).await?;
        wraps(manager).await?;
        report_access(manager).await?;
        rekey_queue(manager).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(
            manager,
            &[
                "rekey_queue",
                "report_access",
                "wraps",
                "part_segments",
                "parts",
                "versions",
                "grant_seeds",
                "grants",
                "access_entries",
                "reports",
                "blob_garbage",
                "upload_segments",
                "uploads",
                "drafts",
            ],
        )
        .await
    }
}

/// Sealed drafts; only their author sees them.
async fn drafts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("drafts", &["report_id"]);
    table
        .col(blob("report_id"))
        .col(blob("author"))
        .col(big_integer("counter"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(blob("sealed"));
    ddl::references(&mut table, "drafts", "author", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "drafts", &["author", "updated_at"]).await
}

/// Upload sessions of parts that no version names yet.
async fn uploads(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("uploads", &["id"]);
    table
        .col(blob("id"))
        .col(blob("account_id"))
        .col(blob("report_id"))
        .col(integer("version"))
        .col(integer("revision"))
        .col(integer("part"))
        .col(big_integer("ciphertext_len"))
        .col(integer("segments"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"));
    ddl::references(&mut table, "uploads", "account_id", "accounts", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "uploads", &["account_id"]).await?;
    ddl::index(manager, "uploads", &["report_id"]).await?;
    ddl::index(manager, "uploads", &["expires_at"]).await
}

/// Durable segments of an upload.
async fn upload_segments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("upload_segments", &["upload_id", "n"]);
    table.col(blob("upload_id")).col(integer("n")).col(big_integer("len")).col(blob("sha256")).col(text("blob_key"));
    ddl::references(&mut table, "upload_segments", "upload_id", "uploads", "id");
    manager.create_table(table).await
}

/// Blobs to delete; also the intent before a blob is written, so that a crash leaves no orphan.
async fn blob_garbage(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("blob_garbage", &["key"]);
    table.col(text("key")).col(big_integer("not_before"));
    manager.create_table(table).await?;
    ddl::index(manager, "blob_garbage", &["not_before"]).await
}

/// Reports. What the server derives from the signed chain, so that it can answer quickly.
async fn reports(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("reports", &["id"]);
    table
        .col(blob("id"))
        .col(blob("creator"))
        .col(blob("owner"))
        .col(blob_null("placeholder"))
        .col(blob("access_head"))
        .col(integer("entries"))
        .col(integer("latest_version"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(blob("genesis"));
    manager.create_table(table).await?;
    ddl::index(manager, "reports", &["owner"]).await?;
    ddl::index(manager, "reports", &["placeholder"]).await
}

/// Signed entries of a report's access chain.
async fn access_entries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("access_entries", &["report_id", "seq"]);
    table
        .col(blob("report_id"))
        .col(integer("seq"))
        .col(blob("hash"))
        .col(blob("author"))
        .col(big_integer("created_at"))
        .col(blob("entry"));
    ddl::references(&mut table, "access_entries", "report_id", "reports", "id");
    manager.create_table(table).await
}

/// Grants of the chain with what the server alone keeps: tries, redemption, revocation.
async fn grants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("grants", &["id"]);
    table
        .col(blob("id"))
        .col(blob("report_id"))
        .col(integer("seq"))
        .col(text("kind"))
        .col(blob_null("recipient"))
        .col(blob_null("placeholder"))
        .col(text("right"))
        .col(integer("versions_from"))
        .col(integer_null("versions_to"))
        .col(blob_null("parent"))
        .col(blob("granted_by"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(big_integer("ends_at"))
        .col(integer_null("tries_left"))
        .col(big_integer_null("proved_at"))
        .col(big_integer_null("redeemed_at"))
        .col(big_integer_null("requested_at"))
        .col(big_integer_null("revoked_at"));
    ddl::references(&mut table, "grants", "report_id", "reports", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "grants", &["report_id", "seq"]).await?;
    ddl::index(manager, "grants", &["recipient", "report_id"]).await?;
    ddl::index(manager, "grants", &["placeholder"]).await?;
    ddl::index(manager, "grants", &["parent"]).await
}

/// Sealed seeds of code and bearer grants.
async fn grant_seeds(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("grant_seeds", &["grant_id"]);
    table.col(blob("grant_id")).col(blob_null("sealed_seed")).col(blob_null("seed"));
    ddl::references(&mut table, "grant_seeds", "grant_id", "grants", "id");
    manager.create_table(table).await
}

/// Revisions of versions; immutable but for being superseded.
async fn versions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("versions", &["report_id", "version", "revision"]);
    table
        .col(blob("report_id"))
        .col(integer("version"))
        .col(integer("revision"))
        .col(blob("author"))
        .col(big_integer("created_at"))
        .col(big_integer_null("superseded_at"))
        .col(blob("manifest_hash"))
        .col(blob("manifest"))
        .col(blob("part0"))
        .col(blob("statement"));
    ddl::references(&mut table, "versions", "report_id", "reports", "id");
    manager.create_table(table).await
}

/// Parts 1.. of a revision.
async fn parts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("parts", &["report_id", "version", "revision", "part"]);
    table
        .col(blob("report_id"))
        .col(integer("version"))
        .col(integer("revision"))
        .col(integer("part"))
        .col(big_integer("ciphertext_len"))
        .col(blob("etag"));
    ddl::references(&mut table, "parts", "report_id", "reports", "id");
    manager.create_table(table).await
}

/// Where the ciphertext of a part lies.
async fn part_segments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("part_segments", &["report_id", "version", "revision", "part", "n"]);
    table
        .col(blob("report_id"))
        .col(integer("version"))
        .col(integer("revision"))
        .col(integer("part"))
        .col(integer("n"))
        .col(big_integer("len"))
        .col(text("blob_key"));
    ddl::references(&mut table, "part_segments", "report_id", "reports", "id");
    manager.create_table(table).await
}

/// Content keys, wrapped once for each live grant.
async fn wraps(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("wraps", &["report_id", "version", "revision", "grant_id"]);
    table
        .col(blob("report_id"))
        .col(integer("version"))
        .col(integer("revision"))
        .col(blob("grant_id"))
        .col(blob("wrap"));
    ddl::references(&mut table, "wraps", "report_id", "reports", "id");
    ddl::references(&mut table, "wraps", "grant_id", "grants", "id");
    manager.create_table(table).await?;
    ddl::index(manager, "wraps", &["grant_id"]).await
}

/// Each account's list of reports in order of change; rebuilt from the grants at every change.
async fn report_access(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("report_access", &["account_id", "report_id"]);
    table
        .col(blob("account_id"))
        .col(blob("report_id"))
        .col(big_integer("cursor"))
        .col(text("state"))
        .col(blob_null("grant_id"))
        .col(integer("version"))
        .col(integer("revision"))
        .col(big_integer("ends_at"));
    ddl::references(&mut table, "report_access", "report_id", "reports", "id");
    manager.create_table(table).await?;
    ddl::unique(manager, "report_access", &["account_id", "cursor"]).await?;
    ddl::index(manager, "report_access", &["account_id", "ends_at"]).await?;
    ddl::index(manager, "report_access", &["report_id"]).await?;
    ddl::index(manager, "report_access", &["ends_at"]).await
}

/// Versions that wait for their owner's client to re-key them.
async fn rekey_queue(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = ddl::table("rekey_queue", &["report_id", "version"]);
    table.col(blob("report_id")).col(integer("version")).col(blob("grant_id")).col(big_integer("created_at"));
    ddl::references(&mut table, "rekey_queue", "report_id", "reports", "id");
    manager.create_table(table).await
}
