//! Finding events by time, and the few that were denied among the many that weren't.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const DENIED: &str = "ix_audit_events_denied";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::index(manager, "audit_events", &["time", "seq"]).await?;
        // In part, so that it costs nothing to write what is allowed.
        let denied = format!("CREATE INDEX {DENIED} ON audit_events (seq) WHERE outcome = 'denied'");
        manager.get_connection().execute_unprepared(&denied).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["ix_audit_events_time_seq", DENIED] {
            manager.drop_index(Index::drop().name(name).table("audit_events").to_owned()).await?;
        }
        Ok(())
    }
}
