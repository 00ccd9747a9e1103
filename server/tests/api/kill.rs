//! The program is killed over and over while people upload, share, take back and save, on both databases: whatever was
//! acknowledged is there and opens, whatever got no answer is there whole or not at all and can be done again, the next
//! clean-up leaves neither a blob without a row nor a row without a blob, and the log is the one that was seen before.
//!
//! `TEST_KILL_OPERATIONS` says how many operations are to be acknowledged, `TEST_KILL_SEED` which choices are made
//! (`make crash`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use api_types::{
    AccountId, ReportId,
    accounts::Role,
    audit::{Action, Outcome},
};
use client::{
    AccessStatus, Client, Memory, NoSecondFactor, SignUp,
    log::{LogCheck, LogFound},
    native::Native,
};
use entities::{blob_garbage, drafts, part_segments, upload_segments, uploads};
use futures::future::join_all;
use sea_orm::{EntityTrait, PaginatorTrait};
use server::{
    clock::DAY,
    database_url::DatabaseUrl,
    random,
    services::clean_up,
    storage::blobs::{BlobsConfig, MARKER},
};
use tempfile::TempDir;

use crate::{
    blob_stores::walk,
    harness::Server,
    honest_client::{PASSWORD, Person, device},
    kill_people::{Dice, Kept, Tally, Worker, assert_kept},
    later::later,
    log_kill::Program,
    postgres,
};

const OPERATIONS: u64 = 200;
/// Fewer: what differs is the database, and `make crash` does all of them.
const OPERATIONS_ON_POSTGRES: u64 = 40;
/// From a start to the next kill, in milliseconds.
const SHORTEST: u64 = 50;
const LONGEST: u64 = 800;
/// Most operations for each kill: people go on until it was killed so often.
const EACH_KILL: u64 = 20;

pub const PEOPLE: [&str; 3] = ["Ann", "Bea", "Cem"];

/// Kills the program at whatever point and starts it again, in a thread of its own.
struct Killer {
    stop: Arc<AtomicBool>,
    kills: Arc<AtomicU64>,
    thread: Option<JoinHandle<Program>>,
}

impl Killer {
    fn start(mut program: Program, again: impl Fn() -> Program + Send + 'static, mut dice: Dice) -> Self {
        let (stop, kills) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (stopped, killed) = (Arc::clone(&stop), Arc::clone(&kills));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(SHORTEST + dice.below(LONGEST - SHORTEST)));
                program.kill();
                program = again();
                killed.fetch_add(1, Ordering::AcqRel);
            }
            program
        });
        Self { stop, kills, thread: Some(thread) }
    }

    /// How often it was killed and started again.
    fn kills(&self) -> u64 {
        self.kills.load(Ordering::Acquire)
    }

    /// The program, which runs, and how often it was killed.
    fn end(mut self) -> (Program, u64) {
        self.stop.store(true, Ordering::Release);
        let program = self.thread.take().unwrap().join().unwrap();
        (program, self.kills())
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// An installation: its folder, and its database where that isn't in the folder.
struct Place {
    folder: TempDir,
    postgres: Option<String>,
}

impl Place {
    fn new(postgres: Option<String>) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), postgres }
    }

    fn args(&self) -> Vec<String> {
        self.postgres.iter().flat_map(|url| ["--database".to_owned(), url.clone()]).collect()
    }

    fn database(&self) -> DatabaseUrl {
        match &self.postgres {
            Some(url) => DatabaseUrl::parse(url).unwrap(),
            None => server::cli::default_database(self.folder.path()),
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|e| panic!("{variable}: {e}")))
}

pub fn email(name: &str) -> String {
    format!("{}@clinic.example", name.to_lowercase())
}

/// Somebody who signs up there.
pub async fn join(origin: &str, name: &str, role: Role, token: Option<&str>) -> Person {
    let client = Client::new(Native::new(origin).unwrap());
    let (kit, name, email) = (client.new_kit(), format!("{name} Example"), email(name));
    let sign_up = SignUp { name: &name, email: &email, password: PASSWORD, role, kit: &kit, token, device: device() };
    client.sign_up(sign_up).await.unwrap()
}

/// Three who know each other.
pub async fn workers<'t>(origin: &str, set_up_token: &str, dice: &mut Dice, tally: &'t Tally) -> Vec<Worker<'t>> {
    join(origin, "Ada", Role::Administrator, Some(set_up_token)).await;
    let mut people = Vec::new();
    for name in PEOPLE {
        people.push(join(origin, name, Role::Patient, None).await);
    }
    let mut workers = Vec::new();
    for (own, me) in people.iter().enumerate() {
        let mut others = Vec::new();
        for (other, person) in people.iter().enumerate().filter(|(other, _)| *other != own) {
            let found = me.find_by_email(&email(PEOPLE[other])).await.unwrap().unwrap();
            assert_eq!(found.id, person.account_id());
            others.push(person.clone());
        }
        workers.push(Worker::new(me.clone(), others, dice.another(), tally));
    }
    workers
}

