//! The entities against the migrated schema: same tables, columns, types, nullability and primary keys.

use std::collections::BTreeMap;

use migrations::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, EntityTrait, Schema, Statement,
};

/// What SQLite knows of a column: its affinity (three letters), NOT NULL, place in the primary key.
type Columns = BTreeMap<String, (String, bool, i64)>;

async fn memory() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    Database::connect(options).await.expect("an in-memory database")
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

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'seaql_migrations' ORDER BY name";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql.to_owned())).await.expect("tables");
    rows.iter().map(|row| row.try_get("", "name").expect("name")).collect()
}

async fn create<E: EntityTrait>(db: &DatabaseConnection, entity: E) -> String {
    let table = Schema::new(DbBackend::Sqlite).create_table_from_entity(entity);
    db.execute(&table).await.expect("a table from the entity");
    entity.table_name().to_owned()
}

#[tokio::test]
async fn entities_match_the_migrated_schema() {
    let migrated = memory().await;
    Migrator::up(&migrated, None).await.expect("migrations");
    let described = memory().await;
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
        assert_eq!(columns(&described, &name).await, columns(&migrated, &name).await, "table {name}");
    }
}

#[tokio::test]
async fn migrations_go_down_again() {
    let db = memory().await;
    Migrator::up(&db, None).await.expect("up");
    Migrator::down(&db, None).await.expect("down");
    assert_eq!(tables(&db).await, Vec::<String>::new());
}
