//! What lists say of reports, against where it comes from.

use sea_orm::{ConnectionTrait, Statement};
use server::storage::failure::Failure;

/// Rows that say other than their report, grant or key; or, of one that left a list, anything.
const OTHERWISE: &str = r#"
SELECT COUNT(*)
FROM report_access a
LEFT JOIN reports r ON r.id = a.report_id AND a.state = 'live'
LEFT JOIN grants g ON g.id = a.grant_id
LEFT JOIN grant_seeds s ON s.grant_id = a.grant_id
LEFT JOIN wraps w ON g.team_id IS NULL AND w.report_id = a.report_id AND w.version = a.version
     AND w.revision = a.revision AND w.grant_id = a.grant_id
WHERE a.creator IS DISTINCT FROM r.creator OR a.owner IS DISTINCT FROM r.owner
      OR a.created_at IS DISTINCT FROM r.created_at OR a.updated_at IS DISTINCT FROM r.updated_at
      OR a.access_head IS DISTINCT FROM r.access_head OR a."right" IS DISTINCT FROM g."right"
      OR a.expires_at IS DISTINCT FROM g.expires_at OR a.team_id IS DISTINCT FROM g.team_id
      OR a.seed IS DISTINCT FROM s.seed OR a.wrap IS DISTINCT FROM w.wrap"#;

/// Every row says what report, grant and key say. A database that is away says nothing.
pub async fn agree(conn: &impl ConnectionTrait) {
    let statement = Statement::from_string(conn.get_database_backend(), OTHERWISE);
    let row = match conn.query_one_raw(statement).await {
        Err(error) if matches!(Failure::of(&error), Failure::Away | Failure::Busy) => return,
        row => row.unwrap().unwrap(),
    };
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0, "lists say other than their sources");
}
