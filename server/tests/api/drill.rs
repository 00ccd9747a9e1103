//! Restore drills: what is restored is compared and opened, nothing of it stays, and what fails is told.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use api_types::{ReportId, backups::Canary as Shown};
use client::{Client, NoSecondFactor, native::Native};
use server::{
    backup::{
        drill::{self, Canary, DrillPlan, Outcome},
        schedule::{self, Schedule},
    },
    clock::{DAY, HOUR, MINUTE},
    storage::drills::{self, CanaryState, DrillRow},
};
use tempfile::TempDir;

use crate::{
    backup::{FILE, Vaulted, events, write_some},
    harness::Server,
    honest_client::{PASSWORD, clinic, device, read},
    mail_kinds::opened,
    mail_server::{Post, Smtp, with_mail_and},
};

/// A program in the place of `hs`: it says where it was sent, and ends as it is told.
struct StandIn {
    folder: TempDir,
}

impl StandIn {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display();
        let script = format!(
            "#!/bin/sh\nprintf '%s' \"$*\" > {place}/said.new && mv {place}/said.new {place}/said\n\
             while [ ! -f {place}/end ]; do sleep 0.05; done\ncat {place}/end >&2\n[ ! -s {place}/end ]\n"
        );
        let program = folder.path().join("hs");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Self { folder }
    }

    fn canary(&self) -> Canary {
        Canary { file: self.folder.path().join("canary.json"), hs: self.folder.path().join("hs") }
    }

    fn names(&self, report: &ReportId) {
        fs::write(self.canary().file, format!(r#"{{"report":"{report}"}}"#)).unwrap();
    }

    /// The server that it was to ask, and what else it was told.
    async fn sent_to(&self) -> String {
        loop {
            if let Ok(said) = fs::read_to_string(self.folder.path().join("said")) {
                let file = self.canary().file;
                let (before, after) = said.split_once(" canary open --file ").unwrap();
                assert_eq!(PathBuf::from(after), file);
                return before.strip_prefix("--no-keyring --server ").unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nothing said means that the canary opened.
    fn end(&self, said: &str) {
        fs::write(self.folder.path().join("end.new"), said).unwrap();
        fs::rename(self.folder.path().join("end.new"), self.folder.path().join("end")).unwrap();
    }
}

pub fn plan(vaulted: &Vaulted, canary: Option<Canary>) -> DrillPlan {
    let scratch = vaulted.folder.path().join("scratch");
    fs::create_dir_all(&scratch).unwrap();
    DrillPlan { every: "7d".parse().unwrap(), identity: Some(vaulted.identity()), scratch, canary }
}

fn schedule_of(vaulted: &Vaulted, drill: DrillPlan) -> Schedule {
    Schedule { drill: Some(drill), ..vaulted.schedule(None) }
}

async fn first_made(vaulted: &Vaulted) {
    while !vaulted.path().join("snapshots").is_dir() || vaulted.snapshots().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A backup of what is there now; the server makes the first by itself.
async fn backed_up(server: &Server, vaulted: &Vaulted) {
    first_made(vaulted).await;
    server.state.clock.advance(HOUR + MINUTE);
    while vaulted.snapshots().await.len() < 2 {
        schedule::once(&server.state).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn drilled(server: &Server) -> Outcome {
    drill::once(&server.state).await.unwrap().expect("one was due")
}

async fn checkpoint(origin: &str) -> String {
    reqwest::get(format!("{origin}/log/events/checkpoint")).await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_restores_compares_and_opens_the_canary_with_its_own_key() {
    let vaulted = Vaulted::new();
    let hs = StandIn::new();
    let plan = plan(&vaulted, Some(hs.canary()));
    let scratch = plan.scratch.clone();
    let server = Server::start_with(|config| config.backup = Some(schedule_of(&vaulted, plan))).await;
    let [administrator, _, patient] = clinic(&server).await;
    let report = write_some(&patient, 1).await.remove(0);
    hs.names(&report);
    backed_up(&server, &vaulted).await;
    // What came after the snapshot is not in it.
    let later = write_some(&patient, 1).await.remove(0);

    let opening = async {
        let copy = hs.sent_to().await;
        assert_ne!(copy, server.origin);
        let before = checkpoint(&copy).await;
        let client = Client::new(Native::new(&copy).unwrap());
        let ann = client.sign_in("ann@clinic.example", PASSWORD, device(), &NoSecondFactor).await.unwrap();
        ann.check_log().await.unwrap();
        assert_eq!(read(&ann, &report).await.unwrap().len(), FILE);
        assert!(ann.report(&later).await.is_err());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(checkpoint(&copy).await, before, "a copy signs no history of its own");
        hs.end("");
        copy
    };
    let (outcome, copy) = tokio::join!(drilled(&server), opening);
    assert_eq!((outcome.error.as_deref(), outcome.restored, outcome.canary), (None, true, CanaryState::Opened));
    assert!(outcome.rows > 20 && outcome.objects >= 2 && outcome.bytes > FILE as u64, "{outcome:?}");
    assert!(reqwest::get(format!("{copy}/healthz")).await.is_err(), "it is served no longer");
    assert_eq!(fs::read_dir(scratch).unwrap().count(), 0, "nothing stays");
    assert_eq!(events(&server, "what=drill restored=true canary=opened %").await, 1);
    assert!(drill::once(&server.state).await.unwrap().is_none(), "not due again");
    let status = administrator.api().get_backups().await.unwrap();
    let shown = status.drill.unwrap();
    assert_eq!((shown.restored, shown.canary, shown.error), (true, Shown::Opened, None));
    assert_eq!(shown.snapshot, outcome.snapshot.map(|id| id.to_string()));
    let plan = status.drill_plan.unwrap();
    assert!(plan.restores && plan.canary && plan.next_at > server.state.clock.now() + 6 * DAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_stays_shut_is_a_failure_and_administrators_hear_of_it() {
    let Some(post) = Post::new() else { return };
    let vaulted = Vaulted::new();
    let hs = StandIn::new();
    hs.end("hs: this does not open\n");
    let plan = schedule_of(&vaulted, plan(&vaulted, Some(hs.canary())));
    let (server, mut mail) = with_mail_and(&post, Smtp::StartTls, |it| it.backup = Some(plan)).await;
    let [administrator, _, patient] = opened(&server, &mut mail).await;
    hs.names(&write_some(&patient, 1).await.remove(0));
    backed_up(&server, &vaulted).await;
    let outcome = drilled(&server).await;
    assert_eq!((outcome.restored, outcome.canary), (true, CanaryState::NotOpened));
    let said = outcome.error.unwrap();
    assert!(said.ends_with("doesn't open from the snapshot: hs: this does not open"), "{said}");
    server.state.db.mail().notify_one();
    let message = mail.next().await;
    let subject = "a backup could not be restored";
    assert_eq!((message.to.as_slice(), message.subject()), (&["ada@clinic.example".to_owned()][..], subject));
    let shown = administrator.api().get_backups().await.unwrap().drill.unwrap();
    assert_eq!((shown.canary, shown.error), (Shown::NotOpened, Some(said)));
    assert_eq!(events(&server, "what=drill_failed restored=true canary=not_opened %").await, 1);

    // It is tried again, sooner; of a report that no snapshot has it is said so.
    assert!(drill::once(&server.state).await.unwrap().is_none());
    hs.names(&ReportId([7; 32]));
    server.state.clock.advance(6 * HOUR);
    let outcome = drilled(&server).await;
    assert!(outcome.error.unwrap().contains("it is not in the snapshot"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_found_with_the_identity_and_without() {
    for with_identity in [true, false] {
        let vaulted = Vaulted::new();
        let mut plan = plan(&vaulted, None);
        plan.identity = plan.identity.filter(|_| with_identity);
        let schedule = schedule_of(&vaulted, plan);
        let server = Server::start_with(|config| config.backup = Some(schedule)).await;
        let [administrator, _, patient] = clinic(&server).await;
        write_some(&patient, 1).await;
        backed_up(&server, &vaulted).await;
        let good = drilled(&server).await;
        assert_eq!((good.error, good.restored, good.canary), (None, with_identity, CanaryState::None));
        assert!(good.objects >= 2 && good.bytes > FILE as u64);
        let plan = administrator.api().get_backups().await.unwrap().drill_plan.unwrap();
        assert_eq!((plan.restores, plan.canary), (with_identity, false));

        let largest = vaulted.files().remove(0);
        let mut bytes = fs::read(&largest).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&largest, bytes).unwrap();
        server.state.clock.advance(7 * DAY);
        let failed = drilled(&server).await;
        let name = largest.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(failed.error.as_deref().unwrap().contains(&name), "{failed:?}");
        assert!(!failed.restored);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_broke_off_shows_nothing_and_the_next_one_begins() {
    let vaulted = Vaulted::new();
    let hs = StandIn::new();
    let plan = plan(&vaulted, Some(hs.canary()));
    let scratch = plan.scratch.clone();
    let server = Server::start_with(|config| config.backup = Some(schedule_of(&vaulted, plan))).await;
    let [administrator, _, patient] = clinic(&server).await;
    hs.names(&write_some(&patient, 1).await.remove(0));
    backed_up(&server, &vaulted).await;
    let state = server.state.clone();
    let broken = tokio::spawn(async move { drill::once(&state).await.map(drop) });
    hs.sent_to().await;
    broken.abort();
    assert!(broken.await.unwrap_err().is_cancelled());
    assert_eq!(fs::read_dir(scratch).unwrap().count(), 0, "nothing stays");
    assert!(drill::once(&server.state).await.unwrap().is_none(), "it may be running");
    server.state.clock.advance(3 * MINUTE);
    hs.end("");
    assert_eq!(drilled(&server).await.canary, CanaryState::Opened);
    assert_eq!(events(&server, "what=drill_broke_off count=1").await, 1);
    assert!(administrator.api().get_backups().await.unwrap().drill.unwrap().error.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_keeps_none_from_beginning() {
    let vaulted = Vaulted::new();
    let schedule = schedule_of(&vaulted, plan(&vaulted, None));
    let server = Server::start_with(|config| config.backup = Some(schedule)).await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    backed_up(&server, &vaulted).await;
    let now = server.state.clock.now();
    // One ends by the clock that is ahead, and one is killed.
    server.state.clock.advance(DAY);
    assert_eq!(drilled(&server).await.error, None);
    server.state.clock.advance(-DAY);
    let killed = DrillRow {
        id: "killed".into(),
        began_at: now + DAY,
        leased_until: now + DAY,
        ended_at: None,
        snapshot: None,
        restored: false,
        canary: CanaryState::None.name(),
        rows: 0,
        objects: 0,
        bytes: 0,
        error: None,
    };
    let tx = server.state.db.begin_write().await.unwrap();
    drills::insert(tx.conn(), killed).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(drilled(&server).await.error, None);
    assert_eq!(events(&server, "what=drill_broke_off count=1").await, 1);
    assert!(drill::once(&server.state).await.unwrap().is_none(), "not due again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_started_by_a_clock_that_was_ahead_begins_one_once_that_is_set_right() {
    let vaulted = Vaulted::new();
    let schedule = schedule_of(&vaulted, plan(&vaulted, None));
    let server = Server::start_with(|config| config.backup = Some(schedule)).await;
    let [_, _, patient] = clinic(&server).await;
    write_some(&patient, 1).await;
    first_made(&vaulted).await;
    server.state.clock.advance(-DAY);
    assert!(
        drill::once(&server.state).await.unwrap().is_none(),
        "of the snapshot nobody knows by what version it was made"
    );
    backed_up(&server, &vaulted).await;
    assert_eq!(drilled(&server).await.error, None);
}
