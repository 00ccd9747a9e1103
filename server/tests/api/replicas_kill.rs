//! Three programs on one PostgreSQL and one bucket are killed, one after the other, while people work, and started again. Whoever
//! works reaches them by a balancer, tries again what fails, and loses nothing: what was acknowledged is there, once, and what was
//! taken back is given by none of them. A clean-up leaves no blob in the bucket that no report names.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use api_types::{AccountId, B64, ReportId, SessionId, accounts::Role, audit::Action, drafts::PutDraft, live::LiveKind};
use client::{Client, NoSecondFactor, native::Native};
use entities::audit_events;
use futures::{StreamExt, future::join_all};
use reqwest::{Method, StatusCode};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use server::{
    database_url::DatabaseUrl,
    storage::{db::Db, drafts, log_events},
};
use tempfile::TempDir;

use crate::{
    harness::Server,
    honest_client::{PASSWORD, device},
    kill::{assert_there, cleaned_up},
    kill_people::{Dice, Tally, Worker, assert_kept},
    later::later,
    live::{Heard, try_listen_from},
    log_kill::Program,
    mail_server::free_port,
    replica_harness::{Place, copy_secrets, fresh_connections},
    s3,
    tree::Published,
};

/// Kills, at least; each costs a start.
const KILLS: usize = 9;
/// Kills, at most, while people's choices have not held all that is asked about.
const MOST_KILLS: usize = 4 * KILLS;
/// People who save drafts all the time.
const WRITERS: u8 = 4;
const EMAIL: &str = "pat@clinic.example";
const OWNER: &str = "ann@clinic.example";
const READER: &str = "bea@clinic.example";

/// Whether people still work.
struct Working(AtomicBool);

impl Working {
    fn begin() -> Self {
        Self(AtomicBool::new(true))
    }

