//! The program is killed while it writes, at whatever point, and started again: every acknowledged event is in the tree,
//! once, and what was published before is a part of what is published after.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use api_types::audit::{Action, AuditEvent};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use client::{
    Client, SignUp,
    api::{EventFilter, ListQuery},
    native::Native,
};
use crypto::audit::what;
use server::random;
use tokio::task::JoinHandle;

use crate::{
    honest_client::{PASSWORD, Person, device},
    tree::{Published, opening},
};

/// Kills; each costs a start.
const KILLS: usize = 12;

/// The program, until it is killed or dropped.
pub struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Program {
    fn start(data: &Path, port: u16) -> Self {
        Self::start_with(data, port, &[])
    }

    /// Returns when it says that it is ready.
    pub fn start_with(data: &Path, port: u16, more: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data).args(more);
        command.env("RUST_LOG", "error");
        Self::run(command)
    }

    /// The same, of one with arguments of its own.
    pub fn run(mut command: Command) -> Self {
        crypto::stretch::spare_the_cost();
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("is ready") {
            assert!(lines.read_line(&mut said).unwrap() > 0, "it doesn't start: {said}");
        }
        Self { child, lines }
    }

    /// The token of the link that it prints next.
    pub fn set_up_token(&mut self) -> String {
        let mut said = String::new();
        while !said.contains("#setup=") {
            assert!(self.lines.read_line(&mut said).unwrap() > 0, "no link: {said}");
        }
        said.trim().rsplit_once("#setup=").unwrap().1.to_owned()
    }

    /// Its number among the processes.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests to list reports, as their reader signed them: no two are the same, and the event of each holds it.
#[derive(Default)]
struct Lists {
    tried: Vec<String>,
    acknowledged: Vec<String>,
}

/// Lists reports until the server is gone. Each is an event; an answer acknowledges it.
fn busy(person: &Arc<Person>) -> JoinHandle<Lists> {
    let person = Arc::clone(person);
    tokio::spawn(async move {
        let mut lists = Lists::default();
        loop {
            let request = person.sign_request(Action::List, None, what::REPORTS);
            let signed = request.as_str().to_owned();
            lists.tried.push(signed.clone());
            if person.api().list_reports(&ListQuery::default(), &request).await.is_err() {
                return lists;
            }
            lists.acknowledged.push(signed);
        }
    })
}

/// How often each request to list was recorded.
fn recorded(events: &[AuditEvent]) -> HashMap<String, u64> {
    let mut found: HashMap<String, u64> = HashMap::new();
    for event in events.iter().filter(|event| event.action == Action::List) {
        *found.entry(URL_SAFE_NO_PAD.encode(&event.request.as_ref().unwrap().0)).or_default() += 1;
    }
    found
}

/// What was acknowledged is recorded once, and what wasn't once or not at all; nothing else is.
fn assert_recorded(events: &[AuditEvent], lists: &Lists) {
    let recorded = recorded(events);
    for signed in &lists.acknowledged {
        assert_eq!(recorded.get(signed), Some(&1), "an acknowledged list: {signed}");
    }
    let known = lists.tried.iter().filter_map(|signed| recorded.get(signed));
    assert!(known.clone().all(|count| *count == 1), "one was recorded twice");
    assert_eq!(known.count(), recorded.len(), "one was recorded that nobody asked for");
}

async fn all_events(person: &Person) -> Vec<AuditEvent> {
    let (mut items, mut before) = (Vec::new(), None);
    loop {
        let page = person.events(&EventFilter { before, ..EventFilter::default() }).await.unwrap();
        items.extend(page.items.into_iter().map(|item| item.event));
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    items.sort_by_key(|event| event.seq);
    items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_neither_loses_an_event_nor_forks_the_tree() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let origin = format!("http://localhost:{port}");
    let mut program = Program::start(&data, port);
    let client = Client::new(Native::new(&origin).unwrap());
    let kit = client.new_kit();
    let token = program.set_up_token();
    let sign_up = SignUp {
        name: "Ada Admin",
        email: "ada@clinic.example",
        password: PASSWORD,
        role: api_types::accounts::Role::Administrator,
        kit: &kit,
        token: Some(&token),
        device: device(),
    };
    let ada = Arc::new(client.sign_up(sign_up).await.unwrap());

    let mut all = Lists::default();
    let mut seen = Vec::new();
    for _ in 0..KILLS {
        let log = Published::of(&origin).await;
        let readers: Vec<_> = (0..8).map(|_| busy(&ada)).collect();
        let millis = u64::from(random::bytes::<1>().unwrap()[0]) * 2;
        tokio::time::sleep(Duration::from_millis(40)).await;
        seen.push(log.reaching(1).await.0);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        program.kill();
        for reader in readers {
            let Lists { tried, acknowledged } = reader.await.unwrap();
            all.tried.extend(tried);
            all.acknowledged.extend(acknowledged);
        }
        program = Program::start(&data, port);
    }

    let events = all_events(&ada).await;
    let log = Published::of(&origin).await;
    let newest = log.reaching(events.len() as u64).await.0;
    let leaves = log.leaves(&newest).await;
    for (place, event) in events.iter().enumerate() {
        assert_eq!((event.seq, event.leaf_index), (place as u64, Some(place as u64)));
        assert_eq!(opening(event).commitment().0[..], leaves[place], "{event:?}");
    }
    for old in &seen {
        log.assert_consistent(old, &newest).await;
    }
    assert_recorded(&events, &all);
    let (tried, done) = (all.tried.len(), all.acknowledged.len());
    let lists = events.iter().filter(|event| event.action == Action::List).count();
    println!("{KILLS} kills, {tried} lists tried, {done} acknowledged, {lists} recorded, {} leaves", leaves.len());
    assert!(done > 100 && done <= lists && lists <= tried, "{done} {lists} {tried}");
    program.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_verify_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = Program::start(&data, port);
    Published::of(&format!("http://localhost:{port}")).await.reaching(1).await;
    let verify = || {
        let said =
            Command::new(env!("CARGO_BIN_EXE_healthsecure")).args(["log", "verify", "--data"]).arg(&data).output();
        let said = said.unwrap();
        (said.status.success(), String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned())
    };
    let (whole, said) = verify();
    assert!(whole && said.contains("The log is whole: 1 events"), "{said}");
    program.kill();

    let db = server::storage::db::Db::open(&server::cli::default_database(&data)).await.unwrap();
    let tx = db.begin_write().await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(tx.conn(), "UPDATE audit_events SET subject = 'what=stop'")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let (whole, said) = verify();
    assert!(!whole && said.contains("event 0 is not the one that the tree holds"), "{said}");
}
