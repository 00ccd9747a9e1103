//! Emergency contacts: whom an account trusts, the words sealed to them, and where an asking stands.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = ddl::table("emergency_contacts", &["way_in_id"]);
        table
            .col(blob("way_in_id"))
            .col(blob("account_id"))
            .col(blob("contact_id"))
            .col(blob("statement"))
            .col(blob("sealed"))
            .col(integer("delay_days"))
            .col(big_integer("created_at"))
            .col(big_integer_null("accepted_at"))
            .col(big_integer_null("declined_at"))
            .col(big_integer_null("asked_at"))
            .col(big_integer_null("opens_at"))
            .col(big_integer_null("given_at"))
            .col(big_integer_null("refused_at"))
            .col(integer("refusals"))
            .col(integer("told"));
        ddl::references(&mut table, "emergency_contacts", "account_id", "accounts", "id");
        ddl::references(&mut table, "emergency_contacts", "contact_id", "accounts", "id");
        manager.create_table(table).await?;
        ddl::unique(manager, "emergency_contacts", &["account_id", "contact_id"]).await?;
        ddl::index(manager, "emergency_contacts", &["contact_id"]).await?;
        ddl::index(manager, "emergency_contacts", &["asked_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::drop_tables(manager, &["emergency_contacts"]).await
    }
}