    fn go_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn end(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// A session that was acknowledged.
struct Begun {
    id: SessionId,
    token: String,
}

/// Signs in again and again.
async fn sign_in(place: &Place, working: &Working) -> Vec<Begun> {
    let mut begun = Vec::new();
    while working.go_on() {
        match place.client().sign_in(EMAIL, PASSWORD, device(), &NoSecondFactor).await {
            Ok(person) => {
                begun.push(Begun { id: person.session().id, token: person.token().unwrap().to_owned() });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    begun
}

/// Signs out again and again: an end that was acknowledged counts on every server that answers, whatever is killed meanwhile.
async fn sign_out(place: &Place, origins: &[String; 3], working: &Working) -> usize {
    let http = fresh_connections();
    let ask = async |method: Method, url: String, token: &str| {
        let request = http.request(method, url).bearer_auth(token).timeout(Duration::from_secs(20));
        request.send().await.ok().map(|answer| answer.status())
    };
    let mut ended = 0;
    while working.go_on() {
        let Ok(person) = place.client().sign_in(EMAIL, PASSWORD, device(), &NoSecondFactor).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let token = person.token().unwrap();
        loop {
            match ask(Method::DELETE, format!("{}/api/v1/session", place.origin()), token).await {
                // Tried again, it is none any more where the first try got through.
                Some(status) if status.is_success() || status == StatusCode::UNAUTHORIZED => break,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        for origin in origins {
            let status = ask(Method::GET, format!("{origin}/api/v1/account"), token).await;
            let denied = status.is_none_or(|status| status == StatusCode::UNAUTHORIZED || status.is_server_error());
            assert!(denied, "a session that was ended, at {origin}: {status:?}");
        }
        ended += 1;
    }
    ended
}

/// Gives somebody reports, takes them back and makes new keys, again and again; each time whoever lost access tries to open one.
async fn share_and_revoke(worker: &mut Worker<'_>, tally: &Tally, working: &Working) {
    while working.go_on() {
        worker.work(tally.acknowledged() + 1).await;
    }
}

/// Who owns reports, and who is given them.
async fn owner_and_reader<'t>(place: &Place, tally: &'t Tally) -> Worker<'t> {
    let owner = place.join("Ann Owner", OWNER, Role::Patient, None).await;
    let reader = place.join("Bea Reader", READER, Role::Patient, None).await;
    assert_eq!(owner.find_by_email(READER).await.unwrap().unwrap().id, reader.account_id());
    let seed = u64::from_le_bytes(server::random::bytes().unwrap());
    println!("the owner's choices: {seed}");
    Worker::new(owner, vec![reader], Dice::new(seed), tally)
}

/// On each server the owner opens all that was acknowledged, each version of it. The reader opens what the owner's list says, and
/// nothing that was taken back.
async fn reports_are_the_same_everywhere(origins: &[String; 3], worker: &Worker<'_>) {
    for origin in origins {
        println!("what {origin} says of {} reports", worker.kept.len());
        // A client holds one session.
        let client = || Client::new(Native::new(origin).unwrap());
        let owner = client().sign_in(OWNER, PASSWORD, device(), &NoSecondFactor).await.unwrap();
        let reader = client().sign_in(READER, PASSWORD, device(), &NoSecondFactor).await.unwrap();
        let others = [reader];
        for kept in &worker.kept {
            assert_kept(&owner, &others, kept).await;
        }
    }
}

/// Once all of them are gone, one that starts cleans up. Then the bucket holds what reports name, and all of them open as before.
async fn after_clean_up(place: &Place, data: &Path, worker: &Worker<'_>) {
    let server = place.beside(data, |_| ()).await;
    assert_no_orphan(&server).await;
    let owner = later(&server).sign_in(OWNER, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let reader = later(&server).sign_in(READER, PASSWORD, device(), &NoSecondFactor).await.unwrap();
    let others = [reader];
    for kept in &worker.kept {
        assert_kept(&owner, &others, kept).await;
    }
    drop(server.stop().await);
}

async fn assert_no_orphan(server: &Server) {
    let before = s3::keys(&server.state.config).len();
    let named: BTreeSet<String> = cleaned_up(server).await.into_keys().collect();
    let after: BTreeSet<String> = s3::keys(&server.state.config).into_iter().collect();
    assert_eq!(after, named, "blobs in the bucket are not those that rows name");
    assert!(!named.is_empty(), "people had files");
    println!("the clean-up removed {} of {before} blobs", before - after.len());
}

/// What one who saves a draft was told.
struct Saved {
    draft: ReportId,
    acknowledged: u64,
}

fn sealed(counter: u64) -> B64 {
    B64(format!("sealed {counter}").into_bytes())
}

/// Saves a draft; what wasn't acknowledged is sent again as it was.
async fn save(place: &Place, working: &Working, token: &str, n: u8) -> Saved {
    let (http, draft) = (fresh_connections(), ReportId([n + 1; 32]));
    let url = format!("{}/api/v1/drafts/{draft}", place.origin());
    let mut counter = 0;
    let mut acknowledged = None;
    while working.go_on() || acknowledged.is_none() {
        let body = PutDraft { sealed: sealed(counter), counter, begins: counter == 0 };
        let answer = http.put(&url).bearer_auth(token).json(&body).timeout(Duration::from_secs(20)).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => {
                acknowledged = Some(counter);
                counter += 1;
            }
            Ok(answer) if answer.status().is_client_error() => {
                panic!("{counter}: {} {}", answer.status(), answer.text().await.unwrap_or_default());
            }
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    Saved { draft, acknowledged: acknowledged.unwrap() }
}

/// Listens at one program after the other, behind what was heard, until there is nothing more.
async fn listen(origins: &[String; 3], token: &str, working: &Working) -> Vec<Heard> {
    let http = fresh_connections();
    let mut heard: Vec<Heard> = Vec::new();
    let mut quiet_since = Instant::now();
    let mut turn = 0;
    while working.go_on() || quiet_since.elapsed() < Duration::from_secs(5) {
        turn += 1;
        let last = heard.iter().rev().find_map(|it| it.id.clone());
        let Ok(mut events) = try_listen_from(&http, &origins[turn % 3], token, last.as_deref()).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Leaves in the middle of things.
        let until = tokio::time::Instant::now() + Duration::from_millis(400);
        while let Ok(Some(event)) = tokio::time::timeout_at(until, events.next()).await {
            heard.push(event);
            quiet_since = Instant::now();
        }
    }
    heard
}

/// Kills one after the other, and starts each again a moment later. So many were killed.
async fn kill_all(
    place: &Arc<Place>,
    programs: &mut [Option<Program>; 3],
    (folders, ports): (&[TempDir; 3], [u16; 3]),
    enough: impl Fn() -> bool,
) -> usize {
    for n in 0..MOST_KILLS {
        if n >= KILLS && enough() {
            return n;
        }
        tokio::time::sleep(Duration::from_millis(900 + 37 * n as u64)).await;
        if let Some(program) = programs[n % 3].take() {
            program.kill();
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        let (data, port) = (folders[n % 3].path().join("data"), ports[n % 3]);
        // Its start is waited for by a thread of its own: people go on.
        let place = Arc::clone(place);
        let started = tokio::task::spawn_blocking(move || place.program(&data, port));
        programs[n % 3] = Some(started.await.unwrap());
    }
    MOST_KILLS
}

#[tokio::test(flavor = "multi_thread")]
async fn three_programs_are_killed_under_load_and_nothing_is_lost_doubled_or_stale() {
    let Some(place) = Place::new().await.map(Arc::new) else { return };
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let ports = [(); 3].map(|()| free_port());
    let origins = ports.map(|port| format!("http://localhost:{port}"));
    let data = |n: usize| folders[n].path().join("data");
    let mut first = place.program(&data(0), ports[0]);
    let token = first.set_up_token();
    place.balancer.add(ports[0]);
    place.join("Ada Admin", "ada@clinic.example", Role::Administrator, Some(&token)).await;
    let pat = place.join("Pat Patient", EMAIL, Role::Patient, None).await;
    let mut programs = [Some(first), None, None];
    for (n, program) in programs.iter_mut().enumerate().skip(1) {
        copy_secrets(&data(0), &data(n));
        *program = Some(place.program(&data(n), ports[n]));
        place.balancer.add(ports[n]);
    }

    let tally = Tally::default();
    let mut owner = owner_and_reader(&place, &tally).await;
    let (working, token) = (Working::begin(), pat.token().unwrap());
    let log = Published::of(&origins[0]).await;
    let before = log.reaching(1).await.0;
    let killing = async {
        let took_back = || tally.revocations.get() > 0;
        let kills = kill_all(&place, &mut programs, (&folders, ports), took_back).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        working.end();
        kills
    };
    let signing_in = join_all([(); 2].map(|()| sign_in(&place, &working)));
    let signing_out = sign_out(&place, &origins, &working);
    let sharing = share_and_revoke(&mut owner, &tally, &working);
    let saving = join_all((0..WRITERS).map(|n| save(&place, &working, token, n)));
    let listening = listen(&origins, token, &working);
    let (kills, begun, ended, (), saved, heard) =
        tokio::join!(killing, signing_in, signing_out, sharing, saving, listening);
    let begun: Vec<Begun> = begun.into_iter().flatten().collect();
    let saves: u64 = saved.iter().map(|it| it.acknowledged + 1).sum();
    println!(
        "{kills} kills: {} sign-ins, {ended} ends and {saves} saves acknowledged, {} events heard, {tally:?}",
        begun.len(),
        heard.len()
    );
    assert!(begun.len() >= kills && saves >= 100, "they worked");
    assert!(ended > 0 && tally.revocations.get() > 0, "and took back");

    let drafts = assert_there(&owner).await;
    assert!(drafts <= tally.begun.get(), "{drafts}");
    reports_are_the_same_everywhere(&origins, &owner).await;
    sessions_are_open_everywhere(&origins, &begun).await;
    each_was_heard_once(&heard, &begun);
    let db = Db::open_existing(&place.url).await.unwrap();
    each_save_is_there_once(&db, pat.account_id(), &saved).await;
    let events = log_events::count(db.read()).await.unwrap();
    let newest = log.reaching(events).await.0;
    log.assert_consistent(&before, &newest).await;
    assert!(log.leaves(&newest).await.len() as u64 >= events);
    db.close().await.unwrap();
    drop(programs);
    after_clean_up(&place, &data(0), &owner).await;
    verify(&data(1), &place.url);
}

async fn sessions_are_open_everywhere(origins: &[String; 3], begun: &[Begun]) {
    let http = reqwest::Client::new();
    for (n, session) in begun.iter().enumerate() {
        let url = format!("{}/api/v1/account", origins[n % 3]);
        let answer = http.get(url).bearer_auth(&session.token).send().await.unwrap();
        assert!(answer.status().is_success(), "a session that was acknowledged: {}", answer.status());
    }
    // And one that ends on one is over on the others, before its end is acknowledged.
    for (n, session) in begun.iter().take(6).enumerate() {
        let url = format!("{}/api/v1/session", origins[n % 3]);
        assert!(http.delete(url).bearer_auth(&session.token).send().await.unwrap().status().is_success());
        for origin in origins {
            let url = format!("{origin}/api/v1/account");
            let answer = http.get(url).bearer_auth(&session.token).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        }
    }
}

fn each_was_heard_once(heard: &[Heard], begun: &[Begun]) {
    let resyncs = heard.iter().filter(|it| it.event.kind == LiveKind::Resync).count();
    assert_eq!(resyncs, 1, "every stream but the first went on where the one before broke");
    let ids: Vec<&String> = heard.iter().filter_map(|it| it.id.as_ref()).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), heard.len(), "each event once");
    let sessions: Vec<SessionId> = heard
        .iter()
        .filter(|it| it.event.kind == LiveKind::SessionBegan)
        .map(|it| it.event.session_id.unwrap())
        .collect();
    let different: HashSet<_> = sessions.iter().collect();
    assert_eq!(different.len(), sessions.len(), "each session once");
    for session in begun {
        assert!(different.contains(&session.id), "a session that was acknowledged is told of");
    }
}

async fn each_save_is_there_once(db: &Db, author: AccountId, saved: &[Saved]) {
    let query = audit_events::Entity::find().filter(audit_events::Column::Action.eq("draft_save"));
    let events = query.all(db.read()).await.unwrap();
    assert_eq!(server::audit::enum_name(&Action::DraftSave), "draft_save");
    for Saved { draft, acknowledged } in saved {
        let row = drafts::get(db.read(), *draft, author).await.unwrap().unwrap();
        let counter = row.counter.unsigned_abs();
        // The last save may have been done and not acknowledged.
        assert!(counter == *acknowledged || counter == acknowledged + 1, "{counter} {acknowledged}");
        assert_eq!(row.sealed, sealed(counter).0);
        for n in 0..=*acknowledged {
            let subject = format!("draft={draft} counter={n}");
            let done = events.iter().filter(|event| event.subject == subject).count();
            assert_eq!(done, 1, "{subject}");
        }
    }
}

fn verify(data: &Path, url: &DatabaseUrl) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
    program.args(["log", "verify", "--data"]).arg(data).env("HEALTHSECURE_DATABASE", url.expose());
    let output = program.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.contains("The log is whole"), "{said}");
}
