//! What the log costs: events that are recorded and put into the tree, beside bare inserts of the same rows into the same
//! table, by the same statement, in as large transactions, with the same promise that they are on the disk. `append [EVENTS] [SERVER]`
//! prints events a second of each as JSON, a round a line: on SQLite, or, with SERVER (somebody who may create databases,
//! without a database's name: `postgres://postgres@127.0.0.1:5432`), in new databases of that PostgreSQL. For benchmarks; not part
//! of what is installed.

use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use api_types::{AccountId, ReportId, SessionId, audit::Action};
use entities::audit_events::{Entity, Model};
use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, EntityTrait, IntoActiveModel};
use server::{
    audit::{Audit, EventDraft},
    config::Origin,
    database_url::DatabaseUrl,
    log::{self, Log},
    secrets::SecretsDir,
    storage::{
        connect::{Purpose, begin, connect},
        db::Db,
        instance,
        log::{Tree, head},
        log_events,
    },
};

/// Events of a transaction, as many as the recorder takes at once.
const GROUP: u64 = 512;
const ROUNDS: u32 = 5;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (postgres, events): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|text| text.starts_with("postgres"));
    let postgres = postgres.first().map(String::as_str);
    let events: u64 = events.first().map_or(Ok(200 * GROUP), |text| text.parse())?;
    for _ in 0..ROUNDS {
        let (folder, bare) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let (recorded, sequenced, rows) =
            append(folder.path(), &database(folder.path(), postgres).await?, events).await?;
        let inserted = insert(&database(bare.path(), postgres).await?, rows).await?;
        let [recorded, sequenced, bare] =
            [recorded, sequenced, inserted].map(|took: Duration| events as f64 / took.as_secs_f64());
        println!("{}", serde_json::json!({ "recorded": recorded, "sequenced": sequenced, "bare": bare }));
    }
    Ok(())
}

/// In the folder, or named like it on a server.
async fn database(folder: &Path, postgres: Option<&str>) -> Result<DatabaseUrl, Box<dyn Error>> {
    let Some(postgres) = postgres else { return Ok(server::cli::default_database(folder)) };
    let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = format!("bench_{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), ""));
    let admin = Database::connect(format!("{postgres}/postgres")).await?;
    admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
    admin.close().await?;
    Ok(DatabaseUrl::parse(&format!("{postgres}/{name}"))?)
}

async fn open(database: &DatabaseUrl) -> Result<Db, Box<dyn Error>> {
    let db = Db::open(database).await?;
    instance::load_or_create(&db, "Bench").await?;
    Ok(db)
}

/// Reads of a hundred reports by ten people, as the recorder gets them: until the last is durable, and until it is under a
/// signed head.
async fn append(
    folder: &Path,
    database: &DatabaseUrl,
    events: u64,
) -> Result<(Duration, Duration, Vec<Model>), Box<dyn Error>> {
    let db = open(database).await?;
    let secrets = SecretsDir::open(folder, true)?;
    let key = log::load_key(&secrets, Tree::Events, &Origin::parse("https://log.example")?, None)?;
    let log = Log::start(db.clone(), Tree::Events, key, Vec::new()).await?;
    let audit = Audit::start(db.clone());
    let started = Instant::now();
    for first in (0..events).step_by(GROUP as usize) {
        audit.record_all((first..events.min(first + GROUP)).map(read).collect()).await?;
    }
    let recorded = started.elapsed();
    while head(db.read(), Tree::Events).await?.map_or(0, |head| head.size) < events {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let sequenced = started.elapsed();
    log.stop().await;
    let rows = log_events::from(db.read(), 0, events).await?;
    db.close().await?;
    Ok((recorded, sequenced, rows))
}

fn read(n: u64) -> EventDraft {
    let [report, person] = [n % 100, n % 10].map(|n| [n as u8; 32]);
    let draft = EventDraft::anonymous(Action::Read).actor(AccountId(person), Some(SessionId([n as u8; 16])));
    draft.on(ReportId(report)).with("version", n % 7)
}

/// Over a connection like the writer's, and nothing else.
async fn insert(database: &DatabaseUrl, rows: Vec<Model>) -> Result<Duration, Box<dyn Error>> {
    open(database).await?.close().await?;
    let conn = connect(database, Purpose::Write).await?;
    let groups: Vec<Vec<Model>> = rows.chunks(GROUP as usize).map(<[Model]>::to_vec).collect();
    let started = Instant::now();
    for group in groups {
        let tx = begin(&conn).await?;
        let rows = group.into_iter().map(|row| row.into_active_model().reset_all());
        Entity::insert_many(rows).exec_without_returning(&tx).await?;
        tx.commit().await?;
    }
    let took = started.elapsed();
    conn.close().await?;
    Ok(took)
}
