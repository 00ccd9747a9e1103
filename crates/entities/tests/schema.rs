//! The entities against the migrated schema, on both databases: same tables, columns, types, nullability and primary keys.

use std::collections::BTreeMap;

use migrations::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, EntityTrait, Schema, Statement,
};

#[path = "../../../server/tests/api/postgres.rs"]
mod postgres;

/// What a database knows of a column: its type, NOT NULL, place in the primary key.
type Columns = BTreeMap<String, (String, bool, i64)>;

const POSTGRES_COLUMNS: &str = "
SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
       COALESCE(array_position(i.indkey::int2[], a.attnum) + 1, 0)::bigint AS pk
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped";

async fn memory() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    Database::connect(options).await.expect("an in-memory database")
}

/// An empty database on PostgreSQL, where there is one.
async fn served() -> Option<DatabaseConnection> {
    let url = postgres::database("").await?;
    Some(Database::connect(url).await.expect("the database that was just made"))
}

/// SQLite's type affinity (datatype3.html, section 3.1), so that `varchar` and `text` count as one.
fn affinity(declared: &str) -> String {
    let upper = declared.to_uppercase();
    let found = [
        ("INT", "int"),
        ("CHAR", "text"),
        ("CLOB", "text"),
        ("TEXT", "text"),
        ("BLOB", "blob"),
        ("BINARY", "blob"),
        ("BOOL", "bool"),
    ];
    found.iter().find(|(part, _)| upper.contains(part)).map_or(upper.clone(), |(_, name)| (*name).to_owned())
}

async fn columns(db: &DatabaseConnection, table: &str) -> Columns {
    match db.get_database_backend() {
        DbBackend::Postgres => postgres_columns(db, table).await,
        _ => sqlite_columns(db, table).await,
    }
}

async fn sqlite_columns(db: &DatabaseConnection, table: &str) -> Columns {
    let sql = format!("PRAGMA table_info(\"{table}\")");
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.expect("table_info");
    let column = |row: &sea_orm::QueryResult| {
        let name: String = row.try_get("", "name").expect("name");
        let declared: String = row.try_get("", "type").expect("type");
        let not_null: i64 = row.try_get("", "notnull").expect("notnull");
        let key: i64 = row.try_get("", "pk").expect("pk");
        (name, (affinity(&declared), not_null != 0, key))
    };
    rows.iter().map(column).collect()
}

/// Types as PostgreSQL writes them: an integer of 4 bytes isn't one of 8.
async fn postgres_columns(db: &DatabaseConnection, table: &str) -> Columns {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, POSTGRES_COLUMNS, [table.into()]);
    let rows = db.query_all_raw(statement).await.expect("pg_attribute");
    let column = |row: &sea_orm::QueryResult| {
        let name: String = row.try_get("", "name").expect("name");
        let kind: String = row.try_get("", "type").expect("type");
        let required: bool = row.try_get("", "required").expect("required");
        let key: i64 = row.try_get("", "pk").expect("pk");
        (name, (kind, required, key))
    };
    rows.iter().map(column).collect()
}

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()",
        _ => "SELECT name FROM sqlite_master WHERE type = 'table'",
    };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.expect("tables");
    let names = rows.iter().map(|row| row.try_get::<String>("", "name").expect("name"));
    let mut names: Vec<_> = names.filter(|name| name != "seaql_migrations").collect();
    names.sort();
    names
}

async fn create<E: EntityTrait>(db: &DatabaseConnection, entity: E) -> String {
    let table = Schema::new(db.get_database_backend()).create_table_from_entity(entity);
    db.execute(&table).await.expect("a table from the entity");
    entity.table_name().to_owned()
}

/// Compares what migrations make with what the entities describe, each in an empty database.
async fn compare(migrated: DatabaseConnection, described: DatabaseConnection) {
    Migrator::up(&migrated, None).await.expect("migrations");
    let mut names = Vec::new();
    macro_rules! each {
        ($module:ident) => {
            names.push(create(&described, entities::$module::Entity).await);
        };
    }
    entities::for_each_entity!(each);
    names.sort();
    assert_eq!(names, tables(&migrated).await, "every table has an entity and the other way round");
    for name in names {
        let found = columns(&migrated, &name).await;
        assert!(!found.is_empty(), "table {name}");
        assert_eq!(columns(&described, &name).await, found, "table {name}");
    }
}

async fn down(db: DatabaseConnection) {
    Migrator::up(&db, None).await.expect("up");
    Migrator::down(&db, None).await.expect("down");
    assert_eq!(tables(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn entities_match_the_migrated_schema() {
    compare(memory().await, memory().await).await;
}

#[tokio::test]
async fn entities_match_the_migrated_schema_on_postgres() {
    let (Some(migrated), Some(described)) = (served().await, served().await) else { return };
    compare(migrated, described).await;
}

/// Rows are given their numbers by the server: a copied database needs no counter that goes on from the last.
#[tokio::test]
async fn no_column_counts_by_itself() {
    let Some(db) = served().await else { return };
    Migrator::up(&db, None).await.expect("up");
    let sql = "SELECT table_name || '.' || column_name AS name FROM information_schema.columns \
               WHERE table_schema = current_schema() AND (is_identity = 'YES' OR column_default LIKE 'nextval%')";
    let found = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect("columns");
    let names: Vec<String> = found.iter().map(|row| row.try_get("", "name").expect("name")).collect();
    assert_eq!(names, Vec::<String>::new());
}

#[tokio::test]
async fn migrations_go_down_again() {
    down(memory().await).await;
}

#[tokio::test]
async fn migrations_go_down_again_on_postgres() {
    let Some(db) = served().await else { return };
    down(db).await;
}
