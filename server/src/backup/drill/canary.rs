//! The canary: a report that holds nothing of anybody, in an account of its own, made by `hs canary make`. Its file has what
//! opens it. The server reads no more of that than which report it is; `hs` opens it.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use api_types::ReportId;
use axum_server::Handle;
use serde::Deserialize;
use tokio::task::JoinSet;

use super::copy::ScratchCopy;
use crate::{
    AppState,
    backup::BackupError,
    config::Config,
    router::router,
    serve,
    storage::{blobs::BlobsConfig, db::Db, versions},
};

/// How long `hs` may take.
const LIMIT: Duration = Duration::from_secs(120);
/// How often it is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(100);
/// Characters of what it said that are kept.
const SAID: usize = 300;

/// A canary, and what opens it.
#[derive(Debug, Clone)]
pub struct Canary {
    /// The file that `hs canary make` wrote.
    pub file: PathBuf,
    /// The program `hs`.
    pub hs: PathBuf,
}

#[derive(Deserialize)]
struct CanaryFile {
    report: ReportId,
}

impl Canary {
    fn report(&self) -> Result<ReportId, BackupError> {
        let unusable = |why: String| BackupError::CanaryFile(self.file.clone(), why);
        let text = fs::read(&self.file).map_err(|error| unusable(error.kind().to_string()))?;
        let file: Result<CanaryFile, _> = serde_json::from_slice(&text);
        // What serde says of it could hold a part of it.
        file.map(|file| file.report).map_err(|_| unusable("it is no file of `hs canary make`".to_owned()))
    }
}

/// Serves the copy, and lets `hs` open the canary in it.
pub async fn open(state: &AppState, canary: &Canary, copy: &ScratchCopy) -> Result<(), BackupError> {
    let report = canary.report()?;
    let db = Db::open_existing(&copy.order.database).await?;
    let keys = versions::blob_keys(db.read(), report).await;
    db.close().await?;
    let keys = keys?;
    if keys.is_empty() || !copy.restore_blobs(&keys).await? {
        return Err(BackupError::Canary("it is not in the snapshot: was it made after that?".to_owned()));
    }
    let served = AppState::open_copy(config(&state.config, copy)).await?;
    let opened = serve_and_open(&served, canary, copy).await;
    served.live.close();
    served.db.close().await?;
    opened
}

/// As the server's own, but for what would reach anybody else.
fn config(real: &Config, copy: &ScratchCopy) -> Config {
    Config {
        data: copy.order.data.clone(),
        database_url: copy.order.database.clone(),
        blobs: BlobsConfig::Folder,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tls: None,
        trusted_proxies: Vec::new(),
        open_sign_up: false,
        witnesses: Vec::new(),
        keep_events: None,
        mail: None,
        identity_providers: Vec::new(),
        sms: None,
        backup: None,
        scrub: None,
        ..real.clone()
    }
}

async fn serve_and_open(served: &AppState, canary: &Canary, copy: &ScratchCopy) -> Result<(), BackupError> {
    let failed = |error| BackupError::File(copy.order.data.clone(), error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let handle = Handle::new();
    // Dropped, it serves no longer.
    let mut server = JoinSet::new();
    server.spawn(serve::listen(listener, None, handle.clone(), router(served.clone())));
    handle.listening().await;
    let opened = run_hs(canary, &format!("http://{address}"), copy).await;
    handle.shutdown();
    while server.join_next().await.is_some() {}
    opened
}

/// A child that doesn't outlive who waits for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn run_hs(canary: &Canary, server: &str, copy: &ScratchCopy) -> Result<(), BackupError> {
    let said = copy.order.data.join("hs.log");
    let log = File::create(&said).map_err(|error| BackupError::File(said.clone(), error))?;
    let mut command = Command::new(&canary.hs);
    command.args(["--no-keyring", "--server", server, "canary", "open", "--file"]).arg(&canary.file);
    // What the server's environment holds (passwords of mail and database, access keys) is none of its business.
    command.env_clear().env("HOME", &copy.order.data).current_dir(&copy.order.data);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(log));
    let started = command.spawn().map_err(|error| BackupError::File(canary.hs.clone(), error))?;
    let mut running = Running(started);
    let begun = Instant::now();
    loop {
        let ended = running.0.try_wait().map_err(|error| BackupError::File(canary.hs.clone(), error))?;
        match ended {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err(BackupError::Canary(last_words(&fs::read(&said).unwrap_or_default()))),
            None if begun.elapsed() > LIMIT => {
                return Err(BackupError::Canary(format!("hs did not end within {} seconds", LIMIT.as_secs())));
            }
            None => tokio::time::sleep(LOOK).await,
        }
    }
}

/// The last line of what it said, shortened; nothing that isn't to be printed.
fn last_words(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("hs said nothing");
    line.chars().filter(|c| !c.is_control()).take(SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_only_the_report_is_read_and_nothing_is_said_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let canary = Canary { file: folder.path().join("canary.json"), hs: "hs".into() };
        assert!(canary.report().unwrap_err().to_string().contains("entity not found"));
        fs::write(&canary.file, r#"{"password":"marked"}"#).unwrap();
        let refused = canary.report().unwrap_err().to_string();
        assert!(refused.contains("hs canary make") && !refused.contains("marked"), "{refused}");
        let id = "0f".repeat(32);
        fs::write(&canary.file, format!(r#"{{"email":"a@b.example","report":"{id}"}}"#)).unwrap();
        assert_eq!(canary.report().unwrap().to_string(), id);
    }

    #[test]
    fn last_words_are_a_line() {
        assert_eq!(last_words(b"one\nhs: \x1b[31mtwo\n\n"), "hs: [31mtwo");
        assert_eq!(last_words(b""), "hs said nothing");
        assert_eq!(last_words("é".repeat(1000).as_bytes()).chars().count(), SAID);
    }
}
