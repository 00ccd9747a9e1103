//! The witness as a program: what it prints, its files, and what `kill -9` can't make it do.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use tlog::{Hash, cosignature::CosignerKey, note::Verifier, note::signature_lines, witness::parse_conflict};

use crate::growing_log::GrowingLog;

/// A started witness; killed (SIGKILL) when dropped.
struct Program {
    child: Child,
    url: String,
    vkey: String,
}

fn witness(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthsecure"));
    command.arg("witness").arg("--data").arg(data).args(args);
    command
}

fn refused(data: &Path, args: &[&str]) -> String {
    let Output { status, stderr, .. } = witness(data, args).output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

impl Program {
    fn start(data: &Path, log: &GrowingLog) -> Self {
        let args = ["--listen", "127.0.0.1:0", "--name", "w.example/1", "--log", &log.vkey()];
        let mut child = witness(data, &args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.strip_prefix("The witness is ready at ").unwrap().to_owned();
        let vkey = lines.next().unwrap().unwrap();
        Self { child, url, vkey }
    }

    fn kill(mut self) {
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

/// `POST /add-checkpoint`, if an answer came whole.
async fn add(url: &str, body: String) -> Option<(u16, String)> {
    let response = reqwest::Client::new().post(format!("{url}/add-checkpoint")).body(body).send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.text().await.ok()?))
}

#[test]
fn it_makes_its_key_once_and_prints_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("w"), GrowingLog::new("log.example"));
    assert!(refused(&data, &["key"]).contains("the witness makes it when it first starts"));
    assert!(refused(&data, &["--name", "w.example/1"]).contains("say which logs to follow"));
    assert!(refused(&data, &["--log", &log.vkey(), "--listen", "127.0.0.1:0"]).contains("--name"));
    let program = Program::start(&data, &log);
    let key: CosignerKey = program.vkey.parse().unwrap();
    assert_eq!(key.name().as_str(), "w.example/1");
    let again = witness(&data, &["key"]).output().unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap(), format!("{}\n", program.vkey));
    let mode = |path: &str| std::fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("secrets/witness-key"), mode("secrets"), mode("")), (0o600, 0o700, 0o700));
    let second = refused(&data, &["--log", &log.vkey(), "--listen", "127.0.0.1:0"]);
    assert!(second.contains("another healthsecure uses"), "{second}");
    program.kill();
    let other = refused(&data, &["--log", &log.vkey(), "--listen", "127.0.0.1:0", "--name", "w.example/2"]);
    assert!(other.contains("is called w.example/1"), "{other}");
    assert_eq!(Program::start(&data, &log).vkey, key.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_signed_is_not_replaced_when_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("w"), GrowingLog::new("log.example"));
    let program = Program::start(&data, &log);
    assert_eq!(add(&program.url, log.request(0, 5)).await.unwrap().0, 200);
    program.kill();
    let mode = std::fs::read_dir(data.join("logs")).unwrap().next().unwrap().unwrap().metadata().unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    std::fs::remove_file(data.join("secrets/witness-key")).unwrap();
    let said = refused(&data, &["--log", &log.vkey(), "--listen", "127.0.0.1:0", "--name", "w.example/1"]);
    assert!(said.contains("is missing, but checkpoints were cosigned with it"), "{said}");
}

/// Two histories of one size race for the cosignature while the witness is killed at another moment each time: some rounds
/// before it decides, some between storing and answering, some after. Whatever ever left it, no size has two roots.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_never_gets_two_roots_of_one_size_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("w"), GrowingLog::new("log.example"));
    let (mut signed, mut size, mut unanswered) = (BTreeMap::<u64, Hash>::new(), 0, 0);
    // Whichever of the two won the round before is the truth from there on.
    let mut truth = log;
    for round in 0..24u64 {
        let (old, new) = (size, size + 2);
        let histories = [truth.clone(), truth.forked_at(old as usize)];
        let program = Program::start(&data, &truth);
        let key: CosignerKey = program.vkey.parse().unwrap();
        let racing = histories.clone().map(|h| tokio::spawn(race(program.url.clone(), h, old, new)));
        tokio::time::sleep(Duration::from_micros(round * 400)).await;
        program.kill();
        for (task, history) in racing.into_iter().zip(&histories) {
            if let Some(lines) = task.await.unwrap() {
                note_signed(&mut signed, history, new, &lines, &key);
            }
        }
        // After the restart both ask again, from either size.
        let program = Program::start(&data, &truth);
        let (_, has) = add(&program.url, histories[0].request(99, 100)).await.unwrap();
        let has = parse_conflict(has.as_bytes()).unwrap();
        unanswered += u32::from(has == new && !signed.contains_key(&new));
        for from in [old, new] {
            for history in &histories {
                if let Some((200, lines)) = add(&program.url, history.request(from, new)).await {
                    note_signed(&mut signed, history, new, &lines, &key);
                }
            }
        }
        truth = histories.into_iter().find(|h| signed[&new] == *h.head(new).root()).unwrap();
        size = new;
    }
    println!("24 kills, {unanswered} of them between storing and answering");
}

/// The lines, if it was cosigned and the answer came.
async fn race(url: String, history: GrowingLog, old: u64, new: u64) -> Option<String> {
    add(&url, history.request(old, new)).await.filter(|(status, _)| *status == 200).map(|(_, lines)| lines)
}

/// Verifies the cosignature, and that this size has no other root.
#[track_caller]
fn note_signed(signed: &mut BTreeMap<u64, Hash>, history: &GrowingLog, size: u64, lines: &str, key: &CosignerKey) {
    let head = history.head(size);
    let lines = signature_lines(lines.as_bytes()).unwrap();
    key.verify(&head.to_string(), &lines[0].bytes).unwrap();
    assert_eq!(*signed.entry(size).or_insert(*head.root()), *head.root(), "two roots of {size} leaves");
}
