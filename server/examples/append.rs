//! What the log costs: events that are recorded and put into the tree, beside bare inserts of the same rows into the same
//! table, by the same statement, in as large transactions, with the same promise that they are on the disk. `append [EVENTS]`
//! prints events a second of each as JSON, a round a line. For benchmarks; not part of what is installed.

use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use api_types::{AccountId, ReportId, SessionId, audit::Action};
use entities::audit_events::{Entity, Model};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use server::{
    audit::{Audit, EventDraft},
    config::Origin,
    log::{self, Log},
    secrets::SecretsDir,
    storage::{
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
    let events: u64 = std::env::args().nth(1).map_or(Ok(200 * GROUP), |text| text.parse())?;
    for _ in 0..ROUNDS {
        let (folder, bare) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let (recorded, sequenced, rows) = append(folder.path(), events).await?;
        let inserted = insert(bare.path(), rows).await?;
        let [recorded, sequenced, bare] =
            [recorded, sequenced, inserted].map(|took: Duration| events as f64 / took.as_secs_f64());
        println!("{}", serde_json::json!({ "recorded": recorded, "sequenced": sequenced, "bare": bare }));
    }
    Ok(())
}

async fn open(folder: &Path) -> Result<Db, Box<dyn Error>> {
    let db = Db::open(&server::cli::default_database(folder)).await?;
    instance::load_or_create(&db, "Bench").await?;
    Ok(db)
}

/// Reads of a hundred reports by ten people, as the recorder gets them: until the last is durable, and until it is under a
/// signed head.
async fn append(folder: &Path, events: u64) -> Result<(Duration, Duration, Vec<Model>), Box<dyn Error>> {
    let db = open(folder).await?;
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

async fn insert(folder: &Path, rows: Vec<Model>) -> Result<Duration, Box<dyn Error>> {
    let db = open(folder).await?;
    let groups: Vec<Vec<Model>> = rows.chunks(GROUP as usize).map(<[Model]>::to_vec).collect();
    let started = Instant::now();
    for group in groups {
        let tx = db.begin_write().await?;
        let rows = group.into_iter().map(|row| row.into_active_model().reset_all());
        Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
        tx.commit().await?;
    }
    Ok(started.elapsed())
}