/// Works until all together have done so much, and the program was killed often enough.
async fn work(workers: &mut [Worker<'_>], tally: &Tally, goal: u64, killer: &Killer) {
    join_all(workers.iter_mut().map(|worker| worker.work(goal))).await;
    while killer.kills() * EACH_KILL < goal {
        let more = tally.acknowledged() + 1;
        join_all(workers.iter_mut().map(|worker| worker.work(more))).await;
    }
}

/// All that somebody has. Says how many drafts were left.
pub async fn assert_there(worker: &Worker<'_>) -> u64 {
    for kept in &worker.kept {
        assert_kept(&worker.me, &worker.others, kept).await;
        assert_recorded(worker, kept).await;
    }
    drop_drafts(worker).await
}

/// Each was recorded once, and the report's own chain of events has no gap.
async fn assert_recorded(worker: &Worker<'_>, kept: &Kept) {
    let events = worker.me.report_events(&kept.id, usize::MAX).await.unwrap();
    assert!(events.complete);
    let count = |action: Action| {
        let events = events.items.iter().map(|item| &item.event);
        let done = events.filter(|event| event.action == action && event.outcome == Outcome::Success);
        done.filter(|event| !event.subject.contains("repeated=true")).count()
    };
    let revoked = kept.given.iter().filter(|given| given.status == AccessStatus::Revoked).count();
    let rekeyed = kept.revisions.iter().sum::<u32>() as usize;
    let expected = [kept.revisions.len(), kept.given.len(), revoked, rekeyed];
    assert_eq!([Action::Create, Action::Share, Action::Revoke, Action::Rekey].map(count), expected, "{}", kept.id);
}

/// Everybody's list has what they can open, and no more.
async fn assert_listed(workers: &[Worker<'_>]) {
    let sees = |who: AccountId, worker: &Worker<'_>, kept: &Kept| {
        let other = worker.others.iter().position(|other| other.account_id() == who);
        worker.me.account_id() == who || other.is_some_and(|to| kept.opens_for(to))
    };
    for worker in workers {
        let me = worker.me.account_id();
        let of = |owner: &Worker<'_>| -> Vec<ReportId> {
            owner.kept.iter().filter(|kept| sees(me, owner, kept)).map(|kept| kept.id).collect()
        };
        let expected: BTreeSet<_> = workers.iter().flat_map(of).collect();
        let page = worker.me.list_all().await.unwrap();
        assert!(page.refused.is_empty(), "{:?}", page.refused);
        assert_eq!(page.rows.iter().map(|row| row.id).collect::<BTreeSet<_>>(), expected);
    }
}

/// Drafts whose beginning got no answer are there for their authors, who drop them. Says how many there were.
async fn drop_drafts(worker: &Worker<'_>) -> u64 {
    let rows = worker.me.drafts().await.unwrap();
    for row in &rows {
        assert!(row.draft.is_ok(), "{:?}", row.draft);
        assert!(worker.kept.iter().all(|kept| kept.id != row.id), "a report is a draft still");
        worker.me.delete_draft(&row.id).await.unwrap();
    }
    rows.len() as u64
}

/// From outside, by what one of its people remembers of it.
async fn assert_log_whole(origin: &str, memory: Memory) {
    let client = Client::with_memory(Native::new(origin).unwrap(), memory);
    match client.verify_log(&LogCheck::default(), |_, _| ()).await.unwrap() {
        LogFound::Whole(log) => assert!(log.continues.is_some_and(|seen| 0 < seen && seen <= log.size), "{log:?}"),
        LogFound::Stopped(stopped) => panic!("{}", stopped.refusal),
    }
}

/// All files among the blobs, each with its length.
fn lying(server: &Server) -> BTreeMap<String, u64> {
    let folder: PathBuf = server.state.config.data.join("blobs");
    let files = walk(&folder).into_iter().map(|path| {
        let len = path.metadata().unwrap().len();
        (path.strip_prefix(&folder).unwrap().display().to_string(), len)
    });
    files.filter(|(key, _)| key != MARKER).collect()
}

