//! A witness of its own for each test, in this process.

use std::{net::TcpListener, path::Path};

use reqwest::{Response, StatusCode};
use server::witness::{WitnessConfig, WitnessError, serve};
use tempfile::TempDir;
use tlog::{
    cosignature::CosignerKey,
    note::{KeyName, VerifierKey},
};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::growing_log::GrowingLog;

/// A running witness.
pub struct TestWitness {
    pub url: String,
    pub key: CosignerKey,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), WitnessError>>,
    dir: TempDir,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

impl TestWitness {
    /// Starts one of these logs.
    pub async fn start(name: &str, logs: &[&GrowingLog]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), name, logs).await
    }

    /// Starts one of the logs with these keys.
    pub async fn of(name: &str, logs: Vec<VerifierKey>) -> Self {
        Self::run(tempfile::tempdir().unwrap(), name, logs).await
    }

    /// Starts one in a folder that exists.
    pub async fn start_in(dir: TempDir, name: &str, logs: &[&GrowingLog]) -> Self {
        Self::run(dir, name, logs.iter().map(|log| log.key.verifier()).collect()).await
    }

    async fn run(dir: TempDir, name: &str, logs: Vec<VerifierKey>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = listener.local_addr().unwrap();
        let config = WitnessConfig {
            data: dir.path().to_owned(),
            listen,
            name: Some(KeyName::new(name).unwrap()),
            logs,
            tls: None,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = oneshot::channel();
        let task = tokio::spawn(async move {
            let announce = |key: &CosignerKey| drop(ready.send(key.clone()));
            serve::serve(config, listener, async { drop(stopped.await) }, announce).await
        });
        let key = is_ready.await.unwrap();
        let http = reqwest::Client::new();
        Self { url: format!("http://{listen}"), key, http, stop: Some(stop), task, dir }
    }

    /// Its folder.
    pub fn data(&self) -> &Path {
        self.dir.path()
    }

    /// Stops it in order and gives its folder back.
    pub async fn stop(mut self) -> TempDir {
        drop(self.stop.take());
        self.task.await.unwrap().unwrap();
        self.dir
    }

    /// `POST /add-checkpoint`.
    pub async fn add(&self, body: impl Into<reqwest::Body>) -> Said {
        said(self.http.post(format!("{}/add-checkpoint", self.url)).body(body).send().await.unwrap()).await
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Said {
        said(self.http.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    /// The size that it last cosigned, as it says itself when asked from a size that it can't have.
    pub async fn size(&self, log: &GrowingLog) -> u64 {
        let said = self.add(log.request(99, 100)).await;
        assert_eq!((said.status, said.content_type.as_str()), (409, "text/x.tlog.size"), "{said:?}");
        said.body.strip_suffix('\n').unwrap().parse().unwrap()
    }
}

async fn said(response: Response) -> Said {
    let (status, headers) = (response.status(), response.headers().clone());
    assert!(status == StatusCode::PAYLOAD_TOO_LARGE || headers["x-content-type-options"] == "nosniff");
    let content_type = headers.get("content-type").map_or("", |v| v.to_str().unwrap()).to_owned();
    Said { status: status.as_u16(), content_type, body: response.text().await.unwrap() }
}
