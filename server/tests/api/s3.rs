//! A real S3 server (SeaweedFS) on a loopback port, and how a test's server is told of it.
//!
//! It is started by the first test of a process that asks, and ends with the process. `TEST_S3=1` has every server of the
//! tests keep its blobs there; an address instead names an S3 server that runs already (`make test-s3`).

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::OnceLock,
    thread,
};

use futures::TryStreamExt;
use server::{
    config::Config,
    storage::blobs::{BlobOptions, Blobs, BlobsConfig, Credentials, MARKER},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// As support/s3_server.py has them.
pub const ACCESS: (&str, &str) = ("test-access", "marked-s3-secret");
/// Someone who may use the bucket `limited` alone.
pub const LIMITED: (&str, &str) = ("limited-access", "marked-s3-limited");

/// Runs until its standard input ends, which it does with this process at the latest.
pub struct Running {
    /// Where it is.
    pub endpoint: String,
    _child: Child,
    _stdin: ChildStdin,
}

static RUNNING: OnceLock<Option<Running>> = OnceLock::new();

/// Whether all servers of the tests keep their blobs in a bucket.
pub fn everywhere() -> bool {
    std::env::var_os("TEST_S3").is_some()
}

/// Where the S3 server is. `None` where there is none.
pub fn endpoint() -> Option<String> {
    match std::env::var("TEST_S3") {
        Ok(text) if text.starts_with("http") => Some(text),
        _ => RUNNING.get_or_init(|| start(|_| ())).as_ref().map(|running| running.endpoint.clone()),
    }
}

/// One of a test's own, which has everything in a folder and fills its disk to the end. `None` where there is none.
pub fn in_folder(folder: &Path) -> Option<Running> {
    start(|serve| {
        serve.arg("--least-free=1MiB").env("TMPDIR", folder);
    })
}

/// Python beside SeaweedFS. Where the tests' Python was installed it must be there; only a bare checkout goes without.
fn start(change: impl Fn(&mut Command)) -> Option<Running> {
    let named = std::env::var_os("HEALTHSECURE_PYTHON").map(PathBuf::from);
    let python = named.clone().unwrap_or_else(|| Path::new(ROOT).join(".tools/venv/bin/python"));
    let script = |command: &str| {
        let mut started = Command::new(&python);
        started.arg(Path::new(ROOT).join("end2end/support/s3_server.py")).arg(command).stderr(Stdio::null());
        started
    };
    if !script("check").status().is_ok_and(|status| status.success()) {
        let place = python.display();
        assert!(named.is_none() && !everywhere(), "no SeaweedFS beside {place}: install end2end/requirements.txt");
        eprintln!("\n*** SKIPPED: S3 is not tested without SeaweedFS (make setup) ***\n");
        return None;
    }
    // Ports that were free may have been taken meanwhile, by the test beside this one.
    let begun = (0..3).find_map(|_| {
        let mut serve = script("serve");
        change(&mut serve);
        let mut child = serve.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next();
        Some((child, first?.unwrap()))
    });
    let (mut child, first) = begun.expect("the S3 server ended, three times");
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    let stdin = child.stdin.take().unwrap();
    Some(Running { endpoint: first["endpoint"].as_str().unwrap().to_owned(), _child: child, _stdin: stdin })
}

/// What a server is told of a bucket.
pub fn bucket(endpoint: &str, blobs: &str, (key_id, secret): (&str, &str)) -> BlobsConfig {
    let credentials = Credentials { key_id: key_id.to_owned().into(), secret: secret.to_owned().into(), token: None };
    let options = BlobOptions {
        blobs: Some(blobs.to_owned()),
        endpoint: Some(endpoint.to_owned()),
        environment: Some(credentials),
        ..BlobOptions::default()
    };
    options.config().unwrap()
}

/// A prefix of a folder's own in the bucket of the tests: the same again after a restart.
pub fn prefix(endpoint: &str, data: &Path) -> BlobsConfig {
    let name = hex::encode(&server::random::token_hash(&data.display().to_string())[..8]);
    bucket(endpoint, &format!("s3://tests/{name}"), ACCESS)
}

/// Where a test's server keeps its blobs unless the test says it.
pub fn usual(data: &Path) -> BlobsConfig {
    if !everywhere() {
        return BlobsConfig::Folder;
    }
    prefix(&endpoint().unwrap(), data)
}

/// The keys of all blobs of a server; asked for by another thread, as the test's may be the only one of its runtime.
pub fn keys(config: &Config) -> Vec<String> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let blobs = Blobs::new(&config.data, &config.blobs).unwrap();
            blobs.keys().try_collect::<Vec<_>>().await.unwrap()
        })
    };
    let keys = thread::scope(|scope| scope.spawn(ask).join().unwrap());
    keys.into_iter().filter(|key| key != MARKER).collect()
}