/// One clean-up, when everything that waits has waited long enough: nothing waits any more. Says which blobs reports name, each with
/// its length.
pub async fn cleaned_up(server: &Server) -> BTreeMap<String, u64> {
    server.state.clock.advance(8 * DAY);
    clean_up::once(&server.state).await.unwrap();
    let conn = server.state.db.read();
    assert_eq!(uploads::Entity::find().count(conn).await.unwrap(), 0, "uploads");
    assert_eq!(upload_segments::Entity::find().count(conn).await.unwrap(), 0, "segments of uploads");
    assert_eq!(blob_garbage::Entity::find().count(conn).await.unwrap(), 0, "blobs to delete");
    let rows = part_segments::Entity::find().all(conn).await.unwrap();
    rows.into_iter().map(|row| (row.blob_key, row.len.unsigned_abs())).collect()
}

/// One clean-up leaves what reports name, and that whole. Says how many files it removed, and how many of them had never become
/// blobs.
async fn assert_no_orphan(server: &Server) -> (usize, usize) {
    let before = lying(server);
    let named = cleaned_up(server).await;
    assert_eq!(drafts::Entity::find().count(server.state.db.read()).await.unwrap(), 0, "drafts");
    let after = lying(server);
    assert_eq!(after, named, "blobs are not those that rows name");
    (before.len() - after.len(), before.keys().filter(|key| key.contains('#')).count())
}

/// Everything again, in this process, once the clean-up was there: for owners, and for whom they gave it to.
async fn after_clean_up(place: Place, workers: &[Worker<'_>]) {
    let (database, args) = (place.database(), place.args());
    let server = Server::start_in(place.folder, |config| {
        config.database_url = database;
        config.blobs = BlobsConfig::Folder;
        config.address_factor = 100;
    })
    .await;
    let (removed, half) = assert_no_orphan(&server).await;
    println!("the clean-up removed {removed} files, {half} of them half written");
    let mut people = Vec::new();
    for name in PEOPLE {
        people.push(later(&server).sign_in(&email(name), PASSWORD, device(), &NoSecondFactor).await.unwrap());
    }
    for (own, worker) in workers.iter().enumerate() {
        let mut others = people.clone();
        let owner = others.remove(own);
        for kept in &worker.kept {
            assert_kept(&owner, &others, kept).await;
        }
    }
    assert_log_whole(&server.origin, workers[0].me.remembered()).await;
    let folder = server.stop().await;
    let mut verify = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
    let said = verify.args(["log", "verify", "--data"]).arg(folder.path()).args(args).output().unwrap();
    let text = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    assert!(said.status.success() && text.contains("The log is whole"), "{text}");
}

async fn play(place: Place, usual: u64) {
    let goal = number("TEST_KILL_OPERATIONS").unwrap_or(usual);
    let seed = number("TEST_KILL_SEED").unwrap_or_else(|| u64::from_le_bytes(random::bytes().unwrap()));
    println!("TEST_KILL_SEED={seed} TEST_KILL_OPERATIONS={goal}");
    let (mut dice, tally, begun) = (Dice::new(seed), Tally::default(), Instant::now());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let origin = format!("http://localhost:{port}");
    let data = place.folder.path().to_owned();
    // All of its people read the log from one address.
    let args = [place.args(), vec!["--address-factor".to_owned(), "100".to_owned()]].concat();
    let again = move || Program::start_with(&data, port, &args);
    let mut program = again();
    let token = program.set_up_token();
    let mut workers = workers(&origin, &token, &mut dice, &tally).await;

    let killer = Killer::start(program, again, dice.another());
    let work = work(&mut workers, &tally, goal, &killer);
    let worked = tokio::time::timeout(Duration::from_secs(120 + goal), work).await;
    let (program, kills) = killer.end();
    println!("{kills} kills in {:?}, {} operations acknowledged: {tally:?}", begun.elapsed(), tally.acknowledged());
    worked.expect("people get on with their work");
    assert!(tally.unanswered.get() > 0, "nobody noticed");
    for done in [&tally.uploads, &tally.shares, &tally.revocations, &tally.versions, &tally.saves] {
        assert!(done.get() > 0, "{tally:?}");
    }

    let drafts: u64 = join_all(workers.iter().map(assert_there)).await.into_iter().sum();
    assert!(drafts <= tally.begun.get(), "{drafts}");
    assert_listed(&workers).await;
    assert_log_whole(&origin, workers[0].me.remembered()).await;
    program.kill();
    after_clean_up(place, &workers).await;
    println!("all of it took {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_that_was_acknowledged_on_sqlite() {
    play(Place::new(None), OPERATIONS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_nothing_that_was_acknowledged_on_postgresql() {
    let Some(url) = postgres::database("").await else { return };
    play(Place::new(Some(url)), OPERATIONS_ON_POSTGRES).await;
}
